"""Which tensors `ostinato convert` writes under which names, and what it leaves out."""

from __future__ import annotations

import argparse
import difflib
from collections.abc import Sequence
from dataclasses import dataclass, replace
from fnmatch import fnmatchcase

from ostinato.cli.convert_files import Input, Kind, Layout, why_not_written
from ostinato.cli.convert_report import left_out
from ostinato.cli.errors import CommandError
from ostinato.cli.variable_table import printable
from ostinato.interop import object_names
from ostinato.interop.conversion import (
    Planned,
    Refused,
    Tensors,
    as_they_are,
    to_tensorflow_names,
    to_torch_names,
)
from ostinato.interop.recognition import is_optimizer_slot, recurrent_cells
from ostinato.interop.tensors import CheckpointTensors, SomeTensors
from ostinato.interop.torch_names import torch_modules, weights_of

_TORCH_DEFAULT: dict[Kind, Layout] = {"torch": "torch", "checkpoint": "tf"}


@dataclass(frozen=True)
class Plan:
    """What is written.

    Attributes:
        layout: whose names and layout it has.
        planned: the tensors.
        remarks: lines about what is left out.
    """

    layout: Layout
    planned: Sequence[Planned]
    remarks: Sequence[str]


def make_plan(source: Input, kind: Kind, arguments: argparse.Namespace) -> Plan:
    """The plan for a file of `kind` by the command's `arguments`.

    Raises:
        CommandError: an option does not fit, or something cannot be converted; the message says what.
    """
    layout: Layout = arguments.layout or _TORCH_DEFAULT.get(kind, source.layout)
    if kind == "checkpoint" and layout == "torch":
        raise CommandError(
            "a TensorFlow checkpoint has TensorFlow's layout: --layout torch is for other files"
        )
    changes = layout != source.layout
    if arguments.forget_bias is not None and not changes:
        raise CommandError("--forget-bias is for conversions between TensorFlow's layout and torch's")
    if arguments.scope is not None and not (changes and layout == "tf"):
        raise CommandError("--scope is for a torch state dict that becomes TensorFlow's variables")
    names, remarks = _selected(source, kind, arguments)
    if changes and layout == "torch":
        _check_whole_cells(source, names)
    _check_readable(source, names)
    tensors = SomeTensors(source.tensors, names)
    forget_bias = 1.0 if arguments.forget_bias is None else arguments.forget_bias
    try:
        if not changes:
            planned = as_they_are(tensors)
        elif layout == "torch":
            planned = to_torch_names(tensors, forget_bias)
        else:
            planned = to_tensorflow_names(tensors, forget_bias, arguments.scope)
    except Refused as refused:
        raise CommandError(
            f"torch has no such module: {printable(str(refused))}. Keep TensorFlow's names and arrays with "
            "--layout tf, or leave it out with --exclude",
            exit_code=1,
        ) from None
    except ValueError as error:
        raise CommandError(printable(str(error).rstrip(".")), exit_code=1) from None
    if changes:
        remarks += _taken_for_granted(tensors, layout, arguments.forget_bias is None)
    planned = _renamed(planned, arguments.rename)
    _check_writable(planned, kind)
    return Plan(layout, planned, remarks)


def _selected(source: Input, kind: Kind, arguments: argparse.Namespace) -> tuple[list[str], list[str]]:
    """The names of the tensors that go on, and lines about the others."""
    names = everything = source.tensors.names()
    for option, globs in (("--only", arguments.only), ("--exclude", arguments.exclude)):
        for glob in globs:
            if not any(fnmatchcase(name, glob) for name in everything):
                close = difflib.get_close_matches(glob, everything, n=2)
                hint = f"; the nearest names are {', '.join(map(repr, close))}" if close else ""
                raise CommandError(f"{option} {glob!r} matches nothing{printable(hint)}")
    noun = "variables" if source.layout == "tf" else "tensors"
    what = "entry that is no tensor" if len(source.others) == 1 else "entries that are no tensors"
    remarks = left_out(source.others, what, "")

    def drop(dropped: set[str], what: str, hint: str = "") -> None:
        nonlocal names
        gone = [name for name in names if name in dropped]
        names = [name for name in names if name not in dropped]
        remarks.extend(left_out(gone, f"{noun[: -1 if len(gone) == 1 else None]} {what}", hint))

    if arguments.only:
        kept = {name for name in names if any(fnmatchcase(name, glob) for glob in arguments.only)}
        drop(set(names) - kept, "that --only does not name")
    drop(
        {name for name in names if any(fnmatchcase(name, glob) for glob in arguments.exclude)},
        "that --exclude names",
    )
    if source.layout == "tf" and not arguments.with_optimizer:
        known = set(everything)
        slots = {name for name in names if is_optimizer_slot(name, known)}
        drop(slots, "of optimizers and moving averages", "; --with-optimizer keeps them")
    if kind != "checkpoint":
        drop({object_names.GRAPH}, "of TensorFlow 2's own")  # it means nothing elsewhere
    if not names:
        raise CommandError(
            "nothing is left to write: " + "; ".join(remarks)
            if remarks
            else f"{printable(source.path)} has no tensors"
        )
    return names, remarks


def _check_readable(source: Input, names: Sequence[str]) -> None:
    if isinstance(source.tensors, CheckpointTensors):
        for name in names:
            kind = source.tensors.unreadable(name)
            if kind is not None:
                raise CommandError(
                    f"'{printable(name)}' is of type {kind}, which only TensorFlow can read: leave it out "
                    "with --exclude",
                    exit_code=1,
                )


def _check_whole_cells(source: Input, names: Sequence[str]) -> None:
    """Raise where a recurrent cell is cut in two: its parts alone would be taken for something else."""
    tensors, chosen = source.tensors, set(names)
    for cell in recurrent_cells({name: tensors.shape(name) for name in tensors.names()}):
        missing = [name for name in cell.variables.values() if name not in chosen]
        if missing and len(missing) < len(cell.variables):
            raise CommandError(
                f"'{printable(cell.scope)}' is a recurrent cell, and would be left without "
                f"'{printable(missing[0])}': name all of it, or nothing of it"
            )


def _taken_for_granted(tensors: Tensors, layout: Layout, default: bool) -> list[str]:
    """What the files do not say about recurrent cells."""
    shapes = {name: tensors.shape(name) for name in tensors.names()}
    if layout == "tf":
        if default and any(weights.kind == "LSTM" for weights in weights_of(shapes)):
            return [
                "make the LSTM cells with forget_bias=1.0, as by default, or choose it with --forget-bias"
            ]
        return []
    modules = torch_modules(recurrent_cells(shapes))
    remarks = [
        f"'{printable(module.cells[0].scope)}' is a module of its own: torch has none for its stack or pair"
        for module in modules
        if module.apart
    ]
    if modules:
        assumed = ["tanh", "no clips", "no residual connections"]
        if default and any(cell.family == "LSTM" for module in modules for cell in module.cells):
            assumed.insert(0, "forget_bias 1.0 (--forget-bias)")
        remarks.append(f"a checkpoint does not say, so this was assumed: {', '.join(assumed)}")
    return remarks


def _renamed(planned: Sequence[Planned], renamings: Sequence[tuple[str, str]]) -> list[Planned]:
    used = set()
    result = []
    for tensor in planned:
        for index, (old, new) in enumerate(renamings):
            if tensor.name.startswith(old):
                used.add(index)
                tensor = replace(tensor, name=new + tensor.name[len(old) :])
                break
        result.append(tensor)
    for index, (old, new) in enumerate(renamings):
        if index not in used:
            raise CommandError(
                f"--rename {old}={new}: no name that would be written begins with {old!r}"
                + (" that an earlier --rename left" if index else "")
                + "; --dry-run shows them"
            )
    return result


def _check_writable(planned: Sequence[Planned], kind: Kind) -> None:
    origins: dict[str, str] = {}
    for tensor in planned:
        if tensor.name in origins:
            raise CommandError(
                f"'{printable(origins[tensor.name])}' and '{printable(tensor.origin)}' would both be "
                f"written as '{printable(tensor.name)}': give one another name with --rename"
            )
        origins[tensor.name] = tensor.origin
        reason = why_not_written(tensor, kind)
        if reason is not None:
            raise CommandError(f"{reason}: leave it out with --exclude, or choose with --only", exit_code=1)
