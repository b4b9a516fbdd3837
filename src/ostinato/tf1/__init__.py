"""The TensorFlow 1 face: `import ostinato.tf1 as tf`.

A deferred graph, variables, sessions, optimisers, cells and drivers, with the names, arguments and messages
of TensorFlow 1.15, evaluated by torch.

>>> import ostinato.tf1 as tf
>>> with tf.Graph().as_default(), tf.Session() as session:
...     x = tf.placeholder(tf.float32, [None, 2], name="x")
...     session.run(tf.reduce_sum(x * 2, axis=1), {x: [[1, 2], [3, 4]]})
array([ 6., 14.], dtype=float32)
"""

from . import (
    app,
    compat,
    config,
    contrib,
    data,
    distributions,
    errors,
    estimator,
    feature_column,
    flags,
    gfile,
    image,
    initializers,
    io,
    keras,
    layers,
    logging,
    lookup,
    losses,
    metrics,
    nn,
    python,
    python_io,
    random,
    resource_loader,
    sysconfig,
    train,
    version,
)
from . import (
    testing as test,
)
from .arithmetic_modules import *  # noqa: F403
from .arithmetic_modules import __all__ as _ARITHMETIC
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
    is_non_decreasing,
    is_numeric_tensor,
    is_strictly_increasing,
)
from .control_flow import cond, while_loop
from .custom_gradient import RegisterGradient, custom_gradient
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
from .eager import enable_eager_execution, enable_v2_behavior, executing_eagerly
from .functional import foldl, foldr, map_fn, scan
from .gradients import AggregationMethod, UnconnectedGradients, gradients, hessians
from .graph import (
    Graph,
    GraphKeys,
    add_to_collection,
    add_to_collections,
    colocate_with,
    control_dependencies,
    device,
    get_collection,
    get_collection_ref,
    get_default_graph,
    name_scope,
    reset_default_graph,
    set_random_seed,
)
from .indexed_slices import IndexedSlices, IndexedSlicesValue
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
from .old_names import *  # noqa: F403
from .old_names import __all__ as _OLD_NAMES
from .ops.array import (
    expand_dims,
    fill,
    identity,
    identity_n,
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
    logical_xor,
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
from .ops.sampling import multinomial, random_crop, random_gamma, random_poisson
from .ops.scatter import (
    count_up_to,
    scatter_add,
    scatter_div,
    scatter_max,
    scatter_min,
    scatter_mul,
    scatter_nd,
    scatter_nd_add,
    scatter_nd_sub,
    scatter_nd_update,
    scatter_sub,
    scatter_update,
)
from .ops.slicing import boolean_mask, newaxis
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
from .template import make_template
from .tensor import Operation, Tensor
from .tensor_array import TensorArray
from .top_level import *  # noqa: F403
from .top_level import __all__ as _TOP_LEVEL
from .top_level_data import *  # noqa: F403
from .top_level_data import __all__ as _DATA
from .top_level_training import *  # noqa: F403
from .top_level_training import __all__ as _TRAINING
from .variable_lists import (
    all_variables,
    assert_variables_initialized,
    global_variables,
    global_variables_initializer,
    initialize_all_variables,
    initialize_local_variables,
    initialize_variables,
    local_variables,
    local_variables_initializer,
    model_variables,
    moving_average_variables,
    report_uninitialized_variables,
    trainable_variables,
    variables_initializer,
)
from .variable_options import (
    VariableAggregation,
    VariableSynchronization,
    disable_resource_variables,
    enable_resource_variables,
    resource_variables_enabled,
)
from .variable_scope import (
    VariableScope,
    create_partitioned_variables,
    get_local_variable,
    get_variable,
    get_variable_scope,
    no_regularizer,
    variable_op_scope,
    variable_scope,
)
from .variable_store import AUTO_REUSE
from .variables import Variable, variable_creator_scope

pywrap_tensorflow = python.pywrap_tensorflow
VERSION = __version__ = version.VERSION
GIT_VERSION = __git_version__ = version.GIT_VERSION
COMPILER_VERSION = __compiler_version__ = version.COMPILER_VERSION
GRAPH_DEF_VERSION = version.GRAPH_DEF_VERSION
GRAPH_DEF_VERSION_MIN_CONSUMER = version.GRAPH_DEF_VERSION_MIN_CONSUMER
GRAPH_DEF_VERSION_MIN_PRODUCER = version.GRAPH_DEF_VERSION_MIN_PRODUCER
CXX11_ABI_FLAG = __cxx11_abi_flag__ = sysconfig.CXX11_ABI_FLAG
MONOLITHIC_BUILD = __monolithic_build__ = sysconfig.MONOLITHIC_BUILD
get_logger = logging.get_logger


def disable_v2_behavior() -> None:
    """Nothing to do: this is TensorFlow 1's behaviour (TF1 symbol: `tf.disable_v2_behavior`)."""


disable_eager_execution = disable_v2_behavior

__all__ = [
    *_TOP_LEVEL,
    *_ARITHMETIC,
    *_OLD_NAMES,
    *_DATA,
    *_TRAINING,
    "AUTO_REUSE",
    "AggregationMethod",
    "Assert",
    "COMPILER_VERSION",
    "CXX11_ABI_FLAG",
    "ConfigProto",
    "DType",
    "Dimension",
    "GIT_VERSION",
    "GPUOptions",
    "GRAPH_DEF_VERSION",
    "GRAPH_DEF_VERSION_MIN_CONSUMER",
    "GRAPH_DEF_VERSION_MIN_PRODUCER",
    "Graph",
    "GraphKeys",
    "GraphOptions",
    "IndexedSlices",
    "IndexedSlicesValue",
    "InteractiveSession",
    "MONOLITHIC_BUILD",
    "Operation",
    "OptimizerOptions",
    "RegisterGradient",
    "RunMetadata",
    "RunOptions",
    "Session",
    "Tensor",
    "TensorArray",
    "TensorShape",
    "UnconnectedGradients",
    "VERSION",
    "Variable",
    "VariableAggregation",
    "VariableScope",
    "VariableSynchronization",
    "abs",
    "add",
    "add_n",
    "add_to_collection",
    "add_to_collections",
    "all_variables",
    "app",
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
    "assert_variables_initialized",
    "assign",
    "assign_add",
    "assign_sub",
    "bfloat16",
    "bool",
    "boolean_mask",
    "case",
    "cast",
    "ceil",
    "clip_by_global_norm",
    "clip_by_norm",
    "clip_by_value",
    "colocate_with",
    "compat",
    "complex128",
    "complex64",
    "concat",
    "cond",
    "config",
    "constant",
    "constant_initializer",
    "contrib",
    "control_dependencies",
    "convert_to_tensor",
    "cos",
    "count_up_to",
    "create_partitioned_variables",
    "custom_gradient",
    "data",
    "distributions",
    "device",
    "diag_part",
    "disable_eager_execution",
    "disable_resource_variables",
    "disable_v2_behavior",
    "div",
    "divide",
    "double",
    "enable_eager_execution",
    "enable_resource_variables",
    "enable_v2_behavior",
    "equal",
    "errors",
    "estimator",
    "feature_column",
    "executing_eagerly",
    "exp",
    "expand_dims",
    "eye",
    "fill",
    "fixed_size_partitioner",
    "flags",
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
    "get_local_variable",
    "get_logger",
    "get_seed",
    "get_variable",
    "get_variable_scope",
    "gfile",
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
    "hessians",
    "identity",
    "identity_n",
    "image",
    "initialize_all_variables",
    "initialize_local_variables",
    "initialize_variables",
    "initializers",
    "int16",
    "int32",
    "int64",
    "int8",
    "io",
    "is_finite",
    "is_nan",
    "is_non_decreasing",
    "is_numeric_tensor",
    "is_strictly_increasing",
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
    "logical_xor",
    "lookup",
    "losses",
    "make_template",
    "map_fn",
    "matmul",
    "matrix_transpose",
    "maximum",
    "metrics",
    "min_max_variable_partitioner",
    "minimum",
    "mod",
    "model_variables",
    "moving_average_variables",
    "multinomial",
    "multiply",
    "name_scope",
    "negative",
    "newaxis",
    "nn",
    "no_op",
    "no_regularizer",
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
    "python_io",
    "pywrap_tensorflow",
    "qint16",
    "qint32",
    "qint8",
    "qr",
    "quint16",
    "quint8",
    "random",
    "random_crop",
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
    "resource_loader",
    "resource_variables_enabled",
    "reverse",
    "reverse_sequence",
    "round",
    "rsqrt",
    "scan",
    "scatter_add",
    "scatter_div",
    "scatter_max",
    "scatter_min",
    "scatter_mul",
    "scatter_nd",
    "scatter_nd_add",
    "scatter_nd_sub",
    "scatter_nd_update",
    "scatter_sub",
    "scatter_update",
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
    "sysconfig",
    "tanh",
    "test",
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
    "variable_creator_scope",
    "variable_op_scope",
    "variable_scope",
    "variables_initializer",
    "variance_scaling_initializer",
    "version",
    "where",
    "while_loop",
    "zeros",
    "zeros_initializer",
    "zeros_like",
]
__getattr__ = absent("tf", __all__)
