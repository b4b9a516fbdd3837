"""Symbols of TensorFlow 1.15 that there are not here, each with the way out: what a script does instead.

A name that ends with a dot stands for all that begins with it.
"""

from __future__ import annotations

from .refused_families import FAMILIES

_EAGER = (
    "graphs are deferred here, as TensorFlow 1's are: build the graph and evaluate it with a tf.Session; "
    "Ostinato's own layers are eager (docs/tf1-guide.md)"
)
_RAGGED = (
    "there are no ragged tensors: keep rows of different lengths padded, with their lengths "
    "(tf.sequence_mask), or as a tf.SparseTensor"
)
_QUANTIZED = (
    "nothing is quantized here: leave it out of the graph that trains, and quantize the weights afterwards"
)
_GENERATOR = "read or choose the elements in Python, and give them by tf.data.Dataset.from_generator"
_OPERATOR = "multiply with the matrix itself: tf.matmul, tf.linalg.solve and their like"
_LIBRARY = "compiled operations of TensorFlow's cannot be loaded: write the operation in Python (tf.py_func)"
_HANDLE = "fetch the tensor with session.run and feed it again"
_V2 = "this is TensorFlow 1's behaviour; scripts of version 2 are not run here"
_UNICODE = (
    "it gives ragged tensors, which there are not; decode the text in Python and feed numbers, or tf.py_func"
)

REFUSED: dict[str, str] = {
    **FAMILIES,
    "tf.GradientTape": _EAGER + "; tf.gradients differentiates",
    "tf.Module": "keep variables in a tf.variable_scope, or in a class of tf.keras.layers.Layer",
    "tf.RaggedTensor": _RAGGED,
    "tf.RaggedTensorSpec": _RAGGED,
    "tf.ragged": _RAGGED,
    "tf.ragged.": _RAGGED,
    "tf.strings.bytes_split": "it gives a ragged tensor; tf.string_split(source, '') gives a sparse one",
    "tf.strings.ngrams": "it takes ragged tensors, which there are not; tf.string_join joins shifted slices",
    "tf.strings.unicode_decode": _UNICODE,
    "tf.strings.unicode_decode_with_offsets": _UNICODE,
    "tf.strings.unicode_encode": _UNICODE,
    "tf.strings.unicode_script": _UNICODE,
    "tf.strings.unicode_split": _UNICODE,
    "tf.strings.unicode_split_with_offsets": _UNICODE,
    "tf.strings.unsorted_segment_join": "tf.dynamic_partition and tf.reduce_join",
    "tf.quantize": _QUANTIZED,
    "tf.quantize_v2": _QUANTIZED,
    "tf.quantized_concat": _QUANTIZED,
    "tf.dequantize": _QUANTIZED,
    "tf.fake_quant_": _QUANTIZED,
    "tf.quantization": _QUANTIZED,
    "tf.quantization.": _QUANTIZED,
    "tf.linalg.LinearOperator": _OPERATOR,
    "tf.linalg.lu": "tf.linalg.solve solves with a matrix, tf.linalg.inv inverts it",
    "tf.linalg.tridiagonal_matmul": "tf.matmul with the whole matrix",
    "tf.linalg.tridiagonal_solve": "tf.linalg.solve with the whole matrix",
    "tf.load_op_library": _LIBRARY,
    "tf.load_library": _LIBRARY,
    "tf.load_file_system_library": _LIBRARY,
    "tf.get_session_handle": _HANDLE,
    "tf.get_session_tensor": _HANDLE,
    "tf.delete_session_tensor": _HANDLE,
    "tf.enable_v2_tensorshape": _V2,
    "tf.enable_tensor_equality": _V2,
    "tf.enable_control_flow_v2": _V2,
    "tf.function": _EAGER,
    "tf.wrap_function": _EAGER,
    "tf.vectorized_map": "tf.map_fn gives the same",
    "tf.recompute_grad": "tf.nn.dynamic_rnn recomputes with swap_memory=True",
    "tf.nondifferentiable_batch_function": "call the function itself",
    "tf.ConditionalAccumulatorBase": "sum the gradients in variables with tf.assign_add",
    "tf.IndexedSlicesSpec": _V2,
    "tf.OptionalSpec": _V2,
    "tf.TensorArraySpec": _V2,
    "tf.TypeSpec": _V2,
    "tf.extract_volume_patches": "tf.extract_image_patches for each slice, or tf.nn.conv3d",
    "tf.debugging.assert_shapes": "tf.ensure_shape, or tf.assert_equal of tf.shape",
    "tf.debugging.get_log_device_placement": "nothing is placed by hand: leave it out",
    "tf.debugging.set_log_device_placement": "nothing is placed by hand: leave it out",
    "tf.ConditionalAccumulator": "sum the gradients in variables with tf.assign_add",
    "tf.SparseConditionalAccumulator": "sum the gradients in variables with tf.assign_add",
    "tf.sparse.SparseConditionalAccumulator": "sum the gradients in variables with tf.assign_add",
    "tf.CriticalSection": "runs of one session do not overlap in their writes: leave it out",
    "tf.LMDBReader": "write the records to a TFRecord file (tf.python_io.TFRecordWriter) and read that",
    "tf.fingerprint": "tf.string_to_hash_bucket_strong or tf.string_to_hash_bucket_fast",
    "tf.contrib.summary.create_db_writer": "tf.contrib.summary.create_file_writer writes files",
    "tf.raw_ops": "call the public function: tf.matmul for tf.raw_ops.MatMul",
    "tf.raw_ops.": "call the public function: tf.matmul for tf.raw_ops.MatMul",
    "tf.autograph": "write tf.cond and tf.while_loop",
    "tf.distribute": "one process trains; give the whole batch to it",
    "tf.tpu": "there are no TPUs here; leave the wrapper out",
    "tf.lite": "export the weights with `ostinato convert`",
    "tf.xla": "leave it out: nothing is compiled by XLA here",
    "tf.train.do_quantize_training_on_graphdef": _QUANTIZED,
    "tf.contrib.tfprof": "`ostinato run --profile` times a script's operations",
    "tf.contrib.tfprof.": "`ostinato run --profile` times a script's operations",
    "tf.profiler": "`ostinato run --profile` times a script's operations",
    "tf.audio": "decode the sound with Python before it is fed",
    "tf.experimental": "write the function itself",
    "tf.user_ops": _LIBRARY,
    "tf.io.decode_proto": "parse the messages in Python, in tf.py_func or Dataset.from_generator",
    "tf.io.encode_proto": "write the messages in Python, in tf.py_func",
    "tf.data.experimental.SqlDataset": _GENERATOR,
    "tf.data.experimental.cardinality": "count the elements with dataset.reduce, or keep their number",
    "tf.data.experimental.rejection_resample": _GENERATOR,
    "tf.contrib.data.LMDBDataset": _GENERATOR,
    "tf.contrib.data.SqlDataset": _GENERATOR,
    "tf.contrib.data.rejection_resample": _GENERATOR,
}


def way_out(symbol: str) -> str | None:
    """What to do instead of a symbol that there is not; None where nothing is known of it.

    >>> way_out("tf.ragged.constant") == way_out("tf.RaggedTensor")
    True
    """
    if symbol in REFUSED:
        return REFUSED[symbol]
    found = [name for name in REFUSED if name.endswith((".", "_", "Operator")) and symbol.startswith(name)]
    return REFUSED[max(found, key=len)] if found else None
