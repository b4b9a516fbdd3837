"""Assignments to a part of a variable: `v[1:3].assign(x)`.

>>> import ostinato.tf1 as tf
>>> with tf.Graph().as_default(), tf.Session() as session:
...     v = tf.Variable([0.0, 1.0, 2.0, 3.0])
...     session.run(v.initializer)
...     session.run(v[1:3].assign([8.0, 9.0])).tolist()
[0.0, 8.0, 9.0, 3.0]
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import torch

from ..errors import UnimplementedError
from ..registry import OutputTypes, register
from ..shapes import TensorShape
from ..tensor import Operation, Tensor
from .core import convert_to_tensor, one
from .state import reference_of, variable_name

Pick = Callable[..., Any]


def register_assignment(pick: Pick, rule: Callable[..., OutputTypes]) -> None:
    """Register StridedSliceAssign, with the function that takes such a part and the rule of its shape."""

    def kernel(
        run: Any, operation: Operation, _: Any, begin: Any, end: Any, strides: Any, value: Any
    ) -> torch.Tensor:
        masks = {name: number for name, number in operation.attributes.items() if name != "variable"}
        name = operation.attributes["variable"]
        old = run.current(name)
        count = old.size if isinstance(old, np.ndarray) else old.numel()
        # The elements' numbers: where a step is negative there is no view to write to.
        places = pick(torch.arange(count).reshape(old.shape), begin, end, strides, **masks)
        if tuple(places.shape) != tuple(value.shape):
            raise UnimplementedError(
                None,
                operation,
                f"sliced l-value shape {TensorShape(places.shape).bracketed()} does not match r-value shape "
                f"{TensorShape(value.shape).bracketed()}. Automatic broadcasting not yet implemented.",
            )
        if isinstance(old, np.ndarray):  # strings
            new = old.copy()
            new.reshape(-1)[places.reshape(-1).numpy()] = value.reshape(-1)
            return run.write(name, new)
        flat = old.reshape(-1).index_copy(0, places.reshape(-1).to(old.device), value.detach().reshape(-1))
        return run.write(name, flat.reshape(old.shape))

    def shapes(inputs: Sequence[Tensor], attributes: dict[str, Any]) -> OutputTypes:
        rule(inputs[:4], attributes)  # which refuses a part that is not there
        return [(inputs[0].dtype, inputs[0].shape)]

    register(
        "StridedSliceAssign",
        kernel,
        shapes,
        stateful=True,
        writes=True,
        differentiable=False,
        reference_inputs=(0,),
    )


def assigner(part: Tensor, variable: Any, parent: str | None, masks: dict[str, Any]) -> Callable[..., Tensor]:
    """What `part.assign` is: it gives the variable that the part was taken of new values there."""

    def assign(val: Any, name: str | None = None) -> Tensor:
        """Give these elements new values; the result is the whole variable after that.

        Raises:
            ValueError: the part was not taken of a variable.
        """
        if variable is None:
            raise ValueError("Sliced assignment is only supported for variables")
        reference = reference_of(variable)
        inputs = [reference, *part.op.inputs[1:], convert_to_tensor(val, reference.dtype.base_dtype)]
        scope = name or f"{parent or part.op.name}_assign"
        return one("StridedSliceAssign", inputs, scope, variable=variable_name(reference), **masks)

    return assign
