"""What a path holds, as `ostinato inspect` tells of it: opened, or said why not."""

from __future__ import annotations

import os
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from ostinato.checkpoint import Checkpoint, CheckpointError, load_checkpoint, read_checkpoint_state
from ostinato.cli import file_kinds, folders
from ostinato.cli.errors import CommandError
from ostinato.cli.protobuf_kinds import tensorflow_version
from ostinato.cli.safetensors_header import DamagedHeader, looks_like_safetensors, read_variables
from ostinato.cli.variable_table import Variable, printable
from ostinato.interop import object_names
from ostinato.interop.cell_names import natural_order
from ostinato.interop.cell_wrappers import WrapperVariables, cell_wrappers
from ostinato.interop.recognition import RecurrentCell, is_optimizer_slot, recurrent_cells

_STEPS = re.compile(
    rf"(?:.*/)?(?:global_step|(?:step|optimizer/iter|optimizer/_iterations){re.escape(object_names.VARIABLE)})"
)


@dataclass(frozen=True)
class Contents:
    """What was found at a path.

    Attributes:
        path: what was named.
        kind: "checkpoint" or "safetensors".
        prefix: the checkpoint's prefix, or the file.
        format: "V1", "V2", or None for safetensors.
        data_files: how many files the tensors are in.
        bytes_on_disk: of all its files.
        variables: the variables, in order of name.
        cells: the recurrent cells recognised.
        wrappers: what is wrapped around them and has variables of its own.
        tensorflow_version: of the graph that was saved with it, or None.
        producer: the version of the checkpoint's format, or None.
        global_step: its value; or a sentence about why it cannot be read; or None.
        siblings: how many checkpoints the state file lists that are there, where a folder or it was named.
    """

    path: str
    kind: str
    prefix: str
    format: str | None
    data_files: int
    bytes_on_disk: int
    variables: Sequence[Variable]
    cells: Sequence[RecurrentCell]
    wrappers: Sequence[WrapperVariables]
    tensorflow_version: str | None = None
    producer: int | None = None
    global_step: int | str | None = None
    siblings: int | None = None


def open_contents(path: str) -> Contents:
    """What is at `path`.

    Raises:
        CommandError: it is nothing that can be listed; the message says what it is instead. Its exit code is
            2 for a path that names no checkpoint, 1 for a checkpoint that is damaged.
    """
    try:
        try:
            with load_checkpoint(path) as checkpoint:
                return _checkpoint(path, checkpoint)
        except CheckpointError as error:
            if os.path.isfile(path) and _is_safetensors(path):
                return _safetensors(path)
            raise _explained(path, error) from None
    except (OSError, ValueError) as error:  # ValueError: a path with a zero byte
        reason = error.strerror if isinstance(error, OSError) else str(error)
        raise CommandError(f"cannot read {printable(path)}: {reason}") from None


def _checkpoint(path: str, checkpoint: Checkpoint) -> Contents:
    infos = {name: checkpoint.info(name) for name in sorted(checkpoint, key=natural_order)}
    slots = {name for name in infos if is_optimizer_slot(name, infos)}
    model = {name: info.shape for name, info in infos.items() if name not in slots}
    cells = recurrent_cells(model)
    repeated = repeated_weights(model, cells)
    variables = []
    for name, info in infos.items():
        # An integer by itself counts something: steps, saves. It is no parameter, and a text is none.
        counts = info.dtype_name == "string" or (info.shape == () and info.dtype.kind in "iu")
        parameters = None if counts or name in repeated else info.size
        variables.append(
            Variable(
                name, info.shape, info.dtype_name, parameters, info.nbytes, info.partitions, name in slots
            )
        )
    return Contents(
        path=path,
        kind="checkpoint",
        prefix=_as_named(path, checkpoint.prefix),
        format=checkpoint.format,
        data_files=checkpoint.shards,
        bytes_on_disk=sum(map(_size, _files(checkpoint))),
        variables=variables,
        cells=cells,
        wrappers=cell_wrappers(model),
        tensorflow_version=_version(checkpoint.prefix),
        producer=checkpoint.producer,
        global_step=_global_step(checkpoint),
        siblings=_siblings(path),
    )


def repeated_weights(names: Iterable[str], cells: Sequence[RecurrentCell]) -> set[str]:
    """Variables whose weights are in others already: cuDNN's layers are saved as they are in its memory, too.

    >>> cell = RecurrentCell("lstm/rnn/cudnn_compatible_lstm_cell", "CudnnCompatibleLSTM", 3, 4, {})
    >>> repeated_weights(["lstm/opaque_kernel", "other/opaque_kernel"], [cell])
    {'lstm/opaque_kernel'}
    """
    # A layer's scope is a few parts above those of its cells.
    split = [cell.scope.split("/") for cell in cells]
    layers = {
        "/".join(parts[:depth]) for parts in split for depth in range(max(len(parts) - 8, 0), len(parts))
    }
    opaque = {f"{layer}/opaque_kernel" if layer else "opaque_kernel" for layer in layers}
    return opaque.intersection(names)


def _as_named(path: str, prefix: str) -> str:
    """The prefix below the folder that was named: a state file may have it with another, longer folder."""
    folder = path if os.path.isdir(path) else os.path.dirname(path)
    parent, base = os.path.split(prefix)
    same = os.path.realpath(folder or ".") == os.path.realpath(parent or ".")
    return os.path.join(folder, base) if same else prefix


def _files(checkpoint: Checkpoint) -> list[str]:
    prefix, shards = checkpoint.prefix, checkpoint.shards
    if checkpoint.format == "V2":
        data = [f"{prefix}.data-{shard:05d}-of-{shards:05d}" for shard in range(shards)]
        return [f"{prefix}.index", *data]
    if shards == 1 and os.path.isfile(prefix):
        return [prefix]
    stem = re.sub(r"-\?{5}-of-(\?{5}|\d{5})$", "", prefix)  # TensorFlow's pattern for all files of one
    return [f"{stem}-{shard:05d}-of-{shards:05d}" for shard in range(shards)]


def _size(path: str) -> int:
    return os.path.getsize(path) if os.path.isfile(path) else 0


def _version(prefix: str) -> str | None:
    folder, base = os.path.split(prefix)
    graphs = [f"{prefix}.meta"]
    if base == "variables" and os.path.basename(folder) == "variables":
        graphs.append(os.path.join(os.path.dirname(folder), "saved_model.pb"))
    return next(
        (version for path in graphs if os.path.isfile(path) and (version := tensorflow_version(path))), None
    )


def _global_step(checkpoint: Checkpoint) -> int | str | None:
    steps = [
        name
        for name in checkpoint
        if _STEPS.fullmatch(name)
        and checkpoint.info(name).shape == ()
        and checkpoint.info(name).dtype.kind in "iu"
    ]
    if not steps:
        return None
    name = min(steps, key=lambda name: ("global_step" not in name, len(name)))
    try:
        return int(checkpoint[name])
    except CheckpointError as error:
        return f"not readable ({error})"


def _siblings(path: str) -> int | None:
    folder, name = (path, "checkpoint") if os.path.isdir(path) else os.path.split(path)
    try:
        state = (
            read_checkpoint_state(folder or ".", name) if os.path.isfile(os.path.join(folder, name)) else None
        )
    except CheckpointError:
        return None  # the path is a checkpoint's own file
    if state is None:
        return None
    there = {os.path.basename(prefix) for prefix in state.all_model_checkpoint_paths}
    return sum(
        os.path.isfile(os.path.join(folder, f"{base}.index")) or os.path.isfile(os.path.join(folder, base))
        for base in there
    )


def _is_safetensors(path: str) -> bool:
    with open(path, "rb") as file:
        return looks_like_safetensors(file.read(16), os.path.getsize(path))


def _safetensors(path: str) -> Contents:
    try:
        listed = read_variables(path)
    except DamagedHeader as error:
        reason = printable(f"{path}: a damaged safetensors file: {error}")
        raise CommandError(reason, exit_code=1) from None
    names = {variable.name for variable in listed}
    variables = [
        Variable(
            variable.name,
            variable.shape,
            variable.dtype,
            variable.parameters,
            variable.nbytes,
            optimizer=is_optimizer_slot(variable.name, names),
        )
        for variable in sorted(listed, key=lambda variable: natural_order(variable.name))
    ]
    model = _model(variables)
    return Contents(
        path=path,
        kind="safetensors",
        prefix=path,
        format=None,
        data_files=1,
        bytes_on_disk=os.path.getsize(path),
        variables=variables,
        cells=recurrent_cells(model),
        wrappers=cell_wrappers(model),
    )


def _model(variables: Sequence[Variable]) -> dict[str, tuple[int, ...]]:
    return {variable.name: variable.shape for variable in variables if not variable.optimizer}


def _explained(path: str, error: CheckpointError) -> CommandError:
    """What to tell of a path that `load_checkpoint` does not open."""
    shown = printable(path)
    if os.path.isdir(path):
        return _explained_folder(path, error)
    if not os.path.exists(path):
        stem, blamed = os.path.basename(path), os.path.basename(error.path)
        if error.path != path and blamed.startswith(stem):
            return _damaged(error)  # one of its files is there, and something is wrong with it
        if os.path.lexists(path):
            return CommandError(f"{shown} is a link to {printable(os.readlink(path))}, which is not there")
        if re.search(r"files|shards", error.reason):
            return CommandError(printable(str(error)), exit_code=1)  # a V1 checkpoint in several files
        return CommandError(folders.describe_missing(path))
    if not os.path.isfile(path):
        return CommandError(f"{shown} {file_kinds.describe(path)}")
    if folders.has_table(path) or error.path != path:
        return _damaged(error)
    description = file_kinds.describe(path)
    if description is not None:
        return CommandError(f"{shown} {description}")
    if path.endswith(".index") or ".data-" in os.path.basename(path):
        return _damaged(error)
    return CommandError(f"{shown} is no checkpoint, and of no other format that is known here")


def _explained_folder(folder: str, error: CheckpointError) -> CommandError:
    there = folders.checkpoints_in(folder)
    if os.path.realpath(error.path) != os.path.realpath(folder):
        gone = os.path.basename(error.path) == "checkpoint" and bool(there)
        return _damaged(error, f"; there is {folders.listed(there)}" if gone else "")
    if there:
        return CommandError(printable(str(error)))
    return CommandError(f"{printable(folder)} {folders.describe_folder(folder)}")


def _damaged(error: CheckpointError, more: str = "") -> CommandError:
    if os.path.isfile(error.path):
        empty_index = error.path.endswith(".index") and not os.path.getsize(error.path)
        stand_in = "is empty" if empty_index else file_kinds.stands_in(error.path)
        if stand_in is not None:
            return CommandError(f"{printable(error.path)} {stand_in}", exit_code=1)
    elif ".data-" in os.path.basename(error.path) and not os.path.lexists(error.path):
        reason = "is missing, and the values of the variables were in it; its index is there"
        return CommandError(f"{printable(error.path)} {reason}", exit_code=1)
    return CommandError(f"{printable(str(error))}{more}", exit_code=1)
