"""MergeV2Checkpoints, the operation that a sharded Saver ends with."""

from pathlib import Path

import ostinato.tf1 as tf
from ostinato.checkpoint import load_checkpoint, save_checkpoint
from ostinato.tf1.ops.checkpoint import merge_v2_checkpoints
from ostinato.tf1.ops.core import constant


def merged(prefixes: list[Path], destination: Path) -> None:
    with tf.Graph().as_default(), tf.Session() as session:
        session.run(
            merge_v2_checkpoints([constant(str(path)) for path in prefixes], constant(str(destination)))
        )


def test_parts_are_deleted_and_nothing_else_of_their_folder(tmp_path: Path) -> None:
    parts = tmp_path / "parts"
    parts.mkdir()
    save_checkpoint(parts / "one", {"a": 1})
    save_checkpoint(parts / "two", {"b": 2})
    (parts / "notes.txt").write_text("keep me")
    merged([parts / "one", parts / "two"], parts / "model")
    assert load_checkpoint(parts / "model").read() == {"a": 1, "b": 2}
    assert sorted(path.name for path in parts.iterdir()) == [
        "model.data-00000-of-00001",
        "model.index",
        "notes.txt",
    ]


def test_a_folder_that_is_empty_then_is_deleted(tmp_path: Path) -> None:
    (tmp_path / "parts").mkdir()
    save_checkpoint(tmp_path / "parts" / "one", {"a": 1})
    merged([tmp_path / "parts" / "one"], tmp_path / "model")
    assert load_checkpoint(tmp_path / "model")["a"] == 1
    assert not (tmp_path / "parts").exists()


def test_a_part_may_be_the_destination(tmp_path: Path) -> None:
    save_checkpoint(tmp_path / "model", {"a": 1})
    save_checkpoint(tmp_path / "two", {"b": 2})
    merged([tmp_path / "model", tmp_path / "two"], tmp_path / "model")
    assert load_checkpoint(tmp_path / "model").read() == {"a": 1, "b": 2}
