"""Which variables of a checkpoint belong to a wrapper around a cell: projections, embeddings, attention.

A wrapper is told by the name that TensorFlow gives its scope; its cell is found by `recurrent_cells`.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass

from ostinato.interop.cell_names import class_name, natural_order

Shape = tuple[int, ...]

_OLD = (("kernel", "weights", "Linear/Matrix"), ("bias", "biases", "Linear/Bias"))  # spellings, newest first


@dataclass(frozen=True)
class WrapperVariables:
    """The variables that a wrapper around a cell owns.

    Attributes:
        scope: what their names have in common, without the slash at its end.
        wrapper: TensorFlow's class, such as "OutputProjectionWrapper".
        inputs: columns of what goes in; the number of symbols for an embedding.
        outputs: columns of what comes out.
        variables: a variable's name below the scope to its name in the checkpoint.
    """

    scope: str
    wrapper: str
    inputs: int
    outputs: int
    variables: Mapping[str, str]


def cell_wrappers(shapes: Mapping[str, Shape]) -> list[WrapperVariables]:
    """The wrappers among variables of these names and shapes, in order of name.

    >>> scope = "rnn/output_projection_wrapper"
    >>> cell_wrappers({f"{scope}/kernel": (64, 9), f"{scope}/bias": (9,)})
    [WrapperVariables(scope='rnn/output_projection_wrapper', ..., inputs=64, outputs=9, variables={...})]
    """
    found = []
    attention = _attention(shapes)
    for name, shape in shapes.items():
        scope, _, last = name.rpartition("/")
        if last in ("carry_w", "embedding") or (len(shape) == 2 and last in ("kernel", "weights", "Matrix")):
            wrapper = _highway(name, shapes) if last == "carry_w" else _named(scope, last, shapes, attention)
            if wrapper is not None:
                found.append(wrapper)
    return sorted(found, key=lambda wrapper: natural_order(wrapper.scope))


def _attention(shapes: Mapping[str, Shape]) -> dict[str, dict[str, str]]:
    """By scope, the variables that only a wrapper with attention has: its matrices for scores and outputs."""
    scopes: dict[str, dict[str, str]] = defaultdict(dict)
    for name in shapes:
        parts = name.split("/")
        for depth in (2, 3):  # attention/kernel; in TensorFlow 0, Attention/Linear/Matrix
            if len(parts) > depth and parts[-depth].lower().replace("_", "") in (
                "attention",
                "attnoutputprojection",
            ):
                scopes["/".join(parts[:-depth])]["/".join(parts[-depth:])] = name
    return scopes


def _named(
    scope: str, last: str, shapes: Mapping[str, Shape], attention: Mapping[str, Mapping[str, str]]
) -> WrapperVariables | None:
    if last == "Matrix":
        scope, _, linear = scope.rpartition("/")
        last = f"{linear}/{last}"
    kind = class_name(scope.rpartition("/")[2])
    if kind == "embeddingwrapper":
        names = ["embedding"] if last == "embedding" else []
    elif kind in _CLASSES:
        names = [last, *(bias for kernel, bias in zip(*_OLD, strict=True) if kernel == last)]
    else:
        return None
    variables = {own: f"{scope}/{own}" for own in names}
    if not variables or any(name not in shapes for name in variables.values()):
        return None
    weights, *biases = (shapes[name] for name in variables.values())
    if len(weights) != 2 or any(bias != weights[1:] for bias in biases):
        return None
    if kind == "attentioncellwrapper":
        variables |= attention.get(scope, {})
    return WrapperVariables(scope, _CLASSES[kind], weights[0], weights[1], variables)


_CLASSES = {
    "inputprojectionwrapper": "InputProjectionWrapper",
    "outputprojectionwrapper": "OutputProjectionWrapper",
    "embeddingwrapper": "EmbeddingWrapper",
    "attentioncellwrapper": "AttentionCellWrapper",
}


def _highway(carry_w: str, shapes: Mapping[str, Shape]) -> WrapperVariables | None:
    prefix = carry_w.removesuffix("carry_w")  # with its slash: "/carry_w" is another name than "carry_w"
    names = ("carry_w", "carry_b", "transform_w", "transform_b")
    variables = {own: prefix + own for own in names if prefix + own in shapes}
    *_, size = shapes[carry_w] or (0,)
    matrix, vector = (size, size), (size,)
    wanted = {"carry_w": matrix, "carry_b": vector, "transform_w": matrix, "transform_b": vector}
    if "carry_b" not in variables or any(shapes[name] != wanted[own] for own, name in variables.items()):
        return None
    return WrapperVariables(prefix.removesuffix("/"), "HighwayWrapper", size, size, variables)
