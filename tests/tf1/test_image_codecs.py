"""Images in files: what TensorFlow 1.15 encoded, and what it decodes of it."""

import io
import sys
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

import ostinato.tf1 as tf

RECORDED = dict(np.load(Path(__file__).parent.parent / "data" / "tf1_images.npz"))
IMAGE = RECORDED["image"]
FILES = [name for name in RECORDED if "," not in name and name != "image"]


def run(fetches):
    with tf.Session() as session:
        return session.run(fetches)


@pytest.mark.parametrize("name", FILES)
@pytest.mark.parametrize("channels", [0, 1, 3])
def test_pixels_are_tensorflows(name, channels):
    data = RECORDED[name].tobytes()
    if name.startswith("jpeg"):
        found = run(tf.image.decode_jpeg(data, channels))
        np.testing.assert_array_equal(found, RECORDED[f"{name}, {channels}, exact"])
        np.testing.assert_allclose(found.astype(int), RECORDED[f"{name}, {channels}"].astype(int), atol=8)
    else:
        found = run(tf.image.decode_png(data, channels))
        expected = RECORDED[f"{name}, {channels}"]
        grey_of_colours = channels == 1 and "grey" not in name
        np.testing.assert_allclose(found.astype(int), expected.astype(int), atol=int(grey_of_colours))
    whole = run(tf.image.decode_image(data, channels))
    np.testing.assert_array_equal(whole, found)


def test_what_is_encoded_is_decoded_again():
    jpeg, expected = run(
        [tf.image.encode_jpeg(IMAGE[..., :3]), tf.image.decode_jpeg(RECORDED["jpeg"].tobytes())]
    )
    np.testing.assert_array_equal(run(tf.image.decode_jpeg(jpeg)), expected)
    for count in (1, 2, 3, 4):
        png = tf.image.encode_png(IMAGE[..., :count], compression=count)
        np.testing.assert_array_equal(run(tf.image.decode_png(png)), IMAGE[..., :count])
    wide = run(tf.image.decode_png(RECORDED["png grey"].tobytes(), dtype=tf.uint16))
    np.testing.assert_array_equal(wide, IMAGE[..., :1].astype(np.uint16) * 257)
    assert run(tf.image.extract_jpeg_shape(jpeg)).tolist() == [13, 17, 3]
    assert run([tf.image.is_jpeg(jpeg), tf.image.is_jpeg("GIF8")]) == [True, False]
    part = run(tf.image.decode_and_crop_jpeg(jpeg, [2, 3, 4, 5]))
    np.testing.assert_array_equal(part, expected[2:6, 3:8])
    small = run(tf.image.adjust_jpeg_quality(tf.constant(IMAGE[..., :3]), 20))
    assert small.shape == expected.shape
    assert (small != expected).any()


def test_frames_and_bitmaps():
    frames = [Image.fromarray(IMAGE[..., :3]), Image.fromarray(IMAGE[..., 1:])]
    gif, bmp = io.BytesIO(), io.BytesIO()
    frames[0].save(gif, "GIF", save_all=True, append_images=frames[1:])
    frames[0].save(bmp, "BMP")
    assert run(tf.image.decode_gif(gif.getvalue())).shape == (2, 13, 17, 3)
    assert run(tf.image.decode_image(gif.getvalue())).shape == (2, 13, 17, 3)
    np.testing.assert_array_equal(run(tf.image.decode_bmp(bmp.getvalue())), IMAGE[..., :3])
    with pytest.raises(tf.errors.InvalidArgumentError, match="Got 2 frames"):
        run(tf.image.decode_jpeg(gif.getvalue()))


def test_static_shapes_and_a_pipeline():
    assert tf.image.decode_jpeg("", 3).shape.as_list() == [None, None, 3]
    assert tf.image.decode_image("").shape.ndims is None
    files = tf.data.Dataset.from_tensor_slices([RECORDED[name].tobytes() for name in ("jpeg", "png")])
    pixels = files.map(lambda data: tf.image.decode_jpeg(data, 3)).batch(2)
    assert run(pixels.make_one_shot_iterator().get_next()).shape == (2, 13, 17, 3)


@pytest.mark.parametrize(
    ("make", "words"),
    [
        (lambda data: tf.image.decode_jpeg("abc"), "unknown format starting with 'abc'"),
        (lambda data: tf.image.decode_png(""), "got empty file"),
        (lambda data: tf.image.decode_image("abc"), "Unable to decode bytes as JPEG, PNG, GIF, or BMP"),
        (lambda data: tf.image.decode_jpeg(data[:300]), "Invalid JPEG data or crop window, data size 300"),
        (lambda data: tf.image.decode_png(b"\x89PNG\r\n\x1a\nxx"), "Invalid PNG header, data size 10"),
        (lambda data: tf.image.decode_jpeg(data, 2), "channels must be 0, 1, 3, or 4, got 2"),
        (lambda data: tf.image.decode_jpeg(data, 4), "channels must be 0, 1, or 3 for JPEG, got 4"),
        (lambda data: tf.image.decode_and_crop_jpeg(data, [9, 9, 9, 9]), "Invalid JPEG data or crop window"),
        (lambda data: tf.image.encode_jpeg(IMAGE), "image must have 1 or 3 channels"),
        (lambda data: tf.image.encode_jpeg(IMAGE[..., :3], quality=200), r"quality must be in \[0,100\]"),
        (lambda data: tf.image.encode_jpeg(IMAGE[..., :3], "grayscale"), "expects 1 channels"),
        (lambda data: tf.image.encode_png(np.zeros([2, 2, 5], np.uint8)), "1, 2, 3, or 4 channels, got 5"),
    ],
)
def test_what_is_no_image_is_said_in_tensorflows_words(make, words):
    with pytest.raises(tf.errors.InvalidArgumentError, match=words):
        run(make(RECORDED["jpeg"].tobytes()))


def test_what_is_there_of_a_cut_image_is_taken_when_asked():
    data = RECORDED["jpeg"].tobytes()[:-60]
    assert run(tf.image.decode_jpeg(data, try_recover_truncated=True)).shape == (13, 17, 3)
    with pytest.raises(NotImplementedError, match="ratio=1"):
        tf.image.decode_jpeg(data, ratio=2)


def test_without_pillow_the_extra_is_named(monkeypatch):
    monkeypatch.setitem(sys.modules, "PIL", None)
    with pytest.raises(tf.errors.UnimplementedError, match=r"pip install 'ostinato\[images\]'"):
        run(tf.image.decode_jpeg(RECORDED["jpeg"].tobytes()))
