"""The command `ostinato` as a process: help, versions, exit codes, and one clear line for what is wrong."""

import os
import signal
import subprocess
import sys
from importlib.metadata import version
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
OSTINATO = [sys.executable, "-m", "ostinato"]


def ostinato(*arguments: str, **options: object) -> subprocess.CompletedProcess[str]:
    return subprocess.run([*OSTINATO, *arguments], capture_output=True, text=True, check=False, **options)


@pytest.mark.parametrize("command", [[], ["run"], ["inspect"], ["convert"], ["compare"], ["demo"]])
def test_help_has_examples(command: list[str]) -> None:
    result = ostinato(*command, "--help")
    assert result.returncode == 0
    assert result.stderr == ""
    assert " ".join(["ostinato", *command]) in result.stdout.partition("example")[2]


@pytest.mark.parametrize("command", [[], ["run"], ["inspect"], ["convert"], ["compare"], ["demo"]])
def test_help_loads_neither_torch_nor_matplotlib(command: list[str]) -> None:
    program = (
        "import sys\nfrom ostinato.cli.main import main\n"
        f"try: main({[*command, '--help']!r})\n"
        "except SystemExit: pass\n"
        "sys.exit(', '.join({'torch', 'numpy', 'matplotlib', 'tabulate', 'tqdm'} & sys.modules.keys()) or 0)"
    )
    result = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=False)
    assert (result.returncode, result.stderr) == (0, "")


def test_help_answers_at_once() -> None:
    # Time on the processor: what else the machine does is not in it.
    def seconds() -> float:
        times = os.times()
        return times.children_user + times.children_system

    start = seconds()
    ostinato("--help")
    assert seconds() - start < 0.5


def test_version_is_that_of_the_installed_package() -> None:
    result = ostinato("--version")
    assert (result.returncode, result.stdout, result.stderr) == (0, f"ostinato {version('ostinato')}\n", "")


@pytest.mark.parametrize(
    ("arguments", "named"),
    [
        ([], "COMMAND"),
        (["no-such-command"], "no-such-command"),
        (["compare", "--no-such-option"], "--no-such-option"),
        (["compare", "--timesteps", "10,zero"], "'zero' is not a positive whole number"),
        (["compare", "--timesteps", "0"], "'0' is not a positive whole number"),
        (["compare", "--timesteps", ""], "'' is not a positive whole number"),
        (["compare", "--units", "-3"], "--units"),
        (["compare", "--batch", "1.5"], "'1.5' is not a positive whole number"),
        (["compare", "--cell", "NoSuchCell"], "NoSuchCell"),
        (["compare", "--output", "pyproject.toml"], "'pyproject.toml' is not a folder"),
        (["compare", "--output", "pyproject.toml/below"], "'pyproject.toml' is not a folder"),
        (["compare", "--json", "src"], "'src' is a folder"),
        (["compare", "--json", "README.md/below"], "'README.md' is not a folder"),
        (["demo", "--seed", "-1"], "--seed"),
        (["demo", "--seed", str(2**63)], "2**63 - 1"),
        (["demo", "--seeds", "0"], "'0' is not a positive whole number"),
        (["demo", "--epochs", "many"], "'many' is not a positive whole number"),
        (["inspect"], "PATH"),
        (["inspect", "no/such/checkpoint"], "no/such"),
        (["convert", "only-one"], "OUT"),
        (["convert", "no/such/checkpoint", "out.pt"], "no/such"),
        (["run"], "script"),
        (["run", "no/such/script.py"], "no/such/script.py"),
    ],
)
def test_a_wrong_argument_gives_one_line_that_names_it(arguments: list[str], named: str) -> None:
    result = ostinato(*arguments, cwd=ROOT)
    assert result.returncode == 2
    assert result.stdout == ""
    assert named in result.stderr
    assert len(result.stderr.splitlines()) == 1, result.stderr


def _without(module: str, folder: Path) -> dict[str, str]:
    """The environment of a process in which `module` looks as if it were not installed."""
    (folder / "sitecustomize.py").write_text(
        "import importlib.util\nfind_spec = importlib.util.find_spec\n"
        "importlib.util.find_spec = (\n"
        f"    lambda name, package=None: None if name == {module!r} else find_spec(name, package)\n)\n"
    )
    path = os.pathsep.join(filter(None, [str(folder), os.environ.get("PYTHONPATH")]))
    return {**os.environ, "PYTHONPATH": path}


@pytest.mark.parametrize(
    ("command", "module"), [("compare", "matplotlib"), ("demo", "matplotlib"), ("demo", "tqdm")]
)
def test_a_missing_extra_names_what_to_install(command: str, module: str, tmp_path: Path) -> None:
    result = ostinato(command, env=_without(module, tmp_path))
    assert result.returncode == 2
    assert len(result.stderr.splitlines()) == 1, result.stderr
    assert module in result.stderr
    assert "pip install 'ostinato[demo]'" in result.stderr


def test_control_c_ends_quietly(tmp_path: Path) -> None:
    # A process that a shell without job control starts in the background ignores SIGINT; undo that.
    program = (
        "import signal, sys\nsignal.signal(signal.SIGINT, signal.default_int_handler)\n"
        "from ostinato.cli.main import main\nsys.exit(main())"
    )
    command = [
        sys.executable,
        "-c",
        program,
        "compare",
        "--timesteps",
        "2,3,4,5,6",
        "--output",
        str(tmp_path),
    ]
    process = subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, start_new_session=True
    )
    assert process.stderr is not None
    assert "measuring" in process.stderr.readline()
    os.killpg(process.pid, signal.SIGINT)
    _, errors = process.communicate(timeout=60)
    assert process.returncode == 130
    assert "Traceback" not in errors
    assert not any(tmp_path.iterdir())


@pytest.mark.parametrize("arguments", [["--help"], ["run", "SCRIPT"]])
def test_a_reader_that_goes_away_is_no_error(arguments: list[str], tmp_path: Path) -> None:
    script = tmp_path / "script.py"
    script.write_text("print('unread')")
    read, write = os.pipe()
    os.close(read)
    command = [*OSTINATO, *(str(script) if argument == "SCRIPT" else argument for argument in arguments)]
    # Unbuffered, a script meets the closed pipe in its own print, and its traceback is its own.
    environment = {name: value for name, value in os.environ.items() if name != "PYTHONUNBUFFERED"}
    result = subprocess.run(
        command, stdout=write, stderr=subprocess.PIPE, text=True, env=environment, check=False
    )
    os.close(write)
    assert (result.returncode, result.stderr) == (141, "")
