"""What the sequence ops run on, for people to look at."""

from __future__ import annotations

from typing import NamedTuple

from ostinato.kernels.native import library


class Available(NamedTuple):
    """The implementations of the sequence ops on this machine.

    Attributes:
        implementations: those that can run in this process, as `OSTINATO_KERNELS` names them.
        in_use: the one that runs on CPU tensors: `cpu`, native code, or `reference`, plain torch.
        instruction_set: of the native code in use, as `OSTINATO_INSTRUCTION_SET` names it; else None.
        reasons: for every other implementation and instruction set, why it is not in use.
    """

    implementations: tuple[str, ...]
    in_use: str
    instruction_set: str | None
    reasons: dict[str, str]


def available() -> Available:
    """Which implementations of the sequence ops there are, which one is in use, and why not the others.

    The choice is made once a process, from the processor and the environment: `OSTINATO_KERNELS` (`cpu` or
    `reference`) and `OSTINATO_INSTRUCTION_SET` (`portable`, `avx2`, `avx512`, `avx512_bf16` or `amx`) force
    it. Unlike the first sequence that runs, this warns of nothing.

    Returns:
        An `Available`.

    Raises:
        ValueError: one of the variables has a value that is none.
        RuntimeError: what a variable forces does not run here; the message says why.

    Example:
        >>> import ostinato
        >>> found = ostinato.kernels.available()
        >>> found.in_use in found.implementations
        True
    """
    choice = library.choice()
    if choice.build is None:
        return Available(("reference",), "reference", None, choice.reasons)
    return Available(("cpu", "reference"), "cpu", choice.instruction_set, choice.reasons)
