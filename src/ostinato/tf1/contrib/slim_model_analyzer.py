"""The module `tf.contrib.slim.model_analyzer`: the sizes of variables and of what operations give."""

from __future__ import annotations

from typing import Any

from ..names import absent


def tensor_description(var: Any) -> str:
    """A type and sizes: "(float32_ref 3x4)" (TF1 symbol: `tf.contrib.slim.model_analyzer`)."""
    sizes = var.shape
    rank = sizes.ndims or 0
    text = (
        "?"
        if sizes.ndims is None
        else "x".join("?" if size is None else str(size) for size in sizes.as_list())
    )
    return f"({var.dtype.name}{f' {text}' if rank else ''})"


def analyze_vars(variables: Any, print_info: bool = False) -> tuple[int, int]:
    """(how many numbers, how many bytes) variables have, printed too where that is asked for (TF1 symbol:
    `tf.contrib.slim.model_analyzer.analyze_vars`).
    """
    if print_info:
        print("---------")
        print("Variables: name (type shape) [size]")
        print("---------")
    numbers = taken = 0
    for variable in variables:
        count = variable.shape.num_elements() or 0
        size = count * variable.dtype.size
        numbers, taken = numbers + count, taken + size
        if print_info:
            print(variable.name, tensor_description(variable), f"[{count}, bytes: {size}]")
    if print_info:
        print(f"Total size of variables: {numbers}")
        print(f"Total bytes of variables: {taken}")
    return numbers, taken


def analyze_ops(graph: Any, print_info: bool = False) -> int:
    """How many numbers the operations of a graph give (TF1: `tf.contrib.slim.model_analyzer.analyze_ops`)."""
    if print_info:
        print("---------")
        print("Operations: name -> (type shapes) [size]")
        print("---------")
    total = 0
    for operation in graph.get_operations():
        count = 0
        shapes = []
        for output in operation.outputs:
            count += output.shape.num_elements() or 0 if output.shape.ndims is not None else 0
            shapes.append(tensor_description(output))
        if print_info:
            print(operation.name, "\t->", ", ".join(shapes), f"[{count}]")
        total += count
    if print_info:
        print("---------")
        print(f"Total size: {total}")
    return total


__all__ = ["analyze_ops", "analyze_vars", "tensor_description"]
__getattr__ = absent("tf.contrib.slim.model_analyzer", __all__)
