"""The module `tf.keras.optimizers`: one node updates each variable and what is kept for it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from ..graph import control_dependencies, name_scope
from ..indexed_slices import IndexedSlices
from ..initializers import Constant
from ..names import absent, nearest
from ..ops import state
from ..ops.control import group
from ..ops.core import convert_to_tensor
from ..ops.math import cast, pow_, sqrt
from ..optimizer import Optimizer as BaseOptimizer
from ..optimizer import rows_of
from ..proximal_optimizers import check_bounds
from ..tensor import Tensor
from ..variables import Variable
from . import optimizer_steps as _steps  # noqa: F401 - registers the nodes
from . import schedules
from .optimizer_base import Optimizer


class SGD(Optimizer):
    """variable -= rate * gradient, with momentum (TF1 symbol: `tf.keras.optimizers.SGD`)."""

    _rows_as_whole = False

    def __init__(
        self,
        learning_rate: Any = 0.01,
        momentum: Any = 0.0,
        nesterov: bool = False,
        name: str = "SGD",
        **kwargs: Any,
    ) -> None:
        super().__init__(name, **kwargs)
        if isinstance(momentum, (int, float)) and not 0 <= momentum <= 1:
            raise ValueError("`momentum` must be between [0, 1].")
        self._set_hyper("learning_rate", kwargs.get("lr", learning_rate))
        self._set_hyper("momentum", momentum)
        self._moves = not isinstance(momentum, (int, float)) or momentum > 0
        self._slot_names = ("momentum",) if self._moves else ()
        self.nesterov = nesterov
        self._defaults = {"nesterov": nesterov}

    def _apply_dense(self, grad: Tensor, var: Variable) -> Any:
        if not self._moves:
            return self._apply("ApplyGradientDescent", var, [], [self._rate, grad])
        share = self._setting("momentum")
        return self._apply(
            "KerasMomentum", var, ["momentum"], [self._rate, share, grad], nesterov=self.nesterov
        )


class RMSprop(Optimizer):
    """Gradients divided by the root of their squares' average (TF1: `tf.keras.optimizers.RMSprop`)."""

    def __init__(
        self,
        learning_rate: Any = 0.001,
        rho: float = 0.9,
        momentum: float = 0.0,
        epsilon: float = 1e-7,
        centered: bool = False,
        name: str = "RMSprop",
        **kwargs: Any,
    ) -> None:
        super().__init__(name, **kwargs)
        self._set_hyper("learning_rate", kwargs.get("lr", learning_rate))
        self._set_hyper("rho", rho)
        self._set_hyper("momentum", momentum)
        self.epsilon, self.centered = 1e-7 if epsilon is None else epsilon, centered
        self._moves = not isinstance(momentum, (int, float)) or momentum > 0
        self._rows_as_whole = not self._moves
        slots = (("rms", True), ("momentum", self._moves), ("mg", centered))
        self._slot_names = tuple(slot for slot, is_kept in slots if is_kept)
        self._op_type = f"Keras{'Moving' if self._moves else ''}{'Centred' if centered else ''}RMSProp"
        self._defaults = {"epsilon": self.epsilon, "centered": centered}

    def _apply_dense(self, grad: Tensor, var: Variable) -> Any:
        momentum = [self._setting("momentum")] if self._moves else []
        given = [self._rate, self._setting("rho"), *momentum, grad]
        return self._apply(self._op_type, var, self._slot_names, given, epsilon=self.epsilon)


class Adagrad(Optimizer):
    """Gradients divided by the root of the sum of their squares (TF1: `tf.keras.optimizers.Adagrad`)."""

    _rows_as_whole = False

    def __init__(
        self,
        learning_rate: Any = 0.001,
        initial_accumulator_value: float = 0.1,
        epsilon: float = 1e-7,
        name: str = "Adagrad",
        **kwargs: Any,
    ) -> None:
        if initial_accumulator_value < 0.0:
            raise ValueError(f"initial_accumulator_value must be non-negative: {initial_accumulator_value}")
        super().__init__(name, **kwargs)
        self._set_hyper("learning_rate", kwargs.get("lr", learning_rate))
        self._start = initial_accumulator_value
        self.epsilon = 1e-7 if epsilon is None else epsilon
        self._defaults = {"epsilon": self.epsilon, "initial_accumulator_value": initial_accumulator_value}

    def _create_slots(self, var_list: Sequence[Variable]) -> None:
        for variable in var_list:
            self.add_slot(variable, "accumulator", Constant(self._start))

    def _apply_dense(self, grad: Tensor, var: Variable) -> Any:
        return self._apply("KerasAdagrad", var, ["accumulator"], [self._rate, grad], epsilon=self.epsilon)

    @classmethod
    def from_config(cls, config: dict[str, Any], custom_objects: Any = None) -> Any:
        # What names stand for starts from zero, as Keras' first form of it did.
        return super().from_config({"initial_accumulator_value": 0.0, **config})


class Adadelta(Optimizer):
    """Gradients in the measure of the steps before (TF1 symbol: `tf.keras.optimizers.Adadelta`)."""

    _rows_as_whole = False
    _slot_names = ("accum_grad", "accum_var")

    def __init__(
        self,
        learning_rate: Any = 0.001,
        rho: float = 0.95,
        epsilon: float = 1e-7,
        name: str = "Adadelta",
        **kwargs: Any,
    ) -> None:
        super().__init__(name, **kwargs)
        self._set_hyper("learning_rate", kwargs.get("lr", learning_rate))
        self._set_hyper("rho", rho)
        self.epsilon = 1e-7 if epsilon is None else epsilon
        self._defaults = {"epsilon": self.epsilon}

    def _apply_dense(self, grad: Tensor, var: Variable) -> Any:
        given = [self._rate, self._setting("rho"), grad]
        return self._apply("KerasAdadelta", var, self._slot_names, given, epsilon=self.epsilon)


class Adam(Optimizer):
    """Averages of gradients and of their squares (TF1 symbol: `tf.keras.optimizers.Adam`)."""

    def __init__(
        self,
        learning_rate: Any = 0.001,
        beta_1: float = 0.9,
        beta_2: float = 0.999,
        epsilon: float = 1e-7,
        amsgrad: bool = False,
        name: str = "Adam",
        **kwargs: Any,
    ) -> None:
        super().__init__(name, **kwargs)
        self._set_hyper("learning_rate", kwargs.get("lr", learning_rate))
        self._set_hyper("beta_1", beta_1)
        self._set_hyper("beta_2", beta_2)
        self.epsilon, self.amsgrad = 1e-7 if epsilon is None else epsilon, amsgrad
        self._slot_names = ("m", "v", "vhat") if amsgrad else ("m", "v")
        self._defaults = {"epsilon": self.epsilon, "amsgrad": amsgrad}

    def _prepare(self) -> None:
        super()._prepare()
        first, second = (convert_to_tensor(self._setting(name)) for name in ("beta_1", "beta_2"))
        self._corrected = self._rate * sqrt(1.0 - pow_(second, self._step)) / (1.0 - pow_(first, self._step))

    def _apply_dense(self, grad: Tensor, var: Variable) -> Any:
        given = [self._corrected, self._setting("beta_1"), self._setting("beta_2"), grad]
        op_type = "KerasAMSGrad" if self.amsgrad else "KerasAdam"
        return self._apply(op_type, var, self._slot_names, given, epsilon=self.epsilon)

    def set_weights(self, weights: Any) -> None:
        """Give its variables values; older files have a highest square too, which is left away."""
        own = len(self.weights)
        if len(weights) == 3 * ((own - 1) // 2) + 1:
            weights = weights[:own]
        super().set_weights(weights)


class Adamax(Optimizer):
    """Adam with the largest gradient in the place of the squares (TF1: `tf.keras.optimizers.Adamax`)."""

    _rows_as_whole = False
    _slot_names = ("m", "v")

    def __init__(
        self,
        learning_rate: Any = 0.001,
        beta_1: float = 0.9,
        beta_2: float = 0.999,
        epsilon: float = 1e-7,
        name: str = "Adamax",
        **kwargs: Any,
    ) -> None:
        super().__init__(name, **kwargs)
        self._set_hyper("learning_rate", kwargs.get("lr", learning_rate))
        self._set_hyper("beta_1", beta_1)
        self._set_hyper("beta_2", beta_2)
        self.epsilon = 1e-7 if epsilon is None else epsilon
        self._defaults = {"epsilon": self.epsilon}

    def _apply_dense(self, grad: Tensor, var: Variable) -> Any:
        first = convert_to_tensor(self._setting("beta_1"))
        rate = self._rate / (1.0 - pow_(first, self._step))
        return self._apply(
            "KerasAdamax",
            var,
            self._slot_names,
            [rate, first, self._setting("beta_2"), grad],
            epsilon=self.epsilon,
        )


class Nadam(Optimizer):
    """Adam with Nesterov's momentum (TF1 symbol: `tf.keras.optimizers.Nadam`)."""

    _slot_names = ("m", "v")

    def __init__(
        self,
        learning_rate: Any = 0.001,
        beta_1: float = 0.9,
        beta_2: float = 0.999,
        epsilon: float = 1e-7,
        name: str = "Nadam",
        **kwargs: Any,
    ) -> None:
        kwargs["decay"] = kwargs.pop("schedule_decay", 0.004)
        super().__init__(name, **kwargs)
        self._set_hyper("learning_rate", kwargs.get("lr", learning_rate))
        self._set_hyper("beta_1", beta_1)
        self._set_hyper("beta_2", beta_2)
        self.epsilon = 1e-7 if epsilon is None else epsilon
        self._defaults = {"epsilon": self.epsilon}
        self._product: Variable | None = None

    def _create_slots(self, var_list: Sequence[Variable]) -> None:
        if self._product is None:
            self._product = Variable(
                np.float32(1.0), trainable=False, name="momentum_cache", use_resource=True
            )
            self._kept.append(self._product)
        super()._create_slots(var_list)

    def _prepare(self) -> None:
        step = cast(self.iterations, "float32")
        self._step, self._rate = step + 1.0, convert_to_tensor(self._setting("learning_rate"))
        first, decay = convert_to_tensor(self._setting("beta_1")), self._setting("decay")
        self._now = first * (1.0 - 0.5 * pow_(0.96, decay * self._step))
        self._then = first * (1.0 - 0.5 * pow_(0.96, decay * (self._step + 1.0)))
        self._products = convert_to_tensor(self._product) * self._now

    def _updated(self, grad: Any, variable: Variable) -> Any:
        if not isinstance(grad, IndexedSlices):
            return super()._updated(grad, variable)
        # The averages of all rows go on, and the rows of the gradient alone move by them.
        rate, self._rate = self._rate, self._rate * rows_of(grad, variable)
        try:
            return super()._updated(grad, variable)
        finally:
            self._rate = rate

    def _apply_dense(self, grad: Tensor, var: Variable) -> Any:
        betas = [self._setting("beta_1"), self._setting("beta_2")]
        given = [self._rate, *betas, self._now, self._then, self._products, self._step, grad]
        return self._apply("KerasNadam", var, self._slot_names, given, epsilon=self.epsilon)

    def _finish(self, update_ops: Sequence[Any], name_scope: str) -> Any:
        with control_dependencies(list(update_ops)):
            kept = state.assign(self._product, self._products)
        return group(*update_ops, kept, name=name_scope)


class Ftrl(Optimizer):
    """Follow the regularised leader, proximal (TF1 symbol: `tf.keras.optimizers.Ftrl`).

    The arguments are those of `tf.train.FtrlOptimizer`.

    Raises:
        ValueError: one of the numbers is out of its bounds.
    """

    _rows_as_whole = False

    def __init__(
        self,
        learning_rate: Any = 0.001,
        learning_rate_power: float = -0.5,
        initial_accumulator_value: float = 0.1,
        l1_regularization_strength: float = 0.0,
        l2_regularization_strength: float = 0.0,
        name: str = "Ftrl",
        l2_shrinkage_regularization_strength: float = 0.0,
        **kwargs: Any,
    ) -> None:
        check_bounds(
            initial_accumulator_value,
            l1_regularization_strength,
            l2_regularization_strength,
            l2_shrinkage_regularization_strength,
            learning_rate_power,
        )
        super().__init__(name, **kwargs)
        self._set_hyper("learning_rate", learning_rate)  # as in TensorFlow, `lr` is taken and not used
        self._set_hyper("learning_rate_power", learning_rate_power)
        self._set_hyper("l1_regularization_strength", l1_regularization_strength)
        self._set_hyper("l2_regularization_strength", l2_regularization_strength)
        self._start, self._shrinkage = initial_accumulator_value, l2_shrinkage_regularization_strength
        self._defaults = {
            "initial_accumulator_value": initial_accumulator_value,
            "l2_shrinkage_regularization_strength": l2_shrinkage_regularization_strength,
        }

    def _create_slots(self, var_list: Sequence[Variable]) -> None:
        for variable in var_list:
            self.add_slot(variable, "accumulator", Constant(self._start))
            self.add_slot(variable, "linear")

    def _apply_dense(self, grad: Tensor, var: Variable) -> Any:
        penalties = [self._setting(f"{kind}_regularization_strength") for kind in ("l1", "l2")]
        power, slots = self._setting("learning_rate_power"), ["accumulator", "linear"]
        if self._shrinkage > 0:
            given = [grad, self._rate, *penalties, self._shrinkage, power]
            return self._apply("ApplyFtrlV2", var, slots, given)
        return self._apply("ApplyFtrl", var, slots, [grad, self._rate, *penalties, power])


class TFOptimizer(BaseOptimizer):
    """An optimiser of `tf.train` in a model of Keras."""

    def __init__(self, optimizer: Any) -> None:
        super().__init__(False, "TFOptimizer")
        self.optimizer = optimizer
        with name_scope("TFOptimizer"):
            self.iterations = Variable(np.int64(0), trainable=False, name="iterations", use_resource=True)

    def get_updates(self, loss: Any, params: Any) -> list[Any]:
        """The operation that makes a step, in a list."""
        pairs = self.optimizer.compute_gradients(loss, list(params))
        return [self.optimizer.apply_gradients(pairs, global_step=self.iterations)]

    @property
    def weights(self) -> list[Any]:
        return [self.iterations, *self.optimizer.variables()]

    def get_config(self) -> dict[str, Any]:
        raise NotImplementedError("An optimizer of tf.train has no configuration.")


_BY_NAME: dict[str, Any] = {
    kind.__name__.lower(): kind for kind in (SGD, RMSprop, Adagrad, Adadelta, Adam, Adamax, Nadam, Ftrl)
}


def serialize(optimizer: Any) -> dict[str, Any]:
    """The class's name and the configuration (TF1 symbol: `tf.keras.optimizers.serialize`)."""
    return {"class_name": type(optimizer).__name__, "config": optimizer.get_config()}


def deserialize(config: dict[str, Any], custom_objects: dict[str, Any] | None = None) -> Any:
    """The optimiser of a configuration (TF1 symbol: `tf.keras.optimizers.deserialize`)."""
    known = {**_BY_NAME, **(custom_objects or {})}
    name = config["class_name"]
    found = known.get(name) or known.get(name.lower())
    if found is None:
        raise ValueError(f"Unknown optimizer: {name}{nearest(name.lower(), known)}")
    return found.from_config(config["config"])


def get(identifier: Any) -> Any:
    """The optimiser that a name, a configuration or an optimiser stands for (TF1 symbol:
    `tf.keras.optimizers.get`).

    Raises:
        ValueError: something else.
    """
    if isinstance(identifier, (Optimizer, TFOptimizer)):
        return identifier
    if isinstance(identifier, BaseOptimizer):
        return TFOptimizer(identifier)
    if isinstance(identifier, dict):
        return deserialize(identifier)
    if isinstance(identifier, str):
        return deserialize({"class_name": identifier, "config": {}})
    raise ValueError("Could not interpret optimizer identifier:", identifier)


__all__ = [
    "Adadelta",
    "Adagrad",
    "Adam",
    "Adamax",
    "Ftrl",
    "Nadam",
    "Optimizer",
    "RMSprop",
    "SGD",
    "deserialize",
    "get",
    "schedules",
    "serialize",
]
__getattr__ = absent("tf.keras.optimizers", __all__)
