"""The hook that saves checkpoints, and what may listen to it (TF1 symbols: `tf.train.CheckpointSaverHook`,
`tf.train.CheckpointSaverListener`).
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from typing import Any

from . import logging
from .graph import GraphKeys, get_collection, get_default_graph
from .graph_files import write_graph
from .hooks import SecondOrStepTimer, step_for
from .session_run_hook import SessionRunArgs, SessionRunContext, SessionRunHook, SessionRunValues
from .summary_messages import SessionLog
from .summary_writer import FileWriterCache


class CheckpointSaverListener:
    """What is told when a checkpoint is saved; derive from it (TF1 symbol:
    `tf.train.CheckpointSaverListener`).
    """

    def begin(self) -> None:
        """Before the session is made."""

    def before_save(self, session: Any, global_step_value: Any) -> None:
        """Before a checkpoint is saved."""

    def after_save(self, session: Any, global_step_value: Any) -> Any:
        """After a checkpoint is saved; True asks to stop."""

    def end(self, session: Any, global_step_value: Any) -> None:
        """At the end."""


class CheckpointSaverHook(SessionRunHook):
    """Saves checkpoints at the beginning, every so often, and at the end (TF1 symbol:
    `tf.train.CheckpointSaverHook`).

    Args:
        checkpoint_dir: where they go.
        save_secs, save_steps: how often; exactly one of them.
        saver, scaffold: what saves; None is the graph's saver.
        checkpoint_basename: the beginning of the files' names.
        listeners: `CheckpointSaverListener`s.

    Raises:
        ValueError: both a saver and a scaffold, or not exactly one of `save_secs` and `save_steps`.
    """

    def __init__(
        self,
        checkpoint_dir: str,
        save_secs: float | None = None,
        save_steps: int | None = None,
        saver: Any = None,
        checkpoint_basename: str = "model.ckpt",
        scaffold: Any = None,
        listeners: Sequence[Any] | None = None,
    ) -> None:
        logging.info("Create CheckpointSaverHook.")
        if saver is not None and scaffold is not None:
            raise ValueError("You cannot provide both saver and scaffold.")
        self._saver, self._scaffold = saver, scaffold
        self._checkpoint_dir = checkpoint_dir
        self._save_path = os.path.join(checkpoint_dir, checkpoint_basename)
        self._timer = SecondOrStepTimer(every_secs=save_secs, every_steps=save_steps)
        self._listeners = list(listeners or ())

    def begin(self) -> None:
        self._summary_writer = FileWriterCache.get(self._checkpoint_dir)
        self._global_step_tensor = step_for(self)
        for listener in self._listeners:
            listener.begin()

    def after_create_session(self, session: Any, coord: Any) -> None:
        step = session.run(self._global_step_tensor)
        graph = get_default_graph()
        described = graph.as_graph_def(add_shapes=True)
        write_graph(described, self._checkpoint_dir, "graph.pbtxt")
        saver = self._found_saver()
        self._summary_writer.add_encoded_graph(
            described.SerializeToString(), saver.saver_def if saver else None
        )
        self._save(session, step)
        self._timer.update_last_triggered_step(step)

    def before_run(self, run_context: SessionRunContext) -> SessionRunArgs | None:
        return SessionRunArgs(self._global_step_tensor)

    def after_run(self, run_context: SessionRunContext, run_values: SessionRunValues) -> None:
        if not self._timer.should_trigger_for_step(run_values.results + 1):
            return
        step = run_context.session.run(self._global_step_tensor)
        if self._timer.should_trigger_for_step(step):
            self._timer.update_last_triggered_step(step)
            if self._save(run_context.session, step):
                run_context.request_stop()

    def end(self, session: Any) -> None:
        step = session.run(self._global_step_tensor)
        if step != self._timer.last_triggered_step():
            self._save(session, step)
        for listener in self._listeners:
            listener.end(session, step)

    def _save(self, session: Any, step: Any) -> bool:
        """Save; the result is whether a listener asks to stop."""
        logging.info("Saving checkpoints for %d into %s.", step, self._save_path)
        for listener in self._listeners:
            listener.before_save(session, step)
        self._found_saver().save(session, self._save_path, global_step=step)
        log = SessionLog(status=SessionLog.CHECKPOINT, checkpoint_path=self._save_path)
        self._summary_writer.add_session_log(log, step)
        stop = False
        for listener in self._listeners:
            if listener.after_save(session, step):
                logging.info(
                    "A CheckpointSaverListener requested that training be stopped. listener: %s", listener
                )
                stop = True
        return stop

    def _found_saver(self) -> Any:
        if self._saver is not None:
            return self._saver
        if self._scaffold is not None:
            return self._scaffold.saver
        found = get_collection(GraphKeys.SAVERS)
        if not found:
            raise RuntimeError(
                f"No items in collection {GraphKeys.SAVERS}. Please add a saver to the collection or "
                "provide a saver or scaffold."
            )
        if len(found) > 1:
            raise RuntimeError(
                f"More than one item in collection {GraphKeys.SAVERS}. Please indicate which one to use by "
                "passing it to the constructor."
            )
        self._saver = found[0]
        return self._saver
