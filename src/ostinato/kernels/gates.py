"""What a step of an LSTM does after its product, in one native pass forward and one backward.

A step of a loop is small: made of torch's operations, an LSTM's is fifteen of them and as many nodes of
autograd. `ostinato.kernels.trained` makes one node of it, around this operator.

    lstm_gates(sums, c, forget_bias, activation) -> (gates, new_c, new_h)

and its backward pass. `activation` is its place in `ACTIVATIONS`. Tensors are contiguous, on the
CPU, float32 or float64; what calls them sees to that.
"""

from __future__ import annotations

import ctypes
from collections.abc import Sequence
from typing import Any

import torch
from torch import Tensor

from ostinato.kernels.native import library

_byref, _int, _pointer = ctypes.byref, ctypes.c_int64, ctypes.c_void_p
_ADDRESSES = ("gates", "c", "new_c", "new_h", "grad_c", "grad_h", "grad_gates", "grad_state")


class GateCall(ctypes.Structure):
    """What the functions of cell_gates.h are handed."""

    _fields_ = [
        ("rows", _int),
        ("units", _int),
        ("activation", _int),
        ("forget_bias", ctypes.c_double),
        *[(name, _pointer) for name in _ADDRESSES],
    ]


def is_available() -> bool:
    """Whether the library that is in use has them."""
    return hasattr(library.load(), "ostinato_lstm_gates")


def _call(name: str, numbers: tuple[Any, ...], tensors: Sequence[Tensor | None]) -> None:
    like = tensors[1]
    assert like is not None
    addresses = [None if tensor is None else tensor.data_ptr() for tensor in tensors]
    call = GateCall(*like.shape, *numbers, *addresses)
    function: Any = getattr(library.load(), name)
    function(_int(like.dtype is torch.float64), _byref(call))


def _lstm_gates(sums: Tensor, c: Tensor, forget_bias: float, activation: int) -> tuple[Tensor, ...]:
    new_c, new_h = torch.empty_like(c), torch.empty_like(c)
    _call("ostinato_lstm_gates", (activation, forget_bias), (sums, c, new_c, new_h))
    return sums, new_c, new_h


def _lstm_gates_backward(
    gates: Tensor, c: Tensor, new_c: Tensor, grad_c: Tensor | None, grad_h: Tensor | None, activation: int
) -> tuple[Tensor, ...]:
    made = torch.empty_like(gates), torch.empty_like(c)
    _call("ostinato_lstm_gates_backward", (activation, 0.0), (gates, c, new_c, None, grad_c, grad_h, *made))
    return made


class InPlace:
    """The functions, by their operators' names: sums become the gates, where they lie."""

    lstm_gates = staticmethod(_lstm_gates)
    lstm_gates_backward = staticmethod(_lstm_gates_backward)


def operators() -> Any:
    """The operators; where nobody stands between a call and its result, the functions themselves."""
    return torch.ops.ostinato if torch._C._len_torch_dispatch_stack() else InPlace


def _lstm_gates_of(sums: Tensor, c: Tensor, forget_bias: float, activation: int) -> tuple[Tensor, ...]:
    return _lstm_gates(sums.clone(), c, forget_bias, activation)


def _lstm_gates_fake(sums: Tensor, c: Tensor, forget_bias: float, activation: int) -> tuple[Tensor, ...]:
    return torch.empty_like(sums), torch.empty_like(c), torch.empty_like(c)


def _lstm_gates_backward_fake(gates: Tensor, c: Tensor, *_: Any) -> tuple[Tensor, ...]:
    return torch.empty_like(gates), torch.empty_like(c)


_LIBRARY = torch.library.Library("ostinato", "FRAGMENT")
_LIBRARY.define(
    "lstm_gates(Tensor sums, Tensor c, float forget_bias, int activation) -> (Tensor, Tensor, Tensor)"
)
_LIBRARY.define(
    "lstm_gates_backward(Tensor gates, Tensor c, Tensor new_c, Tensor? grad_c, Tensor? grad_h, "
    "int activation) -> (Tensor, Tensor)"
)
_LIBRARY.impl("lstm_gates", _lstm_gates_of, "CPU")
_LIBRARY.impl("lstm_gates_backward", _lstm_gates_backward, "CPU")
torch.library.register_fake("ostinato::lstm_gates", _lstm_gates_fake, lib=_LIBRARY)
torch.library.register_fake("ostinato::lstm_gates_backward", _lstm_gates_backward_fake, lib=_LIBRARY)
