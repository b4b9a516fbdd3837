"""Record what variables, scopes, layers and optimisers of TensorFlow 1.15 do, for test_variable_cases.py.

    .peers/tf1/bin/python tools/make_tf1_variable_cases.py tests/data/tf1_variable_cases.json

Run it with a Python that has TensorFlow 1.15 (`make peers`); tests/tf1/variable_cases.py and
optimizer_cases.py have the cases.
"""

import json
import sys
from pathlib import Path

import tensorflow as tf

sys.path.insert(0, str(Path(__file__).parent.parent / "tests"))
from tf1.optimizer_cases import CASES
from tf1.variable_cases import run


def main():
    tf.compat.v1.logging.set_verbosity("FATAL")
    lines = [f"{json.dumps(name)}: {json.dumps(run(tf, name))}" for name in CASES]
    with open(sys.argv[1], "w") as file:
        file.write("{\n" + ",\n".join(lines) + "\n}\n")


if __name__ == "__main__":
    main()
