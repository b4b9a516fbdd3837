"""What convolutions and pools have in common: their arguments and the sizes that come of them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch.nn.functional as F

from ..registry import ShapeMismatch

FORMATS = {
    1: ("NWC", "NCW"),
    2: ("NHWC", "NCHW"),
    3: ("NDHWC", "NCDHW"),
}


@dataclass(frozen=True)
class Layout:
    """Where a value has its channels and its spatial axes."""

    rank: int  # of the spatial axes
    channels_first: bool

    @property
    def channel_axis(self) -> int:
        return 1 if self.channels_first else self.rank + 1

    @property
    def spatial(self) -> slice:
        return slice(2, self.rank + 2) if self.channels_first else slice(1, self.rank + 1)

    @property
    def to_torch(self) -> tuple[int, ...]:
        """The order of axes that puts the channels first."""
        return (0, self.rank + 1, *range(1, self.rank + 1))

    @property
    def from_torch(self) -> tuple[int, ...]:
        return (0, *range(2, self.rank + 2), 1)

    def first(self, x: Any) -> Any:
        """The value with its channels first."""
        return x if self.channels_first else x.permute(self.to_torch)

    def back(self, x: Any) -> Any:
        return x if self.channels_first else x.permute(self.from_torch)

    def sizes(self, batch: Any, spatial: Sequence[Any], channels: Any) -> list[Any]:
        return [batch, channels, *spatial] if self.channels_first else [batch, *spatial, channels]


def layout_of(data_format: str, rank: int) -> Layout:
    return Layout(rank, data_format.startswith("NC"))


def checked_format(op_type: str, data_format: Any, rank: int) -> str:
    """The format, channels last for None.

    Raises:
        ValueError: it is none of the two that there are.
    """
    formats = FORMATS[rank]
    if data_format is None:
        return formats[0]
    if data_format not in formats:
        raise ValueError(
            f"Attr 'data_format' of '{op_type}' Op passed string '{data_format}' not in: "
            f'"{formats[0]}", "{formats[1]}".'
        )
    return str(data_format)


def checked_padding(op_type: str, padding: Any, explicit: bool = False) -> str:
    """SAME or VALID.

    Raises:
        ValueError: it is something else.
    """
    if padding not in ("SAME", "VALID"):
        more = ', "EXPLICIT"' if explicit else ""
        raise ValueError(
            f"Attr 'padding' of '{op_type}' Op passed string '{padding}' not in: \"SAME\", \"VALID\"{more}."
        )
    return str(padding)


def for_each_axis(value: Any, rank: int, channels_first: bool, name: str) -> list[int]:
    """A size for each axis of the value, of one number, one for each spatial axis, or all of them.

    Raises:
        ValueError: there are some other number of them.
    """
    if value is None:
        value = [1]
    elif not isinstance(value, (list, tuple, np.ndarray)):
        value = value.as_list() if hasattr(value, "as_list") else [value]
    found = [int(item) for item in value]
    if len(found) == rank + 2:
        return found
    if len(found) not in (1, rank):
        known = "1, 3 or 5" if rank == 3 else f"1, {rank} or {rank + 2}"
        raise ValueError(f"{name} should be of length {known} but was {len(found)}")
    spatial = found * rank if len(found) == 1 else found
    return [1, 1, *spatial] if channels_first else [1, *spatial, 1]


def extent(kernel: int | None, dilation: int) -> int | None:
    return None if kernel is None else (kernel - 1) * dilation + 1


def output_size(
    size: int | None,
    kernel: int | None,
    stride: int,
    dilation: int,
    padding: str,
    explicit: Sequence[int] | None = None,
) -> int | None:
    """How many places a window takes along an axis, where that is known.

    Raises:
        ShapeMismatch: the window is larger than what it moves over.
    """
    if size is None:
        return None
    if padding == "SAME":
        return -(-size // stride)
    whole = extent(kernel, dilation)
    if whole is None:
        return None
    total = size + (sum(explicit) if explicit else 0)
    if total < whole:
        raise ShapeMismatch(f"Negative dimension size caused by subtracting {whole} from {total}")
    return (total - whole) // stride + 1


def margins(size: int, kernel: int, stride: int, dilation: int, padding: str) -> tuple[int, int]:
    """How much is added before and after an axis: with SAME, what is odd goes behind."""
    if padding != "SAME":
        return (0, 0)
    total = max(0, (-(-size // stride) - 1) * stride + (kernel - 1) * dilation + 1 - size)
    return (total // 2, total - total // 2)


def padded(x: Any, pairs: Sequence[tuple[int, int]], value: float = 0.0) -> Any:
    """The value with its last axes lengthened on both sides."""
    flat = [amount for pair in reversed(pairs) for amount in pair]
    return F.pad(x, flat, value=value) if any(flat) else x
