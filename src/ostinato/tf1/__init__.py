"""The TensorFlow 1 face: `import ostinato.tf1 as tf`.

A deferred graph, variables, sessions, optimisers, cells and drivers, with the names, arguments and messages
of TensorFlow 1.15, evaluated by torch.

>>> import ostinato.tf1 as tf
>>> with tf.Graph().as_default(), tf.Session() as session:
...     x = tf.placeholder(tf.float32, [None, 2], name="x")
...     session.run(tf.reduce_sum(x * 2, axis=1), {x: [[1, 2], [3, 4]]})
array([ 6., 14.], dtype=float32)
"""

from . import compat, contrib, errors, initializers, keras, layers, logging, nn, python, random, train
from .cases import case, switch_case
from .check_ops import (
    assert_equal,
    assert_greater,
    assert_greater_equal,
    assert_integer,
    assert_less,
    assert_less_equal,
    assert_near,
    assert_negative,
    assert_non_negative,
    assert_non_positive,
    assert_none_equal,
    assert_positive,
    assert_proper_iterable,
    assert_rank,
    assert_rank_at_least,
    assert_rank_in,
    assert_scalar,
    assert_type,
    is_numeric_tensor,
)
from .control_flow import cond, while_loop
from .dtypes import (
    DType,
    as_dtype,
    bfloat16,
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
    qint8,
    qint16,
    qint32,
    quint8,
    quint16,
    string,
    uint8,
    uint16,
    uint32,
    uint64,
)
from .dtypes import (
    bool_ as bool,
)
from .functional import foldl, foldr, map_fn, scan
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
)
from .initializers import (
    GlorotNormal as glorot_normal_initializer,
)
from .initializers import (
    GlorotUniform as glorot_uniform_initializer,
)
from .initializers import (
    Ones as ones_initializer,
)
from .initializers import (
    Orthogonal as orthogonal_initializer,
)
from .initializers import (
    RandomNormal as random_normal_initializer,
)
from .initializers import (
    RandomUniform as random_uniform_initializer,
)
from .initializers import (
    TruncatedNormal as truncated_normal_initializer,
)
from .initializers import (
    UniformUnitScaling as uniform_unit_scaling_initializer,
)
from .initializers import (
    VarianceScaling as variance_scaling_initializer,
)
from .initializers import (
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
from .ops.asserting import Assert
from .ops.control import group, no_op
from .ops.control import tuple_ as tuple
from .ops.core import constant, convert_to_tensor, placeholder, placeholder_with_default
from .ops.linalg import diag_part, eye, matrix_transpose, qr
from .ops.lists import concat, split, stack, unstack
from .ops.math import (
    abs_ as abs,
)
from .ops.math import (
    add,
    add_n,
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
    realdiv,
    reciprocal,
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
from .ops.math import (
    pow_ as pow,
)
from .ops.math import (
    range_ as range,
)
from .ops.math import (
    round_ as round,
)
from .ops.nn import clip_by_global_norm, clip_by_norm, clip_by_value, global_norm
from .ops.picking import gather, one_hot, reverse, reverse_sequence, sequence_mask, tile, where
from .ops.random import random_normal, random_shuffle, random_uniform, truncated_normal
from .ops.reductions import (
    arg_max,
    arg_min,
    argmax,
    argmin,
    reduce_all,
    reduce_any,
    reduce_max,
    reduce_mean,
    reduce_min,
    reduce_prod,
    reduce_sum,
)
from .ops.sampling import multinomial, random_gamma, random_poisson
from .ops.slicing import newaxis
from .ops.slicing import slice_ as slice
from .ops.state import assign, assign_add, assign_sub, is_variable_initialized
from .options import ConfigProto, GPUOptions, GraphOptions, OptimizerOptions, RunMetadata, RunOptions
from .partitioned import (
    fixed_size_partitioner,
    min_max_variable_partitioner,
    variable_axis_size_partitioner,
)
from .random_source import get_seed
from .session import InteractiveSession, Session, get_default_session
from .shapes import Dimension, TensorShape
from .tensor import Operation, Tensor
from .tensor_array import TensorArray
from .variable_scope import (
    VariableScope,
    create_partitioned_variables,
    get_variable,
    get_variable_scope,
    variable_op_scope,
    variable_scope,
)
from .variable_store import AUTO_REUSE
from .variables import (
    Variable,
    global_variables,
    global_variables_initializer,
    local_variables,
    local_variables_initializer,
    report_uninitialized_variables,
    trainable_variables,
    variables_initializer,
)

pywrap_tensorflow = python.pywrap_tensorflow
all_variables = global_variables
initialize_all_variables = global_variables_initializer
VERSION = __version__ = "1.15.0"  # of the interface: what a script that asks is to find


def disable_v2_behavior() -> None:
    """Nothing to do: this is TensorFlow 1's behaviour (TF1 symbol: `tf.disable_v2_behavior`)."""


disable_eager_execution = disable_v2_behavior

__all__ = [
    "AUTO_REUSE",
    "Assert",
    "ConfigProto",
    "DType",
    "Dimension",
    "GPUOptions",
    "Graph",
    "GraphKeys",
    "GraphOptions",
    "InteractiveSession",
    "Operation",
    "OptimizerOptions",
    "RunMetadata",
    "RunOptions",
    "Session",
    "Tensor",
    "TensorArray",
    "TensorShape",
    "VERSION",
    "Variable",
    "VariableScope",
    "abs",
    "add",
    "add_n",
    "add_to_collection",
    "all_variables",
    "arg_max",
    "arg_min",
    "argmax",
    "argmin",
    "as_dtype",
    "assert_equal",
    "assert_greater",
    "assert_greater_equal",
    "assert_integer",
    "assert_less",
    "assert_less_equal",
    "assert_near",
    "assert_negative",
    "assert_non_negative",
    "assert_non_positive",
    "assert_none_equal",
    "assert_positive",
    "assert_proper_iterable",
    "assert_rank",
    "assert_rank_at_least",
    "assert_rank_in",
    "assert_scalar",
    "assert_type",
    "assign",
    "assign_add",
    "assign_sub",
    "bfloat16",
    "bool",
    "case",
    "cast",
    "ceil",
    "clip_by_global_norm",
    "clip_by_norm",
    "clip_by_value",
    "compat",
    "complex128",
    "complex64",
    "concat",
    "cond",
    "constant",
    "constant_initializer",
    "contrib",
    "control_dependencies",
    "convert_to_tensor",
    "cos",
    "create_partitioned_variables",
    "device",
    "diag_part",
    "disable_eager_execution",
    "disable_v2_behavior",
    "div",
    "divide",
    "double",
    "equal",
    "errors",
    "exp",
    "expand_dims",
    "eye",
    "fill",
    "fixed_size_partitioner",
    "float16",
    "float32",
    "float64",
    "floor",
    "floordiv",
    "floormod",
    "foldl",
    "foldr",
    "gather",
    "get_collection",
    "get_collection_ref",
    "get_default_graph",
    "get_default_session",
    "get_seed",
    "get_variable",
    "get_variable_scope",
    "global_norm",
    "global_variables",
    "global_variables_initializer",
    "glorot_normal_initializer",
    "glorot_uniform_initializer",
    "gradients",
    "greater",
    "greater_equal",
    "group",
    "half",
    "identity",
    "initialize_all_variables",
    "initializers",
    "int16",
    "int32",
    "int64",
    "int8",
    "is_finite",
    "is_nan",
    "is_numeric_tensor",
    "is_variable_initialized",
    "keras",
    "layers",
    "less",
    "less_equal",
    "local_variables",
    "local_variables_initializer",
    "log",
    "log1p",
    "logging",
    "logical_and",
    "logical_not",
    "logical_or",
    "map_fn",
    "matmul",
    "matrix_transpose",
    "maximum",
    "min_max_variable_partitioner",
    "minimum",
    "mod",
    "multinomial",
    "multiply",
    "name_scope",
    "negative",
    "newaxis",
    "nn",
    "no_op",
    "not_equal",
    "one_hot",
    "ones",
    "ones_initializer",
    "ones_like",
    "orthogonal_initializer",
    "placeholder",
    "placeholder_with_default",
    "pow",
    "python",
    "pywrap_tensorflow",
    "qint16",
    "qint32",
    "qint8",
    "qr",
    "quint16",
    "quint8",
    "random",
    "random_gamma",
    "random_normal",
    "random_normal_initializer",
    "random_poisson",
    "random_shuffle",
    "random_uniform",
    "random_uniform_initializer",
    "range",
    "rank",
    "realdiv",
    "reciprocal",
    "reduce_all",
    "reduce_any",
    "reduce_max",
    "reduce_mean",
    "reduce_min",
    "reduce_prod",
    "reduce_sum",
    "report_uninitialized_variables",
    "reset_default_graph",
    "reshape",
    "reverse",
    "reverse_sequence",
    "round",
    "rsqrt",
    "scan",
    "sequence_mask",
    "set_random_seed",
    "shape",
    "sigmoid",
    "sign",
    "sin",
    "size",
    "slice",
    "split",
    "sqrt",
    "square",
    "squared_difference",
    "squeeze",
    "stack",
    "stop_gradient",
    "string",
    "subtract",
    "switch_case",
    "tanh",
    "tile",
    "to_float",
    "to_int32",
    "to_int64",
    "train",
    "trainable_variables",
    "transpose",
    "truediv",
    "truncated_normal",
    "truncated_normal_initializer",
    "tuple",
    "uint16",
    "uint32",
    "uint64",
    "uint8",
    "uniform_unit_scaling_initializer",
    "unstack",
    "variable_axis_size_partitioner",
    "variable_op_scope",
    "variable_scope",
    "variables_initializer",
    "variance_scaling_initializer",
    "where",
    "while_loop",
    "zeros",
    "zeros_initializer",
    "zeros_like",
]
__getattr__ = absent("tf", __all__)
