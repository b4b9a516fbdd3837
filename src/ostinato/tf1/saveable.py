"""What a Saver saves: variables and parts of variables, each under a name."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from .graph import GraphKeys, get_default_graph
from .ops import state
from .ops.array import reshape
from .ops.core import convert_to_tensor
from .partitioned import PartitionedVariable
from .tensor import Tensor
from .variables import Variable


class SaveSpec:
    """One tensor to save (TF1 symbol: `tf.train.SaverBuilder.SaveSpec`): the tensor, the part it is of a
    whole ("" for all of it), the name in the checkpoint, and the type.
    """

    def __init__(
        self, tensor: Any, slice_spec: str, name: str, dtype: Any = None, device: Any = None
    ) -> None:
        self._tensor = tensor
        self.slice_spec = slice_spec
        self.name = name
        self.dtype = tensor.dtype if dtype is None else dtype

    @property
    def tensor(self) -> Any:
        return self._tensor() if callable(self._tensor) else self._tensor


class SaveableObject:
    """What is saved and restored as one (TF1 symbol: `SaveableObject`): derive from it and define `restore`.

    Args:
        op: the object that this saves; no other saveable of a Saver may have the same.
        specs: its tensors.
        name: its name in the checkpoint.
    """

    def __init__(self, op: Any, specs: Sequence[SaveSpec], name: str) -> None:
        self.op, self.specs, self.name = op, specs, name

    @property
    def device(self) -> str:
        return self.specs[0].tensor.device

    def restore(self, restored_tensors: Sequence[Tensor], restored_shapes: Any) -> Any:
        """The operation that gives the object the restored values."""
        raise ValueError("Calling an abstract method.")


class VariableSaveable(SaveableObject):
    """A variable, or a variable that is a part of a whole."""

    def __init__(self, var: Any, slice_spec: str, name: str) -> None:
        self._reference = convert_to_tensor(var, as_ref=True)
        tensor = convert_to_tensor(var) if slice_spec else self._reference
        super().__init__(self._reference, [SaveSpec(tensor, slice_spec, name)], name)

    def restore(self, restored_tensors: Sequence[Tensor], restored_shapes: Any) -> Any:
        value = restored_tensors[0]
        if restored_shapes is not None:
            value = reshape(value, restored_shapes[0])
        validate = restored_shapes is None and self._reference.shape.is_fully_defined()
        return state.assign(self._reference, value, validate_shape=validate)


def all_saveable_objects(scope: str | None = None) -> list[Any]:
    """What a Saver saves that is not told what to: the graph's variables and its saveable objects."""
    graph = get_default_graph()
    keys = (GraphKeys.GLOBAL_VARIABLES, GraphKeys.SAVEABLE_OBJECTS)
    return [item for key in keys for item in graph.get_collection(key, scope)]


def saveables_of(var_list: Any) -> list[SaveableObject]:
    """The saveables of a list of variables, or of a dict from names to them, in order of name.

    Raises:
        TypeError: what is to be saved is no variable, or a name is no string.
        ValueError: two variables have one name, or one variable has two names.
    """
    named = var_list if isinstance(var_list, dict) else _by_name(var_list)
    for name in named:
        if not isinstance(name, str):
            raise TypeError(
                "names_to_saveables must be a dict mapping string names to trackable operations. "
                f"Name is not a string: {name}"
            )
    saveables: list[SaveableObject] = []
    seen: set[int] = set()
    for name, item in sorted(named.items(), key=lambda pair: pair[0]):
        for saveable in _saveables(item, name):
            if id(saveable.op) in seen:
                raise ValueError(f"The same saveable will be restored with two names: {saveable.name}")
            saveables.append(saveable)
            seen.add(id(saveable.op))
    return saveables


def _by_name(var_list: Any) -> dict[str, Any]:
    if not isinstance(var_list, (list, tuple, set)):
        raise TypeError(f"Variables to save should be passed in a dict or a list: {var_list}")
    named: dict[str, Any] = {}
    for item in sorted(var_list, key=_name_of):
        part_of = getattr(item, "_save_slice_info", None)
        if isinstance(item, (SaveableObject, PartitionedVariable)):
            name = item.name
        elif part_of is not None:
            name = part_of.full_name
            if isinstance(named.setdefault(name, []), list):
                named[name].append(item)
                continue
            raise ValueError(f"Mixing slices and non-slices with the same name: {name}")
        else:
            item = convert_to_tensor(item, as_ref=True)
            if not _is_reference(item):
                raise TypeError(f"Variable to save is not a Variable: {item}")
            name = item.op.name
        if name in named:
            raise ValueError(f"At least two variables have the same name: {name}")
        named[name] = item
    return named


def _name_of(item: Any) -> str:
    name = getattr(item, "name", None)
    if not isinstance(name, str):
        raise TypeError(f"Variable to save is not a Variable: {item!r}")
    return name


def _is_reference(tensor: Tensor) -> bool:
    return tensor.op.type == "VariableV2"


def _saveables(item: Any, name: str) -> Iterator[SaveableObject]:
    if isinstance(item, SaveableObject):
        yield item
    elif isinstance(item, (list, tuple, PartitionedVariable)):
        yield from _parts(list(item), name)
    else:
        reference = convert_to_tensor(item, as_ref=True)
        if not _is_reference(reference):
            raise TypeError(
                "names_to_saveables must be a dict mapping string names to Tensors/Variables. "
                f"Not a variable: {reference}"
            )
        yield VariableSaveable(reference, "", name)


def _parts(parts: Sequence[Any], name: str) -> Iterator[SaveableObject]:
    whole = None
    for part in parts:
        if isinstance(part, SaveableObject):
            yield part
            continue
        if not isinstance(part, Variable):
            raise ValueError(f"Slices must all be Variables: {part}")
        if part._save_slice_info is None:
            raise ValueError(f"Slices must all be slices: {part}")
        whole = whole or part._save_slice_info.full_name
        if whole != part._save_slice_info.full_name:
            raise ValueError(
                f"Slices must all be from the same tensor: {whole} != {part._save_slice_info.full_name}"
            )
        yield VariableSaveable(part, part._save_slice_info.spec, name)
