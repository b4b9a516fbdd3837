"""Layers around layers: over each step, and in both directions."""

from __future__ import annotations

import inspect
from typing import Any

from ... import nest
from ...graph import name_scope
from ...keras_base import Layer
from ...keras_history import arguments_of
from ...ops import array
from ...ops.lists import concat
from ...ops.picking import reverse
from ...shapes import TensorShape
from ...tensor import Tensor
from .configured import Configured


class Wrapper(Configured):
    """Base of the layers that hold another (TF1 symbol: `tf.keras.layers.Wrapper`)."""

    def __init__(self, layer: Any, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.layer = layer

    def build(self, input_shape: Any = None) -> None:
        if not self.layer.built:
            self.layer.build(input_shape)
            self.layer.built = True
        self.built = True

    @property
    def activity_regularizer(self) -> Any:
        return self.layer.activity_regularizer

    def get_config(self) -> dict[str, Any]:
        config = super().get_config()
        config["layer"] = {"class_name": type(self.layer).__name__, "config": self.layer.get_config()}
        return config

    @classmethod
    def from_config(cls, config: dict[str, Any], custom_objects: Any = None) -> Any:
        from .serialization import deserialize

        given = dict(config)
        layer = deserialize(given.pop("layer"), custom_objects)
        return cls(layer, **given)


class TimeDistributed(Wrapper):
    """A layer over each step of a sequence (TF1 symbol: `tf.keras.layers.TimeDistributed`).

    Raises:
        ValueError: no layer, or inputs without steps.
    """

    def __init__(self, layer: Any, **kwargs: Any) -> None:
        if not isinstance(layer, Layer):
            raise ValueError(
                f"Please initialize `TimeDistributed` layer with a `Layer` instance. You passed: {layer}"
            )
        super().__init__(layer, **kwargs)
        self.supports_masking = True

    def build(self, input_shape: Any = None) -> None:
        sizes = TensorShape(input_shape).as_list()
        if len(sizes) < 3:
            raise ValueError(
                "`TimeDistributed` Layer should be passed an `input_shape` with at least 3 "
                "dimensions, received: "
                f"{sizes}"
            )
        self.layer._dtype = self.layer._dtype or self._dtype
        super().build(TensorShape([sizes[0], *sizes[2:]]))

    def compute_output_shape(self, input_shape: Any) -> TensorShape:
        sizes = TensorShape(input_shape).as_list()
        inner = TensorShape(self.layer.compute_output_shape(TensorShape([sizes[0], *sizes[2:]]))).as_list()
        return TensorShape([inner[0], sizes[1], *inner[1:]])

    def call(self, inputs: Any, training: Any = None, mask: Any = None) -> Tensor:
        names = arguments_of(self.layer.call)
        given = {"training": training} if "training" in names else {}
        sizes, at_run_time = inputs.shape.as_list(), array.shape(inputs)
        rows = [at_run_time[axis] if sizes[axis] is None else sizes[axis] for axis in (0, 1)]
        tail = [at_run_time[axis + 2] if size is None else size for axis, size in enumerate(sizes[2:])]
        flat = array.reshape(inputs, [-1, *tail])
        flat.set_shape([None if None in sizes[:2] else sizes[0] * sizes[1], *sizes[2:]])
        if "mask" in names and mask is not None:
            given["mask"] = array.reshape(mask, [-1, *mask.shape.as_list()[2:]])
        outputs = self.layer(flat, **given)
        inner = outputs.shape.as_list()[1:]
        inner_at_run_time = array.shape(outputs)
        wide = [inner_at_run_time[axis + 1] if size is None else size for axis, size in enumerate(inner)]
        result = array.reshape(outputs, [*rows, *wide])
        result.set_shape([*sizes[:2], *inner])
        return result

    def compute_mask(self, inputs: Any, mask: Any = None) -> Any:
        return mask


class Bidirectional(Wrapper):
    """A recurrent layer in both directions (TF1 symbol: `tf.keras.layers.Bidirectional`).

    Args:
        layer: the layer; the backward one is made like it.
        merge_mode: "concat", "sum", "mul", "ave", or None for both outputs.
        backward_layer: another one for the backward direction.

    Raises:
        ValueError: no layer, an unknown mode, or layers that do not go together.
    """

    def __init__(
        self,
        layer: Any,
        merge_mode: str | None = "concat",
        weights: Any = None,
        backward_layer: Any = None,
        **kwargs: Any,
    ) -> None:
        second: Any = backward_layer
        if not isinstance(layer, Layer):
            raise ValueError(
                "Please initialize `Bidirectional` layer with a `Layer` instance. You passed: " + str(layer)
            )
        if backward_layer is not None and not isinstance(backward_layer, Layer):
            raise ValueError(f"`backward_layer` need to be a `Layer` instance. You passed: {backward_layer}")
        if merge_mode not in ("sum", "mul", "ave", "concat", None):
            raise ValueError(
                'Invalid merge mode. Merge mode should be one of {"sum", "mul", "ave", "concat", None}'
            )
        super().__init__(layer, **kwargs)
        self.merge_mode = merge_mode
        self.forward_layer: Any = _made_again(layer)
        self.backward_layer: Any = _made_again(layer, True) if second is None else second
        self.forward_layer._name = "forward_" + self.forward_layer.name
        self.backward_layer._name = "backward_" + self.backward_layer.name
        if self.forward_layer.go_backwards == self.backward_layer.go_backwards:
            raise ValueError("Forward layer and backward layer should have different `go_backwards` value.")
        for name in ("stateful", "return_sequences", "return_state"):
            ahead, back = getattr(self.forward_layer, name), getattr(self.backward_layer, name)
            if ahead != back:
                raise ValueError(
                    "Forward layer and backward layer are expected to have the same value for attribute "
                    f"{name}, got {ahead} and {back}"
                )
        self._has_own_backward = second is not None
        for each in (self.forward_layer, self.backward_layer):
            each.zero_output_for_mask = each.return_sequences
        if weights:
            half = len(weights) // 2
            self.forward_layer._initial_weights = weights[:half]
            self.backward_layer._initial_weights = weights[half:]
        given: Any = layer
        self.stateful = given.stateful
        self.return_sequences, self.return_state = given.return_sequences, given.return_state
        self.supports_masking = True

    def get_config(self) -> dict[str, Any]:
        config = super().get_config()
        config.pop("weights")
        back = config.pop("backward_layer")
        if self._has_own_backward:
            # Its name would be lengthened a second time where the layer is made again.
            own = {**back.get_config(), "name": back.name[len("backward_") :]}
            config["backward_layer"] = {"class_name": type(back).__name__, "config": own}
        return config

    @classmethod
    def from_config(cls, config: dict[str, Any], custom_objects: Any = None) -> Any:
        from .serialization import deserialize

        given = dict(config)
        if given.get("backward_layer") is not None:
            given["backward_layer"] = deserialize(given["backward_layer"], custom_objects)
        return super().from_config(given, custom_objects)

    @property
    def _layers(self) -> list[Any]:
        return [self.forward_layer, self.backward_layer]

    def build(self, input_shape: Any = None) -> None:
        first = input_shape[0] if isinstance(input_shape, list) else input_shape
        for each in (self.forward_layer, self.backward_layer):
            if not each.built:
                each._dtype = each._dtype or self._dtype
                with name_scope(each.name):
                    each.build(first)
                each.built = True
                if each._initial_weights is not None:
                    each.set_weights(each._initial_weights)
                    each._initial_weights = None
        self.built = True

    def __call__(self, inputs: Any, initial_state: Any = None, constants: Any = None, **kwargs: Any) -> Any:
        if isinstance(inputs, list):
            if len(inputs) > 1:
                initial_state = inputs[1:]
            inputs = inputs[0]
        if initial_state is not None:
            listed = list(initial_state) if isinstance(initial_state, (list, tuple)) else [initial_state]
            if len(listed) % 2:
                raise ValueError(
                    "When passing `initial_state` to a Bidirectional RNN, the state should be a "
                    "list containing "
                    f"the states of the underlying RNNs. Found: {initial_state}"
                )
            if all(hasattr(item, "_keras_history") for item in nest.flatten(listed)):
                return super().__call__([inputs, *listed], **kwargs)
            kwargs["initial_state"] = listed
        if constants is not None:
            kwargs["constants"] = constants
        return super().__call__(inputs, **kwargs)

    def call(
        self,
        inputs: Any,
        training: Any = None,
        mask: Any = None,
        initial_state: Any = None,
        constants: Any = None,
    ) -> Any:
        if isinstance(inputs, list):
            initial_state, inputs = inputs[1:] or initial_state, inputs[0]
        given: dict[str, Any] = {
            "training": training,
            "mask": nest.flatten(mask)[0] if mask is not None else None,
        }
        if constants is not None:
            given["constants"] = constants
        half = len(initial_state) // 2 if initial_state is not None else 0
        ahead = self.forward_layer(
            inputs, initial_state=initial_state[:half] if initial_state is not None else None, **given
        )
        back = self.backward_layer(
            inputs, initial_state=initial_state[half:] if initial_state is not None else None, **given
        )
        states: list[Any] = []
        if self.return_state:
            states = [*ahead[1:], *back[1:]]
            ahead, back = ahead[0], back[0]
        if self.return_sequences:
            back = reverse(back, [0 if getattr(self.forward_layer, "time_major", False) else 1])
        if self.merge_mode == "concat":
            output: Any = concat([ahead, back], -1)
        elif self.merge_mode == "sum":
            output = ahead + back
        elif self.merge_mode == "ave":
            output = (ahead + back) / 2
        elif self.merge_mode == "mul":
            output = ahead * back
        else:
            return [ahead, back, *states]
        return [output, *states] if self.return_state else output

    def reset_states(self) -> None:
        """Have both layers begin the next batch with zeros."""
        self.forward_layer.reset_states()
        self.backward_layer.reset_states()

    def compute_mask(self, inputs: Any, mask: Any = None) -> Any:
        own = nest.flatten(mask)[0] if mask is not None and self.return_sequences else None
        after: list[Any] = [own] if self.merge_mode else [own, own]
        after += [None] * (2 * len(self.forward_layer.states) if self.return_state else 0)
        return after[0] if len(after) == 1 else after

    def compute_output_shape(self, input_shape: Any) -> Any:
        found = self.forward_layer.compute_output_shape(input_shape)
        whole = found[0] if self.return_state else found
        sizes = TensorShape(whole).as_list()
        if self.merge_mode == "concat":
            sizes[-1] = sizes[-1] and sizes[-1] * 2
        shape: Any = TensorShape(sizes)
        states = [*found[1:], *found[1:]] if self.return_state else []
        if self.merge_mode is None:
            return [shape, shape, *states]
        return [shape, *states] if states else shape


def _made_again(layer: Any, go_backwards: bool = False) -> Any:
    config = layer.get_config()
    if go_backwards:
        config["go_backwards"] = not config["go_backwards"]
    if "custom_objects" in inspect.signature(type(layer).from_config).parameters:
        own = [getattr(layer, "cell", None), *getattr(getattr(layer, "cell", None), "cells", [])]
        known = {type(cell).__name__: type(cell) for cell in own if cell is not None}
        return type(layer).from_config(config, custom_objects=known)
    return type(layer).from_config(config)
