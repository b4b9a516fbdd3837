"""Checkpoints beside a Saver: looked into, waited for, and taken as variables' initial values."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterator, Sequence
from typing import Any

from . import logging
from .checkpoint_management import latest_checkpoint
from .checkpoint_reader import CheckpointReader, NewCheckpointReader
from .ops.checkpoint import restore_v2
from .saveable import VariableSaveable
from .variable_scope import variable_store
from .variables import INITIAL_VALUES, Variable


def _prefix_of(ckpt_dir_or_file: str) -> str | None:
    if os.path.isdir(ckpt_dir_or_file):
        return latest_checkpoint(ckpt_dir_or_file)
    return ckpt_dir_or_file


def load_checkpoint(ckpt_dir_or_file: str) -> CheckpointReader:
    """Look into a checkpoint, or the latest of a directory (TF1 symbol: `tf.train.load_checkpoint`).

    Raises:
        ValueError: there is no checkpoint in the directory.
    """
    prefix = _prefix_of(ckpt_dir_or_file)
    if prefix is None:
        raise ValueError(
            f"Couldn't find 'checkpoint' file or checkpoints in given directory {ckpt_dir_or_file}"
        )
    return NewCheckpointReader(prefix)


def load_variable(ckpt_dir_or_file: str, name: str) -> Any:
    """A variable's value in a checkpoint (TF1 symbol: `tf.train.load_variable`)."""
    return load_checkpoint(ckpt_dir_or_file).get_tensor(name.removesuffix(":0"))


def list_variables(ckpt_dir_or_file: str) -> list[tuple[str, list[int]]]:
    """(name, shape) of each variable in a checkpoint (TF1 symbol: `tf.train.list_variables`)."""
    return sorted(load_checkpoint(ckpt_dir_or_file).get_variable_to_shape_map().items())


# -- waiting
def wait_for_new_checkpoint(
    checkpoint_dir: str,
    last_checkpoint: str | None = None,
    seconds_to_sleep: float = 1,
    timeout: float | None = None,
) -> str | None:
    """The latest checkpoint of a directory as soon as it is another than the last one; None after `timeout`
    seconds.
    """
    logging.info("Waiting for new checkpoint at %s", checkpoint_dir)
    end = None if timeout is None else time.monotonic() + timeout
    while True:
        found = latest_checkpoint(checkpoint_dir)
        if found is not None and found != last_checkpoint:
            logging.info("Found new checkpoint at %s", found)
            return found
        if end is not None and time.monotonic() + seconds_to_sleep > end:
            return None
        time.sleep(seconds_to_sleep)


def checkpoints_iterator(
    checkpoint_dir: str,
    min_interval_secs: float = 0,
    timeout: float | None = None,
    timeout_fn: Callable[[], bool] | None = None,
) -> Iterator[str]:
    """Each new checkpoint of a directory as it appears (TF1 symbol: `tf.train.checkpoints_iterator`).

    Args:
        min_interval_secs: the least time between two of them.
        timeout: how many seconds to wait for one; None is without end.
        timeout_fn: called when that time is over; the wait goes on unless it says that there are no more.
    """
    last = None
    while True:
        found = wait_for_new_checkpoint(checkpoint_dir, last, timeout=timeout)
        if found is None:
            if timeout_fn is None:
                logging.info("Timed-out waiting for a checkpoint.")
                return
            if timeout_fn():
                return
            continue
        began, last = time.monotonic(), found
        yield found
        time.sleep(max(0.0, began + min_interval_secs - time.monotonic()))


# -- initial values
def init_from_checkpoint(ckpt_dir_or_file: str, assignment_map: dict[str, Any]) -> None:
    """Make variables take their initial values from a checkpoint (TF1 symbol:
    `tf.train.init_from_checkpoint`).

    Args:
        ckpt_dir_or_file: a checkpoint, or a directory for its latest one.
        assignment_map: from names in the checkpoint to variables, lists of parts of one, or names; a name
            that ends in '/' is a scope, all of whose variables are found under the scope it is mapped to.

    Raises:
        ValueError: the checkpoint has no such tensor, or one of another shape.
    """
    reader = load_checkpoint(ckpt_dir_or_file)
    prefix = _prefix_of(ckpt_dir_or_file)
    shapes = reader.get_variable_to_shape_map()
    store = variable_store()
    for name, target in sorted(assignment_map.items(), key=lambda pair: pair[0]):
        variable = _variables_of(target, store)
        if variable is None:
            for found_name, found in _of_scope(name, str(target), store, shapes, ckpt_dir_or_file):
                _initialize(found, prefix, found_name)
            continue
        if name not in shapes:
            raise ValueError(f"Tensor {name} is not found in {ckpt_dir_or_file} checkpoint {shapes}")
        if isinstance(variable, Variable) and not variable.shape.is_compatible_with(shapes[name]):
            raise ValueError(
                f"Shape of variable {variable.name} ({variable.shape}) doesn't match with shape of tensor "
                f"{name} ({shapes[name]}) from checkpoint reader."
            )
        _initialize(variable, prefix, name)


def _variables_of(target: Any, store: Any) -> Any:
    """The variable, or the list of the parts of one, that is meant; None for a scope."""
    if isinstance(target, Variable):
        return target
    if not isinstance(target, str):
        return list(target)
    if target in store.variables:
        return store.variables[target]
    found = store.partitioned.get(target)
    return None if found is None else list(found)


def _of_scope(
    name: str, target: str, store: Any, shapes: dict[str, Any], where: str
) -> Iterator[tuple[str, Any]]:
    scope = target.rpartition("/")[0]
    if not name.endswith("/"):
        raise ValueError(
            f"Assignment map with scope only name {scope} should map to scope only {name}. Should be "
            "'scope/': 'other_scope/'."
        )
    whole = {key: variable for key, variable in store.variables.items() if variable._save_slice_info is None}
    whole.update({key: list(parts) for key, parts in store.partitioned.items()})
    for key in sorted(whole):
        if scope and not key.startswith(f"{scope}/"):
            continue
        rest = key[len(scope) + 1 :] if scope else key
        full = (rest if name == "/" else name + rest).rstrip("/")
        if full not in shapes:
            raise ValueError(f"Tensor {full} ({rest} in {name}) is not found in {where} checkpoint")
        yield full, whole[key]


def _initialize(variable: Any, prefix: str | None, name: str) -> None:
    if isinstance(variable, Variable):
        _initialize_one(variable, prefix, name, "")
        return
    infos = [part._get_save_slice_info() for part in variable]
    wholes = {info.full_name for info in infos}
    if len(wholes) > 1:
        raise ValueError(f"Slices must all be from the same tensor: {' != '.join(sorted(wholes))}")
    for part, info in zip(variable, infos, strict=True):
        _initialize_one(part, prefix, name, info.spec)


def _initialize_one(variable: Variable, prefix: str | None, name: str, spec: str) -> None:
    graph = variable.graph
    with graph.as_default(), graph.control_dependencies(None), graph.device("/device:CPU:0"):
        value = restore_v2(
            prefix, [name], [spec], [variable.dtype.base_dtype], name="checkpoint_initializer"
        )[0]
        value.set_shape(variable.shape)
        assigned = VariableSaveable(variable, spec, variable.op.name).restore([value], None)
    variable._initializer = assigned.op
    variable._initial_value = value
    # What other variables' initial values find for this one.
    graph.add_to_collection(INITIAL_VALUES, (variable._variable, value))


def assign_from_checkpoint_fn(
    model_path: str,
    var_list: Sequence[Any] | dict[str, Any],
    ignore_missing_vars: bool = False,
    reshape_variables: bool = False,
) -> Callable[[Any], None]:
    """A function of a session that restores variables (TF1 symbol:
    `tf.contrib.framework.assign_from_checkpoint_fn`).

    Raises:
        ValueError: there are no variables to restore.
    """
    from .saver import Saver

    if not var_list:
        raise ValueError("var_list cannot be empty")
    if ignore_missing_vars:
        reader = NewCheckpointReader(model_path)
        named = var_list if isinstance(var_list, dict) else {item.op.name: item for item in var_list}
        missing = [name for name in named if not reader.has_tensor(name)]
        for name in missing:
            logging.warning("Variable %s missing in checkpoint %s", name, model_path)
        var_list = {name: item for name, item in named.items() if name not in missing}
        if not var_list:
            logging.warning("No Variables to restore")
            return lambda session: None
    saver = Saver(var_list, reshape=reshape_variables)
    return lambda session: saver.restore(session, model_path)
