"""Operations that make summaries: what TensorBoard shows of a run, encoded (TF1 symbols: those of
`gen_logging_ops`).
"""

from __future__ import annotations

import struct
import zlib
from collections.abc import Sequence
from typing import Any

import numpy as np
import torch

from ostinato.checkpoint.wire import BYTES, FIXED32, FIXED64, bytes_field, fields, integer_field, varint

from ..dtypes import as_dtype, string
from ..graph import name_scope
from ..registry import OutputTypes, register
from ..shapes import TensorShape
from ..tensor import Operation, Tensor
from .core import convert_to_tensor, one

REAL = "float32, float64, int32, uint8, int16, int8, int64, bfloat16, uint16, float16, uint32, uint64"
_PIXELS = "uint8, float32, float16, float64"


def _values(value: Any, parameter: str, allowed: str) -> Tensor:
    # As TensorFlow: what is no tensor yet becomes one of float32, if it can.
    tensor = convert_to_tensor(value, name=parameter, preferred_dtype="float32")
    if tensor.dtype.base_dtype.name not in allowed.split(", "):
        raise TypeError(
            f"Value passed to parameter '{parameter}' has DataType {tensor.dtype.base_dtype.name} not in "
            f"list of allowed values: {allowed}"
        )
    return tensor


def scalar_summary(tags: Any, values: Any, name: str | None = None) -> Tensor:
    """Numbers by tag, encoded as a Summary."""
    with name_scope(name, "ScalarSummary", [tags, values]) as scope:
        inputs = [convert_to_tensor(tags, string, name="tags"), _values(values, "values", REAL)]
        return one("ScalarSummary", inputs, scope)


def histogram_summary(tag: Any, values: Any, name: str | None = None) -> Tensor:
    """How values are distributed, encoded as a Summary."""
    with name_scope(name, "HistogramSummary", [tag, values]) as scope:
        inputs = [convert_to_tensor(tag, string, name="tag"), _values(values, "values", REAL)]
        return one("HistogramSummary", inputs, scope)


def image_summary(
    tag: Any, tensor: Any, max_images: int = 3, bad_color: Any = None, name: str | None = None
) -> Tensor:
    """Images of a batch, encoded as a Summary."""
    with name_scope(name, "ImageSummary", [tag, tensor]) as scope:
        inputs = [convert_to_tensor(tag, string, name="tag"), _values(tensor, "tensor", _PIXELS)]
        _at_least_one("max_images", "ImageSummary", max_images)
        color = [255, 0, 0, 255] if bad_color is None else [int(part) for part in bad_color]
        return one("ImageSummary", inputs, scope, max_images=int(max_images), bad_color=color)


def audio_summary(
    tag: Any, tensor: Any, sample_rate: Any, max_outputs: int = 3, name: str | None = None
) -> Tensor:
    """Sounds of a batch, encoded as a Summary."""
    with name_scope(name, "AudioSummaryV2", [tag, tensor, sample_rate]) as scope:
        rate = convert_to_tensor(sample_rate, "float32", name="sample_rate")
        inputs = [
            convert_to_tensor(tag, string, name="tag"),
            _values(tensor, "tensor", "float32"),
            rate,
        ]
        _at_least_one("max_outputs", "AudioSummaryV2", max_outputs)
        return one("AudioSummaryV2", inputs, scope, max_outputs=int(max_outputs))


def tensor_summary(tag: Any, tensor: Any, metadata: bytes, name: str | None = None) -> Tensor:
    """A tensor of any type, encoded as a Summary."""
    with name_scope(name, "TensorSummaryV2", [tag, tensor]) as scope:
        inputs = [
            convert_to_tensor(tag, string, name="tag"),
            convert_to_tensor(tensor, name="tensor"),
            convert_to_tensor(metadata, string, name="serialized_summary_metadata"),
        ]
        return one("TensorSummaryV2", inputs, scope)


def merge_summary(inputs: Sequence[Any], name: str | None = None) -> Tensor:
    """Several summaries as one."""
    if not isinstance(inputs, (list, tuple)):
        raise TypeError(
            f"Expected list for 'inputs' argument to 'merge_summary' Op, not {inputs!r}: pass a list of "
            "summaries."
        )
    tensors = [convert_to_tensor(item) for item in inputs]
    if any(tensor.dtype.base_dtype is not string for tensor in tensors):
        found = ", ".join(tensor.dtype.base_dtype.name for tensor in tensors)
        raise TypeError(
            f"Tensors in list passed to 'inputs' of 'MergeSummary' Op have types [{found}] that do not match "
            "expected type string."
        )
    if not tensors:
        raise ValueError(
            "List argument 'inputs' to 'MergeSummary' Op with length 0 shorter than minimum length 1."
        )
    return one("MergeSummary", tensors, name)


def _at_least_one(attribute: str, op_type: str, value: Any) -> None:
    if value < 1:
        raise ValueError(f"Attr '{attribute}' of '{op_type}' Op passed {value} less than minimum 1.")


# -- what they do
def _text(encoded: bytes) -> np.ndarray:
    result = np.empty((), dtype=object)
    result[()] = encoded
    return result


def _value(tag: bytes, rest: bytes) -> bytes:
    return bytes_field(1, bytes_field(1, tag) + rest)


def _scalars(run: Any, operation: Operation, tags: np.ndarray, values: torch.Tensor) -> np.ndarray:
    if tags.shape != tuple(values.shape):
        tag = f" (tag '{tags.item().decode()}')" if tags.size == 1 else ""
        raise ValueError(
            f"tags and values not the same shape: {list(tags.shape)} != {list(values.shape)}{tag}"
        )
    numbers = values.detach().reshape(-1).tolist()
    start = varint(2 << 3 | FIXED32)
    parts = [
        _value(tag, start + np.float32(number).tobytes())
        for tag, number in zip(tags.reshape(-1), numbers, strict=True)
    ]
    return _text(b"".join(parts))


def _limits() -> np.ndarray:
    """The upper ends of the buckets: powers of 1.1 from 1e-12 to 1e20 on either side of 0."""
    positive = []
    limit = 1e-12
    while limit < 1e20:
        positive.append(limit)
        limit *= 1.1
    positive.append(float(np.finfo(np.float64).max))
    return np.array([-x for x in reversed(positive)] + [0.0] + positive)


_ENDS = _limits()
_FEW = 500
_LARGEST = float(np.finfo(np.float64).max)


def histogram(values: torch.Tensor) -> bytes:
    """The message HistogramProto of values: buckets without the empty ones beside one another."""
    flat = values.detach().reshape(-1).cpu()
    wide = (flat.float() if flat.dtype == torch.bfloat16 else flat).numpy().astype(np.float64)
    if wide.size:
        with np.errstate(over="ignore"):
            sums = wide.sum(), np.square(wide).sum()
        numbers = [wide.min(), wide.max(), wide.size, *sums]
    else:
        numbers = [_LARGEST, -_LARGEST, 0, 0, 0]
    if wide.size < _FEW:
        buckets = np.searchsorted(_ENDS[:-1], wide, side="right")
        counts = np.bincount(buckets, minlength=len(_ENDS))
    else:
        # Sorting and looking up the limits is faster than looking up each value.
        below = np.searchsorted(np.sort(wide), _ENDS)
        below[-1] = wide.size
        counts = below.copy()
        counts[1:] -= below[:-1]
    # Of a row of empty buckets only the last is written.
    kept = counts > 0
    kept[:-1] |= kept[1:]
    kept[-1] = True
    encoded = [
        varint(number << 3 | FIXED64) + struct.pack("<d", value)
        for number, value in enumerate(numbers, 1)
        if value
    ]
    encoded.append(bytes_field(6, _ENDS[kept].astype("<f8").tobytes()))
    encoded.append(bytes_field(7, counts[kept].astype("<f8").tobytes()))
    return b"".join(encoded)


def _histogram(run: Any, operation: Operation, tag: np.ndarray, values: torch.Tensor) -> np.ndarray:
    if values.is_floating_point() and not torch.isfinite(values).all():
        what = "Nan" if torch.isnan(values).any() else "Infinity"
        raise ValueError(f"{what} in summary histogram for: {operation.name}")
    return _text(_value(tag.item(), bytes_field(5, histogram(values))))


def png(pixels: np.ndarray, level: int = 6) -> bytes:
    """An image of [height, width, channels] bytes as a PNG file, packed as tightly as zlib's level says."""
    height, width, channels = pixels.shape

    def chunk(kind: bytes, data: bytes) -> bytes:
        checksum = zlib.crc32(kind + data)
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", checksum)

    kind = {1: 0, 2: 4, 3: 2, 4: 6}[channels]
    rows = np.zeros((height, 1 + width * channels), np.uint8)  # before each row the filter: none
    rows[:, 1:] = pixels.reshape(height, -1)
    header = struct.pack(">IIBBBBB", width, height, 8, kind, 0, 0, 0)
    data = zlib.compress(rows.tobytes(), level)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", data) + chunk(b"IEND", b"")


def _pixels(image: np.ndarray, bad_color: Sequence[int]) -> np.ndarray:
    """Numbers as bytes: 0 and the largest are 0 and 255, or with negative ones 0 is 128."""
    if image.dtype == np.uint8:
        return image
    finite = np.isfinite(image).all(axis=-1)
    good = image[finite]
    kind = image.dtype.type
    low = good.min() if good.size else kind(0)
    high = good.max() if good.size else kind(0)
    if low < 0:
        largest = max(abs(low), abs(high))
        scale, offset = kind(0 if largest < 1e-6 else 127) / max(largest, kind(1e-6)), kind(128)
    else:
        scale, offset = kind(0 if high < 1e-6 else 255) / max(high, kind(1e-6)), kind(0)
    shown = np.empty(image.shape, np.uint8)
    shown[finite] = (good * scale + offset).astype(np.uint8)
    shown[~finite] = np.array(bad_color[: image.shape[-1]], np.uint8)
    return shown


def _images(run: Any, operation: Operation, tag: np.ndarray, tensor: torch.Tensor) -> np.ndarray:
    if tensor.dim() != 4 or tensor.shape[3] not in (1, 3, 4):
        raise ValueError(f"Tensor must be 4-D with last dim 1, 3, or 4, not {list(tensor.shape)}")
    most = operation.attributes["max_images"]
    parts = []
    for index, image in enumerate(tensor[:most].detach().cpu().numpy()):
        height, width, channels = image.shape
        encoded = png(_pixels(image, operation.attributes["bad_color"]))
        message = integer_field(1, height) + integer_field(2, width) + integer_field(3, channels)
        suffix = b"/image" if most == 1 else b"/image/%d" % index
        parts.append(_value(tag.item() + suffix, bytes_field(4, message + bytes_field(4, encoded))))
    return _text(b"".join(parts))


def wav(samples: np.ndarray, rate: int) -> bytes:
    """Samples of [frames, channels] between -1 and 1 as a WAV file of 16 bits."""
    channels = samples.shape[1]
    scaled = samples.astype(np.float64) * 32768
    rounded = np.trunc(scaled + np.copysign(0.5, scaled))
    data = np.clip(rounded, -32768, 32767).astype("<i2").tobytes()
    kind = struct.pack("<HHIIHH", 1, channels, rate, rate * channels * 2, channels * 2, 16)
    head = b"WAVEfmt " + struct.pack("<I", len(kind)) + kind + b"data" + struct.pack("<I", len(data))
    return b"RIFF" + struct.pack("<I", len(head) + len(data)) + head + data


def _sounds(
    run: Any, operation: Operation, tag: np.ndarray, tensor: torch.Tensor, rate: torch.Tensor
) -> np.ndarray:
    if tensor.dim() not in (2, 3):
        raise ValueError(f"Tensor must be 3-D or 2-D, got: {list(tensor.shape)}")
    if rate.numel() != 1:
        raise ValueError(f"sample_rate must be rank-0 or contain a single value, got: {list(rate.shape)}")
    most, hertz = operation.attributes["max_outputs"], float(rate)
    if hertz <= 0:
        raise ValueError("sample_rate must be > 0")
    samples = tensor[:most].detach().cpu().numpy()
    samples = samples[:, :, None] if samples.ndim == 2 else samples
    parts = []
    for index, sound in enumerate(samples):
        frames, channels = sound.shape
        message = (
            varint(1 << 3 | FIXED32)
            + struct.pack("<f", hertz)
            + integer_field(2, channels)
            + integer_field(3, frames)
            + bytes_field(4, wav(sound, int(hertz)))
            + bytes_field(5, b"audio/wav")
        )
        suffix = b"/audio" if most == 1 else b"/audio/%d" % index
        parts.append(_value(tag.item() + suffix, bytes_field(6, message)))
    return _text(b"".join(parts))


def _tensor(run: Any, operation: Operation, tag: np.ndarray, value: Any, metadata: np.ndarray) -> np.ndarray:
    from ..tensor_protos import tensor_proto

    dtype = operation.inputs[1].dtype.base_dtype.name
    array = value if isinstance(value, np.ndarray) else _array(value, dtype)
    message = tensor_proto(array, dtype, as_bytes=True).SerializeToString()
    return _text(_value(tag.item(), bytes_field(8, message) + bytes_field(9, metadata.item())))


def _array(value: torch.Tensor, dtype: str) -> np.ndarray:
    value = value.detach().cpu()
    return value.float().numpy() if dtype == "bfloat16" else value.numpy()


def tags_of(summary: bytes) -> list[bytes]:
    """The tags of an encoded Summary, in order."""
    tags = []
    for number, kind, start, end in fields(summary, 0, len(summary)):
        if number == 1 and kind == BYTES:
            tag = b""
            for inner, inner_kind, first, stop in fields(summary, start, end):
                if inner == 1 and inner_kind == BYTES:
                    tag = summary[first:stop]
                    break  # a tag is written first
            tags.append(tag)
    return tags


def _merged(run: Any, operation: Operation, *summaries: np.ndarray) -> np.ndarray:
    whole = b"".join([item for summary in summaries for item in summary.reshape(-1)])
    seen: set[bytes] = set()
    for tag in tags_of(whole):
        if tag in seen and tag:
            raise ValueError(f"Duplicate tag {tag.decode(errors='replace')} found in summary inputs")
        seen.add(tag)
    return _text(whole)


def _scalar_string(inputs: Sequence[Tensor], attributes: dict[str, Any]) -> OutputTypes:
    return [(as_dtype("string"), TensorShape([]))]


COMPUTE: dict[str, Any] = {
    "ScalarSummary": _scalars,
    "HistogramSummary": _histogram,
    "ImageSummary": _images,
    "AudioSummaryV2": _sounds,
    "TensorSummaryV2": _tensor,
    "MergeSummary": _merged,
}
for _type, _compute in COMPUTE.items():
    register(_type, _compute, _scalar_string, stateful=True, differentiable=False)
