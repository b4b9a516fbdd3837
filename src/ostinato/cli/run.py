"""`ostinato run`: a TensorFlow 1 script, unmodified, on PyTorch."""

import argparse
import sys
import types
from pathlib import Path
from typing import Any

from ostinato.cli.arguments import memory_size
from ostinato.cli.errors import CommandError

EXAMPLES = """\
examples:
  ostinato run train.py                    run a script whose 'import tensorflow' is then ostinato.tf1
  ostinato run train.py --epochs 3         what follows the script's path is the script's own
  ostinato run --memory-limit 2GiB train.py
                                           train long sequences in that much memory, each of them

The script runs as 'python train.py' would run it: its arguments, its directory first on the path of
imports, its exit code, its traceback.
"""


def add_parser(subparsers: Any) -> None:
    """Add the command `run`."""
    parser = subparsers.add_parser(
        "run",
        help="run a TensorFlow 1 script on PyTorch",
        description="Run a TensorFlow 1 script, unmodified, on PyTorch.",
        epilog=EXAMPLES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument(
        "--memory-limit",
        type=memory_size,
        metavar="SIZE",
        help="memory that each recurrent network of a session may take for its gradients, such as 2GiB; what "
        "does not fit is computed anew",
    )
    parser.add_argument("script", help="path of the Python script")
    parser.add_argument("arguments", nargs=argparse.REMAINDER, help="arguments of the script")


def main(arguments: argparse.Namespace) -> int:
    """Run the script and return its exit code."""
    path = Path(arguments.script)
    try:
        source = path.read_bytes()
    except IsADirectoryError:
        raise CommandError(f"{arguments.script} is a directory; name the script to run") from None
    except OSError as error:
        reason = "there is no such file" if isinstance(error, FileNotFoundError) else error.strerror
        raise CommandError(f"cannot read {arguments.script}: {reason}") from None

    from ostinato.tf1 import session_memory, shadow

    session_memory.set_default_limit(arguments.memory_limit)
    sys.argv = [arguments.script, *arguments.arguments]
    sys.path[0:1] = [str(path.resolve().parent)]
    shadow.install()
    module = types.ModuleType("__main__")
    file = str(path.absolute())
    module.__dict__.update(__file__=file, __builtins__=__builtins__, __cached__=None)
    sys.modules["__main__"] = module
    try:
        exec(compile(source, file, "exec"), module.__dict__)  # the user's own script
    except (SystemExit, KeyboardInterrupt):
        raise
    except BaseException as error:
        # The traceback begins where the script does: the frame of this function is none of its business.
        trace = error.__traceback__.tb_next if error.__traceback__ is not None else None
        sys.excepthook(type(error), error.with_traceback(trace), trace)
        return 1
    return 0
