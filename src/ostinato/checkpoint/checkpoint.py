"""Checkpoints opened for reading."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator, Mapping
from types import TracebackType

import numpy as np

from ostinato.checkpoint.bundle import Bundle, index_path
from ostinato.checkpoint.errors import CheckpointError
from ostinato.checkpoint.files import DataFile
from ostinato.checkpoint.info import TensorInfo
from ostinato.checkpoint.paths import Found, find
from ostinato.checkpoint.version1 import Version1

_TRIES = 100  # to open a checkpoint that is saved over and over meanwhile


class Checkpoint(Mapping[str, np.ndarray]):
    """The tensors of a checkpoint by name, read when they are asked for; `load_checkpoint` makes one.

    `checkpoint[name]` is a read-only array over the file's own bytes (a copy where they are not aligned, are
    strings, or are joined from slices). Its checksum is verified the first time. Such an array stays valid
    after `close`, and after the checkpoint is saved anew or deleted; only a file that another program cuts
    short in place would take it away. `read` gives arrays of their own.

    Attributes:
        prefix: the checkpoint's name, as TensorFlow takes it.
        format: "V2", or "V1" for what TensorFlow wrote before 1.0.
        shards: the number of data files.
        producer: the version of the format that its writer gave.
    """

    def __init__(self, found: Found) -> None:
        self._reader: Bundle | Version1 | None = _open(found)
        self.prefix, self.format = self._reader.prefix, self._reader.format
        self.shards, self.producer = self._reader.shards, self._reader.producer
        self._infos = self._reader.infos

    def info(self, name: str) -> TensorInfo:
        """Shape and type of a tensor; nothing of its elements is read.

        Raises:
            KeyError: there is no such tensor.
        """
        if name not in self._infos:
            raise KeyError(f"no tensor '{name}' in the checkpoint {self.prefix}")
        return self._infos[name]

    def __getitem__(self, name: str) -> np.ndarray:
        self.info(name)
        return self._opened().view(name)

    def __contains__(self, name: object) -> bool:
        return name in self._infos

    def __iter__(self) -> Iterator[str]:
        return iter(self._infos)

    def __len__(self) -> int:
        return len(self._infos)

    def read(self, names: Iterable[str] | None = None) -> dict[str, np.ndarray]:
        """Tensors as writable arrays of their own, every checksum verified.

        Args:
            names: which; None for all.

        Returns:
            Them by name, in the order of `names`.

        Raises:
            KeyError: there is no such tensor.
            CheckpointError: what is read is damaged.
        """
        wanted = list(self._infos if names is None else names)
        for name in wanted:
            self.info(name)
        reader = self._opened()
        read = {name: reader.read(name) for name in sorted(set(wanted), key=reader.place)}
        return {name: read[name] for name in wanted}

    def close(self) -> None:
        """Close the files. Arrays that were handed out stay valid."""
        if self._reader is not None:
            self._reader.close()
        self._reader = None

    def __enter__(self) -> Checkpoint:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def __repr__(self) -> str:
        return f"<Checkpoint {self.prefix!r}: {len(self)} tensors, format {self.format}>"

    def _opened(self) -> Bundle | Version1:
        if self._reader is None:
            raise ValueError(f"The checkpoint {self.prefix} was closed.")
        return self._reader


def load_checkpoint(path: str | os.PathLike[str]) -> Checkpoint:
    """Open a TensorFlow checkpoint, of format V2 or V1, without TensorFlow.

    Only its index is read: opening one of many gigabytes takes milliseconds.

    Args:
        path: a prefix such as "model.ckpt-7", its `.index` or a `.data` file, a V1 file, a `checkpoint` state
            file, or a folder with one (its latest checkpoint is opened) or of a SavedModel.

    Returns:
        The tensors by name, in the order of their names.

    Raises:
        CheckpointError: nothing is there, or it is damaged or no checkpoint; it names file, offset and
            reason.

    >>> import numpy as np, tempfile
    >>> from ostinato.checkpoint import load_checkpoint, save_checkpoint
    >>> folder = tempfile.TemporaryDirectory()
    >>> prefix = save_checkpoint(f"{folder.name}/model.ckpt", {"kernel": np.eye(2, dtype=np.float32)})
    >>> checkpoint = load_checkpoint(prefix)
    >>> checkpoint.info("kernel").shape
    (2, 2)
    >>> checkpoint["kernel"].tolist()
    [[1.0, 0.0], [0.0, 1.0]]
    >>> checkpoint.close(); folder.cleanup()
    """
    return Checkpoint(find(os.fsdecode(path)))


def _open(found: Found) -> Bundle | Version1:
    if found.paths:
        return Version1(found.prefix, found.paths)
    # A save over the same prefix may replace index and data files between our opening the one and the others;
    # the second of two saves takes the data files' names again. As long as the index that was there before is
    # there afterwards, they belong together. It stays open meanwhile, so that no other can be taken for it.
    index = index_path(found.prefix)
    for _ in range(_TRIES):
        before = DataFile(index)
        try:
            bundle = Bundle(found.prefix)
            if before.in_place():
                return bundle
            bundle.close()
        except CheckpointError:
            if before.in_place():
                raise
        finally:
            before.close()
    raise CheckpointError(index, None, "it was replaced all the time while it was read")
