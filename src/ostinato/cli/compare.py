"""`ostinato compare`: what is the difference between static and dynamic RNN, and what does less memory cost?
Figures, tables and plots.
"""

import argparse
import dataclasses
import json
import sys
from collections.abc import Sequence
from pathlib import Path

from ostinato.cli import arguments as types
from ostinato.cli import fresh, memory_comparison
from ostinato.cli.errors import CommandError, require
from ostinato.cli.files import write_atomically
from ostinato.cli.measure import CELLS, DRIVERS, Figures, Network, measure
from ostinato.cli.memory_comparison import compare_memory, trainings
from ostinato.cli.memory_measure import Training

EXAMPLES = """\
examples:
  ostinato compare
  ostinato compare --timesteps 10,100,1000 --cell GRUCell --units 128 --batch 64
  ostinato compare --timesteps 10,100 --json | python -m json.tool
  ostinato compare --plan-timesteps 50000 --batch 8 --memory-limit 64MiB
  ostinato compare --plan-timesteps 0      the drivers alone

Each line of a table is measured in a process of its own. Peak memory is how far the process grew in a
training step; what it held before is taken off. Of the drivers, a training step is forward, backward and an
update by Adam. Of the memory plans it is forward and backward, with a gradient at every output; there the
outputs, which every plan has to hold, do not count.
"""

Comparison = list[tuple[Network, Figures]]


def add_parser(subparsers: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Declare the command's arguments."""
    parser = subparsers.add_parser(
        "compare",
        help="measure the drivers, and what the memory plans of dynamic_rnn cost",
        description="Measure graph nodes, build time, step time and peak memory of the TensorFlow 1 drivers; "
        "then step time and memory of a long sequence under each memory plan, beside torch.nn's layer, "
        "torch.utils.checkpoint and torch.autograd.graph.save_on_cpu.",
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
    add(
        "--plan-timesteps",
        type=types.whole_number,
        default=4000,
        metavar="N",
        help="time steps to compare memory plans over (default: 4000); 0 leaves them out",
    )
    add(
        "--memory-limit",
        type=types.memory_size,
        metavar="SIZE",
        help="measure dynamic_rnn under this memory limit too, such as 64MiB",
    )
    # Two threads on cores that something else uses wait for each other at every step: figures a hundred times
    # too large. One thread is as fast at the default sizes.
    add("--threads", type=types.positive_integer, default=1, help="threads that torch may use (default: 1)")
    add(
        "--output",
        type=types.folder,
        default=Path("ostinato-output"),
        metavar="FOLDER",
        help="where compare.png and memory.png go (default: ostinato-output)",
    )
    add(
        "--json",
        nargs="?",
        const="-",
        type=types.file,
        metavar="FILE",
        help="write the figures as JSON to FILE, or to stdout in place of the tables",
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
    memory = compare_memory(trainings(_training(arguments))) if arguments.plan_timesteps else []
    plots = [save_plot(comparison, arguments.output / "compare.png")]
    if memory:
        plots.append(memory_comparison.save_plot(memory, arguments.output / "memory.png"))
    found = {
        "drivers": [dataclasses.asdict(n) | dataclasses.asdict(f) for n, f in comparison],
        "memory": [dataclasses.asdict(t) | dataclasses.asdict(f) for t, f in memory],
    }
    figures = json.dumps(found, indent=2)
    if arguments.json == "-":
        print(figures)
        return 0
    if arguments.json is not None:
        write_atomically(Path(arguments.json), lambda file: file.write(f"{figures}\n".encode()))
    print(report(comparison))
    if memory:
        print(f"\n{memory_comparison.report(memory)}")
    print(f"\nPlot{'s' if memory else ''}: {', '.join(map(str, plots))}")
    return 0


def _training(arguments: argparse.Namespace) -> Training:
    return Training(
        "",
        arguments.plan_timesteps,
        cell=arguments.cell,
        units=arguments.units,
        batch=arguments.batch,
        inputs=arguments.inputs,
        threads=arguments.threads,
        memory_limit=arguments.memory_limit,
    )


def compare(networks: Sequence[Network]) -> Comparison:
    """Measure each network in a process of its own, telling on stderr which one is on."""
    comparison = []
    for network in networks:
        print(f"measuring {network.driver}, {network.timesteps} steps", file=sys.stderr, flush=True)
        comparison.append((network, _measure_in_fresh_process(network)))
    return comparison


def _measure_in_fresh_process(network: Network) -> Figures:
    try:
        found: Figures = fresh.run(measure, network).value
    except fresh.Failed as error:
        raise CommandError(
            f"measuring {network.driver} over {network.timesteps} steps failed: {error}", exit_code=1
        ) from None
    return found


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
