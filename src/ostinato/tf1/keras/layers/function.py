"""`Lambda`, a function of tensors as a layer."""

from __future__ import annotations

import builtins
import codecs
import inspect
import marshal
import sys
import types
from typing import Any

from ...keras_base import Layer
from ...shapes import TensorShape
from ..utils import custom_objects_in_force


class Lambda(Layer):
    """A function of tensors as a layer (TF1 symbol: `tf.keras.layers.Lambda`).

    Args:
        function: called with the inputs and `arguments`, and with `mask` and `training` where it takes them.
        output_shape: not needed: the shape is that of what comes out.
        mask: the mask of the outputs, or a function of the inputs and their mask.
        arguments: keywords of the function.
    """

    def __init__(
        self,
        function: Any,
        output_shape: Any = None,
        mask: Any = None,
        arguments: dict[str, Any] | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        self.function, self.arguments = function, arguments or {}
        self.supports_masking = mask is not None
        self.mask = mask
        self._shape = output_shape

    def compute_mask(self, inputs: Any, mask: Any = None) -> Any:
        return self.mask(inputs, mask) if callable(self.mask) else self.mask

    def call(self, inputs: Any, mask: Any = None, training: Any = None) -> Any:
        given = dict(self.arguments)
        names = inspect.signature(self.function).parameters
        if "mask" in names:
            given.setdefault("mask", mask)
        if "training" in names:
            given.setdefault("training", training)
        return self.function(inputs, **given)

    def compute_output_shape(self, input_shape: Any) -> Any:
        if self._shape is None:
            return super().compute_output_shape(input_shape)
        shape = self._shape(input_shape) if callable(self._shape) else self._shape
        if callable(self._shape):
            return TensorShape(shape)
        return TensorShape([TensorShape(input_shape).as_list()[0], *shape])

    def get_config(self) -> dict[str, Any]:
        """The arguments that make a layer like this one; a lambda's are the byte code of this Python."""
        function, kind, module = _described(self.function)
        shape, kind_of_shape, module_of_shape = (
            _described(self._shape) if callable(self._shape) else (self._shape, "raw", None)
        )
        config = {
            **super().get_config(),
            "function": function,
            "function_type": kind,
            "module": module,
            "output_shape": shape,
            "output_shape_type": kind_of_shape,
            "output_shape_module": module_of_shape,
            "arguments": self.arguments,
        }
        if "lambda" in (kind, kind_of_shape):
            config["python"] = sys.implementation.cache_tag
        if self.mask is not None:
            mask, kind_of_mask, module_of_mask = _described(self.mask)
            config.update(mask=mask, mask_type=kind_of_mask, mask_module=module_of_mask)
        return config

    @classmethod
    def from_config(cls, config: dict[str, Any], custom_objects: Any = None) -> Any:
        """The layer of a configuration.

        Raises:
            ValueError: its function is the byte code of another Python, or a name that is not known.
        """
        given = dict(config)
        known = {**custom_objects_in_force(), **(custom_objects or {})}
        python = given.pop("python", None)
        for key in ("function", "output_shape", "mask"):
            prefix = "module" if key == "function" else f"{key}_module"
            given.pop(prefix, None)
            kind = given.pop(f"{key}_type", "raw")
            if key in given and kind != "raw":
                given[key] = _of_description(given[key], kind, given.get("name"), known, python)
        return cls(**given)


def _described(function: Any) -> tuple[Any, str, Any]:
    """(what stands for a function, of which kind, its module)"""
    module = getattr(function, "__module__", None)
    if isinstance(function, types.LambdaType) and function.__name__ == "<lambda>":
        code = codecs.encode(marshal.dumps(function.__code__), "base64").decode("ascii")
        cells = [cell.cell_contents for cell in function.__closure__ or ()] or None
        return [code, function.__defaults__, cells], "lambda", module
    return getattr(function, "__name__", type(function).__name__), "function", module


def _of_description(value: Any, kind: str, layer: Any, known: dict[str, Any], python: Any) -> Any:
    if kind == "function":
        if value not in known:
            raise ValueError(f"Unknown layer function: {value}. Pass it in custom_objects.")
        return known[value]
    if layer in known:
        return known[layer]
    if python != sys.implementation.cache_tag:
        raise ValueError(
            f"The Lambda layer {layer!r} holds the byte code of another Python ({python or 'unknown'}), "
            f"which {sys.implementation.cache_tag} cannot run: pass its function as "
            f"custom_objects={{{layer!r}: function}}, or make the model in code and read its variables with "
            "load_weights."
        )
    code, defaults, cells = value
    closure = None if cells is None else tuple(types.CellType(item) for item in cells)
    body = marshal.loads(codecs.decode(code.encode("ascii"), "base64"))
    given = None if defaults is None else tuple(defaults)
    return types.FunctionType(body, {**_names(), **known}, layer, given, closure)


def _names() -> dict[str, Any]:
    """What a function of a script finds by its names: the script's own, and what it is certain to have."""
    main = sys.modules.get("__main__")
    return {**vars(builtins), **(vars(main) if main is not None else {})}
