"""Public TensorFlow 1 scripts, unmodified, under TensorFlow 1.15 and under `ostinato run`, side by side.

    python -m benchmarks.scripts CHECKOUTS --document docs/scripts.md

CHECKOUTS is a folder of git checkouts, each named OWNER+NAME after its place on GitHub. A row copies its
checkout, adds the data that it lacks (`benchmarks.scripts_data`), and runs the script in the copy, first
under TensorFlow 1.15 (`make peers`, or the Python that OSTINATO_TF1_PYTHON names), then under this one.
Both have the same seeds, the same data, the same number of steps, and variables that start from the same
values. Steps are timed by `benchmarks.scripts_program`; the median of those after the third counts, and where
this one is not clearly faster, that of three such runs in turns.

Run it on a quiet machine.
"""

from __future__ import annotations

import argparse
import functools
import json
import os
import shlex
import shutil
import signal
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

import torch

from benchmarks.__main__ import processor
from benchmarks.context import busy
from benchmarks.environments import ROOT, tf1_python
from benchmarks.scripts_rows import ROWS, TWO_TO_THREE, Row
from ostinato.cli.files import write_atomically

BEGIN, END = "<!-- made by python -m benchmarks.scripts -->", "<!-- end -->"
# The first steps start up: plans, memory, threads.
FIRST = 3
# Where one run does not show this one faster by this factor, both run so often, in turns, and the median
# counts: a machine that others use too is a fifth slower in one minute than in the next.
CLOSE, ROUNDS = 1.25, 3


@dataclass
class Outcome:
    """What a run of a script came to; `problem` is empty where it went well."""

    steps: int = 0
    milliseconds: float = 0.0
    values: list[float] = field(default_factory=list)
    problem: str = ""


def arguments(given: Sequence[str] | None) -> argparse.Namespace:
    """The command line."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.scripts", description=__doc__)
    parser.add_argument("checkouts", type=Path, help="folder of the checkouts, OWNER+NAME")
    parser.add_argument("--only", default="", help="rows whose name holds one of these, separated by commas")
    parser.add_argument(
        "--threads", type=int, default=torch.get_num_threads(), help="cores and threads of each"
    )
    parser.add_argument("--limit", type=int, default=90, help="seconds that a run may take (default: 90)")
    parser.add_argument("--document", type=Path, help="file whose table is replaced")
    parser.add_argument("--outputs", type=Path, help="folder for what the scripts print")
    return parser.parse_args(given)


def run(face: str, row: Row, copy: Path, initial: Path, options: argparse.Namespace) -> Outcome:
    """Run a row's script in its copy, and what follows it."""
    ours = face == "ostinato"
    python = sys.executable if ours else str(tf1_python())
    path = [str(ROOT), *([str(ROOT / "src")] if ours else [])]
    environment = {
        **os.environ,
        "MPLBACKEND": "Agg",
        "PYTHONPATH": os.pathsep.join(path),
        "PYTHONHASHSEED": "0",
        "PYTHONIOENCODING": "utf-8",
        "OMP_NUM_THREADS": str(options.threads),
    }
    # TensorFlow has a thread for every core that it may use.
    cores = sorted(os.sched_getaffinity(0))[: options.threads]
    outcome = Outcome()
    commands = [[row.script, *shlex.split(row.arguments)], *map(shlex.split, row.then)]
    for number, command in enumerate(commands):
        report = copy.parent / f"{face}-{number}.json"
        way = "stop" if row.stop else "finish"
        program = [python, "-W", "ignore", "-m", "benchmarks.scripts_program", face, str(report)]
        start = str(initial if number == 0 else copy.parent / f"{face}-none")
        with open(copy.parent / f"{face}.txt", "ab") as output:
            process = subprocess.Popen(
                [*program, str(row.steps), way, start, *command],
                cwd=copy / row.folder,
                env=environment,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                start_new_session=True,
                preexec_fn=functools.partial(os.sched_setaffinity, 0, cores),
            )
            try:
                code = process.wait(options.limit)
            except subprocess.TimeoutExpired:
                os.killpg(process.pid, signal.SIGKILL)
                process.wait()
                outcome.problem = f"{command[0]} ran for more than {options.limit} seconds"
                break
        if code:
            lines = (copy.parent / f"{face}.txt").read_text(errors="replace").strip().splitlines()
            outcome.problem = f"{command[0]} ended with {code}: {lines[-1] if lines else ''}"
            break
        if number == 0:
            found = json.loads(report.read_text())
            if not found["steps"]:
                outcome.problem = "nothing was trained"
                break
            seconds = found["seconds"][FIRST:] or found["seconds"]
            outcome.steps, outcome.values = found["steps"], found["values"]
            outcome.milliseconds = statistics.median(seconds) * 1e3
    return outcome


def measured(row: Row, options: argparse.Namespace) -> tuple[Outcome, Outcome]:
    """The row under TensorFlow 1.15 and here."""
    with tempfile.TemporaryDirectory() as folder:
        found = []
        for face in ("tensorflow", "ostinato"):
            place = Path(folder) / face
            place.mkdir()
            copy = place / row.repository
            shutil.copytree(options.checkouts / row.repository, copy, ignore=shutil.ignore_patterns(".git"))
            if row.python2:
                convert = [str(tf1_python()), "-m", "lib2to3", "-w", "-n", "--no-diffs", str(copy)]
                subprocess.run(convert, check=True, capture_output=True)
            row.prepare(copy, options.checkouts)
            found.append(run(face, row, copy, Path(folder) / "initial.npz", options))
            if options.outputs:
                options.outputs.mkdir(parents=True, exist_ok=True)
                text = "".join(letter if letter.isalnum() else "_" for letter in f"{row.name}-{face}")
                shutil.copy(place / f"{face}.txt", options.outputs / f"{text}.txt")
    return found[0], found[1]


def measured_in_turns(row: Row, options: argparse.Namespace) -> tuple[Outcome, Outcome]:
    """As `measured`, once more and once more again where the first does not show this one clearly faster."""
    first = peer, mine = measured(row, options)
    if peer.problem or mine.problem or peer.milliseconds > CLOSE * mine.milliseconds:
        return first
    rounds = [first, *(measured(row, options) for _ in range(ROUNDS - 1))]
    for outcome, face in zip(first, range(2), strict=True):
        outcome.milliseconds = statistics.median(found[face].milliseconds for found in rounds)
        outcome.problem = next((found[face].problem for found in rounds if found[face].problem), "")
    return first


def shown(value: float) -> str:
    return f"{value:.4g}"


def result(outcome: Outcome) -> str:
    """The number that the script fetches: at the first step and at the last."""
    if outcome.problem:
        return outcome.problem.replace("|", "/")[:120]
    if not outcome.values:
        return "runs"
    return f"{outcome.values[0]:.5g} → {outcome.values[-1]:.5g}"


def line(row: Row, peer: Outcome, mine: Outcome) -> tuple[str, ...]:
    """A row of the table."""
    command = f"{row.script.replace('-m:', '-m ')} {row.arguments}".strip()
    ran = f"`{' '.join(command.split())}`" + "".join(f", then `{one}`" for one in row.then)
    if len(command) > 90:
        ran = f"`{command[:80].rsplit(' ', 1)[0]} ...`"
    repository = row.repository.replace("+", "/")
    where = f"{repository}{', ' + row.folder if row.folder else ''}"
    timed = peer.milliseconds and mine.milliseconds
    return (
        where,
        ran,
        str(mine.steps),
        result(peer),
        result(mine),
        shown(peer.milliseconds) if peer.milliseconds else "",
        shown(mine.milliseconds) if mine.milliseconds else "",
        f"{peer.milliseconds / mine.milliseconds:.2f}" if timed else "",
        TWO_TO_THREE if row.python2 else "yes",
    )


def table(lines: Sequence[Sequence[str]], note: str) -> str:
    """The table as Markdown."""
    losses, times = ("TF 1.15: loss", "Ostinato: loss"), ("TF 1.15, ms a step", "Ostinato, ms a step")
    head = ("repository", "what is run", "steps", *losses, *times, "TF's time / ours", "unmodified")
    written = [f"| {' | '.join(cells)} |" for cells in (head, ["---"] * len(head), *lines)]
    return "\n".join([note, "", *written])


def main(given: Sequence[str] | None = None) -> int:
    """Run the rows, print each as it is done, and write the table."""
    options = arguments(given)
    options.checkouts = options.checkouts.resolve()
    wanted = options.only.split(",")
    rows = [row for row in ROWS if any(part in row.name for part in wanted)]
    absent = sorted({row.repository for row in rows if not (options.checkouts / row.repository).is_dir()})
    if absent:
        print(f"Not among the checkouts, so left out: {', '.join(absent)}.")
    if busy():
        print(busy())
    begin, lines, failed = time.perf_counter(), [], 0
    for row in rows:
        if row.repository in absent:
            continue
        peer, mine = measured_in_turns(row, options)
        lines.append(line(row, peer, mine))
        failed += bool(mine.problem)
        print(" | ".join(lines[-1]), flush=True)
    minutes = (time.perf_counter() - begin) / 60
    threads = f"{options.threads} thread{'s' if options.threads > 1 else ''}"
    note = f"{processor()}, {threads}, torch {torch.__version__}, {time.strftime('%Y-%m-%d')}."
    print(f"\n{len(lines)} scripts in {minutes:.1f} minutes, {failed} of them fail here.")
    if options.document:
        before, _, rest = options.document.read_text(encoding="utf-8").partition(BEGIN)
        _, _, after = rest.partition(END)
        text = f"{before}{BEGIN}\n\n{table(lines, note)}\n\n{END}{after}"
        write_atomically(options.document, lambda file: file.write(text.encode()))
        print(f"Written: {options.document}")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
