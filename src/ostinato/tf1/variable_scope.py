"""Variables by name: `get_variable`, and the scopes that name and share them.

Two things are counted apart. Names of operations are made unique by name scopes; names of variables follow
variable scopes, and re-entering one gives the same names, so that a variable is either shared (reuse) or
refused. The count of how often a default-named scope was opened is kept for each scope and forgotten when a
scope around it is left: a new cell under a driver's scope that is entered again asks for the names of the
first one.
"""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Callable, Iterator
from functools import partial
from typing import Any

from .arguments import handed_on
from .dtypes import as_dtype, float32
from .graph import GraphKeys, get_default_graph, name_scope
from .partitioned import PartitionedVariable
from .scope_defaults import VariableScope
from .shapes import as_shape
from .tensor import Tensor
from .variable_options import AUTO, NONE, VariableAggregation, VariableSynchronization
from .variable_store import AUTO_REUSE, Reuse, VariableStore
from .variables import Variable, variable_creator_scope

__all__ = [
    "AUTO_REUSE",
    "VariableAggregation",
    "VariableScope",
    "VariableSynchronization",
    "create_partitioned_variables",
    "get_local_variable",
    "get_variable",
    "get_variable_scope",
    "no_regularizer",
    "unique_scope_name",
    "variable",
    "variable_creator_scope",
    "variable_op_scope",
    "variable_scope",
    "variable_store",
]
_STORE_KEY = ("__variable_store",)
_SCOPE_KEY = ("__varscope",)
variable = Variable

# What a scope hands on to the scopes inside it. A constraint is not among them, as in TensorFlow 1.15.
_INHERITED = (
    "initializer",
    "regularizer",
    "caching_device",
    "partitioner",
    "custom_getter",
    "dtype",
    "use_resource",
)


class _Place(threading.local):
    """Where a thread is: its current scope, and how often it opened each."""

    def __init__(self) -> None:
        self.scope = VariableScope(False)
        self.counts: dict[str, int] = {}

    def open(self, name: str) -> None:
        self.counts[name] = self.counts.get(name, 0) + 1

    def close_under(self, name: str) -> None:
        for key in self.counts:
            if key.startswith(name + "/"):
                self.counts[key] = 0


def _of_graph(key: Any, make: Callable[[], Any]) -> Any:
    kept = get_default_graph().get_collection_ref(key)
    if not kept:
        kept.append(make())
    return kept[0]


def _place() -> _Place:
    return _of_graph(_SCOPE_KEY, _Place)


def variable_store() -> VariableStore:
    """The default graph's variables by name."""
    return _of_graph(_STORE_KEY, VariableStore)


def get_variable_scope() -> VariableScope:
    """The current scope (TF1 symbol: `tf.get_variable_scope`)."""
    return _place().scope


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
    use_resource: bool | None = None,
    custom_getter: Any = None,
    constraint: Any = None,
    synchronization: Any = AUTO,
    aggregation: Any = NONE,
) -> Any:
    """Make a variable in the current scope, or share the one there is (TF1 symbol: `tf.get_variable`).

    Args:
        name, shape, dtype: what it is; the type is the scope's for None, float32 unless that was set.
        initializer: makes the initial value, or is it; None is the scope's, or glorot_uniform (zeros for
            integers).
        regularizer: makes a loss of the variable, which goes to the collection of regularisation losses.
        trainable: whether optimisers alter it by default; None is True, unless it is synchronised on read.
        collections: a list of the collections it goes to; None is the global variables.
        caching_device: a device for the node that reads the variable.
        partitioner: says how many parts the variable is kept in; the result is then a PartitionedVariable.
        validate_shape: False lets an assignment change the shape.
        use_resource: True makes a ResourceVariable, whose reads keep to control dependencies.
        custom_getter: a function `custom_getter(getter, name, **options)` that is asked in place of the
            getter.
        constraint: a function of the variable's value that an optimiser applies after each update.

    Raises:
        ValueError: it exists and is not to be reused, or is to be reused and does not exist, or its shape or
            type is another.
    """
    return get_variable_scope().get_variable(**handed_on(locals()), var_store=variable_store())


def get_local_variable(
    name: str,
    shape: Any = None,
    dtype: Any = None,
    initializer: Any = None,
    regularizer: Any = None,
    trainable: bool = False,
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
    """`get_variable` for a variable that is neither trained nor saved (TF1 symbol: `tf.get_local_variable`).

    It goes to the collection of local variables, and is not trained whatever `trainable` says.
    """
    return get_variable(
        **handed_on(locals(), "trainable", "collections"),
        trainable=False,
        collections=[*(collections or ()), GraphKeys.LOCAL_VARIABLES],
    )


def no_regularizer(_: Any) -> None:
    """A regulariser that makes no loss, for where the scope has one (TF1 symbol: `tf.no_regularizer`)."""


def unique_scope_name(prefix: str) -> str:
    """The name that a scope of a default name gets in the current scope."""
    counts, current = _place().counts, get_variable_scope().name
    full = f"{current}/{prefix}" if current else prefix
    if not counts.get(full, 0):
        return prefix
    index = 1
    while counts.get(f"{full}_{index}", 0):
        index += 1
    return f"{prefix}_{index}"


@contextlib.contextmanager
def entered(
    name_or_scope: str | VariableScope,
    original_name_scope: str | None = None,
    reuse: Reuse = None,
    constraint: Any = None,
    **changes: Any,
) -> Iterator[VariableScope]:
    """Context for a scope of variables alone, without one of operation names."""
    place = _place()
    outer = place.scope
    again = isinstance(name_or_scope, VariableScope)
    around = name_or_scope if isinstance(name_or_scope, VariableScope) else outer
    values = {name: getattr(around, name) for name in _INHERITED}
    values.update({name: value for name, value in changes.items() if value is not None})
    inner = changes.get("custom_getter")
    if inner is not None and around.custom_getter is not None:
        inherited = around.custom_getter
        values["custom_getter"] = lambda getter, *args, **options: inner(
            partial(inherited, getter), *args, **options
        )
    if isinstance(name_or_scope, VariableScope):
        name, original_name_scope = name_or_scope.name, name_or_scope.original_name_scope
    else:
        name = f"{outer.name}/{name_or_scope}" if outer.name else name_or_scope
        original_name_scope = name_or_scope if original_name_scope is None else original_name_scope
    scope = VariableScope(
        reuse or around.reuse, name, name_scope=original_name_scope, constraint=constraint, **values
    )
    place.open(name)
    counts = dict(place.counts)
    place.scope = scope
    try:
        yield scope
    finally:
        left = place.scope
        place.scope = outer
        if again:
            place.counts = counts
        else:
            place.close_under(name)
    if left is not scope:
        raise RuntimeError(
            f"Improper nesting of variable_scope. {scope.name!r} was left inside {left.name!r}."
        )


class variable_scope:
    """Context for a scope of variables, and of operations with it (TF1 symbol: `tf.variable_scope`).

    Args:
        name_or_scope: a name under the current scope, or a scope to enter again.
        default_name: a name that is made unique, for where `name_or_scope` is None.
        values: tensors whose graph becomes the default one.
        initializer, regularizer, caching_device, partitioner, dtype, use_resource, constraint: what
            `get_variable` takes in this scope where it is told nothing else.
        custom_getter: is asked in place of the getter; it is handed that of the scope around.
        reuse: True shares variables, tf.AUTO_REUSE shares or makes them, None and False are as the scope
            around.
        auxiliary_name_scope: whether to open a scope of operation names too.

    Raises:
        TypeError: there is neither a name nor a default name, or the name is no string or scope.
        ValueError: `reuse` is none of the above, or is True where only a default name is given.

    >>> import ostinato.tf1 as tf
    >>> with tf.Graph().as_default():
    ...     for _ in range(2):
    ...         with tf.variable_scope("layer", reuse=tf.AUTO_REUSE):
    ...             weights = tf.get_variable("weights", [3, 4])
    ...     len(tf.global_variables()), weights.name
    (1, 'layer/weights:0')
    """

    def __init__(
        self,
        name_or_scope: str | VariableScope | None,
        default_name: str | None = None,
        values: Any = None,
        initializer: Any = None,
        regularizer: Any = None,
        caching_device: Any = None,
        partitioner: Any = None,
        custom_getter: Any = None,
        reuse: Reuse = None,
        dtype: Any = None,
        use_resource: bool | None = None,
        constraint: Any = None,
        auxiliary_name_scope: bool = True,
    ) -> None:
        if default_name is None and name_or_scope is None:
            raise TypeError("If default_name is None then name_or_scope is required")
        if reuse is not True and reuse is not None and reuse is not False and reuse is not AUTO_REUSE:
            raise ValueError(f"The reuse parameter must be True or False or None. It is {reuse!r}.")
        if not isinstance(auxiliary_name_scope, bool):
            raise TypeError(
                f"The auxiliary_name_scope must be `True` or `False`, while get {auxiliary_name_scope}"
            )
        self._name_or_scope, self._default_name = name_or_scope, default_name
        self._reuse = reuse or None
        self._auxiliary = auxiliary_name_scope
        self._changes = {
            "initializer": initializer,
            "regularizer": regularizer,
            "caching_device": caching_device,
            "partitioner": partitioner,
            "custom_getter": custom_getter,
            "dtype": dtype,
            "use_resource": use_resource,
            "constraint": constraint,
        }
        graphs = (value.graph for value in values or () if isinstance(value, Tensor))
        self._graph = next(graphs, None) or get_default_graph()
        self._unique: str | None = None  # the name that the default name became when it was first entered
        self._exits: list[contextlib.ExitStack] = []

    def __enter__(self) -> VariableScope:
        with contextlib.ExitStack() as stack:
            graph = get_default_graph()
            if graph.outer is None and graph is not self._graph:
                stack.enter_context(self._graph.as_default())
            scope = self._enter(stack)
            self._exits.append(stack.pop_all())
        return scope

    def __exit__(self, *problem: Any) -> bool | None:
        return self._exits.pop().__exit__(*problem)

    def _enter(self, stack: contextlib.ExitStack) -> VariableScope:
        graph, name_or_scope = get_default_graph(), self._name_or_scope
        current = graph.get_name_scope()
        original: str | None = current + "/" if current else ""
        if name_or_scope is None:
            if self._reuse:
                raise ValueError("reuse=True cannot be used without a name_or_scope")
            if self._auxiliary:
                original = stack.enter_context(graph.name_scope(self._default_name))
            if self._unique is None:
                self._unique = unique_scope_name(self._default_name or "")
            return stack.enter_context(entered(self._unique, original, **self._changes))
        if not isinstance(name_or_scope, (str, VariableScope)):
            raise TypeError(
                f"VariableScope: name_or_scope must be a string or VariableScope. It is {name_or_scope!r}."
            )
        name = name_or_scope if isinstance(name_or_scope, str) else name_or_scope.name.split("/")[-1]
        if self._auxiliary:
            original = stack.enter_context(graph.name_scope(name)) if name else None
        return stack.enter_context(entered(name_or_scope, original, self._reuse, **self._changes))


@contextlib.contextmanager
def variable_op_scope(
    values: Any,
    name_or_scope: Any,
    default_name: str | None = None,
    initializer: Any = None,
    regularizer: Any = None,
    caching_device: Any = None,
    partitioner: Any = None,
    custom_getter: Any = None,
    reuse: Reuse = None,
    dtype: Any = None,
    use_resource: bool | None = None,
    constraint: Any = None,
) -> Iterator[Any]:
    """The older argument order of `variable_scope` (TF1 symbol: `tf.variable_op_scope`)."""
    options = (initializer, regularizer, caching_device, partitioner, custom_getter, reuse, dtype)
    with variable_scope(name_or_scope, default_name, values, *options, use_resource, constraint) as scope:
        yield scope


def create_partitioned_variables(
    shape: Any,
    slicing: Any,
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
    if len(slicing) < 1:
        raise ValueError(f"A partitioned Variable must have rank at least 1: shape: {shape}")
    with variable_scope(name, "PartitionedVariable", reuse=reuse) as scope:
        if scope.custom_getter is not None:
            raise ValueError(
                "Private access to _get_partitioned_variable is not allowed when a custom getter is set.  "
                f"Current custom getter: {scope.custom_getter}. tf.get_variable with a partitioner works "
                "together with one."
            )
        with name_scope(None):
            whole = variable_store().get_variable(
                scope.name,
                shape,
                as_dtype(dtype),
                initializer=scope.initializer if initializer is None else initializer,
                regularizer=scope.regularizer,
                reuse=scope.reuse,
                trainable=trainable,
                collections=collections,
                caching_device=scope.caching_device,
                partitioner=lambda **_: list(slicing),
                use_resource=scope.use_resource,
                constraint=scope.constraint,
            )
    assert isinstance(whole, PartitionedVariable)
    return list(whole)
