"""The checkpoints of a directory: which there are, which is the latest, and how one is deleted."""

from __future__ import annotations

import contextlib
import glob
import os
import re
from collections.abc import Sequence

from ostinato import checkpoint as files

from . import logging
from .ops.checkpoint import remove_files
from .saver_def import SaverDef


class CheckpointState:
    """What the file `checkpoint` of a directory says (TF1 symbol: `tf.train.CheckpointState`).

    Attributes:
        model_checkpoint_path: the prefix of the latest checkpoint.
        all_model_checkpoint_paths: all that are kept, the oldest first.
        all_model_checkpoint_timestamps: when each was saved, in seconds since 1970, where that is known.
        last_preserved_timestamp: when the last one was saved that is kept for good; 0 where none was.
    """

    def __init__(
        self,
        model_checkpoint_path: str = "",
        all_model_checkpoint_paths: Sequence[str] | None = None,
        all_model_checkpoint_timestamps: Sequence[float] | None = None,
        last_preserved_timestamp: float | None = None,
    ) -> None:
        self.model_checkpoint_path = model_checkpoint_path
        self.all_model_checkpoint_paths = list(all_model_checkpoint_paths or ())
        self.all_model_checkpoint_timestamps = list(all_model_checkpoint_timestamps or ())
        self._preserved = last_preserved_timestamp

    @property
    def last_preserved_timestamp(self) -> float:
        return self._preserved or 0.0

    def HasField(self, name: str) -> bool:
        """Whether a single field is set; the name is the one that code for protocol messages calls."""
        return (
            self._preserved is not None if name == "last_preserved_timestamp" else bool(getattr(self, name))
        )

    def _to_file(self) -> files.CheckpointState:
        return files.CheckpointState(
            self.model_checkpoint_path,
            tuple(self.all_model_checkpoint_paths),
            tuple(self.all_model_checkpoint_timestamps),
            self._preserved,
        )

    def __eq__(self, other: object) -> bool:
        return isinstance(other, CheckpointState) and self._to_file() == other._to_file()

    __hash__ = None  # type: ignore[assignment]

    def __repr__(self) -> str:
        lines = [f'model_checkpoint_path: "{self.model_checkpoint_path}"']
        lines += [f'all_model_checkpoint_paths: "{path}"' for path in self.all_model_checkpoint_paths]
        lines += [
            f"all_model_checkpoint_timestamps: {time!r}" for time in self.all_model_checkpoint_timestamps
        ]
        if self._preserved is not None:
            lines.append(f"last_preserved_timestamp: {self._preserved!r}")
        return "\n".join(lines) + "\n"


def generate_checkpoint_state_proto(
    save_dir: str,
    model_checkpoint_path: str,
    all_model_checkpoint_paths: Sequence[str] | None = None,
    all_model_checkpoint_timestamps: Sequence[float] | None = None,
    last_preserved_timestamp: float | None = None,
) -> CheckpointState:
    """The state to write for a directory: paths are made relative to it where it is itself relative.

    Raises:
        ValueError: there are not as many timestamps as paths.
    """
    paths = list(all_model_checkpoint_paths or ())
    if not paths or paths[-1] != model_checkpoint_path:
        logging.info("%s is not in all_model_checkpoint_paths. Manually adding it.", model_checkpoint_path)
        paths.append(model_checkpoint_path)
    if all_model_checkpoint_timestamps and len(all_model_checkpoint_timestamps) != len(paths):
        raise ValueError(
            f"Checkpoint timestamps, if provided, must match checkpoint paths (got paths {paths} and "
            f"timestamps {all_model_checkpoint_timestamps})"
        )
    if not os.path.isabs(save_dir):
        model_checkpoint_path = _relative(model_checkpoint_path, save_dir)
        paths = [_relative(path, save_dir) for path in paths]
    return CheckpointState(
        model_checkpoint_path, paths, all_model_checkpoint_timestamps, last_preserved_timestamp
    )


def _relative(path: str, directory: str) -> str:
    return path if os.path.isabs(path) else os.path.relpath(path, directory)


def update_checkpoint_state(
    save_dir: str,
    model_checkpoint_path: str,
    all_model_checkpoint_paths: Sequence[str] | None = None,
    latest_filename: str | None = None,
    all_model_checkpoint_timestamps: Sequence[float] | None = None,
    last_preserved_timestamp: float | None = None,
    save_relative_paths: bool = False,
) -> None:
    """Write the file `checkpoint` of a directory, at once (TF1 symbol: `tf.train.update_checkpoint_state`).

    Args:
        save_dir: the directory.
        model_checkpoint_path: the prefix of the latest checkpoint.
        all_model_checkpoint_paths: all that are kept, the oldest first.
        latest_filename: the file's name; None is `checkpoint`.
        save_relative_paths: also make absolute paths relative to the directory, so that it can be moved.

    Raises:
        RuntimeError: the checkpoint would have the path of that file.
    """
    latest_filename = "checkpoint" if latest_filename is None else latest_filename
    paths = list(all_model_checkpoint_paths or ())
    latest = model_checkpoint_path
    if save_relative_paths:
        if os.path.isabs(latest):
            latest = os.path.relpath(latest, save_dir)
        paths = [os.path.relpath(path, save_dir) if os.path.isabs(path) else path for path in paths]
    state = generate_checkpoint_state_proto(
        save_dir, latest, paths, all_model_checkpoint_timestamps, last_preserved_timestamp
    )
    if os.path.join(save_dir, latest_filename) == state.model_checkpoint_path:
        raise RuntimeError(
            f"Save path '{model_checkpoint_path}' conflicts with path used for checkpoint state.  Please use "
            "a different save path."
        )
    files.write_checkpoint_state(save_dir, state._to_file(), latest_filename)


def get_checkpoint_state(checkpoint_dir: str, latest_filename: str | None = None) -> CheckpointState | None:
    """What the file `checkpoint` of a directory says (TF1 symbol: `tf.train.get_checkpoint_state`).

    Returns:
        None where there is no such file, or it cannot be read, of which a warning is logged.

    Raises:
        ValueError: the file names no latest checkpoint.
    """
    try:
        found = files.read_checkpoint_state(checkpoint_dir, latest_filename or "checkpoint")
    except files.CheckpointError as problem:
        if "names no latest checkpoint" in problem.reason:
            raise ValueError(f"Invalid checkpoint state loaded from {checkpoint_dir}") from problem
        logging.warning("%s: Checkpoint ignored", problem)
        return None
    if found is None:
        return None
    return CheckpointState(
        found.model_checkpoint_path,
        found.all_model_checkpoint_paths,
        found.all_model_checkpoint_timestamps,
        found.last_preserved_timestamp,
    )


def latest_checkpoint(checkpoint_dir: str, latest_filename: str | None = None) -> str | None:
    """The prefix of a directory's latest checkpoint, or None (TF1 symbol: `tf.train.latest_checkpoint`)."""
    state = get_checkpoint_state(checkpoint_dir, latest_filename)
    if state is None:
        return None
    found = files.latest_checkpoint(checkpoint_dir, latest_filename or "checkpoint")
    if found is None:
        logging.error("Couldn't match files for checkpoint %s", state.model_checkpoint_path)
    return found


def checkpoint_exists(checkpoint_prefix: str) -> bool:
    """Whether there is a checkpoint of a prefix, of format V2 or V1 (TF1 symbol:
    `tf.train.checkpoint_exists`).
    """
    return _first_file(os.fspath(checkpoint_prefix)) is not None


def _first_file(prefix: str) -> str | None:
    """The file that a checkpoint is known by."""
    if os.path.basename(prefix) in ("", ".", ".."):
        return f"{prefix}.index" if os.path.exists(f"{prefix}.index") else None  # never the folder itself
    for path in (f"{prefix}.index", prefix):
        if os.path.exists(path):
            return path
        found = sorted(glob.glob(path))
        if found:
            return found[0]
    return None


def get_checkpoint_mtimes(checkpoint_prefixes: Sequence[str]) -> list[float]:
    """When checkpoints were last written, in seconds since 1970; those that are gone are left out (TF1
    symbol: `tf.train.get_checkpoint_mtimes`).
    """
    found = [_first_file(os.fspath(prefix)) for prefix in checkpoint_prefixes]
    return [os.stat(path).st_mtime for path in found if path is not None]


def remove_checkpoint(
    checkpoint_prefix: str,
    checkpoint_format_version: int = SaverDef.V2,
    meta_graph_suffix: str = "meta",
) -> None:
    """Delete the files of a checkpoint (TF1 symbol: `tf.train.remove_checkpoint`)."""
    _delete([meta_graph_filename(checkpoint_prefix, meta_graph_suffix)])
    if checkpoint_format_version == SaverDef.V2 or os.path.exists(f"{checkpoint_prefix}.index"):
        remove_files(checkpoint_prefix)
    else:
        _delete([checkpoint_prefix] if os.path.exists(checkpoint_prefix) else _shards(checkpoint_prefix))


def _shards(prefix: str) -> list[str]:
    """The files of a V1 checkpoint in several files, which is named by a pattern: `model-?????-of-00002`."""
    pattern = re.search(r"-\?{5}-of-(?:\?{5}|\d{5})$", prefix)
    return [] if pattern is None else glob.glob(glob.escape(prefix[: pattern.start()]) + pattern[0])


def _delete(paths: Sequence[str]) -> None:
    for path in paths:
        with contextlib.suppress(FileNotFoundError):
            os.unlink(path)


def meta_graph_filename(checkpoint_filename: str, meta_graph_suffix: str = "meta") -> str:
    """The name that a checkpoint's graph would have beside it."""
    base = re.sub(r"-[\d\?]+-of-\d+$", "", checkpoint_filename)
    return f"{base}.{meta_graph_suffix}"
