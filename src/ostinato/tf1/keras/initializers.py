"""The module `tf.keras.initializers`: those of `tf.initializers`, some with other defaults."""

from __future__ import annotations

from typing import Any

from .. import initializers as _base
from ..dtypes import float32
from ..initializers import (
    Constant,
    Identity,
    Initializer,
    Ones,
    Orthogonal,
    VarianceScaling,
    Zeros,
    he_normal,
    he_uniform,
    lecun_normal,
    lecun_uniform,
)
from ..names import absent, nearest


class RandomNormal(_base.RandomNormal):
    """Draws from a normal distribution (TF1 symbol: `tf.keras.initializers.RandomNormal`)."""

    def __init__(
        self, mean: float = 0.0, stddev: float = 0.05, seed: int | None = None, dtype: Any = float32
    ) -> None:
        super().__init__(mean, stddev, seed, dtype)


class RandomUniform(_base.RandomUniform):
    """Draws from [minval, maxval) (TF1 symbol: `tf.keras.initializers.RandomUniform`)."""

    def __init__(
        self, minval: Any = -0.05, maxval: Any = 0.05, seed: int | None = None, dtype: Any = float32
    ) -> None:
        super().__init__(minval, maxval, seed, dtype)


class TruncatedNormal(_base.TruncatedNormal):
    """Draws from a normal distribution cut at two standard deviations (TF1:
    `tf.keras.initializers.TruncatedNormal`).
    """

    def __init__(
        self, mean: float = 0.0, stddev: float = 0.05, seed: int | None = None, dtype: Any = float32
    ) -> None:
        super().__init__(mean, stddev, seed, dtype)


constant, ones, zeros = Constant, Ones, Zeros
identity, orthogonal = Identity, Orthogonal
normal = random_normal = RandomNormal
uniform = random_uniform = RandomUniform
truncated_normal = TruncatedNormal
glorot_normal, glorot_uniform = _base.GlorotNormal, _base.GlorotUniform
_BY_NAME: dict[str, Any] = {
    **{name: value for name, value in globals().items() if name[0] != "_" and callable(value)},
    "GlorotNormal": glorot_normal,
    "GlorotUniform": glorot_uniform,
    "one": Ones,
    "zero": Zeros,
}
for _name in ("Any", "absent", "nearest"):
    del _BY_NAME[_name]


def serialize(initializer: Any) -> dict[str, Any]:
    """The class's name and the configuration: what `deserialize` takes."""
    return {"class_name": type(initializer).__name__, "config": initializer.get_config()}


def deserialize(config: Any, custom_objects: dict[str, Any] | None = None) -> Any:
    """The initialiser of a name, or of a dict as `serialize` gives it (TF1 symbol:
    `tf.keras.initializers.deserialize`).

    >>> deserialize({"class_name": "Constant", "config": {"value": 3}}).value
    3

    Raises:
        ValueError: there is none of that name.
    """
    known = {**_BY_NAME, **(custom_objects or {})}
    if isinstance(config, str):
        config = {"class_name": config, "config": {}}
    name = config.get("class_name") if isinstance(config, dict) else None
    if name is None or "config" not in config:
        raise ValueError(f"Improper config format: {config}: it needs a class_name and a config.")
    if name not in known:
        raise ValueError(f"Unknown initializer:{name}{nearest(name, known)}")
    found = known[name]
    return found.from_config(config["config"]) if hasattr(found, "from_config") else found(**config["config"])


def get(identifier: Any) -> Any:
    """The initialiser that a name, a configuration or a callable stands for; None for None (TF1 symbol:
    `tf.keras.initializers.get`).
    """
    if identifier is None or callable(identifier):
        return identifier
    if isinstance(identifier, (str, dict)):
        return deserialize(identifier)
    raise ValueError(f"Could not interpret initializer identifier: {identifier}")


__all__ = [
    "Constant",
    "Identity",
    "Initializer",
    "Ones",
    "Orthogonal",
    "RandomNormal",
    "RandomUniform",
    "TruncatedNormal",
    "VarianceScaling",
    "Zeros",
    "constant",
    "deserialize",
    "get",
    "glorot_normal",
    "glorot_uniform",
    "he_normal",
    "he_uniform",
    "identity",
    "lecun_normal",
    "lecun_uniform",
    "normal",
    "ones",
    "orthogonal",
    "random_normal",
    "random_uniform",
    "serialize",
    "truncated_normal",
    "uniform",
    "zeros",
]
__getattr__ = absent("tf.keras.initializers", __all__)
