"""`ostinato inspect` on checkpoints and safetensors files: what it prints, and how fast."""

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from ostinato.checkpoint import CheckpointState, save_checkpoint, write_checkpoint_state
from ostinato.cli.contents import open_contents
from ostinato.cli.contents_report import report
from ostinato.cli.main import main
from ostinato.cli.variable_table import Variable, readable_bytes, table

FILES = Path(__file__).parents[1] / "data" / "checkpoints"
KERNEL = "rnn/multi_rnn_cell/cell_{}/basic_lstm_cell/kernel"
MODEL = {
    "rnn/multi_rnn_cell/cell_0/basic_lstm_cell/kernel": np.zeros((76, 256), np.float32),
    "rnn/multi_rnn_cell/cell_0/basic_lstm_cell/bias": np.zeros(256, np.float32),
    "rnn/multi_rnn_cell/cell_10/basic_lstm_cell/kernel": np.zeros((128, 256), np.float32),
    "rnn/multi_rnn_cell/cell_10/basic_lstm_cell/bias": np.zeros(256, np.float32),
    "rnn/multi_rnn_cell/cell_2/basic_lstm_cell/kernel": np.zeros((128, 256), np.float32),
    "rnn/multi_rnn_cell/cell_2/basic_lstm_cell/bias": np.zeros(256, np.float32),
    "dense/kernel": np.zeros((76, 256), np.float16),
    "dense/bias": np.zeros(256, np.float16),
    "words": np.array([b"a", b"bc"], object),
    "global_step": np.array(1234, np.int64),
}
SLOTS = {f"{name}/Adam": MODEL[name] for name in MODEL if "rnn" in name} | {"beta1_power": np.float32(0.9)}


@pytest.fixture
def prefix(tmp_path):
    return save_checkpoint(str(tmp_path / "model.ckpt-1234"), {**MODEL, **SLOTS})


def inspect(capsys, *arguments):
    code = main(["inspect", *map(str, arguments)])
    captured = capsys.readouterr()
    return code, captured.out, captured.err


def shown(capsys, *arguments):
    code, out, err = inspect(capsys, *arguments)
    assert (code, err) == (0, "")
    return out


def test_the_model_comes_first_with_totals_and_cells(prefix, capsys):
    lines = shown(capsys, prefix).splitlines()
    assert lines[0] == f"TensorFlow checkpoint {prefix}"
    assert lines[1].startswith("  format V2, 1 data file, ")
    assert lines[2] == "  global step 1234"
    (header,) = (line for line in lines if line.startswith("variable "))
    assert header.split() == ["variable", "shape", "dtype", "parameters", "bytes"]
    rows = [line.split() for line in lines]
    assert [KERNEL.format(0), "[76,", "256]", "float32", "19,456", "76.0", "KiB"] in rows
    assert ["global_step", "[]", "int64", "-", "8", "B"] in rows
    assert next(row for row in rows if row[:1] == ["words"])[:4] == ["words", "[2]", "string", "-"]
    parameters = sum(array.size for name, array in MODEL.items() if name not in ("words", "global_step"))
    assert any(row[:3] == ["10", "variables", f"{parameters:,}"] for row in rows)
    assert "and 7 variables of optimizers and moving averages" in "\n".join(lines)
    assert not any("Adam" in line for line in lines)
    assert lines[-4:] == [
        "recurrent cells",
        "  rnn/multi_rnn_cell/cell_0/basic_lstm_cell: LSTM, 12 inputs, 64 units",
        "  rnn/multi_rnn_cell/cell_2/basic_lstm_cell: LSTM, 64 inputs, 64 units",
        "  rnn/multi_rnn_cell/cell_10/basic_lstm_cell: LSTM, 64 inputs, 64 units",
    ]


def test_columns_are_aligned(prefix, capsys):
    lines = shown(capsys, prefix).splitlines()
    start = next(index for index, line in enumerate(lines) if line.startswith("variable"))
    block = lines[start : start + 14]
    ends = {len(line) for line in block}
    assert len(ends) == 1, block  # numbers are flush right
    column = block[0].index("shape")
    assert all(line[column - 1] == " " and line[column] in "s[-" for line in block[:-1])


def test_all_lists_what_optimizers_keep_after_the_model(prefix, capsys):
    model, _, others = shown(capsys, prefix, "--all").partition("optimizers and moving averages")
    assert "dense/kernel" in model
    assert "Adam" not in model
    assert "cell_0/basic_lstm_cell/kernel/Adam" in others
    assert "beta1_power" in others
    assert "--all" not in others


def test_json_is_one_document_of_everything(prefix, capsys):
    document = json.loads(shown(capsys, prefix, "--json"))
    assert list(document) == [
        "path", "kind", "prefix", "format", "data_files", "bytes_on_disk", "tensorflow_version", "producer",
        "global_step", "variables", "totals", "cells", "wrappers",
    ]  # fmt: skip
    assert (document["kind"], document["format"], document["data_files"]) == ("checkpoint", "V2", 1)
    folder = Path(prefix).parent
    assert document["bytes_on_disk"] == sum(file.stat().st_size for file in folder.iterdir())
    assert document["global_step"] == 1234
    assert document["tensorflow_version"] is None
    variables = {variable["name"]: variable for variable in document["variables"]}
    assert variables.keys() == MODEL.keys() | SLOTS.keys()
    for name, array in MODEL.items():
        assert variables[name]["shape"] == list(array.shape)
        if name not in ("words", "global_step"):
            assert variables[name]["parameters"] == array.size
            assert variables[name]["bytes"] == array.nbytes
    assert variables["words"]["parameters"] is None
    assert {name for name, variable in variables.items() if variable["optimizer"]} == SLOTS.keys()
    assert document["totals"]["variables"] == len(MODEL)
    assert document["totals"]["optimizer_variables"] == len(SLOTS)
    assert document["totals"]["optimizer_bytes"] == sum(array.nbytes for array in SLOTS.values())
    first = document["cells"][0]
    assert first == {
        "scope": "rnn/multi_rnn_cell/cell_0/basic_lstm_cell", "family": "LSTM", "input_size": 12,
        "num_units": 64, "num_proj": None, "use_peepholes": False,
        "variables": {
            "bias": "rnn/multi_rnn_cell/cell_0/basic_lstm_cell/bias",
            "kernel": "rnn/multi_rnn_cell/cell_0/basic_lstm_cell/kernel",
        },
    }  # fmt: skip


def test_weights_that_cudnn_saves_twice_are_counted_once(tmp_path, capsys):
    scope = "cudnn_lstm/rnn/multi_rnn_cell/cell_0/cudnn_compatible_lstm_cell"
    cell = {f"{scope}/kernel": np.zeros((7, 16)), f"{scope}/bias": np.zeros(16)}
    prefix = save_checkpoint(
        str(tmp_path / "model.ckpt"), {**cell, "cudnn_lstm/opaque_kernel": np.zeros(144)}
    )
    document = json.loads(shown(capsys, prefix, "--json"))
    assert document["totals"]["parameters"] == 7 * 16 + 16
    assert "once more, as cuDNN lays them out" in shown(capsys, prefix)


def test_wrappers_are_told_beside_the_cells(tmp_path, capsys):
    scope = "rnn/output_projection_wrapper"
    kernel = {f"{scope}/kernel": np.zeros((64, 9)), f"{scope}/bias": np.zeros(9)}
    cell = {
        f"{scope}/basic_lstm_cell/{name}": MODEL[KERNEL.format(0)[:-6] + name] for name in ("kernel", "bias")
    }
    prefix = save_checkpoint(str(tmp_path / "model.ckpt"), {**kernel, **cell})
    assert shown(capsys, prefix).splitlines()[-5:] == [
        "recurrent cells",
        f"  {scope}/basic_lstm_cell: LSTM, 12 inputs, 64 units",
        "",
        "wrappers",
        f"  {scope}: OutputProjectionWrapper, 64 to 9",
    ]
    (wrapper,) = json.loads(shown(capsys, prefix, "--json"))["wrappers"]
    assert (wrapper["inputs"], wrapper["outputs"]) == (64, 9)
    assert wrapper["variables"] == {"kernel": f"{scope}/kernel", "bias": f"{scope}/bias"}


def test_help_names_the_keys_of_the_document(prefix, capsys):
    document = json.loads(shown(capsys, prefix, "--json"))
    with pytest.raises(SystemExit):
        main(["inspect", "--help"])
    help = capsys.readouterr().out
    for key in (*document, *document["variables"][0], *document["totals"], *document["cells"][0]):
        assert key in help


@pytest.mark.parametrize("ending", ["", ".index", ".data-00000-of-00001"])
def test_a_checkpoint_by_any_of_its_names(prefix, ending, capsys):
    assert f"checkpoint {prefix}\n" in shown(capsys, prefix + ending)


def test_a_folder_is_its_latest_checkpoint(tmp_path, capsys):
    prefixes = [save_checkpoint(str(tmp_path / f"model.ckpt-{step}"), MODEL) for step in (1, 2, 3)]
    # The folder was moved since: the state file has it where the training ran.
    named = tuple(f"/gone/{Path(prefix).name}" for prefix in prefixes)
    write_checkpoint_state(str(tmp_path), CheckpointState(named[1], named, (), None))
    for path in (tmp_path, tmp_path / "checkpoint"):
        out = shown(capsys, path)
        assert out.startswith(f"TensorFlow checkpoint {tmp_path / 'model.ckpt-2'}\n")
        assert "  the latest of 3 checkpoints\n" in out


@pytest.mark.parametrize("maker", ["tf1", "tf2"])
def test_checkpoints_that_tensorflow_wrote(maker, capsys):
    folder = FILES / maker
    assert "  rnn/basic_lstm_cell: LSTM, 3 inputs, 4 units\n" in shown(capsys, folder / "adam")
    out = shown(capsys, folder / "types_v1" / "model.ckpt")
    assert "  format V1, 1 data file, " in out
    sizes = [file.stat().st_size for file in (folder / "sharded_v1").glob("model.ckpt-*")]
    for ending in ("", "-?????-of-00002", "-?????-of-?????", "-00001-of-00002"):
        sharded = json.loads(shown(capsys, folder / "sharded_v1" / f"model.ckpt{ending}", "--json"))
        assert (sharded["data_files"], sharded["bytes_on_disk"]) == (2, sum(sizes))
    parts = json.loads(shown(capsys, folder / "partitioned", "--json"))
    assert {variable["name"]: variable["partitions"] for variable in parts["variables"]}["columns"] == 4
    assert "partitions" in shown(capsys, folder / "partitioned")
    assert f"{folder / 'saved_model' / 'variables' / 'variables'}\n" in shown(capsys, folder / "saved_model")


def test_names_of_objects_are_shortened_and_explained(capsys):
    out = shown(capsys, FILES / "tf2" / "objects")
    assert "kernel...  " in out
    assert "'...' at the end of a name stands for /.ATTRIBUTES/VARIABLE_VALUE" in out
    assert "KerasLSTM, 3 inputs, 2 units" in out
    assert "  global step 1\n" in out


def test_nothing_is_cut_off_on_a_narrow_terminal(prefix):
    contents = open_contents(prefix)
    for width in (20, 60, 80, 120):
        lines = report(contents, width)
        text = "\n".join(lines)
        assert all(name in text for name in MODEL)
        start = next(index for index, line in enumerate(lines) if line.startswith("variable"))
        rows = lines[start : lines.index("", start)]
        longest = max(len(name) for name in MODEL)
        if width >= 60:
            assert max(len(row) for row in rows[:-1]) <= max(width, longest)


def test_without_a_terminal_each_variable_has_one_line(tmp_path, capsys):
    long = "scope/" * 60 + "kernel"
    prefix = save_checkpoint(str(tmp_path / "model.ckpt"), {long: np.zeros((2, 3)), "a": np.zeros(1)})
    lines = shown(capsys, prefix).splitlines()
    (line,) = (line for line in lines if "kernel" in line)
    assert line.split() == [long, "[2,", "3]", "float64", "6", "48", "B"]
    (short,) = (line for line in lines if line.startswith("a "))
    assert len(short) < 200


def test_a_name_cannot_play_tricks_on_the_terminal(tmp_path, capsys):
    name = "a\x1b[2J\nb\u202ec"
    prefix = save_checkpoint(str(tmp_path / "model.ckpt"), {name: np.zeros(1)})
    out = shown(capsys, prefix)
    assert "\x1b" not in out
    assert "\u202e" not in out
    assert r"a\x1b[2J\nb\u202ec" in out
    assert json.loads(shown(capsys, prefix, "--json"))["variables"][0]["name"] == name


def test_an_encoding_without_the_characters_of_a_name(tmp_path):
    prefix = save_checkpoint(str(tmp_path / "model.ckpt"), {"größe": np.zeros(1)})
    result = run("inspect", prefix, PYTHONIOENCODING="ascii")
    assert (result.returncode, result.stderr) == (0, "")
    assert r"gr\xf6\xdfe" in result.stdout


def test_the_graph_beside_it_tells_which_tensorflow(prefix, capsys):
    # A MetaGraphDef: what it is about, with the version as its field 5, then the graph.
    about = b"\x2a\x061.15.0"
    Path(f"{prefix}.meta").write_bytes(b"\x0a" + bytes([len(about)]) + about + b"\x12\x00")
    assert "saved by TensorFlow 1.15.0\n" in shown(capsys, prefix)
    Path(f"{prefix}.meta").write_bytes(os.urandom(100))
    assert "saved by" not in shown(capsys, prefix)


def test_only_slots_only_texts_or_nothing(tmp_path, capsys):
    only = save_checkpoint(str(tmp_path / "slots"), SLOTS)
    assert "beta1_power" in shown(capsys, only)
    none = save_checkpoint(str(tmp_path / "none"), {})
    assert shown(capsys, none).endswith("It has no variables.\n")
    assert json.loads(shown(capsys, none, "--json"))["variables"] == []
    text = save_checkpoint(str(tmp_path / "text"), {"words": np.array([b"x"], object)})
    assert "no recurrent cells recognised" in shown(capsys, text)


def test_a_damaged_step_is_told_and_the_rest_still_listed(prefix, capsys):
    data = Path(f"{prefix}.data-00000-of-00001")
    data.write_bytes(bytes(byte ^ 1 for byte in data.read_bytes()))
    out = shown(capsys, prefix)
    assert "  global step not readable (" in out
    assert "dense/kernel" in out
    assert json.loads(shown(capsys, prefix, "--json"))["global_step"] is None


@pytest.mark.parametrize("damage", ["cut", "flip"])
def test_a_damaged_checkpoint_is_one_line_and_exit_code_1(prefix, damage, capsys):
    index = Path(f"{prefix}.index")
    whole = index.read_bytes()
    index.write_bytes(whole[:-20] if damage == "cut" else whole[:40] + b"\xff" + whole[41:])
    code, out, err = inspect(capsys, prefix)
    assert (code, out) == (1, "")
    assert err.startswith("ostinato inspect: ")
    assert str(index) in err
    assert len(err.splitlines()) == 1


@pytest.mark.parametrize(
    ("arguments", "named"), [([], "PATH"), (["a", "b"], "b"), (["a", "--alll"], "--alll")]
)
def test_wrong_arguments_are_one_line(arguments, named, capsys):
    with pytest.raises(SystemExit) as ended:
        main(["inspect", *arguments])
    assert ended.value.code == 2
    (line,) = capsys.readouterr().err.splitlines()
    assert named in line


def test_readable_bytes():
    counts = [0, 1, 1023, 1024, 1048524, 1048525, 1 << 40, 1 << 62]
    assert [readable_bytes(count) for count in counts] == [
        "0 B", "1 B", "1023 B", "1.0 KiB", "1023.9 KiB", "1.0 MiB", "1.0 TiB", "4.0 EiB",
    ]  # fmt: skip


def test_a_table_of_one_variable():
    lines = table([Variable("w", (), "float32", 1, 4)], None)
    assert [line.split() for line in lines] == [
        ["variable", "shape", "dtype", "parameters", "bytes"],
        ["-" * 10, "-" * 5, "-" * 7, "-" * 10, "-" * 5],
        ["w", "[]", "float32", "1", "4", "B"],
        ["-" * 10, "-" * 5, "-" * 7, "-" * 10, "-" * 5],
        ["1", "variable", "1", "4", "B"],
    ]


# -- as a process
def run(*arguments, **environment):
    command = [sys.executable, "-m", "ostinato", *map(str, arguments)]
    return subprocess.run(
        command, capture_output=True, text=True, check=False, env={**os.environ, **environment}
    )


def test_it_loads_no_torch(prefix):
    program = (
        "import sys\nfrom ostinato.cli.main import main\n"
        f"code = main(['inspect', {prefix!r}])\n"
        "sys.exit(', '.join({'torch', 'tensorflow', 'optree', 'matplotlib'} & sys.modules.keys()) or code)"
    )
    result = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=False)
    assert (result.returncode, result.stderr) == (0, "")


def test_it_answers_at_once_for_5000_variables(tmp_path):
    layer = {"kernel": np.zeros((5, 8), np.float32), "bias": np.zeros(8, np.float32)}
    names = [
        f"tower_{i}/rnn/lstm_cell/{name}{slot}"
        for i in range(1250)
        for name in layer
        for slot in ("", "/Adam")
    ]
    prefix = save_checkpoint(
        str(tmp_path / "model.ckpt"),
        {name: layer[name.removesuffix("/Adam").rpartition("/")[2]] for name in names},
    )

    # Time on the processor: what else the machine does is not in it, but a busy one is slower at that, too.
    # Two reference points make up for that: what any process of this command takes, and what numpy does.
    def seconds(*command):
        before = os.times()
        subprocess.run([sys.executable, *command], capture_output=True, check=True)
        after = os.times()
        return after.children_user + after.children_system - before.children_user - before.children_system

    small = save_checkpoint(str(tmp_path / "small"), {"a": np.zeros(1)})
    least = min(seconds("-m", "ostinato", "inspect", small) for _ in range(3))
    assert min(seconds("-m", "ostinato", "inspect", prefix) for _ in range(3)) < least + 0.35
    assert least < 0.5


def test_a_reader_that_goes_away(prefix):
    if shutil.which("head") is None:
        command = f"{sys.executable} -m ostinato inspect {prefix} | {sys.executable} -c pass"
    else:
        command = f"{sys.executable} -m ostinato inspect {prefix} --all | head -1"
    result = subprocess.run(command, shell=True, capture_output=True, text=True, check=False)
    assert (result.returncode, result.stderr) == (0, "")
