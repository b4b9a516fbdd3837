"""`python -m benchmarks`: measure Ostinato beside its peers. docs/benchmarks.md says how."""

from __future__ import annotations

import argparse
import dataclasses
import math
import platform
import sys
import time
import traceback
from collections.abc import Sequence
from pathlib import Path

import torch

import ostinato
from benchmarks import plot, report
from benchmarks.context import Context, busy, started
from benchmarks.environments import ROOT, missing_peers
from benchmarks.groups import GRIDS, Group, all_groups
from benchmarks.points import Point, Row, estimate, measure_point
from ostinato import kernels

RESULTS = ROOT / "benchmarks" / "results"


def arguments(given: Sequence[str] | None) -> argparse.Namespace:
    """The command line."""
    parser = argparse.ArgumentParser(prog="make bench ARGS=...", description=__doc__)
    parser.add_argument("--only", help="groups to measure, separated by commas (see --list)")
    parser.add_argument("--quick", action="store_true", help="small sizes, three rounds, nothing judged")
    parser.add_argument("--json", type=Path, default=RESULTS / "bench.json", help="result file")
    parser.add_argument("--plot", type=Path, help="picture (default: beside the result file, .png)")
    parser.add_argument("--threads", type=int, default=torch.get_num_threads(), help="for every contender")
    parser.add_argument("--list", action="store_true", help="list the groups")
    found = parser.parse_args(given)
    if found.threads < 1:
        parser.error(f"--threads must be at least 1, but is {found.threads}.")
    found.plot = found.plot or found.json.with_suffix(".png")
    return found


def choose(groups: Sequence[Group], only: str | None) -> list[Group]:
    """The groups that a comma-separated list names; None: those of a default run.

    Raises:
        ValueError: there is no group of that name.
    """
    if only is None:
        return [group for group in groups if group.default]
    by_name = {group.name: group for group in groups}
    unknown = [name for name in only.split(",") if name not in by_name]
    if unknown:
        raise ValueError(f"There is no group {', '.join(unknown)}; there are {', '.join(by_name)}.")
    return [by_name[name] for name in only.split(",")]


def processor() -> str:
    """The processor's name."""
    try:
        lines = Path("/proc/cpuinfo").read_text().splitlines()
    except OSError:
        lines = []
    named = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    return named[0] if named else platform.processor() or platform.machine()


def describe(context: Context, quick: bool) -> dict[str, object]:
    """Where and with what this run is made."""
    found = kernels.available()
    return {
        "started": started(),
        "processor": processor(),
        "threads": context.threads,
        "torch": torch.__version__,
        "ostinato": ostinato.__version__,
        "kernels": " ".join(filter(None, (found.in_use, found.instruction_set))),
        "quick": quick,
    }


def without_native_kernels() -> str:
    """A warning where ours runs on plain torch; empty otherwise."""
    found = kernels.available()
    if found.in_use == "cpu":
        return ""
    reasons = "; ".join(f"{name}: {reason}" for name, reason in found.reasons.items())
    return f"Ostinato runs on its reference, plain torch, and not on its native kernels ({reasons})."


def headline(about: dict[str, object]) -> str:
    """The machine and the versions in one line."""
    threads = f"{about['threads']} thread{'s' if about['threads'] != 1 else ''}"
    versions = f"torch {about['torch']}, kernels: {about['kernels']}"
    return f"{about['processor']}, {threads}, {versions}{', quick' if about['quick'] else ''}"


def forecast(seconds: float, quick: bool) -> str:
    """How long a run takes, as a sentence."""
    if quick:
        return f"This takes about {math.ceil(seconds / 40) * 10} s."
    return (
        f"This takes about {max(1, round(seconds / 60))} min; a point that misses its bar is measured three "
        "times, which takes longer."
    )


def measure_group(context: Context, group: Group) -> list[Row]:
    """Measure a group's points and print its table, of what there is where it is interrupted."""
    rows: list[Row] = []
    print(f"\n{group.name}: {group.title}", flush=True)
    try:
        for number, point in enumerate(group.points, start=1):
            if sys.stderr.isatty():
                print(f"\r  point {number} of {len(group.points)} \r", end="", file=sys.stderr, flush=True)
            for dtype in {entry.work.dtype for entry in point.entries}:
                if number == 1 or dtype not in context.rates:
                    context.measure_rate(dtype)
            try:
                rows += measure_point(context, group.name, point)
            except Exception as error:  # one point's failure must not cost the others' measurements
                traceback.print_exc()
                rows += failed(group, point, error)
    finally:
        rows += group.summarise(rows)
        if rows:
            print(report.table(rows, context.rates), flush=True)
        context.measured += rows
    return rows


def failed(group: Group, point: Point, error: Exception) -> list[Row]:
    """Rows that say that a point could not be measured."""
    work = point.entries[0].work
    note = f"failed: {str(error).splitlines()[0] if str(error) else type(error).__name__}"
    return [
        Row(
            group.name,
            point.label,
            work.mode,
            comparison.other,
            comparison.bar,
            comparison.at_most,
            comparison.unit,
            dtype=work.dtype,
            note=note,
            wrong=True,
            met=None if comparison.bar is None else False,
            work=work,
        )
        for comparison in point.comparisons
    ]


def main(given: Sequence[str] | None = None) -> int:
    """Run; 0 where all was measured, 1 where something failed, 130 where it was interrupted."""
    options = arguments(given)
    groups = all_groups(options.quick)
    if options.list:
        print("\n".join(f"{group.name:22} {group.title}" for group in groups))
        return 0
    try:
        chosen = choose(groups, options.only)
    except ValueError as error:
        print(error, file=sys.stderr)
        return 2
    context = Context(options.threads, options.quick)
    interrupted, begin = False, time.perf_counter()
    about = describe(context, options.quick)
    try:
        rate = context.measure_rate("float32")
        print(headline(about))
        print(f"torch.mm: {rate / 1e9:.0f} GFLOP/s in float32")
        missing = (f"{name} is not installed (make peers)." for name in missing_peers())
        for warning in (without_native_kernels(), busy(), *missing):
            if warning:
                print(warning)
        points = [point for group in chosen for point in group.points]
        print(forecast(estimate(points, rate), options.quick), flush=True)
        for group in chosen:
            measure_group(context, group)
            save(options, about, context)
    except KeyboardInterrupt:
        interrupted = True
        print("\nInterrupted: what was measured so far follows.")
    finally:
        context.close()
    return finish(options, about, context, interrupted, time.perf_counter() - begin)


def save(options: argparse.Namespace, about: dict[str, object], context: Context) -> None:
    report.write(options.json, about, context.measured, context.rates)


def finish(
    options: argparse.Namespace, about: dict[str, object], context: Context, interrupted: bool, seconds: float
) -> int:
    """Print the bars, draw the picture, write the file."""
    rows = context.measured
    grids = [f"{family.replace('_', '-')}-grid" for family in GRIDS]
    barred = report.bars(rows, grids)
    if barred:
        print(f"\nBars: {report.tally(barred)}; {seconds / 60:.1f} minutes")
        print(
            report.table(
                [dataclasses.replace(row, label=f"{row.group}: {row.label}") for row in barred], context.rates
            )
        )
    save(options, {**about, "interrupted": interrupted, "seconds": seconds}, context)
    print(f"\nWritten: {options.json}")
    if plot.draw(options.plot, rows, context.rates, headline(about)):
        print(f"Written: {options.plot}")
    if interrupted:
        return 130
    return 1 if any(row.wrong for row in rows) else 0


if __name__ == "__main__":
    sys.exit(main())
