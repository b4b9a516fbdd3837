"""`make bench-tf1`: what the TensorFlow 1 face costs, beside TensorFlow 1.15 and beside the native API.

Three things: how long a graph takes to build, gradients included; a scalar fetched by a plan that is there
already; and the second seed's network trained through `Session.run` and through the native API. Graphs are
built in processes that have built one before (warm), one of each contender in turn, several rounds; the
median counts, and ratios are taken within a round. Where `make peers` has set up TensorFlow 1.15, or the
environment variable OSTINATO_TF1_PYTHON names a Python that has it, the same code is timed under it.

A machine that others use too is slower by more than their share: run it alone.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import torch
from tabulate import tabulate

from benchmarks import ours, training_faces
from benchmarks.__main__ import RESULTS, processor
from benchmarks.context import busy, started
from benchmarks.environments import ROOT, tf1_python
from benchmarks.measure import Spread, interleave
from benchmarks.work import Work
from ostinato.cli.files import write_atomically

OURS, PEER = "ostinato", "TF 1.15"
LEAST_BUILD, MOST_FETCH, MOST_TRAINING = 10.0, 50e-6, 1.1
FETCHES = ("constant", "fed", "variable")
FETCH_CALLS = 2000
# A static graph of 820 steps takes TensorFlow two minutes to build: only `--full` does it, and once.
FULL_STEPS = 820


class Process:
    """A process of `benchmarks.tf1_program` that is asked one thing at a time."""

    def __init__(self, python: str, face: str, threads: int) -> None:
        environment = {**os.environ, "OMP_NUM_THREADS": str(threads), "TF_CPP_MIN_LOG_LEVEL": "3"}
        path = [str(ROOT), *([str(ROOT / "src")] if face == "ostinato" else [])]
        environment["PYTHONPATH"] = os.pathsep.join(path)
        command = [python, "-W", "ignore", "-m", "benchmarks.tf1_program", face]
        self._process = subprocess.Popen(
            command, env=environment, cwd=ROOT, text=True, stdin=subprocess.PIPE, stdout=subprocess.PIPE
        )

    def ask(self, **request: Any) -> dict[str, float]:
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.write(json.dumps(request) + "\n")
        self._process.stdin.flush()
        line = self._process.stdout.readline()
        if not line:
            raise RuntimeError(f"The process of {self._process.args!r} ended; its complaint is above.")
        answer: dict[str, float] = json.loads(line)
        return answer

    def close(self) -> None:
        assert self._process.stdin is not None
        self._process.stdin.close()
        self._process.wait(30)


def arguments(given: Sequence[str] | None) -> argparse.Namespace:
    """The command line."""
    parser = argparse.ArgumentParser(prog="make bench-tf1 ARGS=...", description=__doc__)
    parser.add_argument("--rounds", type=int, default=9, help="rounds (default: 9)")
    parser.add_argument("--threads", type=int, default=1, help="threads of each process (default: 1)")
    parser.add_argument("--static-steps", type=int, default=50, help="steps of static_rnn (default: 50)")
    parser.add_argument("--full", action="store_true", help=f"also static_rnn of {FULL_STEPS} steps, once")
    parser.add_argument("--json", type=Path, default=RESULTS / "tf1.json", help="result file")
    return parser.parse_args(given)


def builds(processes: dict[str, Process], driver: str, steps: int, rounds: int) -> dict[str, Any]:
    """Seconds to build, a list for each contender, and the nodes that there are then."""
    if rounds > 1:
        for process in processes.values():
            process.ask(do="build", driver=driver, steps=min(steps, 10))
    found: dict[str, list[float]] = {name: [] for name in processes}
    nodes: dict[str, float] = {}
    for _ in range(rounds):
        for name, process in processes.items():
            answer = process.ask(do="build", driver=driver, steps=steps)
            found[name].append(answer["seconds"])
            nodes[name] = answer["nodes"]
    return {"what": f"build {driver}, {steps} steps", "seconds": found, "nodes": nodes}


def fetches(processes: dict[str, Process], kind: str, rounds: int) -> dict[str, Any]:
    """The median seconds of a scalar's fetch in each round."""
    found: dict[str, list[float]] = {name: [] for name in processes}
    for _ in range(rounds):
        for name, process in processes.items():
            found[name].append(process.ask(do="fetch", kind=kind, calls=FETCH_CALLS)["seconds"])
    return {"what": f"fetch a scalar ({kind})", "seconds": found}


def training(threads: int, rounds: int) -> dict[str, Any]:
    """The second seed's network, a step of training: 820 steps, 12 inputs, 64 units, 32 rows."""
    torch.set_num_threads(threads)
    work = Work("lstm", 32, 820, 12, 64, True, "last")
    data = ours.new_data(work)
    contenders = [training_faces.native(work, data), training_faces.session(work, data)]
    times = interleave(contenders, rounds)
    native, session = (times[contender.name] for contender in contenders)
    return {"what": "train the second seed's network", "seconds": {"native": native, OURS: session}}


def judged(row: dict[str, Any]) -> tuple[str, str, bool] | None:
    """What is measured of a row, its bar, and whether it is met."""
    seconds, other = row["seconds"], PEER if PEER in row["seconds"] else "native"
    if row["what"].startswith("fetch"):
        value = Spread.of(seconds[OURS]).median
        return f"{value * 1e6:.1f} us", f"< {MOST_FETCH * 1e6:.0f} us", value < MOST_FETCH
    if other not in seconds:
        return None
    ratios = [theirs / mine for theirs, mine in zip(seconds[other], seconds[OURS], strict=True)]
    if other == PEER:
        ratio = Spread.of(ratios).median
        return f"{ratio:.1f} times as fast", f">= {LEAST_BUILD:g}", ratio >= LEAST_BUILD
    cost = Spread.of([1 / ratio for ratio in ratios]).median
    return f"{cost:.3f} of the native API", f"<= {MOST_TRAINING:g}", cost <= MOST_TRAINING


def shown(seconds: float) -> str:
    return f"{seconds * 1e6:.1f} us" if seconds < 1e-3 else f"{seconds * 1e3:.3g} ms"


def main(given: Sequence[str] | None = None) -> int:
    """Measure, print the tables and write the result file."""
    options = arguments(given)
    print(processor())
    if busy():
        print(busy())
    print(f"{options.threads} thread(s) a process, {options.rounds} rounds")
    begin = time.perf_counter()
    processes = {OURS: Process(sys.executable, "ostinato", options.threads)}
    if tf1_python().exists():
        processes[PEER] = Process(str(tf1_python()), "tensorflow", options.threads)
    else:
        print(f"There is no TensorFlow 1.15 at {tf1_python()} (see make peers): only ostinato is timed.")
    rows = [
        builds(processes, "static_rnn", options.static_steps, options.rounds),
        builds(processes, "dynamic_rnn", FULL_STEPS, options.rounds),
        builds(processes, "bidirectional_dynamic_rnn", FULL_STEPS, options.rounds),
    ]
    if options.full:
        rows.append(builds(processes, "static_rnn", FULL_STEPS, 1))
    rows += [fetches(processes, kind, options.rounds) for kind in FETCHES]
    for process in processes.values():
        process.close()
    rows.append(training(options.threads, options.rounds))
    table = []
    for row in rows:
        for name, values in row["seconds"].items():
            spread = Spread.of(values)
            around = f"{shown(spread.median)} ({shown(spread.lower)} to {shown(spread.upper)})"
            table.append((row["what"], name, around, f"{row['nodes'][name]:.0f}" if "nodes" in row else ""))
    print(tabulate(table, ("", "", "median (quartiles)", "nodes"), disable_numparse=True))
    bars = [(row["what"], *found) for row in rows if (found := judged(row)) is not None]
    lines = [(what, measured, bar, "met" if met else "missed") for what, measured, bar, met in bars]
    print(f"\nBars\n{tabulate(lines, ('', 'measured', 'bar', ''), disable_numparse=True)}")
    content = {
        "started": started(),
        "processor": processor(),
        "threads": options.threads,
        "minutes": (time.perf_counter() - begin) / 60,
        "rows": rows,
        "bars": [list(line) for line in lines],
    }
    text = json.dumps(content, indent=1) + "\n"
    write_atomically(options.json, lambda file: file.write(text.encode()))
    print(f"\nWritten: {options.json}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
