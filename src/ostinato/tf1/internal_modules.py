"""TensorFlow 1's internal modules that scripts import from, beside those that `python` states one by one.

Each shows what the public modules have, those of its own kind first: an import by an internal path finds what
the public path finds. That such a module shows more than TensorFlow's own does no harm.
"""

from __future__ import annotations

import importlib
from types import ModuleType
from typing import Any

from .names import absent

_LISTED = {
    "tensorflow.python": (
        "client data debug eager feature_column framework layers lib ops platform saved_model summary "
        "training util"
    ),
    "tensorflow.python.client": "client_lib device_lib session timeline",
    "tensorflow.python.data": "ops util",
    "tensorflow.python.data.ops": "dataset_ops iterator_ops optional_ops readers",
    "tensorflow.python.data.util": "nest",
    "tensorflow.python.estimator": "canned estimator export inputs model_fn run_config training",
    "tensorflow.python.estimator.canned": "baseline dnn dnn_linear_combined linear",
    "tensorflow.python.eager": "context",
    "tensorflow.python.feature_column": "feature_column feature_column_lib feature_column_v2",
    "tensorflow.python.framework": (
        "config constant_op convert_to_constants device device_spec dtypes errors errors_impl framework_lib "
        "function graph_io graph_util graph_util_impl importer indexed_slices load_library meta_graph ops "
        "random_seed smart_cond sparse_tensor tensor_shape tensor_spec tensor_util test_util type_spec "
        "versions"
    ),
    "tensorflow.python.layers": "base convolutional core layers normalization pooling utils",
    "tensorflow.python.lib": "io",
    "tensorflow.python.lib.io": "file_io python_io tf_record",
    "tensorflow.python.ops": (
        "array_ops bitwise_ops candidate_sampling_ops check_ops clip_ops confusion_matrix control_flow_ops "
        "control_flow_util ctc_ops custom_gradient data_flow_ops embedding_ops functional_ops gen_array_ops "
        "gen_ctc_ops gen_data_flow_ops gen_logging_ops gen_math_ops gen_nn_ops gen_random_ops gen_sparse_ops "
        "gen_state_ops gen_string_ops gradient_checker gradients gradients_impl gradients_util histogram_ops "
        "image_ops image_ops_impl init_ops initializers_ns io_ops linalg linalg_ops linalg_ops_impl "
        "logging_ops lookup_ops losses manip_ops map_fn math_ops metrics metrics_impl nn nn_impl nn_ops "
        "numerics parsing_ops partitioned_variables random_ops resource_variable_ops rnn rnn_cell "
        "rnn_cell_impl script_ops seq2seq session_ops sets sets_impl signal sort_ops sparse_ops "
        "special_math_ops standard_ops state_ops stateless_random_ops string_ops summary_ops template "
        "tensor_array_ops variable_scope variables unconnected_gradients"
    ),
    "tensorflow.python.ops.distributions": (
        "bernoulli beta categorical dirichlet distribution distributions exponential gamma kullback_leibler "
        "laplace normal uniform"
    ),
    "tensorflow.contrib.distributions.python": "ops",
    "tensorflow.contrib.distributions.python.ops": (
        "bernoulli categorical distribution independent mixture_same_family mvn_diag mvn_full_covariance "
        "mvn_tril normal onehot_categorical"
    ),
    "tensorflow.python.ops.linalg": "linalg linalg_impl",
    "tensorflow.python.ops.losses": "losses losses_impl util",
    "tensorflow.python.ops.signal": (
        "dct_ops fft_ops mel_ops mfcc_ops reconstruction_ops shape_ops signal spectral_ops window_ops"
    ),
    "tensorflow.python.platform": (
        "app benchmark flags gfile googletest logging resource_loader sysconfig test tf_logging"
    ),
    "tensorflow.python.saved_model": (
        "builder builder_impl constants loader loader_impl main_op main_op_impl saved_model "
        "signature_constants signature_def_utils signature_def_utils_impl simple_save tag_constants utils "
        "utils_impl"
    ),
    "tensorflow.python.summary": "event_multiplexer summary summary_iterator writer",
    "tensorflow.python.summary.writer": "event_file_writer writer writer_cache",
    "tensorflow.python.training": (
        "adadelta adagrad adagrad_da adam basic_loops basic_session_run_hooks checkpoint_management "
        "checkpoint_utils coordinator device_setter ftrl gradient_descent input learning_rate_decay momentum "
        "monitored_session moving_averages optimizer proximal_adagrad proximal_gradient_descent queue_runner "
        "queue_runner_impl rmsprop saver server_lib session_manager session_run_hook slot_creator summary_io "
        "supervisor sync_replicas_optimizer training training_ops training_util warm_starting_util"
    ),
    "tensorflow.python.util": (
        "all_util compat deprecation nest tf_contextlib tf_decorator tf_export tf_inspect"
    ),
    "tensorflow.contrib.crf.python": "ops",
    "tensorflow.contrib.crf.python.ops": "crf",
    "tensorflow.contrib.framework.python": "framework ops",
    "tensorflow.contrib.framework.python.framework": "checkpoint_utils experimental graph_util tensor_util",
    "tensorflow.contrib.framework.python.ops": "arg_scope checkpoint_ops ops script_ops sort_ops variables",
    "tensorflow.contrib.layers.python": "layers ops",
    "tensorflow.contrib.layers.python.layers": (
        "embedding_ops encoders feature_column feature_column_ops initializers layers normalization "
        "optimizers regularizers summaries utils"
    ),
    "tensorflow.contrib.layers.python.ops": "sparse_ops",
    "tensorflow.contrib.legacy_seq2seq.python": "ops",
    "tensorflow.contrib.legacy_seq2seq.python.ops": "seq2seq",
    "tensorflow.contrib.lookup": "lookup_ops",
    "tensorflow.contrib.losses.python": "losses",
    "tensorflow.contrib.losses.python.losses": "loss_ops",
    "tensorflow.contrib.metrics.python": "ops",
    "tensorflow.contrib.metrics.python.ops": "metric_ops",
    "tensorflow.contrib.grid_rnn.python": "ops",
    "tensorflow.contrib.grid_rnn.python.ops": "grid_rnn_cell",
    "tensorflow.contrib.rnn.python": "ops",
    "tensorflow.contrib.rnn.python.ops": (
        "core_rnn core_rnn_cell core_rnn_cell_impl fused_rnn_cell gru_ops lstm_ops rnn rnn_cell"
    ),
    "tensorflow.contrib.seq2seq.python": "ops",
    "tensorflow.contrib.seq2seq.python.ops": (
        "attention_decoder_fn attention_wrapper basic_decoder beam_search_decoder beam_search_ops decoder "
        "decoder_fn helper loss seq2seq"
    ),
    "tensorflow.contrib.slim": "python",
    "tensorflow.contrib.slim.python": "slim",
    "tensorflow.contrib.slim.python.slim": "evaluation learning model_analyzer",
    "tensorflow.contrib.tpu": "python",
    "tensorflow.contrib.tpu.python": "tpu",
    "tensorflow.contrib.tpu.python.tpu": "tpu_config tpu_estimator tpu_optimizer",
    "tensorflow.contrib.training.python": "training",
    "tensorflow.contrib.training.python.training": (
        "bucket_ops device_setter evaluation hparam resample sampling_ops sequence_queueing_state_saver "
        "training"
    ),
    "tensorflow.models": "rnn",
    "tensorflow.models.rnn": "linear rnn rnn_cell seq2seq",
}
# Of a module whose path begins so, the public modules in which its names are looked for first.
_KINDS = {
    "tensorflow.contrib.crf": "contrib.crf",
    "tensorflow.contrib.framework": "contrib.framework train",
    "tensorflow.contrib.framework.python.ops": "contrib.framework .",
    "tensorflow.contrib.framework.python.ops.sort_ops": ".",
    "tensorflow.contrib.grid_rnn": "contrib.grid_rnn",
    "tensorflow.contrib.layers": "contrib.layers",
    "tensorflow.contrib.legacy_seq2seq": "contrib.legacy_seq2seq",
    "tensorflow.contrib.lookup": "contrib.lookup lookup",
    "tensorflow.contrib.losses": "contrib.losses losses",
    "tensorflow.contrib.metrics": "contrib.metrics metrics",
    "tensorflow.contrib.rnn": "contrib.rnn nn nn.rnn_cell",
    "tensorflow.contrib.seq2seq": "contrib.seq2seq",
    "tensorflow.contrib.slim": "contrib.slim",
    "tensorflow.contrib.slim.python.slim.evaluation": "contrib.slim.evaluation",
    "tensorflow.contrib.slim.python.slim.learning": "contrib.slim.learning",
    "tensorflow.contrib.slim.python.slim.model_analyzer": "contrib.slim.model_analyzer",
    "tensorflow.contrib.tpu": "contrib.tpu",
    "tensorflow.contrib.training": "contrib.training",
    "tensorflow.models.rnn.rnn_cell": "nn.rnn_cell contrib.rnn",
    "tensorflow.models.rnn.linear": "contrib.rnn.python.ops.core_rnn_cell",
    "tensorflow.models.rnn.seq2seq": "contrib.legacy_seq2seq",
    "tensorflow.python.data": "data",
    "tensorflow.python.estimator": "estimator estimator.inputs estimator.export",
    "tensorflow.python.feature_column": "feature_column",
    "tensorflow.python.framework.config": ("config config.experimental config.threading config.optimizer"),
    "tensorflow.python.framework.errors": "errors",
    "tensorflow.python.framework.graph_util": "graph_util",
    "tensorflow.python.framework.test_util": "test",
    "tensorflow.python.layers": "layers",
    "tensorflow.python.lib.io": "python_io gfile",
    "tensorflow.python.ops.bitwise_ops": "bitwise",
    "tensorflow.python.ops.candidate_sampling_ops": "nn random",
    "tensorflow.python.ops.ctc_ops": "nn",
    "tensorflow.python.ops.distributions": "distributions contrib.distributions",
    "tensorflow.contrib.distributions": "contrib.distributions",
    "tensorflow.python.ops.gradient_checker": "test",
    "tensorflow.python.ops.image_ops": "image",
    "tensorflow.python.ops.initializers_ns": "initializers",
    "tensorflow.python.ops.linalg": "linalg",
    "tensorflow.python.ops.lookup_ops": "lookup contrib.lookup",
    "tensorflow.python.ops.losses": "losses",
    "tensorflow.python.ops.manip_ops": "manip",
    "tensorflow.python.ops.metrics": "metrics",
    "tensorflow.python.ops.nn": "nn",
    "tensorflow.python.ops.parsing_ops": "io",
    "tensorflow.python.ops.rnn": "nn nn.rnn_cell",
    "tensorflow.python.ops.seq2seq": "contrib.legacy_seq2seq",
    "tensorflow.python.ops.sets": "sets",
    "tensorflow.python.ops.signal": "signal",
    "tensorflow.python.ops.sparse_ops": "sparse",
    "tensorflow.python.ops.special_math_ops": "math",
    "tensorflow.python.ops.string_ops": "strings",
    "tensorflow.python.ops.summary_ops": "summary",
    "tensorflow.python.saved_model": "saved_model saved_model.builder saved_model.loader saved_model.utils "
    "saved_model.main_op saved_model.signature_def_utils saved_model.constants "
    "saved_model.signature_constants saved_model.tag_constants",
    "tensorflow.python.summary": "summary train",
    "tensorflow.python.training": "train train.queue_runner",
    "tensorflow.python.util.nest": "nest",
}
_ALL = (
    ". nn train math linalg random strings sparse image io layers losses metrics initializers summary data "
    "errors debugging bitwise dtypes manip sets signal lookup nest graph_util queue test contrib.framework "
    "contrib.layers contrib.nn contrib.rnn contrib.util"
)

_LAYERS = {
    "AvgPool2D": "AveragePooling2D",
    "BatchNorm": "BatchNormalization",
    "Convolution1D": "Conv1D",
    "Convolution2D": "Conv2D",
    "Convolution2DTranspose": "Conv2DTranspose",
    "Convolution3D": "Conv3D",
    "Convolution3DTranspose": "Conv3DTranspose",
    "Deconv2D": "Conv2DTranspose",
    "Deconv3D": "Conv3DTranspose",
    "Deconvolution2D": "Conv2DTranspose",
    "Deconvolution3D": "Conv3DTranspose",
    "FullyConnected": "Dense",
    "MaxPool2D": "MaxPooling2D",
    "SeparableConvolution2D": "SeparableConv2D",
    "avg_pool2d": "average_pooling2d",
    "batch_norm": "batch_normalization",
    "convolution1d": "conv1d",
    "convolution2d": "conv2d",
    "convolution2d_transpose": "conv2d_transpose",
    "convolution3d": "conv3d",
    "convolution3d_transpose": "conv3d_transpose",
    "deconv2d": "conv2d_transpose",
    "deconv3d": "conv3d_transpose",
    "deconvolution2d": "conv2d_transpose",
    "deconvolution3d": "conv3d_transpose",
    "fully_connected": "dense",
    "max_pool2d": "max_pooling2d",
    "separable_convolution2d": "separable_conv2d",
}
"""What `tensorflow.python.layers` calls layers beside their public names."""
_OTHER_NAMES = {
    "Constant": "constant_initializer",
    "ConvolutionDeltaOrthogonal": "contrib.framework.convolutional_delta_orthogonal",
    "ConvolutionOrthogonal1D": "contrib.framework.convolutional_orthogonal_1d",
    "ConvolutionOrthogonal2D": "contrib.framework.convolutional_orthogonal_2d",
    "ConvolutionOrthogonal3D": "contrib.framework.convolutional_orthogonal_3d",
    "DatasetV1": "data.Dataset",
    "DenseHashTable": "lookup.experimental.DenseHashTable",
    "GlorotNormal": "glorot_normal_initializer",
    "GlorotUniform": "glorot_uniform_initializer",
    "Identity": "initializers.identity",
    "Initializer": "keras.initializers.Initializer",
    "MakeNdarray": "make_ndarray",
    "Ones": "ones_initializer",
    "Optional": "data.experimental.Optional",
    "Orthogonal": "orthogonal_initializer",
    "RandomNormal": "random_normal_initializer",
    "StaticHashTableV1": "lookup.StaticHashTable",
    "StaticVocabularyTableV1": "lookup.StaticVocabularyTable",
    "TensorFlowBenchmark": "test.Benchmark",
    "UniformUnitScaling": "uniform_unit_scaling_initializer",
    "VariableV1": "Variable",
    "VarianceScaling": "variance_scaling_initializer",
    "Zeros": "zeros_initializer",
    "constant_v1": "constant",
    "constant_value": "get_static_value",
    "contrib_add_arg_scope": "contrib.framework.add_arg_scope",
    "contrib_arg_scope": "contrib.framework.arg_scope",
    "floor_mod": "floormod",
    "from_variant": "data.experimental.from_variant",
    "get_legacy_output_classes": "data.get_output_classes",
    "get_legacy_output_shapes": "data.get_output_shapes",
    "get_legacy_output_types": "data.get_output_types",
    "get_next_as_optional": "data.experimental.get_next_as_optional",
    "get_structure": "data.experimental.get_structure",
    "identity_initializer": "initializers.identity",
    "keras_style_scope": "layers.experimental.keras_style_scope",
    "neg": "negative",
    "next_after": "math.nextafter",
    "print_v2": "print",
    "real_div": "realdiv",
    "reverse_v2": "reverse",
    "set_keras_style": "layers.experimental.set_keras_style",
    "softmax_cross_entropy_with_logits_v2_helper": "nn.softmax_cross_entropy_with_logits_v2",
    "sparse_expand_dims": "sparse.expand_dims",
    "sparse_eye": "sparse.eye",
    "sparse_mat_mul": "sparse_matmul",
    "stateless_random_normal": "random.stateless_normal",
    "stateless_random_uniform": "random.stateless_uniform",
    "to_variant": "data.experimental.to_variant",
    "truncate_div": "truncatediv",
    "truncate_mod": "truncatemod",
}
"""Public paths of what internal modules have by other names. A `_v1` at a name's end is left out anyhow."""

_MADE: dict[str, ModuleType] = {}


def complete(served: dict[str, ModuleType]) -> dict[str, ModuleType]:
    """The modules that are listed here, of which those in `served` learn to look in public modules for what
    they lack, and the others are made.
    """
    made: dict[str, ModuleType] = {}
    for package, names in _LISTED.items():
        for path in (package, *[f"{package}.{name}" for name in names.split()]):
            if path in made:
                continue
            module = served.get(path) or _MADE.get(path)
            if module is None:
                module = _MADE[path] = ModuleType(path, f"What {path} shows of ostinato.tf1.")
            public = module.__name__ != path  # in its place
            if not public and not getattr(vars(module).get("__getattr__"), "looks", False):
                vars(module)["__getattr__"] = _looking(path, vars(module).get("__getattr__"))
            if path in _LISTED and not hasattr(module, "__path__"):
                module.__path__ = []
            made[path] = module
    for path, module in made.items():
        package, _, last = path.rpartition(".")
        holder = made.get(package) or served.get(package)
        # tensorflow.contrib.framework.python.ops.arg_scope is a module to import and a function to look up.
        there = vars(holder).get(last, module) if holder is not None else None
        if there in (module, _MADE.get(path)) and last != "arg_scope":
            setattr(holder, last, module)
    return made


def _looking(path: str, before: Any) -> Any:
    """A module's `__getattr__`: the public modules' names, those of its kind first."""
    kinds = [kind for kind in sorted(_KINDS, key=len, reverse=True) if path.startswith(kind)]
    places = f"{_KINDS[kinds[0]] if kinds else ''} {_ALL}".split()

    def __getattr__(name: str) -> Any:
        if not name.startswith("_"):
            if path.startswith("tensorflow.python.layers") and name in _LAYERS:
                return getattr(_public("layers"), _LAYERS[name])
            for place in places:
                holder = _public(place)
                if holder is not None and name in _names_of(holder):
                    found = getattr(holder, name)
                    if not isinstance(found, ModuleType):
                        return found
            place, _, other = _OTHER_NAMES.get(name, "").rpartition(".")
            holder = _public(place or ".")
            if holder is not None and hasattr(holder, other or "_"):
                return getattr(holder, other)
            if name.endswith(("_v1", "V1")):
                return __getattr__(name.removesuffix("_v1").removesuffix("V1"))
        if before is not None:
            return before(name)
        return absent(path.replace("tensorflow.", "tf.", 1), ())(name)

    __getattr__.looks = True  # type: ignore[attr-defined]
    return __getattr__


def _names_of(module: ModuleType) -> Any:
    return getattr(module, "__all__", None) or vars(module)


def _public(place: str) -> ModuleType | None:
    """A public module by its path below `tf`; None where there is none."""
    holder: Any = importlib.import_module(__package__ or "ostinato.tf1")
    for part in place.split(".") if place != "." else ():
        holder = vars(holder).get(part)
        if not isinstance(holder, ModuleType):
            return None
    return holder
