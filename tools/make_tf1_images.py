"""Record images that TensorFlow 1.15 encoded, and what it decodes of them, for test_image_codecs.py.

    .peers/tf1/bin/python tools/make_tf1_images.py tests/data/tf1_images.npz

Run it with a Python that has TensorFlow 1.15 (`make peers`).
"""

import sys

import numpy as np
import tensorflow as tf


def main():
    noise = np.random.RandomState(0).rand(13, 17, 4) * 60
    image = (np.linspace(0, 180, 13 * 17 * 4).reshape(13, 17, 4) + noise).astype(np.uint8)
    encode, png = tf.image.encode_jpeg, tf.image.encode_png
    files = {
        "jpeg": encode(image[..., :3]),
        "jpeg progressive": encode(image[..., :3], progressive=True, quality=50),
        "jpeg grey": encode(image[..., :1]),
        "jpeg fine": encode(image[..., :3], chroma_downsampling=False),
        "png": png(image[..., :3]),
        "png grey": png(image[..., :1]),
        "png grey alpha": png(image[..., :2]),
        "png alpha": png(image),
    }
    found = {"image": image}
    with tf.compat.v1.Session() as session:
        for name, node in files.items():
            data = session.run(node)
            found[name] = np.frombuffer(data, np.uint8)
            for channels in (0, 1, 3):
                if name.startswith("jpeg"):
                    exact = tf.image.decode_jpeg(data, channels, dct_method="INTEGER_ACCURATE")
                    found[f"{name}, {channels}, exact"] = session.run(exact)
                    found[f"{name}, {channels}"] = session.run(tf.image.decode_jpeg(data, channels))
                else:
                    found[f"{name}, {channels}"] = session.run(tf.image.decode_png(data, channels))
    np.savez_compressed(sys.argv[1], **found)


if __name__ == "__main__":
    main()
