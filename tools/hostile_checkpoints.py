"""Hostile checkpoints: files of honest ones that were changed, and files made to be wrong.

An `Input` is files by name and the path to open. `make_input` makes the one of a number: always the same, as
long as the seeds and this file are.
"""

from __future__ import annotations

import functools
import itertools
import random
import struct
from dataclasses import dataclass

import hostile_bytes as raw
from hostile_bytes import BYTES, FIXED32, NUMBERS, VARINT, Field, message, tamper, varint

from ostinato.checkpoint.crc import crc32c, mask
from ostinato.checkpoint.dtypes import BY_NUMBER
from ostinato.checkpoint.slices import slice_key

PREFIX = "model.ckpt"
_STRING, _BOOL = 7, 10


@dataclass(frozen=True)
class Input:
    """Files by name, what is opened of them, how they were made.

    `seed` is the number of the honest checkpoint whose tensors these still are, where they can be read;
    `folder` is where an honest one comes from.
    """

    files: dict[str, bytes]
    path: str
    kind: str
    seed: int | None = None
    folder: str = ""


# -- checkpoints made from nothing
@dataclass
class _Tensor:
    name: str
    dtype: int
    shape: list[int]
    data: bytes
    crc: int


def _tensor(choose: random.Random, name: str, shape: list[int] | None = None, dtype: int = 0) -> _Tensor:
    dtype = dtype or choose.choice([1, 1, 3, 9, _STRING, _STRING, *BY_NUMBER])
    if shape is None:
        shape = [choose.choice([0, 1, 2, 3, 4]) for _ in range(choose.randrange(4))]
    count = 1
    for length in shape:
        count *= length
    if dtype == _STRING:
        return _Tensor(name, dtype, shape, *_strings(choose, count))
    element = BY_NUMBER[dtype].dtype
    size = count * (0 if element is None else element.itemsize)
    data = bytes(choose.choices(range(2 if dtype == _BOOL else 256), k=size))
    return _Tensor(name, dtype, shape, data, crc32c(data))


def _strings(choose: random.Random, count: int) -> tuple[bytes, int]:
    parts = [bytes(choose.choices(range(256), k=choose.choice([0, 1, 5, 200]))) for _ in range(count)]
    lengths = [len(part) for part in parts]
    if lengths and choose.random() < 0.2:
        lengths[choose.randrange(count)] = choose.choice(NUMBERS) & ((1 << 64) - 1)
    fixed = b"".join(struct.pack("<I" if length < 1 << 32 else "<Q", length) for length in lengths)
    checksum = mask(crc32c(fixed)).to_bytes(4, "little")
    crc = crc32c(b"".join(parts), crc32c(checksum, crc32c(fixed)))
    return b"".join(varint(length) for length in lengths) + checksum + b"".join(parts), crc


def _tensors(choose: random.Random) -> list[tuple[_Tensor, list[_Tensor], list[list[tuple[int, int]]]]]:
    """Tensors, each with the parts it is saved in (none for a whole one) and where these are in it."""
    found = []
    names = ["a", "ab", "rnn/kernel", "rnn/kernel/Adam", "é\n", "z" * choose.choice([1, 300])]
    for name in choose.sample(names, choose.randrange(1, 5)):
        tensor, parts, places = _tensor(choose, name), [], []
        if tensor.shape and tensor.shape[0] and choose.random() < 0.4:
            cuts = sorted({0, tensor.shape[0], choose.randrange(tensor.shape[0] + 1)})
            for start, stop in itertools.pairwise(cuts):
                parts.append(_tensor(choose, name, [stop - start, *tensor.shape[1:]], tensor.dtype))
                places.append([(start, stop - start), *[(0, -1)] * (len(tensor.shape) - 1)])
        found.append((tensor, parts, places))
    return found


def _shape(shape: list[int]) -> list[Field]:
    return [(2, BYTES, [(1, VARINT, length)]) for length in shape]


def _slice(place: list[tuple[int, int]]) -> list[Field]:
    extents = []
    for start, length in place:
        numbers: list[Field] = [(1, VARINT, start)] if start else []
        extents.append((1, BYTES, numbers + ([(2, VARINT, length)] if length >= 0 else [])))
    return list(extents)


def bundle(choose: random.Random) -> Input:
    """A V2 checkpoint of a few tensors, with something wrong in its entries, its tables or its data."""
    data = bytearray()
    entries: list[tuple[bytes, list[Field]]] = []

    def add(key: bytes, tensor: _Tensor) -> None:
        fields: list[Field] = [(1, VARINT, tensor.dtype), (2, BYTES, _shape(tensor.shape))]
        fields += [(4, VARINT, len(data)), (5, VARINT, len(tensor.data)), (6, FIXED32, mask(tensor.crc))]
        entries.append((key, fields))
        data.extend(tensor.data)

    for tensor, parts, places in _tensors(choose):
        if not parts:
            add(tensor.name.encode(), tensor)
            continue
        fields: list[Field] = [(1, VARINT, tensor.dtype), (2, BYTES, _shape(tensor.shape))]
        fields += [(7, BYTES, _slice(place)) for place in places]
        entries.append((tensor.name.encode(), fields))
        for part, place in zip(parts, places, strict=True):
            add(slice_key(tensor.name, tuple(place)), part)
    header: list[Field] = [(1, VARINT, 1), (3, BYTES, [(1, VARINT, 1)])]
    for _ in range(choose.choice([0, 1, 1, 1, 2, 3])):
        tamper(choose, choose.choice([fields for _, fields in entries] * 4 + [header]))
    if choose.random() < 0.1:
        header[:1] = [(2, VARINT, 1)]  # the other byte order
        header.append((1, VARINT, 1))
    if choose.random() < 0.1:
        _share(choose, [fields for _, fields in entries])
    items = [(key, message(fields)) for key, fields in sorted(entries, key=lambda item: item[0])]
    contents = bytes(data)
    if choose.random() < 0.1:
        contents = raw.mutate(choose, contents)
    files = {f"{PREFIX}.data-00000-of-00001": contents}
    files[f"{PREFIX}.index"] = _as_table(choose, [(b"", message(header)), *items])
    return Input(files, PREFIX, "bundle")


def _share(choose: random.Random, entries: list[list[Field]]) -> None:
    """Let one entry claim the place that another has."""
    one, other = choose.choice(entries), choose.choice(entries)
    places = [field for field in other if field[0] in (4, 5, 6)]
    one[:] = [field for field in one if field[0] not in (4, 5, 6)] + places


def _as_table(choose: random.Random, items: list[tuple[bytes, bytes]]) -> bytes:
    if choose.random() < 0.05:
        items.insert(choose.randrange(len(items) + 1), choose.choice(items))
    if choose.random() < 0.05:
        choose.shuffle(items)
    if choose.random() < 0.1:
        at = choose.randrange(len(items))
        items[at] = choose.choice([b"", b"\0", b"\xff", items[at][0] * 2, b"\0a\0\1\0"]), items[at][1]
    cut = choose.randrange(len(items) + 1) if choose.random() < 0.3 else len(items)
    blocks = [part for part in (items[:cut], items[cut:]) if part]
    replaced = {}
    if choose.random() < 0.1:
        number = choose.randrange(len(blocks))
        how = choose.randrange(3)
        if how == 0:
            replaced[number] = raw.stored(raw.snappy(choose), kind=1)
        elif how == 1:
            replaced[number] = raw.stored(raw.block(blocks[number]), kind=choose.randrange(256))
        else:
            replaced[number] = raw.stored(raw.mutate(choose, raw.block(blocks[number])))
    wrong = choose if choose.random() < 0.2 else None
    return raw.table(blocks, choose.random() < 0.3, wrong, replaced)


_FIELD_OF = {1: 5, 2: 6, 8: 9, 18: 12, 9: 10, 10: 11, 22: 16, 23: 17, 19: 13, 14: 13, _STRING: 8}


def _values(choose: random.Random, tensor: _Tensor) -> list[Field]:
    """The elements as a message has them, packed or one by one."""
    count = 1
    for length in tensor.shape:
        count *= length
    field = _FIELD_OF.get(tensor.dtype, 7)
    if field == 8:
        return [
            (8, BYTES, bytes(choose.choices(range(256), k=choose.choice([0, 1, 9])))) for _ in range(count)
        ]
    if choose.random() < 0.1:
        return [(4, BYTES, tensor.data)]
    if field in (5, 6, 9, 12):
        return [(field, BYTES, tensor.data)] if tensor.data or choose.random() < 0.5 else []
    limit = 2 if tensor.dtype == _BOOL else 128
    numbers = [choose.randrange(limit) for _ in range(count)]
    if numbers and choose.random() < 0.2:
        numbers[choose.randrange(count)] = choose.choice(NUMBERS)
    if choose.random() < 0.2:
        return [(field, VARINT, number) for number in numbers]
    return [(field, BYTES, b"".join(varint(number) for number in numbers))]


def version1(choose: random.Random) -> Input:
    """A V1 checkpoint of a few tensors, with something wrong in its lists, its tables or its values."""
    metas: list[Field] = []
    items: list[tuple[bytes, bytes]] = []
    slices: list[tuple[bytes, list[Field]]] = []
    for tensor, parts, places in _tensors(choose):
        if not parts:
            parts, places = [tensor], [[(0, -1)] * len(tensor.shape)]
        listed: list[Field] = [(4, BYTES, _slice(place)) for place in places]
        meta: list[Field] = [(1, BYTES, tensor.name.encode()), (2, BYTES, _shape(tensor.shape))]
        metas.append((1, BYTES, [*meta, (3, VARINT, tensor.dtype), *listed]))
        for part, place in zip(parts, places, strict=True):
            content: list[Field] = [(1, VARINT, tensor.dtype), (2, BYTES, _shape(part.shape))]
            content += _values(choose, part)
            saved: list[Field] = [
                (1, BYTES, tensor.name.encode()),
                (2, BYTES, _slice(place)),
                (3, BYTES, content),
            ]
            slices.append((slice_key(tensor.name, tuple(place)), [(2, BYTES, saved)]))
    header: list[Field] = [(1, BYTES, [*metas, (2, BYTES, [(1, VARINT, 1)])])]
    for _ in range(choose.choice([0, 1, 1, 1, 2, 3])):
        tamper(choose, choose.choice([header] * (1 + len(slices)) + [fields for _, fields in slices]))
    items = [(key, message(fields)) for key, fields in sorted(slices, key=lambda item: item[0])]
    return Input({PREFIX: _as_table(choose, [(b"", message(header)), *items])}, PREFIX, "version 1")


# -- state files
_STATE_PARTS = [b"model_checkpoint_path", b"all_model_checkpoint_paths", b"all_model_checkpoint_timestamps"]
_STATE_PARTS += [
    b"last_preserved_timestamp",
    b":",
    b": ",
    b'"',
    b"'",
    b'"model.ckpt"',
    b'"checkpoint"',
    b"\n",
]
_STATE_PARTS += [
    b"\\",
    b"\\000",
    b"\\x",
    b"\\n",
    b"\\u1234",
    b"#",
    b"1e999",
    b"-1.5e-3",
    b"nan",
    b"0x10",
    b"\xff",
]
_STATE_PARTS += [
    b"7",
    b"{",
    b"}",
    b"[",
    b"]",
    b"<",
    b",",
    b";",
    b"\0",
    b'"../"',
    b'"/"',
    b'"/dev/zero"',
    b'""',
    b".",
]


def state(choose: random.Random, beside: Input) -> Input:
    """A state file of words and marks that such files have, in any order; beside a checkpoint or alone."""
    text = b'model_checkpoint_path: "model.ckpt"\n' if choose.random() < 0.7 else b""
    parts = choose.choices(_STATE_PARTS, k=choose.randrange(1, 12))
    text += b"".join(parts) if choose.random() < 0.7 else b" ".join(parts)
    files = beside.files if choose.random() < 0.5 else {}
    return Input({**files, "checkpoint": text}, choose.choice(["checkpoint", ""]), "state")


# -- honest checkpoints, changed
def changed_bytes(choose: random.Random, number: int, seed: Input) -> Input:
    """A seed with some bytes of one of its files changed."""
    name = choose.choice(list(seed.files))
    files = {**seed.files, name: raw.mutate(choose, seed.files[name])}
    return Input(files, seed.path, "changed bytes", number)


def changed_blocks(choose: random.Random, number: int, seed: Input) -> Input:
    """A seed with some bytes of a block changed, and a correct checksum after it."""
    tables = [name for name, data in seed.files.items() if data[-8:] == raw.MAGIC]
    if not tables:
        return changed_bytes(choose, number, seed)
    name = choose.choice(tables)
    data = bytearray(seed.files[name])
    for _ in range(choose.choice([1, 1, 2, 3])):
        at = choose.randrange(len(data) - raw.FOOTER)
        data[at] = choose.choice(
            [data[at] ^ 1 << choose.randrange(8), choose.choice([0, 1, 0x7F, 0x80, 0xFF])]
        )
    start = 0
    for end in _block_ends(seed.files[name]):
        data[end - 4 : end] = mask(crc32c(bytes(data[start : end - 4]))).to_bytes(4, "little")
        start = end
    return Input({**seed.files, name: bytes(data)}, seed.path, "changed blocks")


@functools.cache
def _block_ends(data: bytes) -> list[int]:
    """Where the blocks of an honest table end."""
    ends, start = [], 0
    limit = len(data) - raw.FOOTER
    for end in range(5, limit + 1):
        found = int.from_bytes(data[end - 4 : end], "little")
        if data[end - 5] in (0, 1) and found == mask(crc32c(data[start : end - 4])):
            ends.append(end)
            start = end
    return ends


def mixed_files(choose: random.Random, seeds: list[Input]) -> Input:
    """Files of seeds that do not belong together, are missing or cut, or are opened by another name."""
    one, other = choose.choice(seeds), choose.choice(seeds)
    files = dict(one.files)
    how = choose.randrange(5)
    name = choose.choice(list(files))
    foreign = choose.choice(list(other.files.values()))
    if how == 0:
        del files[name]
    elif how == 1:
        files[name] = foreign
    elif how == 2:
        at = choose.randrange(len(files[name]) + 1)
        files[name] = files[name][:at] + foreign[choose.randrange(len(foreign) + 1) :]
    elif how == 3:
        files[choose.choice(list(other.files))] = foreign
    else:
        files = {choose.choice([name, other_name]): files[name] for other_name in other.files}
    paths = [one.path, other.path, *files, "", "checkpoint", f"{PREFIX}.data-00000-of-00001"]
    return Input(files, choose.choice(paths), "mixed files")


def make_input(seeds: list[Input], seed: int, number: int) -> Input:
    """The input of that number."""
    choose = random.Random(seed << 40 | number)
    how = choose.randrange(10)
    if how < 3:
        return bundle(choose)
    if how < 5:
        return version1(choose)
    if how == 5:
        return state(choose, seeds[-1])
    if how == 6:
        return mixed_files(choose, seeds)
    at = choose.randrange(len(seeds))
    change = changed_blocks if how == 7 else changed_bytes
    return change(choose, at, seeds[at])
