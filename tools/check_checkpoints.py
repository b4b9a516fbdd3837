"""Read checkpoints that Ostinato saved with TensorFlow itself, and compare them bit for bit.

    tf1/bin/python tools/check_checkpoints.py FOLDER

FOLDER has a file of values for every checkpoint, `NAME.npz` (`checkpoint_values.py`), and the checkpoint is
`NAME/model.ckpt`. It is read in every way that TensorFlow has: its reader, the listing of variables, the
restoring operation, a Saver into variables, a Saver into variables in parts, and for TensorFlow 2 an
object-based checkpoint into the objects it was made of. `states.json` has what the state files in
`states/NAME` say. What differs is printed, and the exit code says whether anything did.
`tests/checkpoint/test_read_by_tensorflow.py` runs it.
"""

# mypy: ignore-errors

import json
import os
import sys

from checkpoint_cases import PREFIX, TF1, V1, numpy_dtype, session  # isort: split

import numpy as np
import tensorflow as tf
from checkpoint_values import difference, read_values
from tensorflow.python.framework import dtypes

#: What a variable can be of in TensorFlow 1.15.
OF_VARIABLES = ["float16", "float32", "float64", "bfloat16", "complex64", "complex128", "bool", "string"]
OF_VARIABLES += ["int8", "int16", "int32", "int64", "uint8", "uint16"]
MANY = 200  # tensors; a graph of more variables takes TensorFlow too long


def as_array(value, dtype):
    if dtype != "string":
        return np.asarray(value)
    array = np.empty(np.shape(value), object)  # numpy would take the zeros off a string's end
    array[...] = value
    return array


def check_reader(prefix, entries):
    """By the reader: names, shapes, types, arrays."""
    reader = V1.train.NewCheckpointReader(prefix)
    shapes, types = reader.get_variable_to_shape_map(), reader.get_variable_to_dtype_map()
    listed = dict(tf.train.list_variables(prefix))
    yield "" if shapes == listed else f"the lists of variables differ: {shapes}, {listed}"
    wanted = {entry["name"]: entry["shape"] for entry in entries}
    yield "" if shapes == wanted else f"names and shapes are {shapes}"
    for entry in entries:
        name = entry["name"]
        kind = types[name].name
        yield "" if kind == entry["dtype"] else f"{name} is {kind}, not {entry['dtype']}"
        yield difference(entry, as_array(reader.get_tensor(name), entry["dtype"]))


def check_operation(prefix, entries):
    """By the operation that a Saver's graph has, all tensors at once."""
    with tf.Graph().as_default(), session() as run:
        values = tf.raw_ops.RestoreV2(
            prefix=prefix,
            tensor_names=[entry["name"] for entry in entries],
            shape_and_slices=[""] * len(entries),
            dtypes=[dtypes.as_dtype(entry["dtype"]) for entry in entries],
        )
        for entry, value in zip(entries, run.run(values)):  # noqa: B905  Python 3.7's has no `strict`
            yield difference(entry, as_array(value, entry["dtype"]))


def check_saver(prefix, entries):
    """Into variables, and into variables in two parts along every axis that has two elements."""
    with tf.Graph().as_default(), session() as run:
        variables = {}  # by axis, or None for whole ones: name in the checkpoint to variable
        for number, entry in enumerate(entries):
            if entry["dtype"] not in OF_VARIABLES:
                continue
            nothing = np.full(
                entry["shape"], b"" if entry["dtype"] == "string" else 0, numpy_dtype(entry["dtype"])
            )
            variables.setdefault(None, {})[entry["name"]] = V1.get_variable(
                f"whole_{number}", initializer=tf.constant(nothing, entry["dtype"]), use_resource=False
            )
            for axis, length in enumerate(entry["shape"]):
                if length > 1 and 0 not in entry["shape"] and entry["dtype"] == "float32":
                    variables.setdefault(axis, {})[entry["name"]] = V1.get_variable(
                        f"parts_{number}_along_{axis}",
                        entry["shape"],
                        entry["dtype"],
                        V1.zeros_initializer(),
                        partitioner=V1.fixed_size_partitioner(2, axis),
                        use_resource=False,
                    )
        run.run(V1.global_variables_initializer())
        for axis, named in variables.items():
            V1.train.Saver(named).restore(run, prefix)
            values = run.run(
                {name: named[name] if axis is None else named[name].as_tensor() for name in named}
            )
            for entry in entries:
                if entry["name"] in values:
                    yield difference(entry, as_array(values[entry["name"]], entry["dtype"]))


def check_objects(prefix, entries):
    """Into the objects that an object-based checkpoint was made of: what it says of every one is found."""
    network = tf.keras.Sequential([tf.keras.layers.LSTM(2, input_shape=[1, 3]), tf.keras.layers.Dense(1)])
    network.compile(tf.keras.optimizers.Adam(0.01), "mse")
    network.optimizer.build(network.trainable_variables)
    saved = tf.train.Checkpoint(model=network, optimizer=network.optimizer)
    saved.restore(prefix).assert_consumed()
    arrays = [variable.numpy().tobytes() for variable in network.variables + network.optimizer.variables]
    contents = [entry["content"] for entry in entries]
    for array in arrays:
        yield "" if array in contents else "a variable was not restored"


def check_states(folder):
    """State files: the latest, all of them, their times."""
    with open(os.path.join(folder, "states.json")) as file:
        states = json.load(file)
    for name, wanted in states.items():
        place = os.path.join(folder, "states", name)
        state = tf.train.get_checkpoint_state(place)
        paths = [state.model_checkpoint_path, *state.all_model_checkpoint_paths]
        found = [[os.path.relpath(path, place) for path in paths]]
        found += [list(state.all_model_checkpoint_timestamps), state.last_preserved_timestamp]
        yield "" if found == wanted else f"{name}: {found}, not {wanted}"


def main(folder):
    problems, checkpoints, tensors = [], 0, 0
    V1.logging.set_verbosity(V1.logging.ERROR)
    for file in sorted(os.listdir(folder)):
        name, extension = os.path.splitext(file)
        if extension != ".npz":
            continue
        entries = read_values(os.path.join(folder, file))
        prefix = os.path.join(folder, name, PREFIX)
        checks = [check_reader]
        if entries:
            checks.append(check_operation)
            if len(entries) < MANY:
                checks.append(check_saver)
        if name.endswith("objects") and not TF1:
            checks.append(check_objects)
        for check in checks:
            found = [problem for problem in check(prefix, entries) if problem]
            problems += [f"{name}, {check.__name__}: {problem}" for problem in found]
        checkpoints, tensors = checkpoints + 1, tensors + len(entries)
    problems += [problem for problem in check_states(folder) if problem]
    print(*problems, f"{checkpoints} checkpoints, {tensors} tensors, {len(problems)} problems", sep="\n")
    return 1 if problems or not checkpoints else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
