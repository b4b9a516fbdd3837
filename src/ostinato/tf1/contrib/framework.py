"""The module `tf.contrib.framework`: scopes of arguments, variables of a model, checkpoints, nests."""

from .. import (
    nest,
)
from ..arg_scope import (
    add_arg_scope,
    arg_scope,
    arg_scope_func_key,
    arg_scoped_arguments,
    current_arg_scope,
    has_arg_scope,
)
from ..check_ops import (
    assert_scalar,
    is_non_decreasing,
    is_numeric_tensor,
    is_strictly_increasing,
)
from ..checkpoint_utils import (
    assign_from_checkpoint_fn,
    init_from_checkpoint,
    list_variables,
    load_checkpoint,
    load_variable,
)
from ..compatibility import assert_same_float_dtype
from ..convolution_initializers import (
    convolutional_delta_orthogonal,
    convolutional_orthogonal_1d,
    convolutional_orthogonal_2d,
    convolutional_orthogonal_3d,
)
from ..framework_utils import (
    argsort,
    assert_or_get_global_step,
    assert_scalar_int,
    assign_from_checkpoint,
    assign_from_values,
    assign_from_values_fn,
    get_graph_from_inputs,
    get_name_scope,
    get_placeholders,
    is_tensor,
    reduce_sum_n,
    remove_squeezable_dimensions,
    sort,
    with_same_shape,
    with_shape,
    zero_initializer,
)
from ..global_step import (
    assert_global_step,
    create_global_step,
    get_global_step,
    get_or_create_global_step,
)
from ..model_variables import (
    add_model_variable,
    filter_variables,
    get_local_variables,
    get_model_variables,
    get_trainable_variables,
    get_unique_variable,
    get_variable_full_name,
    get_variables,
    get_variables_by_name,
    get_variables_by_suffix,
    get_variables_to_restore,
    global_variable,
    local_variable,
    model_variable,
    variable,
)
from ..names import absent
from ..smart_cond import (
    smart_cond,
    smart_constant_value,
)
from ..sparse_tensor import convert_to_tensor_or_sparse_tensor
from ..utilities import unchanged as deprecated
from ..utilities import unchanged as deprecated_arg_values
from ..utilities import unchanged as deprecated_args

__all__ = [
    "add_arg_scope",
    "add_model_variable",
    "arg_scope",
    "arg_scope_func_key",
    "arg_scoped_arguments",
    "argsort",
    "assert_global_step",
    "assert_or_get_global_step",
    "assert_same_float_dtype",
    "convert_to_tensor_or_sparse_tensor",
    "assert_scalar",
    "assert_scalar_int",
    "assign_from_checkpoint",
    "assign_from_checkpoint_fn",
    "assign_from_values",
    "assign_from_values_fn",
    "deprecated",
    "deprecated_arg_values",
    "deprecated_args",
    "convolutional_delta_orthogonal",
    "convolutional_orthogonal_1d",
    "convolutional_orthogonal_2d",
    "convolutional_orthogonal_3d",
    "create_global_step",
    "current_arg_scope",
    "filter_variables",
    "get_global_step",
    "get_graph_from_inputs",
    "get_local_variables",
    "get_model_variables",
    "get_name_scope",
    "get_or_create_global_step",
    "get_placeholders",
    "get_trainable_variables",
    "get_unique_variable",
    "get_variable_full_name",
    "get_variables",
    "get_variables_by_name",
    "get_variables_by_suffix",
    "get_variables_to_restore",
    "global_variable",
    "has_arg_scope",
    "init_from_checkpoint",
    "is_non_decreasing",
    "is_numeric_tensor",
    "is_strictly_increasing",
    "is_tensor",
    "list_variables",
    "load_checkpoint",
    "load_variable",
    "local_variable",
    "model_variable",
    "nest",
    "reduce_sum_n",
    "remove_squeezable_dimensions",
    "smart_cond",
    "smart_constant_value",
    "sort",
    "variable",
    "with_same_shape",
    "with_shape",
    "zero_initializer",
]

__getattr__ = absent("tf.contrib.framework", __all__)
