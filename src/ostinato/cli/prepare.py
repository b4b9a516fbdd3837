"""What a script of 2017 is to find in the process that runs it, and in those that it starts."""

import os
import sys
from pathlib import Path
from typing import Any

from ostinato.cli import freed_memory, removed_generators, removed_numpy, removed_python

CHILD_PATH = Path(__file__).parent / "child_path"
"""A folder with a `tensorflow` in it, which makes the process that imports it find this face."""


def this_process() -> None:
    """Serve TensorFlow, and what Python and numpy removed; keep the memory that a step leaves."""
    freed_memory.keep()
    from ostinato.tf1 import shadow

    shadow.install()
    removed_numpy.install()
    removed_python.install()
    removed_generators.install()
    if sys.platform.startswith("linux") and not (
        os.environ.get("DISPLAY") or os.environ.get("WAYLAND_DISPLAY")
    ):
        os.environ.setdefault("MPLBACKEND", "Agg")


def processes_to_come() -> None:
    """Let the Python processes that the script starts find the same: those of multiprocessing, and others of
    this Python.
    """
    paths = [str(CHILD_PATH), *filter(None, [os.environ.get("PYTHONPATH")])]
    os.environ["PYTHONPATH"] = os.pathsep.join(paths)
    sys.path.insert(1, str(CHILD_PATH))  # multiprocessing hands this on in place of the environment's


def a_process_that_was_started() -> Any:
    """What the `tensorflow` of the child's path calls: this face, in its place."""
    this_process()
    from ostinato.tf1 import session_device

    if name := os.environ.get(session_device.VARIABLE):
        session_device.set_default_device(session_device.checked_device(name))
    return sys.modules["tensorflow"]
