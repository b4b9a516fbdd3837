"""Compute with TensorFlow 1.15 itself what the networks of `tf1_driver_cases.py` give, and their gradients.

    python3.7 -m venv tf1 && tf1/bin/pip install tensorflow-cpu==1.15.0 'protobuf<3.21'
    tf1/bin/python tools/make_tf1_driver_values.py tests/data/tf1_driver_values.npz

Keys are `CASE|DTYPE`, the numbers of all arrays of a case in a row, and `CASE|DTYPE|index`, what they are:
`result|i`, `gradient|variable|NAME` and `gradient|input|NAME`.
"""

import sys

import numpy as np
import tensorflow as tf
from tf1_driver_cases import CASES, evaluated, packed

if __name__ == "__main__":
    values = {}
    for case in CASES:
        for dtype in ("float32", "float64"):
            key = case + "|" + dtype
            row, values[key + "|index"] = packed(evaluated(tf, case, dtype))
            values[key] = row.astype(dtype)
    np.savez_compressed(sys.argv[1], **values)
    print(tf.__version__, len(values), "arrays")
