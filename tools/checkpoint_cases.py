"""Checkpoints of given arrays that TensorFlow saves: all types, both formats, shards, slices."""

# mypy: ignore-errors
# ruff: noqa: B905  (TensorFlow 1.15 needs Python 3.7, whose zip has no `strict`)

import gzip
import os

os.environ["TF_USE_LEGACY_KERAS"] = "1"
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

import numpy as np
import tensorflow as tf
from checkpoint_values import NEWER_TYPES, TYPES, V1_TYPES, difference, every_type, read_values, write_values
from tensorflow.python.framework import dtypes

V1 = tf.compat.v1
TF1 = tf.__version__.startswith("1.")
PREFIX = "model.ckpt"
LARGE = 16384  # bytes; what is larger is gzipped


def numpy_dtype(name):
    return dtypes.as_dtype(name).as_numpy_dtype


def session():
    return V1.Session(config=V1.ConfigProto(device_count={"CPU": 2}))


def pick(choices):
    """A device function: the first choice whose text is in the operation's name."""

    def device(operation):
        return next((device for text, device in choices if text in operation.name), "/cpu:0")

    return device


def feeds(tensors):
    """Placeholders and what to feed: a constant would go through text, which keeps no payload of a NaN."""
    made = {}
    for name in sorted(tensors):
        dtype, array = tensors[name]
        made[name] = V1.placeholder(dtypes.as_dtype(dtype), array.shape)
    return made, {made[name]: tensors[name][1] for name in made}


def save_tensors(prefix, tensors, version=2, shapes_and_slices=None):
    """One operation that saves tensors: name to (dtype, array), or to a list of such with as many slices."""
    with tf.Graph().as_default(), session() as run:
        holders, fed = feeds(tensors)
        names = sorted(holders)
        values = [holders[name] for name in names]
        slices = [(shapes_and_slices or {}).get(name, "") for name in names]
        saved_as = [name.split("#")[0] for name in names]
        if version == 2:
            save = tf.raw_ops.SaveV2(
                prefix=prefix, tensor_names=saved_as, shape_and_slices=slices, tensors=values
            )
        elif shapes_and_slices:
            save = tf.raw_ops.SaveSlices(
                filename=prefix, tensor_names=saved_as, shapes_and_slices=slices, data=values
            )
        else:
            save = tf.raw_ops.Save(filename=prefix, tensor_names=saved_as, data=values)
        run.run(save, fed)


def restored(prefix, name, dtype, version):
    with tf.Graph().as_default(), session() as run:
        kind = dtypes.as_dtype(dtype)
        if version == 2:
            values = tf.raw_ops.RestoreV2(
                prefix=prefix, tensor_names=[name], shape_and_slices=[""], dtypes=[kind]
            )
            return run.run(values)[0]
        return run.run(tf.raw_ops.Restore(file_pattern=prefix, tensor_name=name, dt=kind))


def finish(case, tensors, partitions=(), version=2, prefix=PREFIX):
    """Write the values beside the folder, and see that TensorFlow reads just these."""
    write_values(case + ".npz", tensors, partitions)
    verify(case, version, prefix)


def verify(case, version=2, prefix=PREFIX):
    """See that TensorFlow reads what the values are, and gzip what is large."""
    for entry in read_values(case + ".npz"):
        value = restored(os.path.join(case, prefix), entry["name"], entry["dtype"], version)
        if entry["dtype"] == "string":  # numpy would take the zeros off a string's end
            array = np.empty(np.shape(value), object)
            array[...] = value
        problem = difference(entry, array if entry["dtype"] == "string" else np.asarray(value))
        if problem:
            raise SystemExit(f"{case}: TensorFlow reads something else: {problem}")
    for folder, _, files in os.walk(case):
        for path in (os.path.join(folder, file) for file in files):
            if os.path.getsize(path) > LARGE:
                with open(path, "rb") as source, gzip.GzipFile(path + ".gz", "wb", 9, mtime=0) as packed:
                    packed.write(source.read())
                os.remove(path)
    print(case)


def save_variables(case, tensors, partitions=(), version=2, **saver):
    """Save the graph's variables with a Saver, which goes by the devices that they are on."""
    with session() as run:
        run.run(V1.global_variables_initializer())
        write_version = V1.train.SaverDef.V1 if version == 1 else V1.train.SaverDef.V2
        made = V1.train.Saver(write_version=write_version, **saver)
        path = made.save(run, case + "/" + PREFIX, write_meta_graph=False, write_state=False)
    finish(case, tensors, partitions, version, os.path.relpath(path, case))


def variable(name, array, **arguments):
    """A variable, in as many parts as a partitioner gives it. `use_resource`: as TensorFlow 1 had them."""
    return V1.get_variable(name, initializer=tf.constant(array), use_resource=False, **arguments)


def make_types():
    tensors = every_type(numpy_dtype, TYPES if TF1 else TYPES + NEWER_TYPES)
    save_tensors("types/" + PREFIX, tensors)
    finish("types", tensors)


def make_types_v1():
    tensors = every_type(numpy_dtype, V1_TYPES)
    save_tensors("types_v1/" + PREFIX, tensors, version=1)
    finish("types_v1", tensors, version=1)


def make_sharded(case="sharded", version=2):
    """Two devices, so two files; without a third that a device without variables would leave out."""
    random = np.random.RandomState(1)
    arrays = {
        "a/kernel": random.randn(3, 4).astype("float32"),
        "a/bias": random.randn(4),
        "b/kernel": random.randint(-9, 9, [4, 2]),
        "b/words": np.array([b"shard", b"", b"one"], object),
        "step": np.array(12, "int64"),
    }
    with tf.Graph().as_default(), V1.device(pick([("b/", "/cpu:1")])):
        for name in arrays:
            variable(name, arrays[name])
        types = {name: "string" if "words" in name else str(arrays[name].dtype) for name in arrays}
        tensors = {name: (types[name], arrays[name]) for name in arrays}
        save_variables(case, tensors, version=version, sharded=True)


def make_sharded_v1():
    make_sharded("sharded_v1", version=1)


def make_partitioned(case="partitioned", version=2, sharded=False):
    random = np.random.RandomState(2)
    parts = {"rows": (0, 3), "columns": (1, 4), "middle": (1, 2), "single": (0, 5), "vector": (0, 3)}
    shapes = {"rows": [7, 2], "columns": [2, 9], "middle": [2, 5, 2], "single": [5], "vector": [3]}
    tensors = {}
    places = [("part_1", "/cpu:1"), ("whole", "/cpu:1")] if sharded else []
    with tf.Graph().as_default(), V1.device(pick(places)):
        for name in sorted(parts):
            axis, count = parts[name]
            array = random.randn(*shapes[name]).astype("float64" if name == "middle" else "float32")
            partitioner = V1.fixed_size_partitioner(count, axis)
            V1.get_variable(
                name,
                shape=array.shape,
                dtype=array.dtype,
                initializer=slice_of(array),
                partitioner=partitioner,
                use_resource=False,
            )
            tensors[name] = (str(array.dtype), array)
        tensors["whole"] = ("int32", np.arange(6, dtype="int32").reshape(2, 3))
        variable("whole", tensors["whole"][1])
        counts = {name: parts[name][1] for name in parts}
        save_variables(case, tensors, counts, version=version, sharded=sharded)


def slice_of(array):
    """An initializer that gives every part what belongs there."""

    def initializer(shape, dtype, partition_info=None):
        begin = partition_info.var_offset if partition_info else [0] * array.ndim
        return tf.constant(array[tuple(slice(b, b + n) for b, n in zip(begin, shape))], dtype)

    return initializer


def make_partitioned_v1():
    make_partitioned("partitioned_v1", version=1)


def make_partitioned_sharded():
    make_partitioned("partitioned_sharded", sharded=True)


def make_partitioned_sharded_v1():
    make_partitioned("partitioned_sharded_v1", version=1, sharded=True)


def make_grid(case="grid", version=2):
    """Slices in both directions, in no order, of unequal sizes, saved by two operations and then merged."""
    array = np.random.RandomState(3).randint(-(2**40), 2**40, [5, 7])
    slices = [(0, 2, 0, 3), (0, 2, 3, 4), (2, 3, 0, 1), (2, 3, 1, 6)]
    tensors = {"alone": ("int8", np.array([1, -1], "int8"))}
    texts = {"alone": "2 -"}
    for number, (row, rows, column, columns) in enumerate(slices):
        name = f"grid#{(number * 3) % 4}"
        tensors[name] = ("int64", array[row : row + rows, column : column + columns])
        texts[name] = f"5 7 {row},{rows}:{column},{columns}"
    if version == 1:
        save_tensors(case + "/" + PREFIX, tensors, 1, texts)
    else:
        some = [name for name in tensors if name in ("grid#0", "grid#3")]
        halves = [case + f"/half_{half}/part" for half in range(2)]
        for half, prefix in enumerate(halves):
            save_tensors(
                prefix, {name: tensors[name] for name in tensors if (name in some) == bool(half)}, 2, texts
            )
        with tf.Graph().as_default(), session() as run:
            run.run(
                tf.raw_ops.MergeV2Checkpoints(
                    checkpoint_prefixes=halves, destination_prefix=case + "/" + PREFIX
                )
            )
    finish(case, {"alone": tensors["alone"], "grid": ("int64", array)}, {"grid": 4}, version)


def make_grid_v1():
    make_grid("grid_v1", version=1)


def make_many(case="many", version=2):
    """Names that no block of TensorFlow's usual 256 KiB holds, and a thousand with a common beginning."""
    names = ["{:04}/{}".format(number, "long_name/" * 29) for number in range(1000)]
    names += [f"layers/common/beginning/of/every/name/variable_{number}" for number in range(1000)]
    tensors = {name: ("int32", np.array(number, "int32")) for number, name in enumerate(names)}
    save_tensors(case + "/" + PREFIX, tensors, version)
    finish(case, tensors, version=version)


def make_many_v1():
    make_many("many_v1", version=1)


CASES = [make_types, make_types_v1, make_sharded, make_sharded_v1, make_partitioned, make_partitioned_v1]
CASES += [make_partitioned_sharded, make_partitioned_sharded_v1, make_grid, make_grid_v1]
LARGE_CASES = [make_many, make_many_v1]
