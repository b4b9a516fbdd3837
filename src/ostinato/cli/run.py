"""`ostinato run`: a TensorFlow 1 script, unmodified, on PyTorch."""

import argparse
import importlib
from typing import Any

from ostinato.cli.arguments import memory_size
from ostinato.cli.errors import CommandError

EXAMPLES = """\
examples:
  ostinato run train.py                    run a script whose 'import tensorflow' is then ostinato.tf1
  ostinato run train.py --epochs 3         what follows the script's path is the script's own
  ostinato run -m models.train --epochs 3  run a module, as 'python -m' would
  ostinato run lesson.ipynb                run a notebook, cell by cell
  ostinato run --check train.py            list the TensorFlow symbols that it uses, and run nothing
  ostinato run --check models --json       those of all scripts of a folder, for a program to read
  ostinato run --profile train.py          tell at the end what took the time and the memory
  ostinato run --device cuda train.py      compute on a GPU
  ostinato run --memory-limit 2GiB train.py
                                           train long sequences in that much memory, each of them

The script runs as 'python train.py' would run it: its arguments, its directory first on the path of
imports, its exit code, its traceback. What Python and numpy removed since such scripts were written is
there for them.
"""


def add_parser(subparsers: Any) -> None:
    """Add the command `run`."""
    parser = subparsers.add_parser(
        "run",
        help="run a TensorFlow 1 script on PyTorch",
        description="Run a TensorFlow 1 script, unmodified, on PyTorch.",
        epilog=EXAMPLES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
        usage="ostinato run [OPTIONS] SCRIPT [ARGUMENT ...]\n"
        "       ostinato run [OPTIONS] -m MODULE [ARGUMENT ...]\n"
        "       ostinato run --check PATH [PATH ...] [--json]",
    )
    parser.add_argument(
        "--check",
        nargs="*",
        metavar="PATH",
        help="list, without running anything, which TensorFlow symbols scripts and folders use, and which of "
        "them there are here; exits with 1 where one is missing",
    )
    parser.add_argument("--json", action="store_true", help="with --check: print JSON")
    parser.add_argument(
        "--device",
        metavar="DEVICE",
        help="where sessions compute: cpu, the default, or another device of torch's, as cuda, cuda:1, mps",
    )
    parser.add_argument(
        "--memory-limit",
        type=memory_size,
        metavar="SIZE",
        help="memory that each recurrent network of a session may take for its gradients, such as 2GiB; what "
        "does not fit is computed anew",
    )
    parser.add_argument(
        "--profile",
        action="store_true",
        help="print at the end how much time and memory each operation took, and write a trace of the runs",
    )
    parser.add_argument(
        "--profile-trace",
        metavar="FILE",
        help="where --profile writes its trace, which chrome://tracing and Perfetto open (default: "
        "ostinato-profile.json)",
    )
    parser.add_argument(
        "-m",
        dest="module",
        nargs=argparse.REMAINDER,
        metavar="MODULE",
        help="run a module; what follows its name is its own",
    )
    parser.add_argument("script", nargs="?", help="path of the Python script or notebook")
    parser.add_argument("arguments", nargs=argparse.REMAINDER, help="arguments of the script")


def main(arguments: argparse.Namespace) -> int:
    """Run the script, or check scripts, and return the exit code."""
    if arguments.check is not None:
        paths = [*arguments.check, *_more_paths(arguments)]
        if not paths:
            raise CommandError("--check needs a script or a folder: ostinato run --check PATH [PATH ...]")
        check = importlib.import_module("ostinato.cli.check")
        code: int = check.main(paths, arguments.json)
        return code
    if arguments.json:
        raise CommandError("--json goes with --check: ostinato run --check PATH --json")
    if arguments.module is not None and not arguments.module:
        raise CommandError("-m needs the name of a module: ostinato run -m package.module")
    if arguments.module is None and arguments.script is None:
        raise CommandError(
            "there is no script to run; name one: ostinato run train.py [ARGUMENT ...], or a module: "
            "ostinato run -m package.module"
        )
    if arguments.profile_trace is not None and not arguments.profile:
        raise CommandError("--profile-trace goes with --profile: ostinato run --profile train.py")
    from ostinato.cli import run_script

    return run_script.run(arguments)


def _more_paths(arguments: argparse.Namespace) -> list[str]:
    return [path for path in (arguments.script, *arguments.arguments) if path is not None]
