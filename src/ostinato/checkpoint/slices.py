"""Tensors that were saved in parts: the keys of the parts, and joining them.

A partitioned variable is saved as slices of one tensor. Each slice's bytes stand under a key made of the
tensor's name and the slice, in an encoding whose byte order is the order of names and numbers.
"""

from __future__ import annotations

import math

from ostinato.checkpoint.errors import Malformed
from ostinato.checkpoint.messages import Extent, Known, Shape, Slice


def slice_key(name: str, part: Slice) -> bytes:
    """The key under which the slice `part` of the tensor `name` is stored."""
    encoded = name.encode().replace(b"\x00", b"\x00\xff")  # 0xff would be escaped too, but UTF-8 has none
    numbers = b"".join(_signed(number) for extent in part for number in extent)
    return b"\x00" + encoded + b"\x00\x01" + _unsigned(len(part)) + numbers


def _unsigned(number: int) -> bytes:
    encoded = number.to_bytes((number.bit_length() + 7) // 8, "big")
    return bytes([len(encoded)]) + encoded


def _signed(number: int) -> bytes:
    """A number whose first bits say its sign and how many bytes it takes."""
    bits = (~number if number < 0 else number).bit_length()
    size = bits // 7 + 1
    encoded = bytearray(number.to_bytes(10, "big", signed=True)[10 - size :])
    mark = ((0xFFFF << (16 - size)) & 0xFFFF).to_bytes(2, "big")
    encoded[0] ^= mark[0]
    if size > 1:
        encoded[1] ^= mark[1]
    return bytes(encoded)


def whole(part: Slice, shape: Shape, known: Known) -> Slice:
    """`part` with every length written out."""
    if len(part) != len(shape):
        raise Malformed(0, f"a slice of {len(part)} axes of a tensor of shape {list(shape)}")
    written: list[Extent] = []
    for (start, length), size in zip(part, shape, strict=True):
        length = size if length < 0 else length
        if start + length > size:
            raise Malformed(0, f"a slice of {length} elements from {start} on of an axis of {size}")
        extent = start, length
        written.append(known.setdefault(extent, extent))
    found = tuple(written)
    return part if found == part else found


def check_cover(parts: list[Slice], shape: Shape) -> None:
    """Raise unless `parts`, their lengths written out, cover a tensor of `shape` exactly once."""
    if len(set(parts)) < len(parts):
        raise Malformed(0, "a slice is there twice")
    total = math.prod(shape)
    sizes = [math.prod(length for _, length in part) for part in parts]
    if sum(sizes) != total:
        raise Malformed(0, f"slices of {sum(sizes)} elements for a tensor of shape {list(shape)}")
    # Of as many elements in all, slices cover the tensor exactly if no two overlap.
    filled = sorted(part for part, size in zip(parts, sizes, strict=True) if size)
    _check_apart(filled, shape, 0)


def _check_apart(parts: list[Slice], shape: Shape, axis: int) -> None:
    if len(parts) < 2:
        return
    if axis == len(shape):
        raise Malformed(0, f"slices that overlap, or that no partitioner would cut: {parts[0]}, {parts[1]}")
    # Cuts that no slice crosses along this axis split the slices into groups. Slices of one group that share
    # their extent here must be apart along a later axis; TensorFlow's partitioners make nothing else.
    groups: list[list[Slice]] = []
    reach = -1
    for part in sorted(parts, key=lambda part: part[axis]):
        start, length = part[axis]
        if start >= reach:
            groups.append([])
        groups[-1].append(part)
        reach = max(reach, start + length)
    if len(groups) == 1:
        _check_apart(parts, shape, axis + 1)
        return
    for group in groups:
        _check_apart(group, shape, axis)
