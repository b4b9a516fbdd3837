"""Elements from Python generators, as arrays of the types that were announced."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import torch

from ..dtypes import DType
from ..errors import InvalidArgumentError, UnknownError
from ..ops.core import string_array
from . import structure as nests
from .runtime import Element


class Yielded(Iterator[Element]):
    """What a generator yields, converted and checked; it begins with the first element."""

    def __init__(self, begin: Callable[[], Any], structure: Any) -> None:
        self._begin, self._structure = begin, structure
        self._specs = nests.flatten(structure)
        self._values: Iterator[Any] | None = None

    def __next__(self) -> Element:
        try:
            if self._values is None:
                self._values = iter(self._begin())
            value = next(self._values)
        except StopIteration:
            raise
        except (TypeError, ValueError, NotImplementedError) as problem:
            kind = InvalidArgumentError
            raise kind(None, None, f"{type(problem).__name__}: {problem}") from problem
        except Exception as problem:
            raise UnknownError(None, None, f"{type(problem).__name__}: {problem}") from problem
        try:
            if isinstance(self._structure, tuple) and isinstance(value, list):
                raise TypeError  # here a list is one tensor
            parts = nests.flatten_up_to(self._structure, value)
        except (TypeError, ValueError):
            raise InvalidArgumentError(
                None,
                None,
                "TypeError: `generator` yielded an element that did not match the expected structure. The "
                f"expected structure was {nests.types_of(self._structure)}, but the yielded element was "
                f"{value}.",
            ) from None
        return tuple([_component(part, spec) for part, spec in zip(parts, self._specs, strict=True)])


def _component(value: Any, spec: Any) -> Any:
    dtype: DType = spec.dtype
    try:
        found = _converted(value, dtype)
    except (TypeError, ValueError, OverflowError):
        raise InvalidArgumentError(
            None,
            None,
            "TypeError: `generator` yielded an element that could not be converted to the expected type. The "
            f"expected type was {dtype.name}, but the yielded element was {value}.",
        ) from None
    if spec.shape.known != found.shape and not spec.shape.is_compatible_with(found.shape):
        raise InvalidArgumentError(
            None,
            None,
            f"ValueError: `generator` yielded an element of shape {found.shape} where an element of shape "
            f"{spec.shape} was expected.",
        )
    if dtype.name == "string":
        return found
    return torch.from_numpy(found)


def _converted(value: Any, dtype: DType) -> np.ndarray:
    if dtype.name == "string":
        found = string_array(value)
        if found is None:
            raise TypeError
        return found
    return np.array(value, dtype=dtype.as_numpy_dtype, order="C")  # a copy: the generator may reuse its own


def elements_of(generator: Callable[..., Any], structure: Any) -> Callable[[list[Any]], Iterator[Element]]:
    """A function from the generator's arguments to its elements."""
    return lambda arguments: Yielded(lambda: generator(*arguments), structure)
