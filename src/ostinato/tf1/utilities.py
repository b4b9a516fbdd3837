"""What scripts take of `tensorflow.python.util`, `.eager.context` and `.client` beside nests and text."""

from __future__ import annotations

import contextlib
import functools
import inspect
import json
import sys
from collections.abc import Callable
from types import ModuleType, SimpleNamespace
from typing import Any

import numpy as np

from .session import DeviceAttributes
from .session_device import gpu_memory, gpus


def unchanged(*_: Any, **__: Any) -> Callable[[Any], Any]:
    """A decorator that leaves a function as it is: what is deprecated there is not told here."""
    return lambda function: function


def deprecated_argument_lookup(new_name: str, new_value: Any, old_name: str, old_value: Any) -> Any:
    """The value of an argument that has an old name.

    Raises:
        ValueError: it is given by both.
    """
    if old_value is None:
        return new_value
    if new_value is not None:
        raise ValueError(f"Cannot specify both {old_name!r} and {new_name!r}.")
    return old_value


def make_decorator(target: Any, decorator_func: Any, *_: Any, **__: Any) -> Any:
    """A function in the name of another."""
    return functools.wraps(target)(decorator_func)


def remove_undocumented(module_name: str, allowed_exception_list: Any = None, *_: Any, **__: Any) -> None:
    """Nothing to do: a module's names stay."""


def make_all(module_name: str, doc_string_modules: Any = None) -> list[str]:
    """The public names of a module."""
    return [name for name in dir(sys.modules[module_name]) if not name.startswith("_")]


def list_local_devices(session_config: Any = None) -> list[DeviceAttributes]:
    """The devices that sessions may use (`tensorflow.python.client.device_lib`)."""
    return [
        DeviceAttributes("CPU", 0, 268435456),
        *[DeviceAttributes("GPU", index, gpu_memory(gpu)) for index, gpu in enumerate(gpus())],
    ]


class Timeline:
    """A trace of a run for chrome://tracing (`tensorflow.python.client.timeline`)."""

    def __init__(self, step_stats: Any, graph: Any = None) -> None:
        self._step_stats = step_stats

    def generate_chrome_trace_format(self, show_dataflow: bool = True, show_memory: bool = False) -> str:
        """The trace as JSON: an event for each node that the run evaluated."""
        events: list[dict[str, Any]] = []
        for number, device in enumerate(getattr(self._step_stats, "dev_stats", ())):
            events.append({"name": "process_name", "ph": "M", "pid": number, "args": {"name": device.device}})
            for node in device.node_stats:
                events.append(
                    {
                        "name": node.timeline_label or node.node_name,
                        "cat": "Op",
                        "ph": "X",
                        "pid": number,
                        "tid": node.thread_id,
                        "ts": node.all_start_micros,
                        "dur": node.all_end_rel_micros,
                        "args": {"name": node.node_name},
                    }
                )
        return json.dumps({"traceEvents": events}, indent=4)


def has_inf_or_nan(datum: Any, tensor: Any) -> bool:
    """Whether an array has an element that is no finite number (`tensorflow.python.debug`)."""
    values = np.asarray(tensor)
    return bool(values.dtype.kind in "fc" and not np.isfinite(values).all())


def _module(path: str, **names: Any) -> ModuleType:
    module = ModuleType(path, f"What {path} shows of ostinato.tf1.")
    vars(module).update(names)
    return module


def modules() -> dict[str, ModuleType]:
    """The modules, by name."""
    inspected = {name: value for name, value in vars(inspect).items() if not name.startswith("_")}
    found = [
        _module(
            "tensorflow.python.util.deprecation",
            deprecated=unchanged,
            deprecated_args=unchanged,
            deprecated_arg_values=unchanged,
            deprecated_endpoints=unchanged,
            deprecated_argument_lookup=deprecated_argument_lookup,
            silence=contextlib.nullcontext,
        ),
        _module("tensorflow.python.util.tf_inspect", **{**inspected, "getargspec": inspect.getfullargspec}),
        _module("tensorflow.python.util.tf_contextlib", contextmanager=contextlib.contextmanager),
        _module(
            "tensorflow.python.util.tf_decorator",
            make_decorator=make_decorator,
            unwrap=lambda function: ([], inspect.unwrap(function)),
        ),
        _module(
            "tensorflow.python.util.all_util", remove_undocumented=remove_undocumented, make_all=make_all
        ),
        _module(
            "tensorflow.python.eager.context",
            executing_eagerly=lambda: False,
            in_graph_mode=lambda: True,
            in_eager_mode=lambda: False,
            graph_mode=contextlib.nullcontext,
            context=lambda: SimpleNamespace(executing_eagerly=lambda: False),
        ),
        _module("tensorflow.python.framework.op_def_registry", get_registered_ops=dict),
        _module(
            "tensorflow.python.ops.control_flow_util",
            GetContainingWhileContext=lambda ctxt, stop_ctxt=None: None,
            GraphOrParentsInXlaContext=lambda graph: False,
        ),
        _module("tensorflow.python.debug", has_inf_or_nan=has_inf_or_nan),
        _module("tensorflow.python.client.device_lib", list_local_devices=list_local_devices),
        _module("tensorflow.python.client.timeline", Timeline=Timeline),
    ]
    return {module.__name__: module for module in found}
