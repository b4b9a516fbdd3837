"""List TensorFlow 1.15's recurrent symbols and their signatures, by looking at TensorFlow itself.

    python3.7 -m venv tf1 && tf1/bin/pip install tensorflow-cpu==1.15.0 'protobuf<3.21'
    tf1/bin/python tools/list_tf1_symbols.py tools/tf1_symbols.json

The file holds, for each group, [name, kind, arguments], where an argument is `name`, `name=default`, `*name`
or `**name`. `tf1_coverage.py` compares this face with it.
"""

from __future__ import annotations

import importlib
import inspect
import json
import sys
from typing import Any

import tensorflow as tf  # type: ignore[import-untyped]
from tensorflow.python.util import tf_decorator, tf_inspect  # type: ignore[import-untyped]

CONTRIB_CELLS = "tensorflow.contrib.rnn.python.ops.rnn_cell"
# Title, module, and names where the module is not taken whole.
GROUPS = [
    ("Cells", "tf.nn.rnn_cell", None),
    (
        "Drivers",
        "tf.nn",
        "bidirectional_dynamic_rnn dynamic_rnn raw_rnn static_bidirectional_rnn static_rnn "
        "static_state_saving_rnn",
    ),
    ("Cells, drivers and wrappers of contrib", "tf.contrib.rnn", None),
    (
        "Cells by their module's path alone",
        CONTRIB_CELLS,
        "CFNCell LayerNormLSTMCell MinimalRNNCell NTMCell NTMControllerState WeightNormLSTMCell",
    ),
    ("cuDNN's layers and cells", "tf.contrib.cudnn_rnn", None),
    (
        "Control flow",
        "tf",
        "Assert TensorArray case cond control_dependencies foldl foldr group identity_n map_fn no_op scan "
        "switch_case tuple while_loop",
    ),
    (
        "Variables and scopes",
        "tf",
        "AUTO_REUSE Graph GraphKeys InteractiveSession Session Variable VariableScope add_to_collection "
        "add_to_collections assign assign_add assign_sub fixed_size_partitioner get_collection "
        "get_collection_ref get_default_graph get_default_session get_local_variable get_variable "
        "get_variable_scope global_variables global_variables_initializer gradients hessians "
        "local_variables local_variables_initializer make_template min_max_variable_partitioner "
        "model_variables moving_average_variables name_scope no_regularizer reset_default_graph "
        "stop_gradient trainable_variables variable_axis_size_partitioner variable_creator_scope "
        "variable_op_scope variable_scope variables_initializer",
    ),
    (
        "Random numbers",
        "tf",
        "get_seed multinomial random_crop random_gamma random_normal random_poisson random_shuffle "
        "random_uniform set_random_seed truncated_normal",
    ),
    (
        "Random numbers by module",
        "tf.random",
        "categorical gamma get_seed multinomial normal poisson set_random_seed shuffle stateless_categorical "
        "stateless_multinomial stateless_normal stateless_truncated_normal stateless_uniform "
        "truncated_normal uniform",
    ),
    ("Dropout and moments", "tf.nn", "dropout moments batch_normalization embedding_lookup"),
    (
        "Initialisers",
        "tf.initializers",
        "constant global_variables glorot_normal glorot_uniform he_normal he_uniform identity lecun_normal "
        "lecun_uniform local_variables ones orthogonal random_normal random_uniform truncated_normal "
        "uniform_unit_scaling variables variance_scaling zeros",
    ),
    ("Initialisers of Keras", "tf.keras.initializers", None),
    (
        "Initialisers of contrib",
        "tf.contrib.layers",
        "variance_scaling_initializer xavier_initializer xavier_initializer_conv2d",
    ),
    (
        "Initialisers of convolutions",
        "tf.contrib.framework",
        "convolutional_delta_orthogonal convolutional_orthogonal_1d convolutional_orthogonal_2d "
        "convolutional_orthogonal_3d",
    ),
    (
        "Connectionist temporal classification",
        "tf.nn",
        "ctc_beam_search_decoder ctc_beam_search_decoder_v2 ctc_greedy_decoder ctc_loss ctc_loss_v2 "
        "ctc_unique_labels",
    ),
    (
        "Wrappers of version 2",
        "tf.compat.v2.nn",
        "RNNCellDeviceWrapper RNNCellDropoutWrapper RNNCellResidualWrapper",
    ),
    ("Sequence to sequence, the older module", "tf.contrib.legacy_seq2seq", None),
    ("Sequence to sequence", "tf.contrib.seq2seq", None),
    (
        "Recurrent layers of Keras",
        "tf.keras.layers",
        "AbstractRNNCell ConvLSTM2D CuDNNGRU CuDNNLSTM GRU GRUCell LSTM LSTMCell RNN SimpleRNN SimpleRNNCell "
        "StackedRNNCells",
    ),
]


def module_of(path: str) -> Any:
    if not path.startswith("tf"):
        return importlib.import_module(path)
    if path.startswith("tensorflow"):
        return importlib.import_module(path)
    found = tf
    for part in path.split(".")[1:]:
        found = getattr(found, part)
    return found


def text(default: Any) -> str:
    if inspect.isfunction(default) or inspect.isclass(default):
        return default.__name__
    return "tf." + default.name if isinstance(default, tf.DType) else repr(default)


def constructor(symbol: Any) -> Any:
    """The `__init__` that says what it takes: TensorFlow's own wrappers of it say nothing."""
    for base in inspect.getmro(symbol):
        if "__init__" in vars(base):
            found = tf_inspect.getfullargspec(vars(base)["__init__"])
            if found.args[1:]:
                return found
    return None


def arguments(symbol: Any) -> list[str]:
    if hasattr(symbol, "_fields"):
        return list(symbol._fields)
    if inspect.isclass(symbol):
        found = constructor(symbol)
        if found is None:
            return []
        names = found.args[1:]
    elif callable(symbol):
        found = tf_inspect.getfullargspec(tf_decorator.unwrap(symbol)[1])
        names = found.args
    else:
        return []
    first = len(names) - len(found.defaults or ())
    rows: list[str] = names[:first]
    rows += [name + "=" + text(found.defaults[place]) for place, name in enumerate(names[first:])]
    rows += ["*" + found.varargs] if found.varargs else []
    rows += [name + "=" + text((found.kwonlydefaults or {}).get(name)) for name in found.kwonlyargs]
    return rows + (["**" + found.varkw] if found.varkw else [])


def kind(symbol: Any) -> str:
    return "class" if inspect.isclass(symbol) else "function" if callable(symbol) else "value"


def listed() -> list[dict[str, Any]]:
    found = []
    for title, path, names in GROUPS:
        module = module_of(path)
        chosen = names.split() if names else [name for name in dir(module) if not name.startswith("_")]
        symbols = [(name, getattr(module, name)) for name in chosen]
        rows = [[name, kind(s), arguments(s)] for name, s in symbols if not inspect.ismodule(s)]
        found.append({"title": title, "module": path, "symbols": rows})
    return found


def written(groups: list[dict[str, Any]]) -> str:
    """JSON with a symbol a line."""
    parts = []
    for group in groups:
        rows = ",\n".join("   " + json.dumps(row) for row in group["symbols"])
        head = json.dumps({"title": group["title"], "module": group["module"]})[:-1]
        parts.append(f' {head},\n  "symbols": [\n{rows}\n  ]}}')
    return "[\n" + ",\n".join(parts) + "\n]\n"


if __name__ == "__main__":
    with open(sys.argv[1], "w") as file:
        file.write(written(listed()))
