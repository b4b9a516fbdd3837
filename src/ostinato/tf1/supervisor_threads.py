"""The threads that a supervisor starts: summaries, steps counted, checkpoints."""

from __future__ import annotations

import time
from typing import Any

from . import logging
from .coordinator import LooperThread
from .global_step import global_step as step_of
from .summary_messages import SessionLog
from .summary_writer import scalar_of


class SVSummaryThread(LooperThread):
    """Writes a supervisor's summaries."""

    def __init__(self, sv: Any, sess: Any) -> None:
        super().__init__(sv.coord, sv.save_summaries_secs)
        self._sv, self._sess = sv, sess

    def run_loop(self) -> None:
        step = None
        if self._sv.global_step is not None:
            summary, step = self._sess.run([self._sv.summary_op, self._sv.global_step])
        else:
            summary = self._sess.run(self._sv.summary_op)
        if self._sv.summary_writer:
            logging.info("Recording summary at step %s.", step)
            self._sv.summary_writer.add_summary(summary, step)


class SVStepCounterThread(LooperThread):
    """Tells a supervisor's steps per second."""

    def __init__(self, sv: Any, sess: Any, step_counter: Any = None) -> None:
        super().__init__(sv.coord, sv.save_summaries_secs)
        self._sv, self._sess = sv, sess
        self._counter = sv.global_step if step_counter is None else step_counter
        self._tag = f"{self._counter.op.name}/sec"
        self._told = 0

    def start_loop(self) -> None:
        self._last_time = time.time()
        self._last_step = step_of(self._sess, self._counter)

    def run_loop(self) -> None:
        step, now = step_of(self._sess, self._counter), time.time()
        added, elapsed = step - self._last_step, now - self._last_time
        self._last_step, self._last_time = step, now
        per_second = added / elapsed if elapsed > 0 else float("inf")
        if self._sv.summary_writer:
            self._sv.summary_writer.add_summary(scalar_of(self._tag, per_second), step)
        if self._told < 10:
            self._told += 1
            logging.info("%s: %g", self._tag, per_second)


class SVTimerCheckpointThread(LooperThread):
    """Saves a supervisor's checkpoints."""

    def __init__(self, sv: Any, sess: Any) -> None:
        super().__init__(sv.coord, sv.save_model_secs)
        self._sv, self._sess = sv, sess

    def run_loop(self) -> None:
        sv = self._sv
        logging.info("Saving checkpoint to path %s", sv.save_path)
        sv.saver.save(self._sess, sv.save_path, global_step=sv.global_step)
        if sv.summary_writer and sv.global_step is not None:
            log = SessionLog(status=SessionLog.CHECKPOINT, checkpoint_path=sv.save_path)
            sv.summary_writer.add_session_log(log, step_of(self._sess, sv.global_step))
