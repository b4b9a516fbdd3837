"""Run a task in a fresh process, and watch its memory from outside."""

from __future__ import annotations

import compileall
import dataclasses
import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import ostinato
from benchmarks.environments import ROOT
from benchmarks.memory_works import Task
from ostinato.cli.resident import Sample, Watch, Window, peak


class TaskFailed(Exception):
    """What went wrong in a task's process, in one line."""


def compile_modules() -> None:
    """Compile what has changed: a process that did so itself would hold what that leaves in memory."""
    for folder in (ROOT / "benchmarks", Path(ostinato.__file__).parent):
        compileall.compile_dir(folder, quiet=2)


def run(task: Task) -> dict[str, Any]:
    """What the process of `task` prints; where it was watched, with `peak`: the most anonymous memory that it
    held in its step (of a GPU: that torch had allocated there), in bytes.

    Raises:
        TaskFailed: it failed.
    """
    command = [sys.executable, "-m", "benchmarks.memory_worker", json.dumps(dataclasses.asdict(task))]
    paths = [str(ROOT), os.environ.get("PYTHONPATH", "")]
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, paths))}
    process = subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=environment, cwd=ROOT
    )
    try:
        if task.watched:
            with Watch(process.pid) as watch:
                printed, complaints = process.communicate()
        else:  # a watch would take time from what is timed
            printed, complaints = process.communicate()
    except BaseException:
        process.kill()
        process.wait()
        raise
    if process.returncode != 0:
        # A process that the kernel kills, as for memory, says nothing: its exit code is all there is.
        lines = complaints.strip().splitlines() or [f"exit code {process.returncode}"]
        raise TaskFailed(lines[-1])
    found: dict[str, Any] = json.loads(printed)
    if task.watched and task.device == "cuda":
        found["peak"] = found["allocated"]
    elif task.watched:
        if found["window"] is None:
            raise TaskFailed("the memory of a process can only be watched on Linux")
        begin, end, mark = found["window"]
        found["peak"] = peak(Window(Sample(*begin), Sample(*end), mark), watch.samples)
    return found
