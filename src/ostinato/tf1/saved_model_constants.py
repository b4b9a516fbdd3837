"""Names that saved models use (TF1 modules: `tf.saved_model.constants`, `.signature_constants`,
`.tag_constants`).
"""

from __future__ import annotations

from types import ModuleType

from .names import absent

_CONSTANTS = {
    "ASSETS_DIRECTORY": "assets",
    "ASSETS_KEY": "saved_model_assets",
    "LEGACY_INIT_OP_KEY": "legacy_init_op",
    "MAIN_OP_KEY": "saved_model_main_op",
    "SAVED_MODEL_FILENAME_PB": "saved_model.pb",
    "SAVED_MODEL_FILENAME_PBTXT": "saved_model.pbtxt",
    "SAVED_MODEL_SCHEMA_VERSION": 1,
    "VARIABLES_DIRECTORY": "variables",
    "VARIABLES_FILENAME": "variables",
}
_SIGNATURES = {
    "CLASSIFY_INPUTS": "inputs",
    "CLASSIFY_METHOD_NAME": "tensorflow/serving/classify",
    "CLASSIFY_OUTPUT_CLASSES": "classes",
    "CLASSIFY_OUTPUT_SCORES": "scores",
    "DEFAULT_SERVING_SIGNATURE_DEF_KEY": "serving_default",
    "PREDICT_INPUTS": "inputs",
    "PREDICT_METHOD_NAME": "tensorflow/serving/predict",
    "PREDICT_OUTPUTS": "outputs",
    "REGRESS_INPUTS": "inputs",
    "REGRESS_METHOD_NAME": "tensorflow/serving/regress",
    "REGRESS_OUTPUTS": "outputs",
}
_TAGS = {"GPU": "gpu", "SERVING": "serve", "TPU": "tpu", "TRAINING": "train"}
ALL = {**_CONSTANTS, **_SIGNATURES, **_TAGS}


def _module(name: str, values: dict[str, object]) -> ModuleType:
    module = ModuleType(f"tensorflow.saved_model.{name}")
    vars(module).update(values, __getattr__=absent(f"tf.saved_model.{name}", values))
    return module


constants = _module("constants", dict(_CONSTANTS))
signature_constants = _module("signature_constants", dict(_SIGNATURES))
tag_constants = _module("tag_constants", dict(_TAGS))
