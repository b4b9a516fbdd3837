"""A script, a module or a notebook, run as Python would run it, with this face as TensorFlow."""

import argparse
import importlib.util
import os
import sys
import traceback
import types
from collections.abc import Callable
from pathlib import Path
from typing import Any

from ostinato.cli import notebook, prepare
from ostinato.cli.errors import CommandError
from ostinato.cli.python2 import hints
from ostinato.cli.removed_generators import compiled


def run(arguments: argparse.Namespace) -> int:
    """Run what the arguments name and return its exit code."""
    if arguments.module is not None:
        program = _module(arguments.module[0])
        argv = [program.file, *arguments.module[1:]]
    else:
        program = _script(arguments.script)
        argv = [arguments.script, *arguments.arguments]
    from ostinato.tf1 import session_device, session_memory

    if arguments.device is not None:
        try:
            session_device.set_default_device(session_device.checked_device(arguments.device))
        except ValueError as problem:
            raise CommandError(f"--device {arguments.device}: {problem}") from None
        os.environ[session_device.VARIABLE] = arguments.device  # for the processes that the script starts
    session_memory.set_default_limit(arguments.memory_limit)
    sys.argv = argv
    sys.path[0:1] = [program.folder]
    prepare.this_process()
    prepare.processes_to_come()
    if not arguments.profile:
        return _run(program)
    from ostinato.cli import profile

    with profile.recorded(arguments.profile_trace or "ostinato-profile.json"):
        return _run(program)


class _Program:
    """What is to run: the file it is in, the first folder of imports, and how it runs in its module."""

    def __init__(
        self, file: str, folder: str, execute: Callable[[dict[str, Any]], None], spec: Any = None
    ) -> None:
        self.file, self.folder, self.execute, self.spec = file, folder, execute, spec


def _script(name: str) -> _Program:
    path = Path(name)
    if path.is_dir() and (path / "__main__.py").is_file():
        path = path / "__main__.py"
    try:
        source = path.read_bytes()
    except IsADirectoryError:
        raise CommandError(f"{name} is a directory; name the script to run") from None
    except OSError as error:
        reason = "there is no such file" if isinstance(error, FileNotFoundError) else error.strerror
        raise CommandError(f"cannot read {name}: {reason}") from None
    file, folder = str(path.absolute()), str(path.resolve().parent)
    if path.suffix == ".ipynb":
        cells = notebook.cells_of(source, name)
        return _Program(file, folder, lambda variables: notebook.run(cells, name, variables))
    return _Program(file, folder, lambda variables: exec(compiled(source, file), variables))


def _tool(name: str) -> _Program:
    """A command among TensorFlow's own modules, such as `tensorflow.python.tools.freeze_graph`."""
    from ostinato.tf1 import shadow

    module: Any = shadow.modules().get(name)
    if not hasattr(module, "run_main"):
        raise CommandError(
            f"{name} is no command here; tensorflow.python.tools.freeze_graph is one, and inspect_checkpoint"
        )
    return _Program(name, os.getcwd(), lambda variables: module.run_main())


def _module(name: str) -> _Program:
    if name.split(".")[0] == "tensorflow":
        return _tool(name)
    if os.getcwd() not in sys.path:
        sys.path.insert(0, os.getcwd())
    try:
        spec = importlib.util.find_spec(name)
        if spec is not None and spec.submodule_search_locations is not None:
            spec = importlib.util.find_spec(f"{name}.__main__")
    except (ImportError, ValueError) as error:
        raise CommandError(f"cannot find the module {name}: {error}") from None
    if spec is None or spec.origin is None or spec.loader is None:
        raise CommandError(
            f"there is no module named {name} to run, seen from {os.getcwd()}; a module is named with dots "
            "and without .py"
        )
    loader: Any = spec.loader
    name = spec.name

    def execute(variables: dict[str, Any]) -> None:
        exec(loader.get_code(name), variables)

    return _Program(spec.origin, os.getcwd(), execute, spec)


def _run(program: _Program) -> int:
    module = types.ModuleType("__main__")
    module.__dict__.update(__file__=program.file, __builtins__=__builtins__, __cached__=None)
    if program.spec is not None:
        module.__dict__.update(__spec__=program.spec, __package__=program.spec.parent)
    sys.modules["__main__"] = module
    try:
        program.execute(module.__dict__)
    except SystemExit:
        raise
    except BaseException as error:
        _show(error)
        return 130 if isinstance(error, KeyboardInterrupt) else 1
    return 0


def _show(error: BaseException) -> None:
    """The script's traceback, which begins where the script does, and what may help."""
    trace = error.__traceback__
    while trace is not None and _is_ours(trace.tb_frame.f_code.co_filename):
        trace = trace.tb_next
    if sys.excepthook is sys.__excepthook__:
        traceback.print_exception(
            type(error), error.with_traceback(trace), trace
        )  # it shows lines of cells too
    else:
        sys.excepthook(type(error), error.with_traceback(trace), trace)
    for hint in hints(error):
        print(f"ostinato: {hint}", file=sys.stderr)


def _is_ours(file: str) -> bool:
    """Whether a frame is one of those that only start the script."""
    return file in (__file__, notebook.__file__) or file.startswith("<frozen importlib")
