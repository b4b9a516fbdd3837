"""The latest checkpoint of a folder."""

from __future__ import annotations

import os

from ostinato.checkpoint.paths import moved
from ostinato.checkpoint.state import read_checkpoint_state


def latest_checkpoint(directory: str | os.PathLike[str], latest_filename: str = "checkpoint") -> str | None:
    """The prefix of a folder's latest checkpoint (TF1 symbol: `tf.train.latest_checkpoint`).

    Returns:
        The prefix; None where there is no state file, or what it names is gone.

    Raises:
        CheckpointError: the state file is no state file.
    """
    state = read_checkpoint_state(directory, latest_filename)
    return None if state is None else moved(os.fsdecode(directory), state)
