"""Variables of a model: made with a place in the collection of model variables, and found by name."""

from __future__ import annotations

import functools
import re
from typing import Any

from .arg_scope import add_arg_scope
from .dtypes import float32
from .graph import GraphKeys, add_to_collection, get_collection
from .graph import device as on_device
from .variable_options import AUTO, NONE
from .variable_scope import VariableScope, get_variable, get_variable_scope
from .variables import Variable


@add_arg_scope
def variable(
    name: str,
    shape: Any = None,
    dtype: Any = None,
    initializer: Any = None,
    regularizer: Any = None,
    trainable: bool = True,
    collections: Any = None,
    caching_device: Any = None,
    device: Any = None,
    partitioner: Any = None,
    custom_getter: Any = None,
    use_resource: bool | None = None,
    synchronization: Any = AUTO,
    aggregation: Any = NONE,
) -> Any:
    """`tf.get_variable` on a device (TF1 symbol: `tf.contrib.framework.variable`)."""
    keys = [GraphKeys.GLOBAL_VARIABLES] if collections is None else list(dict.fromkeys(collections))
    getter: Any = get_variable
    if custom_getter is not None:
        getter = functools.partial(custom_getter, reuse=get_variable_scope().reuse)
    with on_device(device or ""):
        return getter(
            name,
            shape=shape,
            dtype=dtype,
            initializer=initializer,
            regularizer=regularizer,
            trainable=trainable,
            collections=keys,
            caching_device=caching_device,
            partitioner=partitioner,
            use_resource=use_resource,
            synchronization=synchronization,
            aggregation=aggregation,
        )


@add_arg_scope
def model_variable(
    name: str,
    shape: Any = None,
    dtype: Any = float32,
    initializer: Any = None,
    regularizer: Any = None,
    trainable: bool = True,
    collections: Any = None,
    caching_device: Any = None,
    device: Any = None,
    partitioner: Any = None,
    custom_getter: Any = None,
    use_resource: bool | None = None,
    synchronization: Any = AUTO,
    aggregation: Any = NONE,
) -> Any:
    """`variable`, kept among the model's (TF1 symbol: `tf.contrib.framework.model_variable`)."""
    keys = [*(collections or ()), GraphKeys.GLOBAL_VARIABLES, GraphKeys.MODEL_VARIABLES]
    return variable(
        name,
        shape=shape,
        dtype=dtype,
        initializer=initializer,
        regularizer=regularizer,
        trainable=trainable,
        collections=keys,
        caching_device=caching_device,
        device=device,
        partitioner=partitioner,
        custom_getter=custom_getter,
        use_resource=use_resource,
        synchronization=synchronization,
        aggregation=aggregation,
    )


def local_variable(
    initial_value: Any, validate_shape: bool = True, name: str | None = None, use_resource: Any = None
) -> Variable:
    """A variable that is not saved (TF1 symbol: `tf.contrib.framework.local_variable`)."""
    return Variable(
        initial_value,
        trainable=False,
        collections=[GraphKeys.LOCAL_VARIABLES],
        validate_shape=validate_shape,
        use_resource=use_resource,
        name=name,
    )


def global_variable(
    initial_value: Any, validate_shape: bool = True, name: str | None = None, use_resource: Any = None
) -> Variable:
    """A variable that is saved and not trained (TF1 symbol: `tf.contrib.framework.global_variable`)."""
    return Variable(
        initial_value,
        trainable=False,
        collections=[GraphKeys.GLOBAL_VARIABLES],
        validate_shape=validate_shape,
        use_resource=use_resource,
        name=name,
    )


def add_model_variable(var: Any) -> None:
    """Count a variable among the model's (TF1 symbol: `tf.contrib.framework.add_model_variable`)."""
    if all(var is not item for item in get_collection(GraphKeys.MODEL_VARIABLES)):
        add_to_collection(GraphKeys.MODEL_VARIABLES, var)


def get_variables(
    scope: Any = None, suffix: str | None = None, collection: str = GraphKeys.GLOBAL_VARIABLES
) -> list[Any]:
    """The variables of a scope whose names end so (TF1 symbol: `tf.contrib.framework.get_variables`)."""
    if isinstance(scope, VariableScope):
        scope = scope.name
    if suffix is not None:
        scope = f"{scope or ''}.*{suffix}{'' if ':' in suffix else ':'}"
    return get_collection(collection, scope)


def get_model_variables(scope: Any = None, suffix: str | None = None) -> list[Any]:
    """Those of the model (TF1 symbol: `tf.contrib.framework.get_model_variables`)."""
    return get_variables(scope, suffix, GraphKeys.MODEL_VARIABLES)


def get_local_variables(scope: Any = None, suffix: str | None = None) -> list[Any]:
    """Those that are not saved (TF1 symbol: `tf.contrib.framework.get_local_variables`)."""
    return get_variables(scope, suffix, GraphKeys.LOCAL_VARIABLES)


def get_trainable_variables(scope: Any = None, suffix: str | None = None) -> list[Any]:
    """Those that are trained (TF1 symbol: `tf.contrib.framework.get_trainable_variables`)."""
    return get_variables(scope, suffix, GraphKeys.TRAINABLE_VARIABLES)


def get_variables_to_restore(include: Any = None, exclude: Any = None) -> list[Any]:
    """The variables of some scopes and not of others (TF1 symbol:
    `tf.contrib.framework.get_variables_to_restore`).

    Raises:
        TypeError: scopes that are no list.
    """
    for name, scopes in (("include", include), ("exclude", exclude)):
        if scopes is not None and not isinstance(scopes, (list, tuple)):
            raise TypeError(f"{name} is provided but is not a list or a tuple.")
    included = (
        get_variables() if include is None else [item for scope in include for item in get_variables(scope)]
    )
    left_out = {id(item) for scope in exclude or () for item in get_variables(scope)}
    return [item for item in included if id(item) not in left_out]


def get_variables_by_suffix(suffix: str, scope: Any = None) -> list[Any]:
    """The variables whose names end so (TF1 symbol: `tf.contrib.framework.get_variables_by_suffix`)."""
    return get_variables(scope=scope, suffix=suffix)


def get_variables_by_name(given_name: str, scope: Any = None) -> list[Any]:
    """The variables of a name in any scope (TF1 symbol: `tf.contrib.framework.get_variables_by_name`)."""
    return get_variables(scope=scope, suffix=f"/{given_name}:|^{given_name}:")


def get_unique_variable(var_op_name: str) -> Any:
    """The variable of a full name (TF1 symbol: `tf.contrib.framework.get_unique_variable`).

    Raises:
        ValueError: there is none.
    """
    candidates = get_variables(scope=var_op_name)
    if not candidates:
        raise ValueError(f"Couldn't find variable {var_op_name}")
    for candidate in candidates:
        if candidate.op.name == var_op_name:
            return candidate
    raise ValueError(f"Variable {var_op_name} does not uniquely identify a variable")


def get_variable_full_name(var: Any) -> str:
    """The name of a variable, or of the whole that it is a part of (TF1 symbol:
    `tf.contrib.framework.get_variable_full_name`).
    """
    part = getattr(var, "_save_slice_info", None)
    return part.full_name if part else var.op.name


def filter_variables(
    var_list: Any, include_patterns: Any = None, exclude_patterns: Any = None, reg_search: bool = True
) -> list[Any]:
    """The variables whose names match patterns and no others (TF1 symbol:
    `tf.contrib.framework.filter_variables`).
    """
    match = re.search if reg_search else re.match
    kept = [
        item
        for item in var_list
        if include_patterns is None or any(match(pattern, item.name) for pattern in include_patterns)
    ]
    return [
        item
        for item in kept
        if exclude_patterns is None or not any(match(pattern, item.name) for pattern in exclude_patterns)
    ]
