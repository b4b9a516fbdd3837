"""Options of data sets (TF1 symbol: `tf.data.Options`): how elements may be made, which changes none of
them.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any


class OptionGroup:
    """Options by name, of which each may be set to anything of its kind; they are kept."""

    _names: tuple[str, ...] = ()
    _kinds: Mapping[str, type] = {}  # of options that are not True or False

    def __init__(self) -> None:
        self.__dict__["_set"] = {}

    def __getattr__(self, name: str) -> Any:
        if name.startswith("_") or name not in self._names:
            raise AttributeError(f"{type(self).__name__!r} object has no attribute {name!r}")
        return self.__dict__["_set"].get(name)

    def __setattr__(self, name: str, value: Any) -> None:
        if name not in self._names:
            raise AttributeError(f"Cannot set the property {name} on {type(self).__name__}.")
        kind = self._kinds.get(name, bool)
        if not isinstance(value, kind):
            raise TypeError(
                f'Property "{name}" must be of type {kind!r}, got: {value!r} (type: {type(value)!r})'
            )
        self.__dict__["_set"][name] = value

    def __eq__(self, other: object) -> bool:
        return type(other) is type(self) and self.__dict__["_set"] == other.__dict__["_set"]

    __hash__ = None  # type: ignore[assignment]

    def merge(self, other: Any) -> Any:
        """Both sets of options; those of `other` go before.

        Raises:
            TypeError: `other` is no such set.
        """
        if not isinstance(other, type(self)):
            raise TypeError(f"Incompatible options type: {type(other)!r} vs {type(self)!r}")
        made = type(self)()
        made.__dict__["_set"].update(self.__dict__["_set"])
        made.__dict__["_set"].update(other.__dict__["_set"])
        return made


class OptimizationOptions(OptionGroup):
    """TF1 symbol: `tf.data.experimental.OptimizationOptions`; there is nothing to optimise here."""

    _names = (
        "apply_default_optimizations",
        "autotune",
        "autotune_algorithm",
        "autotune_buffers",
        "autotune_cpu_budget",
        "filter_fusion",
        "filter_with_random_uniform_fusion",
        "hoist_random_uniform",
        "map_and_batch_fusion",
        "map_and_filter_fusion",
        "map_fusion",
        "map_parallelization",
        "map_vectorization",
        "noop_elimination",
        "parallel_batch",
        "shuffle_and_repeat_fusion",
    )
    _kinds = {"autotune_algorithm": int, "autotune_cpu_budget": int, "map_vectorization": OptionGroup}

    def optimizes(self) -> bool:
        """Whether TensorFlow would rewrite the pipeline."""
        rewrites = [name for name in self._names if "autotune" not in name and name != self._names[0]]
        by_default = self.apply_default_optimizations is not False
        return by_default or any(getattr(self, name) for name in rewrites)


class MapVectorizationOptions(OptionGroup):
    """TF1 symbol: `tf.data.experimental.MapVectorizationOptions`."""

    _names = ("enabled", "use_choose_fastest")


class DistributeOptions(OptionGroup):
    """TF1 symbol: `tf.data.experimental.DistributeOptions`."""

    _names = ("auto_shard", "auto_shard_policy", "make_stateless", "num_devices")
    _kinds = {"auto_shard_policy": object, "num_devices": int}


class StatsOptions(OptionGroup):
    """TF1 symbol: `tf.data.experimental.StatsOptions`; nothing is counted."""

    _names = ("aggregator", "counter_prefix", "latency_all_edges", "prefix")
    _kinds = {"aggregator": object, "counter_prefix": str, "prefix": str}


class ThreadingOptions(OptionGroup):
    """TF1 symbol: `tf.data.experimental.ThreadingOptions`."""

    _names = ("max_intra_op_parallelism", "private_threadpool_size")
    _kinds = {"max_intra_op_parallelism": int, "private_threadpool_size": int}


class Options(OptionGroup):
    """Options of a data set (TF1 symbol: `tf.data.Options`)."""

    _names = (
        "experimental_autotune",
        "experimental_deterministic",
        "experimental_distribute",
        "experimental_numa_aware",
        "experimental_optimization",
        "experimental_slack",
        "experimental_stateful_whitelist",
        "experimental_stats",
        "experimental_threading",
    )
    _kinds = {
        "experimental_distribute": DistributeOptions,
        "experimental_optimization": OptimizationOptions,
        "experimental_stateful_whitelist": list,
        "experimental_stats": StatsOptions,
        "experimental_threading": ThreadingOptions,
    }

    def __init__(self) -> None:
        super().__init__()
        self.experimental_distribute = DistributeOptions()
        self.experimental_optimization = OptimizationOptions()
        self.experimental_stats = StatsOptions()
        self.experimental_threading = ThreadingOptions()
