"""The TensorFlow 1 face: `import ostinato.tf1 as tf`.

A deferred graph, variables, sessions, optimisers, cells and drivers, with the names, arguments and messages of
TensorFlow 1.15, evaluated by torch.

>>> import ostinato.tf1 as tf
>>> with tf.Graph().as_default(), tf.Session() as session:
...     x = tf.placeholder(tf.float32, [None, 2], name="x")
...     session.run(tf.reduce_sum(x * 2, axis=1), {x: [[1, 2], [3, 4]]})
array([ 6., 14.], dtype=float32)
"""

from . import compat, contrib, errors, initializers, layers, nn, rnn_cell_impl, train
from .dtypes import (
    DType,
    as_dtype,
    bfloat16,
    bool_ as bool,
    complex64,
    complex128,
    double,
    float16,
    float32,
    float64,
    half,
    int8,
    int16,
    int32,
    int64,
    uint8,
)
from .gradients import gradients
from .graph import (
    Graph,
    GraphKeys,
    add_to_collection,
    control_dependencies,
    device,
    get_collection,
    get_collection_ref,
    get_default_graph,
    name_scope,
    reset_default_graph,
    set_random_seed,
)
from .initializers import (
    Constant as constant_initializer,
    GlorotNormal as glorot_normal_initializer,
    GlorotUniform as glorot_uniform_initializer,
    Ones as ones_initializer,
    RandomNormal as random_normal_initializer,
    RandomUniform as random_uniform_initializer,
    TruncatedNormal as truncated_normal_initializer,
    VarianceScaling as variance_scaling_initializer,
    Zeros as zeros_initializer,
)
from .names import absent
from .ops.array import (
    expand_dims,
    fill,
    identity,
    ones,
    ones_like,
    rank,
    reshape,
    shape,
    size,
    squeeze,
    stop_gradient,
    transpose,
    zeros,
    zeros_like,
)
from .ops.control import group, no_op, tuple_ as tuple
from .ops.core import constant, convert_to_tensor, placeholder, placeholder_with_default
from .ops.lists import concat, split, stack, unstack
from .ops.math import (
    abs_ as abs,
    add,
    add_n,
    arg_max,
    arg_min,
    argmax,
    argmin,
    cast,
    ceil,
    cos,
    div,
    divide,
    equal,
    exp,
    floor,
    floordiv,
    floormod,
    greater,
    greater_equal,
    is_finite,
    is_nan,
    less,
    less_equal,
    log,
    log1p,
    logical_and,
    logical_not,
    logical_or,
    matmul,
    maximum,
    minimum,
    mod,
    multiply,
    negative,
    not_equal,
    pow_ as pow,
    range_ as range,
    realdiv,
    reciprocal,
    reduce_all,
    reduce_any,
    reduce_max,
    reduce_mean,
    reduce_min,
    reduce_prod,
    reduce_sum,
    round_ as round,
    rsqrt,
    sigmoid,
    sign,
    sin,
    sqrt,
    square,
    squared_difference,
    subtract,
    tanh,
    to_float,
    to_int32,
    to_int64,
    truediv,
)
from .ops.nn import clip_by_global_norm, clip_by_norm, clip_by_value, global_norm
from .ops.picking import gather, one_hot, reverse, reverse_sequence, sequence_mask, tile, where
from .ops.random import random_normal, random_uniform, truncated_normal
from .ops.slicing import newaxis
from .ops.state import assign, assign_add, assign_sub, is_variable_initialized
from .session import ConfigProto, GPUOptions, InteractiveSession, Session, get_default_session
from .shapes import Dimension, TensorShape
from .tensor import Operation, Tensor
from .variable_scope import AUTO_REUSE, VariableScope, get_variable, get_variable_scope, variable_op_scope, variable_scope
from .variables import (
    Variable,
    global_variables,
    global_variables_initializer,
    local_variables,
    local_variables_initializer,
    trainable_variables,
    variables_initializer,
)

all_variables = global_variables
initialize_all_variables = global_variables_initializer
VERSION = __version__ = "1.15.0"  # of the interface: what a script that asks is to find


def disable_v2_behavior() -> None:
    """Nothing to do: this is TensorFlow 1's behaviour (TF1 symbol: `tf.disable_v2_behavior`)."""


disable_eager_execution = disable_v2_behavior

__all__ = sorted(name for name in globals() if not name.startswith("_") and name != "absent")
__getattr__ = absent("tf", __all__)
