"""Compiling the kernels, and what of them a wheel holds. The compilers here are scripts that act as one."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
import sysconfig
import tarfile
import venv
import zipfile
from pathlib import Path

import pytest

from ostinato.kernels.native import build

REPOSITORY = Path(__file__).parents[2]

# Writes the identity it is given into the library it is told to make, and a line into a log.
COMPILER = """#!/bin/sh
library= identity=
case "$*" in *FAILING*) echo "x.h:1:1: error: no such thing" >&2; exit 1;; esac
while [ $# -gt 0 ]; do
    case "$1" in
        -dumpmachine) echo "MACHINE-linux-gnu"; exit 0;;
        --version) echo "acting 1.0"; exit 0;;
        -DOSTINATO_IDENTITY=*) identity="$1";;
        -o) library="$2"; shift;;
    esac
    shift
done
if [ -n "$library" ]; then echo "$identity" > "$library"; echo "$library" >> "$0.log"; fi
"""


@pytest.fixture
def acting(tmp_path, monkeypatch):
    """Make an acting compiler the one that CXX names."""

    def make(machine="x86_64", failing="nothing"):
        path = tmp_path / f"compiler-{machine}-{failing}"
        path.write_text(COMPILER.replace("MACHINE", machine).replace("FAILING", failing))
        path.chmod(0o755)
        monkeypatch.setenv("CXX", str(path))
        return path

    return make


@pytest.fixture
def sources(tmp_path, monkeypatch):
    """A copy of the sources, to change."""
    folder = tmp_path / "sources"
    folder.mkdir()
    for path in build.source_files():
        shutil.copy(path, folder)
    monkeypatch.setattr(build, "SOURCES", folder)
    return folder


def compile_into(folder):
    """The builds that are there afterwards, and what was said."""
    said = []
    built = build.compile_kernels(folder, log=said.append)
    assert sorted(built) == sorted(folder.glob("*.so"))
    return [re.search(r"_kernels_(.*)\.so", path.name)[1] for path in built], said


def test_there_is_a_build_for_every_instruction_set(acting, tmp_path):
    acting()
    built, said = compile_into(tmp_path / "out")
    assert built == list(build.BUILDS)
    assert sorted(said) == sorted(f"ostinato: built _kernels_{name}.so" for name in built)
    assert [path.name for path in (tmp_path / "out").iterdir() if path.suffix != ".so"] == []


def test_other_processors_have_the_portable_build_alone(acting, tmp_path):
    acting("aarch64")
    assert compile_into(tmp_path / "out") == (["portable"], ["ostinato: built _kernels_portable.so"])


def test_a_flag_that_the_compiler_does_not_know_leaves_a_build_out(acting, tmp_path):
    acting()
    compile_into(tmp_path / "out")
    compiler = acting(failing="-mamx-tile")
    built, said = compile_into(tmp_path / "out")
    assert built == ["portable", "avx2", "avx512", "avx512_bf16"]
    assert f"ostinato: {compiler} does not know -mamx-tile; the amx kernels are left out." in said


def test_a_build_that_fails_is_left_out(acting, tmp_path):
    acting(failing="_kernels_avx512.so")
    built, said = compile_into(tmp_path / "out")
    assert built == ["portable", "avx2", "avx512_bf16", "amx"]
    assert any("the avx512 kernels do not compile" in line and "no such thing" in line for line in said)


def test_where_the_portable_build_fails_the_old_one_stays(acting, tmp_path):
    acting()
    compile_into(tmp_path / "out")
    portable = tmp_path / "out" / build.library_name("portable")
    before = portable.read_bytes()
    acting(failing="_kernels_portable.so")
    with pytest.raises(build.CompileError, match=r"the portable kernels do not compile: .* x.h:1:1: error"):
        build.compile_kernels(tmp_path / "out")
    assert portable.read_bytes() == before


def test_what_is_up_to_date_is_not_compiled_again(acting, sources, tmp_path):
    compiler, out = acting(), tmp_path / "out"

    def compiled():
        log = Path(f"{compiler}.log")
        log.unlink(missing_ok=True)
        compile_into(out)
        return len(log.read_text().splitlines()) if log.exists() else 0

    everything = len(build.BUILDS)
    assert [compiled(), compiled()] == [everything, 0]
    header = sources / "call.h"
    header.write_text(header.read_text() + "// more\n")
    assert [compiled(), compiled()] == [everything, 0]
    (out / "_kernels_avx2.so").unlink()
    (out / "_kernels_amx.so").write_text("damaged")
    assert [compiled(), compiled()] == [2, 0]


@pytest.mark.parametrize(
    ("command", "reason"), [("/bin/false", "failed with exit code 1"), ("no-such", "does not start")]
)
def test_without_a_compiler_a_sentence_says_why(monkeypatch, tmp_path, command, reason):
    monkeypatch.setenv("CXX", command)
    with pytest.raises(build.BuildError, match=rf"{command} {reason}"):
        build.compile_kernels(tmp_path)
    monkeypatch.delenv("CXX")
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(build.BuildError, match=r"no C\+\+ compiler, neither c\+\+ nor g\+\+ nor clang\+\+"):
        build.compile_kernels(tmp_path)


def test_as_a_script_it_fails_where_the_sources_do_not_compile(acting, sources):
    script = [sys.executable, shutil.copy(build.__file__, sources)]
    acting()
    done = subprocess.run([*script, "portable"], capture_output=True, text=True, check=True)
    assert (done.stdout, done.stderr) == ("ostinato: built _kernels_portable.so\n", "")
    assert [path.name for path in sources.glob("*.so")] == ["_kernels_portable.so"]
    acting(failing="_kernels_portable.so")
    done = subprocess.run(script, capture_output=True, text=True)
    assert done.returncode == 1
    assert done.stderr.startswith(
        "x.h:1:1: error: no such thing\nostinato: the portable kernels do not compile"
    )
    done = subprocess.run([*script, "avx3"], capture_output=True, text=True)
    assert (done.returncode, done.stderr.split(";")[0]) == (1, "There is no build avx3")


# Packages.


@pytest.fixture
def package(tmp_path):
    """A copy of what a package is made of, as a checkout has it."""
    folder = tmp_path / "package"
    folder.mkdir()
    for name in ("setup.py", "pyproject.toml", "MANIFEST.in", "README.md", "LICENSE"):
        shutil.copy(REPOSITORY / name, folder)
    ignored = shutil.ignore_patterns("*.egg-info", "__pycache__", "tf1")
    shutil.copytree(REPOSITORY / "src", folder / "src", ignore=ignored)
    for library in folder.rglob("*.so"):
        library.write_text("from other sources")  # beside the sources of an editable install
    return folder


def hook(name, package, output):
    """What pip calls to make a distribution: its name."""
    script = f"from setuptools import build_meta; print(build_meta.{name}({str(output)!r}))"
    done = subprocess.run([sys.executable, "-c", script], cwd=package, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr
    return output / done.stdout.splitlines()[-1]


def test_a_source_distribution_makes_one_wheel_for_every_python(acting, package, tmp_path):
    acting(os.uname().machine)
    output = tmp_path / "dist"
    with tarfile.open(hook("build_sdist", package, output)) as archive:
        archive.extractall(tmp_path, filter="data")
        (unpacked,) = {name.partition("/")[0] for name in archive.getnames()}
    assert not list((tmp_path / unpacked).rglob("*.so"))
    wheel = hook("build_wheel", tmp_path / unpacked, output)
    platform = re.sub(r"\W", "_", sysconfig.get_platform())
    assert re.fullmatch(rf"ostinato-[\w.]+-py3-none-{platform}\.whl", wheel.name)
    with zipfile.ZipFile(wheel) as archive:
        names = [Path(name).name for name in archive.namelist() if "/native/" in name]
        for name in archive.namelist():
            if name.endswith(".so"):
                assert b"OSTINATO_IDENTITY" in archive.read(name)
    built = build.BUILDS if os.uname().machine == "x86_64" else ["portable"]
    assert {name for name in names if not name.endswith(".py")} == {f"_kernels_{name}.so" for name in built}


def test_an_editable_install_builds_beside_the_sources(acting, package, tmp_path):
    acting(os.uname().machine)
    hook("build_editable", package, tmp_path)
    for library in package.rglob("*.so"):
        assert library.parent == package / "src/ostinato/kernels/native"
        assert "OSTINATO_IDENTITY" in library.read_text()
    assert list(package.rglob("*.so"))


def test_without_a_compiler_it_installs_and_runs(package, tmp_path):
    home = tmp_path / "environment"
    venv.create(home, symlinks=True)
    python = home / "bin" / "python"
    (site,) = home.glob("lib/python*/site-packages")
    # What is installed here, torch among it, comes after what is installed there.
    (site / "beneath.pth").write_text(sysconfig.get_path("purelib") + "\n")
    install = [python, "-m", "pip", "install", "--verbose", "--no-deps", "--no-build-isolation"]
    done = subprocess.run(
        [*install, "--ignore-installed", "--disable-pip-version-check", package],
        env=os.environ | {"CXX": "/bin/false"},
        capture_output=True,
        text=True,
    )
    said = done.stdout + done.stderr
    assert done.returncode == 0, said
    assert "ostinato: the native kernels were not built: /bin/false failed with exit code 1" in said
    assert "py3-none-any.whl" in said
    script = """if True:
        import torch
        from ostinato import LSTM, kernels
        print(kernels.__file__, kernels.available().in_use)
        for _ in range(2):
            LSTM(3, 4)(torch.randn(5, 2, 3))
    """
    environment = {
        key: value for key, value in os.environ.items() if not key.startswith(("OSTINATO", "PYTHONPATH"))
    }
    done = subprocess.run(
        [python, "-c", script], cwd=tmp_path, env=environment, capture_output=True, text=True
    )
    place, in_use = done.stdout.split()
    assert Path(place).is_relative_to(home)
    assert in_use == "reference"
    assert done.stderr.count("RuntimeWarning: ostinato runs its reference in plain torch") == 1
    assert "_kernels_portable.so was not built. Install a C++ compiler" in done.stderr
