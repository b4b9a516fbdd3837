"""Fourier transforms, frames and windows."""


def _complex(tf, x, shape):
    return tf.complex(x.floats(shape, 1), x.floats(shape, 2))


CASES = {
    "transforms": lambda tf, x: [
        tf.fft(_complex(tf, x, [2, 5])),
        tf.ifft(_complex(tf, x, [2, 5])),
        tf.fft2d(_complex(tf, x, [3, 4])),
        tf.ifft2d(_complex(tf, x, [3, 4])),
        tf.fft3d(_complex(tf, x, [2, 3, 2])),
        tf.ifft3d(_complex(tf, x, [2, 3, 2])),
    ],
    "real transforms": lambda tf, x: [
        tf.signal.rfft(x.floats([2, 6])),
        tf.signal.rfft(x.floats([6]), [8]),
        tf.signal.irfft(_complex(tf, x, [2, 4])),
        tf.signal.rfft2d(x.floats([3, 4])),
        tf.signal.irfft2d(_complex(tf, x, [3, 3])),
    ],
    "real transforms of cubes": lambda tf, x: [
        tf.signal.rfft3d(x.floats([2, 3, 4], gradient=False)),
        tf.signal.irfft3d(tf.complex(tf.ones([2, 3, 3]), tf.zeros([2, 3, 3]))),
    ],
    "frames": lambda tf, x: [
        tf.signal.frame(x.floats([2, 9]), 4, 2),
        tf.signal.frame(x.floats([9]), 4, 3, pad_end=True, pad_value=7.0),
        tf.signal.frame(x.floats([9, 2]), 3, 3, axis=0),
        tf.signal.overlap_and_add(x.floats([2, 4, 3]), 2),
    ],
    "windows": lambda tf, x: [
        tf.signal.hann_window(8),
        tf.signal.hann_window(7),
        tf.signal.hann_window(7, periodic=False),
        tf.signal.hamming_window(6),
        tf.signal.hamming_window(1),
    ],
    "stft": lambda tf, x: tf.signal.stft(x.floats([2, 20]), 6, 3),
}
BOUNDS = dict.fromkeys(CASES, 1e-5)
OTHER_NAMES = {
    "frames": "one node",
    "windows": "a constant",
    "real transforms": "other names of constants",
    "real transforms of cubes": "other names of constants",
}
CASES.update(
    {
        "inverse stft": lambda tf, x: [
            tf.signal.inverse_stft(_complex(tf, x, [2, 5, 5]), 8, 4),
            tf.signal.inverse_stft(_complex(tf, x, [5, 5]), 6, 3, 8, window_fn=None),
            tf.contrib.signal.inverse_stft(_complex(tf, x, [5, 3]), 6, 3, 4),
            tf.signal.inverse_stft_window_fn(3)(8, dtype=tf.float32),
            tf.signal.inverse_stft(
                tf.signal.stft(x.floats([2, 24]), 8, 2), 8, 2, window_fn=tf.signal.inverse_stft_window_fn(2)
            ),
        ],
        "mel": lambda tf, x: [
            tf.signal.linear_to_mel_weight_matrix(),
            tf.contrib.signal.linear_to_mel_weight_matrix(10, 65, 16000, 20.0, 7000.0),
            tf.signal.mfccs_from_log_mel_spectrograms(x.floats([2, 3, 8])),
        ],
        "cosines": lambda tf, x: [
            *[tf.signal.dct(x.floats([2, 6]), kind) for kind in (1, 2, 3)],
            *[tf.signal.idct(x.floats([2, 6]), kind) for kind in (1, 2, 3)],
            *[tf.signal.dct(x.floats([2, 6]), kind, norm="ortho") for kind in (2, 3)],
            *[tf.signal.idct(x.floats([5]), kind, norm="ortho") for kind in (2, 3)],
            tf.signal.dct(x.floats([2, 6]), n=4),
            tf.signal.dct(x.floats([2, 6]), n=9),
        ],
        "halves moved": lambda tf, x: [
            *[tf.signal.fftshift(x.floats([3, 4]), axes) for axes in (None, 0, -1, (0, 1))],
            *[tf.signal.ifftshift(x.floats([3, 5]), axes) for axes in (None, 0, 1, (1,))],
        ],
    }
)
OTHER_NAMES = {
    **globals().get("OTHER_NAMES", {}),
    **dict.fromkeys(["inverse stft", "mel", "cosines"], "composed of fewer operations"),
}
