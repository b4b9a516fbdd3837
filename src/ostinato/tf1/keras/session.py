"""The session that Keras runs its graph in, and the values of variables there."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import numpy as np

from ..graph import get_default_graph, reset_default_graph
from ..keras_layer_names import forget_names
from ..ops.core import placeholder
from ..session import Session, get_default_session
from ..variable_lists import global_variables
from .learning_phase import forget_learning_phase

_OWN: list[Any] = []  # the session that Keras made or was given


def get_session(op_input_list: Any = ()) -> Any:
    """The default session, or Keras' own; variables that have no value there get their initial ones.

    TF1 symbol: `tf.keras.backend.get_session`.
    """
    session = get_default_session()
    graph = get_default_graph().outermost
    if session is None:
        if not _OWN or _OWN[-1].graph is not graph:
            _OWN[:] = [Session(graph=graph)]
        session = _OWN[-1]
    initialize(session)
    return session


def initialize(session: Any) -> None:
    """Give the variables of the session's graph that have no value yet their initial values."""
    with session.graph.as_default():
        known = session.variables
        variables = [*global_variables(), *session.graph.get_collection("metric_variables")]
        missing = [item.initializer for item in variables if item.op.name not in known]
        if missing:
            session.run(missing)


def set_session(session: Any) -> None:
    """Have Keras use this session (TF1 symbol: `tf.keras.backend.set_session`)."""
    _OWN[:] = [session]


def clear_session() -> None:
    """A new graph and a new session (TF1 symbol: `tf.keras.backend.clear_session`)."""
    graph = get_default_graph().outermost
    _OWN.clear()
    forget_names(graph)
    forget_learning_phase(graph)
    reset_default_graph()


def batch_get_value(tensors: Iterable[Any]) -> list[np.ndarray]:
    """The values of variables (TF1 symbol: `tf.keras.backend.batch_get_value`)."""
    items = list(tensors)
    return get_session().run(items) if items else []


def get_value(x: Any) -> Any:
    """The value of a variable (TF1 symbol: `tf.keras.backend.get_value`)."""
    return x if isinstance(x, (int, float, np.ndarray, np.generic)) else get_session().run(x)


def batch_set_value(tuples: Iterable[tuple[Any, Any]]) -> None:
    """Give variables values (TF1 symbol: `tf.keras.backend.batch_set_value`)."""
    assigns, feeds = [], {}
    for variable, value in tuples:
        kind = variable.dtype.base_dtype
        if not hasattr(variable, "_keras_assign"):
            with variable.graph.as_default():
                given = placeholder(kind, variable.shape)
                variable._keras_assign = given, variable.assign(given)
        given, assign = variable._keras_assign
        assigns.append(getattr(assign, "op", assign))
        feeds[given] = np.asarray(value, dtype=kind.as_numpy_dtype)
    if assigns:
        get_session().run(assigns, feeds)


def set_value(x: Any, value: Any) -> None:
    """Give a variable a value (TF1 symbol: `tf.keras.backend.set_value`)."""
    batch_set_value([(x, value)])
