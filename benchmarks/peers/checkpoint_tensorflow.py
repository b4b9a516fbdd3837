"""What `benchmarks.checkpoint_program` measures, in TensorFlow 1.15. It runs under Python 3.7.

    python -m benchmarks.peers.checkpoint_tensorflow tensorflow read|save SOURCE TARGET

Reading is TensorFlow's own operation over all tensors, inside one run. Saving is too, from variables. As
TensorFlow does not flush to the disk, what that takes is timed apart.
"""

from __future__ import annotations

import json
import os
import sys
import time

import tensorflow as tf
from tensorflow.python.ops import io_ops

from benchmarks.peers import fresh_memory


def main():
    _, action, source, target = sys.argv[1:]
    tf.logging.set_verbosity(tf.logging.ERROR)
    reader = tf.train.NewCheckpointReader(source)
    names = sorted(reader.get_variable_to_shape_map())
    dtypes = [reader.get_variable_to_dtype_map()[name] for name in names]
    config = tf.ConfigProto(intra_op_parallelism_threads=2, inter_op_parallelism_threads=2)
    with tf.Graph().as_default(), tf.Session(config=config) as session:
        restored = io_ops.restore_v2(source, names, [""] * len(names), dtypes)
        size = os.path.getsize(source + ".data-00000-of-00001")
        if action == "read":
            fresh_memory.prepare(3 * size)
            start = time.perf_counter()
            session.run(restored[0].op)
            answer = {"seconds": time.perf_counter() - start}
        else:
            shapes = [reader.get_variable_to_shape_map()[name] for name in names]
            values = [
                tf.Variable(tf.zeros(shapes[index], dtypes[index]), use_resource=True)
                for index in range(len(names))
            ]
            session.run([value.assign(restored[index]).op for index, value in enumerate(values)])
            save = io_ops.save_v2(target, names, [""] * len(names), [value.value() for value in values])
            fresh_memory.prepare(3 * size)
            start = time.perf_counter()
            session.run(save)
            seconds = time.perf_counter() - start
            for path in (target + ".data-00000-of-00001", target + ".index"):
                descriptor = os.open(path, os.O_RDONLY)
                os.fsync(descriptor)
                os.close(descriptor)
            answer = {"seconds": seconds, "flushed": time.perf_counter() - start}
    print(json.dumps(answer))


if __name__ == "__main__":
    main()
