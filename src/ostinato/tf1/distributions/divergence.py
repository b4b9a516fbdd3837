"""How far one distribution is from another, for the pairs that have registered a formula."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from ..graph import control_dependencies, name_scope
from ..ops import array
from ..ops.asserting import Assert
from ..ops.math import is_nan, logical_not
from ..ops.reductions import reduce_any
from ..tensor import Tensor

_FORMULAS: dict[tuple[type, type], Callable[..., Tensor]] = {}


class RegisterKL:
    """A decorator that registers the formula of two classes (TF1 symbol: `tf.distributions.RegisterKL`).

    Raises:
        TypeError: it decorates what is no function.
        ValueError: the two classes have a formula already.
    """

    def __init__(self, dist_cls_a: type, dist_cls_b: type) -> None:
        self._key = dist_cls_a, dist_cls_b

    def __call__(self, kl_fn: Callable[..., Tensor]) -> Callable[..., Tensor]:
        if not callable(kl_fn):
            raise TypeError(f"kl_fn must be callable, received: {kl_fn}")
        if self._key in _FORMULAS:
            first, second = (cls.__name__ for cls in self._key)
            raise ValueError(
                f"KL({first} || {second}) has already been registered to: {_FORMULAS[self._key]}"
            )
        _FORMULAS[self._key] = kl_fn
        return kl_fn


def kl_divergence(
    distribution_a: Any, distribution_b: Any, allow_nan_stats: bool = True, name: str | None = None
) -> Tensor:
    """How far `distribution_a` is from `distribution_b` (TF1 symbol: `tf.distributions.kl_divergence`).

    Raises:
        NotImplementedError: no formula is registered for the two classes, or bases of theirs.
    """
    pairs = (
        (first, second) for first in type(distribution_a).__mro__ for second in type(distribution_b).__mro__
    )
    formula = next((_FORMULAS[pair] for pair in pairs if pair in _FORMULAS), None)
    if formula is None:
        raise NotImplementedError(
            f"No KL(distribution_a || distribution_b) registered for distribution_a type "
            f"{type(distribution_a).__name__} and distribution_b type {type(distribution_b).__name__}"
        )
    with name_scope("KullbackLeibler"):
        divergence = formula(distribution_a, distribution_b, name=name)
        if allow_nan_stats:
            return divergence
        finite = logical_not(reduce_any(is_nan(divergence)))
        with control_dependencies([Assert(finite, ["KL calculation returned NaN values."])]):
            return array.identity(divergence, name="checked_kl")
