"""Keras' settings of this process: the type of floats, epsilon, where channels are."""

from __future__ import annotations

from typing import Any

from ..dtypes import as_dtype

_SETTINGS: dict[str, Any] = {"floatx": "float32", "epsilon": 1e-7, "image_data_format": "channels_last"}


def floatx() -> str:
    """The type of floats, as a name (TF1 symbol: `tf.keras.backend.floatx`)."""
    return str(_SETTINGS["floatx"])


def set_floatx(value: str) -> None:
    """Set the type of floats: float16, float32 or float64 (TF1 symbol: `tf.keras.backend.set_floatx`)."""
    if value not in ("float16", "float32", "float64"):
        raise ValueError(f"Unknown floatx type: {value}")
    _SETTINGS["floatx"] = as_dtype(value).name


def epsilon() -> float:
    """The small number that divisions are kept from zero by (TF1 symbol: `tf.keras.backend.epsilon`)."""
    return float(_SETTINGS["epsilon"])


def set_epsilon(value: float) -> None:
    """Set the small number (TF1 symbol: `tf.keras.backend.set_epsilon`)."""
    _SETTINGS["epsilon"] = value


def image_data_format() -> str:
    """Where channels are: "channels_last" (TF1 symbol: `tf.keras.backend.image_data_format`)."""
    return str(_SETTINGS["image_data_format"])


def set_image_data_format(data_format: str) -> None:
    """Set where channels are (TF1 symbol: `tf.keras.backend.set_image_data_format`)."""
    if data_format not in ("channels_last", "channels_first"):
        raise ValueError(f"Unknown data_format: {data_format}")
    _SETTINGS["image_data_format"] = data_format
