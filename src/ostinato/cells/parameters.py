"""How a module owns the parameters that a family or a wrapper asks for: named as in TF1, with `.` for `/`
(`gates.kernel`).
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import torch
from torch import Tensor, nn

from ostinato._init import Initializer, as_initializer, glorot_uniform_
from ostinato.steps import Parameter


class Place(NamedTuple):
    """Where a parameter is: its specification, and the attribute of the module that holds it."""

    spec: Parameter
    module: nn.Module
    attribute: str

    @property
    def tensor(self) -> Tensor:
        found: Tensor = getattr(self.module, self.attribute)
        return found


def own(
    module: nn.Module,
    specs: Sequence[Parameter],
    device: torch.device | str | None,
    dtype: torch.dtype | None,
) -> list[Place]:
    """Make the parameters, not yet filled, and say where they are."""
    places = []
    for spec in specs:
        *path, attribute = spec.name.split("/")
        holder = module
        for part in path:
            if part not in holder._modules:
                holder.add_module(part, nn.Module())
            holder = holder.get_submodule(part)
        holder.register_parameter(
            attribute, nn.Parameter(torch.empty(spec.shape, device=device, dtype=dtype))
        )
        places.append(Place(spec, holder, attribute))
    return places


def fill(places: Sequence[Place], initializer: Initializer | None) -> None:
    """Initialise: each to what it starts from, the rest by `initializer` or glorot_uniform.

    Raises:
        TypeError: the initialiser returns a new tensor instead of filling the one it is given.
    """
    for place in places:
        start = place.spec.initial_value
        chosen = (initializer or glorot_uniform_) if start is None else as_initializer(start)
        tensor = place.tensor
        with torch.no_grad():
            result = chosen(tensor)
        if isinstance(result, Tensor) and result is not tensor:
            raise TypeError(
                "initializer must fill the tensor that it is given, as torch.nn.init.orthogonal_ does, but "
                "it returned a new one."
            )
