"""Compute reference values of operations with TensorFlow 1.15 itself.

    python3.7 -m venv tf1 && tf1/bin/pip install tensorflow-cpu==1.15.0 'protobuf<3.21'
    tf1/bin/python tools/make_tf1_op_values.py tests/tf1/op_cases/array.py tests/data/tf1_ops_array.npz

The form of both files is told in tests/tf1/op_values.py, and tests/tf1/test_op_values.py compares.
"""

import sys
from pathlib import Path

import numpy as np
import tensorflow as tf

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "tests" / "tf1"))
import op_values

if __name__ == "__main__":
    tf.logging.set_verbosity(tf.logging.ERROR)
    cases, _, _ = op_values.cases_in(sys.argv[1])
    found, problems = {}, []
    for name in cases:
        try:
            found[name], _ = op_values.evaluated(tf, cases[name])
        except Exception as problem:
            problems.append("The case {!r} fails: {!r}".format(name, problem))  # noqa: UP032
    if problems:
        raise SystemExit("\n".join(problems))
    np.savez_compressed(sys.argv[2], **op_values.packed(found))
    size = Path(sys.argv[2]).stat().st_size
    print("{} cases, {:.1f} KiB".format(len(found), size / 1024))  # noqa: UP032
    if size > 150 * 1024:
        raise SystemExit("A file of values is to have less than 150 KiB: use smaller inputs.")
