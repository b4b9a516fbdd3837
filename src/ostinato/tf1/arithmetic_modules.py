"""The modules of arithmetic, by their names below `tf`."""

from types import ModuleType

from . import bitwise, linalg, manip, math, sets, sparse, strings

MODULES: dict[str, ModuleType] = {
    "bitwise": bitwise,
    "linalg": linalg,
    "manip": manip,
    "math": math,
    "sets": sets,
    "sparse": sparse,
    "strings": strings,
}
__all__ = [*MODULES]
