"""Checkpoints that Ostinato saves: what TensorFlow 1.15 and 2.21 read from them, and how they are laid out.

The TensorFlow part is `tools/check_checkpoints.py`. It runs in the Python that OSTINATO_TF1_PYTHON and
OSTINATO_TF2_PYTHON name, or `make peers` made. Where there is none, the files are compared with the format's
rules alone, as the tests decode it themselves (`layout.py`).
"""

import json
import os
import shutil
import struct
import subprocess
from pathlib import Path

import ml_dtypes
import numpy as np
import pytest

from checkpoint.committed import CASES, DATA, ROOT, VALUES, numpy_dtype, prefix_of, python_of, unpack
from checkpoint.layout import blocks, fields, masked_crc, varint
from ostinato.checkpoint import CheckpointState, load_checkpoint, save_checkpoint, write_checkpoint_state

# TensorFlow numbers the types in this order, from 1 on; what has no name here is no type of numbers.
ORDER = ["float32", "float64", "int32", "uint8", "int16", "int8", "string", "complex64", "int64", "bool"]
ORDER += ["qint8", "quint8", "qint32", "bfloat16", "qint16", "quint16", "uint16", "complex128", "float16"]
ORDER += ["", "", "uint32", "uint64", *VALUES.NEWER_TYPES]
NUMBERS = {name: number for number, name in enumerate(ORDER, 1)}


def plain(array, dtype=None):
    """TensorFlow's name of the type, and the array as it should come back."""
    array = np.asarray(array, dtype)
    return array.dtype.name, array


def battery(newer):
    """Checkpoints by name: what to save, and what TensorFlow has to read from it."""
    random = np.random.default_rng(0)
    types = VALUES.every_type(numpy_dtype, VALUES.TYPES + (VALUES.NEWER_TYPES if newer else []))
    cases = {"types": types, "nothing": {}}
    wide = random.standard_normal([700, 501])
    strings = np.array([b"x" * int(length) for length in random.integers(0, 2000, 300)], object)
    cases["large"] = {
        "large/wide": plain(wide, "float32"),  # larger than what is written at a time
        "large/strings": ("string", strings.reshape(3, 100)),
        "large/long string": ("string", np.array([b"long" * 60_000], object)),
        "large/half": plain(wide[:33], "float16"),
        "large/odd": plain(np.arange(101), "int8"),
    }
    names = [f"{number:04}/{'long_name/' * 40}" for number in range(1500)]
    names += [f"common/beginning/variable_{number}" for number in range(1000)]
    names += ["a" * 70_000, "\x01", "\x7f", "\u00e9", "\uffff", "\U0001f600", " ", "/", "a//b", "a", "a\x00b"]
    cases["names"] = {name: plain(number, "int64") for number, name in enumerate(names)}
    return cases


def forms():
    """Arrays as numpy may have them: name to what is saved and what it is."""
    base = np.arange(24, dtype="float32").reshape(2, 3, 4)
    return {
        "transposed": (base.T, plain(base.T.copy())),
        "fortran": (np.asfortranarray(base), plain(base)),
        "every second": (base[:, ::-2, 1::2], plain(base[:, ::-2, 1::2].copy())),
        "other byte order": (base.astype(">f4"), plain(base)),
        "complex, other order": (base.astype(">c16"), plain(base, "complex128")),
        "broadcast": (np.broadcast_to(base[0, 0], [5, 4]), plain(np.tile(base[0, 0], [5, 1]))),
        "integer": (7, plain(7)),
        "real": (0.1, plain(0.1)),
        "truth": (True, plain(True)),
        "list": ([[1, 2], [3, 4]], plain([[1, 2], [3, 4]])),
        "bytes": (b"\x00ab\x00", ("string", np.array(b"\x00ab\x00", object))),
        "text": ("\u65e5\u672c", ("string", np.array("\u65e5\u672c".encode(), object))),
        "texts": (np.array(["a", "\u00e9"]), ("string", np.array([b"a", "\u00e9".encode()], object))),
        "numpy's strings": (np.array([b"a", b"bcd"]), ("string", np.array([b"a", b"bcd"], object))),
        "no strings": (np.empty([2, 0], object), ("string", np.empty([2, 0], object))),
        "bfloat16": (np.ones([2], ml_dtypes.bfloat16), plain(np.ones([2], ml_dtypes.bfloat16))),
    }


def save_all(root, newer):
    """Save the battery and what TensorFlow's own checkpoints hold; returns the prefixes by name."""
    prefixes = {}

    def save(name, tensors, expected, times=1):
        (root / name).mkdir()
        for time in range(times):
            # What was there before is of another size each time.
            earlier = {"other": np.zeros(1000 * (times - time)), "note": b"earlier"}
            prefixes[name] = save_checkpoint(
                root / name / "model.ckpt", tensors if time == times - 1 else earlier
            )
        VALUES.write_values(root / f"{name}.npz", expected)

    cases = battery(newer)
    for name, expected in cases.items():
        save(name, {key: array for key, (_, array) in expected.items()}, expected)
    for times in (2, 3, 4):
        expected = cases["large"]
        save(f"saved_{times}_times", {key: array for key, (_, array) in expected.items()}, expected, times)
    save(
        "forms", {key: value for key, (value, _) in forms().items()}, {k: v for k, (_, v) in forms().items()}
    )
    for case in CASES:
        if case.startswith("tf2" if newer else "tf1"):
            name = "again_" + case.split("/")[1]
            with load_checkpoint(prefix_of(unpack(DATA / case, root / "sources" / name))) as checkpoint:
                types = {key: checkpoint.info(key).dtype_name for key in checkpoint}
                save(name, checkpoint, {key: (types[key], checkpoint[key]) for key in checkpoint})
            # The values that TensorFlow's own script wrote, but for the number of slices.
            shutil.copy(DATA / f"{case}.npz", root / f"{name}.npz")
    return prefixes


def save_states(root):
    """State files, and beside them what TensorFlow has to read from them."""
    odd = "quo\"te 's' back\\slash tab\t new\nline \u00e9t\u00e9 \u65e5\u672c 1"
    states = {
        "one": CheckpointState("model.ckpt-7", ("model.ckpt-7",)),
        "several": CheckpointState("m-3", ("m-1", "m-2", "m-3"), (1.5e9, 1500000600.125, 1.6e9 + 1 / 3), 1.0),
        "odd": CheckpointState(odd, (f"older {odd}", odd), (0.0, 1e300)),
        "elsewhere": CheckpointState("../one/model.ckpt-7", ("../one/model.ckpt-7",)),
    }
    wanted = {}
    for name, state in states.items():
        (root / "states" / name).mkdir(parents=True)
        write_checkpoint_state(root / "states" / name, state)
        paths = [state.model_checkpoint_path, *state.all_model_checkpoint_paths]
        # A number that is not there is 0 for TensorFlow.
        preserved = state.last_preserved_timestamp or 0.0
        wanted[name] = [paths, list(state.all_model_checkpoint_timestamps), preserved]
    (root / "states.json").write_text(json.dumps(wanted))


def check_layout(prefix, entries):
    """A checkpoint's files against the rules of the format."""
    found = blocks(Path(f"{prefix}.index").read_bytes())
    assert all(kind == 0 for _, kind in found)
    pairs = [pair for block, _ in found for pair in block]
    keys = [key for key, _ in pairs]
    assert keys == sorted(set(keys))
    assert keys == [b"", *(entry["name"].encode() for entry in entries)]
    header = fields(pairs[0][1])
    (shards,) = header.pop(1)
    assert header == {3: [b"\x08\x01"]}  # little-endian, which is 0 and left out; written by producer 1
    stem = Path(prefix)
    files = sorted(stem.parent.glob(f"{stem.name}.data-*"))
    assert [file.name for file in files] == [
        f"{stem.name}.data-{shard:05}-of-{shards:05}" for shard in range(shards)
    ]
    assert sorted(stem.parent.iterdir()) == sorted([*files, Path(f"{prefix}.index")])
    data = [file.read_bytes() for file in files]
    taken = []
    for (_, message), entry in zip(pairs[1:], entries, strict=True):
        has = fields(message)
        assert has[1] == [NUMBERS[entry["dtype"]]]
        shape = [fields(axis).get(1, [0])[0] for axis in fields(has[2][0]).get(2, [])]
        assert shape == entry["shape"]
        shard, offset, size = (has.get(number, [0])[0] for number in (3, 4, 5))
        content = data[shard][offset : offset + size]
        assert len(content) == size
        taken.append((shard, offset, size))
        if entry["dtype"] == "string":
            check_strings(content, entry["content"], has[6][0])
        else:
            assert content == entry["content"]
            assert has[6][0] == masked_crc(content)
    ends = {}
    for shard, offset, size in sorted(taken):
        assert offset >= ends.get(shard, 0)
        ends[shard] = offset + size


def check_strings(content, elements, crc):
    position, lengths = 0, b""
    for element in elements:
        length, position = varint(content, position)
        assert length == len(element)
        lengths += struct.pack("<I", length)
    checksum = content[position : position + 4]
    assert struct.unpack("<I", checksum)[0] == masked_crc(lengths)
    assert content[position + 4 :] == b"".join(elements)
    assert crc == masked_crc(lengths + content[position:])


@pytest.fixture(scope="module", params=["tf1", "tf2"])
def saved(request, tmp_path_factory):
    root = tmp_path_factory.mktemp(request.param)
    save_states(root)
    return request.param, root, save_all(root, newer=request.param == "tf2")


def test_tensorflow_reads_every_bit(saved):
    version, root, prefixes = saved
    python = python_of(version)
    if python is None:
        assert len(prefixes) > 10  # their layout is the other test's
        return
    environment = {key: value for key, value in os.environ.items() if key != "PYTHONPATH"}
    done = subprocess.run(
        [python, ROOT / "tools" / "check_checkpoints.py", root],
        capture_output=True,
        text=True,
        env={**environment, "OMP_NUM_THREADS": "1", "PYTHONDONTWRITEBYTECODE": "1"},
        timeout=300,
        check=False,
    )
    assert done.returncode == 0, done.stdout[-4000:] + done.stderr[-4000:]
    tensors = sum(len(VALUES.read_values(root / f"{name}.npz")) for name in prefixes)
    assert done.stdout.splitlines()[-1] == f"{len(prefixes)} checkpoints, {tensors} tensors, 0 problems"


def test_the_files_follow_the_format(saved):
    _, root, prefixes = saved
    for name, prefix in prefixes.items():
        check_layout(prefix, VALUES.read_values(root / f"{name}.npz"))
    assert len(blocks(Path(f"{prefixes['names']}.index").read_bytes())) > 2


def test_what_was_saved_is_read_here_too(saved):
    _, root, prefixes = saved
    for name, prefix in prefixes.items():
        with load_checkpoint(prefix) as checkpoint:
            arrays = checkpoint.read()
            for entry in VALUES.read_values(root / f"{name}.npz"):
                assert checkpoint.info(entry["name"]).dtype_name == entry["dtype"]
                assert VALUES.difference(entry, arrays[entry["name"]]) == ""
                assert VALUES.difference(entry, checkpoint[entry["name"]]) == ""


@pytest.mark.parametrize("case", ["tf1/adam", "tf1/sharded", "tf2/partitioned_sharded"])
def test_tensorflow_and_ostinato_save_over_one_prefix_in_turn(case, tmp_path):
    """Nothing of the one is left over in what the other saved, whatever data files there are."""
    folder = unpack(DATA / case, tmp_path / "theirs")
    prefix = prefix_of(folder)
    ours = {"ours": np.arange(5), "words": b"ours"}
    theirs = {path.name: path.read_bytes() for path in folder.iterdir()}
    entries = VALUES.read_values(DATA / f"{case}.npz")
    for _ in range(3):
        for times in (1, 2):
            for _ in range(times):
                save_checkpoint(prefix, ours)
            assert len(list(folder.iterdir())) == len(list(folder.glob("*.data-*"))) + 1 <= 3
            assert list(load_checkpoint(prefix)) == ["ours", "words"]
        for name, content in theirs.items():  # as TensorFlow does it: it removes nothing
            (folder / name).write_bytes(content)
        with load_checkpoint(prefix) as checkpoint:
            assert [VALUES.difference(entry, checkpoint[entry["name"]]) for entry in entries] == [""] * len(
                entries
            )


def test_the_check_of_the_layout_finds_a_wrong_bit(tmp_path):
    """So that its silence says something: of every file that was saved, some bits are changed."""
    random = np.random.default_rng(1)
    tensors = {
        "kernel": plain(random.standard_normal([5, 5])),
        "words": ("string", np.array([b"a", b""], object)),
    }
    prefix = save_checkpoint(tmp_path / "model.ckpt", {key: array for key, (_, array) in tensors.items()})
    VALUES.write_values(tmp_path / "values.npz", tensors)
    entries = VALUES.read_values(tmp_path / "values.npz")
    (tmp_path / "values.npz").unlink()
    check_layout(prefix, entries)
    for path in sorted(tmp_path.iterdir()):
        content = path.read_bytes()
        for position in range(0, len(content), 7):
            changed = bytearray(content)
            changed[position] ^= 4
            path.write_bytes(changed)
            with pytest.raises((AssertionError, IndexError, struct.error)):
                check_layout(prefix, entries)
        path.write_bytes(content)
