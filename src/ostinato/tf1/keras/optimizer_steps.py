"""What one step of Keras' optimisers does to a variable and to what is kept for it: a node each."""

from __future__ import annotations

from typing import Any

import torch

from ..updates import register_update


def _sgd(var: Any, momentum: Any, rate: Any, share: Any, grad: Any, nesterov: bool) -> Any:
    new = share * momentum - rate * grad
    return var + (share * new - rate * grad if nesterov else new), new


def _rmsprop(var: Any, rms: Any, rate: Any, rho: Any, grad: Any, epsilon: float) -> Any:
    rms = rho * rms + (1.0 - rho) * grad * grad
    return var - rate * grad / (torch.sqrt(rms) + epsilon), rms


def _centred_rmsprop(var: Any, rms: Any, mean: Any, rate: Any, rho: Any, grad: Any, epsilon: float) -> Any:
    rms = rho * rms + (1.0 - rho) * grad * grad
    mean = rho * mean + (1.0 - rho) * grad
    return var - rate * grad / (torch.sqrt(rms - mean * mean) + epsilon), rms, mean


def _moving_rmsprop(
    var: Any, rms: Any, momentum: Any, rate: Any, rho: Any, share: Any, grad: Any, epsilon: float
) -> Any:
    rms = rho * rms + (1.0 - rho) * grad * grad
    momentum = share * momentum + rate * grad * torch.rsqrt(rms + epsilon)
    return var - momentum, rms, momentum


def _moving_centred_rmsprop(
    var: Any, rms: Any, momentum: Any, mean: Any, rate: Any, rho: Any, share: Any, grad: Any, epsilon: float
) -> Any:
    rms = rho * rms + (1.0 - rho) * grad * grad
    mean = rho * mean + (1.0 - rho) * grad
    momentum = share * momentum + rate * grad * torch.rsqrt(rms - mean * mean + epsilon)
    return var - momentum, rms, momentum, mean


def _adam(var: Any, m: Any, v: Any, rate: Any, beta_1: Any, beta_2: Any, grad: Any, epsilon: float) -> Any:
    m = beta_1 * m + (1.0 - beta_1) * grad
    v = beta_2 * v + (1.0 - beta_2) * grad * grad
    return var - rate * m / (torch.sqrt(v) + epsilon), m, v


def _amsgrad(
    var: Any, m: Any, v: Any, highest: Any, rate: Any, beta_1: Any, beta_2: Any, grad: Any, epsilon: float
) -> Any:
    m = beta_1 * m + (1.0 - beta_1) * grad
    v = beta_2 * v + (1.0 - beta_2) * grad * grad
    highest = torch.maximum(highest, v)
    return var - rate * m / (torch.sqrt(highest) + epsilon), m, v, highest


def _adamax(var: Any, m: Any, v: Any, rate: Any, beta_1: Any, beta_2: Any, grad: Any, epsilon: float) -> Any:
    m = beta_1 * m + (1.0 - beta_1) * grad
    v = torch.maximum(beta_2 * v, grad.abs())
    return var - rate * m / (v + epsilon), m, v


def _adagrad(var: Any, accumulator: Any, rate: Any, grad: Any, epsilon: float) -> Any:
    accumulator = accumulator + grad * grad
    return var - rate * grad / (torch.sqrt(accumulator) + epsilon), accumulator


def _adadelta(var: Any, accumulator: Any, moved: Any, rate: Any, rho: Any, grad: Any, epsilon: float) -> Any:
    accumulator = rho * accumulator + (1.0 - rho) * grad * grad
    update = torch.sqrt(moved + epsilon) * torch.rsqrt(accumulator + epsilon) * grad
    return var - rate * update, accumulator, rho * moved + (1.0 - rho) * update * update


def _nadam(
    var: Any,
    m: Any,
    v: Any,
    rate: Any,
    beta_1: Any,
    beta_2: Any,
    now: Any,
    then: Any,
    product: Any,
    step: Any,
    grad: Any,
    epsilon: float,
) -> Any:
    prime = grad / (1.0 - product)
    m = beta_1 * m + (1.0 - beta_1) * grad
    v = beta_2 * v + (1.0 - beta_2) * grad * grad
    ahead = m / (1.0 - product * then)
    bar = (1.0 - now) * prime + then * ahead
    return var - rate * bar / (torch.sqrt(v / (1.0 - beta_2**step)) + epsilon), m, v


_WHOLE = {"KerasRMSProp", "KerasCentredRMSProp", "KerasAdam", "KerasAMSGrad", "KerasNadam"}
"""What does to some rows what it does to the whole with zeros elsewhere, or moves all rows always."""

for _op_type, _slots, _compute in (
    ("KerasMomentum", 1, _sgd),
    ("KerasRMSProp", 1, _rmsprop),
    ("KerasCentredRMSProp", 2, _centred_rmsprop),
    ("KerasMovingRMSProp", 2, _moving_rmsprop),
    ("KerasMovingCentredRMSProp", 3, _moving_centred_rmsprop),
    ("KerasAdam", 2, _adam),
    ("KerasAMSGrad", 3, _amsgrad),
    ("KerasAdamax", 2, _adamax),
    ("KerasAdagrad", 1, _adagrad),
    ("KerasAdadelta", 2, _adadelta),
    ("KerasNadam", 2, _nadam),
):
    register_update(_op_type, _slots, _compute, by_rows=_op_type not in _WHOLE)
