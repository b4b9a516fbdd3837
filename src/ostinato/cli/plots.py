"""The pictures that `ostinato compare` and `ostinato demo` save."""

from collections.abc import Callable, Sequence
from typing import Any

from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter, LogLocator, NullLocator

from ostinato.cli.measure import DRIVERS, Figures, Network
from ostinato.cli.memory_comparison import MemoryFigures

# One look for each driver in every plot; the markers tell them apart without colour and where lines meet.
STYLES: dict[str, dict[str, Any]] = {
    "static_rnn": {"color": "#d55e00", "marker": "s", "linestyle": "-"},
    "dynamic_rnn": {"color": "#0072b2", "marker": "o", "linestyle": "-", "markersize": 9},
    "dynamic_rnn(swap_memory=True)": {"color": "#009e73", "marker": "^", "linestyle": "--", "markersize": 5},
}

MARKERS = "osD^vP*X"

QUANTITIES: tuple[tuple[str, str, Callable[[Figures], float | None]], ...] = (
    ("Graph", "nodes", lambda figures: figures.nodes),
    ("Building the graph", "time (ms)", lambda figures: figures.build_seconds * 1e3),
    ("A training step", "time (ms)", lambda figures: figures.step_seconds * 1e3),
    (
        "Peak memory of a training step",
        "memory (MiB)",
        lambda figures: None if figures.peak_bytes is None else figures.peak_bytes / 2**20,
    ),
)


def comparison_figure(comparison: Sequence[tuple[Network, Figures]]) -> Figure:
    """Four plots over the number of time steps, a line for each driver; all axes are logarithmic."""
    figure = Figure(figsize=(11, 8), layout="constrained", dpi=120)
    figure.suptitle(comparison[0][0].title)
    ticks = sorted({network.timesteps for network, _ in comparison})
    for axes, (title, label, quantity) in zip(figure.subplots(2, 2).flat, QUANTITIES, strict=True):
        # A logarithmic axis has no place for 0, which the memory of a tiny network can be.
        points = [
            (network.driver, network.timesteps, value)
            for network, figures in comparison
            if (value := quantity(figures))
        ]
        for driver in DRIVERS:
            line = [(steps, value) for name, steps, value in points if name == driver]
            axes.plot([steps for steps, _ in line], [y for _, y in line], label=driver, **STYLES[driver])
        axes.set(title=title, xlabel="time steps", ylabel=label, xscale="log")
        axes.xaxis.set_minor_locator(NullLocator())
        axes.set_xticks(ticks, [f"{tick:,}" for tick in ticks])
        if points:
            axes.set_yscale("log")
            axes.yaxis.set_major_locator(LogLocator(subs=(1, 2, 5)))
            axes.yaxis.set_minor_locator(NullLocator())
            axes.yaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:,.10g}"))
        axes.grid(alpha=0.3)
    figure.legend(*figure.axes[0].get_legend_handles_labels(), loc="outside lower center", ncols=3)
    return figure


def memory_figure(comparison: Sequence[tuple[str, MemoryFigures]], title: str) -> Figure:
    """Memory over one training step, a line for each of the named ways; and their memory by their time."""
    figure = Figure(figsize=(12, 5.5), layout="constrained", dpi=120)
    figure.suptitle(title)
    left, right = figure.subplots(1, 2)
    for number, (name, figures) in enumerate(comparison):
        # Ways of torch.nn are dashed; a marker stands at the end of a line, and alone on the right.
        look: dict[str, Any] = {
            "color": f"C{number}",
            "linestyle": "--" if name.startswith("torch") else "-",
            "marker": MARKERS[number % len(MARKERS)],
        }
        times, heights = zip(*figures.curve, strict=True) if figures.curve else ((), ())
        left.plot(times, [height / 2**20 for height in heights], label=name, markevery=[-1], **look)
        if figures.peak_bytes is not None:
            right.plot([figures.step_seconds * 1e3], [figures.peak_bytes / 2**20], markersize=10, **look)
    left.set(title="Over one training step, outputs included", xlabel="time (s)", ylabel="memory (MiB)")
    right.set(title="Peak beyond the outputs", xlabel="training step (ms)", ylabel="memory (MiB)")
    right.set_xlim(left=0)
    if any(figures.peak_bytes for _, figures in comparison):
        right.set_yscale("log")
        right.yaxis.set_major_locator(LogLocator(subs=(1, 2, 5)))
        right.yaxis.set_minor_locator(NullLocator())
        right.yaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:,.10g}"))
    for axes in (left, right):
        axes.grid(alpha=0.3)
    figure.legend(*left.get_legend_handles_labels(), loc="outside lower center", ncols=4)
    return figure


def training_figure(losses: Sequence[Sequence[float]], accuracies: Sequence[Sequence[float]]) -> Figure:
    """Training loss and test accuracy (a fraction) after each epoch, a line for each training."""
    figure = Figure(figsize=(11, 4), layout="constrained", dpi=120)
    left, right = figure.subplots(1, 2)
    for number, (loss, accuracy) in enumerate(zip(losses, accuracies, strict=True), start=1):
        epochs = range(1, len(loss) + 1)
        left.plot(epochs, loss, label=f"training {number}")
        right.plot(epochs, accuracy, label=f"training {number}")
    left.set(title="Training", xlabel="epoch", ylabel="cross entropy (nats)", yscale="log")
    right.set(title="Test", xlabel="epoch", ylabel="accuracy")
    for axes in (left, right):
        axes.grid(alpha=0.3)
    if len(losses) > 1:
        right.legend(loc="lower right")
    return figure
