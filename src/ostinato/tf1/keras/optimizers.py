"""The module `tf.keras.optimizers`: one node updates each variable and what is kept for it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import torch

from ..gradients import gradients
from ..graph import control_dependencies, name_scope
from ..indexed_slices import IndexedSlices
from ..names import absent, nearest
from ..ops import state
from ..ops.control import group
from ..ops.core import convert_to_tensor
from ..ops.math import cast, pow_, sqrt
from ..ops.nn import clip_by_norm, clip_by_value
from ..optimizer import Optimizer as BaseOptimizer
from ..optimizer import register_update, rows_of
from ..tensor import Tensor
from ..variables import Variable
from . import session


class Optimizer(BaseOptimizer):
    """Base of Keras' optimisers (TF1 symbol: `tf.keras.optimizers.Optimizer`).

    Args:
        name: the name of its nodes.
        lr: the older name of `learning_rate`.
        decay: divides the rate by 1 + decay * steps.
        clipnorm, clipvalue: bounds of each gradient's norm and of its elements.

    Raises:
        TypeError: another keyword.
        ValueError: one of them is negative.
    """

    _defaults: dict[str, Any] = {}
    _slot_names: tuple[str, ...] = ()

    def __init__(self, name: str | None = None, **kwargs: Any) -> None:
        for key in kwargs:
            if key not in ("clipnorm", "clipvalue", "lr", "decay"):
                raise TypeError(f"Unexpected keyword argument passed to optimizer: {key}")
            if kwargs[key] < 0:
                raise ValueError(f"Expected {key} >= 0, received: {kwargs[key]}")
        super().__init__(False, name or type(self).__name__)
        self._hyper: dict[str, Any] = {"decay": kwargs.get("decay", 0.0)}
        self._variables_of_settings: dict[str, Variable] = {}
        self.clipnorm, self.clipvalue = kwargs.get("clipnorm"), kwargs.get("clipvalue")
        self._iterations: Variable | None = None

    def _set_hyper(self, name: str, value: Any) -> None:
        self._hyper[name] = value

    # -- settings, which become variables of the graph
    def _setting(self, name: str) -> Any:
        value = self._hyper[name]
        if callable(value):
            value = value()
        if isinstance(value, (Tensor, Variable)):
            return value
        if name not in self._variables_of_settings:
            with name_scope(None), control_dependencies(None):
                self._variables_of_settings[name] = Variable(
                    np.float32(value), trainable=False, name=f"{self._name}/{name}", use_resource=True
                )
        return self._variables_of_settings[name]

    def __getattr__(self, name: str) -> Any:
        own = self.__dict__.get("_hyper", {})
        name = "learning_rate" if name == "lr" else name
        if name in own:
            return self._setting(name)
        raise AttributeError(f"{type(self).__name__!r} object has no attribute {name!r}")

    def __setattr__(self, name: str, value: Any) -> None:
        key = "learning_rate" if name == "lr" else name
        if key in self.__dict__.get("_hyper", {}):
            if key in self._variables_of_settings:
                session.set_value(self._variables_of_settings[key], value)
            self._hyper[key] = value
        else:
            super().__setattr__(name, value)

    @property
    def iterations(self) -> Variable:
        """How many steps were made."""
        if self._iterations is None:
            with name_scope(None), control_dependencies(None):
                self._iterations = Variable(
                    np.int64(0), trainable=False, name=f"{self._name}/iter", use_resource=True
                )
        return self._iterations

    @iterations.setter
    def iterations(self, variable: Any) -> None:
        self._iterations = variable

    @property
    def weights(self) -> list[Any]:
        """The steps and what is kept for each variable."""
        return [self.iterations, *(slot for kept in self._slots.values() for slot in kept.values())]

    def variables(self) -> list[Any]:
        return self.weights

    def get_weights(self) -> list[Any]:
        """Their values."""
        return session.batch_get_value(self.weights)

    def set_weights(self, weights: Any) -> None:
        """Give them values.

        Raises:
            ValueError: another number of arrays.
        """
        own = self.weights
        if len(own) != len(weights):
            raise ValueError(
                f"You called `set_weights(weights)` on optimizer {self._name} with a weight list of length "
                f"{len(weights)}, but the optimizer was expecting {len(own)} weights."
            )
        session.batch_set_value(list(zip(own, weights, strict=True)))

    def get_config(self) -> dict[str, Any]:
        """The arguments that make an optimiser like this one."""
        config: dict[str, Any] = {"name": self._name}
        for name in ("clipnorm", "clipvalue"):
            if getattr(self, name) is not None:
                config[name] = getattr(self, name)
        for name, value in self._hyper.items():
            variable = self._variables_of_settings.get(name)
            config[name] = float(session.get_value(variable)) if variable is not None else value
        return {**config, **self._defaults}

    @classmethod
    def from_config(cls, config: dict[str, Any], custom_objects: Any = None) -> Any:
        given = dict(config)
        if "lr" in given:
            given["learning_rate"] = given.pop("lr")
        return cls(**given)

    # -- steps
    def get_gradients(self, loss: Any, params: Any) -> list[Any]:
        """A loss's gradients, clipped.

        Raises:
            ValueError: the loss does not depend on a variable.
        """
        found = gradients(loss, list(params))
        for grad, parameter in zip(found, params, strict=True):
            if grad is None:
                raise ValueError(
                    f"Variable {parameter} has `None` for gradient. Please make sure that all of "
                    "your ops have a "
                    "gradient defined (i.e. are differentiable). Common ops without gradient: "
                    "K.argmax, K.round, "
                    "K.eval."
                )
        return [self._clipped(grad) for grad in found]

    def _clipped(self, grad: Any) -> Any:
        if grad is None:
            return None
        if self.clipnorm is not None:
            grad = clip_by_norm(grad, self.clipnorm)
        if self.clipvalue is not None:
            grad = clip_by_value(grad, -self.clipvalue, self.clipvalue)
        return grad

    def get_updates(self, loss: Any, params: Any) -> list[Any]:
        """The operation that makes a step, in a list."""
        pairs = list(zip(self.get_gradients(loss, params), params, strict=True))
        return [self.apply_gradients(pairs)]

    def compute_gradients(self, *args: Any, **kwargs: Any) -> Any:
        return [
            (self._clipped(grad), variable) for grad, variable in super().compute_gradients(*args, **kwargs)
        ]

    def minimize(  # type: ignore[override]
        self, loss: Any, var_list: Any = None, grad_loss: Any = None, name: Any = None, **_: Any
    ) -> Any:
        """An operation that makes a step down the loss."""
        found = var_list() if callable(var_list) else var_list
        return self.apply_gradients(self.compute_gradients(loss, found, grad_loss=grad_loss), name=name)

    def apply_gradients(self, grads_and_vars: Any, name: Any = None, **_: Any) -> Any:  # type: ignore[override]
        """An operation that applies gradients; the steps are counted after."""
        self.iterations  # noqa: B018 - it is made outside of the scope of the updates
        return super().apply_gradients(grads_and_vars, global_step=self.iterations, name=name)

    def _prepare(self) -> None:
        step = cast(self.iterations, "float32")
        self._step = step + 1.0
        rate = convert_to_tensor(self._setting("learning_rate"))
        decay = self._hyper["decay"]
        if isinstance(decay, (Tensor, Variable)) or decay > 0:
            rate = rate / (1.0 + self._setting("decay") * step)
        self._rate = rate

    def _create_slots(self, var_list: Sequence[Variable]) -> None:
        for variable in var_list:
            for name in self._slot_names:
                self._zeros_slot(variable, name, f"{self._name}/{name}")

    def add_slot(self, var: Any, slot_name: str, initializer: Any = "zeros") -> Any:
        """A variable that is kept for another."""
        return self._zeros_slot(var, slot_name, f"{self._name}/{slot_name}")


def _sgd(var: Any, momentum: Any, rate: Any, share: Any, grad: Any, nesterov: bool) -> Any:
    new = share * momentum - rate * grad
    return var + (share * new - rate * grad if nesterov else new), new


def _rmsprop(
    var: Any,
    rms: Any,
    momentum: Any,
    mean: Any,
    rate: Any,
    rho: Any,
    share: Any,
    grad: Any,
    epsilon: float,
    centered: bool,
    moves: bool,
) -> Any:
    rms = rho * rms + (1.0 - rho) * grad * grad
    mean = rho * mean + (1.0 - rho) * grad if centered else mean
    spread = rms - mean * mean if centered else rms
    if moves:
        momentum = share * momentum + rate * grad * torch.rsqrt(spread + epsilon)
        return var - momentum, rms, momentum, mean
    return var - rate * grad / (torch.sqrt(spread) + epsilon), rms, momentum, mean


def _adam(
    var: Any,
    m: Any,
    v: Any,
    highest: Any,
    rate: Any,
    beta_1: Any,
    beta_2: Any,
    grad: Any,
    epsilon: float,
    amsgrad: bool,
) -> Any:
    m = beta_1 * m + (1.0 - beta_1) * grad
    v = beta_2 * v + (1.0 - beta_2) * grad * grad
    if amsgrad:
        highest = torch.maximum(highest, v)
        return var - rate * m / (torch.sqrt(highest) + epsilon), m, v, highest
    return var - rate * m / (torch.sqrt(v) + epsilon), m, v, highest


def _adamax(var: Any, m: Any, v: Any, rate: Any, beta_1: Any, beta_2: Any, grad: Any, epsilon: float) -> Any:
    m = beta_1 * m + (1.0 - beta_1) * grad
    v = torch.maximum(beta_2 * v, grad.abs())
    return var - rate * m / (v + epsilon), m, v


def _adagrad(var: Any, accumulator: Any, rate: Any, grad: Any, epsilon: float) -> Any:
    accumulator = accumulator + grad * grad
    return var - rate * grad / (torch.sqrt(accumulator) + epsilon), accumulator


def _adadelta(var: Any, accumulator: Any, moved: Any, rate: Any, rho: Any, grad: Any, epsilon: float) -> Any:
    accumulator = rho * accumulator + (1.0 - rho) * grad * grad
    update = torch.sqrt(moved + epsilon) * torch.rsqrt(accumulator + epsilon) * grad
    return var - rate * update, accumulator, rho * moved + (1.0 - rho) * update * update


def _nadam(
    var: Any,
    m: Any,
    v: Any,
    rate: Any,
    beta_1: Any,
    beta_2: Any,
    now: Any,
    then: Any,
    product: Any,
    step: Any,
    grad: Any,
    epsilon: float,
) -> Any:
    prime = grad / (1.0 - product)
    m = beta_1 * m + (1.0 - beta_1) * grad
    v = beta_2 * v + (1.0 - beta_2) * grad * grad
    ahead = m / (1.0 - product * then)
    bar = (1.0 - now) * prime + then * ahead
    return var - rate * bar / (torch.sqrt(v / (1.0 - beta_2**step)) + epsilon), m, v


for _op_type, _slots, _compute in (
    ("KerasMomentum", 1, _sgd),
    ("KerasRMSProp", 3, _rmsprop),
    ("KerasAdam", 3, _adam),
    ("KerasAdamax", 2, _adamax),
    ("KerasAdagrad", 1, _adagrad),
    ("KerasAdadelta", 2, _adadelta),
    ("KerasNadam", 2, _nadam),
):
    register_update(_op_type, _slots, _compute, by_rows=_op_type not in ("KerasAdam", "KerasNadam"))


class SGD(Optimizer):
    """variable -= rate * gradient, with momentum (TF1 symbol: `tf.keras.optimizers.SGD`)."""

    _rows_as_whole = False
    _slot_names = ("momentum",)

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
        self.nesterov = nesterov
        self._defaults = {"nesterov": nesterov}

    def _create_slots(self, var_list: Sequence[Variable]) -> None:
        if self._moves:
            super()._create_slots(var_list)

    def _apply_dense(self, grad: Tensor, var: Variable) -> Any:
        if not self._moves:
            return self._apply("ApplyGradientDescent", var, [], [self._rate, grad])
        share = self._setting("momentum")
        return self._apply(
            "KerasMomentum", var, ["momentum"], [self._rate, share, grad], nesterov=self.nesterov
        )


class RMSprop(Optimizer):
    """Gradients divided by the root of their squares' average (TF1: `tf.keras.optimizers.RMSprop`)."""

    _slot_names = ("rms", "momentum", "mg")

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
        self._defaults = {"epsilon": self.epsilon, "centered": centered}

    def _apply_dense(self, grad: Tensor, var: Variable) -> Any:
        given = [self._rate, self._setting("rho"), self._setting("momentum"), grad]
        options = {"epsilon": self.epsilon, "centered": self.centered, "moves": self._moves}
        return self._apply("KerasRMSProp", var, self._slot_names, given, **options)


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
        from ..initializers import Constant

        for variable in var_list:
            self._get_or_make_slot_with_initializer(
                variable,
                Constant(self._start),
                variable.shape,
                variable.dtype.base_dtype,
                "accumulator",
                f"{self._name}/accumulator",
            )

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

    _slot_names = ("m", "v", "vhat")

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
        self._defaults = {"epsilon": self.epsilon, "amsgrad": amsgrad}

    def _prepare(self) -> None:
        super()._prepare()
        first, second = (convert_to_tensor(self._setting(name)) for name in ("beta_1", "beta_2"))
        self._corrected = self._rate * sqrt(1.0 - pow_(second, self._step)) / (1.0 - pow_(first, self._step))

    def _apply_dense(self, grad: Tensor, var: Variable) -> Any:
        given = [self._corrected, self._setting("beta_1"), self._setting("beta_2"), grad]
        return self._apply(
            "KerasAdam", var, self._slot_names, given, epsilon=self.epsilon, amsgrad=self.amsgrad
        )


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

    def _prepare(self) -> None:
        if self._product is None:
            with name_scope(None), control_dependencies(None):
                self._product = Variable(
                    np.float32(1.0), trainable=False, name=f"{self._name}/momentum_cache", use_resource=True
                )
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


class TFOptimizer(BaseOptimizer):
    """An optimiser of `tf.train` in a model of Keras."""

    def __init__(self, optimizer: Any) -> None:
        super().__init__(False, "TFOptimizer")
        self.optimizer = optimizer
        with name_scope(None):
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
    kind.__name__.lower(): kind for kind in (SGD, RMSprop, Adagrad, Adadelta, Adam, Adamax, Nadam)
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
    "Nadam",
    "Optimizer",
    "RMSprop",
    "SGD",
    "deserialize",
    "get",
    "serialize",
]
__getattr__ = absent("tf.keras.optimizers", __all__)
