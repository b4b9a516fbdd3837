"""The module `tf.sysconfig`: how ops in C++ are compiled, which there are none of here."""

from __future__ import annotations

from typing import NoReturn

from .errors import UnimplementedError
from .names import absent

CXX11_ABI_FLAG = MONOLITHIC_BUILD = 0


def _refuse(symbol: str) -> NoReturn:
    raise UnimplementedError(
        None,
        None,
        f"tf.sysconfig.{symbol}: ops in C++ for TensorFlow cannot be compiled or loaded here. Write the op "
        "in Python: of other ops, or as tf.py_func.",
    )


def get_include() -> str:
    """Not there (TF1 symbol: `tf.sysconfig.get_include`)."""
    _refuse("get_include()")


def get_lib() -> str:
    """Not there (TF1 symbol: `tf.sysconfig.get_lib`)."""
    _refuse("get_lib()")


def get_compile_flags() -> list[str]:
    """Not there (TF1 symbol: `tf.sysconfig.get_compile_flags`)."""
    _refuse("get_compile_flags()")


def get_link_flags() -> list[str]:
    """Not there (TF1 symbol: `tf.sysconfig.get_link_flags`)."""
    _refuse("get_link_flags()")


__all__ = [
    "CXX11_ABI_FLAG",
    "MONOLITHIC_BUILD",
    "get_compile_flags",
    "get_include",
    "get_lib",
    "get_link_flags",
]
__getattr__ = absent("tf.sysconfig", __all__)
