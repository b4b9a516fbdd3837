"""The native library: which builds there are, which one this processor runs, and calls into it.

A build is a shared library of plain C functions, one for each instruction set, made by the package's own
build without torch's headers; it knows tensors as addresses, and torch's thread pool as the C function
`torch_parallel_for`, looked up in the loaded torch.
"""

from __future__ import annotations

import contextlib
import ctypes
import functools
import os
import struct
import threading
import warnings
from pathlib import Path

from ostinato.kernels.native.choice import BrokenError, Choice, UnusableError, choose

_int, _float, _pointer = ctypes.c_int64, ctypes.c_double, ctypes.c_void_p
ACTIVATIONS = ("tanh", "relu", "sigmoid", "linear")
"""In the order of their numbers in simd.h."""
MAX_PARAMETERS = 16
_VECTOR_BYTES = {"portable": 16, "avx2": 32}
ABI_VERSION = 4
"""As `kAbiVersion` in call.h, which says when it is raised."""
FOLDER = Path(__file__).parent
"""Where the libraries are."""


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
        ("fill_kept", _int),
        ("reverse", _int),
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
        ("kept_gates", _pointer),
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
        ("query", _pointer),
    ]


_lock = threading.Lock()
_loaded: Choice | None = None  # set once its warnings have been given
_chosen: Choice | None = None
_forked = False


def _after_fork() -> None:
    global _lock, _forked
    # The thread that held the lock, and the pool's threads, are not in the child.
    _lock = threading.Lock()
    _forked = True


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_after_fork)


def choice() -> Choice:
    """What runs here, decided at the first call; see `ostinato.kernels.native.choice`."""
    global _chosen
    if _chosen is None:
        with _lock:
            if _chosen is None:
                _chosen = choose(open_build)
    return _chosen


def vector_bytes() -> int:
    """The width of the build's vectors: gates are kept in rows of whole ones."""
    return _VECTOR_BYTES.get(choice().instruction_set or "", 64)


def load() -> ctypes.CDLL | None:
    """The build to call, or None where the reference runs.

    The first call warns (`RuntimeWarning`) of what should be there and is not.

    Raises:
        ValueError: a variable of the environment has a value that is none.
        RuntimeError: what the environment forces does not run here.
    """
    global _loaded
    if _loaded is None:
        chosen = choice()
        with _lock:
            first, _loaded = _loaded is None, chosen
        if first:
            for sentence in chosen.warnings:
                warnings.warn(sentence, RuntimeWarning, stacklevel=2)
    return _loaded.build


def open_build(instruction_set: str) -> ctypes.CDLL:
    """The build of that instruction set, which this processor must run, once it has shown who it is.

    Raises:
        UnusableError: it was not built; as `BrokenError`, it is damaged, or from other sources.
    """
    path = FOLDER / f"_kernels_{instruction_set}.so"
    if not path.is_file():
        raise UnusableError(f"{path.name} was not built")
    if _is_cut_short(path):
        raise BrokenError(f"{path} is damaged: it ends too early")
    try:
        build = ctypes.CDLL(str(path))
        build.ostinato_abi_version.restype = build.ostinato_call_size.restype = _int
        found = build.ostinato_abi_version(), build.ostinato_call_size()
    except (OSError, AttributeError) as error:
        raise BrokenError(f"{path} is no library that loads here ({error})") from None
    expected = ABI_VERSION, ctypes.sizeof(Call)
    if found != expected:
        raise BrokenError(
            f"{path} is from other sources than {Path(__file__).name}: interface {found[0]} with calls of "
            f"{found[1]} bytes, not {expected[0]} with {expected[1]}"
        )
    # A processor may claim instructions that it does not get right, as emulators do.
    if hasattr(build, "ostinato_self_check") and (wrong := build.ostinato_self_check()):
        raise BrokenError(f"what this processor computed in {path.name} was wrong (check {wrong})")
    return build


def _is_cut_short(path: Path) -> bool:
    # The system's loader does not look: it maps what is missing, and the first touch ends the process. The
    # table of an ELF file's sections stands at its end.
    with path.open("rb") as file:
        header = file.read(64)
    if len(header) < 64:
        return True
    if header[:6] != b"\x7fELF\x02\x01":  # of 64 bits, little endian; whatever else, the loader judges
        return False
    (sections,) = struct.unpack_from("<Q", header, 0x28)
    size, count = struct.unpack_from("<2H", header, 0x3A)
    return bool(path.stat().st_size < sections + size * count)


@functools.cache
def parallel_for() -> int | None:
    """The address of torch's `torch_parallel_for`, or None where torch has none: one thread then."""
    import torch

    # Looked up in torch's Python module it is found in whichever library that module was linked with,
    # whatever the name and the place of that.
    try:
        function = ctypes.CDLL(torch._C.__file__).torch_parallel_for
    except (OSError, AttributeError):
        return None
    return ctypes.cast(function, ctypes.c_void_p).value


def threads() -> int:
    """How many threads a kernel may use: as many as torch, and one in a forked child.

    The pool's threads do not survive a fork, and whoever waits for them waits for ever.
    """
    import torch

    return 1 if _forked else torch.get_num_threads()


class _OneThread:
    def __enter__(self) -> None:
        import torch

        self._before = torch.get_num_threads()
        torch.set_num_threads(1)

    def __exit__(self, *_: object) -> None:
        import torch

        torch.set_num_threads(self._before)


_AS_IT_IS: contextlib.nullcontext[None] = contextlib.nullcontext()


def torch_operations() -> contextlib.AbstractContextManager[None]:
    """What torch's own operations run in beside a kernel: in a forked child they too wait for the pool's
    threads, so there they get one.
    """
    return _OneThread() if _forked else _AS_IT_IS
