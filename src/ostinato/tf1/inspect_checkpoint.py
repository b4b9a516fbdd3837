"""What a checkpoint holds, printed; also a command: `ostinato run -m
tensorflow.python.tools.inspect_checkpoint --file_name=model.ckpt`.
"""

from __future__ import annotations

import argparse
import re
import sys
from typing import Any

import numpy as np

from .checkpoint_reader import CheckpointReader, NewCheckpointReader
from .errors import OpError


def print_tensors_in_checkpoint_file(
    file_name: str,
    tensor_name: str | None,
    all_tensors: bool,
    all_tensor_names: bool = False,
    count_exclude_pattern: str = "",
) -> None:
    """Print a tensor of a checkpoint, all of them, or what there is (TF1: `inspect_checkpoint`).

    What cannot be read is printed as well, not raised.

    Args:
        file_name: the checkpoint's prefix.
        tensor_name: which tensor; None for none in particular.
        all_tensors: print all tensors with their values.
        all_tensor_names: print all tensors' names.
        count_exclude_pattern: tensors in whose names it is found are not counted.
    """
    try:
        _print(
            NewCheckpointReader(file_name), tensor_name, all_tensors, all_tensor_names, count_exclude_pattern
        )
    except OpError as problem:
        print(problem)


def _print(
    reader: CheckpointReader, tensor_name: str | None, values: bool, names: bool, uncounted: str
) -> None:
    shapes = reader.get_variable_to_shape_map()
    if values or names:
        for name in sorted(shapes):
            print("tensor_name: ", name)
            if values:
                print(reader.get_tensor(name))
    elif not tensor_name:
        print(reader.debug_string().decode())
    else:
        print("tensor_name: ", tensor_name)
        print(reader.get_tensor(tensor_name))
    sizes = {name: int(np.prod(shape)) for name, shape in shapes.items()}
    left_out = [name for name in sizes if uncounted and re.search(uncounted, name)]
    excluded = sum(sizes[name] for name in left_out)
    if uncounted:
        counts = f"{len(left_out)} tensors ({excluded} params)"
        print(f"# Excluding {counts} that match {uncounted} when counting.")
    print(f"# Total number of params: {sum(sizes.values()) - excluded}")


def _print_option(text: str) -> None:
    name, _, value = text.partition("=")
    known: dict[str, Any] = dict(np.get_printoptions())
    if not name or not value:
        raise argparse.ArgumentTypeError(f"'{text}' is not in the form k=v.")
    if name not in known:
        raise argparse.ArgumentTypeError(f"'{name}' is not a valid printoption.")
    kind = type(known[name])
    if kind not in (bool, int, float, str):
        raise argparse.ArgumentTypeError(f"Setting '{name}' from the command line is not supported.")
    options: dict[str, Any] = {name: value.lower() == "true" if kind is bool else kind(value)}
    np.set_printoptions(**options)


def run_main() -> None:
    """The command `inspect_checkpoint`."""

    def truth(text: str) -> bool:
        return text.lower() == "true"

    parser = argparse.ArgumentParser(prog="inspect_checkpoint")
    parser.add_argument("--file_name", default="", help="the checkpoint, as Saver.save names it")
    parser.add_argument("--tensor_name", default="", help="the tensor to print")
    parser.add_argument("--count_exclude_pattern", default="", help="pattern of names not to count")
    for name, text in (("all_tensors", "print names and values"), ("all_tensor_names", "print names")):
        parser.add_argument(f"--{name}", nargs="?", const=True, type=truth, default=False, help=text)
    parser.add_argument("--printoptions", nargs="*", type=_print_option, help="k=v of numpy's")
    flags, _ = parser.parse_known_args()
    if not flags.file_name:
        print(
            "Usage: inspect_checkpoint --file_name=checkpoint_file_name [--tensor_name=tensor_to_print] "
            "[--all_tensors] [--all_tensor_names] [--printoptions]"
        )
        sys.exit(1)
    print_tensors_in_checkpoint_file(
        flags.file_name,
        flags.tensor_name,
        flags.all_tensors,
        flags.all_tensor_names,
        flags.count_exclude_pattern,
    )
