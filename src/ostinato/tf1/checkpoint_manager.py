"""Which checkpoints of a directory are kept (TF1 symbol: `tf.train.CheckpointManager`)."""

from __future__ import annotations

import numbers
import os
import time
from typing import Any

from . import logging
from .checkpoint_management import get_checkpoint_state, remove_checkpoint, update_checkpoint_state
from .global_step import global_step as step_of
from .object_restoring import session_of
from .ops.state import assign_add


class CheckpointManager:
    """Saves a `tf.train.Checkpoint` in a directory, and deletes the oldest of those it saved.

    TF1 symbol: `tf.train.CheckpointManager`.

    Args:
        checkpoint: what to save.
        directory: where; it is made if it is missing.
        max_to_keep: how many are kept; None: all.
        keep_checkpoint_every_n_hours: one in so many hours is kept for good.
        checkpoint_name: what the files' names begin with.

    Raises:
        ValueError: `max_to_keep` is not positive.
    """

    def __init__(
        self,
        checkpoint: Any,
        directory: str,
        max_to_keep: int | None,
        keep_checkpoint_every_n_hours: float | None = None,
        checkpoint_name: str = "ckpt",
    ) -> None:
        if max_to_keep is not None and max_to_keep <= 0:
            raise ValueError(
                f"Expected a positive integer or `None` for `max_to_max_to_keep`, got {max_to_keep}."
            )
        self._checkpoint, self._directory = checkpoint, os.fsdecode(directory)
        self._max_to_keep, self._every = max_to_keep, keep_checkpoint_every_n_hours
        self._prefix = os.path.join(self._directory, checkpoint_name)
        self._counted: Any = None
        self._latest: str | None = None
        self._kept: dict[str, float] = {}
        now = time.time()
        self._preserved = now - 1.0
        state = get_checkpoint_state(self._directory)
        if state is not None:
            self._latest, self._preserved = state.model_checkpoint_path, state.last_preserved_timestamp
            if now < self._preserved:
                logging.warning(
                    "time.time() returned a value %f seconds behind the last preserved checkpoint timestamp.",
                    self._preserved - now,
                )
                self._preserved = now
            paths = state.all_model_checkpoint_paths
            times = state.all_model_checkpoint_timestamps or [self._preserved] * len(paths)
            for path, saved in zip(paths, times, strict=False):
                if min(saved, now) > self._preserved:
                    self._kept[path] = min(saved, now)

    @property
    def latest_checkpoint(self) -> str | None:
        """The prefix of the latest checkpoint, or None."""
        return self._latest

    @property
    def checkpoints(self) -> list[str]:
        """The prefixes of those that are kept for now, the oldest first."""
        return list(self._kept)

    def save(self, checkpoint_number: Any = None) -> str:
        """Save, and delete what is not to be kept.

        Args:
            checkpoint_number: a number, variable or tensor; None: that of the checkpoint's `save_counter`.

        Returns:
            The prefix.
        """
        session = session_of(None)
        with session.graph.as_default():
            if self._checkpoint._save_counter is None:
                session.run(self._checkpoint.save_counter.initializer)
            if self._counted is None:
                self._counted = assign_add(self._checkpoint.save_counter, 1)
        session.run(self._counted)
        number = self._checkpoint.save_counter if checkpoint_number is None else checkpoint_number
        if not isinstance(number, numbers.Integral):
            number = step_of(session, number)
        path = self._checkpoint.write(f"{self._prefix}-{int(number)}")
        self._kept.pop(path, None)
        self._kept[path] = time.time()
        self._latest = path
        self._record()
        self._sweep()
        self._record()
        return path

    def _sweep(self) -> None:
        while self._max_to_keep and len(self._kept) > self._max_to_keep:
            path, saved = next(iter(self._kept.items()))
            del self._kept[path]
            if self._every and saved - self._every * 3600 >= self._preserved:
                self._preserved = saved
            else:
                remove_checkpoint(path)

    def _record(self) -> None:
        update_checkpoint_state(
            self._directory,
            self._latest or "",
            list(self._kept),
            all_model_checkpoint_timestamps=list(self._kept.values()),
            last_preserved_timestamp=self._preserved,
            save_relative_paths=True,
        )
