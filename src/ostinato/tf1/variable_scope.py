"""Variables by name: `get_variable`, and the scopes that name and share them.

Two things are counted apart. Names of operations are made unique by name scopes; names of variables follow
variable scopes, and re-entering one gives the same names, so that a variable is either shared (reuse) or
refused. The count of how often a default-named scope was opened is kept for each scope and forgotten when a
scope around it is left: a new cell under a driver's scope that is entered again asks for the names of the
first one.
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from typing import Any

import numpy as np

from .dtypes import as_dtype, float32
from .graph import Graph, GraphKeys, get_default_graph, name_scope
from .shapes import as_shape
from .tensor import Tensor
from .variable_store import Reuse, VariableStore

_STORE_KEY = ("__variable_store",)
_SCOPE_KEY = ("__varscope",)


class VariableScope:
    """A scope of variable names with its defaults (TF1 symbol: `tf.VariableScope`)."""

    def __init__(
        self,
        reuse: Reuse,
        name: str = "",
        initializer: Any = None,
        regularizer: Any = None,
        custom_getter: Any = None,
        name_scope: str = "",
        dtype: Any = float32,
        constraint: Any = None,
        partitioner: Any = None,
    ) -> None:
        self._name = name
        self._reuse = reuse
        self._initializer = initializer
        self._regularizer = regularizer
        self._custom_getter = custom_getter
        self._name_scope = name_scope
        self._dtype = as_dtype(dtype)
        self._constraint = constraint
        self._partitioner = partitioner

    @property
    def name(self) -> str:
        return self._name

    @property
    def original_name_scope(self) -> str:
        return self._name_scope

    @property
    def reuse(self) -> Reuse:
        return self._reuse

    @property
    def initializer(self) -> Any:
        return self._initializer

    @property
    def regularizer(self) -> Any:
        return self._regularizer

    @property
    def custom_getter(self) -> Any:
        return self._custom_getter

    @property
    def dtype(self) -> Any:
        return self._dtype

    @property
    def constraint(self) -> Any:
        return self._constraint

    @property
    def partitioner(self) -> Any:
        return self._partitioner

    def reuse_variables(self) -> None:
        """From here on variables in this scope are shared, not made."""
        self._reuse = True

    def set_initializer(self, initializer: Any) -> None:
        self._initializer = initializer

    def set_regularizer(self, regularizer: Any) -> None:
        self._regularizer = regularizer

    def set_partitioner(self, partitioner: Any) -> None:
        self._partitioner = partitioner

    def set_dtype(self, dtype: Any) -> None:
        self._dtype = as_dtype(dtype)

    def set_custom_getter(self, custom_getter: Any) -> None:
        self._custom_getter = custom_getter

    def global_variables(self) -> list[Any]:
        return self.get_collection(GraphKeys.GLOBAL_VARIABLES)

    def trainable_variables(self) -> list[Any]:
        return self.get_collection(GraphKeys.TRAINABLE_VARIABLES)

    def get_collection(self, name: str) -> list[Any]:
        return get_default_graph().get_collection(name, f"{self._name}/" if self._name else "")

    def get_variable(self, store: VariableStore, name: str, **options: Any) -> Any:
        full_name = f"{self._name}/{name}" if self._name and name else self._name or name
        if options["reuse"] is None:
            options["reuse"] = self._reuse
        for option in ("initializer", "regularizer", "constraint", "partitioner"):
            if options[option] is None:
                options[option] = getattr(self, option)
        custom_getter = options.pop("custom_getter", None) or self._custom_getter
        if options["dtype"] is None:
            given = options["initializer"]
            is_value = isinstance(given, (Tensor, np.ndarray)) or np.isscalar(given)
            options["dtype"] = None if is_value else self._dtype
        with name_scope(None):
            if custom_getter is None:
                return store.get(full_name, **options)
            return custom_getter(getter=store.get, name=full_name, **options)

    def copy(self, **changes: Any) -> VariableScope:
        """This scope's defaults, with the given ones in their place where they are not None."""
        values = {
            "name": self._name,
            "reuse": self._reuse,
            "initializer": self._initializer,
            "regularizer": self._regularizer,
            "custom_getter": self._custom_getter,
            "name_scope": self._name_scope,
            "dtype": self._dtype,
            "constraint": self._constraint,
            "partitioner": self._partitioner,
        }
        values.update({name: value for name, value in changes.items() if value is not None})
        return VariableScope(**values)


def _of_graph(key: Any, make: Callable[[], Any], graph: Graph | None = None) -> list[Any]:
    cell = (graph or get_default_graph()).get_collection_ref(key)
    if not cell:
        cell.append(make())
    return cell


def variable_store() -> VariableStore:
    return _of_graph(_STORE_KEY, VariableStore)[0]


def get_variable_scope() -> VariableScope:
    """The current scope (TF1 symbol: `tf.get_variable_scope`)."""
    return _of_graph(_SCOPE_KEY, lambda: VariableScope(None))[0]


def get_variable(
    name: str,
    shape: Any = None,
    dtype: Any = None,
    initializer: Any = None,
    regularizer: Any = None,
    trainable: bool | None = None,
    collections: Any = None,
    caching_device: Any = None,
    partitioner: Any = None,
    validate_shape: bool = True,
    use_resource: Any = None,
    custom_getter: Any = None,
    constraint: Any = None,
    synchronization: Any = None,
    aggregation: Any = None,
    reuse: Reuse = None,
) -> Any:
    """Make a variable in the current scope, or share the one there is (TF1 symbol: `tf.get_variable`).

    Args:
        name, shape, dtype: what it is; the type is the scope's for None, float32 unless that was set.
        initializer: makes the initial value; None is the scope's, or glorot_uniform (zeros for integers).
        regularizer: makes a loss of the variable, which goes to the collection of regularisation losses.
        partitioner: says how many parts the variable is kept in; the result is then a PartitionedVariable.

    Raises:
        ValueError: it exists and is not to be reused, or is to be reused and does not exist, or its shape or
            type is another.
    """
    scope = get_variable_scope()
    return scope.get_variable(
        variable_store(),
        name,
        shape=shape,
        dtype=dtype,
        initializer=initializer,
        regularizer=regularizer,
        reuse=reuse,
        trainable=trainable,
        collections=collections,
        validate_shape=validate_shape,
        custom_getter=custom_getter,
        constraint=constraint,
        partitioner=partitioner,
    )


def _unique_scope_name(prefix: str) -> str:
    counts, current = variable_store().counts, get_variable_scope().name
    full = f"{current}/{prefix}" if current else prefix
    if not counts.get(full, 0):
        return prefix
    index = 1
    while counts.get(f"{full}_{index}", 0):
        index += 1
    return f"{prefix}_{index}"


@contextlib.contextmanager
def _entered(
    name_or_scope: str | VariableScope, original_name_scope: str | None, **changes: Any
) -> Iterator[VariableScope]:
    store, holder = variable_store(), _of_graph(_SCOPE_KEY, lambda: VariableScope(None))
    outer = holder[0]
    counts_before = None
    reuse = changes.pop("reuse")
    if isinstance(name_or_scope, VariableScope):
        scope = name_or_scope.copy(
            reuse=reuse or name_or_scope.reuse, name_scope=original_name_scope, **changes
        )
        counts_before = dict(store.counts)
    else:
        full = f"{outer.name}/{name_or_scope}" if outer.name else name_or_scope
        scope = outer.copy(name=full, reuse=reuse or outer.reuse, name_scope=original_name_scope, **changes)
        scope._reuse = reuse or outer.reuse
    inner = changes["custom_getter"]
    around = (name_or_scope if isinstance(name_or_scope, VariableScope) else outer).custom_getter
    if inner is not None and around is not None:
        scope._custom_getter = lambda getter, **options: inner(getter=partial(around, getter), **options)
    store.open_scope(scope.name)
    holder[0] = scope
    try:
        yield scope
    finally:
        store.close_scopes_under(scope.name)
        if counts_before is not None:
            store.counts = counts_before
        holder[0] = outer


@contextlib.contextmanager
def variable_scope(
    name_or_scope: str | VariableScope | None = None,
    default_name: str | None = None,
    values: Any = None,
    initializer: Any = None,
    regularizer: Any = None,
    caching_device: Any = None,
    partitioner: Any = None,
    custom_getter: Any = None,
    reuse: Reuse = None,
    dtype: Any = None,
    use_resource: Any = None,
    constraint: Any = None,
    auxiliary_name_scope: bool = True,
) -> Iterator[VariableScope]:
    """Context for a scope of variables, and of operations with it (TF1 symbol: `tf.variable_scope`).

    Args:
        name_or_scope: a name under the current scope, or a scope to enter again.
        default_name: a name that is made unique, for where `name_or_scope` is None.
        reuse: True shares variables, tf.AUTO_REUSE shares or makes them, None is as the scope around.
        auxiliary_name_scope: whether to open a scope of operation names too.

    >>> import ostinato.tf1 as tf
    >>> with tf.Graph().as_default():
    ...     for _ in range(2):
    ...         with tf.variable_scope("layer", reuse=tf.AUTO_REUSE):
    ...             weights = tf.get_variable("weights", [3, 4])
    ...     len(tf.global_variables()), weights.name
    (1, 'layer/weights:0')
    """
    if name_or_scope is None and default_name is None:
        raise TypeError("If default_name is None then name_or_scope is required")
    if reuse is False:
        reuse = None
    changes = {
        "initializer": initializer,
        "regularizer": regularizer,
        "custom_getter": custom_getter,
        "dtype": dtype,
        "constraint": constraint,
        "partitioner": partitioner,
        "reuse": reuse,
    }
    with contextlib.ExitStack() as stack:
        for value in values or ():
            if (
                isinstance(value, Tensor)
                and value.graph is not get_default_graph()
                and get_default_graph().outer is None
            ):
                stack.enter_context(value.graph.as_default())
                break
        graph = get_default_graph()
        original = graph.get_name_scope() + "/" if graph.get_name_scope() else ""
        if name_or_scope is None:
            if reuse:
                raise ValueError("reuse=True cannot be used without a name_or_scope")
            if auxiliary_name_scope:
                original = stack.enter_context(graph.name_scope(default_name))
            yield stack.enter_context(_entered(_unique_scope_name(default_name or ""), original, **changes))
            return
        if not isinstance(name_or_scope, (str, VariableScope)):
            raise TypeError(
                f"VariableScope: name_or_scope must be a string or VariableScope, not {name_or_scope!r}."
            )
        name = name_or_scope if isinstance(name_or_scope, str) else name_or_scope.name.split("/")[-1]
        if auxiliary_name_scope and name:
            opened = stack.enter_context(graph.name_scope(name))
            if isinstance(name_or_scope, str):
                original = opened
        if isinstance(name_or_scope, VariableScope):
            original = name_or_scope.original_name_scope
        yield stack.enter_context(_entered(name_or_scope, original, **changes))


@contextlib.contextmanager
def variable_op_scope(
    values: Any, name_or_scope: Any, default_name: str | None = None, **options: Any
) -> Iterator[Any]:
    """The older argument order of `variable_scope` (TF1 symbol: `tf.variable_op_scope`)."""
    with variable_scope(name_or_scope, default_name, values, **options) as scope:
        yield scope


def create_partitioned_variables(
    shape: Any,
    slicing: Sequence[int],
    initializer: Any,
    dtype: Any = float32,
    trainable: bool = True,
    collections: Any = None,
    name: str | None = None,
    reuse: Reuse = None,
) -> list[Any]:
    """The parts of a variable, as many along each axis as `slicing` says (TF1 symbol:
    `tf.create_partitioned_variables`).

    Raises:
        ValueError: `slicing` does not fit the shape, or is along more than one axis.
    """
    if len(slicing) != as_shape(shape).ndims:
        raise ValueError(
            "The 'shape' and 'slicing' of a partitioned Variable must have the length: "
            f"shape: {shape}, slicing: {slicing}"
        )
    with variable_scope(name, "PartitionedVariable", reuse=reuse):
        return list(
            get_variable(
                "",
                shape,
                dtype,
                initializer=initializer,
                trainable=trainable,
                collections=collections,
                partitioner=lambda **_: list(slicing),
            )
        )
