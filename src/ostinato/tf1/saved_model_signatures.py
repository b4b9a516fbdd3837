"""What may be asked of a saved model, as messages (TF1 module: `tf.saved_model.signature_def_utils`)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from .graph import get_default_graph
from .graph_messages import DataType
from .meta_graph_messages import SignatureDef, TensorInfo
from .saved_model_constants import signature_constants as names
from .sparse_tensor import SparseTensor
from .tensor import Tensor
from .tensor_protos import shape_proto, type_number


def build_tensor_info(tensor: Any) -> TensorInfo:
    """A tensor's name, type and static shape (TF1 symbol: `tf.saved_model.build_tensor_info`)."""
    made = TensorInfo(
        dtype=type_number(tensor.dtype.base_dtype), tensor_shape=shape_proto(tensor.get_shape())
    )
    if isinstance(tensor, SparseTensor):
        made.coo_sparse.values_tensor_name = tensor.values.name
        made.coo_sparse.indices_tensor_name = tensor.indices.name
        made.coo_sparse.dense_shape_tensor_name = tensor.dense_shape.name
    else:
        made.name = tensor.name
    return made


def get_tensor_from_tensor_info(tensor_info: Any, graph: Any = None, import_scope: str | None = None) -> Any:
    """The tensor that a message names (TF1 symbol: `tf.saved_model.get_tensor_from_tensor_info`).

    Raises:
        ValueError: it names none.
        KeyError: it is not in the graph.
    """
    graph = graph or get_default_graph()

    def found(name: str) -> Any:
        return graph.get_tensor_by_name(f"{import_scope}/{name}" if import_scope else name)

    kind = tensor_info.WhichOneof("encoding")
    if kind == "name":
        return found(tensor_info.name)
    if kind == "coo_sparse":
        parts = tensor_info.coo_sparse
        return SparseTensor(
            found(parts.indices_tensor_name),
            found(parts.values_tensor_name),
            found(parts.dense_shape_tensor_name),
        )
    raise ValueError(f"Invalid TensorInfo.encoding: {kind}")


def build_signature_def(
    inputs: Mapping[str, Any] | None = None,
    outputs: Mapping[str, Any] | None = None,
    method_name: str | None = None,
) -> SignatureDef:
    """A signature of tensors' messages (TF1 symbol: `tf.saved_model.build_signature_def`)."""
    made = SignatureDef()
    for key, info in (inputs or {}).items():
        made.inputs[key].CopyFrom(info)
    for key, info in (outputs or {}).items():
        made.outputs[key].CopyFrom(info)
    if method_name is not None:
        made.method_name = method_name
    return made


def predict_signature_def(inputs: Mapping[str, Any], outputs: Mapping[str, Any]) -> SignatureDef:
    """A signature of tensors by names (TF1 symbol: `tf.saved_model.predict_signature_def`).

    Raises:
        ValueError: there are no inputs, or no outputs.
    """
    if not inputs:
        raise ValueError("Prediction inputs cannot be None or empty.")
    if not outputs:
        raise ValueError("Prediction outputs cannot be None or empty.")
    return build_signature_def(
        {key: build_tensor_info(tensor) for key, tensor in inputs.items()},
        {key: build_tensor_info(tensor) for key, tensor in outputs.items()},
        names.PREDICT_METHOD_NAME,
    )


def _info(tensor: Any, dtype: str, refusal: str) -> TensorInfo:
    if not isinstance(tensor, Tensor) or tensor.dtype.base_dtype.name != dtype:
        raise ValueError(refusal)
    return build_tensor_info(tensor)


def regression_signature_def(examples: Any, predictions: Any) -> SignatureDef:
    """The signature of a regression (TF1 symbol: `tf.saved_model.regression_signature_def`).

    Raises:
        ValueError: the examples are no strings, or the predictions no floats.
    """
    if examples is None:
        raise ValueError("Regression examples cannot be None.")
    if predictions is None:
        raise ValueError("Regression predictions cannot be None.")
    inputs = {names.REGRESS_INPUTS: _info(examples, "string", "Regression examples must be a string Tensor.")}
    outputs = {
        names.REGRESS_OUTPUTS: _info(predictions, "float32", "Regression output must be a float Tensor.")
    }
    return build_signature_def(inputs, outputs, names.REGRESS_METHOD_NAME)


def classification_signature_def(examples: Any, classes: Any, scores: Any) -> SignatureDef:
    """The signature of a classification (TF1 symbol: `tf.saved_model.classification_signature_def`).

    Raises:
        ValueError: the examples or classes are no strings, the scores no floats, or there is neither.
    """
    if examples is None:
        raise ValueError("Classification examples cannot be None.")
    if classes is None and scores is None:
        raise ValueError("Classification classes and scores cannot both be None.")
    refusal = "Classification examples must be a string Tensor."
    inputs = {names.CLASSIFY_INPUTS: _info(examples, "string", refusal)}
    outputs = {}
    if classes is not None:
        refusal = "Classification classes must be a string Tensor."
        outputs[names.CLASSIFY_OUTPUT_CLASSES] = _info(classes, "string", refusal)
    if scores is not None:
        refusal = "Classification scores must be a float Tensor."
        outputs[names.CLASSIFY_OUTPUT_SCORES] = _info(scores, "float32", refusal)
    return build_signature_def(inputs, outputs, names.CLASSIFY_METHOD_NAME)


def is_valid_signature(signature_def: Any) -> bool:
    """Whether a signature is one that servers know (TF1 symbol: `tf.saved_model.is_valid_signature`)."""
    if signature_def is None:
        return False
    inputs = {key: info.dtype for key, info in signature_def.inputs.items()}
    outputs = {key: info.dtype for key, info in signature_def.outputs.items()}
    text, number = DataType["DT_STRING"], DataType["DT_FLOAT"]
    if signature_def.method_name == names.PREDICT_METHOD_NAME:
        return bool(inputs and outputs)
    if signature_def.method_name == names.REGRESS_METHOD_NAME:
        return inputs == {names.REGRESS_INPUTS: text} and outputs == {names.REGRESS_OUTPUTS: number}
    if signature_def.method_name == names.CLASSIFY_METHOD_NAME:
        wanted = {names.CLASSIFY_OUTPUT_CLASSES: text, names.CLASSIFY_OUTPUT_SCORES: number}
        fits = all(wanted.get(key) == dtype for key, dtype in outputs.items())
        return inputs == {names.CLASSIFY_INPUTS: text} and bool(outputs) and fits
    return False
