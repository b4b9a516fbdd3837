"""Record what data sets and their iterators of TensorFlow 1.15 do, for test_data_cases.py.

    .peers/tf1/bin/python tools/make_tf1_data_cases.py tests/data/tf1_data_cases.json

Run it with a Python that has TensorFlow 1.15 (`make peers`); tests/tf1/data_pipelines.py and
data_iterators.py have the cases.
"""

import json
import sys
import warnings
from pathlib import Path

import tensorflow as tf

sys.path.insert(0, str(Path(__file__).parent.parent / "tests"))
import tf1.data_iterators  # noqa: F401
from tf1.data_pipelines import CASES, run


def main():
    warnings.simplefilter("ignore")
    tf.compat.v1.logging.set_verbosity("FATAL")
    lines = [f"{json.dumps(name)}: {json.dumps(run(tf, name))}" for name in CASES]
    with open(sys.argv[1], "w") as file:
        file.write("{\n" + ",\n".join(lines) + "\n}\n")


if __name__ == "__main__":
    main()
