"""`ostinato run --profile`: what took the time and the memory of a script's runs, by operation.

It stands in the way of nothing else: without it, not a line of it is loaded.
"""

from __future__ import annotations

import atexit
import contextlib
import dataclasses
import functools
import json
import os
import sys
import threading
import time
from collections import defaultdict
from collections.abc import Iterator
from typing import Any

import torch
from tabulate import tabulate

from ostinato.checkpoint.files import write_atomically
from ostinato.cli.errors import CommandError
from ostinato.tf1 import plan as plans
from ostinato.tf1 import replays
from ostinato.tf1 import session as sessions

MOST_EVENTS = 300_000
"""How many events a trace keeps: what a browser's viewer still opens."""
_ROWS = 20


@dataclasses.dataclass
class _Row:
    calls: int = 0
    seconds: float = 0.0  # without what it ran inside
    largest: int = 0  # bytes that one call gave
    made: int = 0


class Profile:
    """Times and sizes by kind of operation and by node, and the events of a trace."""

    def __init__(self) -> None:
        self.kinds: dict[str, _Row] = defaultdict(_Row)
        self.nodes: dict[tuple[str, str], _Row] = defaultdict(_Row)
        self.events: list[tuple[str, str, float, float, int]] = []
        self.left_out = 0
        self.runs = 0
        self.in_runs = 0.0
        self.began = time.perf_counter()
        self._inside = threading.local()  # of what is running: the seconds that it spent in others
        self._lock = threading.Lock()

    def begin(self) -> float:
        """Note that something begins; what it returns goes to `end`."""
        if not hasattr(self._inside, "stack"):
            self._inside.stack = []
        self._inside.stack.append(0.0)
        return _now()

    def end(self, began: float, kind: str, name: str, size: int) -> None:
        """Note that it ended."""
        seconds = _now() - began
        within = self._inside.stack.pop()
        if self._inside.stack:
            self._inside.stack[-1] += seconds
        with self._lock:
            for row in (self.kinds[kind], self.nodes[kind, name]):
                row.calls += 1
                row.seconds += seconds - within
                row.largest = max(row.largest, size)
                row.made += size
            if len(self.events) < MOST_EVENTS:
                self.events.append((name, kind, began - self.began, seconds, threading.get_ident()))
            else:
                self.left_out += 1

    def timed(self, instruction: plans.Instruction) -> plans.Instruction:
        """An instruction that is timed, and its gradient with it."""
        operation, evaluate = instruction.operation, instruction.evaluate

        @functools.wraps(evaluate)
        def timed(run: Any, *values: Any) -> Any:
            began, size = self.begin(), 0
            try:
                results = evaluate(run, *values)
                size = sum(_bytes(result) for result in results)
            finally:
                self.end(began, operation.type, operation.name, size)
            self._watch(operation, values, results)
            return results

        return dataclasses.replace(instruction, evaluate=timed, plain=None)

    def _watch(self, operation: Any, values: Any, results: Any) -> None:
        """Time what autograd does for the operation, each time that it goes back through it."""
        known = {value.grad_fn for value in values if isinstance(value, torch.Tensor)}
        waiting = [result.grad_fn for result in results if isinstance(result, torch.Tensor)]
        while waiting:
            node = waiting.pop()
            if node is None or node in known or "AccumulateGrad" in type(node).__name__:
                continue
            known.add(node)
            began: list[float] = []
            node.register_prehook(lambda grads, began=began: began.append(self.begin()))
            node.register_hook(
                lambda ins, outs, began=began: self.end(
                    began.pop(), f"{operation.type} (gradient)", operation.name, sum(map(_bytes, ins))
                )
            )
            waiting += [function for function, _ in node.next_functions]


def _now() -> float:
    if torch.cuda.is_initialized():
        torch.cuda.synchronize()
    return time.perf_counter()


def _bytes(value: Any) -> int:
    return value.numel() * value.element_size() if isinstance(value, torch.Tensor) else 0


@contextlib.contextmanager
def recorded(path: str) -> Iterator[None]:
    """Profile what runs within, and tell of it when the process ends.

    Raises:
        CommandError: nothing can be written to `path`.
    """
    folder = os.path.dirname(os.path.abspath(path))
    if os.path.isdir(path) or not os.path.isdir(folder):
        why = "it is a folder" if os.path.isdir(path) else f"{folder} is no folder"
        raise CommandError(f"cannot write a trace to {path}: {why}")
    profile = Profile()
    path = os.path.abspath(path)  # the script may go to another folder
    make, evaluate = plans.Plan.__init__, sessions.BaseSession._evaluate

    def made(self: plans.Plan, *args: Any, **kwargs: Any) -> None:
        make(self, *args, **kwargs)
        self.instructions = [profile.timed(instruction) for instruction in self.instructions]

    def run(self: Any, *args: Any, **kwargs: Any) -> Any:
        began = _now()
        try:
            return evaluate(self, *args, **kwargs)
        finally:
            profile.runs += 1
            profile.in_runs += _now() - began

    faster, plans.FASTER = plans.FASTER, False  # each instruction by itself
    record, replays.RECORD = replays.RECORD, False
    plans.Plan.__init__ = made  # type: ignore[method-assign]
    sessions.BaseSession._evaluate = run  # type: ignore[method-assign]
    try:
        yield
    finally:
        plans.FASTER, replays.RECORD = faster, record
        plans.Plan.__init__ = make  # type: ignore[method-assign]
        sessions.BaseSession._evaluate = evaluate  # type: ignore[method-assign]
        atexit.register(_tell, profile, path)  # after what the script itself prints when it ends


def _tell(profile: Profile, path: str) -> None:
    sys.stdout.flush()
    whole = time.perf_counter() - profile.began
    print(file=sys.stderr)
    if not profile.runs:
        print("ostinato: no session ran anything, so that there is nothing to tell.", file=sys.stderr)
        return
    total = sum(row.seconds for row in profile.kinds.values()) or 1.0
    print(_table("operation", [(kind, row) for kind, row in profile.kinds.items()], total), file=sys.stderr)
    print(file=sys.stderr)
    nodes = [(f"{name} ({kind})", row) for (kind, name), row in profile.nodes.items()]
    print(_table("node", nodes, total), file=sys.stderr)
    print(file=sys.stderr)
    print(
        f"ostinato: {profile.runs} runs took {profile.in_runs:.3f} s of the script's {whole:.3f} s; at most "
        f"{_shown(_peak())} of memory. Every operation was run and timed by itself, which takes longer than "
        "without --profile.",
        file=sys.stderr,
    )
    _write(profile, path)
    more = f"; {profile.left_out} later ones are left out" if profile.left_out else ""
    print(
        f"ostinato: {path} has {len(profile.events)} events, for chrome://tracing or Perfetto{more}.",
        file=sys.stderr,
    )


def _table(title: str, rows: list[tuple[str, _Row]], total: float) -> str:
    rows = sorted(rows, key=lambda row: -row[1].seconds)
    shown: list[Any] = [
        (
            name,
            row.calls,
            f"{row.seconds * 1e3:.2f}",
            f"{row.seconds / total:.1%}",
            _shown(row.largest),
            _shown(row.made),
        )
        for name, row in rows[:_ROWS]
    ]
    if len(rows) > _ROWS:
        left = sum(row.seconds for _, row in rows[_ROWS:])
        shown.append((f"{len(rows) - _ROWS} more", "", f"{left * 1e3:.2f}", f"{left / total:.1%}", "", ""))
    heads = (title, "calls", "ms", "share", "largest result", "all results")
    return tabulate(shown, heads, tablefmt="simple", disable_numparse=True, colalign=("left", *["right"] * 5))


def _shown(size: int) -> str:
    amount = float(size)
    for unit in ("B", "KiB", "MiB"):
        if amount < 1024:
            return f"{amount:.0f} {unit}" if unit == "B" else f"{amount:.1f} {unit}"
        amount /= 1024
    return f"{amount:.1f} GiB"


def _peak() -> int:
    if torch.cuda.is_initialized():
        return int(torch.cuda.max_memory_allocated())
    try:
        import resource
    except ImportError:  # not on Windows
        return 0
    size = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return size if sys.platform == "darwin" else size * 1024


def _write(profile: Profile, path: str) -> None:
    """The trace, in the form of Chrome's viewer: microseconds since the script began."""
    threads = {
        thread: number for number, thread in enumerate(dict.fromkeys(event[4] for event in profile.events))
    }
    events = [
        {
            "name": name,
            "cat": kind,
            "ph": "X",
            "ts": round(began * 1e6, 3),
            "dur": round(seconds * 1e6, 3),
            "pid": 0,
            "tid": threads[thread],
            "args": {"operation": kind},
        }
        for name, kind, began, seconds, thread in profile.events
    ]
    write_atomically(path, json.dumps({"traceEvents": events, "displayTimeUnit": "ms"}).encode())
