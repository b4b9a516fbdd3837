"""The modules of arithmetic, by their names below `tf`."""

from types import ModuleType

from . import bitwise, manip, math, sets, sparse, strings

MODULES: dict[str, ModuleType] = {
    "bitwise": bitwise,
    "manip": manip,
    "math": math,
    "sets": sets,
    "sparse": sparse,
    "strings": strings,
}
__all__ = [*MODULES]
