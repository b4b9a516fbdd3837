"""The base of Keras' optimisers: settings and steps that are variables of the graph."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from .. import logging
from ..gradients import gradients
from ..graph import control_dependencies, name_scope
from ..ops.core import convert_to_tensor
from ..ops.math import cast
from ..ops.nn import clip_by_norm, clip_by_value
from ..optimizer import Optimizer as BaseOptimizer
from ..optimizer import _key
from ..tensor import Tensor
from ..variables import Variable
from . import initializers, session
from .schedules import LearningRateSchedule, deserialize, serialize


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
        self._kept: list[Any] = []

    def _set_hyper(self, name: str, value: Any) -> None:
        self._hyper[name] = value

    # -- settings, which become variables of the graph
    def _create_hypers(self) -> None:
        """Make the variables of all settings that are numbers, in the order of their names."""
        with control_dependencies(None):
            for name, value in sorted(self._hyper.items()):
                is_number = not callable(value) and not isinstance(value, (Tensor, Variable))
                if is_number and name not in self._variables_of_settings:
                    self._variables_of_settings[name] = Variable(
                        np.float32(value), trainable=False, name=name, use_resource=True
                    )

    def _setting(self, name: str) -> Any:
        value = self._hyper[name]
        if isinstance(value, LearningRateSchedule):
            return value
        if callable(value):
            value = value()
        if isinstance(value, (Tensor, Variable)):
            return value
        self._create_hypers()
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
            if key in self._variables_of_settings and not callable(value):
                session.set_value(self._variables_of_settings[key], value)
            self._hyper[key] = value
        else:
            super().__setattr__(name, value)

    @property
    def iterations(self) -> Variable:
        """How many steps were made."""
        if self._iterations is None:
            with control_dependencies(None):
                self._iterations = Variable(np.int64(0), trainable=False, name="iter", use_resource=True)
            self._kept.append(self._iterations)
        return self._iterations

    @iterations.setter
    def iterations(self, variable: Any) -> None:
        if self._iterations is not None:
            raise RuntimeError(
                "Cannot set `iterations` to a new Variable after the Optimizer weights have been created"
            )
        self._iterations = variable
        self._kept.append(variable)

    @property
    def weights(self) -> list[Any]:
        """The steps and what is kept for each variable, in the order in which they were made."""
        return list(self._kept)

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
            config[name] = self._as_plain(name, value)
        return {**config, **self._defaults}

    def _as_plain(self, name: str, value: Any) -> Any:
        variable = self._variables_of_settings.get(name)
        if isinstance(value, LearningRateSchedule):
            return serialize(value)
        if callable(value):
            return value()
        if isinstance(value, (Tensor, Variable)):
            return session.get_value(value)
        return value if variable is None else session.get_value(variable)

    @classmethod
    def from_config(cls, config: dict[str, Any], custom_objects: Any = None) -> Any:
        """The optimiser of what `get_config` gave."""
        given = dict(config)
        if "lr" in given:
            given["learning_rate"] = given.pop("lr")
        if isinstance(given.get("learning_rate"), dict):
            given["learning_rate"] = deserialize(given["learning_rate"], custom_objects)
        return cls(**given)

    # -- steps
    def get_gradients(self, loss: Any, params: Any) -> list[Any]:
        """A loss's gradients, clipped.

        Raises:
            ValueError: the loss does not depend on a variable.
        """
        with name_scope(f"{self._name}/gradients"):
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
        pairs = list(grads_and_vars)
        without = [variable.name for grad, variable in pairs if grad is None]
        if without and len(without) == len(pairs):
            raise ValueError(f"No gradients provided for any variable: {without}.")
        if without:
            logging.warning("Gradients do not exist for variables %s when minimizing the loss.", without)
        with name_scope(self._name):
            self.iterations  # noqa: B018 - it is the first of the optimiser's variables
            self._create_hypers()
            return super().apply_gradients(pairs, global_step=self.iterations, name=name)

    def _prepare(self) -> None:
        step = cast(self.iterations, "float32")
        self._step = step + 1.0
        rate = self._setting("learning_rate")
        rate = convert_to_tensor(rate(step) if isinstance(rate, LearningRateSchedule) else rate)
        decay = self._hyper["decay"]
        if isinstance(decay, (Tensor, Variable)) or decay > 0:
            rate = rate / (1.0 + self._setting("decay") * step)
        self._rate = rate

    def _create_slots(self, var_list: Sequence[Variable]) -> None:
        for name in self._slot_names:
            for variable in var_list:
                self.add_slot(variable, name)

    def add_slot(self, var: Any, slot_name: str, initializer: Any = "zeros") -> Any:
        """A variable that is kept for another."""
        named = self._slot_dict(slot_name)
        if _key(var) not in named:
            made = initializers.get(initializer) if isinstance(initializer, str) else initializer
            kind, shape = var.dtype.base_dtype, var.shape
            value = made(shape, dtype=kind) if callable(made) else made
            with control_dependencies(None):
                named[_key(var)] = Variable(
                    value, trainable=False, name=f"{var.op.name}/{slot_name}", dtype=kind
                )
            self._kept.append(named[_key(var)])
        return named[_key(var)]
