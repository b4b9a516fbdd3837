"""A graph's variables by name: made, or shared where a scope says so."""

from __future__ import annotations

import contextlib
import inspect
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

from .dtypes import as_dtype, float32
from .graph import GraphKeys, get_default_graph, name_scope
from .initializers import GlorotUniform, Zeros
from .partitioned import PartitionedVariable, part_initializer, partition_counts, parts_of
from .shapes import TensorShape, as_shape
from .variables import Variable

_OWN_FOLDER = str(Path(__file__).parent)


class _AutoReuse:
    def __repr__(self) -> str:
        return "AUTO_REUSE"


AUTO_REUSE = _AutoReuse()
Reuse = bool | _AutoReuse | None


class VariableStore:
    """A graph's variables by name, and how often each scope was opened."""

    def __init__(self) -> None:
        self.variables: dict[str, Any] = {}
        self.partitioned: dict[str, PartitionedVariable] = {}
        self.places: dict[str, str] = {}
        self.counts: dict[str, int] = {}

    def open_scope(self, name: str) -> None:
        self.counts[name] = self.counts.get(name, 0) + 1

    def close_scopes_under(self, name: str) -> None:
        for key in self.counts:
            if not name or key.startswith(name + "/"):
                self.counts[key] = 0

    def get(
        self,
        name: str,
        shape: Any = None,
        dtype: Any = None,
        initializer: Any = None,
        regularizer: Any = None,
        reuse: Reuse = None,
        trainable: bool | None = None,
        collections: Any = None,
        validate_shape: bool = True,
        constraint: Any = None,
        partitioner: Any = None,
        **_: Any,
    ) -> Any:
        wanted = None if dtype is None else as_dtype(dtype).base_dtype
        if partitioner is not None:
            options = {"trainable": trainable, "collections": collections, "constraint": constraint}
            return self._in_parts(
                name, shape, wanted, initializer, partitioner, reuse, regularizer=regularizer, **options
            )
        if f"{name}/part_0" in self.variables:
            raise ValueError(
                "No partitioner was provided, but a partitioned version of the variable was found: "
                f"{name}/part_0. Perhaps a variable of the same name was already created with partitioning?"
            )
        if name in self.variables:
            return self._shared(name, shape, wanted, reuse)
        if reuse is True:
            raise ValueError(
                f"Variable {name} does not exist, or was not created with tf.get_variable(). "
                "Did you mean to set reuse=tf.AUTO_REUSE in VarScope?"
            )
        sizes = None if shape is None else as_shape(shape)
        value = self._initial_value(name, sizes, wanted, initializer)
        variable = Variable(
            value,
            name=name,
            trainable=trainable,
            collections=collections,
            dtype=wanted,
            validate_shape=validate_shape,
            constraint=constraint,
        )
        self.variables[name] = variable
        self.places[name] = _caller()
        if regularizer is not None:
            _regularize(regularizer, variable, name)
        return variable

    def _in_parts(
        self,
        name: str,
        shape: Any,
        dtype: Any,
        initializer: Any,
        partitioner: Any,
        reuse: Reuse,
        regularizer: Any = None,
        **options: Any,
    ) -> PartitionedVariable:
        """A variable in as many parts as the partitioner says."""
        if name in self.variables:
            raise ValueError(
                "A partitioner was provided, but an unpartitioned version of the variable was found: "
                f"{name}.  Perhaps a variable of the same name was already created without partitioning?"
            )
        kind = dtype or float32
        sizes = as_shape(getattr(initializer, "shape", None) if shape is None else shape)
        if name in self.partitioned:
            found = self.partitioned[name]
            if not reuse:
                raise ValueError(
                    f"Partitioned variable with name {name} already exists. Did you mean to set reuse=True "
                    "or reuse=tf.AUTO_REUSE in VarScope?"
                )
            if not sizes.is_compatible_with(found.shape):
                raise ValueError(
                    f"Trying to reuse partitioned variable {name}, but specified shape {sizes} and found "
                    f"shape {found.shape}."
                )
            return found
        if reuse is True:
            raise ValueError(
                f"PartitionedVariable {name} does not exist, or was not created with tf.get_variable(). Did "
                "you mean to set reuse=False or reuse=tf.AUTO_REUSE in VarScope?"
            )
        counts = partition_counts(partitioner, sizes, kind)
        initializer = _default_initializer(name, kind) if initializer is None else initializer
        variables = []
        for index, part in enumerate(parts_of(name, [size or 0 for size in sizes.as_list()], counts)):
            value = part_initializer(initializer, part)
            variable = self.get(
                f"{name}/part_{index}",
                part.var_shape if callable(value) else None,
                kind if callable(value) else None,  # a value keeps its type
                value,
                reuse=reuse,
                **options,
            )
            variable._set_save_slice_info(part)
            variables.append(variable)
        whole = self.partitioned[name] = PartitionedVariable(
            name, sizes, variables[0].dtype.base_dtype, variables, counts
        )
        if regularizer is not None:
            _regularize(regularizer, whole, name)
        return whole

    def _shared(self, name: str, shape: Any, dtype: Any, reuse: Reuse) -> Any:
        found = self.variables[name]
        if not reuse:
            raise ValueError(
                f"Variable {name} already exists, disallowed. Did you mean to set reuse=True or "
                "reuse=tf.AUTO_REUSE in "
                f"VarScope? Originally defined at:\n\n{self.places[name]}"
            )
        if shape is not None and not as_shape(shape).is_compatible_with(found.shape):
            raise ValueError(
                f"Trying to share variable {name}, but specified shape {as_shape(shape)} and found shape "
                f"{found.shape}."
            )
        if dtype is not None and not dtype.is_compatible_with(found.dtype):
            raise ValueError(
                f"Trying to share variable {name}, but specified dtype {dtype.name} and found dtype "
                f"{found.dtype.base_dtype.name}."
            )
        return found

    def _initial_value(self, name: str, shape: TensorShape | None, dtype: Any, initializer: Any) -> Any:
        if initializer is None:
            initializer = _default_initializer(name, dtype or float32)
        if inspect.isclass(initializer):
            initializer = initializer()
        if not callable(initializer):
            if shape is not None:
                raise ValueError("If initializer is a constant, do not specify shape.")
            return initializer
        accepted = _parameters(initializer)
        if not accepted:
            return initializer
        if shape is None or not shape.is_fully_defined():
            raise ValueError(
                f"Shape of a new variable ({name}) must be fully defined, but instead was "
                f"{'<unknown>' if shape is None else shape}."
            )
        options = {"dtype": dtype or float32, "partition_info": None}
        passed = {key: value for key, value in options.items() if key in accepted or "**" in accepted}
        return lambda: initializer(shape.as_list(), **passed)


def _default_initializer(name: str, dtype: Any) -> Any:
    if not (dtype.is_floating or dtype.is_integer or dtype.is_bool):
        raise ValueError(f"An initializer for variable {name} of {dtype} is required")
    return GlorotUniform() if dtype.is_floating else Zeros()


def _regularize(regularizer: Callable[..., Any], variable: Any, name: str) -> None:
    with name_scope(name + "/Regularizer/"):
        loss = regularizer(variable)
    if loss is not None:
        get_default_graph().add_to_collection(GraphKeys.REGULARIZATION_LOSSES, loss)


def _parameters(function: Callable[..., Any]) -> list[str]:
    kinds = inspect.signature(function).parameters.values()
    return ["**" if item.kind is item.VAR_KEYWORD else item.name for item in kinds]


def _caller() -> str:
    """The line of the user's code that is being run."""
    frame: Any = sys._getframe(1)
    while frame is not None and frame.f_code.co_filename.startswith((_OWN_FOLDER, contextlib.__file__)):
        frame = frame.f_back
    if frame is None:
        return "  (unknown place)"
    return f'  File "{frame.f_code.co_filename}", line {frame.f_lineno}, in {frame.f_code.co_name}'
