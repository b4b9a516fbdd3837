"""`ostinato compare`: what is the difference between static and dynamic RNN? Figures, a table and a plot."""

import argparse
import dataclasses
import json
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

from ostinato.cli import arguments as types
from ostinato.cli.errors import CommandError, require
from ostinato.cli.files import write_atomically
from ostinato.cli.measure import CELLS, DRIVERS, Figures, Network

EXAMPLES = """\
examples:
  ostinato compare
  ostinato compare --timesteps 10,100,1000 --cell GRUCell --units 128 --batch 64
  ostinato compare --timesteps 10,100 --json | python -m json.tool

Each line of the table is measured in a process of its own. A training step is forward, backward and an
update by Adam. Peak memory is how far the process grew in a training step; what it held before is taken off.
"""

Comparison = list[tuple[Network, Figures]]


def add_parser(subparsers: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Declare the command's arguments."""
    parser = subparsers.add_parser(
        "compare",
        help="measure static_rnn, dynamic_rnn and dynamic_rnn(swap_memory=True)",
        description="Measure graph nodes, build time, step time and peak memory of the TensorFlow 1 drivers.",
        epilog=EXAMPLES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    add = parser.add_argument
    add(
        "--timesteps",
        type=types.positive_integers,
        default=[10, 100, 1000],
        metavar="N,N,...",
        help="numbers of time steps to measure (default: 10,100,1000)",
    )
    add("--cell", choices=CELLS, default="BasicLSTMCell", help="kind of cell (default: BasicLSTMCell)")
    add("--units", type=types.positive_integer, default=64, help="units of the cell (default: 64)")
    add("--batch", type=types.positive_integer, default=32, help="sequences in a batch (default: 32)")
    add("--inputs", type=types.positive_integer, default=12, help="values a time step (default: 12)")
    # Two threads on cores that something else uses wait for each other at every step: figures a hundred times
    # too large. One thread is as fast at the default sizes.
    add("--threads", type=types.positive_integer, default=1, help="threads that torch may use (default: 1)")
    add(
        "--output",
        type=types.folder,
        default=Path("ostinato-output"),
        metavar="FOLDER",
        help="where compare.png goes (default: ostinato-output)",
    )
    add(
        "--json",
        nargs="?",
        const="-",
        type=types.file,
        metavar="FILE",
        help="write the figures as JSON to FILE, or to stdout in place of the table",
    )


def main(arguments: argparse.Namespace) -> int:
    """Measure, print and plot."""
    require("matplotlib", purpose="the plot of 'ostinato compare'")
    networks = [
        Network(
            driver,
            steps,
            cell=arguments.cell,
            units=arguments.units,
            batch=arguments.batch,
            inputs=arguments.inputs,
            threads=arguments.threads,
        )
        for steps in arguments.timesteps
        for driver in DRIVERS
    ]
    comparison = compare(networks)
    plot = save_plot(comparison, arguments.output / "compare.png")
    figures = json.dumps([dataclasses.asdict(n) | dataclasses.asdict(f) for n, f in comparison], indent=2)
    if arguments.json == "-":
        print(figures)
        return 0
    if arguments.json is not None:
        write_atomically(Path(arguments.json), lambda file: file.write(f"{figures}\n".encode()))
    print(report(comparison))
    print(f"\nPlot: {plot}")
    return 0


def compare(networks: Sequence[Network]) -> Comparison:
    """Measure each network in a process of its own, telling on stderr which one is on."""
    comparison = []
    for network in networks:
        print(f"measuring {network.driver}, {network.timesteps} steps", file=sys.stderr, flush=True)
        comparison.append((network, _measure_in_fresh_process(network)))
    return comparison


def _measure_in_fresh_process(network: Network) -> Figures:
    command = [sys.executable, "-m", "ostinato.cli.measure", json.dumps(dataclasses.asdict(network))]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        # A process that the kernel kills, as for memory, says nothing: its exit code is then all there is.
        last_line = (done.stderr.strip().splitlines() or [f"exit code {done.returncode}"])[-1]
        raise CommandError(
            f"measuring {network.driver} over {network.timesteps} steps failed: {last_line}", exit_code=1
        )
    return Figures(**json.loads(done.stdout))


def report(comparison: Comparison) -> str:
    """The table of a comparison, and what it says."""
    from tabulate import tabulate

    rows = [
        (
            network.driver,
            network.timesteps,
            figures.nodes,
            figures.build_seconds * 1e3,
            figures.step_seconds * 1e3,
            None if figures.peak_bytes is None else figures.peak_bytes / 2**20,
        )
        for network, figures in comparison
    ]
    headers = ("driver", "time steps", "graph nodes", "build (ms)", "training step (ms)", "peak memory (MiB)")
    table = tabulate(rows, headers, floatfmt=("", "", "", ".1f", ".1f", ".1f"), missingval="unknown")
    return "\n\n".join([comparison[0][0].title, table, *_growth(comparison)])


def _growth(comparison: Comparison) -> list[str]:
    """A sentence a driver: how its graph and its memory follow the number of steps."""
    sentences = []
    for driver in DRIVERS:
        line = [(network, figures) for network, figures in comparison if network.driver == driver]
        (short, least), (long, most) = line[0], line[-1]
        if short.timesteps == long.timesteps:
            continue
        sentence = f"{driver}: from {short.timesteps} to {long.timesteps} steps the graph "
        if most.nodes == least.nodes:
            sentence += f"stays at {most.nodes} nodes"
        else:
            sentence += f"grows from {least.nodes} to {most.nodes} nodes"
        if least.peak_bytes is not None and most.peak_bytes is not None:
            sentence += (
                f", peak memory goes from {least.peak_bytes / 2**20:.1f} to {most.peak_bytes / 2**20:.1f} MiB"
            )
        sentences.append(f"{sentence}.")
    return ["\n".join(sentences)] if sentences else []


def save_plot(comparison: Comparison, path: Path) -> Path:
    """Draw a comparison to `path`, a PNG with one plot a quantity."""
    from ostinato.cli.plots import comparison_figure

    figure = comparison_figure(comparison)
    write_atomically(path, lambda file: figure.savefig(file, format="png"))
    return path
