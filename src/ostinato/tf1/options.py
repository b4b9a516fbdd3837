"""Options of sessions and of runs: TensorFlow's protocol messages.

Which fields have an effect is said by each class; the others concern devices, servers or graph optimisers
that do not exist here, and change no result.
"""

from __future__ import annotations

from typing import Any, ClassVar

from . import graph_optimizer, servers  # noqa: F401  # whose messages these hold
from .errors import UnimplementedError
from .message_fields import enumeration
from .messages import Message
from .step_stats import RunMetadata


class GPUOptions(Message):
    """Options of a GPU (TF1 symbol: `tf.GPUOptions`). `per_process_gpu_memory_fraction` and
    `visible_device_list` are heeded by sessions on a GPU (`ostinato run --device cuda`); the others are kept
    and not used: torch takes memory as it is needed.
    """

    class Experimental(Message):
        """What the allocator of GPU memory is told, kept and not used."""

        class VirtualDevices(Message):
            """Parts of a GPU, kept and not used."""

            _fields: ClassVar[dict[str, str]] = {"memory_limit_mb": "1 repeated float"}

        _fields: ClassVar[dict[str, str]] = {
            "virtual_devices": "1 repeated VirtualDevices",
            "use_unified_memory": "2 bool",
            "num_dev_to_dev_copy_streams": "3 int32",
            "collective_ring_order": "4 string",
            "timestamped_allocator": "5 bool",
            "kernel_tracker_max_interval": "7 int32",
            "kernel_tracker_max_bytes": "8 int32",
            "kernel_tracker_max_pending": "9 int32",
        }

    _fields: ClassVar[dict[str, str]] = {
        "per_process_gpu_memory_fraction": "1 double",
        "allocator_type": "2 string",
        "deferred_deletion_bytes": "3 int64",
        "allow_growth": "4 bool",
        "visible_device_list": "5 string",
        "polling_active_delay_usecs": "6 int32",
        "polling_inactive_delay_msecs": "7 int32",
        "force_gpu_compatible": "8 bool",
        "experimental": "9 Experimental",
    }


class OptimizerOptions(Message):
    """Options of the graph optimiser, kept and not used (TF1 symbol: `tf.OptimizerOptions`)."""

    L1 = DEFAULT = 0
    L0 = OFF = -1
    ON_1, ON_2 = 1, 2
    _fields: ClassVar[dict[str, str]] = {
        "do_common_subexpression_elimination": "1 bool",
        "do_constant_folding": "2 bool",
        "opt_level": "3 Level",
        "do_function_inlining": "4 bool",
        "global_jit_level": "5 GlobalJitLevel",
        "max_folded_constant_in_bytes": "6 int64",
    }


enumeration("OptimizerOptions.Level", {"L1": 0, "L0": -1})
enumeration("OptimizerOptions.GlobalJitLevel", {"DEFAULT": 0, "OFF": -1, "ON_1": 1, "ON_2": 2})


class GraphOptions(Message):
    """Options of how a graph is run, kept and not used (TF1 symbol: `tf.GraphOptions`)."""

    _fields: ClassVar[dict[str, str]] = {
        "enable_recv_scheduling": "2 bool",
        "optimizer_options": "3 OptimizerOptions",
        "build_cost_model": "4 int64",
        "infer_shapes": "5 bool",
        "place_pruned_graph": "6 bool",
        "enable_bfloat16_sendrecv": "7 bool",
        "timeline_step": "8 int32",
        "build_cost_model_after": "9 int64",
        "rewrite_options": "10 RewriterConfig",
    }


class ThreadPoolOptionProto(Message):
    """A pool of threads, kept and not used (`config_pb2.ThreadPoolOptionProto`)."""

    _fields: ClassVar[dict[str, str]] = {"num_threads": "1 int32", "global_name": "2 string"}


class RPCOptions(Message):
    """How servers talk, kept and not used: all are of this process (`config_pb2.RPCOptions`)."""

    _fields: ClassVar[dict[str, str]] = {
        "use_rpc_for_inprocess_master": "1 bool",
        "compression_algorithm": "2 string",
        "compression_level": "3 int32",
        "cache_rpc_response": "4 bool",
        "disable_session_connection_sharing": "5 bool",
    }


class ConfigProto(Message):
    """Options of a session (TF1 symbol: `tf.ConfigProto`).

    `intra_op_parallelism_threads` is the number of torch's threads during a run. A small network is as fast
    on one, and keeps its speed there when other work shares the cores. `operation_timeout_in_ms` is how long
    an operation waits for a queue; `device_count={"GPU": 0}` keeps a session on the CPU, and
    `log_device_placement` tells where each node is. The other options are kept and not used: operations run
    one after the other.

    >>> config = ConfigProto(allow_soft_placement=True)
    >>> config.gpu_options.allow_growth = True
    >>> config.gpu_option = None
    Traceback (most recent call last):
    AttributeError: 'ConfigProto' object has no attribute 'gpu_option'
    """

    class Experimental(Message):
        """What the executor is told, kept and not used."""

        _fields: ClassVar[dict[str, str]] = {
            "collective_group_leader": "1 string",
            "executor_type": "3 string",
            "recv_buf_max_chunk": "4 int32",
            "use_numa_affinity": "5 bool",
            "collective_deterministic_sequential_execution": "6 bool",
            "collective_nccl": "7 bool",
            "share_session_state_in_clusterspec_propagation": "8 bool",
            "disable_thread_spinning": "9 bool",
            "share_cluster_devices_in_session": "10 bool",
            "optimize_for_static_graph": "12 bool",
        }

    _fields: ClassVar[dict[str, str]] = {
        "device_count": "1 map<string, int32>",
        "intra_op_parallelism_threads": "2 int32",
        "placement_period": "3 int32",
        "device_filters": "4 repeated string",
        "inter_op_parallelism_threads": "5 int32",
        "gpu_options": "6 GPUOptions",
        "allow_soft_placement": "7 bool",
        "log_device_placement": "8 bool",
        "use_per_session_threads": "9 bool",
        "graph_options": "10 GraphOptions",
        "operation_timeout_in_ms": "11 int64",
        "session_inter_op_thread_pool": "12 repeated ThreadPoolOptionProto",
        "rpc_options": "13 RPCOptions",
        "cluster_def": "14 ClusterDef",
        "isolate_session_state": "15 bool",
        "experimental": "16 Experimental",
    }


class RunOptions(Message):
    """Options of a run (TF1 symbol: `tf.RunOptions`).

    `trace_level=FULL_TRACE` has the run tell the time of each node in its RunMetadata; `timeout_in_ms` is how
    long it may wait for a queue. The others are kept and not used, but that `output_partition_graphs` is
    refused.
    """

    class Experimental(Message):
        """What the executor is told, kept and not used."""

        _fields: ClassVar[dict[str, str]] = {
            "collective_graph_key": "1 int64",
            "use_run_handler_pool": "2 bool",
        }

    NO_TRACE, SOFTWARE_TRACE, HARDWARE_TRACE, FULL_TRACE = range(4)
    _fields: ClassVar[dict[str, str]] = {
        "trace_level": "1 TraceLevel",
        "timeout_in_ms": "2 int64",
        "inter_op_thread_pool": "3 int32",
        "output_partition_graphs": "5 bool",
        "report_tensor_allocations_upon_oom": "7 bool",
        "experimental": "8 Experimental",
    }


enumeration(
    "RunOptions.TraceLevel", {"NO_TRACE": 0, "SOFTWARE_TRACE": 1, "HARDWARE_TRACE": 2, "FULL_TRACE": 3}
)


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
