"""Tensors of one layout from those of the other, planned by name and shape, made when they are asked for."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np

from ostinato.interop import object_names
from ostinato.interop.recognition import RecurrentCell, recurrent_cells
from ostinato.interop.torch_layout import (
    GATES,
    from_torch_layout,
    parameters_behind,
    tensorflow_shapes,
    to_torch_layout,
    torch_shapes,
    weights_behind,
)
from ostinato.interop.torch_names import KINDS, Weights, torch_modules, weights_of, why_not_torch

Shape = tuple[int, ...]


class Tensors(Protocol):
    """Tensors whose shapes and dtypes are known before their elements are read."""

    def names(self) -> list[str]: ...
    def shape(self, name: str) -> Shape: ...
    def dtype(self, name: str) -> np.dtype: ...
    def array(self, name: str) -> np.ndarray: ...


@dataclass(frozen=True)
class Planned:
    """A tensor to be written.

    Attributes:
        name: under which it is written.
        origin: the tensor or tensors that it is made of, in words.
        shape, dtype: its own.
        make: gives the array.
    """

    name: str
    origin: str
    shape: Shape
    dtype: np.dtype
    make: Callable[[], np.ndarray]


class Refused(ValueError):
    """A recurrent cell that the other layout has no place for."""


def as_they_are(tensors: Tensors) -> list[Planned]:
    """Every tensor under its own name."""
    return [_same(tensors, name, name) for name in tensors.names()]


def to_torch_names(tensors: Tensors, forget_bias: float) -> list[Planned]:
    """TensorFlow's variables as torch's: recurrent cells as modules, the rest under dotted names.

    Raises:
        Refused: a cell that torch.nn has no module for.
    """
    shapes = {name: tensors.shape(name) for name in tensors.names()}
    cells = recurrent_cells(shapes)
    refusals = [reason for cell in cells if (reason := why_refused(tensors, cell)) is not None]
    if refusals:
        raise Refused("; ".join(refusals))
    made: dict[str, list[Planned]] = {}
    read: set[str] = set()
    for module in torch_modules(cells):
        prefix = f"{module.name}." if module.name else ""
        for layer, directions in enumerate(module.layers):
            for cell, suffix in zip(directions, ("", "_reverse"), strict=False):
                planned = list(_torch_weights(tensors, cell, forget_bias, prefix, f"_l{layer}{suffix}"))
                made[next(iter(cell.variables.values()))] = planned
                read.update(cell.variables.values())
    found = []
    for name in tensors.names():
        if name in made:
            found += made[name]  # where its first variable stood
        elif name not in read:
            # TensorFlow 2 ends the names of objects' variables in the same 28 characters.
            found.append(_same(tensors, name, name.removesuffix(object_names.VARIABLE).replace("/", ".")))
    return found


def to_tensorflow_names(tensors: Tensors, forget_bias: float, scope: str | None = None) -> list[Planned]:
    """A torch state dict as TensorFlow's variables: recurrent modules as cells, the rest with `/` for `.`.

    Raises:
        ValueError: a recurrent module's tensors do not go together or are no floating point numbers, or
            `scope` is not for one module.
    """
    shapes = {name: tensors.shape(name) for name in tensors.names()}
    made: dict[str, list[Planned]] = {}
    read: set[str] = set()
    for weights in weights_of(shapes, scope):
        dtypes = {tensors.dtype(name) for name in weights.names.values()}
        if len(dtypes) > 1 or not all(map(is_floating, dtypes)):
            raise ValueError(
                f"'{weights.names['weight_ih']}' and what goes with it have the dtypes "
                f"{', '.join(sorted(map(str, dtypes)))}, and a cell has one floating point dtype."
            )
        made[next(iter(weights.names.values()))] = list(_tensorflow_parameters(tensors, weights, forget_bias))
        read.update(weights.names.values())
    found = []
    for name in tensors.names():
        if name in made:
            found += made[name]
        elif name not in read:
            found.append(_same(tensors, name, name.replace(".", "/")))
    return found


def why_refused(tensors: Tensors, cell: RecurrentCell) -> str | None:
    """The reason why torch.nn has no module for `cell`, in words that name it; None: it has one."""
    reason = why_not_torch(cell)
    dtypes = {tensors.dtype(name) for name in cell.variables.values()}
    if reason is None and (len(dtypes) > 1 or not all(map(is_floating, dtypes))):
        seen = ", ".join(sorted(map(str, dtypes)))
        reason = f"its variables have the dtypes {seen}, and torch has one floating point dtype for a module"
    return None if reason is None else f"'{cell.scope}' ({cell.family}): {reason}"


def is_floating(dtype: np.dtype) -> bool:
    """Whether `dtype` is one of floating point numbers: numpy's, or one of ml_dtypes' (bfloat16, ...)."""
    return dtype.kind == "f" or (dtype.kind == "V" and dtype.names is None and "float" in dtype.name)


def _same(tensors: Tensors, name: str, written: str) -> Planned:
    return Planned(written, name, tensors.shape(name), tensors.dtype(name), lambda: tensors.array(name))


def _torch_weights(
    tensors: Tensors, cell: RecurrentCell, forget_bias: float, prefix: str, suffix: str
) -> Iterator[Planned]:
    kind = KINDS[cell.family]
    if cell.family == "CudnnCompatibleLSTM":
        forget_bias = 0.0  # that cell adds none, whatever the others do

    shapes = torch_shapes(kind, cell.input_size, cell.num_units, cell.num_proj)
    weights = _Shared(lambda: to_torch_layout(kind, _parameters(tensors, cell), forget_bias, np), shapes)
    dtype = tensors.dtype(next(iter(cell.variables.values())))
    for name, shape in shapes.items():
        behind = parameters_behind(kind)[name]
        sources = [
            variable for whole in behind for key, variable in cell.variables.items() if _whole(key) == whole
        ]
        constant = f"forget_bias {forget_bias:g}" if kind == "LSTM" else "zeros"
        origin = together(sources) or constant
        yield _made(f"{prefix}{name}{suffix}", origin, shape, dtype, weights, name)


def together(names: Sequence[str]) -> str:
    """Names in one word, what they begin with said once.

    >>> together(["rnn.weight_ih_l0", "rnn.weight_hh_l0"]), together(["a/kernel"])
    ('rnn.{weight_ih_l0, weight_hh_l0}', 'a/kernel')
    """
    if len(names) < 2:
        return "".join(names)
    shared = os.path.commonprefix(list(names))  # noqa: RUF071 - what is cut in two is cut off below
    shared = shared[: max(shared.rfind("/"), shared.rfind(".")) + 1]
    return f"{shared}{{{', '.join(name.removeprefix(shared) for name in names)}}}"


def _whole(key: str) -> str:
    """The name of a parameter, a piece of which is called `key`."""
    return key.partition("/part_")[0]


def _parameters(tensors: Tensors, cell: RecurrentCell) -> dict[str, np.ndarray]:
    """The cell's parameters by TensorFlow's names; one that was saved in pieces is put together."""
    pieces: dict[str, list[np.ndarray]] = {}
    for key, variable in cell.variables.items():
        pieces.setdefault(_whole(key), []).append(tensors.array(variable))
    # TensorFlow's cells cut their matrices along the rows.
    return {key: parts[0] if len(parts) == 1 else np.concatenate(parts) for key, parts in pieces.items()}


def _tensorflow_parameters(tensors: Tensors, weights: Weights, forget_bias: float) -> Iterator[Planned]:
    def made() -> Mapping[str, np.ndarray]:
        arrays = {name: tensors.array(key) for name, key in weights.names.items()}
        return from_torch_layout(weights.kind, arrays, forget_bias, np)

    rows, input_size = tensors.shape(weights.names["weight_ih"])
    width = tensors.shape(weights.names["weight_hh"])[1]
    num_proj = width if "weight_hr" in weights.names else None
    shapes = tensorflow_shapes(weights.kind, input_size, rows // GATES[weights.kind], num_proj)
    parameters = _Shared(made, shapes)
    dtype = tensors.dtype(weights.names["weight_ih"])
    for name, shape in shapes.items():
        behind = weights_behind(weights.kind)[name]
        sources = [weights.names[own] for own in behind if own in weights.names]
        yield _made(f"{weights.scope}/{name}", together(sources) or "zeros", shape, dtype, parameters, name)


class _Shared:
    """Arrays that are made together: with the first that is asked for, and kept until the last was."""

    def __init__(self, make: Callable[[], Mapping[str, np.ndarray]], names: Iterable[str]) -> None:
        self._make, self._names = make, frozenset(names)
        self._arrays: dict[str, np.ndarray] = {}

    def take(self, name: str) -> np.ndarray:
        if name not in self._arrays:
            self._arrays = {key: array for key, array in self._make().items() if key in self._names}
        return np.ascontiguousarray(self._arrays.pop(name))


def _made(written: str, origin: str, shape: Shape, dtype: np.dtype, arrays: _Shared, name: str) -> Planned:
    return Planned(written, origin, shape, dtype, lambda: arrays.take(name))
