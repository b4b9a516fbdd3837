"""What contrib's layers share: collections of outputs and variables, and sizes."""

from __future__ import annotations

from collections import OrderedDict, namedtuple
from typing import Any

from ...control_flow import cond
from ...graph import add_to_collection, add_to_collections, get_collection, get_default_graph
from ...model_variables import model_variable
from ...names import absent
from ...ops.core import convert_to_tensor
from ...partitioned import PartitionedVariable
from ...registry import constant_value as constant_of
from ...shapes import TensorShape
from ...tensor import Tensor
from ...variables import Variable

NamedOutputs = namedtuple("NamedOutputs", ["name", "outputs"])


def append_tensor_alias(tensor: Any, alias: str) -> Any:
    """Give a tensor one more name, by which a collection of outputs has it."""
    tensor.aliases = [*getattr(tensor, "aliases", []), alias.removesuffix("/")]
    return tensor


def collect_named_outputs(collections: Any, alias: str, outputs: Any) -> Any:
    """Put outputs in collections, under a name of their own."""
    if collections:
        append_tensor_alias(outputs, alias)
        add_to_collections(collections, outputs)
    return outputs


def get_tensor_aliases(tensor: Any) -> list[str]:
    """The names of a tensor: those it was given, or its own."""
    if hasattr(tensor, "aliases"):
        return tensor.aliases
    return [tensor.op.name if tensor.name.endswith(":0") else tensor.name]


def gather_tensors_aliases(tensors: Any) -> list[str]:
    """The names of tensors."""
    return [alias for tensor in tensors for alias in get_tensor_aliases(tensor)]


def convert_collection_to_dict(collection: str, clear_collection: bool = False) -> OrderedDict[str, Any]:
    """A collection's tensors by their names."""
    found = OrderedDict(
        (alias, tensor) for tensor in get_collection(collection) for alias in get_tensor_aliases(tensor)
    )
    if clear_collection:
        get_default_graph().clear_collection(collection)
    return found


def constant_value(value_or_tensor_or_var: Any, dtype: Any = None) -> Any:
    """The value of a constant tensor; None where it is not known without a session.

    Raises:
        ValueError: None, or a tensor of another type.
    """
    value = value_or_tensor_or_var
    if value is None:
        raise ValueError("value_or_tensor_or_var cannot be None")
    if isinstance(value, (Tensor, Variable)):
        if dtype and value.dtype != dtype:
            raise ValueError(f"It has the wrong type {value.dtype} instead of {dtype}")
        return None if isinstance(value, Variable) else constant_of(value)
    return value


def static_cond(pred: Any, fn1: Any, fn2: Any) -> Any:
    """One of two functions' results."""
    for function, name in ((fn1, "fn1"), (fn2, "fn2")):
        if not callable(function):
            raise TypeError(f"{name} must be callable.")
    return fn1() if pred else fn2()


def smart_cond(pred: Any, fn1: Any, fn2: Any, name: str | None = None) -> Any:
    """One of two functions' results, by `tf.cond` where the predicate is not known yet."""
    known = constant_value(pred)
    if known is not None:
        return static_cond(known, fn1, fn2)
    return cond(pred, fn1, fn2, name=name)


def get_variable_collections(variables_collections: Any, name: str) -> Any:
    """The collections of a variable, of which each may have its own."""
    if isinstance(variables_collections, dict):
        return variables_collections.get(name)
    return variables_collections


def add_variable_to_collections(variable: Any, collections_set: Any, collections_name: str) -> None:
    """Put a layer's variable into its collections."""
    parts = list(variable) if isinstance(variable, PartitionedVariable) else [variable]
    for collection in get_variable_collections(collections_set, collections_name) or ():
        for part in parts:
            if all(part is not item for item in get_collection(collection)):
                add_to_collection(collection, part)


def _get_dimension(shape: Any, dim: int, min_rank: int = 1) -> int:
    sizes = TensorShape(shape)
    if sizes.ndims is None:
        raise ValueError("dims of shape must be known but is None")
    if sizes.ndims < min_rank:
        raise ValueError(f"rank of shape must be at least {min_rank} not: {sizes.ndims}")
    value = sizes.as_list()[dim]
    if value is None:
        raise ValueError(f"dimension {dim} of shape must be known but is None: {shape}")
    return value


def channel_dimension(shape: Any, data_format: str, min_rank: int = 1) -> int:
    """How many channels a shape has."""
    return _get_dimension(shape, 1 if data_format == "channels_first" else -1, min_rank)


def last_dimension(shape: Any, min_rank: int = 1) -> int:
    """A shape's last size, which has to be known."""
    return _get_dimension(shape, -1, min_rank)


def two_element_tuple(int_or_tuple: Any) -> tuple[int, int]:
    """Two integers, for one or two.

    Raises:
        ValueError: something else.
    """
    if isinstance(int_or_tuple, (list, tuple)):
        if len(int_or_tuple) != 2:
            raise ValueError(f"Must be a list with 2 elements: {int_or_tuple}")
        return int(int_or_tuple[0]), int(int_or_tuple[1])
    if isinstance(int_or_tuple, int):
        return int_or_tuple, int_or_tuple
    if isinstance(int_or_tuple, TensorShape) and int_or_tuple.ndims == 2:
        return int(int_or_tuple[0]), int(int_or_tuple[1])
    raise ValueError("Must be an int, a list with 2 elements or a TensorShape of length 2")


def n_positive_integers(n: int, value: Any) -> tuple[int, ...]:
    """n integers, for one or n.

    Raises:
        ValueError: another number of them, or one that is not positive.
    """
    if int(n) < 1 or int(n) != n:
        raise ValueError("n must be a positive integer")
    try:
        values = (int(value),) * int(n)
    except (TypeError, ValueError):
        said = f"Expected sequence of {n} positive integers, but received {value!r}"
        if len(value) != n:
            raise ValueError(said) from None
        try:
            values = tuple(int(item) for item in value)
        except (TypeError, ValueError):
            raise ValueError(said) from None
    for item in values:
        if item < 1:
            raise ValueError(f"expected positive integer, but received {item}")
    return values


def checked_data_format(data_format: Any, *known: str) -> str:
    """Where the letters say the channels are.

    Raises:
        ValueError: other letters.
    """
    if data_format not in known:
        raise ValueError(f"data_format has to be either {' or '.join(known)}.")
    return "channels_first" if data_format.startswith("NC") else "channels_last"


def model_variable_getter(rename: dict[str, str] | None = None) -> Any:
    """A custom getter that makes a layer's variables the model's, some under other names."""

    def layer_variable_getter(getter: Any, name: str, *args: Any, **options: Any) -> Any:
        scope, _, short = name.rpartition("/")
        short = (rename or {}).get(short, short)
        kept = ("shape", "dtype", "initializer", "regularizer", "collections", "trainable")
        also = ("caching_device", "partitioner", "use_resource", "synchronization", "aggregation")
        chosen = {key: options[key] for key in (*kept, *also) if key in options}
        chosen["trainable"] = True if chosen.get("trainable") is None else chosen["trainable"]
        return model_variable(f"{scope}/{short}" if scope else short, custom_getter=getter, **chosen)

    return layer_variable_getter


def parameter(
    name: str,
    shape: Any,
    inputs: Any,
    initializer: Any,
    collections: Any = None,
    regularizer: Any = None,
    trainable: bool = True,
    dtype: Any = None,
) -> Any:
    """A variable of a layer that is written as a function."""
    return model_variable(
        name,
        shape=shape,
        dtype=dtype or convert_to_tensor(inputs).dtype.base_dtype,
        initializer=initializer,
        regularizer=regularizer,
        collections=get_variable_collections(collections, name),
        trainable=trainable,
    )


__getattr__ = absent("tf.contrib.layers.utils", [name for name in dir() if not name.startswith("_")])
