"""Sizes of windows: how arguments name them, and what comes out of a convolution or a pooling."""

from __future__ import annotations

from typing import Any


def normalize_tuple(value: Any, n: int, name: str) -> tuple[int, ...]:
    """One integer for each axis.

    Raises:
        ValueError: another number of them, or no integers.
    """
    if isinstance(value, int):
        return (value,) * n
    said = f"The `{name}` argument must be a tuple of {n} integers. Received: {value}"
    try:
        sizes = tuple(value)
    except TypeError:
        raise ValueError(said) from None
    if len(sizes) != n:
        raise ValueError(said)
    for size in sizes:
        try:
            int(size)
        except (ValueError, TypeError):
            raise ValueError(f"{said} including element {size} of type {type(size)}") from None
    return tuple(int(size) for size in sizes)


def normalize_data_format(value: Any) -> str:
    """Which axis the channels are: "channels_last" for None.

    Raises:
        ValueError: neither of the two.
    """
    from .. import backend

    name = (backend.image_data_format() if value is None else value).lower()
    if name not in ("channels_first", "channels_last"):
        raise ValueError(
            f'The `data_format` argument must be one of "channels_first", "channels_last". Received: {value}'
        )
    return name


def normalize_padding(value: Any) -> Any:
    """A name in small letters.

    Raises:
        ValueError: another name than valid, same and causal.
    """
    if isinstance(value, (list, tuple)):
        return value
    name = value.lower()
    if name not in ("valid", "same", "causal"):
        raise ValueError(
            f'The `padding` argument must be a list/tuple or one of "valid", "same" (or "causal", only for '
            f"`Conv1D). Received: {name}"
        )
    return name


def convert_data_format(data_format: str, ndim: int) -> str:
    """The letters of a data format."""
    letters = {3: "W", 4: "HW", 5: "DHW"}.get(ndim)
    if letters is None:
        raise ValueError("Input rank not supported:", ndim)
    return f"NC{letters}" if data_format == "channels_first" else f"N{letters}C"


def conv_output_length(length: Any, filter_size: int, padding: str, stride: int, dilation: int = 1) -> Any:
    """How many places a window has."""
    if length is None:
        return None
    width = filter_size + (filter_size - 1) * (dilation - 1)
    if padding in ("same", "causal"):
        result = length
    elif padding == "valid":
        result = length - width + 1
    else:
        result = length + width - 1
    return (result + stride - 1) // stride


def deconv_output_length(
    length: Any,
    filter_size: int,
    padding: str,
    output_padding: int | None = None,
    stride: int = 1,
    dilation: int = 1,
) -> Any:
    """The size of what a transposed convolution makes."""
    if length is None:
        return None
    width = filter_size + (filter_size - 1) * (dilation - 1)
    if output_padding is None:
        if padding == "valid":
            return length * stride + max(width - stride, 0)
        if padding == "full":
            return length * stride - (stride + width - 2)
        return length * stride
    pad = {"same": width // 2, "valid": 0, "full": width - 1}[padding]
    return (length - 1) * stride + width - 2 * pad + output_padding
