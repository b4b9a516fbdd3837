"""The module `tf.keras.regularizers`: penalties on the sizes of weights."""

from __future__ import annotations

from typing import Any

from ..names import absent, nearest
from ..ops.core import convert_to_tensor
from ..ops.math import abs_, square
from ..ops.reductions import reduce_sum
from ..tensor import Tensor


class Regularizer:
    """Base of the regularisers (TF1 symbol: `tf.keras.regularizers.Regularizer`)."""

    def __call__(self, x: Any) -> Any:
        return 0.0

    @classmethod
    def from_config(cls, config: dict[str, Any]) -> Any:
        return cls(**config)


class L1L2(Regularizer):
    """l1 * sum |x| + l2 * sum x^2 (TF1 symbol: `tf.keras.regularizers.L1L2`)."""

    def __init__(self, l1: float = 0.0, l2: float = 0.0) -> None:
        self.l1, self.l2 = float(l1), float(l2)

    def __call__(self, x: Any) -> Tensor:
        value = convert_to_tensor(x)
        total = convert_to_tensor(0.0, value.dtype.base_dtype)
        if self.l1:
            total = total + reduce_sum(self.l1 * abs_(value))
        if self.l2:
            total = total + reduce_sum(self.l2 * square(value))
        return total

    def get_config(self) -> dict[str, Any]:
        return {"l1": self.l1, "l2": self.l2}


def l1(l: float = 0.01) -> L1L2:  # noqa: E741 - TensorFlow's name of the argument
    """The sum of absolute values, times `l` (TF1 symbol: `tf.keras.regularizers.l1`)."""
    return L1L2(l1=l)


def l2(l: float = 0.01) -> L1L2:  # noqa: E741 - TensorFlow's name of the argument
    """The sum of squares, times `l` (TF1 symbol: `tf.keras.regularizers.l2`)."""
    return L1L2(l2=l)


def l1_l2(l1: float = 0.01, l2: float = 0.01) -> L1L2:
    """Both sums (TF1 symbol: `tf.keras.regularizers.l1_l2`)."""
    return L1L2(l1=l1, l2=l2)


_BY_NAME: dict[str, Any] = {"L1L2": L1L2, "l1": l1, "l2": l2, "l1_l2": l1_l2}


def serialize(regularizer: Any) -> Any:
    """The class's name and the configuration: what `deserialize` takes."""
    return {"class_name": type(regularizer).__name__, "config": regularizer.get_config()}


def deserialize(config: Any, custom_objects: dict[str, Any] | None = None) -> Any:
    """The regulariser of a name, or of a dict as `serialize` gives it."""
    known = {**_BY_NAME, **(custom_objects or {})}
    name = config if isinstance(config, str) else config["class_name"]
    if name not in known:
        raise ValueError(f"Unknown regularizer:{name}{nearest(name, known)}")
    return known[name](**({} if isinstance(config, str) else config["config"]))


def get(identifier: Any) -> Any:
    """The regulariser that a name, a configuration or a callable stands for; None for None."""
    if identifier is None or callable(identifier):
        return identifier
    if isinstance(identifier, (str, dict)):
        return deserialize(identifier)
    raise ValueError(f"Could not interpret regularizer identifier: {identifier}")


__all__ = ["L1L2", "Regularizer", "deserialize", "get", "l1", "l1_l2", "l2", "serialize"]
__getattr__ = absent("tf.keras.regularizers", __all__)
