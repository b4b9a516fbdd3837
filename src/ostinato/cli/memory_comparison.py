"""What does less memory cost? The second table and plot of `ostinato compare`: the memory plans of
`dynamic_rnn` beside torch.nn's layer, `torch.utils.checkpoint` and `torch.autograd.graph.save_on_cpu`.
"""

from __future__ import annotations

import dataclasses
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from ostinato.cli import fresh
from ostinato.cli.errors import CommandError
from ostinato.cli.files import write_atomically
from ostinato.cli.memory_measure import Measured, Training, measure
from ostinato.cli.resident import Sample, peak

if TYPE_CHECKING:
    from numpy.typing import ArrayLike

PLANS = ("keep_all", "keep_state", "recompute", "swap to disk")
PEERS = ("torch.nn", "torch.nn, checkpoint", "torch.nn, save_on_cpu")
LIMIT = "memory_limit"
# The layer of torch.nn that a cell is compared with.
LAYERS = {"BasicRNNCell": "RNN", "BasicLSTMCell": "LSTM", "LSTMCell": "LSTM", "GRUCell": "GRU"}
# A line of the plot has about as many points as it has pixels to draw them.
MOST_POINTS = 500


@dataclasses.dataclass(frozen=True)
class MemoryFigures:
    """What was measured of one `Training`.

    Attributes:
        step_seconds: median time of a training step.
        peak_bytes: anonymous memory that a training step adds to the process, at most, beyond its outputs;
            None where the operating system cannot tell.
        gradient_difference: largest difference of a value of the kernel's gradient from keep_all's, as a part
            of the largest value; None where another formula is computed.
        curve: seconds since the step began, and bytes of anonymous memory above what there was.
    """

    step_seconds: float
    peak_bytes: int | None
    gradient_difference: float | None
    curve: list[tuple[float, int]]


MemoryComparison = list[tuple[Training, MemoryFigures]]


def trainings(common: Training) -> list[Training]:
    """All ways to do `common`; one with its memory limit where it has one."""
    limited = [] if common.memory_limit is None else [LIMIT]
    return [
        dataclasses.replace(common, way=way, memory_limit=common.memory_limit if way == LIMIT else None)
        for way in (*PLANS, *limited, *PEERS)
    ]


def compare_memory(chosen: Sequence[Training]) -> MemoryComparison:
    """Measure each training in a process of its own, telling on stderr which one is on."""
    comparison = []
    exact = None
    for training in chosen:
        print(f"measuring {name(training)}, {training.timesteps} steps", file=sys.stderr, flush=True)
        try:
            measured, samples = fresh.run(measure, training)
        except fresh.Failed as error:
            raise CommandError(
                f"measuring {name(training)} over {training.timesteps} steps failed: {error}", exit_code=1
            ) from None
        exact = measured.gradient if exact is None else exact
        comparison.append((training, figures(measured, samples, exact)))
    return comparison


def name(training: Training) -> str:
    """A way as the tables and the plot call it."""
    if training.way == LIMIT and training.memory_limit is not None:
        return f"{LIMIT}={training.memory_limit / 2**20:g}MiB"
    return training.way.replace("torch.nn", f"torch.nn.{LAYERS[training.cell]}")


def figures(measured: Measured, samples: Sequence[Sample], exact: ArrayLike | None) -> MemoryFigures:
    """What a process found out, with what was seen of it from outside."""
    window, highest, curve = measured.window, None, []
    if window is not None:
        before = window.begin.anonymous
        highest = max(0, peak(window, samples) - before - measured.outputs)
        curve = [(s.seconds - window.begin.seconds, s.anonymous - before) for s in window.of(samples)]
    return MemoryFigures(measured.seconds, highest, _difference(measured.gradient, exact), _thinned(curve))


def _thinned(curve: list[tuple[float, int]]) -> list[tuple[float, int]]:
    """At most `MOST_POINTS` points of `curve`: the highest of as many stretches."""
    width = -(-len(curve) // MOST_POINTS) or 1
    return [max(curve[i : i + width], key=lambda point: point[1]) for i in range(0, len(curve), width)]


def _difference(found: ArrayLike | None, exact: ArrayLike | None) -> float | None:
    import numpy as np

    if found is None or exact is None:
        return None
    one, other = np.asarray(found, np.float64), np.asarray(exact, np.float64)
    return float(np.abs(one - other).max() / (np.abs(other).max() or 1.0))


def report(comparison: MemoryComparison) -> str:
    """The table of a comparison, and what it says."""
    from tabulate import tabulate

    training, fastest = comparison[0]
    rows = [
        (
            name(way),
            found.step_seconds * 1e3,
            f"{found.step_seconds / fastest.step_seconds:.2f}x",
            None if found.peak_bytes is None else found.peak_bytes / 2**20,
            _difference_in_words(found.gradient_difference),
        )
        for way, found in comparison
    ]
    headers = ("", "training step (ms)", "of keep_all's", "peak memory (MiB)", "gradient differs by")
    table = tabulate(
        rows,
        headers,
        floatfmt=("", ".1f", "", ".1f"),
        missingval="unknown",
        colalign=("left", *["right"] * 4),
        disable_numparse=[0, 2, 4],
    )
    outputs = training.timesteps * training.batch * training.units * 4 / 2**20
    return "\n\n".join(
        [title(training), table, f"Peak memory is what a step adds beyond its outputs ({outputs:.1f} MiB)."]
    )


def _difference_in_words(difference: float | None) -> str:
    if difference is None:
        return "another formula"
    return f"{difference:.0e}" if difference else "0"


def title(training: Training) -> str:
    """What all trainings of a comparison have in common."""
    size = f"{training.cell}, {training.units} units, {training.inputs} inputs, batch {training.batch}"
    threads = f"{training.threads} thread{'s' if training.threads > 1 else ''}"
    return f"What does less memory cost? {size}, {training.timesteps} time steps, {threads}"


def save_plot(comparison: MemoryComparison, path: Path) -> Path:
    """Draw a comparison to `path`, a PNG: memory over time, and memory by time."""
    from ostinato.cli.plots import memory_figure

    figure = memory_figure([(name(way), found) for way, found in comparison], title(comparison[0][0]))
    write_atomically(path, lambda file: figure.savefig(file, format="png"))
    return path
