"""Where a process computes: torch's default device, for every tensor that no operation places."""

from __future__ import annotations

import torch


def use(name: str) -> None:
    """Compute on "cpu" or "cuda" from now on.

    Raises:
        RuntimeError: torch has no such device here.
    """
    if name == "cuda" and not torch.cuda.is_available():
        raise RuntimeError("torch has no CUDA device here: --device cpu, or a build of torch with CUDA.")
    torch.set_default_device(name)
