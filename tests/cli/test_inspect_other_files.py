"""`ostinato inspect` on what is no checkpoint: it says what it is, in one line, and opens nothing unsafe."""

import bz2
import gzip
import io
import json
import lzma
import os
import pickle
import random
import shutil
import tarfile
import zipfile
from pathlib import Path

import numpy as np
import pytest
import torch
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from safetensors.numpy import save

from ostinato.checkpoint import save_checkpoint
from ostinato.checkpoint.crc import crc32c, mask
from ostinato.cli.contents import open_contents
from ostinato.cli.errors import CommandError
from ostinato.cli.file_kinds import describe
from ostinato.cli.main import main

FILES = Path(__file__).parents[1] / "data" / "checkpoints"


def told(path, capsys):
    """The one line for a path that names no checkpoint."""
    code = main(["inspect", str(path)])
    captured = capsys.readouterr()
    assert code == 2, captured
    assert captured.out == ""
    (line,) = captured.err.splitlines()
    return line.removeprefix("ostinato inspect: ")


# -- protocol buffers, as TensorFlow and others write them
def field(number, value):
    """A field of a message: bytes, a text or an integer."""
    if isinstance(value, int):
        return varint(number << 3) + varint(value)
    value = value.encode() if isinstance(value, str) else value
    return varint(number << 3 | 2) + varint(len(value)) + value


def varint(value):
    digits = []
    while value >= 128:
        digits.append(value % 128 + 128)
        value //= 128
    return bytes([*digits, value])


def node(name, operation, value=b""):
    attribute = field(5, field(1, "value") + field(2, value))
    return field(1, field(1, name) + field(2, operation) + field(3, "an_input") + attribute)


VERSIONS = field(4, field(1, 134))
GRAPH = node("kernel", "VariableV2") + node("kernel/read", "Identity") + VERSIONS
FROZEN = node("kernel", "Const", bytes(5000)) + node("y", "MatMul") + VERSIONS
ABOUT = field(2, field(1, field(1, "MatMul"))) + field(4, "serve") + field(5, "1.15.0") + field(6, "v1.15.0")
META = field(1, ABOUT) + field(2, GRAPH) + field(3, field(1, "save/Const:0"))
SAVED_MODEL = field(1, 1) + field(2, META)
ONNX = field(1, 8) + field(2, "pytorch") + field(3, "2.1") + field(7, field(1, b"")) + field(8, field(2, 17))


def record(data):
    length = len(data).to_bytes(8, "little")
    checks = [mask(crc32c(part)).to_bytes(4, "little") for part in (length, data)]
    return length + checks[0] + data + checks[1]


EVENT = record(field(3, "brain.Event:2"))


def zipped(**files):
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        for name, content in files.items():
            archive.writestr(name.replace("__", "/"), content)
    return buffer.getvalue()


def arrays(save):
    buffer = io.BytesIO()
    save(buffer, np.zeros(3))
    return buffer.getvalue()


def tarred():
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w") as archive:
        archive.addfile(tarfile.TarInfo("model.ckpt.index"))
    return buffer.getvalue()


def torched(**options):
    buffer = io.BytesIO()
    torch.save({"weight_ih_l0": torch.zeros(4, 3)}, buffer, **options)
    return buffer.getvalue()


KINDS = {
    "model.meta": (META, "the graph of a checkpoint (a MetaGraphDef, of TensorFlow 1.15.0)"),
    "graph.pb": (GRAPH, "a graph (a GraphDef of 2 nodes, 1 of them variables), without values"),
    "frozen.pb": (
        FROZEN,
        "a frozen graph (a GraphDef of 2 nodes, with 4.9 KiB of constants and no variables)",
    ),
    "saved_model.pb": (SAVED_MODEL, "the graph of a SavedModel, of TensorFlow 1.15.0, without its values"),
    "model.onnx": (ONNX, "a model in the ONNX format, by pytorch"),
    "events.out": (EVENT, "a log for TensorBoard (an events file)"),
    "train.tfrecord": (record(b"an example"), "a file of data (TFRecord)"),
    "model.h5": (b"\x89HDF\r\n\x1a\n" + bytes(100) + b"model_weights", "a model that Keras saved as HDF5"),
    "data.h5": (b"\x89HDF\r\n\x1a\n" + bytes(100), "an HDF5 file"),
    "model.keras": (
        zipped(**{"metadata.json": "{}", "config.json": "{}", "model.weights.h5": ""}),
        "a model that Keras 3 saved (.keras)",
    ),
    "model.pt": (torched(), "a file that torch.save wrote"),
    "old.pt": (torched(_use_new_zipfile_serialization=False), "a file that torch.save wrote"),
    "objects.pkl": (pickle.dumps({"a": 1}), "a pickle of Python objects, which was not opened"),
    "a.npy": (arrays(np.save), "an array that numpy saved"),
    "a.npz": (arrays(np.savez), "a set of arrays that numpy saved"),
    "model.tar.gz": (gzip.compress(b"x"), "compressed with gzip"),
    "model.bz2": (bz2.compress(b"x"), "compressed with bzip2"),
    "model.xz": (lzma.compress(b"x"), "compressed with xz"),
    "model.zip": (zipped(readme="x"), "a zip archive"),
    "model.tar": (tarred(), "a tar archive"),
    "model.tflite": (b"\x1c\0\0\0TFL3" + bytes(20), "a model of TensorFlow Lite"),
    "lfs.index": (
        b"version https://git-lfs.github.com/spec/v1\n",
        "a pointer of Git LFS in place of the file",
    ),
    "page.ckpt": (b"\n<!DOCTYPE html>\n<html>", "a web page"),
    "graph.pbtxt": (b'node {\n  name: "x"\n}', "a graph as text"),
    "meta.pbtxt": (b"meta_info_def {\n}", "the graph of a checkpoint as text"),
    "a.json": (b'{"a": 1}', "a JSON document"),
    "train.py": ("# größe\nimport tensorflow as tf\n".encode() * 300, "a text file"),
    "noise": (random.Random(0).randbytes(1000), "no checkpoint, and of no other format that is known here"),
    "empty": (b"", "empty"),
}


@pytest.mark.parametrize("name", KINDS)
def test_a_file_is_told_by_its_content(name, tmp_path, capsys):
    content, expected = KINDS[name]
    for shown in (name, "renamed"):
        path = tmp_path / shown
        path.write_bytes(content)
        assert told(path, capsys).startswith(f"{path} is {expected}")


def test_torchscript_is_told_from_a_state_dict(tmp_path, capsys):
    path = tmp_path / "script.pt"
    path.write_bytes(
        zipped(archive__data="x", **{"archive/code/__torch__.py": "", "archive/constants.pkl": ""})
    )
    assert "is a TorchScript archive" in told(path, capsys)


def test_nothing_of_a_pickle_is_run(tmp_path, capsys):
    class Trap:
        def __reduce__(self):
            return (Path.touch, (tmp_path / "sprung",))

    for protocol in range(pickle.HIGHEST_PROTOCOL + 1):
        path = tmp_path / "trap.pkl"
        path.write_bytes(pickle.dumps(Trap(), protocol))
        told(path, capsys)
    path.write_bytes(torch.serialization.MAGIC_NUMBER.to_bytes(10, "little") + pickle.dumps(Trap()))
    told(path, capsys)
    path.write_bytes(zipped(archive__data="x", **{"archive/data.pkl": pickle.dumps(Trap())}))
    told(path, capsys)
    assert not (tmp_path / "sprung").exists()


# -- what to do about it
def test_a_graph_leads_to_its_checkpoint(tmp_path, capsys):
    meta = tmp_path / "model.ckpt-3.meta"
    meta.write_bytes(META)
    assert "model.ckpt-3.index and model.ckpt-3.data-00000-of-00001, are not beside it" in told(meta, capsys)
    prefix = save_checkpoint(str(tmp_path / "model.ckpt-3"), {"a": np.zeros(1)})
    assert told(meta, capsys).endswith(f": inspect {prefix}")
    model = tmp_path / "saved_model.pb"
    model.write_bytes(SAVED_MODEL)
    assert told(model, capsys).endswith(f"should be in {tmp_path / 'variables'}, but are not there")
    (tmp_path / "variables").mkdir()
    save_checkpoint(str(tmp_path / "variables" / "variables"), {"a": np.zeros(1)})
    assert told(model, capsys).endswith(f": inspect its folder, {tmp_path}")


def test_a_data_file_without_its_index(tmp_path, capsys):
    prefix = save_checkpoint(str(tmp_path / "model.ckpt"), {"a": np.zeros(1)})
    os.unlink(f"{prefix}.index")
    assert "whose index, model.ckpt.index, is missing" in told(f"{prefix}.data-00000-of-00001", capsys)
    assert f"{prefix} lacks model.ckpt.index" in told(prefix, capsys)
    assert "model.ckpt.data-00000-of-00001 lacks its index, model.ckpt.index" in told(tmp_path, capsys)


def test_an_index_without_its_data(tmp_path, capsys):
    prefix = save_checkpoint(str(tmp_path / "model.ckpt"), {"a": np.zeros(1)})
    os.unlink(f"{prefix}.data-00000-of-00001")
    for path in (prefix, f"{prefix}.index", tmp_path):
        assert main(["inspect", str(path)]) == 1
        (line,) = capsys.readouterr().err.splitlines()
        assert f"{prefix}.data-00000-of-00001 is missing" in line


@pytest.mark.parametrize("part", [".index", ".data-00000-of-00001"])
@pytest.mark.parametrize(
    ("content", "said"),
    [(b"version https://git-lfs.github.com/spec/v1\n", "Git LFS"), (b"<html>", "web page")],
)
def test_what_a_download_left_in_place_of_a_part(part, content, said, tmp_path, capsys):
    prefix = save_checkpoint(str(tmp_path / "model.ckpt"), {"a": np.zeros(1000)})
    Path(prefix + part).write_bytes(content)
    assert main(["inspect", prefix]) == 1
    (line,) = capsys.readouterr().err.splitlines()
    assert line.startswith(f"ostinato inspect: {prefix}{part} is a")
    assert said in line


def test_nothing_there_names_what_is_near(tmp_path, capsys):
    save_checkpoint(str(tmp_path / "model.ckpt-1000"), {"a": np.zeros(1)})
    assert told(tmp_path / "model.ckpt-1001", capsys).endswith(
        f"did you mean {tmp_path / 'model.ckpt-1000'}?"
    )
    line = told(tmp_path / "trian" / "model.ckpt", capsys)
    assert line.endswith(f"there is no folder trian in {tmp_path}")
    (tmp_path / "train").mkdir()
    assert told(tmp_path / "trian" / "model.ckpt", capsys).endswith(f"did you mean {tmp_path / 'train'}?")
    assert told(tmp_path / "zzz", capsys) == f"there is nothing at {tmp_path / 'zzz'}"
    (tmp_path / "link").symlink_to("gone")
    assert told(tmp_path / "link", capsys) == f"{tmp_path / 'link'} is a link to gone, which is not there"


def test_folders_without_a_checkpoint(tmp_path, capsys):
    assert told(tmp_path, capsys) == f"{tmp_path} is an empty folder"
    (tmp_path / "train.py").write_text("")
    assert told(tmp_path, capsys) == f"{tmp_path} has no checkpoint; in it: train.py"
    (tmp_path / "run").mkdir()
    save_checkpoint(str(tmp_path / "run" / "model.ckpt"), {"a": np.zeros(1)})
    assert told(tmp_path, capsys) == f"{tmp_path} has no checkpoint, but its folder run does"
    for name in ("a", "b"):
        save_checkpoint(str(tmp_path / name), {"a": np.zeros(1)})
    assert "name one of a, b" in told(tmp_path, capsys)


def test_a_folder_with_an_old_checkpoint(tmp_path, capsys):
    shutil.copy(FILES / "tf1" / "types_v1" / "model.ckpt", tmp_path)
    assert told(tmp_path, capsys).endswith("name one: model.ckpt")


def test_a_state_file_whose_checkpoint_is_gone(tmp_path, capsys):
    save_checkpoint(str(tmp_path / "model.ckpt-1"), {"a": np.zeros(1)})
    (tmp_path / "checkpoint").write_text('model_checkpoint_path: "model.ckpt-9"\n')
    assert main(["inspect", str(tmp_path)]) == 1
    (line,) = capsys.readouterr().err.splitlines()
    assert "model.ckpt-9" in line
    assert line.endswith("; there is model.ckpt-1")


def test_a_pipe_is_not_waited_for(tmp_path, capsys):
    os.mkfifo(tmp_path / "pipe")
    assert told(tmp_path / "pipe", capsys).endswith("is a device or a pipe, where a file is expected")


def test_a_path_that_no_file_can_have(capsys):
    assert told("a\0b", capsys) == r"there is nothing at a\x00b"


# -- safetensors
TENSORS = {
    "rnn/lstm_cell/kernel": np.zeros((7, 16), np.float32),
    "rnn/lstm_cell/bias": np.zeros(16, np.float32),
}


def test_safetensors_are_listed(tmp_path, capsys):
    path = tmp_path / "model.safetensors"
    path.write_bytes(
        save({**TENSORS, "rnn/lstm_cell/bias/Adam": TENSORS["rnn/lstm_cell/bias"]}, {"made": "here"})
    )
    assert main(["inspect", str(path)]) == 0
    out = capsys.readouterr().out
    assert out.startswith(f"safetensors file {path}, ")
    assert "rnn/lstm_cell/kernel  [7, 16]  F32           112  448 B" in out
    assert "rnn/lstm_cell: LSTM, 3 inputs, 4 units" in out
    assert "and 1 variable of optimizers" in out
    assert main(["inspect", str(path), "--json"]) == 0
    document = json.loads(capsys.readouterr().out)
    assert (document["kind"], document["format"], document["totals"]["parameters"]) == (
        "safetensors",
        None,
        128,
    )


def tensor_file(header, data=b""):
    text = header if isinstance(header, bytes) else json.dumps(header).encode()
    return len(text).to_bytes(8, "little") + text + data


def entry(dtype="F32", shape=(2,), offsets=(0, 8)):
    return {"a": {"dtype": dtype, "shape": shape, "data_offsets": offsets}}


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (tensor_file(b"{"), "no JSON document"),
        (tensor_file(b"{" + b"[" * 100_000), "JSON document"),
        (tensor_file(b'{"a": {}, "a": {}}'), "twice"),
        (tensor_file({"a": 1}), "lacks dtype"),
        (tensor_file({"a": {"dtype": "F32", "shape": [2]}}), "lacks dtype"),
        (tensor_file(entry(), b"short"), "lies at bytes 0 to 8"),
        (tensor_file(entry(shape=(3,)), bytes(8)), "does not fill 8 bytes"),
        (tensor_file(entry(shape=(-2, -1)), bytes(8)), "no possible shape"),
        (tensor_file(entry(shape=(2.0,)), bytes(8)), "no possible shape"),
        (tensor_file(entry(shape=(True, 2)), bytes(8)), "no possible shape"),
        (tensor_file(entry(shape=(2**62, 2**62)), bytes(8)), "does not fill"),
        (tensor_file(entry(shape=(1,) * 100), bytes(8)), "no possible shape"),
        (tensor_file(entry(offsets=(8, 0)), bytes(8)), "lies at bytes"),
        (tensor_file(entry(dtype="F99"), bytes(8)), "unknown element type"),
        (tensor_file(entry(dtype=["F32"]), bytes(8)), "unknown element type"),
        (tensor_file(b'{"a": "\xff"}'), "JSON document"),
    ],
)
def test_a_hostile_header_of_safetensors_is_one_line(content, said, tmp_path, capsys):
    path = tmp_path / "model.safetensors"
    path.write_bytes(content)
    assert main(["inspect", str(path)]) == 1
    (line,) = capsys.readouterr().err.splitlines()
    assert "a damaged safetensors file" in line
    assert said in line


# -- whatever bytes there are, there is one sentence and no traceback
WHOLE = [content for content, _ in KINDS.values() if content] + [
    save(TENSORS),
    (FILES / "tf1" / "types_v1" / "model.ckpt").read_bytes(),
    (FILES / "tf1" / "adam" / "model.ckpt-3.index").read_bytes(),
]


@given(st.sampled_from(WHOLE), st.data())
@settings(max_examples=300, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_any_change_to_any_file_ends_in_one_sentence(tmp_path, content, data):
    changed = bytearray(content)
    for _ in range(data.draw(st.integers(1, 4))):
        position = data.draw(st.integers(0, len(changed) - 1))
        changed[position : position + data.draw(st.integers(0, 9))] = data.draw(st.binary(max_size=9))
        changed = changed or bytearray(1)
    path = tmp_path / data.draw(
        st.sampled_from(["file", "file.index", "checkpoint", "a.data-00000-of-00001"])
    )
    path.write_bytes(changed)
    assert refusal(path).isprintable()
    path.unlink()


def refusal(path):
    """What is said of the file; nothing where its contents can be listed after all."""
    try:
        open_contents(str(path))
    except CommandError as error:
        return str(error)
    return ""


@given(st.binary(max_size=200))
@settings(max_examples=200, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_any_bytes_can_be_described(tmp_path, content):
    path = tmp_path / "file"
    path.write_bytes(content)
    said = describe(str(path))
    assert said is None or said.startswith("is ")
