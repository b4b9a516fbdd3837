"""The modules of arithmetic, by their names below `tf`."""

from types import ModuleType

from . import sets, sparse

MODULES: dict[str, ModuleType] = {"sets": sets, "sparse": sparse}
