"""What numpy removed or changed since 2017, for scripts of then.

Names come back as what they were. Arrays of rows that differ in length, and of tensors, are arrays of objects
again, `copy=False` is again "where it can be", and numbers print as they did.
"""

from __future__ import annotations

import ctypes
import functools
import gc
import sys
from collections.abc import Callable
from typing import Any

import numpy as np

from ostinato.cli.removed import asked_by_a_library, say_once

_NAMES: dict[str, Any] = {
    "Inf": np.inf,
    "Infinity": np.inf,
    "NAN": np.nan,
    "NINF": -np.inf,
    "NZERO": -0.0,
    "NaN": np.nan,
    "PINF": np.inf,
    "PZERO": 0.0,
    "alltrue": lambda a, *args, **kwargs: np.all(a, *args, **kwargs),
    "asfarray": lambda a, dtype=np.float64: np.asarray(
        a, dtype if np.dtype(dtype).kind in "fc" else np.float64
    ),
    "asscalar": lambda a: a.item(),
    "bool": bool,
    "bool8": np.bool_,
    "cfloat": np.complex128,
    "complex": complex,
    "complex_": np.complex128,
    "cumproduct": np.cumprod,
    "float": float,
    "float_": np.float64,
    "fastCopyAndTranspose": lambda a: np.array(a).T.copy(),
    "find_common_type": lambda arrays, scalars: np.result_type(*arrays, *scalars),
    "in1d": lambda a, b, **kwargs: np.isin(np.ravel(a), b, **kwargs),
    "infty": np.inf,
    "int": int,
    "int0": np.intp,
    "issubclass_": lambda a, b: isinstance(a, type) and issubclass(a, b),
    "issubsctype": lambda a, b: np.issubdtype(a, b),
    "longfloat": np.longdouble,
    "longcomplex": np.clongdouble,
    "mat": np.asmatrix,
    "msort": lambda a: np.sort(a, axis=0),
    "object": object,
    "object0": np.object_,
    "product": np.prod,
    "rank": np.ndim,
    "round_": np.round,
    "row_stack": np.vstack,
    "singlecomplex": np.complex64,
    "sometrue": lambda a, *args, **kwargs: np.any(a, *args, **kwargs),
    "str": str,
    "str0": np.str_,
    "string_": np.bytes_,
    "trapz": lambda y, x=None, dx=1.0, axis=-1: np.trapezoid(y, x, dx, axis),
    "uint0": np.uintp,
    "unicode": str,
    "unicode_": np.str_,
    "sctypes": {
        "int": [np.int8, np.int16, np.int32, np.int64],
        "uint": [np.uint8, np.uint16, np.uint32, np.uint64],
        "float": [np.float16, np.float32, np.float64, np.longdouble],
        "complex": [np.complex64, np.complex128, np.clongdouble],
        "others": [bool, object, bytes, str, np.void],
    },
}


def _tostring(self: Any, order: Any = "C") -> bytes:
    return self.tobytes(order)


def _itemset(self: Any, *args: Any) -> None:
    *place, value = args
    if len(place) == 1 and not isinstance(place[0], tuple):
        self.flat[place[0]] = value
    else:
        self[place[0] if place else ()] = value


def _ptp(self: Any, *args: Any, **kwargs: Any) -> Any:
    return np.ptp(self, *args, **kwargs)


def _newbyteorder(self: Any, new_order: str = "S") -> Any:
    return self.view(self.dtype.newbyteorder(new_order))


_METHODS = {"tostring": _tostring, "itemset": _itemset, "ptp": _ptp, "newbyteorder": _newbyteorder}


def _as_number(kind: type[Any]) -> int:
    """The address of a type's table of conversions to numbers, in the interpreter's own layout."""
    return int(ctypes.c_void_p.from_address(id(kind) + 12 * ctypes.sizeof(ctypes.c_void_p)).value or 0)


def _convert_single_elements() -> None:
    """Let `int`, `float` and `"%.3f" %` take an array of one element again.

    A built-in type's conversions are not asked for by name, so a name in its dictionary alone does nothing:
    its table is given the functions that ask, which every class written in Python has.
    """
    places = {"__int__": 16, "__float__": 18}
    if sys.implementation.name != "cpython" or object.__basicsize__ != 2 * ctypes.sizeof(ctypes.c_void_p):
        return  # another layout

    class Asking:
        def __int__(self) -> int:
            return 0

        def __float__(self) -> float:
            return 0.0

    members = gc.get_referents(np.ndarray.__dict__)[0]
    ours, theirs = _as_number(np.ndarray), _as_number(Asking)
    for name, place in places.items():
        members[name] = _of_one_element(members[name])
        offset = place * ctypes.sizeof(ctypes.c_void_p)
        asking = ctypes.c_void_p.from_address(theirs + offset).value
        ctypes.c_void_p.from_address(ours + offset).value = asking
    ctypes.pythonapi.PyType_Modified(ctypes.py_object(np.ndarray))


def _of_one_element(convert: Any) -> Any:
    def converted(self: Any) -> Any:
        return convert(self.view(np.ndarray).reshape(()) if self.ndim and self.size == 1 else self)

    return converted


def install() -> None:
    """Supply it all to this process."""
    if hasattr(np, "_supplied_by_ostinato"):
        return
    vars(np)["_supplied_by_ostinato"] = True
    _supply_names(np, _NAMES)
    _supply_methods()
    _convert_single_elements()
    np.set_printoptions(legacy="1.25")
    for function in (np.array, np.asarray, np.asanyarray):
        setattr(np, function.__name__, _of_rows_that_differ(function))
    np.fromstring = _fromstring(np.fromstring)
    _supply_names(np.lib, {"pad": np.pad})
    _supply_names(
        np.random,
        {
            "random_integers": lambda low, high=None, size=None: np.random.randint(
                *_inclusive(low, high), size
            )
        },
    )


def _inclusive(low: int, high: int | None) -> tuple[int, int]:
    return (1, low + 1) if high is None else (low, high + 1)


def _supply_names(module: Any, names: dict[str, Any]) -> None:
    """Give a module names that it lacks: through its `__getattr__`, so that libraries do not find them."""
    lacking = {name: value for name, value in names.items() if name not in vars(module)}
    before: Callable[[str], Any] | None = vars(module).get("__getattr__")

    def __getattr__(name: str) -> Any:
        if name in lacking and not asked_by_a_library(1):
            say_once(f"{module.__name__}.{name} is gone from numpy {np.__version__}; this run still has it.")
            return lacking[name]
        if before is not None:
            return before(name)
        raise AttributeError(f"module {module.__name__!r} has no attribute {name!r}")

    vars(module)["__getattr__"] = __getattr__


def _supply_methods() -> None:
    """Give arrays and numpy's numbers the methods that they had. A built-in type takes no attributes but in
    its own dictionary, after which the interpreter must forget what it remembers of the type.
    """
    for kind in (np.ndarray, np.generic):
        members = gc.get_referents(kind.__dict__)[0]
        for name, method in _METHODS.items():
            if not hasattr(kind, name):
                members[name] = method
        ctypes.pythonapi.PyType_Modified(ctypes.py_object(kind))


def _of_rows_that_differ(function: Any) -> Any:
    """numpy's function, for which rows of different lengths are an array of objects again."""

    @functools.wraps(function)
    def made(*args: Any, **kwargs: Any) -> Any:
        try:
            return function(*args, **kwargs)
        except ValueError as error:
            if asked_by_a_library(1):
                raise
            if "inhomogeneous" in str(error) and len(args) < 2 and kwargs.get("dtype") is None:
                say_once(
                    "an array of rows that differ in length is an array of objects here, as it was to numpy "
                    "before 1.24."
                )
                return function(*args, **{**kwargs, "dtype": object})
            if "Unable to avoid copy" in str(error) and kwargs.get("copy") is False:
                return function(*args, **{**kwargs, "copy": None})
            raise
        except NotImplementedError:  # a tensor has no value to put into an array
            if asked_by_a_library(1) or len(args) != 1 or not isinstance(args[0], (list, tuple)):
                raise
            return _of_objects(args[0])

    return made


def _of_objects(nest: Any) -> Any:
    """An array of what is in lists of equal lengths, such as tensors, which have no values."""
    shape: list[int] = []
    row = [nest]
    while all(isinstance(part, (list, tuple)) for part in row) and len({len(part) for part in row}) == 1:
        shape.append(len(row[0]))
        row = [inner for part in row for inner in part]
    made = np.empty(len(row), object)
    for place, part in enumerate(row):
        made[place] = part
    return made.reshape(shape)


def _fromstring(function: Any) -> Any:
    """numpy's function, which reads binary data again."""

    @functools.wraps(function)
    def read(string: Any, dtype: Any = float, count: int = -1, *, sep: str = "", **kwargs: Any) -> Any:
        if sep:
            return function(string, dtype, count, sep=sep, **kwargs)
        data = string.encode("latin-1") if isinstance(string, str) else string
        return np.frombuffer(data, dtype, count).copy()

    return read
