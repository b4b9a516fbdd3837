"""The native library: which builds there are, which one this processor runs, and calls into it.

A build is a shared library of plain C functions, one for each instruction set, made by the package's own
build without torch's headers; it knows tensors as addresses, and torch's thread pool as the C function
`torch_parallel_for`, looked up in the loaded torch.
"""

from __future__ import annotations

import ctypes
import functools
import os
from pathlib import Path

_int, _float, _pointer = ctypes.c_int64, ctypes.c_double, ctypes.c_void_p
ACTIVATIONS = ("tanh", "relu", "sigmoid", "linear")
"""In the order of their numbers in simd.h."""
MAX_PARAMETERS = 16


class Call(ctypes.Structure):
    """What a kernel is handed: the fields of call.h, where they are explained."""

    _fields_ = [
        ("dtype", _int),
        ("time", _int),
        ("batch", _int),
        ("input_size", _int),
        ("units", _int),
        ("output_size", _int),
        ("activation", _int),
        ("peepholes", _int),
        ("layer_norm", _int),
        ("forget_bias", _float),
        ("cell_clip", _float),
        ("proj_clip", _float),
        ("first_step", _int),
        ("sequence_length", _pointer),
        ("inputs", _pointer),
        ("inputs_time", _int),
        ("inputs_batch", _int),
        ("state", _pointer * 2),
        ("parameters", _pointer * MAX_PARAMETERS),
        ("outputs", _pointer),
        ("outputs_time", _int),
        ("outputs_batch", _int),
        ("kept", _pointer),
        ("final_state", _pointer * 2),
        ("grad_outputs", _pointer),
        ("grad_outputs_time", _int),
        ("grad_outputs_batch", _int),
        ("grad_final_state", _pointer * 2),
        ("grad_kept", _pointer),
        ("grad_inputs", _pointer),
        ("grad_inputs_time", _int),
        ("grad_inputs_batch", _int),
        ("grad_state", _pointer * 2),
        ("grad_parameters", _pointer * MAX_PARAMETERS),
        ("threads", _int),
        ("parallel_for", _pointer),
    ]


@functools.cache
def load() -> ctypes.CDLL | None:
    if os.environ.get("OSTINATO_KERNELS") == "reference":
        return None
    path = Path(__file__).parent / f"_kernels_{os.environ.get('OSTINATO_INSTRUCTION_SET', 'avx512')}.so"
    return ctypes.CDLL(str(path)) if path.exists() else None


@functools.cache
def parallel_for() -> int | None:
    import torch

    path = Path(torch.__file__).parent / "lib" / "libtorch_cpu.so"
    return ctypes.cast(ctypes.CDLL(str(path)).torch_parallel_for, ctypes.c_void_p).value


def threads() -> int:
    import torch

    return torch.get_num_threads()
