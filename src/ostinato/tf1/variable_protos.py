"""Variables as messages, and variables that stand for nodes that are in a graph already."""

from __future__ import annotations

from typing import Any

from . import rewrite
from .graph import get_default_graph
from .meta_graph_messages import VariableDef
from .slices import SaveSliceInfo


def to_proto(variable: Any, export_scope: str | None = None) -> Any:
    """A variable as a VariableDef; None where it is not in the scope."""
    prefix = f"{export_scope.rstrip('/')}/" if export_scope else ""
    if not variable.name.startswith(prefix):
        return None
    made = VariableDef(
        variable_name=variable.name.removeprefix(prefix),
        initializer_name=variable.initializer.name.removeprefix(prefix),
        snapshot_name=variable._snapshot.name.removeprefix(prefix),
        trainable=variable.trainable,
        is_resource=hasattr(variable, "handle"),
    )
    if variable.initial_value is not None:
        made.initial_value_name = variable.initial_value.name.removeprefix(prefix)
    part = variable._get_save_slice_info()
    if part is not None:
        held = made.save_slice_info_def
        held.full_name = part.full_name
        held.full_shape.extend(part.full_shape)
        held.var_offset.extend(part.var_offset)
        held.var_shape.extend(part.var_shape)
    return made


def from_proto(variable_def: Any, import_scope: str | None = None) -> Any:
    """The variable of the default graph that a VariableDef describes.

    Raises:
        KeyError: a node is not there.
    """
    from .variables import ResourceVariable, Variable

    kind: Any = ResourceVariable if variable_def.is_resource else Variable
    made = kind.__new__(kind)
    describe(made, variable_def, import_scope)
    return made


def describe(made: Any, variable_def: Any, import_scope: str | None = None) -> None:
    """Make a variable's object stand for the nodes that a VariableDef names."""
    graph = get_default_graph()

    def element(name: str) -> Any:
        return graph.as_graph_element(f"{import_scope}/{name}" if import_scope else name)

    made._variable = element(variable_def.variable_name)
    made._initializer = element(variable_def.initializer_name)
    made._snapshot = element(variable_def.snapshot_name)
    made._initial_value = (
        element(variable_def.initial_value_name) if variable_def.initial_value_name else None
    )
    made._trainable = variable_def.trainable
    made._save_slice_info = None
    made.constraint = None
    if variable_def.HasField("save_slice_info_def"):
        part = variable_def.save_slice_info_def
        made._save_slice_info = SaveSliceInfo(
            part.full_name, list(part.full_shape), list(part.var_offset), list(part.var_shape)
        )
    if made._initial_value is not None:
        graph.add_to_collection(rewrite.INITIAL_VALUES, (made._variable, made._initial_value))
