"""What Python removed since 2017, for scripts of then that ran on Python 3 of that time."""

from __future__ import annotations

import base64
import builtins
import collections
import collections.abc
import functools
import importlib
import importlib.abc
import importlib.machinery
import importlib.util
import inspect
import json
import math
import random
import sys
import threading
import time
import types
import unittest
from collections.abc import Callable
from typing import Any

from ostinato.cli.removed import asked_by_a_library, say_once

_VERSION = f"{sys.version_info.major}.{sys.version_info.minor}"


def install() -> None:
    """Supply it all to this process."""
    if any(isinstance(finder, _Finder) for finder in sys.meta_path):
        return
    sys.meta_path.append(_Finder())
    _supply(collections, {name: getattr(collections.abc, name) for name in collections.abc.__all__})
    _supply(inspect, {"getargspec": _getargspec, "formatargspec": lambda *a, **k: str(inspect.Signature())})
    _supply(time, {"clock": time.process_time if sys.platform != "win32" else time.perf_counter})
    _supply(importlib.import_module("fractions"), {"gcd": math.gcd})
    _supply(base64, {"encodestring": base64.encodebytes, "decodestring": base64.decodebytes})
    _supply(unittest, {"makeSuite": unittest.defaultTestLoader.loadTestsFromTestCase})
    _supply(types, {"ClassType": type, "StringType": str, "ListType": list, "DictType": dict})
    _methods(threading.Thread, {"isAlive": threading.Thread.is_alive})
    json.loads = _without_encoding(json.loads)
    json.load = _without_encoding(json.load)
    json.JSONEncoder.default = _flags_too(json.JSONEncoder.default)  # type: ignore[method-assign]
    builtins.open = _universal(builtins.open)
    random.shuffle = _with_own_random(random.shuffle)
    random.sample = _of_sets(random.sample)


def _supply(module: types.ModuleType, names: dict[str, Any]) -> None:
    """Give a module names that it lacks: through its `__getattr__`, so that libraries do not find them."""
    lacking = {name: value for name, value in names.items() if not hasattr(module, name)}
    before: Callable[[str], Any] | None = vars(module).get("__getattr__")

    def __getattr__(name: str) -> Any:
        if name in lacking and not asked_by_a_library(1):
            say_once(f"{module.__name__}.{name} is gone from Python {_VERSION}; this run still has it.")
            return lacking[name]
        if before is not None:
            return before(name)
        raise AttributeError(f"module {module.__name__!r} has no attribute {name!r}")

    vars(module)["__getattr__"] = __getattr__


def _methods(kind: type, names: dict[str, Any]) -> None:
    for name, method in names.items():
        if not hasattr(kind, name):
            setattr(kind, name, method)


def _getargspec(function: Any) -> Any:
    found = inspect.getfullargspec(function)
    ArgSpec = collections.namedtuple("ArgSpec", "args varargs keywords defaults")
    return ArgSpec(found.args, found.varargs, found.varkw, found.defaults)


def _without_encoding(function: Any) -> Any:
    """json's function, which takes `encoding` again and, as it did, does nothing with it."""

    @functools.wraps(function)
    def read(*args: Any, **kwargs: Any) -> Any:
        kwargs.pop("encoding", None)
        return function(*args, **kwargs)

    return read


def _flags_too(function: Any) -> Any:
    """json's way out for what it does not know: a flag of `FLAGS.__flags` is written as its value."""

    def default(self: Any, value: Any) -> Any:
        from ostinato.tf1.flags import Flag

        return value.value if isinstance(value, Flag) else function(self, value)

    return default


def _universal(function: Any) -> Any:
    """`open`, which takes the mode "U" again: all kinds of line ends, which is what text is read with."""

    @functools.wraps(function)
    def opened(file: Any, mode: Any = "r", *args: Any, **kwargs: Any) -> Any:
        if isinstance(mode, str) and "U" in mode:
            mode = mode.replace("U", "") or "r"
            mode = mode if "r" in mode else f"r{mode}"
        return function(file, mode, *args, **kwargs)

    return opened


def _with_own_random(function: Any) -> Any:
    """`random.shuffle`, which takes a function that draws again."""

    @functools.wraps(function)
    def shuffle(x: Any, random: Callable[[], float] | None = None) -> None:
        if random is None:
            function(x)
            return
        for index in reversed(range(1, len(x))):
            other = int(random() * (index + 1))
            x[index], x[other] = x[other], x[index]

    return shuffle


def _of_sets(function: Any) -> Any:
    """`random.sample`, which takes sets and the keys of dictionaries again."""

    @functools.wraps(function)
    def sample(population: Any, k: int, **kwargs: Any) -> Any:
        is_set = isinstance(population, collections.abc.Set)
        return function(tuple(population) if is_set else population, k, **kwargs)

    return sample


def _imp() -> types.ModuleType:
    """The module `imp`, as far as scripts used it."""
    module = types.ModuleType("imp", "Python's former imp, served by ostinato.")

    def load_source(name: str, pathname: str, file: Any = None) -> types.ModuleType:
        spec: Any = importlib.util.spec_from_file_location(name, pathname)
        made = importlib.util.module_from_spec(spec)
        sys.modules[name] = made
        spec.loader.exec_module(made)
        return made

    vars(module).update(
        reload=importlib.reload,
        load_source=load_source,
        new_module=types.ModuleType,
        acquire_lock=lambda: None,
    )
    return module


def _distutils_version() -> types.ModuleType:
    """`distutils.version`, which scripts compare TensorFlow's version by."""
    module = types.ModuleType("distutils.version", "Python's former distutils.version, served by ostinato.")

    @functools.total_ordering
    class LooseVersion:
        def __init__(self, vstring: str = "") -> None:
            self.vstring = vstring
            parts = "".join(c if c.isalnum() else " " for c in vstring).split()
            self.version = [int(part) if part.isdigit() else part for part in parts]

        def _key(self, other: Any) -> Any:
            return other.version if isinstance(other, LooseVersion) else LooseVersion(str(other)).version

        def __eq__(self, other: object) -> bool:
            return bool(self.version == self._key(other))

        def __lt__(self, other: Any) -> bool:
            ours, theirs = self.version, self._key(other)
            return [(isinstance(x, str), x) for x in ours] < [(isinstance(x, str), x) for x in theirs]

        def __str__(self) -> str:
            return self.vstring

        def __hash__(self) -> int:
            return hash(tuple(self.version))

    vars(module).update(LooseVersion=LooseVersion, StrictVersion=LooseVersion)
    return module


def _distutils() -> types.ModuleType:
    module = types.ModuleType("distutils", "Python's former distutils, as far as scripts used it.")
    module.__path__ = []
    return module


def _c_element_tree() -> types.ModuleType:
    return importlib.import_module("xml.etree.ElementTree")


def _absl() -> types.ModuleType:
    module = types.ModuleType(
        "absl", "absl, which came with TensorFlow: its flags, app and logging are tf's."
    )
    module.__path__ = []
    return module


_MODULES: dict[str, Callable[[], types.ModuleType]] = {
    "absl": _absl,
    "absl.app": lambda: importlib.import_module("ostinato.tf1.app"),
    "absl.flags": lambda: importlib.import_module("ostinato.tf1.flags"),
    "absl.logging": lambda: importlib.import_module("ostinato.tf1.logging"),
    "imp": _imp,
    "distutils": _distutils,
    "distutils.version": _distutils_version,
    "xml.etree.cElementTree": _c_element_tree,
}


class _Finder(importlib.abc.MetaPathFinder, importlib.abc.Loader):
    """Serves modules that Python had, where nothing else does: it stands last among the finders."""

    def find_spec(self, fullname: str, path: Any = None, target: Any = None) -> Any:
        if fullname not in _MODULES:
            return None
        return importlib.machinery.ModuleSpec(fullname, self, is_package=fullname in ("absl", "distutils"))

    def create_module(self, spec: Any) -> types.ModuleType:
        if not spec.name.startswith("absl"):
            say_once(f"the module {spec.name} is gone from Python {_VERSION}; this run still has it.")
        module = _MODULES[spec.name]()
        spec.loader_state = getattr(module, "__spec__", None)
        return module

    def exec_module(self, module: types.ModuleType) -> None:
        """The module was made whole. One of Python's own gets its own specification back."""
        spec: Any = module.__spec__
        if spec is not None and spec.loader_state is not None:
            module.__spec__ = spec.loader_state
