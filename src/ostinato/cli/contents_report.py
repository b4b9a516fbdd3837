"""What was found at a path, in words and tables, and as a JSON document."""

from __future__ import annotations

from typing import Any

from ostinato.cli.contents import Contents
from ostinato.cli.protobuf_kinds import OURS, writer_of
from ostinato.cli.variable_table import Variable, printable, readable_bytes, table
from ostinato.interop import object_names
from ostinato.interop.recognition import RecurrentCell


def report(contents: Contents, width: int | None, everything: bool = False) -> list[str]:
    """The lines for a person whose terminal has `width` columns (None: no terminal).

    The model comes first; `everything` lists what belongs to optimizers and moving averages after it.
    """
    model = [variable for variable in contents.variables if not variable.optimizer]
    others = [variable for variable in contents.variables if variable.optimizer]
    lines = _heading(contents)
    if not contents.variables:
        return [*lines, "", "It has no variables."]
    if model:
        lines += ["", *table(_shortened(model), width)]
    if others and (everything or not model):
        lines += ["", "optimizers and moving averages", *table(_shortened(others), width)]
    elif others:
        noun = "variable" if len(others) == 1 else "variables"
        size = readable_bytes(sum(variable.nbytes for variable in others))
        lines += [f"and {len(others):,} {noun} of optimizers and moving averages, {size} (--all lists them)"]
    listed = [*model, *others] if everything else model
    if any(variable.name.endswith(object_names.VARIABLE) for variable in listed):
        lines += ["", f"'...' at the end of a name stands for {object_names.VARIABLE}"]
    if any(variable.name.endswith("opaque_kernel") and variable.parameters is None for variable in model):
        lines += ["", "opaque_kernel has the weights of the cells once more, as cuDNN lays them out"]
    return [*lines, "", *_cells(contents)]


def _heading(contents: Contents) -> list[str]:
    name = printable(contents.prefix)
    if contents.kind == "safetensors":
        return [f"safetensors file {name}, {readable_bytes(contents.bytes_on_disk)}"]
    files = "1 data file" if contents.data_files == 1 else f"{contents.data_files:,} data files"
    facts = [f"format {contents.format}", files, f"{readable_bytes(contents.bytes_on_disk)} on disk"]
    if contents.tensorflow_version is not None:
        facts.append(f"saved by {printable(writer_of(contents.tensorflow_version))}")
    lines = [f"TensorFlow checkpoint {name}", "  " + ", ".join(facts)]
    if contents.siblings is not None and contents.siblings > 1:
        lines.append(f"  the latest of {contents.siblings:,} checkpoints")
    if contents.global_step is not None:
        lines.append(f"  global step {printable(str(contents.global_step))}")
    return lines


def _shortened(variables: list[Variable]) -> list[Variable]:
    """Variables by shorter names: TensorFlow 2 ends each in the same 28 characters."""
    return [
        Variable(
            f"{variable.name.removesuffix(object_names.VARIABLE)}...",
            variable.shape,
            variable.dtype,
            variable.parameters,
            variable.nbytes,
            variable.partitions,
        )
        if variable.name.endswith(object_names.VARIABLE)
        else variable
        for variable in variables
    ]


def _cells(contents: Contents) -> list[str]:
    lines = ["recurrent cells" if contents.cells else "no recurrent cells recognised"]
    lines += [f"  {_sentence(cell)}" for cell in contents.cells]
    if contents.wrappers:
        lines += ["", "wrappers"]
    for wrapper in contents.wrappers:
        sizes = f"{wrapper.inputs:,} to {wrapper.outputs:,}"
        lines.append(f"  {printable(wrapper.scope) or '(no scope)'}: {wrapper.wrapper}, {sizes}")
    return lines


def _sentence(cell: RecurrentCell) -> str:
    unit = "channel" if "Conv" in cell.family else "unit"
    parts = [
        cell.family,
        f"{cell.input_size:,} {'input' if cell.input_size == 1 else 'inputs'}",
        f"{cell.num_units:,} {unit if cell.num_units == 1 else f'{unit}s'}",
    ]
    if cell.num_proj is not None:
        parts.append(f"projected to {cell.num_proj:,}")
    if cell.use_peepholes:
        parts.append("peepholes")
    return f"{printable(cell.scope) or '(no scope)'}: {', '.join(parts)}"


def document(contents: Contents) -> dict[str, Any]:
    """The JSON document; `ostinato inspect --help` explains its keys."""
    model = [variable for variable in contents.variables if not variable.optimizer]
    others = [variable for variable in contents.variables if variable.optimizer]
    step = contents.global_step
    ours = (contents.tensorflow_version or "").startswith(OURS)
    return {
        "path": contents.path,
        "kind": contents.kind,
        "prefix": contents.prefix,
        "format": contents.format,
        "data_files": contents.data_files,
        "bytes_on_disk": contents.bytes_on_disk,
        "tensorflow_version": None if ours else contents.tensorflow_version,
        "producer": contents.producer,
        "global_step": step if isinstance(step, int) else None,
        "variables": [
            {
                "name": variable.name,
                "shape": list(variable.shape),
                "dtype": variable.dtype,
                "parameters": variable.parameters,
                "bytes": variable.nbytes,
                "partitions": variable.partitions,
                "optimizer": variable.optimizer,
            }
            for variable in contents.variables
        ],
        "totals": {
            "variables": len(model),
            "parameters": sum(variable.parameters or 0 for variable in model),
            "bytes": sum(variable.nbytes for variable in model),
            "optimizer_variables": len(others),
            "optimizer_bytes": sum(variable.nbytes for variable in others),
        },
        "cells": [
            {
                "scope": cell.scope,
                "family": cell.family,
                "input_size": cell.input_size,
                "num_units": cell.num_units,
                "num_proj": cell.num_proj,
                "use_peepholes": cell.use_peepholes,
                "variables": dict(cell.variables),
            }
            for cell in contents.cells
        ],
        "wrappers": [
            {
                "scope": wrapper.scope,
                "wrapper": wrapper.wrapper,
                "inputs": wrapper.inputs,
                "outputs": wrapper.outputs,
                "variables": dict(wrapper.variables),
            }
            for wrapper in contents.wrappers
        ],
    }
