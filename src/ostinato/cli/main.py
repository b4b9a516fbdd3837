"""The command `ostinato`: which command was asked for, and how it ends."""

import argparse
import importlib
import os
import sys
from collections.abc import Sequence

from ostinato import __version__
from ostinato.cli.errors import CommandError, CommandParser

# Modules of this package, in the order of the help.
COMMANDS = ("run", "inspect", "convert", "compare", "demo")

EXAMPLES = """\
examples:
  ostinato run train.py --epochs 3         run a TensorFlow 1 script, unmodified, on PyTorch
  ostinato inspect model.ckpt-7            show what is in a TensorFlow checkpoint
  ostinato convert model.ckpt-7 model.pt   make a torch state dict of it; or the way back
  ostinato compare --timesteps 10,100      measure static_rnn against dynamic_rnn
  ostinato demo                            train on real recordings, then compare

'ostinato COMMAND --help' tells more about each. 'python -m ostinato' is the same command.
"""


def build_parser() -> CommandParser:
    """The parser of the command line; `arguments.command` becomes the function that runs."""
    parser = CommandParser(
        prog="ostinato",
        description="Recurrent networks on PyTorch, and TensorFlow 1 recurrent code run on it.",
        epilog=EXAMPLES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--version", action="version", version=f"ostinato {__version__}")
    subparsers = parser.add_subparsers(title="commands", metavar="COMMAND", dest="command", required=True)
    for command in COMMANDS:
        importlib.import_module(f"ostinato.cli.{command}").add_parser(subparsers)
    return parser


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command line `argv` (default: the process's own) and return the exit code.

    0: done. 1: the work failed. 2: a wrong argument or path, or a missing package. Both are told in one line.
    130: Ctrl-C. 141: the reader of the output went away, as after `| head`. `run` returns what its script
    does.
    """
    try:
        try:
            return _run(build_parser().parse_args(argv))
        finally:
            sys.stdout.flush()  # here, where a reader that went away can still be told from a fault
    except KeyboardInterrupt:
        return 130
    except BrokenPipeError:
        # Python flushes stdout once more when it exits; give it somewhere to go.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 141


def _run(arguments: argparse.Namespace) -> int:
    command = importlib.import_module(f"ostinato.cli.{arguments.command}")
    try:
        code: int = command.main(arguments)
    except CommandError as error:
        print(f"ostinato {arguments.command}: {error}", file=sys.stderr)
        return error.exit_code
    return code
