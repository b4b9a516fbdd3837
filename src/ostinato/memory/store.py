"""What a walk over a sequence asks of the place where it puts what its backward pass needs."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:  # without torch, the command line reads sizes at once
    from torch import Tensor

CHUNKS_IN_FLIGHT = 2
"""How many chunks' bytes a store may hold in the memory that it is there to save, beside the chunk that its
caller works on: in the forward pass those on their way out, in the backward pass the one that is brought
back ahead of its turn and one buffer to be used again. Between the two passes it is the chunk put last.
"""


class SwapError(OSError):
    """What was to be swapped could not be written or read back; `errno` says why, where the system did."""

    def __init__(self, message: str, errno: int | None = None) -> None:
        super().__init__(message)  # of one argument, so that the message is the sentence and nothing else
        self.errno = errno


class Store(Protocol):
    """Keeps chunks 0, 1, 2, ... of a forward pass for the backward pass, which reads them last first, and
    again for each further backward pass.

    An error in what a store does beside the computation is raised by the next call, and by every call
    after it: the store is closed then.
    """

    def put(self, index: int, tensors: Sequence[Tensor]) -> None:
        """Take what chunk `index` needs later.

        The caller changes the tensors no more and lets go of them: their memory is free once they are
        written. Waits while `CHUNKS_IN_FLIGHT` chunks are on their way.
        """
        ...

    def prefetch(self, index: int) -> None:
        """Begin to bring chunk `index` back, in place of another that was asked for and not fetched.

        Returns at once. Nothing happens where there is no such chunk, as before the first, or where it is on
        its way.
        """
        ...

    def get(self, index: int) -> list[Tensor]:
        """The tensors of chunk `index`: same shapes, dtypes and devices, contiguous, without a gradient.

        They are not to be changed, as they may be the very tensors that were put. They are valid for as long
        as they live; tensors of one chunk may share memory that is given back as a whole.
        """
        ...

    def close(self) -> None:
        """Let go of everything. May be called again, from any thread; being forgotten closes a store too."""
        ...
