"""The module `tf.python`: TensorFlow 1's internal modules, as far as recurrent code imports from them.

One table says which of this face's modules each of them shows. A trailing underscore here (`abs_`, `bool_`)
stands for the name without it there.
"""

from __future__ import annotations

from collections.abc import Callable
from types import ModuleType
from typing import Any

from . import (
    adaptive_optimizers,
    app,
    cases,
    check_ops,
    checkpoint_hooks,
    checkpoint_management,
    checkpoint_reader,
    checkpoint_utils,
    compat,
    control_flow,
    convolution_initializers,
    coordinator,
    custom_gradient,
    data_flow,
    dtypes,
    errors,
    event_files,
    fetches,
    file_io,
    flags,
    freeze_graph,
    functional,
    gfile,
    global_step,
    gradients,
    graph,
    graph_files,
    graph_import,
    graph_optimizer,
    graph_util_module,
    hooks,
    indexed_slices,
    initializers,
    input_batches,
    input_producers,
    inspect_checkpoint,
    internal_modules,
    layers_base,
    learning_rates,
    linear,
    logging,
    meta_graph,
    metrics_support,
    monitored_session,
    moving_averages,
    nest,
    nest_shallow,
    object_graph,
    optimize_for_inference,
    optimizer,
    optimizers,
    partitioned,
    proximal_optimizers,
    queue_runner,
    random_source,
    registry,
    resource_loader,
    rnn,
    rnn_arguments,
    rnn_bidirectional,
    rnn_cell_base,
    rnn_cell_impl,
    rnn_cell_stack,
    rnn_cell_wrappers,
    rnn_raw,
    rnn_static,
    rnn_step,
    sampled_losses,
    saveable,
    saved_model_constants,
    saved_model_files,
    saved_model_signatures,
    saver,
    scaffold,
    session,
    session_manager,
    session_run_hook,
    shapes,
    slot_creator,
    sparse_tensor,
    squeezing,
    summary,
    summary_hooks,
    summary_messages,
    summary_writer,
    supervisor,
    sysconfig,
    template,
    tensor,
    tensor_array,
    tensor_protos,
    testing,
    train,
    utilities,
    variable_lists,
    variable_options,
    variable_scope,
    variable_store,
    variables,
    weights_broadcast,
)
from .data import structure as data_structure
from .names import absent
from .ops import (
    array,
    asserting,
    batches,
    checked,
    contractions,
    control,
    core,
    decompositions,
    embedding,
    fourier,
    gathering,
    linalg,
    lists,
    math,
    more_reductions,
    nn,
    normalization,
    padding,
    picking,
    printing,
    python_functions,
    random,
    reductions,
    sampling,
    scatter,
    segments,
    sets,
    slicing,
    sorting,
    sparse,
    sparse_math,
    sparse_products,
    special,
    state,
    stateless_random,
    string_split,
    strings,
)
from .served import served_module

_ARRAYS = (array, lists, picking, slicing, gathering, batches, padding, sets, sorting, checked, linalg, core)
_CELLS = (rnn_cell_impl, rnn_cell_wrappers, rnn_cell_stack)
_DRIVERS = (rnn, rnn_bidirectional, rnn_static, rnn_raw)
_TABLE: dict[str, tuple[ModuleType, ...]] = {
    "data.util.nest": (data_structure,),
    "framework.constant_op": (core,),
    "framework.dtypes": (dtypes,),
    "framework.errors": (errors,),
    "framework.errors_impl": (errors,),
    "framework.ops": (graph, tensor, core, session, indexed_slices, custom_gradient),
    "framework.random_seed": (random_source, graph),
    "framework.tensor_shape": (shapes,),
    "client.session": (session, fetches),
    "lib.io.file_io": (file_io,),
    "layers.base": (layers_base,),
    "ops.array_ops": _ARRAYS,
    "ops.clip_ops": (nn,),
    "ops.check_ops": (check_ops,),
    "ops.control_flow_ops": (control_flow, cases, control, asserting),
    "ops.functional_ops": (functional,),
    "ops.map_fn": (functional,),
    "ops.tensor_array_ops": (tensor_array,),
    "ops.custom_gradient": (custom_gradient,),
    "ops.gradients": (gradients, custom_gradient),
    "ops.gradients_impl": (gradients,),
    "ops.init_ops": (initializers, convolution_initializers),
    "ops.bitwise_ops": (special,),
    "ops.confusion_matrix": (sorting, squeezing),
    "ops.histogram_ops": (sorting,),
    "ops.linalg_ops": (decompositions, contractions, linalg),
    "ops.linalg_ops_impl": (linalg,),
    "ops.logging_ops": (),
    "ops.math_ops": (math, reductions, more_reductions, special, segments, sorting, checked, contractions),
    "ops.numerics": (checked,),
    "ops.script_ops": (python_functions,),
    "ops.sets": (sets,),
    "ops.sets_impl": (sets,),
    "ops.sort_ops": (sorting,),
    "ops.sparse_ops": (sparse, sparse_math, sparse_products, sparse_tensor),
    "ops.special_math_ops": (contractions, special),
    "ops.spectral_ops": (fourier,),
    "ops.string_ops": (strings, string_split),
    "framework.sparse_tensor": (sparse_tensor,),
    "ops.metrics_impl": (metrics_support,),
    "ops.nn_impl": (sampled_losses,),
    "ops.nn_ops": (nn,),
    "ops.embedding_ops": (embedding,),
    "ops.nn": (nn, normalization, embedding, math, *_DRIVERS),
    "ops.partitioned_variables": (partitioned, variable_scope),
    "ops.random_ops": (random, sampling),
    "ops.stateless_random_ops": (stateless_random,),
    "ops.resource_variable_ops": (variables,),
    "ops.rnn": _DRIVERS,
    "ops.rnn_cell": _CELLS,
    "ops.rnn_cell_impl": _CELLS,
    "ops.state_ops": (state, scatter),
    "ops.template": (template,),
    "ops.variable_scope": (variable_scope, variable_store),
    "ops.weights_broadcast_ops": (weights_broadcast,),
    "ops.variables": (variables, variable_lists, variable_options, partitioned),
    "platform.gfile": (gfile,),
    "pywrap_tensorflow": (checkpoint_reader, event_files),
    "tools.freeze_graph": (freeze_graph,),
    "tools.inspect_checkpoint": (inspect_checkpoint, checkpoint_reader),
    "tools.optimize_for_inference_lib": (optimize_for_inference,),
    "tools.strip_unused_lib": (optimize_for_inference,),
    "framework.graph_io": (graph_files,),
    "framework.graph_util": (graph_util_module,),
    "framework.graph_util_impl": (graph_util_module,),
    "framework.importer": (graph_import,),
    "framework.meta_graph": (meta_graph,),
    "framework.tensor_util": (tensor_protos, registry),
    "grappler.tf_optimizer": (graph_optimizer,),
    "ops.data_flow_ops": (data_flow,),
    "saved_model.builder": (saved_model_files,),
    "saved_model.builder_impl": (saved_model_files,),
    "saved_model.constants": (saved_model_constants.constants,),
    "saved_model.loader": (saved_model_files,),
    "saved_model.loader_impl": (saved_model_files,),
    "saved_model.signature_constants": (saved_model_constants.signature_constants,),
    "saved_model.signature_def_utils": (saved_model_signatures,),
    "saved_model.simple_save": (saved_model_files,),
    "saved_model.tag_constants": (saved_model_constants.tag_constants,),
    "saved_model.utils": (saved_model_signatures,),
    "summary.summary": (summary, summary_writer, summary_messages),
    "summary.summary_iterator": (event_files,),
    "summary.writer.event_file_writer": (event_files,),
    "summary.writer.writer": (summary_writer, event_files),
    "summary.writer.writer_cache": (summary_writer,),
    "training.basic_session_run_hooks": (hooks, checkpoint_hooks, summary_hooks),
    "training.coordinator": (coordinator,),
    "training.input": (input_producers, input_batches),
    "training.monitored_session": (monitored_session, scaffold),
    "training.queue_runner": (queue_runner,),
    "training.queue_runner_impl": (queue_runner,),
    "training.session_manager": (session_manager,),
    "training.session_run_hook": (session_run_hook,),
    "training.summary_io": (summary_writer, event_files),
    "training.supervisor": (supervisor,),
    "training.training": (train,),
    "training.adam": (optimizers,),
    "training.checkpoint_management": (checkpoint_management,),
    "training.checkpoint_state_pb2": (checkpoint_management,),
    "training.checkpoint_utils": (checkpoint_utils,),
    "training.gradient_descent": (optimizers,),
    "training.momentum": (optimizers,),
    "training.optimizer": (optimizer,),
    "training.adadelta": (adaptive_optimizers,),
    "training.adagrad": (adaptive_optimizers,),
    "training.ftrl": (proximal_optimizers,),
    "training.learning_rate_decay": (learning_rates,),
    "training.moving_averages": (moving_averages,),
    "training.proximal_adagrad": (proximal_optimizers,),
    "training.proximal_gradient_descent": (proximal_optimizers,),
    "training.rmsprop": (adaptive_optimizers,),
    "training.slot_creator": (slot_creator,),
    "training.saver": (saver, checkpoint_management, object_graph, meta_graph),
    "training.saveable_object": (saveable,),
    "training.saving.saveable_object": (saveable,),
    "training.training_util": (global_step, graph_files),
    "util.nest": (nest, nest_shallow),
    "util.tf_export": (),
}
_SAME: dict[str, ModuleType] = {
    "platform.app": app,
    "platform.flags": flags,
    "platform.gfile": gfile,
    "platform.googletest": testing,
    "platform.resource_loader": resource_loader,
    "platform.sysconfig": sysconfig,
    "platform.test": testing,
    "platform.tf_logging": logging,
    "util.compat": compat,
}
"""Modules that are the public ones themselves."""
_RENAMED: dict[str, dict[str, str]] = {
    "data.util.nest": {"is_sequence": "is_nested", "pack_sequence_as": "pack"},
    "ops.init_ops": {
        "zeros_initializer": "Zeros",
        "ones_initializer": "Ones",
        "constant_initializer": "Constant",
        "random_normal_initializer": "RandomNormal",
        "random_uniform_initializer": "RandomUniform",
        "truncated_normal_initializer": "TruncatedNormal",
        "variance_scaling_initializer": "VarianceScaling",
        "glorot_uniform_initializer": "GlorotUniform",
        "glorot_normal_initializer": "GlorotNormal",
        "identity_initializer": "Identity",
        "orthogonal_initializer": "Orthogonal",
        "uniform_unit_scaling_initializer": "UniformUnitScaling",
    },
    "training.summary_io": {"SummaryWriter": "FileWriter", "SummaryWriterCache": "FileWriterCache"},
    "framework.tensor_util": {"MakeNdarray": "make_ndarray"},
    "util.nest": {"is_nested": "is_sequence", "is_sequence_or_composite": "is_sequence"},
}
_CELL_HELPERS: dict[str, Any] = {
    "_Linear": linear.Linear,
    "_linear": linear.linear,
    "_concat": rnn_step.concat_sizes,
    "_like_rnncell": rnn_cell_base.like_rnncell,
    "_zero_state_tensors": math.named(rnn_cell_base.zero_tensors, "state_size", "batch_size", "dtype"),
    "_LayerRNNCell": rnn_cell_impl.LayerRNNCell,
    "_RNNCell": rnn_cell_base.RNNCell,
    "_WEIGHTS_VARIABLE_NAME": "kernel",
    "_BIAS_VARIABLE_NAME": "bias",
    "ASSERT_LIKE_RNNCELL_ERROR_REGEXP": "is not an RNNCell",
}
_UNDERSCORED: dict[str, dict[str, Any]] = {
    "ops.nn_impl": {
        "_compute_sampled_logits": sampled_losses.compute_sampled_logits,
        "_sum_rows": sampled_losses.sum_rows,
    },
    "ops.rnn_cell": _CELL_HELPERS,
    "ops.rnn_cell_impl": _CELL_HELPERS,
    "ops.rnn": {
        "_best_effort_input_batch_size": rnn_arguments.best_effort_input_batch_size,
        "_concat": rnn_step.concat_sizes,
        "_infer_state_dtype": rnn_arguments.infer_state_dtype,
        "_like_rnncell": rnn_cell_base.like_rnncell,
        "_maybe_tensor_shape_from_tensor": rnn_arguments.maybe_tensor_shape_from_tensor,
        "_reverse_seq": rnn_bidirectional.reverse_steps,
        "_rnn_step": rnn_step.rnn_step,
        "_should_cache": rnn_step.should_cache,
        "_transpose_batch_time": rnn_arguments.transpose_batch_time,
    },
}
"""Names that begin with an underscore and that code in the style of TensorFlow's own source imports."""


def tf_export(*names: str, **_: Any) -> Callable[[Any], Any]:
    """The decorator that gives a symbol its public names in TensorFlow's source; here it leaves it as it
    is.
    """
    return lambda symbol: symbol


def _build() -> dict[str, ModuleType]:
    """The modules of the table and the packages around them, by their names below `tensorflow.python`."""
    modules: dict[str, ModuleType] = {}
    for name, sources in _TABLE.items():
        module = served_module(f"tensorflow.python.{name}", sources, _UNDERSCORED.get(name))
        for key, original in _RENAMED.get(name, {}).items():
            setattr(module, key, getattr(module, original))
        modules[name] = module
    modules.update(_SAME)
    modules["ops.logging_ops"].__dict__.update(Print=printing.print_and_pass, print_v2=printing.print_op)
    for name in ("rnn_cell", "rnn_cell_impl"):  # as the module of the drivers imports them itself
        setattr(modules["ops.rnn"], name, modules[f"ops.{name}"])
    modules["util.tf_export"].__dict__.update(tf_export=tf_export, keras_export=tf_export)
    modules.update(
        {path.removeprefix("tensorflow.python."): module for path, module in utilities.modules().items()}
    )
    for name in list(modules):
        while "." in name:
            package, _, last = name.rpartition(".")
            if package not in modules:
                modules[package] = ModuleType(f"tensorflow.python.{package}")
                modules[package].__path__ = []
            setattr(modules[package], last, modules[name])
            name = package
    for name, module in modules.items():
        if name in _SAME:
            continue
        names = [key for key in vars(module) if not key.startswith("_")]
        vars(module)["__getattr__"] = absent(f"tensorflow.python.{name}", names)
    paths = {f"tensorflow.python.{name}": module for name, module in modules.items()}
    complete = internal_modules.complete(paths)
    modules.update(
        {
            path.removeprefix("tensorflow.python."): complete[path]
            for path in complete
            if ".python." in path[:18]
        }
    )
    return modules


MODULES = _build()
globals().update({name: module for name, module in MODULES.items() if "." not in name})
__all__ = sorted(name for name in MODULES if "." not in name)
__getattr__ = absent("tensorflow.python", __all__)
