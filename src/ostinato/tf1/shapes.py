"""Static shapes: a shape may have no known rank, and any dimension may be unknown."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any, Union

DimensionLike = Union["Dimension", int, None]


class Dimension:
    """One dimension of a static shape: a size, or None where it is unknown (TF1 symbol: `tf.Dimension`).

    Arithmetic with an unknown dimension is unknown; comparisons with one give None, as in TensorFlow 1.

    >>> Dimension(3) + 4, Dimension(None) * 2, Dimension(3) == None
    (Dimension(7), Dimension(None), None)
    """

    __slots__ = ("_value",)

    def __init__(self, value: Any) -> None:
        if isinstance(value, Dimension):
            value = value._value
        if value is not None:
            whole = value.__index__() if hasattr(value, "__index__") else int(value)
            if not isinstance(value, (str, bytes)) and whole != value:
                raise ValueError(f"Ambiguous dimension: {value}")
            value = whole
            if value < 0:
                raise ValueError(f"Dimension {value} must be >= 0")
        self._value: int | None = value

    @property
    def value(self) -> int | None:
        return self._value

    def is_compatible_with(self, other: DimensionLike) -> bool:
        other = Dimension(other)
        return self._value is None or other._value is None or self._value == other._value

    def assert_is_compatible_with(self, other: DimensionLike) -> None:
        if not self.is_compatible_with(other):
            raise ValueError(f"Dimensions {self} and {as_dimension(other)} are not compatible")

    def merge_with(self, other: DimensionLike) -> Dimension:
        self.assert_is_compatible_with(other)
        return Dimension(other) if self._value is None else self

    def _with(self, other: Any, operation: Any) -> Any:
        try:
            other = as_dimension(other)
        except (TypeError, ValueError):
            return NotImplemented
        if self._value is None or other._value is None:
            return Dimension(None)
        return Dimension(operation(self._value, other._value))

    def __add__(self, other: Any) -> Any:
        return self._with(other, lambda a, b: a + b)

    __radd__ = __add__

    def __sub__(self, other: Any) -> Any:
        return self._with(other, lambda a, b: a - b)

    def __rsub__(self, other: Any) -> Any:
        return self._with(other, lambda a, b: b - a)

    def __mul__(self, other: Any) -> Any:
        return self._with(other, lambda a, b: a * b)

    __rmul__ = __mul__

    def __floordiv__(self, other: Any) -> Any:
        return self._with(other, lambda a, b: a // b)

    def __rfloordiv__(self, other: Any) -> Any:
        return self._with(other, lambda a, b: b // a)

    __div__ = __floordiv__

    def __truediv__(self, other: Any) -> Any:
        raise TypeError(
            f"unsupported operand type(s) for /: 'Dimension' and '{type(other).__name__}', please use // "
            "instead"
        )

    def __rtruediv__(self, other: Any) -> Any:
        raise TypeError(
            f"unsupported operand type(s) for /: '{type(other).__name__}' and 'Dimension', please use // "
            "instead"
        )

    def __mod__(self, other: Any) -> Any:
        return self._with(other, lambda a, b: a % b)

    def __rmod__(self, other: Any) -> Any:
        return self._with(other, lambda a, b: b % a)

    def __eq__(self, other: object) -> Any:
        try:
            other = as_dimension(other)  # type: ignore[arg-type]
        except (TypeError, ValueError):
            return NotImplemented
        return None if self._value is None or other._value is None else self._value == other._value

    def __ne__(self, other: object) -> Any:
        equal = self.__eq__(other)
        return equal if equal is None or equal is NotImplemented else not equal

    def __lt__(self, other: Any) -> Any:
        other = as_dimension(other)
        return None if self._value is None or other._value is None else self._value < other._value

    def __gt__(self, other: Any) -> Any:
        other = as_dimension(other)
        return None if self._value is None or other._value is None else self._value > other._value

    def __le__(self, other: Any) -> Any:
        other = as_dimension(other)
        return None if self._value is None or other._value is None else self._value <= other._value

    def __ge__(self, other: Any) -> Any:
        other = as_dimension(other)
        return None if self._value is None or other._value is None else self._value >= other._value

    def __hash__(self) -> int:
        return hash(self._value)

    def __int__(self) -> int:
        if self._value is None:
            raise TypeError(
                "An unknown dimension has no integer value; use tf.shape(x)[i] to have it at run time."
            )
        return self._value

    __index__ = __int__

    def __reduce__(self) -> Any:
        return Dimension, (self._value,)

    def __repr__(self) -> str:
        return f"Dimension({self._value})"

    def __str__(self) -> str:
        return "?" if self._value is None else str(self._value)


def as_dimension(value: DimensionLike) -> Dimension:
    return value if isinstance(value, Dimension) else Dimension(value)


class TensorShape:
    """A static shape (TF1 symbol: `tf.TensorShape`): `dims` is None where not even the rank is known.

    >>> print(TensorShape([None, 2]), TensorShape(None), TensorShape([3]))
    (?, 2) <unknown> (3,)
    >>> TensorShape([None, 2]).merge_with([5, None]).as_list()
    [5, 2]
    """

    __slots__ = ("_dims",)

    def __init__(self, dims: Any) -> None:
        self._dims: tuple[int | None, ...] | None
        if dims is None:
            self._dims = None
        elif isinstance(dims, TensorShape):
            self._dims = dims._dims
        elif isinstance(dims, (str, bytes)):
            raise TypeError(
                f"A string has ambiguous TensorShape, please wrap in a list or convert to an int: {dims!s}"
            )
        elif isinstance(dims, Iterable):
            self._dims = tuple([d if type(d) is int and d >= 0 else Dimension(d).value for d in dims])
        else:
            self._dims = (Dimension(dims).value,)

    @property
    def dims(self) -> list[Dimension] | None:
        return None if self._dims is None else [Dimension(d) for d in self._dims]

    @property
    def known(self) -> tuple[int | None, ...] | None:
        """The dimensions as a tuple of ints and Nones; None where the rank is unknown."""
        return self._dims

    @property
    def ndims(self) -> int | None:
        return None if self._dims is None else len(self._dims)

    rank = ndims

    def as_list(self) -> list[int | None]:
        if self._dims is None:
            raise ValueError("as_list() is not defined on an unknown TensorShape.")
        return list(self._dims)

    def is_fully_defined(self) -> bool:
        return self._dims is not None and None not in self._dims

    def assert_is_fully_defined(self) -> None:
        if not self.is_fully_defined():
            raise ValueError(f"Shape {self} is not fully defined")

    def num_elements(self) -> int | None:
        if not self.is_fully_defined():
            return None
        count = 1
        for size in self._dims or ():
            count *= size or 0
        return count

    def is_compatible_with(self, other: Any) -> bool:
        other = as_shape(other)
        if self._dims is None or other._dims is None:
            return True
        return len(self._dims) == len(other._dims) and all(
            a is None or b is None or a == b for a, b in zip(self._dims, other._dims, strict=True)
        )

    def assert_is_compatible_with(self, other: Any) -> None:
        if not self.is_compatible_with(other):
            raise ValueError(f"Shapes {self} and {as_shape(other)} are incompatible")

    def merge_with(self, other: Any) -> TensorShape:
        """What both shapes say together.

        Raises:
            ValueError: they contradict each other.
        """
        other = as_shape(other)
        if self._dims is None:
            return other
        if other._dims is None:
            return self
        if not self.is_compatible_with(other):
            raise ValueError(f"Shapes {self} and {other} are not compatible")
        return TensorShape([b if a is None else a for a, b in zip(self._dims, other._dims, strict=True)])

    def concatenate(self, other: Any) -> TensorShape:
        other = as_shape(other)
        if self._dims is None or other._dims is None:
            return TensorShape(None)
        return TensorShape(self._dims + other._dims)

    def most_specific_compatible_shape(self, other: Any) -> TensorShape:
        """What is true of both shapes: their common sizes, unknown where they differ.

        >>> print(TensorShape([1, 2]).most_specific_compatible_shape([3, 2]))
        (?, 2)
        """
        other = as_shape(other)
        if self._dims is None or other._dims is None or len(self._dims) != len(other._dims):
            return TensorShape(None)
        return TensorShape([a if a == b else None for a, b in zip(self._dims, other._dims, strict=True)])

    def assert_same_rank(self, other: Any) -> None:
        other = as_shape(other)
        if self.ndims is not None and other.ndims is not None and self.ndims != other.ndims:
            raise ValueError(f"Shapes {self} and {other} must have the same rank")

    def assert_has_rank(self, rank: int) -> None:
        if self.ndims not in (None, rank):
            raise ValueError(f"Shape {self} must have rank {rank}")

    def with_rank(self, rank: int) -> TensorShape:
        if self.ndims not in (None, rank):
            raise ValueError(f"Shape {self} must have rank {rank}")
        return self.merge_with(TensorShape([None] * rank))

    def with_rank_at_least(self, rank: int) -> TensorShape:
        if self.ndims is not None and self.ndims < rank:
            raise ValueError(f"Shape {self} must have rank at least {rank}")
        return self

    def with_rank_at_most(self, rank: int) -> TensorShape:
        if self.ndims is not None and self.ndims > rank:
            raise ValueError(f"Shape {self} must have rank at most {rank}")
        return self

    def __getitem__(self, key: Any) -> Any:
        if self._dims is None:
            if isinstance(key, slice):
                return _slice_of_unknown(key)
            return Dimension(None)
        if isinstance(key, slice):
            return TensorShape(self._dims[key])
        return Dimension(self._dims[key])

    def __iter__(self) -> Iterator[Dimension]:
        if self._dims is None:
            raise ValueError("Cannot iterate over a shape with unknown rank.")
        return iter([Dimension(d) for d in self._dims])

    def __len__(self) -> int:
        if self._dims is None:
            raise ValueError("Cannot take the length of shape with unknown rank.")
        return len(self._dims)

    def __bool__(self) -> bool:
        return self._dims is not None

    def __add__(self, other: Any) -> TensorShape:
        return self.concatenate(other)

    def __radd__(self, other: Any) -> TensorShape:
        return as_shape(other).concatenate(self)

    def __eq__(self, other: object) -> bool:
        # As in TensorFlow, an unknown dimension equals nothing, not even another unknown one.
        if self is other:
            return True
        try:
            dims = as_shape(other)._dims
        except (TypeError, ValueError):
            return NotImplemented
        return self._dims == dims and (dims is None or None not in dims)

    def __ne__(self, other: object) -> bool:
        try:
            dims = as_shape(other)._dims
        except (TypeError, ValueError):
            return NotImplemented
        if self._dims is None or dims is None:
            raise ValueError("The inequality of unknown TensorShapes is undefined.")
        return self._dims != dims

    def __hash__(self) -> int:
        return hash(self._dims)

    def __reduce__(self) -> Any:
        return TensorShape, (self._dims,)

    def __repr__(self) -> str:
        return "TensorShape(None)" if self._dims is None else f"TensorShape({self.dims})"

    def __str__(self) -> str:
        if self._dims is None:
            return "<unknown>"
        inside = ", ".join("?" if d is None else str(d) for d in self._dims)
        return f"({inside},)" if len(self._dims) == 1 else f"({inside})"

    def bracketed(self) -> str:
        """The form that messages about operations use: `[?,2]`."""
        if self._dims is None:
            return "<unknown>"
        return "[" + ",".join("?" if d is None else str(d) for d in self._dims) + "]"


def _slice_of_unknown(key: slice) -> TensorShape:
    """A slice of a shape of unknown rank: as many unknown sizes as it surely has."""
    start, stop = key.start or 0, key.stop
    if key.step is not None or stop is None or stop < 0 or start < 0:
        return TensorShape(None)
    return TensorShape([None] * max(stop - start, 0))


def as_shape(value: Any) -> TensorShape:
    return value if isinstance(value, TensorShape) else TensorShape(value)


def unknown_shape(rank: int | None = None, ndims: int | None = None) -> TensorShape:
    rank = ndims if rank is None else rank
    return TensorShape(None) if rank is None else TensorShape([None] * rank)
