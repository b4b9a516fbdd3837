"""Files of data sets where Keras keeps them, `~/.keras/datasets` (TF1 symbol: `tf.keras.utils.get_file`).
Nothing is downloaded.
"""

from __future__ import annotations

import hashlib
import os
import tarfile
import zipfile
from typing import Any

_BLOCK = 1 << 16


def get_file(
    fname: str,
    origin: str,
    untar: bool = False,
    md5_hash: str | None = None,
    file_hash: str | None = None,
    cache_subdir: str = "datasets",
    hash_algorithm: str = "auto",
    extract: bool = False,
    archive_format: Any = "auto",
    cache_dir: str | None = None,
) -> str:
    """The path of a file that is there already (TF1 symbol: `tf.keras.utils.get_file`).

    Args:
        origin: where it is to be had; an address `file://` is taken itself.
        untar, extract: unpack it beside itself, if it is packed.
        file_hash, hash_algorithm, md5_hash: its checksum, which is compared.

    Raises:
        FileNotFoundError: it is not there; nothing is downloaded.
        ValueError: its checksum is another.
    """
    root = os.path.expanduser(cache_dir or os.environ.get("KERAS_HOME") or os.path.join("~", ".keras"))
    folder = os.path.join(root, cache_subdir)
    unpacked = os.path.join(folder, fname)
    path = f"{unpacked}.tar.gz" if untar else unpacked
    if not os.path.exists(path) and origin.startswith("file://"):
        path = origin.removeprefix("file://")
    if not os.path.exists(path):
        if untar and os.path.isdir(unpacked):
            return unpacked
        raise FileNotFoundError(
            f"There is no file {path}, and nothing is downloaded here. Fetch {origin} and put it there."
        )
    expected = md5_hash if file_hash is None else file_hash
    if expected is not None and not _has_hash(path, expected, hash_algorithm):
        raise ValueError(
            f"The file {path} is not the one asked for: its checksum is not {expected}. Fetch {origin} anew."
        )
    if untar or extract:
        _unpack(path, folder)
    return unpacked if untar else path


def _has_hash(path: str, expected: str, algorithm: str) -> bool:
    name = "sha256" if algorithm == "sha256" or (algorithm == "auto" and len(expected) == 64) else "md5"
    digest = hashlib.new(name, usedforsecurity=False)
    with open(path, "rb") as file:
        for block in iter(lambda: file.read(_BLOCK), b""):
            digest.update(block)
    return digest.hexdigest() == expected


def _unpack(path: str, folder: str) -> None:
    if zipfile.is_zipfile(path):
        with zipfile.ZipFile(path) as packed:
            packed.extractall(folder)
    elif tarfile.is_tarfile(path):
        with tarfile.open(path) as packed_files:
            packed_files.extractall(folder, filter="data")
