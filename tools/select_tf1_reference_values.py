"""Copy the arrays that the tests use out of a file of TensorFlow 1.15 reference values, packed more closely.

    python tools/select_tf1_reference_values.py reference_values.npz tests/data/tf1_reference_values.npz

Keys are `CASE|x`, `CASE|w|VARIABLE`, `CASE|out`, `CASE|state|i` and `CASE|grad|VARIABLE` (a `CASE|loss` is left
out); all were computed by TensorFlow 1.15.0 with `tf.nn.dynamic_rnn`, the cases that end in `_seq` with
`sequence_length=[3, 1]`.
"""

import argparse

import numpy as np


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("source")
    parser.add_argument("target")
    arguments = parser.parse_args()
    with np.load(arguments.source) as values:
        wanted = {key: values[key] for key in values if not key.endswith("|loss")}
    np.savez_compressed(arguments.target, **wanted)
    print(f"{len(wanted)} arrays")


if __name__ == "__main__":
    main()
