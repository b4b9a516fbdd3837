"""`ostinato inspect`: what is in a checkpoint."""

from __future__ import annotations

import argparse
import json
import shutil
import sys
from typing import Any

EXAMPLES = """\
examples:
  ostinato inspect model.ckpt-7            a checkpoint by its prefix, or by one of its files
  ostinato inspect train_dir               the latest checkpoint of a folder; or a SavedModel
  ostinato inspect train_dir --all         with the variables of optimizers and moving averages
  ostinato inspect train_dir --json        everything, as one JSON document

PATH can also be a V1 file (of TensorFlow before 1.0), a 'checkpoint' state file or a safetensors file. Of
any other file, inspect says what it is.

keys of the JSON document:
  path, kind         what was named; "checkpoint" or "safetensors"
  prefix, format     the checkpoint's prefix; "V1" or "V2", null for safetensors
  data_files         how many files the tensors are in
  bytes_on_disk      bytes of all files of it
  tensorflow_version of the graph saved with it (a .meta or saved_model.pb beside it), or null
  producer           the version of the checkpoint's format, or null
  global_step        its value, or null
  variables          a list: name, shape, dtype, parameters (null for texts, counters, and weights that
                     are there a second time), bytes, partitions, optimizer (true for an optimizer's
                     variables and for moving averages)
  totals             of the model: variables, parameters, bytes; and optimizer_variables, optimizer_bytes
  cells              a list: scope, family, input_size, num_units, num_proj, use_peepholes, variables
  wrappers           a list of what is around cells: scope, wrapper, inputs, outputs, variables
"""


def add_parser(subparsers: Any) -> None:
    """Add the command `inspect`."""
    parser = subparsers.add_parser(
        "inspect",
        help="show what is in a TensorFlow checkpoint",
        description="Show the variables and the recurrent cells of a TensorFlow checkpoint.",
        epilog=EXAMPLES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument(
        "path", metavar="PATH", help="a checkpoint: its prefix, one of its files or its folder"
    )
    parser.add_argument(
        "--all", action="store_true", help="list the variables of optimizers and moving averages, too"
    )
    parser.add_argument("--json", action="store_true", help="print one JSON document instead of tables")


def main(arguments: argparse.Namespace) -> int:
    """Print what is at the path and return the exit code."""
    from ostinato.cli.contents import open_contents  # with it comes numpy, which `--help` does without
    from ostinato.cli.contents_report import document, report

    contents = open_contents(arguments.path)
    if arguments.json:
        text = _readable_json(document(contents))
    else:
        width = shutil.get_terminal_size().columns if sys.stdout.isatty() else None
        text = "\n".join(report(contents, width, everything=arguments.all))
    # A name may have characters that the terminal's encoding lacks.
    encoding = sys.stdout.encoding or "utf-8"
    print(text.encode(encoding, "backslashreplace").decode(encoding))
    return 0


def _readable_json(document: dict[str, Any]) -> str:
    """A JSON document with a line for each key, and for each item of a list: to be read, and to be searched.

    json's own indentation would take a line for each number of a shape, and ten times as long.
    """
    lines = []
    for key, value in document.items():
        if isinstance(value, list) and value:
            text = ",\n".join(f"    {json.dumps(item)}" for item in value)
            lines.append(f"  {json.dumps(key)}: [\n{text}\n  ]")
        else:
            lines.append(f"  {json.dumps(key)}: {json.dumps(value)}")
    return "{\n" + ",\n".join(lines) + "\n}"
