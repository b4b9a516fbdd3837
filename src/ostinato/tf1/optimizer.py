"""Optimisers. Each variable is updated by one node; an optimiser's own values are variables named as in
TensorFlow 1.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

import torch

from . import registry
from . import variable_scope as vs
from .dtypes import as_dtype, int64
from .gradients import gradients
from .graph import GraphKeys, control_dependencies, get_default_graph, name_scope
from .initializers import Zeros
from .ops import state
from .ops.control import group
from .ops.core import convert_to_tensor, make
from .shapes import TensorShape
from .tensor import Operation, Tensor
from .variable_lists import trainable_variables
from .variables import Variable


class Optimizer:
    """Base of the optimisers (TF1 symbol: `tf.train.Optimizer`): derive from it and define `_apply_dense`."""

    GATE_NONE, GATE_OP, GATE_GRAPH = 0, 1, 2

    def __init__(self, use_locking: bool, name: str) -> None:
        if not name:
            raise ValueError("Must specify the optimizer name")
        self._name = name
        self._slots: dict[str, dict[Variable, Variable]] = {}
        self._shared: dict[Any, Variable] = {}  # variables of the optimiser that belong to no other variable

    def get_name(self) -> str:
        return self._name

    def minimize(
        self,
        loss: Tensor,
        global_step: Any = None,
        var_list: Iterable[Variable] | None = None,
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
        pairs = self.compute_gradients(loss, var_list, gate_gradients, grad_loss=grad_loss)
        if not any(grad is not None for grad, _ in pairs):
            names = [str(variable) for _, variable in pairs]
            raise ValueError(
                "No gradients provided for any variable, check your graph for ops that do not support "
                "gradients, "
                f"between variables {names} and loss {loss}."
            )
        return self.apply_gradients(pairs, global_step, name)

    def compute_gradients(
        self,
        loss: Any,
        var_list: Iterable[Variable] | None = None,
        gate_gradients: int = GATE_OP,
        aggregation_method: Any = None,
        colocate_gradients_with_ops: bool = False,
        grad_loss: Any = None,
    ) -> list[tuple[Tensor | None, Variable]]:
        """(gradient or None, variable) for each variable (TF1 symbol: `Optimizer.compute_gradients`)."""
        if var_list is None:
            chosen = trainable_variables()
        else:
            chosen = list(var_list) if isinstance(var_list, Iterable) else [var_list]
        if not chosen:
            raise ValueError("No variables to optimize.")
        for variable in chosen:
            if not isinstance(variable, Variable):
                raise TypeError(f"Argument is not a tf.Variable: {variable}")
        if not convert_to_tensor(loss).dtype.is_floating:
            raise ValueError(
                f"Invalid type {loss.dtype.name!r} for {loss.name}, expected a floating point type."
            )
        found = gradients(loss, chosen, grad_ys=grad_loss)
        return list(zip(found, chosen, strict=True))

    def apply_gradients(
        self, grads_and_vars: Any, global_step: Any = None, name: str | None = None
    ) -> Operation:
        """An operation that applies gradients to variables (TF1 symbol: `Optimizer.apply_gradients`)."""
        pairs = list(grads_and_vars)
        if not pairs:
            raise ValueError("No variables provided.")
        updated = [variable for grad, variable in pairs if grad is not None]
        if not updated:
            raise ValueError(
                f"No gradients provided for any variable: {[str(variable) for _, variable in pairs]}."
            )
        with control_dependencies(None):
            self._create_slots(updated)
        with name_scope(name, self._name) as scope:
            self._prepare()
            updates = []
            for grad, variable in pairs:
                if grad is not None:
                    with name_scope(f"update_{variable.op.name}"):
                        updates.append(
                            self._apply_dense(convert_to_tensor(grad, variable.dtype.base_dtype), variable)
                        )
            if global_step is None:
                train_op = self._finish(updates, scope)
            else:
                finished = self._finish(updates, "update")
                with control_dependencies([finished]):
                    train_op = state.assign_add(global_step, 1, name=scope).op
        collection = get_default_graph().get_collection_ref(GraphKeys.TRAIN_OP)
        if train_op not in collection:
            collection.append(train_op)
        return train_op

    def get_slot_names(self) -> list[str]:
        return sorted(self._slots)

    def get_slot(self, var: Variable, name: str) -> Variable | None:
        """The variable that the optimiser keeps for a variable, or None."""
        return self._slots.get(name, {}).get(var)

    def variables(self) -> list[Variable]:
        slots = [slot for named in self._slots.values() for slot in named.values()]
        return sorted([*self._shared.values(), *slots], key=lambda variable: variable.op.name)

    # -- for derived classes
    def _create_slots(self, var_list: Sequence[Variable]) -> None:
        """Make the optimiser's variables."""

    def _prepare(self) -> None:
        """Make the nodes that all the updates share."""

    def _apply_dense(self, grad: Tensor, var: Variable) -> Operation:
        raise TypeError(f"{type(self).__name__} does not say how it updates a variable: define _apply_dense.")

    def _finish(self, update_ops: Sequence[Operation], name_scope: str) -> Operation:
        return group(*update_ops, name=name_scope)

    def _zeros_slot(self, var: Variable, slot_name: str, op_name: str) -> Variable:
        named = self._slots.setdefault(slot_name, {})
        if var not in named:
            with vs.variable_scope(None, f"{var.op.name}/{op_name}", auxiliary_name_scope=False):
                named[var] = _whole_variable(var.shape, var.dtype.base_dtype)
            part = var._get_save_slice_info()
            if part is not None:
                own_name = named[var].op.name.removeprefix(f"{var.op.name}/")  # Adam, Adam_1
                named[var]._set_save_slice_info(part.renamed(f"{part.full_name}/{own_name}"))
        return named[var]

    def _shared_variable(self, initial_value: float, name: str, like: Variable) -> Variable:
        key = (name, like.graph)
        if key not in self._shared:
            self._shared[key] = Variable(
                initial_value, name=name, trainable=False, dtype=like.dtype.base_dtype
            )
        return self._shared[key]


def _whole_variable(shape: Any, dtype: Any) -> Variable:
    """A variable of zeros named as the current scope is, whatever partitioner that has."""
    scope = vs.get_variable_scope()
    partitioner = scope.partitioner
    scope.set_partitioner(None)
    try:
        return vs.get_variable("", shape, dtype, initializer=Zeros(), trainable=False)
    finally:
        scope.set_partitioner(partitioner)


def _number(value: Any, name: str) -> Tensor:
    return convert_to_tensor(value() if callable(value) else value, name=name)


def _applied(op_type: str, variables: Sequence[Variable], inputs: Sequence[Tensor]) -> Operation:
    references = [variable._to_tensor(as_ref=True) for variable in variables]
    names = [variable.op.name for variable in variables]
    return make(op_type, [*references, *inputs], op_type, variables=names)


def _register(op_type: str, slots: int, compute: Any) -> None:
    def rule(inputs: Sequence[Tensor], attributes: dict[str, Any]) -> registry.OutputTypes:
        return [(inputs[0].dtype, inputs[0].shape)]

    registry.register(
        op_type,
        compute,
        rule,
        stateful=True,
        writes=True,
        differentiable=False,
        reference_inputs=tuple(range(1 + slots)),
    )


class GradientDescentOptimizer(Optimizer):
    """variable -= learning_rate * gradient (TF1 symbol: `tf.train.GradientDescentOptimizer`).

    >>> import ostinato.tf1 as tf
    >>> with tf.Graph().as_default(), tf.Session() as session:
    ...     variable = tf.Variable(3.0)
    ...     train = tf.train.GradientDescentOptimizer(0.5).minimize(tf.square(variable - 1.0))
    ...     session.run(tf.global_variables_initializer())
    ...     session.run(train)
    ...     session.run(variable).item()
    1.0
    """

    def __init__(self, learning_rate: Any, use_locking: bool = False, name: str = "GradientDescent") -> None:
        super().__init__(use_locking, name)
        self._learning_rate = learning_rate

    def _prepare(self) -> None:
        self._rate = _number(self._learning_rate, "learning_rate")

    def _apply_dense(self, grad: Tensor, var: Variable) -> Operation:
        return _applied("ApplyGradientDescent", [var], [self._rate, grad])


def _descend(run: Any, operation: Operation, _: Any, rate: torch.Tensor, grad: torch.Tensor) -> torch.Tensor:
    (name,) = operation.attributes["variables"]
    value = run.current(name)
    return run.write(name, value - (rate.to(value.dtype) * grad).detach())


_register("ApplyGradientDescent", 0, _descend)


class MomentumOptimizer(Optimizer):
    """accumulation = momentum * accumulation + gradient; variable -= learning_rate * accumulation.

    TF1 symbol: `tf.train.MomentumOptimizer`; `use_nesterov` takes the step that the next accumulation would
    make.
    """

    def __init__(
        self,
        learning_rate: Any,
        momentum: Any,
        use_locking: bool = False,
        name: str = "Momentum",
        use_nesterov: bool = False,
    ) -> None:
        super().__init__(use_locking, name)
        self._learning_rate, self._momentum, self._use_nesterov = learning_rate, momentum, use_nesterov

    def _create_slots(self, var_list: Sequence[Variable]) -> None:
        for variable in var_list:
            self._zeros_slot(variable, "momentum", self._name)

    def _prepare(self) -> None:
        self._rate, self._share = (
            _number(self._learning_rate, "learning_rate"),
            _number(self._momentum, "momentum"),
        )

    def _apply_dense(self, grad: Tensor, var: Variable) -> Operation:
        slot = self._slots["momentum"][var]
        op_type = "ApplyNesterovMomentum" if self._use_nesterov else "ApplyMomentum"
        return _applied(op_type, [var, slot], [self._rate, grad, self._share])


def _momentum(nesterov: bool) -> Any:
    def compute(
        run: Any, operation: Operation, _: Any, __: Any, rate: Any, grad: Any, share: Any
    ) -> torch.Tensor:
        name, slot = operation.attributes["variables"]
        grad, value = grad.detach(), run.current(name)
        accumulation = run.write(slot, run.current(slot) * share.to(value.dtype) + grad)
        step = grad + accumulation * share.to(value.dtype) if nesterov else accumulation
        return run.write(name, value - rate.to(value.dtype) * step)

    return compute


_register("ApplyMomentum", 1, _momentum(False))
_register("ApplyNesterovMomentum", 1, _momentum(True))


class AdamOptimizer(Optimizer):
    """Adam (Kingma and Ba 2015) in TensorFlow's form (TF1 symbol: `tf.train.AdamOptimizer`).

    rate = learning_rate * sqrt(1 - beta2^t) / (1 - beta1^t); variable -= rate * m / (sqrt(v) + epsilon), so
    epsilon is what the paper calls epsilon hat.
    """

    def __init__(
        self,
        learning_rate: Any = 0.001,
        beta1: Any = 0.9,
        beta2: Any = 0.999,
        epsilon: Any = 1e-8,
        use_locking: bool = False,
        name: str = "Adam",
    ) -> None:
        super().__init__(use_locking, name)
        self._learning_rate, self._beta1, self._beta2, self._epsilon = learning_rate, beta1, beta2, epsilon

    def _create_slots(self, var_list: Sequence[Variable]) -> None:
        first = min(var_list, key=lambda variable: variable.name)
        for name, value in [("beta1_power", self._beta1), ("beta2_power", self._beta2)]:
            self._shared_variable(value() if callable(value) else value, name, first)
        for variable in var_list:
            self._zeros_slot(variable, "m", self._name)
            self._zeros_slot(variable, "v", self._name)

    def _powers(self) -> tuple[Variable, Variable]:
        graph = get_default_graph().outermost
        return self._shared["beta1_power", graph], self._shared["beta2_power", graph]

    def _prepare(self) -> None:
        named = [("learning_rate", self._learning_rate), ("beta1", self._beta1), ("beta2", self._beta2)]
        self._numbers = [_number(value, name) for name, value in [*named, ("epsilon", self._epsilon)]]

    def _apply_dense(self, grad: Tensor, var: Variable) -> Operation:
        powers = [power.value() for power in self._powers()]
        slots = [self._slots[name][var] for name in ("m", "v")]
        return _applied("ApplyAdam", [var, *slots], [*powers, *self._numbers, grad])

    def _finish(self, update_ops: Sequence[Operation], name_scope: str) -> Operation:
        with control_dependencies(update_ops):
            powers = zip(self._powers(), self._numbers[1:3], strict=True)
            advanced = [power.assign(power * beta, name="Assign").op for power, beta in powers]
        return group(*update_ops, *advanced, name=name_scope)


def _adam(run: Any, operation: Operation, *inputs: Any) -> torch.Tensor:
    name, m_name, v_name = operation.attributes["variables"]
    power1, power2, rate, beta1, beta2, epsilon, grad = inputs[3:]
    value, grad = run.current(name), grad.detach()
    numbers = (number.to(value.dtype) for number in (power1, power2, rate, beta1, beta2, epsilon))
    power1, power2, rate, beta1, beta2, epsilon = numbers
    m = run.current(m_name)
    m = run.write(m_name, m + (grad - m) * (1 - beta1))
    v = run.current(v_name)
    v = run.write(v_name, v + (grad * grad - v) * (1 - beta2))
    step = rate * torch.sqrt(1 - power2) / (1 - power1)
    return run.write(name, value - step * m / (torch.sqrt(v) + epsilon))


_register("ApplyAdam", 2, _adam)


# -- the global step
def global_step(sess: Any, global_step_tensor: Any) -> int:
    """The number of steps that a session has made (TF1 symbol: `tf.train.global_step`)."""
    return int(sess.run(global_step_tensor))


def get_global_step(graph: Any = None) -> Variable | None:
    """The variable that counts training steps, or None (TF1 symbol: `tf.train.get_global_step`)."""
    found = (graph or get_default_graph()).get_collection(GraphKeys.GLOBAL_STEP)
    return found[0] if found else None


def create_global_step(graph: Any = None) -> Variable:
    """Make the global step (TF1 symbol: `tf.train.create_global_step`).

    Raises:
        ValueError: there is one already.
    """
    graph = graph or get_default_graph()
    if get_global_step(graph) is not None:
        raise ValueError('"global_step" already exists.')
    with graph.as_default(), name_scope(None):
        keys = [GraphKeys.GLOBAL_VARIABLES, GraphKeys.GLOBAL_STEP]
        return vs.get_variable(
            "global_step",
            TensorShape([]),
            as_dtype(int64),
            initializer=Zeros(),
            trainable=False,
            collections=keys,
        )


def get_or_create_global_step(graph: Any = None) -> Variable:
    found = get_global_step(graph)
    return create_global_step(graph) if found is None else found
