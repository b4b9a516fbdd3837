"""Hashes of strings by which TensorFlow puts them in buckets: the numbers are those of any machine."""

from __future__ import annotations

import struct

_MASK = (1 << 64) - 1
_K0, _K1, _K2 = 0xC3A5C85C97CB3127, 0xB492B66FBE98F273, 0x9AE16A3B2F90404F


def _rotate(value: int, places: int) -> int:
    return ((value >> places) | (value << (64 - places))) & _MASK


def _mix(value: int) -> int:
    return value ^ (value >> 47)


def _pair(first: int, second: int, factor: int) -> int:
    a = _mix(((first ^ second) * factor) & _MASK)
    return (_mix(((second ^ a) * factor) & _MASK) * factor) & _MASK


def _long(text: bytes, place: int) -> int:
    number: int = struct.unpack_from("<Q", text, place)[0]
    return number


def _at_most_16(text: bytes) -> int:
    size = len(text)
    if size >= 8:
        factor = (_K2 + size * 2) & _MASK
        a, b = (_long(text, 0) + _K2) & _MASK, _long(text, size - 8)
        c = (_rotate(b, 37) * factor + a) & _MASK
        return _pair(c, ((_rotate(a, 25) + b) * factor) & _MASK, factor)
    if size >= 4:
        first, last = struct.unpack_from("<I", text, 0)[0], struct.unpack_from("<I", text, size - 4)[0]
        return _pair((size + (first << 3)) & _MASK, last, (_K2 + size * 2) & _MASK)
    if size:
        y, z = text[0] + (text[size >> 1] << 8), size + (text[-1] << 2)
        return (_mix(((y * _K2) ^ (z * _K0)) & _MASK) * _K2) & _MASK
    return _K2


def _at_most_64(text: bytes) -> int:
    size = len(text)
    factor = (_K2 + size * 2) & _MASK
    a = (_long(text, 0) * (_K1 if size <= 32 else _K2)) & _MASK
    b, c = _long(text, 8), (_long(text, size - 8) * factor) & _MASK
    d = (_long(text, size - 16) * _K2) & _MASK
    y = (_rotate((a + b) & _MASK, 43) + _rotate(c, 30) + d) & _MASK
    z = _pair(y, (a + _rotate((b + _K2) & _MASK, 18) + c) & _MASK, factor)
    if size <= 32:
        return z
    e, f = (_long(text, 16) * factor) & _MASK, _long(text, 24)
    g = ((y + _long(text, size - 32)) * factor) & _MASK
    h = ((z + _long(text, size - 24)) * factor) & _MASK
    first = (_rotate((e + f) & _MASK, 43) + _rotate(g, 30) + h) & _MASK
    return _pair(first, (e + _rotate((f + a) & _MASK, 18) + g) & _MASK, factor)


def _weak(text: bytes, place: int, a: int, b: int) -> tuple[int, int]:
    w, x, y, z = struct.unpack_from("<4Q", text, place)
    a = (a + w) & _MASK
    b = _rotate((b + a + z) & _MASK, 21)
    c, a = a, (a + x + y) & _MASK
    return (a + z) & _MASK, (b + _rotate(a, 44) + c) & _MASK


def fingerprint64(text: bytes) -> int:
    """FarmHash's fingerprint of a string, an unsigned number of 64 bits."""
    size = len(text)
    if size <= 64:
        return _at_most_16(text) if size <= 16 else _at_most_64(text)
    x, y = 81, (81 * _K1 + 113) & _MASK
    z = (_mix((y * _K2 + 113) & _MASK) * _K2) & _MASK
    v, w = (0, 0), (0, 0)
    x = (x * _K2 + _long(text, 0)) & _MASK
    end = ((size - 1) // 64) * 64
    for place in range(0, end, 64):
        x, y, z, v, w = _round(text, place, x, y, z, v, w, _K1, 1)
    factor = (_K1 + ((z & 0xFF) << 1)) & _MASK
    last = (size - 1) & 63
    w = ((w[0] + last) & _MASK, w[1])
    v = ((v[0] + w[0]) & _MASK, v[1])
    w = ((w[0] + v[0]) & _MASK, w[1])
    x, y, z, v, w = _round(text, end + last - 63, x, y, z, v, w, factor, 9)
    first = (_pair(v[0], w[0], factor) + _mix(y) * _K0 + z) & _MASK
    return _pair(first, (_pair(v[1], w[1], factor) + x) & _MASK, factor)


def _round(
    text: bytes,
    place: int,
    x: int,
    y: int,
    z: int,
    v: tuple[int, int],
    w: tuple[int, int],
    factor: int,
    times: int,
) -> tuple[int, int, int, tuple[int, int], tuple[int, int]]:
    x = (_rotate((x + y + v[0] + _long(text, place + 8)) & _MASK, 37) * factor) & _MASK
    y = (_rotate((y + v[1] + _long(text, place + 48)) & _MASK, 42) * factor) & _MASK
    x ^= (w[1] * times) & _MASK
    y = (y + v[0] * times + _long(text, place + 40)) & _MASK
    z = (_rotate((z + w[0]) & _MASK, 33) * factor) & _MASK
    v = _weak(text, place, (v[1] * factor) & _MASK, (x + w[0]) & _MASK)
    w = _weak(text, place + 32, (z + w[1]) & _MASK, (y + _long(text, place + 16)) & _MASK)
    return z, y, x, v, w


def hash64(text: bytes, seed: int = 0xDECAFCAFFE) -> int:
    """TensorFlow's older hash of a string."""
    factor, shift = 0xC6A4A7935BD1E995, 47
    found = seed ^ (len(text) * factor) & _MASK
    whole = len(text) // 8 * 8
    for place in range(0, whole, 8):
        k = (_long(text, place) * factor) & _MASK
        k = ((k ^ (k >> shift)) * factor) & _MASK
        found = ((found ^ k) * factor) & _MASK
    rest = text[whole:]
    if rest:
        for place, byte in enumerate(rest):
            found ^= byte << (8 * place)
        found = (found * factor) & _MASK
    found = ((found ^ (found >> shift)) * factor) & _MASK
    return found ^ (found >> shift)


def siphash(text: bytes, key: tuple[int, int]) -> int:
    """SipHash-2-4 of a string with a key of two numbers of 64 bits."""
    v = [
        key[0] ^ 0x736F6D6570736575,
        key[1] ^ 0x646F72616E646F6D,
        key[0] ^ 0x6C7967656E657261,
        key[1] ^ 0x7465646279746573,
    ]

    def rounds(count: int) -> None:
        for _ in range(count):
            v[0] = (v[0] + v[1]) & _MASK
            v[1] = _rotate(v[1], 51) ^ v[0]
            v[0] = _rotate(v[0], 32)
            v[2] = (v[2] + v[3]) & _MASK
            v[3] = _rotate(v[3], 48) ^ v[2]
            v[0] = (v[0] + v[3]) & _MASK
            v[3] = _rotate(v[3], 43) ^ v[0]
            v[2] = (v[2] + v[1]) & _MASK
            v[1] = _rotate(v[1], 47) ^ v[2]
            v[2] = _rotate(v[2], 32)

    whole = len(text) // 8 * 8
    tail = text[whole:].ljust(7, b"\0") + bytes([len(text) & 0xFF])
    for word in [_long(text, place) for place in range(0, whole, 8)] + [_long(tail, 0)]:
        v[3] ^= word
        rounds(2)
        v[0] ^= word
    v[2] ^= 0xFF
    rounds(4)
    return v[0] ^ v[1] ^ v[2] ^ v[3]
