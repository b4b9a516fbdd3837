"""Pack a file of TensorFlow 1.15 reference values more closely, for the tests.

    python tools/select_tf1_reference_values.py reference_values.npz tests/data/tf1_reference_values.npz

Keys are `CASE|x`, `CASE|w|VARIABLE`, `CASE|out`, `CASE|state|i`, `CASE|loss` and `CASE|grad|VARIABLE`; all
were computed by TensorFlow 1.15.0 with `tf.nn.dynamic_rnn`, the cases that end in `_seq` with
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
        wanted = dict(values)
    np.savez_compressed(arguments.target, **wanted)
    print(f"{len(wanted)} arrays")


if __name__ == "__main__":
    main()
