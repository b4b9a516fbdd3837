"""`ostinato convert`: checkpoints, safetensors files and torch state dicts, each from the others."""

from __future__ import annotations

import argparse
import math
import shutil
import sys
from typing import Any

EXAMPLES = """\
examples:
  ostinato convert model.ckpt-7 model.safetensors
                          every variable under its own name
  ostinato convert model.ckpt-7 model.pt
                          a state dict: cells as torch.nn's LSTM, GRU and RNN
  ostinato convert model.ckpt-7 lstm.pt --only 'rnn/*' --rename rnn.=
                          one cell's, as torch.nn.LSTM itself loads it
  ostinato convert model.pt out/model.ckpt
                          a TensorFlow checkpoint of a state dict
  ostinato convert model.ckpt-7 model.pt --dry-run
                          only tell what would be written

IN is told by its content: a TensorFlow checkpoint (its prefix, one of its
files, or a folder: its latest), a safetensors file, or a file of torch.save
that holds a state dict. OUT is told by its name: .safetensors, .pt or .pth,
and anything else is a checkpoint's prefix.

In torch's layout a recurrent cell is a module named after its driver's scope:
  rnn/basic_lstm_cell/kernel             rnn.weight_ih_l0, rnn.weight_hh_l0
  rnn/multi_rnn_cell/cell_1/lstm_cell/kernel
                                         rnn.weight_ih_l1, rnn.weight_hh_l1
  bidirectional_rnn/bw/lstm_cell/kernel  bidirectional_rnn.weight_ih_l0_reverse
Every other variable keeps its array, under its name with '.' for '/'. The way
back is the same. TensorFlow's GRU has no counterpart in torch: it resets
before the candidate's product, torch after it.
"""


def add_parser(subparsers: Any) -> None:
    """Add the command `convert`."""
    parser = subparsers.add_parser(
        "convert",
        help="convert between TensorFlow checkpoints, safetensors and torch state dicts",
        description="Convert a TensorFlow checkpoint to safetensors or to a torch state dict, or back.",
        epilog=EXAMPLES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("input", metavar="IN", help="what to read: a checkpoint, safetensors or .pt file")
    parser.add_argument("output", metavar="OUT", help="what to write: *.safetensors, *.pt, or a prefix")
    parser.add_argument(
        "--layout",
        choices=("tf", "torch"),
        help="names and layout of OUT (default: torch for .pt, tf for a checkpoint, IN's own for "
        ".safetensors)",
    )
    parser.add_argument(
        "--only",
        action="append",
        default=[],
        metavar="GLOB",
        help="only tensors of IN whose whole name matches, such as 'encoder/*'; may be given several times",
    )
    parser.add_argument(
        "--exclude",
        action="append",
        default=[],
        metavar="GLOB",
        help="leave out tensors of IN whose whole name matches; may be given several times",
    )
    parser.add_argument(
        "--rename",
        action="append",
        default=[],
        type=_renaming,
        metavar="OLD=NEW",
        help="names in OUT that begin with the text OLD begin with NEW instead; may be given several times, "
        "and the first that fits counts",
    )
    parser.add_argument(
        "--with-optimizer",
        action="store_true",
        help="also the variables of optimizers and moving averages, which are left out otherwise",
    )
    parser.add_argument(
        "--forget-bias",
        type=_number,
        metavar="NUMBER",
        help="what the LSTM cells add to their forget gate (default: 1.0, as in TensorFlow). A checkpoint "
        "does not say: look at forget_bias=... where the cells were made. It is added to torch's bias, or "
        "taken off it",
    )
    parser.add_argument(
        "--scope",
        metavar="SCOPE",
        help="the scope in OUT of the only recurrent module of a state dict (default: its own name, or "
        "'rnn')",
    )
    parser.add_argument("--force", action="store_true", help="replace what is at OUT")
    parser.add_argument(
        "--dry-run", action="store_true", help="tell what would be written, and write nothing"
    )


def main(arguments: argparse.Namespace) -> int:
    """Convert, tell what went where, and return the exit code."""
    from ostinato.cli import convert_files, convert_report  # with them comes numpy, not needed for `--help`
    from ostinato.cli.convert_plan import make_plan

    kind = convert_files.output_kind(arguments.output)
    with convert_files.opened(arguments.input) as source:
        convert_files.check_place(source, arguments.output, kind, arguments.force)
        plan = make_plan(source, kind, arguments)
        if not arguments.dry_run:
            convert_files.write(arguments.output, kind, plan.layout, plan.planned)
        heading = convert_files.described(source.kind, source.path)
    width = shutil.get_terminal_size().columns if sys.stdout.isatty() else None
    verb = "would be written" if arguments.dry_run else "written"
    written = convert_files.described(kind, arguments.output)
    text = "\n".join(
        [
            heading,
            "",
            *convert_report.table(plan.planned, width),
            "",
            *plan.remarks,
            f"{convert_report.total(plan.planned)} {verb}: {written}",
        ]
    )
    # A name may have characters that the terminal's encoding lacks.
    encoding = sys.stdout.encoding or "utf-8"
    print(text.encode(encoding, "backslashreplace").decode(encoding))
    return 0


def _renaming(text: str) -> tuple[str, str]:
    old, equals, new = text.partition("=")
    if not equals:
        raise argparse.ArgumentTypeError(f"{text!r} is not OLD=NEW")
    return old, new


def _number(text: str) -> float:
    try:
        value = float(text)
    except ValueError:
        value = math.nan
    if not math.isfinite(value):
        raise argparse.ArgumentTypeError(f"{text!r} is not a number")
    return value
