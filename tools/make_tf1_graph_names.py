"""Record the names, types and static shapes of TensorFlow 1.15 nodes for tests/tf1/test_operation_names.py.

    .peers/tf1/bin/python tools/make_tf1_graph_names.py tests/data/tf1_graph_names.json

Run it with a Python that has TensorFlow 1.15 (`make peers`); tools/tf1_graph_cases.py holds the calls.
"""

import json
import sys

import tensorflow as tf
from tf1_graph_cases import CASES, described


def main():
    tf.compat.v1.logging.set_verbosity("ERROR")
    lines = []
    lines = [f"{json.dumps(case)}: {json.dumps(described(tf, case))}" for case in CASES]
    with open(sys.argv[1], "w") as file:
        file.write("{\n" + ",\n".join(lines) + "\n}\n")


if __name__ == "__main__":
    main()
