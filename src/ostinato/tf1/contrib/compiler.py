"""The module `tf.contrib.compiler`: scopes that ask for a compiler, of which there is none to ask."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from types import ModuleType
from typing import Any

from ..names import absent


@contextmanager
def experimental_jit_scope(
    compile_ops: Any = True, separate_compiled_gradients: bool = False
) -> Iterator[None]:
    """A scope of operations to compile together, which changes no value; here it changes nothing.

    TF1 symbol: `tf.contrib.compiler.jit.experimental_jit_scope`.
    """
    yield


jit = ModuleType("tensorflow.contrib.compiler.jit", "What tf.contrib.compiler.jit has.")
jit.experimental_jit_scope = experimental_jit_scope  # type: ignore[attr-defined]
vars(jit)["__getattr__"] = absent("tf.contrib.compiler.jit", ["experimental_jit_scope"])

__all__ = ["jit"]

__getattr__ = absent("tf.contrib.compiler", __all__)
