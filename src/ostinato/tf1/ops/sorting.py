"""Order and counts: sort, searchsorted, running sums, histograms, confusion matrices, edit distances."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import torch

from .. import registry
from ..dtypes import as_dtype, float32, int32, int64
from ..graph import name_scope
from ..registry import OutputTypes, ShapeMismatch, constant_value, register, same
from ..shapes import TensorShape
from ..sparse_tensor import as_sparse
from ..tensor import Tensor
from . import array
from .asserting import Assert
from .control import with_dependencies
from .core import convert_to_tensor, one
from .math import cast, maximum, minimum
from .reductions import reduce_all, reduce_max
from .segments import unsorted_segment_sum


def _type(tensor: Tensor) -> Any:
    return tensor.dtype.base_dtype


# -- running sums and products
def _running(combine: Callable[[torch.Tensor, int], torch.Tensor], first: int) -> Callable[..., torch.Tensor]:
    def compute(x: torch.Tensor, axis: torch.Tensor, exclusive: bool, reverse: bool) -> torch.Tensor:
        along = int(axis)
        if not -x.dim() <= along < x.dim():
            raise ValueError(
                f"ScanOp: Expected scan axis in the range [{-x.dim()}, {x.dim()}), but got {along}"
            )
        if reverse:
            x = x.flip(along)
        if exclusive and x.shape[along]:
            front = torch.full_like(x.narrow(along, 0, 1), first)
            x = torch.cat([front, x.narrow(along, 0, x.shape[along] - 1)], along)
        found = combine(x, along).to(x.dtype)
        return found.flip(along) if reverse else found

    return compute


def _running_function(op_type: str, compute: Callable[..., Any], symbol: str) -> Any:
    register(op_type, compute, same)

    def function(
        x: Any, axis: Any = 0, exclusive: bool = False, reverse: bool = False, name: str | None = None
    ) -> Tensor:
        with name_scope(name, op_type, [x]) as scope:
            inputs = [convert_to_tensor(x, name="x"), convert_to_tensor(axis, name="axis")]
            return one(op_type, inputs, scope, exclusive=bool(exclusive), reverse=bool(reverse))

    function.__doc__ = (
        f"{op_type} along an axis; `exclusive` leaves out each element itself, `reverse` starts at the end "
        f"(TF1 symbol: `tf.{symbol}`)."
    )
    return function


cumsum = _running_function("Cumsum", _running(torch.cumsum, 0), "cumsum")
cumprod = _running_function("Cumprod", _running(torch.cumprod, 1), "cumprod")


def _log_sums(x: torch.Tensor, axis: torch.Tensor, exclusive: bool, reverse: bool) -> torch.Tensor:
    along = int(axis)
    x = x.flip(along) if reverse else x
    found = torch.logcumsumexp(x, along)
    if exclusive and x.shape[along]:
        lowest = torch.full_like(x.narrow(along, 0, 1), torch.finfo(x.dtype).min)
        found = torch.cat([lowest, found.narrow(along, 0, x.shape[along] - 1)], along)
    return found.flip(along) if reverse else found


cumulative_logsumexp = _running_function("CumulativeLogsumexp", _log_sums, "math.cumulative_logsumexp")


# -- order
def _check_direction(direction: str) -> bool:
    if direction not in ("ASCENDING", "DESCENDING"):
        raise ValueError("Direction should be one of ASCENDING, DESCENDING, not " + repr(direction) + ".")
    return direction == "DESCENDING"


register(
    "SortAlong",
    lambda x, axis, descending: x.sort(dim=axis, descending=descending, stable=True).values,
    same,
)
register(
    "SortPlaces",
    lambda x, axis, descending: x.argsort(dim=axis, descending=descending, stable=True).to(torch.int32),
    registry.same_shape(int32),
    differentiable=False,
)


def _axis(values: Tensor, axis: Any) -> int:
    along = constant_value(convert_to_tensor(axis))
    if along is None:
        raise ValueError("axis must be a constant scalar")
    rank = values.shape.ndims
    if rank is not None and not -rank <= int(along) < rank:
        raise ValueError(f"axis {int(along)} is not among the {rank} axes")
    return int(along)


def sort(values: Any, axis: Any = -1, direction: str = "ASCENDING", name: str | None = None) -> Tensor:
    """The values in order along an axis (TF1 symbol: `tf.sort`)."""
    descending = _check_direction(direction)
    with name_scope(name, "sort"):
        x = convert_to_tensor(values, name="values")
        return one("SortAlong", [x], "TopKV2", axis=_axis(x, axis), descending=descending)


def argsort(
    values: Any, axis: Any = -1, direction: str = "ASCENDING", stable: bool = False, name: str | None = None
) -> Tensor:
    """The places, along an axis, of the values in order (TF1 symbol: `tf.argsort`); it is always stable."""
    descending = _check_direction(direction)
    with name_scope(name, "argsort"):
        x = convert_to_tensor(values, name="values")
        return one("SortPlaces", [x], "TopKV2", axis=_axis(x, axis), descending=descending)


def _bound(side: str) -> Callable[..., torch.Tensor]:
    return lambda ordered, values, out_type: torch.searchsorted(
        ordered.contiguous(), values.contiguous(), right=side == "right"
    ).to(as_dtype(out_type).torch_dtype)


def _bound_rule(inputs: Sequence[Tensor], attributes: dict[str, Any]) -> OutputTypes:
    return [(as_dtype(attributes["out_type"]), inputs[1].shape)]


register("LowerBound", _bound("left"), _bound_rule, differentiable=False)
register("UpperBound", _bound("right"), _bound_rule, differentiable=False)


def searchsorted(
    sorted_sequence: Any, values: Any, side: str = "left", out_type: Any = int32, name: str | None = None
) -> Tensor:
    """Where values would stand in ordered rows (TF1 symbol: `tf.searchsorted`).

    Raises:
        ValueError: a side that is neither "left" nor "right".
    """
    if side not in ("left", "right"):
        raise ValueError(f"side must be either 'right' or 'left'.  Saw: {side}.")
    op_type = "LowerBound" if side == "left" else "UpperBound"
    ordered = convert_to_tensor(sorted_sequence, name="sorted_sequence")
    wanted = convert_to_tensor(values, _type(ordered), name="values")
    with name_scope(name, "searchsorted"):
        return one(op_type, [ordered, wanted], "Reshape_2", out_type=as_dtype(out_type).name)


# -- counts
def _histogram_bins(values: torch.Tensor, limits: torch.Tensor, nbins: torch.Tensor) -> torch.Tensor:
    count = int(nbins)
    if count <= 0:
        raise ValueError("nbins should be a positive number.")
    low, high = limits.to(torch.float64).tolist()
    if low >= high:
        raise ValueError(
            f"value_range should satisfy value_range[0] < value_range[1], but got [{low}, {high}]"
        )
    places = torch.floor((values.to(torch.float64) - low) / (high - low) * count)
    return places.clamp(0, count - 1).to(torch.int64)


register(
    "HistogramFixedWidth",
    lambda values, limits, nbins, dtype: torch.bincount(
        _histogram_bins(values, limits, nbins).reshape(-1), minlength=int(nbins)
    ).to(as_dtype(dtype).torch_dtype),
    lambda inputs, attributes: [
        (
            as_dtype(attributes["dtype"]),
            TensorShape([None if constant_value(inputs[2]) is None else int(constant_value(inputs[2]))]),  # type: ignore[arg-type]
        )
    ],
    differentiable=False,
)
register(
    "HistogramFixedWidthBins",
    lambda values, limits, nbins, dtype: _histogram_bins(values, limits, nbins).to(
        as_dtype(dtype).torch_dtype
    ),
    lambda inputs, attributes: [(as_dtype(attributes["dtype"]), inputs[0].shape)],
    differentiable=False,
)


def _histogram_inputs(values: Any, value_range: Any, nbins: Any) -> list[Tensor]:
    x = convert_to_tensor(values, name="values")
    return [
        x,
        convert_to_tensor(value_range, _type(x), name="value_range"),
        convert_to_tensor(nbins, int32, name="nbins"),
    ]


def histogram_fixed_width(
    values: Any, value_range: Any, nbins: Any = 100, dtype: Any = int32, name: str | None = None
) -> Tensor:
    """How many values are in each of equal bins; those outside are in the end ones.

    TF1 symbol: `tf.histogram_fixed_width`.
    """
    with name_scope(name, "histogram_fixed_width", [values]) as scope:
        inputs = _histogram_inputs(values, value_range, nbins)
        return one("HistogramFixedWidth", inputs, scope, dtype=as_dtype(dtype).name)


def histogram_fixed_width_bins(
    values: Any, value_range: Any, nbins: Any = 100, dtype: Any = int32, name: str | None = None
) -> Tensor:
    """The bin that each value is in (TF1 symbol: `tf.histogram_fixed_width_bins`)."""
    with name_scope(name, "histogram_fixed_width_bins", [values]):
        inputs = _histogram_inputs(values, value_range, nbins)
        return one("HistogramFixedWidthBins", inputs, "Reshape_1", dtype=as_dtype(dtype).name)


def _bincount(arr: torch.Tensor, size: torch.Tensor, weights: torch.Tensor) -> torch.Tensor:
    """The counts, of the type of `weights`, which are none."""
    places, count = arr.reshape(-1).long(), int(size)
    if len(places) and int(places.min()) < 0:
        raise ValueError("Input arr must be non-negative!")
    there = (places < count).nonzero().reshape(-1)
    places = places.index_select(0, there)
    return torch.bincount(places, minlength=count).to(weights.dtype)


def _bincount_rule(inputs: Sequence[Tensor], attributes: dict[str, Any]) -> OutputTypes:
    size = constant_value(inputs[1])
    return [(_type(inputs[2]), TensorShape([None if size is None else int(size)]))]


register("Bincount", _bincount, _bincount_rule, differentiable=False)


def bincount(
    arr: Any,
    weights: Any = None,
    minlength: Any = None,
    maxlength: Any = None,
    dtype: Any = int32,
    name: str | None = None,
) -> Tensor:
    """How often each number from 0 comes, or the sum of its weights (TF1 symbol: `tf.bincount`)."""
    with name_scope(name, "bincount"):
        numbers = convert_to_tensor(arr, int32, name="arr")
        known = numbers.shape.num_elements()
        some = cast(array.size(numbers) > 0, int32) if known is None else min(1, known)
        size = some * (reduce_max(numbers) + 1)
        if minlength is not None:
            size = maximum(convert_to_tensor(minlength, int32, name="minlength"), size)
        if maxlength is not None:
            size = minimum(convert_to_tensor(maxlength, int32, name="maxlength"), size)
        if weights is not None:
            return unsorted_segment_sum(convert_to_tensor(weights, name="weights"), numbers, size)
        return one("Bincount", [numbers, convert_to_tensor(size), array.zeros([0], dtype)], "Bincount")


def confusion_matrix(
    labels: Any,
    predictions: Any,
    num_classes: Any = None,
    dtype: Any = int32,
    name: str | None = None,
    weights: Any = None,
) -> Tensor:
    """How often each class is taken for each other: rows of labels, columns of predictions.

    TF1 symbol: `tf.confusion_matrix`.
    """
    from ..squeezing import remove_squeezable_dimensions
    from .scatter import scatter_nd

    with name_scope(name, "confusion_matrix", [predictions, labels, num_classes, weights]):
        labels, predictions = remove_squeezable_dimensions(
            convert_to_tensor(labels, name="labels"), convert_to_tensor(predictions, name="predictions")
        )
        labels, predictions = cast(labels, int64), cast(predictions, int64)
        labels = _at_least(labels, 0, "`labels` contains negative values")
        predictions = _at_least(predictions, 0, "`predictions` contains negative values")
        if num_classes is None:
            num_classes = maximum(reduce_max(predictions), reduce_max(labels)) + 1
        else:
            num_classes = cast(convert_to_tensor(num_classes), int64)
            labels = _below(labels, num_classes, "`labels` out of bound")
            predictions = _below(predictions, num_classes, "`predictions` out of bound")
        from .lists import stack

        sizes = stack([num_classes, num_classes])
        places = stack([labels, predictions], axis=1)
        rows = array.ones_like(predictions, dtype) if weights is None else cast(weights, dtype)
        return scatter_nd(places, rows, sizes, name="SparseTensorDenseAdd")


def _at_least(x: Tensor, low: int, message: str) -> Tensor:
    return with_dependencies([Assert(reduce_all(x >= low), [message, x])], x)


def _below(x: Tensor, high: Tensor, message: str) -> Tensor:
    return with_dependencies([Assert(reduce_all(x < high), [message, x])], x)


# -- edit distance
def _one_distance(first: Sequence[Any], second: Sequence[Any]) -> int:
    """Levenshtein's distance, a row of its table at a time."""
    if not len(first) or not len(second):
        return max(len(first), len(second))
    other = np.asarray(second)
    places = np.arange(len(other) + 1)
    row = places.copy()
    for item in first:
        changed = np.minimum(row[:-1] + (other != item), row[1:] + 1)
        # Insertions go on from left to right: a running minimum of the distance less the place.
        whole = np.concatenate([[row[0] + 1], changed])
        row = np.minimum.accumulate(whole - places) + places
    return int(row[-1])


def _rows(indices: torch.Tensor, values: Any, shape: torch.Tensor) -> dict[tuple[int, ...], list[Any]]:
    array_of = values if isinstance(values, np.ndarray) else values.numpy()
    groups: dict[tuple[int, ...], list[Any]] = {}
    for place, item in zip(indices[:, :-1].tolist(), array_of, strict=True):
        groups.setdefault(tuple(place), []).append(item)
    return groups


def _edit_distance(*inputs: Any, normalize: bool) -> torch.Tensor:
    hypothesis, truth = _rows(*inputs[:3]), _rows(*inputs[3:])
    sizes = [max(a, b) for a, b in zip(inputs[2].tolist(), inputs[5].tolist(), strict=True)][:-1]
    result = np.zeros(sizes, np.float32)
    for place in hypothesis.keys() | truth.keys():
        first, second = hypothesis.get(place, []), truth.get(place, [])
        distance = float(_one_distance(first, second))
        if normalize:
            distance = distance / len(second) if second else (np.inf if first else 0.0)
        result[place] = distance
    return torch.from_numpy(result)


def _distance_rule(inputs: Sequence[Tensor], attributes: dict[str, Any]) -> OutputTypes:
    shapes = [registry.constant_shape(inputs[2]), registry.constant_shape(inputs[5])]
    if any(shape.known is None for shape in shapes):
        return [(float32, TensorShape(None))]
    first, second = (shape.known or () for shape in shapes)
    if len(first) != len(second):
        raise ShapeMismatch(f"Shapes must be equal rank, but are {len(first)} and {len(second)}")
    sizes = [None if None in (a, b) else max(a or 0, b or 0) for a, b in zip(first, second, strict=True)]
    return [(float32, TensorShape(sizes[:-1]))]


register("EditDistance", _edit_distance, _distance_rule, differentiable=False)


def edit_distance(hypothesis: Any, truth: Any, normalize: bool = True, name: str = "edit_distance") -> Tensor:
    """Levenshtein's distance between rows of two sparse tensors (TF1 symbol: `tf.edit_distance`).

    Args:
        hypothesis, truth: sparse tensors of one type, whose last axis holds the sequences.
        normalize: whether the distance is divided by the truth's length.

    >>> import ostinato.tf1 as tf
    >>> with tf.Graph().as_default(), tf.Session() as session:
    ...     said = tf.SparseTensor([[0, 0], [0, 1]], ["a", "x"], [1, 2])
    ...     true = tf.SparseTensor([[0, 0], [0, 1]], ["a", "b"], [1, 2])
    ...     session.run(tf.edit_distance(said, true)).tolist()
    [0.5]
    """
    said, true = as_sparse(hypothesis), as_sparse(truth)
    inputs = [said.indices, said.values, said.dense_shape, true.indices, true.values, true.dense_shape]
    return one("EditDistance", inputs, name, normalize=bool(normalize))
