"""Whether a graph of Keras' layers is being trained: a node that `fit` feeds."""

from __future__ import annotations

import weakref
from typing import Any

from ..graph import Graph, get_default_graph, name_scope
from ..ops.core import placeholder_with_default

_PHASES: weakref.WeakKeyDictionary[Graph, Any] = weakref.WeakKeyDictionary()


def learning_phase() -> Any:
    """0, 1, or the node that says so when it is run (TF1 symbol: `tf.keras.backend.learning_phase`)."""
    graph = get_default_graph().outermost
    if graph not in _PHASES:
        with graph.as_default(), name_scope(None):
            _PHASES[graph] = placeholder_with_default(False, [], name="keras_learning_phase")
    return _PHASES[graph]


def symbolic_learning_phase() -> Any:
    """The node of the default graph that `fit` feeds; None where there is none, or it was set."""
    phase = _PHASES.get(get_default_graph().outermost)
    return None if isinstance(phase, int) else phase


def set_learning_phase(value: int) -> None:
    """Fix the phase of the default graph (TF1 symbol: `tf.keras.backend.set_learning_phase`).

    Raises:
        ValueError: neither 0 nor 1.
    """
    if value not in (0, 1):
        raise ValueError("Expected learning phase to be 0 or 1.")
    _PHASES[get_default_graph().outermost] = int(value)


def kept_learning_phase() -> Any:
    """The phase of the default graph as it is, for `restore_learning_phase`; None for nothing yet."""
    return _PHASES.get(get_default_graph().outermost)


def restore_learning_phase(kept: Any) -> None:
    """Have the phase that was kept again."""
    graph = get_default_graph().outermost
    if kept is None:
        _PHASES.pop(graph, None)
    else:
        _PHASES[graph] = kept


def forget_learning_phase(graph: Graph) -> None:
    _PHASES.pop(graph, None)
