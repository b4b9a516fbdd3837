"""Imports by TensorFlow's internal paths find what the public paths find."""

import sys
import types
from pathlib import Path

import pytest

import ostinato.tf1 as tf
from ostinato.tf1 import shadow

NAMES = Path(__file__).parents[2] / "tools" / "tf1_internal_names.txt"
# One symbol there and two here, which do the same; and a helper that is nobody's.
TWICE = {
    ("argsort", "tf.argsort"),
    ("deprecated", "tf.contrib.framework.deprecated"),
    ("sort", "tf.sort"),
    ("transpose", "tf.matrix_transpose"),
    ("is_tensor", "tf.is_tensor"),
    ("constant_value", "tf.get_static_value"),
    ("Loss", "tf.keras.losses.Loss"),
    ("zero_fraction", "tf.math.zero_fraction"),
    ("unary_op", "tf.math.bessel_i1e"),
}


def shown():
    """What TensorFlow's own internal modules show: module, name there, public path."""
    for line in NAMES.read_text().splitlines():
        module, _, names = line.partition(": ")
        for pair in names.split():
            name, _, path = pair.partition("=")
            yield module, name, path


def public(path):
    """The symbol of a public path; None where there is none."""
    value = tf
    for part in path.split(".")[1:]:
        try:
            value = getattr(value, part)
        except (AttributeError, ImportError):
            return None
    return value


@pytest.fixture(scope="module")
def served():
    return shadow.modules()


def test_what_an_internal_module_shows_is_the_public_symbol(served):
    wrong, compared = [], 0
    for module, name, path in shown():
        symbol = public(path)
        if (name, path) in TWICE:
            continue
        if name != path.rpartition(".")[2] and not hasattr(served.get(module), name):
            continue  # another name there, which no script uses
        if module not in served or symbol is None or isinstance(symbol, types.ModuleType):
            continue
        compared += 1
        found = getattr(served[module], name, None)
        if found is not symbol:
            wrong.append(f"{module}.{name} is not {path}")
    assert not wrong, f"{len(wrong)} of {compared}: {wrong[:20]}"
    assert compared > 1000


@pytest.mark.parametrize(
    "statement",
    [
        "from tensorflow.python.ops import array_ops, rnn_cell_impl, gen_nn_ops, script_ops",
        "from tensorflow.python.ops.rnn_cell_impl import _linear, _Linear, LSTMStateTuple",
        "from tensorflow.python.ops.nn_ops import softmax",
        "from tensorflow.python.framework import ops, dtypes, tensor_util, function",
        "from tensorflow.python.framework.ops import Tensor, convert_to_tensor, get_default_graph",
        "from tensorflow.python.layers import core as layers_core",
        "from tensorflow.python.layers.core import Dense",
        "from tensorflow.python.platform import gfile, flags, app, tf_logging as logging, test",
        "from tensorflow.python.training import moving_averages, saver, queue_runner_impl",
        "from tensorflow.python.util import nest, deprecation, tf_inspect",
        "from tensorflow.python.client import device_lib, timeline",
        "from tensorflow.contrib.rnn.python.ops import core_rnn_cell, rnn_cell",
        "from tensorflow.contrib.layers.python.layers import initializers, regularizers, utils",
        "from tensorflow.contrib.framework.python.ops import arg_scope, add_arg_scope, variables",
        "from tensorflow.contrib.seq2seq.python.ops import attention_wrapper, beam_search_decoder",
        "from tensorflow.contrib.legacy_seq2seq.python.ops import seq2seq",
        "from tensorflow.models.rnn import rnn, rnn_cell, seq2seq",
        "import tensorflow.python.platform",
        "import tensorflow.contrib.seq2seq.python.ops.helper as helper",
        "import tensorflow.python.training.saver",
    ],
)
def test_imports_by_internal_paths(statement):
    finders, before = list(sys.meta_path), dict(sys.modules)
    shadow.install()
    try:
        exec(statement, {})
    finally:
        sys.meta_path[:] = finders
        for name in [name for name in sys.modules if name.split(".")[0] == "tensorflow"]:
            del sys.modules[name]
        sys.modules.update({name: m for name, m in before.items() if name.startswith("tensorflow")})


@pytest.mark.parametrize(
    ("path", "name", "symbol"),
    [
        ("contrib.seq2seq.python.ops.decoder_fn", "simple_decoder_fn_train", None),
        ("contrib.seq2seq.python.ops.attention_decoder_fn", "prepare_attention", None),
        ("contrib.seq2seq.python.ops.seq2seq", "dynamic_rnn_decoder", None),
        ("contrib.slim.python.slim.evaluation", "evaluate_once", "contrib.slim.evaluation.evaluate_once"),
        ("contrib.slim.python.slim.learning", "train", "contrib.slim.learning.train"),
        ("contrib.tpu.python.tpu.tpu_estimator", "TPUEstimatorSpec", "contrib.tpu.TPUEstimatorSpec"),
        ("contrib.training.python.training.evaluation", "evaluate_once", "contrib.training.evaluate_once"),
        ("python.estimator.canned.dnn", "DNNClassifier", "estimator.DNNClassifier"),
    ],
)
def test_modules_of_contrib_and_estimators(served, path, name, symbol):
    found = getattr(served[f"tensorflow.{path}"], name)
    assert found is public(f"tf.{symbol or f'contrib.seq2seq.{name}'}")


def test_decorators_of_what_is_deprecated():
    @tf.contrib.framework.deprecated("2017-01-01", "Do not.")
    @tf.contrib.framework.deprecated_args(None, "Do not.", "old")
    def twice(x):
        return 2 * x

    assert twice(3) == 6
