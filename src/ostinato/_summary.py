"""`summary`: the variables of a model, with their shapes and how many parameters each holds."""

from __future__ import annotations

import math
from collections.abc import Iterable
from typing import Any

from tabulate import tabulate
from torch import nn


def summary(module: nn.Module | Iterable[Any]) -> None:
    """Print the name, shape and parameter count of each variable of `module`, and the total.

    Args:
        module: an `nn.Module`, or a list of variables with a `name` and a `shape`, such as
            `tf.trainable_variables()` returns.

    >>> from ostinato import BasicLSTMCell
    >>> summary(BasicLSTMCell(64, input_size=12))
    variable    shape        parameters
    ----------  ---------  ------------
    kernel      (76, 256)        19,456
    bias        (256,)              256
    total                        19,712
    """
    if isinstance(module, nn.Module):
        variables = [(name, tuple(value.shape)) for name, value in module.named_parameters()]
    else:
        variables = [(variable.name, tuple(int(size) for size in variable.shape)) for variable in module]
    counts = [math.prod(shape) for _, shape in variables]
    rows = [[name, str(shape), f"{count:,}"] for (name, shape), count in zip(variables, counts, strict=True)]
    rows.append(["total", "", f"{sum(counts):,}"])
    # disable_numparse: a name that looks like a number must stay as it is.
    print(
        tabulate(
            rows,
            headers=["variable", "shape", "parameters"],
            colalign=("left", "left", "right"),
            disable_numparse=True,
        )
    )
