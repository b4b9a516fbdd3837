"""Making a session whose variables have values: from a checkpoint, or initialised (TF1 symbol:
`tf.train.SessionManager`).
"""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

import numpy as np

from . import errors, logging
from .arguments import handed_on
from .checkpoint_management import get_checkpoint_state
from .graph import get_default_graph
from .session import Session


class SessionManager:
    """Makes sessions that are ready for use (TF1 symbol: `tf.train.SessionManager`).

    Args:
        local_init_op: an operation to run in each new session.
        ready_op: a tensor of the names of the variables that have no value yet.
        ready_for_local_init_op: such a tensor, that must be empty before `local_init_op` runs.
        graph: None is the default graph.
        recovery_wait_secs: how long to wait before looking again.
        local_init_run_options: options of the run of `local_init_op`.

    Raises:
        ValueError: `ready_for_local_init_op` without a `local_init_op`.
    """

    def __init__(
        self,
        local_init_op: Any = None,
        ready_op: Any = None,
        ready_for_local_init_op: Any = None,
        graph: Any = None,
        recovery_wait_secs: float = 30,
        local_init_run_options: Any = None,
    ) -> None:
        if ready_for_local_init_op is not None and local_init_op is None:
            raise ValueError(
                "If you pass a ready_for_local_init_op you must also pass a local_init_op , "
                f"ready_for_local_init_op [{ready_for_local_init_op}]"
            )
        self._local_init_op, self._ready_op = local_init_op, ready_op
        self._ready_for_local_init_op = ready_for_local_init_op
        self._graph = get_default_graph() if graph is None else graph
        self._recovery_wait_secs = recovery_wait_secs
        self._local_init_run_options = local_init_run_options

    def _restored(
        self,
        master: str,
        saver: Any,
        checkpoint_dir: str | None,
        checkpoint_filename_with_path: str | None,
        wait_for_checkpoint: bool,
        max_wait_secs: float,
        config: Any,
    ) -> tuple[Session, bool]:
        """A session, and whether its variables are those of a checkpoint."""
        sess = Session(master, graph=self._graph, config=config)
        if checkpoint_dir and checkpoint_filename_with_path:
            raise ValueError("Can not provide both checkpoint_dir and checkpoint_filename_with_path.")
        if not saver or not (checkpoint_dir or checkpoint_filename_with_path):
            return sess, False
        if checkpoint_filename_with_path:
            saver.restore(sess, checkpoint_filename_with_path)
            return sess, True
        waited = 0.0
        state = get_checkpoint_state(str(checkpoint_dir))
        while not state or not state.model_checkpoint_path:
            if not wait_for_checkpoint or waited >= max_wait_secs:
                return sess, False
            logging.info("Waiting for checkpoint to be available.")
            time.sleep(self._recovery_wait_secs)
            waited += self._recovery_wait_secs
            state = get_checkpoint_state(str(checkpoint_dir))
        saver.restore(sess, state.model_checkpoint_path)
        saver.recover_last_checkpoints(state.all_model_checkpoint_paths)
        return sess, True

    def prepare_session(
        self,
        master: str,
        init_op: Any = None,
        saver: Any = None,
        checkpoint_dir: str | None = None,
        checkpoint_filename_with_path: str | None = None,
        wait_for_checkpoint: bool = False,
        max_wait_secs: float = 7200,
        config: Any = None,
        init_feed_dict: Any = None,
        init_fn: Callable[[Any], Any] | None = None,
    ) -> Session:
        """A session that is ready: restored if there is a checkpoint, else initialised.

        Args:
            master: '', or the target of a server of this process.
            init_op, init_feed_dict, init_fn: what initialises: an operation, its feeds, a function of the
                session.
            saver: what restores.
            checkpoint_dir: where to look for the latest checkpoint.
            checkpoint_filename_with_path: a checkpoint, in the place of a directory.
            wait_for_checkpoint, max_wait_secs: whether, and how long, to wait for one.
            config: of the session.

        Raises:
            RuntimeError: there is nothing to initialise with, or variables have no values after that.
            ValueError: both a directory and a checkpoint.
        """
        sess, restored = self._restored(**handed_on(locals(), "init_op", "init_feed_dict", "init_fn"))
        if not restored:
            if init_op is None and not init_fn and self._local_init_op is None:
                raise RuntimeError(
                    "Model is not initialized and no init_op or init_fn or local_init_op was given"
                )
            if init_op is not None:
                sess.run(init_op, feed_dict=init_feed_dict)
            if init_fn:
                init_fn(sess)
        named = getattr(init_op, "name", init_op)
        problem = self._local_init(sess)
        if problem:
            raise RuntimeError(
                "Init operations did not make model ready for local_init.  "
                f"Init op: {named}, init fn: {init_fn}, error: {problem}"
            )
        problem = _missing(self._ready_op, sess, "Model not ready")
        if problem:
            raise RuntimeError(
                "Init operations did not make model ready.  "
                f"Init op: {named}, init fn: {init_fn}, local_init_op: {self._local_init_op}, "
                f"error: {problem}"
            )
        return sess

    def recover_session(
        self,
        master: str,
        saver: Any = None,
        checkpoint_dir: str | None = None,
        checkpoint_filename_with_path: str | None = None,
        wait_for_checkpoint: bool = False,
        max_wait_secs: float = 7200,
        config: Any = None,
    ) -> tuple[Session, bool]:
        """A session, and whether a checkpoint made it ready."""
        sess, restored = self._restored(**handed_on(locals()))
        problem = self._local_init(sess)
        if not restored:
            return sess, False
        source = checkpoint_dir or checkpoint_filename_with_path
        if problem:
            logging.info(
                "Restoring model from %s did not make model ready for local init: %s", source, problem
            )
            return sess, False
        problem = _missing(self._ready_op, sess, "Model not ready")
        if problem:
            logging.info("Restoring model from %s did not make model ready: %s", source, problem)
            return sess, False
        logging.info("Restored model from %s", source)
        return sess, True

    def wait_for_session(
        self, master: str, config: Any = None, max_wait_secs: float | None = float("inf")
    ) -> Session:
        """A session that somebody else has made ready.

        Raises:
            tf.errors.DeadlineExceededError: nobody has within the time.
        """
        limit = float("inf") if max_wait_secs is None else max_wait_secs
        begun = time.time()
        while True:
            sess = Session(master, graph=self._graph, config=config)
            not_local, not_ready = self._local_init(sess), None
            if not not_local:
                not_ready = _missing(self._ready_op, sess, "Model not ready")
                if not not_ready:
                    return sess
            sess.close()
            if max(0.0, limit - (time.time() - begun)) < self._recovery_wait_secs:
                raise errors.DeadlineExceededError(
                    None, None, f"Session was not ready after waiting {max_wait_secs} secs."
                )
            logging.info(
                "Waiting for model to be ready.  Ready_for_local_init_op:  %s, ready: %s",
                not_local,
                not_ready,
            )
            time.sleep(self._recovery_wait_secs)

    def _local_init(self, sess: Session) -> str | None:
        """Run the local initialisation; the result is why not, where it cannot run."""
        if self._local_init_op is None:
            return None
        problem = _missing(self._ready_for_local_init_op, sess, "Model not ready for local init")
        if problem:
            return problem
        logging.info("Running local_init_op.")
        sess.run(self._local_init_op, options=self._local_init_run_options)
        logging.info("Done running local_init_op.")
        return None


def _missing(operation: Any, sess: Session, message: str) -> str | None:
    """What is not initialised, by the operation that tells."""
    if operation is None:
        return None
    try:
        found = sess.run(operation)
    except errors.FailedPreconditionError as problem:
        if "uninitialized" not in str(problem):
            logging.warning("%s : error [%s]", message, problem)
            raise
        return str(problem)
    if found is None or getattr(found, "dtype", None) == np.int32 or np.size(found) == 0:
        return None
    return f"Variables not initialized: {', '.join(name.decode() for name in found)}"
