"""Operations that write and read checkpoints: what the nodes of a `tf.train.Saver` evaluate to."""

from __future__ import annotations

import contextlib
import glob
import itertools
import math
import os
from collections.abc import Mapping, Sequence
from typing import Any

import ml_dtypes
import numpy as np
import torch

from ostinato.checkpoint import Checkpoint, CheckpointError, TensorInfo, load_checkpoint, save_checkpoint
from ostinato.checkpoint.paths import exists

from .. import errors
from ..dtypes import as_dtype, string
from ..graph import name_scope
from ..names import nearest
from ..registry import OutputTypes, constant_value, register
from ..shapes import TensorShape
from ..slices import parse_spec
from ..tensor import Operation, Tensor
from .core import constant, make, one

_WITHOUT_RESULT = {"stateful": True, "differentiable": False}


# -- making the nodes
def save_v2(prefix: Tensor, names: Sequence[str], slices: Sequence[str], tensors: Sequence[Any]) -> Operation:
    """A node that saves tensors, or the named parts of wholes, as the checkpoint `prefix`."""
    with name_scope("SaveV2") as scope:
        described = _described(names, slices)
        return make("SaveV2", [prefix, *described, *tensors], scope)


def restore_v2(
    prefix: Any, names: Sequence[str], slices: Sequence[str], dtypes: Sequence[Any], name: str = "RestoreV2"
) -> list[Tensor]:
    """Tensors, or parts of them, from the checkpoint `prefix`."""
    with name_scope(name) as scope:
        path = prefix if isinstance(prefix, Tensor) else constant(prefix, string, name="prefix")
        types = [as_dtype(dtype).base_dtype.name for dtype in dtypes]
        return make("RestoreV2", [path, *_described(names, slices)], scope, dtypes=types).outputs


def _described(names: Sequence[str], slices: Sequence[str]) -> list[Tensor]:
    return [
        constant(np.array(list(names), dtype=object), string, name="tensor_names"),
        constant(np.array(list(slices), dtype=object), string, name="shape_and_slices"),
    ]


def sharded_filename(prefix: Tensor, shard: int, count: Tensor) -> Tensor:
    with name_scope("ShardedFilename") as scope:
        return one("ShardedFilename", [prefix, constant(shard, name="shard"), count], scope)


def string_join(prefix: Tensor, suffix: str) -> Tensor:
    with name_scope("StringJoin") as scope:
        return one("StringJoin", [prefix, constant(suffix, name="inputs_1")], scope)


def merge_v2_checkpoints(prefixes: Sequence[Tensor], destination: Tensor) -> Operation:
    """A node that makes one checkpoint of several, which are gone after it."""
    with name_scope("MergeV2Checkpoints") as scope:
        packed = one("Pack", list(prefixes), "checkpoint_prefixes", axis=0)
        return make("MergeV2Checkpoints", [packed, destination], scope)


# -- what they do
def _restore_rule(inputs: Sequence[Tensor], attributes: dict[str, Any]) -> OutputTypes:
    slices = constant_value(inputs[2])
    texts = [None] * len(attributes["dtypes"]) if slices is None else [item.decode() for item in slices]
    shapes = [
        TensorShape([part.stop - part.start for part in parse_spec(text)[1]]) if text else TensorShape(None)
        for text in texts
    ]
    return [(as_dtype(dtype), shape) for dtype, shape in zip(attributes["dtypes"], shapes, strict=True)]


def _text(value: np.ndarray) -> str:
    return os.fsdecode(value.item())


def _place(operation: Operation) -> str:
    return f"\n\t [[node {operation.name} ({operation.type})]]"


def _save(
    run: Any, operation: Operation, prefix: np.ndarray, names: np.ndarray, slices: np.ndarray, *tensors: Any
) -> Sequence[Any]:
    whole: dict[str, Any] = {}
    parts: dict[str, list[tuple[str, np.ndarray]]] = {}
    for key, spec, tensor in zip(names, slices, tensors, strict=True):
        name = key.decode()
        if name in whole or (name in parts and not spec):
            raise errors.InvalidArgumentError(
                None, operation, f"Adding duplicate key: {name}{_place(operation)}"
            )
        if spec:
            parts.setdefault(name, []).append((spec.decode(), to_array(tensor)))
        else:
            whole[name] = to_array(tensor)
    for name, found in parts.items():
        whole[name] = _joined(operation, name, found)
    write_checkpoint(_text(prefix), whole, operation)
    return ()


def _joined(operation: Operation, name: str, parts: Sequence[tuple[str, np.ndarray]]) -> np.ndarray:
    """The whole that parts make up."""
    places = [parse_spec(spec) for spec, _ in parts]
    shape = places[0][0]
    if any(of != shape for of, _ in places) or any(
        _overlap(first, second) for (_, first), (_, second) in itertools.combinations(places, 2)
    ):
        specs = ", ".join(spec for spec, _ in parts)
        raise errors.InvalidArgumentError(
            None,
            operation,
            f"The parts of {name} overlap or are not of one whole: {specs}{_place(operation)}",
        )
    there, wanted = sum(array.size for _, array in parts), math.prod(shape)
    if there != wanted:
        raise errors.InvalidArgumentError(
            None,
            operation,
            f"Only {there} of the {wanted} elements of the partitioned variable {name} are among the "
            f"variables to save; give the Saver all of its parts.{_place(operation)}",
        )
    joined = np.empty(shape, parts[0][1].dtype)
    for (_, place), (_, array) in zip(places, parts, strict=True):
        joined[place] = array
    return joined


def _overlap(first: Sequence[slice], second: Sequence[slice]) -> bool:
    return all(a.start < b.stop and b.start < a.stop for a, b in zip(first, second, strict=True))


def write_checkpoint(prefix: str, tensors: Mapping[str, Any], operation: Operation | None = None) -> None:
    """Save a checkpoint, in a directory that is made where only it is missing, with TensorFlow's errors."""
    place = "" if operation is None else _place(operation)
    directory = os.path.dirname(prefix)
    try:
        if directory and not os.path.isdir(directory):
            os.mkdir(directory)
        save_checkpoint(prefix, tensors)
    except OSError as problem:
        reason = f"{problem.filename or prefix}: {problem.strerror or problem}"
        raise errors.error_of(problem)(None, operation, f"{reason}{place}") from problem


def open_checkpoint(prefix: str, operation: Operation | None = None) -> Checkpoint:
    """The checkpoint of just this prefix, with TensorFlow's errors."""
    place = "" if operation is None else _place(operation)
    if os.path.isdir(prefix) and not os.path.exists(f"{prefix}.index"):
        raise errors.DataLossError(
            None,
            operation,
            f"Unable to open table file {prefix}: Is a directory: pass the prefix of a checkpoint in it, "
            f"which tf.train.latest_checkpoint tells.{place}",
        )
    try:
        if not exists(prefix):
            raise errors.NotFoundError(
                None,
                operation,
                "Unsuccessful TensorSliceReader constructor: Failed to find any matching files for "
                f"{prefix}{place}",
            )
        checkpoint = load_checkpoint(prefix)
    except (CheckpointError, OSError) as problem:
        raise unreadable(problem, operation) from problem
    if os.path.abspath(checkpoint.prefix) != os.path.abspath(prefix):
        raise errors.DataLossError(
            None,
            operation,
            f"Unable to open table file {prefix}: it belongs to the checkpoint {checkpoint.prefix}; pass "
            f"that prefix.{place}",
        )
    return checkpoint


def unreadable(problem: Exception, operation: Operation | None) -> Exception:
    """The exception of TensorFlow for files that cannot be read."""
    place = "" if operation is None else _place(operation)
    cause = problem.__cause__ if isinstance(problem, CheckpointError) else problem
    if isinstance(cause, FileNotFoundError):
        return errors.NotFoundError(None, operation, f"{problem}{place}")
    if isinstance(cause, PermissionError):
        return errors.PermissionDeniedError(None, operation, f"{problem}{place}")
    return errors.DataLossError(None, operation, f"{problem}{place}")


def _restore(
    run: Any, operation: Operation, prefix: np.ndarray, names: np.ndarray, slices: np.ndarray
) -> Sequence[Any]:
    texts = [name.decode() for name in names]
    wanted = list(zip(texts, [spec.decode() for spec in slices], operation.attributes["dtypes"], strict=True))
    with open_checkpoint(_text(prefix), operation) as checkpoint:
        for name, spec, dtype in wanted:
            if name not in checkpoint:
                raise errors.NotFoundError(
                    None,
                    operation,
                    f"Key {name} not found in checkpoint{nearest(name, checkpoint)}{_place(operation)}",
                )
            _check(operation, checkpoint.info(name), spec, dtype)
        try:
            arrays = checkpoint.read(list(dict.fromkeys(texts)))
        except (CheckpointError, OSError) as problem:
            raise unreadable(problem, operation) from problem
    values = []
    handed_out: set[str] = set()
    for name, spec, _ in wanted:
        array = arrays[name][parse_spec(spec)[1]] if spec else arrays[name]
        # Two variables must not share memory.
        values.append(to_value(array.copy() if spec or name in handed_out else array))
        handed_out.add(name)
    return values


def _check(operation: Operation, info: TensorInfo, spec: str, dtype: str) -> None:
    if info.dtype_name != dtype:
        try:
            found = as_dtype(info.dtype_name).message_name
        except TypeError:
            found = info.dtype_name
        raise errors.InvalidArgumentError(
            None,
            operation,
            f"tensor_name = {info.name}; expected dtype {as_dtype(dtype).message_name} does not equal "
            f"original dtype {found}{_place(operation)}",
        )
    if spec and parse_spec(spec)[0] != info.shape:
        raise errors.InvalidArgumentError(
            None,
            operation,
            f"tensor_name = {info.name}; shape in shape_and_slice spec "
            f"{TensorShape(parse_spec(spec)[0]).bracketed()} does not match the shape stored in checkpoint: "
            f"{TensorShape(info.shape).bracketed()}{_place(operation)}",
        )


def to_array(value: Any) -> np.ndarray:
    """A value of a run as numpy has it, sharing its memory where that can be."""
    if isinstance(value, np.ndarray):
        return value
    value = value.detach().cpu().contiguous()
    if value.dtype is torch.bfloat16:
        return value.view(torch.int16).numpy().view(ml_dtypes.bfloat16)
    return value.numpy()


def to_value(array: np.ndarray) -> Any:
    """An array as a value of a run; it owns the array from then on."""
    if array.dtype == object:
        return array
    if array.dtype == ml_dtypes.bfloat16:
        return torch.from_numpy(array.view(np.int16)).view(torch.bfloat16)
    return torch.from_numpy(array)


def _merge(run: Any, operation: Operation, prefixes: np.ndarray, destination: np.ndarray) -> Sequence[Any]:
    tensors: dict[str, Any] = {}
    paths = [os.fsdecode(prefix) for prefix in prefixes]
    for path in paths:
        with open_checkpoint(path, operation) as checkpoint:
            tensors.update(checkpoint.read())
    write_checkpoint(_text(destination), tensors, operation)
    for path in paths:
        if os.path.abspath(path) != os.path.abspath(_text(destination)):
            remove_files(path)
    for directory in dict.fromkeys(os.path.dirname(path) for path in paths):
        with contextlib.suppress(OSError):  # what else is in it keeps it
            os.rmdir(directory)
    return ()


def remove_files(prefix: str) -> None:
    """Delete the files of a V2 checkpoint that are there."""
    # The index first: without it there is no checkpoint, where data without an index is half of one.
    for path in [f"{prefix}.index", *glob.glob(f"{glob.escape(prefix)}.data-?????-of-?????")]:
        with contextlib.suppress(FileNotFoundError):
            os.unlink(path)


def _sharded(prefix: np.ndarray, shard: torch.Tensor, count: torch.Tensor) -> np.ndarray:
    return np.array(b"%b-%05d-of-%05d" % (prefix.item(), int(shard), int(count)), dtype=object)


def _scalar_string(inputs: Sequence[Tensor], attributes: dict[str, Any]) -> OutputTypes:
    return [(string, TensorShape([]))]


register("SaveV2", _save, lambda inputs, attributes: [], **_WITHOUT_RESULT)
register("RestoreV2", _restore, _restore_rule, **_WITHOUT_RESULT)
register("MergeV2Checkpoints", _merge, lambda inputs, attributes: [], **_WITHOUT_RESULT)
register("ShardedFilename", _sharded, _scalar_string, differentiable=False)
register(
    "StringJoin",
    lambda *parts: np.array(b"".join(part.item() for part in parts), dtype=object),
    _scalar_string,
    differentiable=False,
)
