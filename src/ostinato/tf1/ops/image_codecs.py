"""Images in files: JPEG, PNG, GIF and BMP (TF1 symbols: `tf.image.decode_jpeg` and its like). Pillow reads
them and writes JPEG; the extra `images` installs it.

PNG, GIF and BMP give TensorFlow's pixels; grey of a coloured PNG differs by 1 of 255. Of JPEG, TensorFlow's
default transform is the fast one, and here it is the accurate one (`dct_method="INTEGER_ACCURATE"` of
TensorFlow): pixels differ by a few of 255, at most 8 in noise.
"""

from __future__ import annotations

import io
from typing import Any

import numpy as np
import torch

from ..dtypes import as_dtype, string, uint8
from ..errors import InvalidArgumentError, UnimplementedError
from ..graph import get_default_graph, name_scope
from ..registry import OutputTypes, register
from ..shapes import TensorShape
from ..tensor import Operation, Tensor
from .colours import convert_image_dtype
from .core import convert_to_tensor, one
from .files import bytes_tensor
from .math import equal
from .strings import substr
from .summary import png

_MODES = {1: "L", 2: "LA", 3: "RGB", 4: "RGBA"}
_CHANNELS = {mode: count for count, mode in _MODES.items()}
_NODES_OF_DECODE_IMAGE = 77  # that TensorFlow makes beside the one here, by which later seeds are chosen


def _pillow() -> Any:
    try:
        from PIL import Image
    except ImportError:
        raise UnimplementedError(
            None, None, "Images are read and written by Pillow: pip install 'ostinato[images]'."
        ) from None
    return Image


# -- decoding
def _decoded(op_type: str, contents: Any, channels: int, name: str | None, **attributes: Any) -> Tensor:
    text = convert_to_tensor(contents, string, name="contents")
    return one(op_type, [text], name, channels=int(channels), **attributes)


def decode_jpeg(
    contents: Any,
    channels: int = 0,
    ratio: int = 1,
    fancy_upscaling: bool = True,
    try_recover_truncated: bool = False,
    acceptable_fraction: float = 1,
    dct_method: str = "",
    name: str | None = None,
) -> Tensor:
    """The pixels of a JPEG or PNG image, uint8 [height, width, channels].

    TF1 symbol: `tf.image.decode_jpeg`.

    Args:
        channels: 0 as in the file, 1 grey, 3 colours.
        ratio: 1; a smaller image is got by tf.image.resize_images.
        try_recover_truncated: take what there is of an image that is cut off.
        fancy_upscaling, acceptable_fraction, dct_method: accepted.

    Running it raises tf.errors.InvalidArgumentError where it is no such image.

    Raises:
        NotImplementedError: another ratio.
    """
    _check_ratio(ratio)
    return _decoded("DecodeJpeg", contents, channels, name, recover=bool(try_recover_truncated))


def _check_ratio(ratio: int) -> None:
    if ratio != 1:
        raise NotImplementedError(
            f"An image is decoded in its size here (ratio=1, not {ratio}): tf.image.resize_images resizes it."
        )


def decode_and_crop_jpeg(
    contents: Any,
    crop_window: Any,
    channels: int = 0,
    ratio: int = 1,
    fancy_upscaling: bool = True,
    try_recover_truncated: bool = False,
    acceptable_fraction: float = 1,
    dct_method: str = "",
    name: str | None = None,
) -> Tensor:
    """A part of a JPEG image: `crop_window` is [top, left, height, width] (TF1 symbol:
    `tf.image.decode_and_crop_jpeg`); the other arguments are `decode_jpeg`'s.
    """
    _check_ratio(ratio)
    window = convert_to_tensor(crop_window, name="crop_window")
    text = convert_to_tensor(contents, string, name="contents")
    recover = bool(try_recover_truncated)
    return one("DecodeAndCropJpeg", [text, window], name, channels=int(channels), recover=recover)


def decode_png(contents: Any, channels: int = 0, dtype: Any = uint8, name: str | None = None) -> Tensor:
    """The pixels of a PNG or JPEG image (TF1 symbol: `tf.image.decode_png`).

    Args:
        channels: 0 as in the file, 1, 3 or 4.
        dtype: uint8, or uint16, of which a file of 8 bits fills the whole range.
    """
    return _decoded("DecodePng", contents, channels, name, dtype=as_dtype(dtype).name)


def decode_bmp(contents: Any, channels: int = 0, name: str | None = None) -> Tensor:
    """The pixels of a BMP image (TF1 symbol: `tf.image.decode_bmp`)."""
    return _decoded("DecodeBmp", contents, channels, name)


def decode_gif(contents: Any, name: str | None = None) -> Tensor:
    """The frames of a GIF, uint8 [frames, height, width, 3] (TF1 symbol: `tf.image.decode_gif`)."""
    return _decoded("DecodeGif", contents, 3, name)


def decode_image(
    contents: Any, channels: int | None = None, dtype: Any = uint8, name: str | None = None
) -> Tensor:
    """The pixels of an image of any kind, whose static shape is unknown.

    TF1 symbol: `tf.image.decode_image`.

    Raises:
        ValueError: another number of channels than 0, 1, 3 and 4.
    """
    with name_scope(name, "decode_image") as scope:
        if channels not in (None, 0, 1, 3, 4):
            raise ValueError("channels must be in (None, 0, 1, 3, 4)")
        get_default_graph().skip(_NODES_OF_DECODE_IMAGE)
        pixels = _decoded("DecodeImage", contents, channels or 0, f"{scope}cond_jpeg/Merge/")
        return pixels if as_dtype(dtype) is uint8 else convert_image_dtype(pixels, dtype)


def extract_jpeg_shape(contents: Any, output_type: Any = "int32", name: str | None = None) -> Tensor:
    """Height, width and channels of a JPEG image (TF1 symbol: `tf.image.extract_jpeg_shape`)."""
    text = convert_to_tensor(contents, string, name="contents")
    return one("ExtractJpegShape", [text], name, dtype=as_dtype(output_type).name)


def is_jpeg(contents: Any, name: str | None = None) -> Tensor:
    """Whether a text begins as a JPEG image does (TF1 symbol: `tf.image.is_jpeg`)."""
    with name_scope(name, "is_jpeg"):
        return equal(substr(contents, 0, 3), b"\xff\xd8\xff", name=name)


# -- encoding
def encode_jpeg(
    image: Any,
    format: str = "",
    quality: int = 95,
    progressive: bool = False,
    optimize_size: bool = False,
    chroma_downsampling: bool = True,
    density_unit: str = "in",
    x_density: int = 300,
    y_density: int = 300,
    xmp_metadata: str = "",
    name: str | None = None,
) -> Tensor:
    """A JPEG file of an image, uint8 [height, width, 1 or 3] (TF1 symbol: `tf.image.encode_jpeg`).

    Args:
        format: '', 'grayscale' or 'rgb'.
        xmp_metadata: none.
        others: as in TensorFlow.

    Raises:
        NotImplementedError: metadata.
    """
    if xmp_metadata:
        raise NotImplementedError("No metadata is written into images here: leave xmp_metadata out.")
    tensor = convert_to_tensor(image, uint8, name="image")
    return one(
        "EncodeJpeg",
        [tensor],
        name,
        format=format,
        quality=int(quality),
        progressive=bool(progressive),
        optimize_size=bool(optimize_size),
        chroma_downsampling=bool(chroma_downsampling),
        density=(int(x_density), int(y_density)),
    )


def encode_png(image: Any, compression: int = -1, name: str | None = None) -> Tensor:
    """A PNG file of an image, uint8 [height, width, 1 to 4] (TF1 symbol: `tf.image.encode_png`)."""
    return one(
        "EncodePng", [convert_to_tensor(image, uint8, name="image")], name, compression=int(compression)
    )


def adjust_jpeg_quality(image: Any, jpeg_quality: Any, name: str | None = None) -> Tensor:
    """An image after it was a JPEG of a quality (TF1 symbol: `tf.image.adjust_jpeg_quality`)."""
    with name_scope(name, "adjust_jpeg_quality"):
        tensor = convert_to_tensor(image, name="image")
        bytes_ = convert_image_dtype(tensor, uint8)
        again = decode_jpeg(encode_jpeg(bytes_, quality=int(jpeg_quality)), channels=3)
        return convert_image_dtype(again, tensor.dtype)


# -- at run time
def _refuse(operation: Operation, message: str) -> InvalidArgumentError:
    return InvalidArgumentError(
        None, operation, f"{message}\n\t [[node {operation.name} ({operation.type})]]"
    )


_KINDS = {"JPEG": b"\xff\xd8\xff", "PNG": b"\x89PNG\r\n\x1a\n", "GIF": b"GIF8", "BMP": b"BM"}


def _kind_of(operation: Operation, data: bytes, kinds: tuple[str, ...]) -> str:
    for kind in kinds:
        if data.startswith(_KINDS[kind]):
            return kind
    if operation.type == "DecodeImage":
        raise _refuse(operation, "assertion failed: [Unable to decode bytes as JPEG, PNG, GIF, or BMP]")
    wanted = "BMP" if kinds == ("BMP",) else "image (JPEG, PNG, or GIF)"
    if not data:
        raise _refuse(operation, f"Expected {wanted}, got empty file")
    start = data[:3].decode("latin1")
    raise _refuse(operation, f"Expected {wanted}, got unknown format starting with '{start}'")


def _opened(operation: Operation, data: bytes, kind: str) -> Any:
    try:
        return _pillow().open(io.BytesIO(data), formats=[kind])
    except UnimplementedError:
        raise
    except Exception as problem:
        what = "JPEG data or crop window" if kind == "JPEG" else f"{kind} header"
        raise _refuse(operation, f"Invalid {what}, data size {len(data)}: {problem}") from None


def _pixels(operation: Operation, data: bytes, kind: str) -> np.ndarray:
    """An image's pixels, uint8 [height, width, channels]."""
    channels = operation.attributes["channels"]
    if channels not in (0, 1, 3, 4):
        raise _refuse(operation, f"channels must be 0, 1, 3, or 4, got {channels}")
    if kind == "JPEG" and channels == 4:
        raise _refuse(operation, f"channels must be 0, 1, or 3 for JPEG, got {channels}")
    whole = data + b"\xff\xd9" if operation.attributes.get("recover") and kind == "JPEG" else data
    with _opened(operation, whole, kind) as image:
        try:
            mode = _MODES.get(channels) or _own_mode(image)
            if kind == "JPEG" and channels:
                image.draft(mode, None)
            found = np.array(image if image.mode == mode else image.convert(mode))
        except Exception as problem:
            what = "JPEG data or crop window" if kind == "JPEG" else f"{kind} data"
            raise _refuse(operation, f"Invalid {what}, data size {len(data)}: {problem}") from None
    return found.reshape(*found.shape[:2], _CHANNELS[mode])


def _own_mode(image: Any) -> str:
    if image.mode in _CHANNELS:
        return str(image.mode)
    if image.mode in ("1", "I;16", "I"):
        return "L"
    return "RGBA" if "transparency" in image.info else "RGB"


def _decode_jpeg(run: Any, operation: Operation, contents: np.ndarray) -> torch.Tensor:
    data = contents.item()
    kind = _kind_of(operation, data, ("JPEG", "PNG", "GIF"))
    return torch.from_numpy(_still(operation, data, kind))


def _still(operation: Operation, data: bytes, kind: str) -> np.ndarray:
    if kind != "GIF":
        return _pixels(operation, data, kind)
    frames = _frames(operation, data)
    if len(frames) != 1:
        raise _refuse(
            operation,
            f"Got {len(frames)} frames, but animated gifs can only be decoded by "
            "tf.image.decode_gif or tf.image.decode_image",
        )
    return frames[0]


def _decode_and_crop(run: Any, operation: Operation, contents: np.ndarray, window: Any) -> torch.Tensor:
    data = contents.item()
    whole = _pixels(operation, data, _kind_of(operation, data, ("JPEG",)))
    top, left, height, width = (int(number) for number in window)
    inside = top >= 0 and left >= 0 and height > 0 and width > 0
    if not inside or top + height > whole.shape[0] or left + width > whole.shape[1]:
        raise _refuse(operation, f"Invalid JPEG data or crop window, data size {len(data)}")
    return torch.from_numpy(whole[top : top + height, left : left + width].copy())


def _decode_png(run: Any, operation: Operation, contents: np.ndarray) -> torch.Tensor:
    data = contents.item()
    kind = _kind_of(operation, data, ("PNG", "JPEG", "GIF"))
    wide = operation.attributes["dtype"] == "uint16"
    if wide and kind == "PNG" and data[24:25] == b"\x10":
        raise UnimplementedError(
            None, operation, "PNG images of 16 bits are read as 8 bits: decode them with dtype=tf.uint8."
        )
    found = _still(operation, data, kind)
    return torch.from_numpy(found.astype(np.uint16) * np.uint16(257) if wide else found)


def _decode_bmp(run: Any, operation: Operation, contents: np.ndarray) -> torch.Tensor:
    data = contents.item()
    return torch.from_numpy(_pixels(operation, data, _kind_of(operation, data, ("BMP",))))


def _frames(operation: Operation, data: bytes) -> np.ndarray:
    found = []
    with _opened(operation, data, "GIF") as image:
        try:
            for place in range(getattr(image, "n_frames", 1)):
                image.seek(place)
                found.append(np.array(image.convert("RGB")))
        except Exception as problem:
            raise _refuse(operation, f"Invalid GIF data (size {len(data)}): {problem}") from None
    return np.stack(found)


def _decode_gif(run: Any, operation: Operation, contents: np.ndarray) -> torch.Tensor:
    data = contents.item()
    kind = _kind_of(operation, data, ("GIF", "JPEG", "PNG"))
    return torch.from_numpy(
        _frames(operation, data) if kind == "GIF" else _pixels(operation, data, kind)[None]
    )


def _decode_image(run: Any, operation: Operation, contents: np.ndarray) -> torch.Tensor:
    data = contents.item()
    kind = _kind_of(operation, data, ("JPEG", "PNG", "GIF", "BMP"))
    return torch.from_numpy(_frames(operation, data) if kind == "GIF" else _pixels(operation, data, kind))


def _shape(run: Any, operation: Operation, contents: np.ndarray) -> torch.Tensor:
    data = contents.item()
    with _opened(operation, data, _kind_of(operation, data, ("JPEG",))) as image:
        sizes = [image.height, image.width, len(image.getbands())]
    return torch.tensor(sizes, dtype=as_dtype(operation.attributes["dtype"]).torch_dtype)


def _encode_jpeg(run: Any, operation: Operation, image: torch.Tensor) -> np.ndarray:
    attributes, channels = operation.attributes, image.shape[2]
    shown = "[" + ",".join(map(str, image.shape)) + "]"
    quality, wanted = attributes["quality"], {"grayscale": 1, "rgb": 3}.get(attributes["format"])
    if wanted is not None and channels != wanted:
        raise _refuse(operation, f"format {attributes['format']} expects {wanted} channels, got {shown}")
    if channels not in (1, 3):
        raise _refuse(operation, f"image must have 1 or 3 channels, got {shown}")
    if not 0 <= quality <= 100:
        raise _refuse(operation, f"quality must be in [0,100], got {quality}")
    options = {"progressive": attributes["progressive"], "optimize": attributes["optimize_size"]}
    options["subsampling"] = 2 if attributes["chroma_downsampling"] else 0
    pixels, file = image.cpu().numpy(), io.BytesIO()
    made = _pillow().fromarray(pixels[:, :, 0] if channels == 1 else pixels)
    made.save(file, "JPEG", quality=quality, dpi=attributes["density"], **options)
    return bytes_tensor(file.getvalue())


def _encode_png(run: Any, operation: Operation, image: torch.Tensor) -> np.ndarray:
    if image.shape[2] not in _MODES:
        raise _refuse(operation, f"image must have 1, 2, 3, or 4 channels, got {image.shape[2]}")
    level = operation.attributes["compression"]
    return bytes_tensor(png(image.cpu().numpy(), level))


def _image_rule(rank: int | None) -> Any:
    def rule(inputs: Any, attributes: dict[str, Any]) -> OutputTypes:
        dtype = as_dtype(attributes.get("dtype", "uint8"))
        if rank is None:
            return [(dtype, TensorShape(None))]
        channels = attributes["channels"] or None
        return [(dtype, TensorShape([*[None] * (rank - 1), channels]))]

    return rule


def _encoded_rule(inputs: Any, attributes: dict[str, Any]) -> OutputTypes:
    rank = inputs[0].shape.ndims
    if rank not in (None, 3):
        raise ValueError(f"Shape must be rank 3 but is rank {rank} for an image to encode.")
    return [(string, TensorShape([]))]


def _shape_rule(inputs: Any, attributes: dict[str, Any]) -> OutputTypes:
    return [(as_dtype(attributes["dtype"]), TensorShape([3]))]


_OPTIONS: dict[str, Any] = {"stateful": True, "differentiable": False}
register("DecodeJpeg", _decode_jpeg, _image_rule(3), **_OPTIONS)
register("DecodeAndCropJpeg", _decode_and_crop, _image_rule(3), **_OPTIONS)
register("DecodePng", _decode_png, _image_rule(3), **_OPTIONS)
register("DecodeBmp", _decode_bmp, _image_rule(3), **_OPTIONS)
register("DecodeGif", _decode_gif, _image_rule(4), **_OPTIONS)
register("DecodeImage", _decode_image, _image_rule(None), **_OPTIONS)
register("ExtractJpegShape", _shape, _shape_rule, **_OPTIONS)
register("EncodeJpeg", _encode_jpeg, _encoded_rule, **_OPTIONS)
register("EncodePng", _encode_png, _encoded_rule, **_OPTIONS)
