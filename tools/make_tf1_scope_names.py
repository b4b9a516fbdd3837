"""Record the names that TensorFlow 1.15 gives in random programs, for tests/tf1/test_scope_names.py.

    .peers/tf1/bin/python tools/make_tf1_scope_names.py tests/data/tf1_scope_names.json.gz

Run it with a Python that has TensorFlow 1.15 (`make peers`); tests/tf1/scope_programs.py has the programs.
"""

import gzip
import json
import sys
from pathlib import Path

import tensorflow as tf

sys.path.insert(0, str(Path(__file__).parent.parent / "tests" / "tf1"))
import scope_programs

COUNT = 80


def main():
    tf.compat.v1.logging.set_verbosity("FATAL")
    logs = [scope_programs.run(tf, seed) for seed in range(COUNT)]
    with open(sys.argv[1], "wb") as file, gzip.GzipFile("", "wb", fileobj=file, mtime=0) as packed:
        packed.write(json.dumps(logs, separators=(",", ":")).encode())


if __name__ == "__main__":
    main()
