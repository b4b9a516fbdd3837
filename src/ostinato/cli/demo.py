"""`ostinato demo`: train on real recordings, then compare the drivers."""

import argparse
import statistics
import time
from pathlib import Path
from typing import TYPE_CHECKING

from ostinato.cli import arguments as types
from ostinato.cli import compare
from ostinato.cli.errors import require
from ostinato.cli.files import write_atomically
from ostinato.cli.measure import DRIVERS, Network

if TYPE_CHECKING:
    from ostinato.cli.japanese_vowels import Epoch

EXAMPLES = """\
examples:
  ostinato demo                       five trainings, their median accuracy, a comparison
  ostinato demo --seeds 1 --seed 7    one training, with seed 7

The trainings use seeds --seed, --seed + 1, ...; the same seed gives the same training on the same machine.
"""


def add_parser(subparsers: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Declare the command's arguments."""
    parser = subparsers.add_parser(
        "demo",
        help="train an LSTM on real recordings, then compare the drivers",
        description="Train an LSTM to tell nine speakers apart (JapaneseVowels) and print the median test "
        "accuracy, then compare static_rnn with dynamic_rnn and save the plots.",
        epilog=EXAMPLES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    add = parser.add_argument
    add("--seeds", type=types.positive_integer, default=5, metavar="N", help="trainings (default: 5)")
    add("--seed", type=types.seed, default=0, help="seed of the first training (default: 0)")
    add("--epochs", type=types.positive_integer, help="epochs of each training (default: 80)")
    add(
        "--timesteps",
        type=types.positive_integers,
        default=[10, 100, 1000],
        metavar="N,N,...",
        help="numbers of time steps to compare the drivers over (default: 10,100,1000)",
    )
    add(
        "--output",
        type=types.folder,
        default=Path("ostinato-output"),
        metavar="FOLDER",
        help="where training.png and compare.png go (default: ostinato-output)",
    )


def main(arguments: argparse.Namespace) -> int:
    """Train, print the accuracies, compare, and save the plots."""
    require("matplotlib", "tqdm", purpose="'ostinato demo'")
    from ostinato.cli.plots import training_figure

    trainings = train(range(arguments.seed, arguments.seed + arguments.seeds), arguments.epochs)
    figure = training_figure(
        [[epoch.loss for epoch in training] for training in trainings],
        [[epoch.test_accuracy for epoch in training] for training in trainings],
    )
    training_plot: Path = arguments.output / "training.png"
    write_atomically(training_plot, lambda file: figure.savefig(file, format="png"))

    print("\nThe TensorFlow 1 face: what is the difference between static and dynamic RNN?\n", flush=True)
    comparison = compare.compare(
        [
            Network(driver, steps, cell="BasicLSTMCell", units=64, batch=32, inputs=12)
            for steps in arguments.timesteps
            for driver in DRIVERS
        ]
    )
    print(compare.report(comparison))
    comparison_plot = compare.save_plot(comparison, arguments.output / "compare.png")
    print(f"\nPlots: {training_plot}, {comparison_plot}")
    return 0


def train(seeds: range, epochs: int | None) -> "list[list[Epoch]]":
    """Train once a seed, with a progress bar; print each accuracy and their median; return all epochs."""
    import torch
    from tqdm import tqdm

    from ostinato.cli import japanese_vowels

    # Matrices as small as these gain nothing from a second thread, and one thread gives the same accuracies
    # whatever the number of cores.
    torch.set_num_threads(1)
    epochs = epochs or japanese_vowels.EPOCHS
    train, test = japanese_vowels.load()
    print(
        f"JapaneseVowels: {len(train.labels)} recordings to train on, {len(test.labels)} to test on, "
        f"{japanese_vowels.SPEAKERS} speakers, {int(train.lengths.min())} to {int(test.lengths.max())} steps"
    )
    trainings = []
    for seed in seeds:
        start = time.perf_counter()
        progress = tqdm(
            japanese_vowels.train_epochs(train, test, seed, epochs),
            total=epochs,
            desc=f"seed {seed}",
            leave=False,
        )
        training = []
        for epoch in progress:
            training.append(epoch)
            progress.set_postfix(loss=f"{epoch.loss:.3f}", test=f"{epoch.test_accuracy:.3f}")
        seconds = time.perf_counter() - start
        reached = training[-1].test_accuracy
        print(f"seed {seed}: test accuracy {reached:.4f} after {epochs} epochs, {seconds:.1f} s")
        trainings.append(training)
    median = statistics.median(training[-1].test_accuracy for training in trainings)
    print(f"median test accuracy of {len(trainings)} trainings: {median:.4f}", flush=True)
    return trainings
