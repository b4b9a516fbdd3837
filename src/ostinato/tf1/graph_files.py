"""Graphs in files (TF1 symbol: `tf.train.write_graph`)."""

from __future__ import annotations

import os
from typing import Any

from . import errors
from .graph import Graph


def write_whole(path: str, data: bytes) -> None:
    """Write a file at once: who reads it finds the old one or the new one.

    Raises:
        tf.errors.OpError: the disk is full, or the directory cannot be written; the file there was is intact.
    """
    temporary = f"{path}.{os.getpid()}.tmp"
    try:
        with open(temporary, "wb") as file:
            file.write(data)
        os.replace(temporary, path)
    except OSError as problem:
        if os.path.exists(temporary):
            os.unlink(temporary)
        raise errors.error_of(problem)(None, None, f"{path}: {problem.strerror}") from problem


def write_graph(graph_or_graph_def: Any, logdir: Any, name: str, as_text: bool = True) -> str:
    """Write a graph's message to a file, as text or encoded (TF1 symbol: `tf.train.write_graph`).

    Returns:
        The file's path.
    """
    graph_def = graph_or_graph_def
    if isinstance(graph_def, Graph):
        graph_def = graph_def.as_graph_def()
    logdir = os.fspath(logdir)
    if logdir and not logdir.startswith("gs:"):
        os.makedirs(logdir, exist_ok=True)
    path = os.path.join(logdir, name)
    write_whole(path, str(graph_def).encode() if as_text else graph_def.SerializeToString())
    return path
