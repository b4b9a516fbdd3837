"""Save the objects of tests/tf1/object_cases.py with TensorFlow 1.15's tf.train.Checkpoint.

    .peers/tf1/bin/python tools/make_tf1_object_checkpoints.py tests/data/object_checkpoints

Run it with a Python that has TensorFlow 1.15 (`make peers`).
"""

import os
import sys
from pathlib import Path

import tensorflow as tf

sys.path.insert(0, str(Path(__file__).parent.parent / "tests"))
from tf1.object_cases import CASES, value_of, variables


def main():
    tf.compat.v1.logging.set_verbosity("FATAL")
    for name, make in CASES.items():
        tf.keras.backend.clear_session()
        with tf.Graph().as_default(), tf.compat.v1.Session() as session:
            tf.compat.v1.keras.backend.set_session(session)
            objects = make(tf)
            found = variables(tf)
            checkpoint = tf.train.Checkpoint(**objects)
            session.run(tf.compat.v1.global_variables_initializer())
            for place, variable in enumerate(found):
                variable.load(value_of(variable, place), session)
            checkpoint.save(os.path.join(sys.argv[1], name), session=session)
    os.remove(os.path.join(sys.argv[1], "checkpoint"))


if __name__ == "__main__":
    main()
