"""Variables of cells as TensorFlow saves them, with random numbers."""

from __future__ import annotations

from typing import Any

import numpy as np


def lstm(scope: str, inputs: int = 3, units: int = 4, dtype: Any = np.float32) -> dict[str, np.ndarray]:
    random = np.random.default_rng(units)
    kernel = random.normal(size=(inputs + units, 4 * units)).astype(dtype)
    return {f"{scope}/kernel": kernel, f"{scope}/bias": random.normal(size=4 * units).astype(dtype)}


def gru(scope: str) -> dict[str, np.ndarray]:
    shapes = {"gates/kernel": (7, 8), "gates/bias": (8,), "candidate/kernel": (7, 4), "candidate/bias": (4,)}
    return {f"{scope}/{name}": np.ones(shape, np.float32) for name, shape in shapes.items()}
