"""The types that TensorFlow's own operations have kernels for."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any


def check_kernel_type(inputs: Any, allowed: Sequence[str]) -> None:
    """Raise a TypeError where TensorFlow has no kernel for the inputs' type: a graph that runs here and not
    there would be no TensorFlow graph.
    """
    name = inputs.dtype.base_dtype.name
    if name not in allowed:
        raise TypeError(
            f"Value passed to parameter 'x' has DataType {name} not in list of allowed values: "
            f"{', '.join(allowed)}"
        )
