"""Record what TensorFlow 1.15 gives for tools/tf1_gradient_cases.py, for tests/tf1/test_gradient_values.py.

.peers/tf1/bin/python tools/make_tf1_gradient_values.py tests/data/tf1_gradient_values.npz
"""

import sys

import numpy as np
import tensorflow as tf
from tf1_gradient_cases import CASES, evaluated


def main():
    tf.compat.v1.logging.set_verbosity("ERROR")
    arrays = {}
    for case in CASES:
        for name, value in evaluated(tf, case).items():
            arrays["|".join([case.__name__, name])] = value
    np.savez_compressed(sys.argv[1], **arrays)


if __name__ == "__main__":
    main()
