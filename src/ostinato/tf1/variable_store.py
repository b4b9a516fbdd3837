"""A graph's variables by name: made, or shared where a scope says so."""

from __future__ import annotations

import contextlib
import inspect
import sys
from collections.abc import Callable
from functools import cache, partial
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from .dtypes import as_dtype, float32
from .graph import GraphKeys, get_default_graph, name_scope
from .initializers import GlorotUniform, Initializer, Zeros
from .ops.core import convert_to_tensor
from .ops.slicing import slice_
from .partitioned import PartitionedVariable, PartitionInfo, partition_counts, parts_of
from .shapes import TensorShape, as_shape
from .slices import SaveSliceInfo
from .tensor import Tensor
from .variable_options import AUTO, NONE, checked_options
from .variables import Variable

_OWN_FOLDER = str(Path(__file__).parent)


class _AutoReuse:
    def __repr__(self) -> str:
        return "_ReuseMode.AUTO_REUSE"

    def __reduce__(self) -> str:
        return "AUTO_REUSE"


AUTO_REUSE = _AutoReuse()
Reuse = bool | _AutoReuse | None


class VariableStore:
    """A graph's variables by name."""

    def __init__(self) -> None:
        self.variables: dict[str, Any] = {}
        self.partitioned: dict[str, PartitionedVariable] = {}
        self.places: dict[str, str] = {}

    def get_variable(
        self,
        name: str,
        shape: Any = None,
        dtype: Any = float32,
        initializer: Any = None,
        regularizer: Any = None,
        reuse: Reuse = None,
        trainable: bool | None = None,
        collections: Any = None,
        caching_device: Any = None,
        partitioner: Any = None,
        validate_shape: bool = True,
        use_resource: bool | None = None,
        custom_getter: Any = None,
        constraint: Any = None,
        synchronization: Any = AUTO,
        aggregation: Any = NONE,
    ) -> Any:
        """The variable of a full name: what `tf.get_variable` does, without a scope.

        A custom getter is called with the getter, the name and the options, all by keyword.
        """
        if custom_getter is not None and not callable(custom_getter):
            raise ValueError(f"Passed a custom_getter which is not callable: {custom_getter}")
        synchronization, aggregation, trainable = checked_options(
            synchronization, aggregation, trainable, name
        )
        options = {
            "shape": shape,
            "dtype": as_dtype(dtype).base_dtype,
            "initializer": initializer,
            "regularizer": regularizer,
            "reuse": reuse,
            "trainable": trainable,
            "collections": collections,
            "caching_device": caching_device,
            "partitioner": partitioner,
            "validate_shape": validate_shape,
            "use_resource": use_resource,
            "constraint": constraint,
            "synchronization": synchronization,
            "aggregation": aggregation,
        }
        if custom_getter is None:
            return self._get(name, **options)
        accepted = _arguments(custom_getter).accepted
        if "constraint" not in accepted and "**" not in accepted:
            del options["constraint"]  # getters older than constraints do not take one
        return custom_getter(getter=self._get, name=name, **options)

    def _get(
        self,
        name: str,
        shape: Any = None,
        dtype: Any = float32,
        initializer: Any = None,
        regularizer: Any = None,
        reuse: Reuse = None,
        trainable: bool | None = None,
        collections: Any = None,
        caching_device: Any = None,
        partitioner: Any = None,
        validate_shape: bool = True,
        use_resource: bool | None = None,
        constraint: Any = None,
        synchronization: Any = AUTO,
        aggregation: Any = NONE,
    ) -> Any:
        """What a custom getter is handed as `getter`."""
        options = {
            "trainable": trainable,
            "collections": collections,
            "caching_device": caching_device,
            "validate_shape": validate_shape,
            "use_resource": use_resource,
            "constraint": constraint,
            "synchronization": synchronization,
            "aggregation": aggregation,
        }
        kind = as_dtype(dtype).base_dtype
        is_scalar = isinstance(shape, (list, tuple)) and not shape
        if partitioner is not None and not is_scalar:
            if not callable(partitioner):
                raise ValueError(f"Partitioner must be callable, but received: {partitioner}")
            with name_scope(None):
                return self._in_parts(
                    name, shape, kind, initializer, regularizer, partitioner, reuse, options
                )
        if reuse is True and name in self.partitioned:  # shared without saying how it was divided
            return self._in_parts(name, shape, kind, initializer, regularizer, None, reuse, options)
        if f"{name}/part_0" in self.variables:
            raise ValueError(
                "No partitioner was provided, but a partitioned version of the variable was found: "
                f"{name}/part_0. Perhaps a variable of the same name was already created with partitioning?"
            )
        return self._single(name, shape, kind, initializer, regularizer, reuse, options)

    def _single(
        self,
        name: str,
        shape: Any,
        dtype: Any,
        initializer: Any,
        regularizer: Any,
        reuse: Reuse,
        options: dict[str, Any],
        part: PartitionInfo | None = None,
    ) -> Any:
        """One variable: a whole, or one part of a whole."""
        if shape is not None and initializer is not None and not callable(initializer):
            raise ValueError("If initializer is a constant, do not specify shape.")
        sizes = as_shape(shape)
        if name in self.variables:
            return self._shared(name, sizes, dtype, reuse)
        if reuse is True:
            raise ValueError(
                f"Variable {name} does not exist, or was not created with tf.get_variable(). "
                "Did you mean to set reuse=tf.AUTO_REUSE in VarScope?"
            )
        if initializer is None:
            initializer = _default_initializer(name, dtype)
        value, kind = _initial_value(name, sizes, dtype, initializer, part)
        variable = Variable(value, name=name, dtype=kind, **options)
        self.variables[name] = variable
        self.places[name] = _caller()
        if regularizer:
            with name_scope(name + "/Regularizer/"):
                loss = regularizer(variable)
            if loss is not None:
                get_default_graph().add_to_collection(GraphKeys.REGULARIZATION_LOSSES, loss)
        return variable

    def _in_parts(
        self,
        name: str,
        shape: Any,
        dtype: Any,
        initializer: Any,
        regularizer: Any,
        partitioner: Any,
        reuse: Reuse,
        options: dict[str, Any],
    ) -> PartitionedVariable:
        """A variable in as many parts as the partitioner says."""
        if name in self.variables:
            raise ValueError(
                "A partitioner was provided, but an unpartitioned version of the variable was found: "
                f"{name}.  Perhaps a variable of the same name was already created without partitioning?"
            )
        sizes = as_shape(shape)
        if initializer is not None and not callable(initializer):
            sizes = sizes.merge_with(as_shape(getattr(initializer, "shape", None) or np.shape(initializer)))
        counts = None
        if not reuse or partitioner:
            counts = partition_counts(partitioner, sizes, dtype)
        if name in self.partitioned:
            return self._shared_parts(name, sizes, dtype, counts, reuse)
        if reuse is True:
            raise ValueError(
                f"PartitionedVariable {name} does not exist, or was not created with tf.get_variable(). Did "
                "you mean to set reuse=False or reuse=tf.AUTO_REUSE in VarScope?"
            )
        assert counts is not None
        parts = parts_of(name, [size or 0 for size in sizes.as_list()], counts)
        self._check_parts(name, len(parts))
        makes_whole = callable(initializer) and not _arguments(initializer).required
        variables = []
        for index, part in enumerate(parts):
            part_name = f"{name}/part_{index}"
            value: Any = initializer
            part_shape: Any = part.var_shape
            if initializer is not None and not callable(initializer):
                with name_scope(part_name + "/PartitionedInitializer"):
                    if not isinstance(initializer, Tensor):
                        value = convert_to_tensor(initializer, dtype)
                    value, part_shape = slice_(value, part.var_offset, part.var_shape), None
            elif makes_whole:
                value, part_shape = partial(_share, initializer, part), None
            info = PartitionInfo(part.full_shape, part.var_offset)
            with name_scope(None):
                variable = self._single(
                    part_name, part_shape, dtype, value, regularizer, reuse, options, info
                )
            variable._set_save_slice_info(part)
            variables.append(variable)
        kind = variables[0].dtype.base_dtype
        whole = self.partitioned[name] = PartitionedVariable(name, sizes, kind, variables, counts)
        return whole

    def _check_parts(self, name: str, count: int) -> None:
        """Raise a ValueError where there is another number of parts already."""
        said = "Partitioner returned a different partitioning than what was already found.  "
        if f"{name}/part_0" not in self.variables:
            return
        if f"{name}/part_{count - 1}" not in self.variables:
            raise ValueError(
                f"{said}Partitioner returned {count} shards, and shard {name}/part_0 was found, but "
                f"{name}/part_{count - 1} was not."
            )
        if f"{name}/part_{count}" in self.variables:
            raise ValueError(
                f"{said}Partitioner returned {count} shards, and shard {name}/part_0 was found, but so was "
                f"the extra shard {name}/part_{count}."
            )

    def _shared_parts(
        self, name: str, shape: TensorShape, dtype: Any, counts: list[int] | None, reuse: Reuse
    ) -> PartitionedVariable:
        found = self.partitioned[name]
        if reuse is False:
            raise ValueError(
                f"Partitioned variable with name {name} already exists. Did you mean to set reuse=True "
                "or reuse=tf.AUTO_REUSE in VarScope?"
            )
        for what, wanted, there_is, fits in (
            ("shape", shape, found.shape, shape.is_compatible_with(found.shape)),
            ("dtype", dtype.name, found.dtype.name, dtype.is_compatible_with(found.dtype)),
            ("partitions", counts, found._get_partitions(), counts in (None, found._get_partitions())),
        ):
            if not fits:
                raise ValueError(
                    f"Trying to reuse partitioned variable {name}, but specified {what} {wanted} and found "
                    f"{what} {there_is}."
                )
        return found

    def _shared(self, name: str, shape: TensorShape, dtype: Any, reuse: Reuse) -> Any:
        found = self.variables[name]
        if reuse is False:
            raise ValueError(
                f"Variable {name} already exists, disallowed. Did you mean to set reuse=True or "
                "reuse=tf.AUTO_REUSE in VarScope? Originally defined at:\n\n"
                f"{self.places[name]}"
            )
        if not shape.is_compatible_with(found.shape):
            raise ValueError(
                f"Trying to share variable {name}, but specified shape {shape} and found shape {found.shape}."
            )
        if not dtype.is_compatible_with(found.dtype):
            raise ValueError(
                f"Trying to share variable {name}, but specified dtype {dtype.name} and found dtype "
                f"{found.dtype.name}."
            )
        return found


def _share(initializer: Any, part: SaveSliceInfo) -> Tensor:
    """A part's share of what an initialiser makes that knows nothing of parts."""
    return slice_(initializer(), part.var_offset, part.var_shape)


def _initial_value(
    name: str, shape: TensorShape, dtype: Any, initializer: Any, part: PartitionInfo | None
) -> tuple[Any, Any]:
    """What makes the initial value, and the type that it is to have; None where it has one of its own."""
    if inspect.isclass(initializer):
        initializer = initializer()
    if not callable(initializer):
        return initializer, None
    required, accepted = _arguments(initializer)
    if not accepted or (not shape.is_fully_defined() and not required):
        return initializer, None
    if not shape.is_fully_defined():
        raise ValueError(
            "The initializer passed is not valid. It should be a callable with no arguments and the shape "
            "should not be provided or an instance of `tf.keras.initializers.*' and `shape` should be fully "
            f"defined. The variable is {name}; its shape is {shape}."
        )
    options = {"dtype": dtype, "partition_info": part}
    passed = {key: value for key, value in options.items() if key in accepted or "**" in accepted}
    return lambda: initializer(shape.as_list(), **passed), dtype


def _default_initializer(name: str, dtype: Any) -> Any:
    if not (dtype.is_floating or dtype.is_integer or dtype.is_bool or dtype.name == "string"):
        raise ValueError(f"An initializer for variable {name} of {dtype} is required")
    return GlorotUniform() if dtype.is_floating else Zeros()


class Arguments(NamedTuple):
    """The names of a function's arguments: those it must be given, and all; `**` is any other."""

    required: tuple[str, ...]
    accepted: tuple[str, ...]


def _arguments(function: Callable[..., Any]) -> Arguments:
    """What an initialiser or a custom getter takes; a class makes an initialiser that is given a shape."""
    if inspect.isclass(function):
        return Arguments(("shape",), ("shape", "**"))
    kind: Any = type(function)
    return _of_class(kind) if isinstance(function, Initializer) else _of_function(function)


@cache
def _of_class(kind: type) -> Arguments:
    return _of_function(partial(kind.__call__, None))


def _of_function(function: Callable[..., Any]) -> Arguments:
    items = inspect.signature(function).parameters.values()
    variadic = (inspect.Parameter.VAR_KEYWORD, inspect.Parameter.VAR_POSITIONAL)
    return Arguments(
        tuple(item.name for item in items if item.default is item.empty and item.kind not in variadic),
        tuple("**" if item.kind is item.VAR_KEYWORD else item.name for item in items),
    )


def _caller() -> str:
    """The line of the user's code that is being run."""
    frame: Any = sys._getframe(1)
    while frame is not None and frame.f_code.co_filename.startswith((_OWN_FOLDER, contextlib.__file__)):
        frame = frame.f_back
    if frame is None:
        return "  (unknown place)"
    return f'  File "{frame.f_code.co_filename}", line {frame.f_lineno}, in {frame.f_code.co_name}'
