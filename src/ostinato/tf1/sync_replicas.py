"""The optimizer of several processes that take their steps together, as one process has it (TF1 symbol:
`tf.train.SyncReplicasOptimizer`).
"""

from __future__ import annotations

from typing import Any

from .data_flow import FIFOQueue
from .errors import UnimplementedError
from .graph import GraphKeys, control_dependencies, name_scope
from .ops import control
from .ops.state import assign
from .optimizer import Optimizer
from .queue_runner import QueueRunner
from .session_run_hook import SessionRunHook
from .tensor import Operation
from .variable_lists import global_variables, report_uninitialized_variables
from .variables import Variable


class SyncReplicasOptimizer(Optimizer):
    """An optimizer whose steps the replicas take together (TF1 symbol: `tf.train.SyncReplicasOptimizer`).

    Here one process trains, so that a step waits for nobody: it is that of the optimizer inside.

    Args:
        opt: the optimizer.
        replicas_to_aggregate, total_num_replicas: how many gradients make a step, and how many processes give
            them: 1.
        variable_averages, variables_to_average: moving averages that are kept after each step.

    Raises:
        tf.errors.UnimplementedError: more than one replica, in which TensorFlow would wait for the others.
    """

    def __init__(
        self,
        opt: Any,
        replicas_to_aggregate: int,
        total_num_replicas: int | None = None,
        variable_averages: Any = None,
        variables_to_average: Any = None,
        use_locking: bool = False,
        name: str = "sync_replicas",
    ) -> None:
        total = replicas_to_aggregate if total_num_replicas is None else total_num_replicas
        if replicas_to_aggregate != 1 or total != 1:
            raise UnimplementedError(
                None,
                None,
                f"SyncReplicasOptimizer(replicas_to_aggregate={replicas_to_aggregate}, "
                f"total_num_replicas={total}): one process trains here, which would wait for the others; "
                "pass 1, or use the optimizer inside with larger batches.",
            )
        super().__init__(use_locking, name)
        self._opt = opt
        self._averages, self._averaged = variable_averages, variables_to_average
        self._applied = False

    def compute_gradients(self, *args: Any, **kwargs: Any) -> Any:
        """The gradients, as the optimizer inside computes them."""
        return self._opt.compute_gradients(*args, **kwargs)

    def apply_gradients(self, grads_and_vars: Any, global_step: Any = None, name: str | None = None) -> Any:
        """A step of the optimizer inside; a run of the result gives the global step after it.

        Raises:
            ValueError: there are no variables, or no global step.
        """
        pairs = list(grads_and_vars)
        if not pairs:
            raise ValueError("Must supply at least one variable")
        if global_step is None:
            raise ValueError("Global step is required to check staleness")
        local_step = Variable(
            0,
            trainable=False,
            collections=[GraphKeys.LOCAL_VARIABLES],
            dtype=global_step.dtype.base_dtype,
            name="sync_rep_local_step",
        )
        self.local_step_init_op = assign(local_step, global_step)
        self.chief_init_op = control.group(self.local_step_init_op)
        self.ready_for_local_init_op = report_uninitialized_variables(global_variables())
        with name_scope(None, self._name):
            done = self._opt.apply_gradients(pairs, global_step)
            if self._averages is not None:
                with control_dependencies([done]):
                    done = self._averages.apply(self._averaged)
            with control_dependencies([done]):
                step = assign(local_step, global_step.read_value())
        queue = FIFOQueue(1, "int32", shapes=(), name="dummy_queue", shared_name="dummy_queue")
        self._runner = _NothingToRun(queue, [control.no_op()])
        self._applied = True
        return step

    def _check_applied(self, what: str) -> None:
        if not self._applied:
            raise ValueError(f"{what} should be called after apply_gradients().")

    def get_chief_queue_runner(self) -> QueueRunner:
        """A runner with nothing to run.

        Raises:
            ValueError: before `apply_gradients`.
        """
        self._check_applied("get_chief_queue_runner()")
        return self._runner

    def get_init_tokens_op(self, num_tokens: int = -1) -> Operation:
        """A node that does nothing: no tokens are handed out.

        Raises:
            ValueError: before `apply_gradients`.
        """
        self._check_applied("get_init_tokens_op()")
        return control.no_op(name="no_init_tokens")

    def get_slot(self, *args: Any, **kwargs: Any) -> Any:
        """A slot of the optimizer inside."""
        return self._opt.get_slot(*args, **kwargs)

    def get_slot_names(self, *args: Any, **kwargs: Any) -> Any:
        """The names of the slots of the optimizer inside."""
        return self._opt.get_slot_names(*args, **kwargs)

    def variables(self) -> Any:
        """The variables of the optimizer inside."""
        return self._opt.variables()

    def make_session_run_hook(self, is_chief: bool, num_tokens: int = -1) -> SessionRunHook:
        """The hook of a monitored session, which has nothing to prepare."""
        return _SyncReplicasHook(self)


class _NothingToRun(QueueRunner):
    def create_threads(self, *args: Any, **kwargs: Any) -> list[Any]:
        return []


class _SyncReplicasHook(SessionRunHook):
    def __init__(self, optimizer: SyncReplicasOptimizer) -> None:
        self._optimizer = optimizer

    def begin(self) -> None:
        if not self._optimizer._applied:
            raise ValueError("SyncReplicasOptimizer.apply_gradient should be called before using the hook.")
