"""Checkpoints that TensorFlow 1.15 and 2.21 wrote (`tools/make_checkpoints.py`), read bit for bit."""

import json
import os
import shutil
from pathlib import Path

import numpy as np
import pytest

from checkpoint.committed import CASES, DATA, VALUES, numpy_dtype, prefix_of, unpack
from checkpoint.layout import blocks
from ostinato.checkpoint import CheckpointError, latest_checkpoint, load_checkpoint, read_checkpoint_state

STATES = [
    f"{file.parent.name}/{name}"
    for file in sorted(DATA.glob("*/states.json"))
    for name in json.loads(file.read_text())
]


@pytest.fixture(scope="module")
def files(tmp_path_factory):
    """The committed files, ready to read."""
    return unpack(DATA, tmp_path_factory.mktemp("files") / "checkpoints")


@pytest.fixture
def own_files(files, tmp_path):
    """A copy to damage."""
    shutil.copytree(files, tmp_path / "own")
    return tmp_path / "own"


def test_there_are_files_of_both_versions_of_tensorflow():
    names = [{case.split("/")[1] for case in CASES if case.startswith(version)} for version in ("tf1", "tf2")]
    assert len(names[0]) == 19
    assert len(names[1]) == 14
    assert names[1] - names[0] == {"sharded_by_size"}


@pytest.mark.parametrize("case", CASES)
def test_every_tensor_is_read_bit_for_bit(files, case):
    entries = VALUES.read_values(files / f"{case}.npz")
    with load_checkpoint(prefix_of(files / case)) as checkpoint:
        assert list(checkpoint) == [entry["name"] for entry in entries]
        assert len(checkpoint) == len(entries)
        assert checkpoint.format == ("V1" if case.endswith("_v1") else "V2")
        assert checkpoint.shards == len(list((files / case).rglob("*-of-*")) or [case])
        everything = checkpoint.read()
        assert list(everything) == list(checkpoint)
        for entry in entries:
            name = entry["name"]
            assert name in checkpoint
            info, view, array = checkpoint.info(name), checkpoint[name], everything[name]
            assert info.name == name
            assert info.shape == tuple(entry["shape"])
            assert info.size == int(np.prod(entry["shape"], dtype=int))
            assert info.dtype_name == entry["dtype"]
            assert info.dtype == numpy_dtype(entry["dtype"]), name
            assert info.partitions == entry["partitions"], name
            if entry["dtype"] != "string":
                assert info.nbytes == entry["bytes"]
            assert view.dtype == array.dtype == info.dtype
            assert VALUES.difference(entry, view) == ""
            assert VALUES.difference(entry, array) == ""
            assert array.flags.writeable
            assert array.flags.aligned
            assert not view.flags.writeable
            assert view.flags.aligned
        some = [entries[-1]["name"], entries[0]["name"]]
        assert list(checkpoint.read(some)) == list(dict.fromkeys(some))


@pytest.mark.parametrize("version", ["tf1", "tf2"])
def test_what_the_types_are_tried_with(files, version):
    """The cases are worth their names: values that a conversion would change are among them."""
    entries = {entry["name"]: entry for entry in VALUES.read_values(files / version / "types.npz")}
    types = set(VALUES.TYPES) | (set(VALUES.NEWER_TYPES) if version == "tf2" else set())
    assert {entry["dtype"] for entry in entries.values()} == types
    checkpoint = load_checkpoint(prefix_of(files / version / "types"))
    for name in ("float16", "float32", "float64", "bfloat16"):
        with np.errstate(invalid="ignore"):  # of a signalling NaN
            vector = np.asarray(checkpoint[f"{name}/vector"], np.float64)
        assert np.isnan(vector).any()
        assert np.isposinf(vector).any()
        assert np.isneginf(vector).any()
        assert np.signbit(vector[vector == 0]).any()
    assert checkpoint["float32/rank_5"].shape == (2, 1, 3, 1, 2)
    assert checkpoint["float32/three_of_none"].shape == checkpoint["string/three_of_none"].shape == (3, 0)
    assert checkpoint["string/scalar"].item() == b"\x00\xff\x00"
    assert [len(text) for text in checkpoint["string/vector"]] == [0, 5, 16, 3, 300, 0]
    assert checkpoint["bool/vector"].tolist() == [False, True, True, False]
    assert checkpoint["qint8/vector"]["qint8"].tolist() == [0, 1, 42, 127, -128, -127, -1]


def test_an_index_that_tensorflow_compressed(files):
    compressed, plain = (prefix_of(files / case) for case in ("tf1/compressed", "tf1/adam"))
    found = blocks(Path(f"{compressed}.index").read_bytes())
    ((entries, kind),) = blocks(Path(f"{plain}.index").read_bytes())
    assert kind == 0
    assert [kind for _, kind in found] == [1, 1]
    assert [entry for some, _ in found for entry in some] == entries
    assert list(load_checkpoint(compressed)) == list(load_checkpoint(plain))
    found = blocks(Path(prefix_of(files / "tf1/compressed_v1")).read_bytes())
    assert len(found) > 5
    assert {kind for _, kind in found} == {1}


@pytest.mark.parametrize("version", ["tf1", "tf2"])
def test_a_tensor_of_tensorflows_own_objects_is_in_the_way_of_no_other(files, version):
    with load_checkpoint(files / version / "variant") as checkpoint:
        assert list(checkpoint) == ["kernel", "list"]
        assert checkpoint.info("list").dtype_name == "variant"
        assert checkpoint["kernel"].tolist() == checkpoint.read(["kernel"])["kernel"].tolist() == [1.5, -2.5]
        for read in (lambda: checkpoint["list"], checkpoint.read, lambda: checkpoint.read(["list"])):
            with pytest.raises(CheckpointError, match="'list' is of type variant"):
                read()


def test_indexes_of_several_blocks(files):
    index = Path(prefix_of(files / "tf1/many") + ".index").read_bytes()
    assert [len(entries) for entries, _ in blocks(index)] == [846, 1155]
    assert len(blocks(Path(prefix_of(files / "tf1/many_v1")).read_bytes())) == 4


WAYS = {
    "prefix": lambda prefix: prefix,
    "path": Path,
    "index": lambda prefix: prefix + ".index",
    "data": lambda prefix: prefix + ".data-00001-of-00002",
    "folder": lambda prefix: os.path.dirname(prefix),
    "folder, with a slash": lambda prefix: os.path.dirname(prefix) + "/",
    "folder as a path": lambda prefix: Path(prefix).parent,
    "relative prefix": os.path.relpath,
    "relative index": lambda prefix: os.path.relpath(prefix + ".index"),
}


@pytest.mark.parametrize("way", WAYS)
def test_every_way_to_name_a_checkpoint(files, way, monkeypatch):
    monkeypatch.chdir(files / "tf1")
    prefix = prefix_of(files / "tf1/sharded")
    with load_checkpoint(WAYS[way](prefix)) as checkpoint:
        assert os.path.realpath(checkpoint.prefix) == os.path.realpath(prefix)
        assert checkpoint["step"] == 12


def test_a_prefix_in_the_current_folder(files, monkeypatch):
    monkeypatch.chdir(files / "tf1/sharded")
    for name in ("model.ckpt", "model.ckpt.index", ".", "./model.ckpt"):
        assert load_checkpoint(name)["step"] == 12


@pytest.mark.parametrize("name", ["model.ckpt", "model.ckpt-?????-of-00002", "model.ckpt-00001-of-00002"])
def test_every_way_to_name_shards_of_the_first_format(files, name):
    with load_checkpoint(files / "tf1/sharded_v1" / name) as checkpoint:
        assert checkpoint["step"] == 12
        assert len(checkpoint) == 5


@pytest.mark.parametrize("form", ["relative", "absolute", "from another machine"])
@pytest.mark.parametrize("case", ["adam", "types_v1", "sharded_v1"])
def test_the_state_file_leads_to_the_latest(own_files, form, case):
    folder = own_files / "tf1" / case
    base = os.path.basename(prefix_of(folder))
    folders = {"relative": "", "absolute": f"{folder}/", "from another machine": "/no/such/folder/"}
    named = folders[form] + base
    (folder / "checkpoint").write_text(
        f'model_checkpoint_path: "{named}"\nall_model_checkpoint_paths: "older"\n'
        f'all_model_checkpoint_paths: "{named}"\n'
    )
    assert latest_checkpoint(folder) == f"{folder}/{base}"
    entries = VALUES.read_values(f"{folder}.npz")
    for path in (folder, folder / "checkpoint"):
        assert list(load_checkpoint(path)) == [entry["name"] for entry in entries]


def test_a_saved_model_is_named_by_its_folder_too(files):
    for version in ("tf1", "tf2"):
        folder = files / version / "saved_model"
        assert list(load_checkpoint(folder)) == list(load_checkpoint(folder / "variables" / "variables"))


@pytest.mark.parametrize("state", STATES)
def test_state_files(files, state):
    version, name = state.split("/")
    latest, every, times, preserved = json.loads((files / version / "states.json").read_text())[name]
    folder = files / version / "states" / name
    every = list(every or [latest])
    if latest not in every[-1:]:
        every.append(latest)  # TensorFlow lists the latest last, even if it is there already
    read = read_checkpoint_state(folder)
    assert read.model_checkpoint_path == os.path.join(folder, latest)
    assert read.all_model_checkpoint_paths == tuple(os.path.join(folder, path) for path in every)
    assert read.all_model_checkpoint_timestamps == tuple(times or ())
    assert read.last_preserved_timestamp == preserved
    assert latest_checkpoint(folder) is None  # none of them is there


@pytest.mark.parametrize("case", ["tf1/sharded", "tf2/partitioned_sharded"])
def test_a_missing_data_file_is_named_at_once(own_files, case):
    prefix = prefix_of(own_files / case)
    missing = f"{prefix}.data-00001-of-00002"
    os.unlink(missing)
    with pytest.raises(CheckpointError, match="data-00001-of-00002") as caught:
        load_checkpoint(prefix)
    assert caught.value.path == missing


def test_a_missing_shard_of_the_first_format_is_an_error(own_files):
    os.unlink(own_files / "tf1/sharded_v1/model.ckpt-00000-of-00002")
    with pytest.raises(CheckpointError, match="its 2 files"):
        load_checkpoint(own_files / "tf1/sharded_v1/model.ckpt-00001-of-00002")


def problem(read, name):
    """The error of reading a tensor, or None."""
    try:
        read(name)
    except CheckpointError as error:
        return error
    return None


@pytest.mark.parametrize("case", ["tf1/types", "tf2/types", "tf1/grid", "tf2/adam", "tf1/objects"])
def test_a_changed_bit_is_found_when_its_tensor_is_read_and_not_before(own_files, case):
    """Every other tensor is still read."""
    prefix = prefix_of(own_files / case)
    random = np.random.default_rng(0)
    for path in sorted(Path(prefix).parent.glob("*.data-*")):
        content = path.read_bytes()
        for position in random.integers(0, len(content), 12):
            changed = bytearray(content)
            changed[position] ^= 1 << random.integers(8)
            path.write_bytes(changed)
            with load_checkpoint(prefix) as checkpoint:
                assert len([checkpoint.info(name) for name in checkpoint]) == len(checkpoint)
                (damaged,) = [name for name in checkpoint if problem(checkpoint.__getitem__, name)]
                for name in checkpoint:
                    assert bool(problem(lambda name: checkpoint.read([name]), name)) == (name == damaged)
                error = problem(checkpoint.__getitem__, damaged)
                assert error.path == str(path)
                assert error.offset <= position
                with pytest.raises(CheckpointError, match=path.name):
                    checkpoint.read()
        path.write_bytes(content)


@pytest.mark.parametrize("case", ["tf1/adam", "tf1/types_v1", "tf2/partitioned"])
def test_arrays_outlive_the_checkpoint(files, case):
    entries = VALUES.read_values(files / f"{case}.npz")
    with load_checkpoint(prefix_of(files / case)) as checkpoint:
        arrays = dict(checkpoint)
    for entry in entries:
        assert VALUES.difference(entry, arrays[entry["name"]]) == ""
    with pytest.raises(ValueError, match="was closed"):
        checkpoint[entries[0]["name"]]


def test_what_is_read_does_not_change_the_file(files):
    prefix = prefix_of(files / "tf1/adam")
    before = Path(prefix + ".data-00000-of-00001").read_bytes()
    checkpoint = load_checkpoint(prefix)
    array = checkpoint.read()["Variable"]
    array[:] = 0
    with pytest.raises(ValueError, match="read-only"):
        checkpoint["Variable"][:] = 0
    assert checkpoint["Variable"].any()
    assert Path(prefix + ".data-00000-of-00001").read_bytes() == before
