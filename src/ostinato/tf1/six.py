"""`six` for scripts of TensorFlow 1's time that import it where it is not installed: what Python 3 has."""

from __future__ import annotations

import builtins
import functools
import importlib
import importlib.abc
import importlib.machinery
import io
import itertools
import operator
import os
import shlex
import sys
from collections.abc import Callable
from types import ModuleType
from typing import Any

_MODULES = {  # what `six.moves` calls it: what Python 3 does
    "_thread": "_thread",
    "builtins": "builtins",
    "collections_abc": "collections.abc",
    "configparser": "configparser",
    "copyreg": "copyreg",
    "cPickle": "pickle",
    "html_parser": "html.parser",
    "http_client": "http.client",
    "queue": "queue",
    "reprlib": "reprlib",
    "socketserver": "socketserver",
    "urllib_error": "urllib.error",
    "urllib_parse": "urllib.parse",
    "urllib_request": "urllib.request",
}
_NAMES: dict[str, Any] = {
    "StringIO": io.StringIO,
    "cStringIO": io.StringIO,
    "filter": filter,
    "filterfalse": itertools.filterfalse,
    "getcwd": os.getcwd,
    "getcwdb": os.getcwdb,
    "input": input,
    "intern": sys.intern,
    "map": map,
    "range": range,
    "reduce": functools.reduce,
    "reload_module": importlib.reload,
    "shlex_quote": shlex.quote,
    "xrange": range,
    "zip": zip,
    "zip_longest": itertools.zip_longest,
}


def _encoded(value: Any, encoding: str = "utf-8", errors: str = "strict") -> bytes:
    return value.encode(encoding, errors) if isinstance(value, str) else _checked(value, bytes)


def _decoded(value: Any, encoding: str = "utf-8", errors: str = "strict") -> str:
    text: str = value.decode(encoding, errors) if isinstance(value, bytes) else _checked(value, str)
    return text


def _checked(value: Any, kind: type) -> Any:
    if not isinstance(value, kind):
        raise TypeError(f"not expecting type '{type(value)}'")
    return value


def _raise(kind: Any, value: Any, traceback: Any = None) -> None:
    raise (kind() if value is None else value).with_traceback(traceback)


def _raise_from(value: BaseException, cause: BaseException | None) -> None:
    raise value from cause


def add_metaclass(metaclass: type) -> Callable[[type], type]:
    """A class decorator that makes the class anew with a metaclass."""

    def again(cls: type) -> type:
        members = {
            name: value for name, value in vars(cls).items() if name not in ("__dict__", "__weakref__")
        }
        slots = members.get("__slots__", ())
        for slot in [slots] if isinstance(slots, str) else slots:
            members.pop(slot)
        made: type = metaclass(cls.__name__, cls.__bases__, members)
        return made

    return again


def with_metaclass(metaclass: type, *bases: type) -> Any:
    """A base class that gives the classes that derive from it a metaclass, and leaves no trace."""

    class Passing(type):
        def __new__(cls, name: str, _: Any, members: dict[str, Any]) -> Any:
            return metaclass(name, bases, members)

    return type.__new__(Passing, "temporary_class", (), {})


_SIX: dict[str, Any] = {
    "PY2": False,
    "PY3": True,
    "PY34": True,
    "MAXSIZE": sys.maxsize,
    "BytesIO": io.BytesIO,
    "StringIO": io.StringIO,
    "add_metaclass": add_metaclass,
    "b": lambda text: text.encode("latin-1"),
    "binary_type": bytes,
    "byte2int": operator.itemgetter(0),
    "callable": callable,
    "class_types": (type,),
    "ensure_binary": _encoded,
    "ensure_str": _decoded,
    "ensure_text": _decoded,
    "get_function_code": operator.attrgetter("__code__"),
    "get_function_defaults": operator.attrgetter("__defaults__"),
    "get_method_function": operator.attrgetter("__func__"),
    "get_method_self": operator.attrgetter("__self__"),
    "indexbytes": operator.getitem,
    "int2byte": lambda number: bytes((number,)),
    "integer_types": (int,),
    "iterbytes": iter,
    "iteritems": lambda mapping, **options: iter(mapping.items(**options)),
    "iterkeys": lambda mapping, **options: iter(mapping.keys(**options)),
    "itervalues": lambda mapping, **options: iter(mapping.values(**options)),
    "next": next,
    "print_": print,
    "python_2_unicode_compatible": lambda cls: cls,
    "raise_from": _raise_from,
    "reraise": _raise,
    "string_types": (str,),
    "text_type": str,
    "u": lambda text: text,
    "unichr": chr,
    "viewitems": operator.methodcaller("items"),
    "viewkeys": operator.methodcaller("keys"),
    "viewvalues": operator.methodcaller("values"),
    "with_metaclass": with_metaclass,
    "wraps": functools.wraps,
    "exec_": builtins.exec,
}


def _build(name: str) -> ModuleType | None:
    """The module of this name; None where there is none."""
    parts = name.split(".")
    module = ModuleType(name, f"Python 3's {name}, served by ostinato.")
    if name == "six":
        vars(module).update(_SIX)
    elif name == "six.moves":
        vars(module).update(_NAMES)
        vars(module)["__getattr__"] = _move
    elif name == "six.moves.urllib":
        module.__dict__["__getattr__"] = lambda part: importlib.import_module(f"urllib.{part}")
    elif parts[:3] == ["six", "moves", "urllib"] and parts[3:] in (["error"], ["parse"], ["request"]):
        return importlib.import_module(f"urllib.{parts[3]}")
    elif parts[:2] == ["six", "moves"] and len(parts) == 3 and parts[2] in _MODULES:
        return importlib.import_module(_MODULES[parts[2]])
    else:
        return None
    module.__path__ = []
    return module


def _move(name: str) -> Any:
    if name in _MODULES:
        return importlib.import_module(_MODULES[name])
    raise AttributeError(f"module 'six.moves' has no attribute {name!r} here; pip install six has them all.")


class Finder(importlib.abc.MetaPathFinder, importlib.abc.Loader):
    """Serves `six` where nothing else does: it stands last among the finders."""

    def find_spec(self, fullname: str, path: Any = None, target: Any = None) -> Any:
        module = _build(fullname) if fullname.split(".")[0] == "six" else None
        if module is None:
            return None
        package = hasattr(module, "__path__")
        state = module, getattr(module, "__spec__", None)
        return importlib.machinery.ModuleSpec(fullname, self, loader_state=state, is_package=package)

    def create_module(self, spec: Any) -> ModuleType:
        module: ModuleType = spec.loader_state[0]
        return module

    def exec_module(self, module: ModuleType) -> None:
        """The module was made whole. One of Python's own gets its own specification back."""
        spec: Any = module.__spec__
        if spec.loader_state[1] is not None:
            module.__spec__ = spec.loader_state[1]


def install() -> None:
    """Serve `six` from now on, where it is not installed."""
    if not any(isinstance(finder, Finder) for finder in sys.meta_path):
        sys.meta_path.append(Finder())
