"""One measurement of `make bench-checkpoint`, in a process of its own: reads or saves, prints JSON.

    python -m benchmarks.checkpoint_program CONTENDER read|save SOURCE TARGET

SOURCE is a checkpoint's prefix, TARGET the prefix to save to. Contenders: `ostinato`, and `plain`, a single
file of the same bytes with the same checksums and the same flush to the disk.
"""

from __future__ import annotations

import json
import os
import sys
import time

import numpy as np

from benchmarks.peers import fresh_memory
from ostinato.checkpoint import load_checkpoint, save_checkpoint
from ostinato.checkpoint.crc import crc32c
from ostinato.cli.resident import watched

CHUNK = 1 << 20


def read_plain(path: str) -> np.ndarray:
    """The bytes of a file, read and checksummed a chunk at a time."""
    data = np.empty(os.path.getsize(path), np.uint8)
    done = crc = 0
    with open(path, "rb", buffering=0) as file:
        while done < data.size:
            piece = data[done : done + CHUNK]
            got = file.readinto(piece.data)
            crc = crc32c(piece[:got], crc)
            done += got
    return data


def save_plain(path: str, data: np.ndarray) -> None:
    """Write a file, checksummed a chunk at a time, and flush it to the disk."""
    crc = 0
    with open(path, "wb", buffering=0) as file:
        for start in range(0, data.size, CHUNK):
            piece = data[start : start + CHUNK]
            crc = crc32c(piece, crc)
            file.write(piece.data)
        os.fsync(file.fileno())


def main() -> None:
    contender, action, source, target = sys.argv[1:]
    data_file = f"{source}.data-00000-of-00001"
    tensors: dict[str, np.ndarray] = {}
    plain = np.empty(0, np.uint8)
    if action == "save" and contender == "plain":
        plain = read_plain(data_file)
    elif action == "save":
        tensors = load_checkpoint(source).read()
    fresh_memory.prepare(3 * os.path.getsize(data_file))
    held: list[object] = []
    seconds = 0.0

    def work() -> None:
        nonlocal seconds
        start = time.perf_counter()
        if contender == "plain":
            held.append(read_plain(data_file) if action == "read" else save_plain(f"{target}.plain", plain))
        elif action == "read":
            held.append(load_checkpoint(source).read())
        else:
            save_checkpoint(target, tensors)
        seconds = time.perf_counter() - start

    window = watched(work)
    answer: dict[str, float] = {"seconds": seconds}
    if window is not None:
        before = window.begin.anonymous + window.begin.files
        read = os.path.getsize(data_file) if action == "read" else 0
        answer["bytes"] = window.mark - before - read
    print(json.dumps(answer))


if __name__ == "__main__":
    main()
