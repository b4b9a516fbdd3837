"""`make bench-memory`: training steps in little memory, beside torch.nn and torch.utils.checkpoint.

Memory is the process's peak anonymous resident memory, minus that of the same script with all inputs,
outputs, output gradients and parameters allocated and touched at once and the op replaced by nothing; of a
forward pass alone, and of a whole step. Each figure comes from a fresh process, after a small warm-up.
"""

from __future__ import annotations

import argparse
import dataclasses
import json
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import torch

import ostinato
from benchmarks import memory_disk, memory_prediction, memory_process
from benchmarks.__main__ import RESULTS, processor
from benchmarks.context import busy, started
from benchmarks.memory_report import prediction_table, verdict_table, work_table
from benchmarks.memory_run import Found, Verdict, judge, measure_work
from benchmarks.memory_works import MIB, Work, works
from ostinato.cli.files import write_atomically

PREDICTION = "prediction"
# Quick works are too short for a limit that is a part of their memory.
QUICK_LIMIT = 32 * MIB


def arguments(given: Sequence[str] | None) -> argparse.Namespace:
    """The command line."""
    parser = argparse.ArgumentParser(prog="make bench-memory ARGS=...", description=__doc__)
    names = [work.name for work in works()] + [PREDICTION]
    parser.add_argument("--only", help=f"works, separated by commas: {', '.join(names)}")
    parser.add_argument("--quick", action="store_true", help="small sizes, one round, nothing judged")
    parser.add_argument("--json", type=Path, default=RESULTS / "memory.json", help="result file")
    parser.add_argument("--threads", type=int, default=2, help="of every contender (default: 2)")
    parser.add_argument(
        "--rounds", type=int, default=3, help="fresh processes a time is the median of (default: 3)"
    )
    found = parser.parse_args(given)
    found.only = names if found.only is None else found.only.split(",")
    unknown = [name for name in found.only if name not in names]
    if unknown:
        parser.error(f"there is no work {', '.join(unknown)}; there are {', '.join(names)}.")
    for name in ("threads", "rounds"):
        if getattr(found, name) < 1:
            parser.error(f"--{name} must be at least 1, but is {getattr(found, name)}.")
    found.rounds = 1 if found.quick else found.rounds
    return found


def tell(text: str) -> None:
    """Say on stderr what is measured now."""
    print(f"measuring {text}", file=sys.stderr, flush=True)


class Results:
    """What a run has measured so far."""

    def __init__(self) -> None:
        self.works: list[dict[str, Any]] = []
        self.verdicts: list[Verdict] = []
        self.known: dict[str, Found] = {}
        self.failed = False

    def measure(self, work: Work, options: argparse.Namespace) -> None:
        """Measure a work and print its table."""
        least_limit = QUICK_LIMIT if options.quick else 0
        found = measure_work(work, options.threads, options.rounds, least_limit, tell)
        print(f"\n{work.name}: {work.title}\n{work_table(work, found)}", flush=True)
        self.known |= {f"{work.name}: {one.contender}": one for one in found}
        self.failed |= any(one.note for one in found)
        self.verdicts += judge(work, found, self.known)
        self.works.append({"work": work, "found": found})
        if work.name == "disk":
            rate = memory_disk.measure(size=2**24 if options.quick else 2**29)
            print(f"The disk writes {rate.write / 1e6:,.0f} MB/s and reads {rate.read / 1e6:,.0f} MB/s.")
            self.works[-1]["disk"] = rate._asdict()

    def predict(self, options: argparse.Namespace) -> None:
        """Hold predictions against what comes, and print them."""
        size = {"count": 2, "shrink": 100} if options.quick else {}
        found = memory_prediction.measure(memory_prediction.random_tasks(options.threads, **size), tell)
        print(f"\n{PREDICTION}: plan_memory on random works\n{prediction_table(found)}", flush=True)
        self.failed |= any(one.note for one in found)
        self.verdicts += memory_prediction.judge(found)
        self.works.append({"work": PREDICTION, "found": found})


def main(given: Sequence[str] | None = None) -> int:
    """Run; 0 where all was measured, 1 where something failed, 130 where it was interrupted."""
    options = arguments(given)
    about = {
        "started": started(),
        "processor": processor(),
        "threads": options.threads,
        "rounds": options.rounds,
        "torch": torch.__version__,
        "ostinato": ostinato.__version__,
        "quick": options.quick,
    }
    threads = f"{options.threads} thread{'s' if options.threads > 1 else ''}"
    print(f"{about['processor']}, {threads}, torch {torch.__version__}{', quick' if options.quick else ''}")
    if busy():
        print(busy())
    results, interrupted, begin = Results(), False, time.perf_counter()
    try:
        memory_process.compile_modules()
        for work in works(options.quick):
            if work.name in options.only:
                results.measure(work, options)
        if PREDICTION in options.only:
            results.predict(options)
    except KeyboardInterrupt:
        interrupted = True
        print("\nInterrupted: what was measured so far follows.")
    bars = [dataclasses.replace(one, met=None) if options.quick else one for one in results.verdicts]
    minutes = (time.perf_counter() - begin) / 60
    if bars:
        print(f"\nBars ({minutes:.1f} minutes)\n{verdict_table(bars)}")
    content = {**about, "interrupted": interrupted, "minutes": minutes, "works": results.works, "bars": bars}
    text = json.dumps(content, indent=1, default=dataclasses.asdict) + "\n"
    write_atomically(options.json, lambda file: file.write(text.encode()))
    print(f"\nWritten: {options.json}")
    return 130 if interrupted else int(results.failed)


if __name__ == "__main__":
    sys.exit(main())
