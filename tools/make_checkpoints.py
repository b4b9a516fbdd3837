"""Write the checkpoints of `tests/data/checkpoints` with TensorFlow itself, and what is in them beside them.

    python3.7 -m venv tf1 && tf1/bin/pip install tensorflow-cpu==1.15.0 'protobuf<3.21'
    tf1/bin/python tools/make_checkpoints.py tests/data/checkpoints
    python3.11 -m venv tf2 && tf2/bin/pip install tensorflow-cpu==2.21.0 tf_keras
    tf2/bin/python tools/make_checkpoints.py tests/data/checkpoints

The first command writes the folder `tf1`, the second `tf2`; `make peers` makes both environments. A
checkpoint is a folder, such as `tf1/sharded`, and the file of values beside it, `tf1/sharded.npz`, says what
it has (`checkpoint_values.py`); a folder's large files are gzipped. Written twice, they are the same bytes,
but for what trains: its last bits may differ from machine to machine. TensorFlow reads every tensor back
before its values count as written. `tf1/compressed` and `tf1/compressed_v1` need a C++ compiler.
"""

# mypy: ignore-errors

import ctypes
import json
import os
import shutil
import subprocess
import sys
import tempfile

from checkpoint_cases import CASES, LARGE_CASES, PREFIX, TF1, V1, finish, session, variable, verify  # isort: split

import numpy as np
import tensorflow as tf
from tensorflow.python.training import checkpoint_management


def make_trained(case, optimizer):
    """The network of a recurrent classifier, four units wide, after three steps: slots and a global step."""
    steps, inputs, units = 5, 3, 4
    cells = tf.nn.rnn_cell if TF1 else V1.nn.rnn_cell
    random = np.random.RandomState(4)
    with tf.Graph().as_default():
        x = V1.placeholder(tf.float32, [None, steps, inputs])
        y = V1.placeholder(tf.int32, [None])
        weights = V1.Variable(random.randn(units, 2).astype("float32"), use_resource=False)
        biases = V1.Variable(random.randn(2).astype("float32"), use_resource=False)
        V1.get_variable_scope().set_use_resource(False)
        cell = cells.BasicLSTMCell(units)
        with V1.variable_scope("", initializer=V1.random_uniform_initializer(-1, 1, seed=5)):
            outputs, _ = V1.nn.static_rnn(cell, tf.unstack(x, steps, 1), dtype=tf.float32)
        logits = tf.matmul(outputs[-1], weights) + biases
        losses = tf.nn.sparse_softmax_cross_entropy_with_logits(labels=y, logits=logits)
        step = V1.train.get_or_create_global_step()
        train = optimizer.minimize(tf.reduce_mean(losses), global_step=step)
        with session() as run:
            run.run(V1.global_variables_initializer())
            for _ in range(3):
                run.run(train, {x: random.randn(8, steps, inputs), y: random.randint(0, 2, 8)})
            V1.train.Saver().save(run, case + "/" + PREFIX, step, write_meta_graph=False, write_state=False)
            values = {v.op.name: run.run(v) for v in V1.global_variables()}
    tensors = {name: (values[name].dtype.name, np.asarray(values[name])) for name in values}
    finish(case, tensors, prefix=PREFIX + "-3")


def make_adam():
    make_trained("adam", V1.train.AdamOptimizer(0.01))


def make_momentum():
    make_trained("momentum", V1.train.MomentumOptimizer(0.01, 0.9))


def make_rmsprop():
    make_trained("rmsprop", V1.train.RMSPropOptimizer(0.01))


def rewrite(source, target):
    """A table as TensorFlow's writer makes it with snappy, in blocks of 256 bytes or so."""
    with tempfile.TemporaryDirectory() as folder:
        library = os.path.join(folder, "rewrite_table.so")
        code = os.path.join(os.path.dirname(os.path.abspath(__file__)), "rewrite_table.cc")
        flags = [*tf.sysconfig.get_compile_flags(), code, "-o", library, *tf.sysconfig.get_link_flags()]
        subprocess.check_call(["g++", "-shared", "-fPIC", "-std=c++11", "-w", *flags])
        if ctypes.CDLL(library).rewrite_table(source.encode(), target.encode(), 1, 256):
            raise SystemExit(f"{target}: the table could not be rewritten")


def make_compressed():
    """`adam` with a compressed index."""
    source, prefix = f"adam/{PREFIX}-3", f"compressed/{PREFIX}-3"
    rewrite(source + ".index", prefix + ".index")
    shutil.copy(source + ".data-00000-of-00001", prefix + ".data-00000-of-00001")
    shutil.copy("adam.npz", "compressed.npz")
    verify("compressed", prefix=PREFIX + "-3")


def make_compressed_v1():
    """`types_v1` compressed: the arrays themselves are in the table."""
    rewrite("types_v1/" + PREFIX, "compressed_v1/" + PREFIX)
    shutil.copy("types_v1.npz", "compressed_v1.npz")
    verify("compressed_v1", version=1)


def as_read(case, prefix, partitions=()):
    """The values of a checkpoint whose names TensorFlow makes, as its reader gives them."""
    reader = tf.train.load_checkpoint(os.path.join(case, prefix))
    types = reader.get_variable_to_dtype_map()
    tensors = {}
    for name in types:
        value = reader.get_tensor(name)
        if types[name] == tf.string:
            array = np.empty(np.shape(value), object)
            array[...] = value
            value = array
        tensors[name] = (types[name].name, np.asarray(value))
    finish(case, tensors, partitions, prefix=prefix)


def make_objects():
    """Object-based: names are paths through objects, and a string has the graph of them."""
    random = np.random.RandomState(6)
    inputs = random.randn(8, 3).astype("float32")
    if TF1:
        with tf.Graph().as_default(), session() as run:
            cell, dense = tf.nn.rnn_cell.BasicLSTMCell(2), tf.keras.layers.Dense(1)
            outputs, _ = cell(tf.constant(inputs), cell.zero_state(8, tf.float32))
            optimizer, step = V1.train.AdamOptimizer(0.01), V1.train.get_or_create_global_step()
            train = optimizer.minimize(tf.reduce_mean(dense(outputs) ** 2), step)
            saved = tf.train.Checkpoint(cell=cell, dense=dense, optimizer=optimizer, step=step)
            saved.save_counter  # noqa: B018  made when it is first asked for
            run.run(V1.global_variables_initializer())
            for weights in cell.weights + dense.weights:
                weights.load(random.randn(*weights.shape.as_list()), run)
            run.run(train)
            path = saved.save("objects/" + PREFIX, session=run)
    else:
        network = tf.keras.Sequential([tf.keras.layers.LSTM(2, input_shape=[1, 3]), tf.keras.layers.Dense(1)])
        network.set_weights([random.randn(*weights.shape) for weights in network.get_weights()])
        network.compile(tf.keras.optimizers.Adam(0.01), "mse")
        network.fit(inputs[:, None], np.zeros([8, 1]), verbose=0, shuffle=False)
        path = tf.train.Checkpoint(model=network, optimizer=network.optimizer).save("objects/" + PREFIX)
    os.remove("objects/checkpoint")
    as_read("objects", os.path.basename(path))


def make_sharded_by_size():
    """Data files of at most 128 bytes: TensorFlow 2 cuts larger tensors into slices for them."""
    random = np.random.RandomState(8)
    module = tf.Module()
    for name, shape in (("kernel", [9, 7]), ("bias", [5]), ("scalar", [])):
        setattr(module, name, tf.Variable(random.standard_normal(shape), name=name, dtype=tf.float32))
    policy = tf.train.experimental.MaxShardSizePolicy(max_shard_size=128)
    options = tf.train.CheckpointOptions(experimental_sharding_callback=policy)
    tf.train.Checkpoint(module=module).write("sharded_by_size/" + PREFIX, options)
    as_read("sharded_by_size", PREFIX, {"module/kernel/.ATTRIBUTES/VARIABLE_VALUE": 6})


def make_variant():
    """A tensor that is TensorFlow's own object, a list, beside one that anyone can read."""
    with tf.Graph().as_default(), session() as run:
        kernel = tf.constant([1.5, -2.5])
        listed = tf.raw_ops.TensorListFromTensor(tensor=kernel, element_shape=tf.zeros([0], tf.int32))
        save = tf.raw_ops.SaveV2(
            prefix="variant/" + PREFIX,
            tensor_names=["kernel", "list"],
            shape_and_slices=["", ""],
            tensors=[kernel, listed],
        )
        run.run(save)


def make_saved_model():
    """The variables of a SavedModel; the graph beside them is not for a reader of checkpoints."""
    folder = "saved_model/made"
    if TF1:
        with tf.Graph().as_default(), session() as run:
            x = V1.placeholder(tf.float32, [None, 2], "x")
            kernel = variable("dense/kernel", np.array([[1.5], [-2.5]], "float32"))
            run.run(V1.global_variables_initializer())
            V1.saved_model.simple_save(run, folder, {"x": x}, {"y": tf.matmul(x, kernel)})
    else:
        module = tf.Module()
        module.kernel = tf.Variable([[1.5], [-2.5]], name="kernel")
        module.call = tf.function(
            lambda x: tf.matmul(x, module.kernel), input_signature=[tf.TensorSpec([None, 2])]
        )
        tf.saved_model.save(module, folder)
    shutil.move(folder + "/variables", "saved_model/variables")
    shutil.rmtree(folder)
    as_read("saved_model", "variables/variables")


#: Folder to the arguments of TensorFlow's own function; the paths are not those of files here.
STATES = {
    "one": ("model.ckpt-7", ["model.ckpt-7"], [1500000000.25], None),
    "several": (
        "model.ckpt-30",
        ["model.ckpt-10", "model.ckpt-20", "model.ckpt-30"],
        [1500000000.0, 1500000600.125, 1500001200.5],
        1499999999.0,
    ),
    "older_is_latest": ("model.ckpt-1", ["model.ckpt-1", "model.ckpt-2"], None, None),
    "absolute": (
        "/models/run 1/model.ckpt-2",
        ["/models/run 1/model.ckpt-1", "/models/run 1/model.ckpt-2"],
        None,
        None,
    ),
    "elsewhere": ("../other/model.ckpt-2", ["../other/model.ckpt-2"], None, None),
    "escapes": ("quo\"te 's' back\\slash tab\t new\nline \u00e9t\u00e9 \u65e5\u672c", None, None, None),
}


def make_states():
    """State files, and what TensorFlow was told to write into them."""
    for name in STATES:
        latest, every, times, preserved = STATES[name]
        os.mkdir("states/" + name)
        checkpoint_management.update_checkpoint_state_internal(
            "states/" + name,
            latest if latest.startswith("/") else os.path.join("states", name, latest),
            [
                path if path.startswith("/") else os.path.join("states", name, path)
                for path in every or [latest]
            ],
            save_relative_paths=not latest.startswith("/"),
            all_model_checkpoint_timestamps=times,
            last_preserved_timestamp=preserved,
        )
    with open("states.json", "w") as file:
        json.dump(STATES, file, indent=1, sort_keys=True)
        file.write("\n")


# What needs a compiler or is large, one version of TensorFlow makes.
PROGRAMS = [make_adam, make_objects, make_saved_model, make_states, make_variant]
TF1_PROGRAMS = [make_momentum, make_rmsprop, make_compressed, make_compressed_v1, *LARGE_CASES]
TF2_PROGRAMS = [make_sharded_by_size]


def main(root):
    cases = CASES + PROGRAMS + (TF1_PROGRAMS if TF1 else TF2_PROGRAMS)
    root = os.path.join(root, "tf1" if TF1 else "tf2")
    shutil.rmtree(root, ignore_errors=True)
    for make in cases:
        os.makedirs(os.path.join(root, make.__name__[len("make_") :]))
    V1.logging.set_verbosity(V1.logging.ERROR)
    os.chdir(root)  # so that no path of this machine comes into a file
    for make in cases:
        make()


if __name__ == "__main__":
    main(sys.argv[1])
