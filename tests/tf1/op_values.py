"""Evaluates the cases of op_cases/NAME.py, by TensorFlow 1.15 or by this project's face of it, and keeps what
comes out in a file. In the syntax of Python 3.7, as tools/make_tf1_op_values.py runs it with TensorFlow.

A file of cases defines

    CASES = {"name of the case": function}     # function(tf, x) -> a tensor, or a nest of tensors
    BOUNDS = {"name of the case": 1e-4}        # where max|difference| / max|value| may be more than usual
    OTHER_NAMES = {"name of the case": "why the nodes that it gives have other names than TensorFlow's"}

and the last two only where there is need. `x` makes inputs whose numbers are the same in every run. Each case
has a graph and a session of its own, with its variables and tables initialised. Beside the values themselves
there are the gradients of `sum(output * weights)`, over the floating outputs, with respect to the recorded
floating inputs, where TensorFlow has them.

A file of values has two arrays: `index`, a text in JSON, and `data`, the bytes of all arrays, one after the
other. In the index a case is {"outputs": [...], "gradients": [...]}; an array there is {"dtype", "shape",
"start"} (strings: {"dtype": "string", "shape", "strings": [...]} with a letter for each byte), and an output
also has the `name` of the tensor and its static shape, `static`. A gradient is null where it is None;
`gradients` is null where TensorFlow has none for some operation.
"""

import io
import json
import runpy

import numpy as np


class Inputs:
    """Makes a case's inputs and remembers those that gradients are wanted of."""

    def __init__(self, tf):
        self._tf = tf
        self.recorded = []

    def _made(self, array, gradient):
        tensor = self._tf.constant(array)
        if gradient:
            self.recorded.append(tensor)
        return tensor

    def floats(self, shape, seed=0, dtype="float32", low=None, high=None, gradient=True):
        """Normal numbers, or where `low` and `high` are given uniform ones between them."""
        random = np.random.RandomState(seed)
        array = random.randn(*shape) if low is None else random.uniform(low, high, shape)
        return self._made(np.asarray(array, dtype), gradient)

    def positive(self, shape, seed=0, dtype="float32", gradient=True):
        """Numbers between 0.1 and 2."""
        return self.floats(shape, seed, dtype, 0.1, 2.0, gradient)

    def integers(self, low, high, shape, dtype="int32", seed=0):
        """Integers from `low` up to, not including, `high`."""
        return self._made(np.asarray(np.random.RandomState(seed).randint(low, high, shape), dtype), False)

    def constant(self, value, dtype=None, gradient=False):
        """A value as it is given."""
        array = np.asarray(value, dtype)
        return self._made(array, True) if gradient else self._tf.constant(value, dtype)


def flat(nest):
    """The tensors of a nest, in order; sparse ones and slices by their parts."""
    if isinstance(nest, dict):
        return [leaf for key in sorted(nest) for leaf in flat(nest[key])]
    if hasattr(nest, "dense_shape") and hasattr(nest, "indices"):
        parts = [nest.indices, nest.values, nest.dense_shape]
        return [part for part in parts if part is not None]
    if isinstance(nest, (list, tuple)):
        return [leaf for item in nest for leaf in flat(item)]
    return [nest]


def cases_in(path):
    """CASES, BOUNDS and OTHER_NAMES of a file."""
    found = runpy.run_path(str(path))
    return found["CASES"], found.get("BOUNDS", {}), found.get("OTHER_NAMES", {})


def _weighted(tf, output):
    """The sum of an output's elements, each with a weight of its own."""
    kind = {"complex64": "float32", "complex128": "float64"}.get(output.dtype.base_dtype.name)
    places = tf.cast(tf.range(tf.size(output)), kind or output.dtype.base_dtype)
    weights = tf.reshape(tf.cos(places), tf.shape(output))
    if kind is None:
        return tf.reduce_sum(output * weights)
    return tf.reduce_sum(tf.real(output) * weights) + tf.reduce_sum(tf.imag(output) * tf.square(weights))


def evaluated(tf, function, with_gradients=True):
    """What a case gives, with arrays in it, and the types of the operations that it is made of.

    Where an operation has no gradient, `gradients` is None, as it is where they are not wanted.
    """
    with tf.Graph().as_default() as graph:
        tf.set_random_seed(1)
        inputs = Inputs(tf)
        tensors = [tf.convert_to_tensor(leaf) for leaf in flat(function(tf, inputs))]
        types = {operation.type for operation in graph.get_operations()}
        gradients = None
        if with_gradients:
            floating = [t for t in tensors if t.dtype.is_floating or t.dtype.is_complex]
            try:
                gradients = _gradients(tf, floating, inputs.recorded)
            except LookupError:
                gradients = None
        with tf.Session() as session:
            session.run([tf.global_variables_initializer(), tf.local_variables_initializer()])
            session.run(tf.get_collection("table_initializer"))
            there = [gradient for gradient in gradients or [] if gradient is not None]
            values = session.run(list(tensors) + there)
    outputs = [
        {
            "name": tensor.name,
            "static": None if tensor.shape.ndims is None else tensor.shape.as_list(),
            "array": (tensor.dtype.base_dtype.name, np.asarray(value)),
        }
        for tensor, value in zip(tensors, values)
    ]
    if gradients is not None:
        found = iter(values[len(tensors) :])
        gradients = [None if g is None else (g.dtype.base_dtype.name, next(found)) for g in gradients]
    return {"outputs": outputs, "gradients": gradients}, types


def _gradients(tf, outputs, inputs):
    if not outputs or not inputs:
        return []
    found = tf.gradients([_weighted(tf, output) for output in outputs], inputs)
    return [None if gradient is None else tf.convert_to_tensor(gradient) for gradient in found]


def packed(cases):
    """A file of values for {case: what `evaluated` describes}."""
    data = io.BytesIO()

    def stored(item):
        dtype, array = item
        array = np.asarray(array)
        if dtype == "string":
            strings = [value.decode("latin-1") for value in array.reshape(-1).tolist()]
            return {"dtype": dtype, "shape": list(array.shape), "strings": strings}
        start = data.tell()
        data.write(np.ascontiguousarray(array).tobytes())
        return {"dtype": array.dtype.name, "shape": list(array.shape), "start": start}

    index = {}
    for name in sorted(cases):
        case = cases[name]
        outputs = [dict(output, array=stored(output["array"])) for output in case["outputs"]]
        gradients = case["gradients"]
        if gradients is not None:
            gradients = [None if gradient is None else stored(gradient) for gradient in gradients]
        index[name] = {"outputs": outputs, "gradients": gradients}
    text = json.dumps(index, sort_keys=True, separators=(",", ":")).encode()
    return {"index": np.frombuffer(text, np.uint8), "data": np.frombuffer(data.getvalue(), np.uint8)}


def unpacked(file):
    """{case: what `evaluated` describes} of a file of values."""
    data = file["data"].tobytes()

    def array_of(item):
        if item["dtype"] == "string":
            array = np.array([text.encode("latin-1") for text in item["strings"]], object)
            return "string", array.reshape(item["shape"])
        count = int(np.prod(item["shape"], dtype=np.int64))
        array = (
            np.frombuffer(data, item["dtype"], count, item["start"]) if count else np.empty(0, item["dtype"])
        )
        return item["dtype"], array.reshape(item["shape"])

    cases = json.loads(file["index"].tobytes().decode())
    for case in cases.values():
        for output in case["outputs"]:
            output["array"] = array_of(output["array"])
        if case["gradients"] is not None:
            case["gradients"] = [None if item is None else array_of(item) for item in case["gradients"]]
    return cases
