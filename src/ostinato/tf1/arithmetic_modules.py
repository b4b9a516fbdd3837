"""The modules of arithmetic, by their names below `tf`."""

from types import ModuleType

from . import bitwise, debugging, linalg, manip, math, sets, signal, sparse, strings
from . import dtypes_module as dtypes

MODULES: dict[str, ModuleType] = {
    "bitwise": bitwise,
    "debugging": debugging,
    "dtypes": dtypes,
    "linalg": linalg,
    "manip": manip,
    "math": math,
    "sets": sets,
    "signal": signal,
    "sparse": sparse,
    "spectral": signal,
    "strings": strings,
}
spectral = signal
__all__ = [*MODULES]
