"""The module `tf.saved_model`."""

from __future__ import annotations

from types import ModuleType
from typing import Any

from .graph import GraphKeys, get_collection
from .names import absent
from .ops.control import group
from .saved_model_constants import ALL, constants, signature_constants, tag_constants
from .saved_model_files import SavedModelBuilder, load, maybe_saved_model_directory, simple_save
from .saved_model_signatures import (
    build_signature_def,
    build_tensor_info,
    classification_signature_def,
    get_tensor_from_tensor_info,
    is_valid_signature,
    predict_signature_def,
    regression_signature_def,
)
from .variable_lists import global_variables_initializer, local_variables_initializer

Builder = SavedModelBuilder
contains_saved_model = maybe_saved_model_directory


def main_op_with_restore(restore_op_name: Any) -> Any:
    """An operation that initialises and restores when a model is loaded (TF1 symbol:
    `tf.saved_model.main_op_with_restore`).
    """
    return group(_main_op(), restore_op_name)


def _main_op() -> Any:
    tables = get_collection(GraphKeys.TABLE_INITIALIZERS)
    return group(global_variables_initializer(), local_variables_initializer(), *tables)


def _module(name: str, **values: Any) -> ModuleType:
    module = ModuleType(f"tensorflow.saved_model.{name}")
    vars(module).update(values, __getattr__=absent(f"tf.saved_model.{name}", values))
    return module


builder = _module("builder", SavedModelBuilder=SavedModelBuilder)
loader = _module("loader", load=load, maybe_saved_model_directory=maybe_saved_model_directory)
main_op = _module("main_op", main_op=_main_op, main_op_with_restore=main_op_with_restore)
signature_def_utils = _module(
    "signature_def_utils",
    build_signature_def=build_signature_def,
    classification_signature_def=classification_signature_def,
    is_valid_signature=is_valid_signature,
    predict_signature_def=predict_signature_def,
    regression_signature_def=regression_signature_def,
)
utils = _module(
    "utils",
    build_tensor_info=build_tensor_info,
    get_tensor_from_tensor_info=get_tensor_from_tensor_info,
)
MODULES = {
    "builder": builder,
    "constants": constants,
    "loader": loader,
    "main_op": main_op,
    "signature_constants": signature_constants,
    "signature_def_utils": signature_def_utils,
    "tag_constants": tag_constants,
    "utils": utils,
}
globals().update(ALL)

__all__ = [
    "Builder",
    "build_signature_def",
    "build_tensor_info",
    "builder",
    "classification_signature_def",
    "constants",
    "contains_saved_model",
    "get_tensor_from_tensor_info",
    "is_valid_signature",
    "load",
    "loader",
    "main_op",
    "main_op_with_restore",
    "maybe_saved_model_directory",
    "predict_signature_def",
    "regression_signature_def",
    "signature_constants",
    "signature_def_utils",
    "simple_save",
    "tag_constants",
    "utils",
    *ALL,
]
__getattr__ = absent("tf.saved_model", __all__)
