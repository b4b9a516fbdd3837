"""What a hook is, and what it says to and hears from a monitored session (TF1 symbols:
`tf.train.SessionRunHook`, `tf.train.SessionRunArgs`, ...).
"""

from __future__ import annotations

from typing import Any, NamedTuple


class SessionRunArgs(NamedTuple):
    """What a hook adds to a run: fetches, feeds and options (TF1 symbol: `tf.train.SessionRunArgs`)."""

    fetches: Any
    feed_dict: Any = None
    options: Any = None


class SessionRunValues(NamedTuple):
    """What a run gave to a hook (TF1 symbol: `tf.train.SessionRunValues`)."""

    results: Any
    options: Any
    run_metadata: Any


class SessionRunContext:
    """A run that a hook takes part in (TF1 symbol: `tf.train.SessionRunContext`)."""

    def __init__(self, original_args: SessionRunArgs, session: Any) -> None:
        self._original_args, self._session = original_args, session
        self._stop_requested = False

    @property
    def original_args(self) -> SessionRunArgs:
        """What the script asked the run for."""
        return self._original_args

    @property
    def session(self) -> Any:
        """The session, without hooks."""
        return self._session

    @property
    def stop_requested(self) -> bool:
        return self._stop_requested

    def request_stop(self) -> None:
        """Let the session say that it is to stop."""
        self._stop_requested = True


class SessionRunHook:
    """What is done around the runs of a monitored session; derive from it (TF1 symbol:
    `tf.train.SessionRunHook`).
    """

    def begin(self) -> None:
        """Before the session is made; the last chance to add to the graph."""

    def after_create_session(self, session: Any, coord: Any) -> None:
        """After the session is made and its variables have values."""

    def before_run(self, run_context: SessionRunContext) -> SessionRunArgs | None:
        """Before each run; the result is what to add to it."""
        return None

    def after_run(self, run_context: SessionRunContext, run_values: SessionRunValues) -> None:
        """After each run that went well."""

    def end(self, session: Any) -> None:
        """At the end, unless an exception brought it about."""
