"""Where the peers are: what `make peers` has set up."""

from __future__ import annotations

import os
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]


class NotInstalled(Exception):
    """A peer whose environment `make peers` has not set up."""


def tf1_python() -> Path:
    """The Python of TensorFlow 1.15: what OSTINATO_TF1_PYTHON names, or that of `make peers`."""
    named = os.environ.get("OSTINATO_TF1_PYTHON")
    return Path(named) if named else ROOT / ".peers" / "tf1" / "bin" / "python"


def environments() -> dict[str, tuple[Path, str, dict[str, str]]]:
    """By the name of an environment its Python, the kind of its worker, and its variables."""
    peers = ROOT / ".peers"
    return {
        "TF 1.15": (tf1_python(), "tensorflow", {}),
        # The cells of the version 1 API were written for the Keras before 3.
        "TF 2.21": (peers / "tf2" / "bin" / "python", "tensorflow", {"TF_USE_LEGACY_KERAS": "1"}),
        "JAX": (peers / "jax" / "bin" / "python", "jax", {}),
        "torch, subnormals flushed": (Path(sys.executable), "torch", {}),
    }


def missing_peers() -> list[str]:
    """The environments that are not there."""
    return [name for name, (python, _, _) in environments().items() if not python.exists()]
