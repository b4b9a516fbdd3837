"""What optimisers share: gradients of a loss, slots, and one node that updates each variable.

An optimiser's own values are variables, named as in TensorFlow 1.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from . import nest
from .gradients import gradients
from .graph import GraphKeys, control_dependencies, get_default_graph, name_scope
from .graph import colocate_with as place_with
from .indexed_slices import IndexedSlices
from .ops import state
from .ops.array import ones_like, reshape, size
from .ops.control import group
from .ops.core import convert_to_tensor, make
from .ops.math import cast, minimum
from .ops.segments import unsorted_segment_sum
from .ops.sets import unique
from .partitioned import PartitionedVariable
from .slot_creator import create_slot, create_slot_with_initializer, create_zeros_slot
from .tensor import Operation, Tensor
from .variable_lists import trainable_variables
from .variables import ResourceVariable, Variable


class Optimizer:
    """Base of the optimisers (TF1 symbol: `tf.train.Optimizer`): derive from it and define `_apply_dense`.

    `_apply_dense(grad, var)` returns the operation that updates a variable; `_create_slots(var_list)` makes
    the optimiser's variables and `_prepare()` the nodes that all updates share; `_finish(update_ops, name)`
    returns the operation that runs them all.
    """

    GATE_NONE, GATE_OP, GATE_GRAPH = 0, 1, 2
    _rows: Any = None  # the rows of the gradient that is being applied, where the slots of others stay
    _rows_as_whole = True  # whether some rows' gradient does what the whole's does that is zero elsewhere

    def __init__(self, use_locking: bool, name: str) -> None:
        if not name:
            raise ValueError("Must specify the optimizer name")
        self._use_locking, self._name = use_locking, name
        self._slots: dict[str, dict[Any, Variable]] = {}
        self._non_slots: dict[Any, Variable] = {}  # variables that belong to no other variable

    def get_name(self) -> str:
        return self._name

    def minimize(
        self,
        loss: Any,
        global_step: Any = None,
        var_list: Any = None,
        gate_gradients: int = GATE_OP,
        aggregation_method: Any = None,
        colocate_gradients_with_ops: bool = False,
        name: str | None = None,
        grad_loss: Any = None,
    ) -> Operation:
        """An operation that makes one step down the loss (TF1 symbol: `Optimizer.minimize`).

        Raises:
            ValueError: there is no variable to alter, or the loss depends on none.
        """
        pairs = self.compute_gradients(
            loss, var_list, gate_gradients, aggregation_method, colocate_gradients_with_ops, grad_loss
        )
        if all(grad is None for grad, _ in pairs):
            raise ValueError(
                "No gradients provided for any variable, check your graph for ops that do not support "
                f"gradients, between variables {[str(variable) for _, variable in pairs]} and loss {loss}."
            )
        return self.apply_gradients(pairs, global_step, name)

    def compute_gradients(
        self,
        loss: Any,
        var_list: Any = None,
        gate_gradients: int = GATE_OP,
        aggregation_method: Any = None,
        colocate_gradients_with_ops: bool = False,
        grad_loss: Any = None,
    ) -> list[tuple[Tensor | None, Any]]:
        """(gradient or None, variable) for each variable (TF1 symbol: `Optimizer.compute_gradients`).

        A variable that is kept in parts stands for its parts. `gate_gradients`, `aggregation_method` and
        `colocate_gradients_with_ops` change no number.

        Raises:
            ValueError: there is no variable, the gating is unknown, or the loss is of integers.
        """
        if gate_gradients not in (self.GATE_NONE, self.GATE_OP, self.GATE_GRAPH):
            raise ValueError(
                "gate_gradients must be one of: Optimizer.GATE_NONE, Optimizer.GATE_OP, "
                f"Optimizer.GATE_GRAPH.  Not {gate_gradients}"
            )
        loss = convert_to_tensor(loss() if callable(loss) else loss)
        given = trainable_variables() if var_list is None else _listed(var_list)
        chosen = [part for item in given for part in _parts(item)]
        if not chosen:
            raise ValueError("No variables to optimize.")
        for variable in chosen:
            if not isinstance(variable, (Variable, Tensor)):
                raise NotImplementedError(f"Trying to optimize unsupported type  {variable!r}")
        self._check_types([loss, *([] if grad_loss is None else [convert_to_tensor(grad_loss)])])
        pairs = list(zip(gradients(loss, chosen, grad_ys=grad_loss), chosen, strict=True))
        self._check_types([variable for grad, variable in pairs if grad is not None])
        return pairs

    def _check_types(self, tensors: Sequence[Any]) -> None:
        for tensor in tensors:
            if not tensor.dtype.base_dtype.is_floating:
                raise ValueError(
                    f"Invalid type {tensor.dtype.base_dtype!r} for {tensor.name}, expected: "
                    "[tf.float16, tf.bfloat16, tf.float32, tf.float64]."
                )

    def apply_gradients(
        self, grads_and_vars: Any, global_step: Any = None, name: str | None = None
    ) -> Operation:
        """An operation that applies gradients to variables (TF1 symbol: `Optimizer.apply_gradients`).

        A variable's constraint is applied after its update; `global_step` is incremented after all.

        Raises:
            TypeError: a gradient is no tensor.
            ValueError: there are no variables, or no gradients.
        """
        pairs = [(_gradient(grad), variable) for grad, variable in grads_and_vars]
        if not pairs:
            raise ValueError("No variables provided.")
        updated = [variable for grad, variable in pairs if grad is not None]
        if not updated:
            raise ValueError(
                f"No gradients provided for any variable: {[str(variable) for _, variable in pairs]}."
            )
        for variable in updated:
            if not isinstance(variable, Variable):
                raise NotImplementedError(f"Trying to update a Tensor  {variable!r}")
        with control_dependencies(None):
            self._create_slots(updated)
        with name_scope(name, self._name) as scope:
            self._prepare()
            updates = []
            for grad, variable in pairs:
                if grad is not None:
                    with name_scope(f"update_{variable.op.name}"), place_with(variable.op):
                        updates.append(self._updated(grad, variable))
            if global_step is None:
                train_op = self._finish(updates, scope)
            else:
                finish = [self._finish(updates, "update")]
                with control_dependencies(finish), place_with(global_step):
                    train_op = state.assign_add(global_step, 1, name=scope).op
        collection = get_default_graph().get_collection_ref(GraphKeys.TRAIN_OP)
        if train_op not in collection:
            collection.append(train_op)
        return train_op

    def _updated(self, grad: Any, variable: Variable) -> Any:
        """The operation that updates a variable and then holds it to its constraint."""
        if isinstance(grad, IndexedSlices):
            if variable.constraint is not None:
                raise RuntimeError("Cannot use a constraint function on a sparse variable.")
            if hasattr(self, "_apply_sparse"):  # of a class of the script's
                return self._apply_sparse_duplicate_indices(grad, variable)
            if not self._rows_as_whole:
                self._rows = grad.indices
                try:
                    return self._apply_dense(cast(grad.values, variable.dtype.base_dtype), variable)
                finally:
                    self._rows = None
            grad = IndexedSlices(grad.values, grad.indices, variable.shape.as_list())
        update = self._apply_dense(convert_to_tensor(grad, variable.dtype.base_dtype), variable)
        if variable.constraint is None:
            return update
        with control_dependencies([update]):
            return variable.assign(variable.constraint(variable))

    # -- its variables
    def get_slot_names(self) -> list[str]:
        return sorted(self._slots)

    def get_slot(self, var: Any, name: str) -> Variable | None:
        """The variable that the optimiser keeps for a variable, or None."""
        return self._slots.get(name, {}).get(_key(var))

    def variables(self) -> list[Variable]:
        """The optimiser's own variables in the default graph, by name."""
        slots = [slot for named in self._slots.values() for slot in named.values()]
        graph = get_default_graph().outermost
        mine = [variable for variable in [*self._non_slots.values(), *slots] if variable.graph is graph]
        return sorted(mine, key=lambda variable: variable.name)

    # -- for derived classes
    def _create_slots(self, var_list: Sequence[Variable]) -> None:
        """Make the optimiser's variables."""

    def _prepare(self) -> None:
        """Make the nodes that all the updates share."""

    def _apply_dense(self, grad: Tensor, var: Variable) -> Any:
        raise NotImplementedError(
            f"{type(self).__name__} does not say how it updates a variable: define _apply_dense."
        )

    def _apply_sparse_duplicate_indices(self, grad: IndexedSlices, var: Variable) -> Any:
        """Update a variable by slices that may name a row twice: `_apply_sparse` gets their sums."""
        rows, places = unique(grad.indices)
        values = unsorted_segment_sum(grad.values, places, size(rows))
        apply_sparse: Any = self._apply_sparse  # type: ignore[attr-defined]
        return apply_sparse(IndexedSlices(values, rows, grad.dense_shape), var)

    def _finish(self, update_ops: Sequence[Any], name_scope: str) -> Operation:
        return group(*update_ops, name=name_scope)

    def _slot_dict(self, slot_name: str) -> dict[Any, Variable]:
        return self._slots.setdefault(slot_name, {})

    def _get_or_make_slot(self, var: Any, val: Any, slot_name: str, op_name: str) -> Variable:
        named = self._slot_dict(slot_name)
        if _key(var) not in named:
            named[_key(var)] = create_slot(var, val, op_name)
        return named[_key(var)]

    def _get_or_make_slot_with_initializer(
        self, var: Any, initializer: Any, shape: Any, dtype: Any, slot_name: str, op_name: str
    ) -> Variable:
        named = self._slot_dict(slot_name)
        if _key(var) not in named:
            named[_key(var)] = create_slot_with_initializer(var, initializer, shape, dtype, op_name)
        return named[_key(var)]

    def _zeros_slot(self, var: Any, slot_name: str, op_name: str) -> Variable:
        named = self._slot_dict(slot_name)
        if _key(var) not in named:
            named[_key(var)] = create_zeros_slot(var, op_name)
        return named[_key(var)]

    def _create_non_slot_variable(self, initial_value: Any, name: str, colocate_with: Any) -> Variable:
        key = (name, colocate_with.graph)
        if key not in self._non_slots:
            is_resource = isinstance(colocate_with, ResourceVariable)
            with place_with(colocate_with.op):
                self._non_slots[key] = Variable(
                    initial_value, name=name, trainable=False, use_resource=is_resource
                )
        return self._non_slots[key]

    def _get_non_slot_variable(self, name: str, graph: Any = None) -> Variable | None:
        return self._non_slots.get((name, graph))

    def _call_if_callable(self, param: Any) -> Any:
        return param() if callable(param) else param

    def _node(self, value: Any, name: str) -> Tensor:
        """The node of a number, or of what a function says it is."""
        return convert_to_tensor(self._call_if_callable(value), name=name)

    def _apply(
        self,
        op_type: str,
        variable: Variable,
        slots: Sequence[str],
        inputs: Sequence[Any],
        counts: Sequence[Tensor] = (),
        **attributes: Any,
    ) -> Operation:
        """The node that updates a variable and its slots; numbers take the variable's type, not so counts."""
        written = [variable, *[self._slots[name][_key(variable)] for name in slots]]
        references = [item._to_tensor(as_ref=True) for item in written]
        kind = variable.dtype.base_dtype
        given = [*[cast(item, kind) for item in inputs], *counts]
        names = [item.op.name for item in written]
        if self._rows is not None:
            rows = [*references, *given, convert_to_tensor(self._rows)]
            return make(f"Sparse{op_type}", rows, f"Sparse{op_type}", variables=names, **attributes)
        return make(op_type, [*references, *given], op_type, variables=names, **attributes)


def rows_of(grad: IndexedSlices, variable: Variable) -> Tensor:
    """1 for the rows of a variable that slices are of, 0 for the others; to be multiplied with its value."""
    count, kind = variable.shape[0].value, variable.dtype.base_dtype
    times = unsorted_segment_sum(ones_like(grad.indices, dtype=kind), grad.indices, count)
    return reshape(minimum(times, cast(1, kind)), [count, *[1] * len(variable.shape.as_list()[1:])])


def _listed(var_list: Any) -> list[Any]:
    if isinstance(var_list, (Variable, Tensor, PartitionedVariable)):
        return [var_list]
    return nest.flatten(list(var_list) if isinstance(var_list, Iterable) else var_list)


def _parts(item: Any) -> list[Any]:
    return list(item) if isinstance(item, PartitionedVariable) else [item]


def _key(variable: Any) -> tuple[Any, str]:
    return variable.graph, variable.op.name


def _gradient(grad: Any) -> Any:
    if grad is None or isinstance(grad, (Tensor, IndexedSlices)):
        return grad
    try:
        return convert_to_tensor(grad)
    except TypeError:
        raise TypeError(
            f"Gradient must be convertible to a Tensor or IndexedSlices, or None: {grad}"
        ) from None
