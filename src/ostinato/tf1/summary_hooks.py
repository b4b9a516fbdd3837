"""Hooks that write summaries and timelines (TF1 symbols: `tf.train.SummarySaverHook`,
`tf.train.ProfilerHook`).
"""

from __future__ import annotations

import os
from typing import Any

from . import logging
from .hooks import SecondOrStepTimer, step_for
from .options import RunOptions
from .session_run_hook import SessionRunArgs, SessionRunContext, SessionRunHook, SessionRunValues
from .summary_messages import SessionLog
from .summary_writer import FileWriterCache


class SummarySaverHook(SessionRunHook):
    """Writes summaries every so often (TF1 symbol: `tf.train.SummarySaverHook`).

    Args:
        save_steps, save_secs: how often; exactly one of them.
        output_dir, summary_writer: where they go.
        scaffold, summary_op: what gives them; exactly one of them.

    Raises:
        ValueError: not exactly one of either pair.
    """

    def __init__(
        self,
        save_steps: int | None = None,
        save_secs: float | None = None,
        output_dir: str | None = None,
        summary_writer: Any = None,
        scaffold: Any = None,
        summary_op: Any = None,
    ) -> None:
        if (scaffold is None) == (summary_op is None):
            raise ValueError("Exactly one of scaffold or summary_op must be provided.")
        self._summary_op, self._scaffold = summary_op, scaffold
        self._summary_writer, self._output_dir = summary_writer, output_dir
        self._timer = SecondOrStepTimer(every_secs=save_secs, every_steps=save_steps)

    def begin(self) -> None:
        if self._summary_writer is None and self._output_dir:
            self._summary_writer = FileWriterCache.get(self._output_dir)
        self._next_step: Any = None
        self._global_step_tensor = step_for(self)

    def before_run(self, run_context: SessionRunContext) -> SessionRunArgs | None:
        self._due = self._next_step is None or self._timer.should_trigger_for_step(self._next_step)
        requests = {"global_step": self._global_step_tensor}
        summaries = self._summaries() if self._due else None
        if summaries is not None:
            requests["summary"] = summaries
        return SessionRunArgs(requests)

    def after_run(self, run_context: SessionRunContext, run_values: SessionRunValues) -> None:
        writer = self._summary_writer
        if not writer:
            return
        step = run_values.results["global_step"] + 1
        if self._next_step is None or self._due:
            step = run_context.session.run(self._global_step_tensor)
        if self._next_step is None:
            writer.add_session_log(SessionLog(status=SessionLog.START), step)
        if self._due:
            self._timer.update_last_triggered_step(step)
            for summary in run_values.results.get("summary", ()):
                writer.add_summary(summary, step)
        self._next_step = step + 1

    def end(self, session: Any = None) -> None:
        if self._summary_writer:
            self._summary_writer.flush()

    def _summaries(self) -> list[Any] | None:
        found = self._scaffold.summary_op if self._summary_op is None else self._summary_op
        if found is None:
            return None
        return found if isinstance(found, list) else [found]


class ProfilerHook(SessionRunHook):
    """Writes a timeline of a run every so often (TF1 symbol: `tf.train.ProfilerHook`): `timeline-STEP.json`,
    which a browser's viewer of traces opens.

    Args:
        save_steps, save_secs: how often; exactly one of them.
        output_dir: where the files go.
        show_dataflow, show_memory: what the timeline shows beside the times.
    """

    def __init__(
        self,
        save_steps: int | None = None,
        save_secs: float | None = None,
        output_dir: str = "",
        show_dataflow: bool = True,
        show_memory: bool = False,
    ) -> None:
        self._output_file = os.path.join(output_dir, "timeline-{}.json")
        self._file_writer = FileWriterCache.get(output_dir or ".")
        self._show_dataflow, self._show_memory = show_dataflow, show_memory
        self._timer = SecondOrStepTimer(every_secs=save_secs, every_steps=save_steps)

    def begin(self) -> None:
        self._next_step: Any = None
        self._global_step_tensor = step_for(self)

    def before_run(self, run_context: SessionRunContext) -> SessionRunArgs | None:
        self._due = self._next_step is not None and self._timer.should_trigger_for_step(self._next_step)
        options = RunOptions(trace_level=RunOptions.FULL_TRACE) if self._due else None
        return SessionRunArgs({"global_step": self._global_step_tensor}, options=options)

    def after_run(self, run_context: SessionRunContext, run_values: SessionRunValues) -> None:
        stale = run_values.results["global_step"]
        if self._next_step is None:
            self._timer.update_last_triggered_step(stale)
        step = stale + 1
        if self._due:
            step = run_context.session.run(self._global_step_tensor)
            self._timer.update_last_triggered_step(step)
            path = self._output_file.format(step)
            logging.info("Saving timeline for %d into '%s'.", step, path)
            self._save(path, run_values.run_metadata.step_stats)
            self._file_writer.add_run_metadata(run_values.run_metadata, f"step_{step}")
        self._next_step = step + 1

    def _save(self, path: str, step_stats: Any) -> None:
        from .utilities import Timeline

        text = Timeline(step_stats).generate_chrome_trace_format(self._show_dataflow, self._show_memory)
        with open(path, "w") as file:
            file.write(text)
