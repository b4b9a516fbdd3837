"""Options of sessions and of runs: TensorFlow's protocol messages as plain classes that know their fields.

A field that TensorFlow does not have is refused, as its own messages refuse it: a mistyped option must not be
lost. Which fields have an effect is said by each class; the others concern devices, servers or graph
optimisers that do not exist here, and change no result.
"""

from __future__ import annotations

from typing import Any, ClassVar

from .errors import UnimplementedError
from .step_stats import RunMetadata


class Options:
    """A message: its fields, each with a default or with the class of the message that it holds."""

    _fields: ClassVar[dict[str, Any]] = {}

    def __init__(self, **options: Any) -> None:
        for field, default in self._fields.items():
            object.__setattr__(self, field, default() if callable(default) else default)
        for field, value in options.items():
            if field not in self._fields:
                raise ValueError(f'Protocol message {type(self).__name__} has no "{field}" field.')
            self._set(field, value)

    def __setattr__(self, field: str, value: Any) -> None:
        default = self._fields.get(field, self)
        if default is self:
            raise AttributeError(f"{type(self).__name__!r} object has no attribute {field!r}")
        if callable(default):
            raise AttributeError(
                f'Assignment not allowed to field "{field}" in protocol message object: set what is in it, '
                f"or pass it to {type(self).__name__}."
            )
        self._set(field, value)

    def _set(self, field: str, value: Any) -> None:
        default = self._fields[field]
        kind = default if callable(default) else type(default)
        fits = isinstance(value, (int, float) if kind in (bool, int, float) else kind)
        if kind is int and isinstance(value, float):
            fits = False
        if not fits:
            raise TypeError(
                f"{value!r} has type {type(value).__name__}, but {type(self).__name__}.{field} takes "
                f"{kind.__name__}."
            )
        object.__setattr__(self, field, value)

    def __repr__(self) -> str:
        given = {field: getattr(self, field) for field in self._fields}
        return f"{type(self).__name__}({', '.join(f'{field}={value!r}' for field, value in given.items())})"


class GPUOptions(Options):
    """Options of a GPU, kept and not used (TF1 symbol: `tf.GPUOptions`)."""

    _fields: ClassVar[dict[str, Any]] = {
        "per_process_gpu_memory_fraction": 0.0,
        "allow_growth": False,
        "allocator_type": "",
        "deferred_deletion_bytes": 0,
        "visible_device_list": "",
        "polling_active_delay_usecs": 0,
        "polling_inactive_delay_msecs": 0,
        "force_gpu_compatible": False,
    }


class OptimizerOptions(Options):
    """Options of the graph optimiser, kept and not used (TF1 symbol: `tf.OptimizerOptions`)."""

    L1 = DEFAULT = 0
    L0 = OFF = -1
    ON_1, ON_2 = 1, 2
    _fields: ClassVar[dict[str, Any]] = {
        "do_common_subexpression_elimination": False,
        "do_constant_folding": False,
        "max_folded_constant_in_bytes": 0,
        "do_function_inlining": False,
        "opt_level": 0,
        "global_jit_level": 0,
    }


class GraphOptions(Options):
    """Options of how a graph is run, kept and not used (TF1 symbol: `tf.GraphOptions`)."""

    _fields: ClassVar[dict[str, Any]] = {
        "enable_recv_scheduling": False,
        "optimizer_options": OptimizerOptions,
        "build_cost_model": 0,
        "build_cost_model_after": 0,
        "infer_shapes": False,
        "place_pruned_graph": False,
        "enable_bfloat16_sendrecv": False,
        "timeline_step": 0,
    }


class ConfigProto(Options):
    """Options of a session (TF1 symbol: `tf.ConfigProto`).

    `intra_op_parallelism_threads` is the number of torch's threads during a run. A small network is as fast
    on one, and keeps its speed there when other work shares the cores. The other options are kept and not
    used: operations run one after the other, where torch puts them.

    >>> config = ConfigProto(allow_soft_placement=True)
    >>> config.gpu_options.allow_growth = True
    >>> config.gpu_option = None
    Traceback (most recent call last):
    AttributeError: 'ConfigProto' object has no attribute 'gpu_option'
    """

    _fields: ClassVar[dict[str, Any]] = {
        "device_count": dict,
        "intra_op_parallelism_threads": 0,
        "inter_op_parallelism_threads": 0,
        "use_per_session_threads": False,
        "placement_period": 0,
        "device_filters": list,
        "gpu_options": GPUOptions,
        "allow_soft_placement": False,
        "log_device_placement": False,
        "graph_options": GraphOptions,
        "operation_timeout_in_ms": 0,
        "isolate_session_state": False,
    }


class RunOptions(Options):
    """Options of a run (TF1 symbol: `tf.RunOptions`).

    `trace_level=FULL_TRACE` has the run tell the time of each node in its RunMetadata; `timeout_in_ms` is how
    long it may wait for a queue. The others are kept and not used, but that `output_partition_graphs` is
    refused.
    """

    trace_level: int
    output_partition_graphs: bool
    NO_TRACE, SOFTWARE_TRACE, HARDWARE_TRACE, FULL_TRACE = range(4)
    _fields: ClassVar[dict[str, Any]] = {
        "trace_level": 0,
        "timeout_in_ms": 0,
        "inter_op_thread_pool": 0,
        "output_partition_graphs": False,
        "report_tensor_allocations_upon_oom": False,
    }


def check_run_options(options: Any, run_metadata: Any) -> None:
    """Refuse what a run cannot do.

    Raises:
        TypeError: they are no `tf.RunOptions` and `tf.RunMetadata`.
        tf.errors.UnimplementedError: partitioned graphs are asked for.
    """
    if options is not None and not isinstance(options, RunOptions):
        raise TypeError(f"options must be a tf.RunOptions, but got {type(options)}")
    if run_metadata is not None and not isinstance(run_metadata, RunMetadata):
        raise TypeError(f"run_metadata must be a tf.RunMetadata, but got {type(run_metadata)}")
    if options is not None and options.output_partition_graphs:
        raise UnimplementedError(
            None,
            None,
            "A run has no partitioned graphs here. Ask for a trace alone, with "
            "tf.RunOptions(trace_level=tf.RunOptions.FULL_TRACE).",
        )
