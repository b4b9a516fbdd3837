"""`ostinato demo`: the command, and the training that it shows."""

import re
import subprocess
import sys
from pathlib import Path

import pytest
import torch

from ostinato.cli import japanese_vowels
from ostinato.cli.japanese_vowels import Batch, SpeakerClassifier

PNG = b"\x89PNG\r\n\x1a\n"


@pytest.fixture(scope="module")
def recordings() -> tuple[Batch, Batch]:
    return japanese_vowels.load()


def test_the_command_trains_compares_and_saves_plots(tmp_path: Path) -> None:
    command = [
        sys.executable,
        "-m",
        "ostinato",
        "demo",
        "--epochs",
        "1",
        "--seeds",
        "2",
        "--seed",
        "5",
        "--timesteps",
        "2",
    ]
    result = subprocess.run(
        [*command, "--output", str(tmp_path)], capture_output=True, text=True, check=False
    )
    assert result.returncode == 0, result.stderr
    assert "270 recordings to train on, 370 to test on, 9 speakers, 7 to 29 steps" in result.stdout
    reached = [
        float(a)
        for a in re.findall(r"^seed [56]: test accuracy ([\d.]+) after 1 epochs", result.stdout, re.M)
    ]
    assert len(reached) == 2
    median = float(re.findall(r"median test accuracy of 2 trainings: ([\d.]+)", result.stdout)[0])
    assert median == pytest.approx(sum(reached) / 2, abs=1e-4)
    assert "dynamic_rnn(swap_memory=True)" in result.stdout
    assert "seed 5:" in result.stderr  # the progress bar
    for name in ("training.png", "compare.png"):
        assert (tmp_path / name).read_bytes().startswith(PNG)
        assert str(tmp_path / name) in result.stdout


def test_training_learns(recordings: tuple[Batch, Batch]) -> None:
    epochs = list(japanese_vowels.train_epochs(*recordings, seed=0, epochs=4))
    assert len(epochs) == 4
    assert epochs[-1].loss < 0.5 * epochs[0].loss
    assert epochs[-1].test_accuracy > 0.85  # 1/9 is chance


def test_the_same_seed_gives_the_same_training(recordings: tuple[Batch, Batch]) -> None:
    first, again, other = (
        list(japanese_vowels.train_epochs(*recordings, seed=seed, epochs=1)) for seed in (3, 3, 4)
    )
    assert first == again
    assert first != other


def test_inputs_are_standardised_by_the_training_frames(recordings: tuple[Batch, Batch]) -> None:
    train, test = recordings
    frames = torch.cat([row[:length] for row, length in zip(train.sequences, train.lengths, strict=True)])
    torch.testing.assert_close(frames.mean(0), torch.zeros(12), atol=1e-5, rtol=0)
    torch.testing.assert_close(frames.std(0), torch.ones(12), atol=1e-5, rtol=0)
    test_frames = test.sequences[torch.arange(29) < test.lengths[:, None]]
    assert not torch.allclose(test_frames.mean(0), torch.zeros(12), atol=1e-3)


def test_padding_changes_nothing(recordings: tuple[Batch, Batch]) -> None:
    _, test = recordings
    model = SpeakerClassifier()
    spoilt = test.sequences.clone()
    spoilt[torch.arange(29) >= test.lengths[:, None]] = torch.nan
    expected = model(test.sequences, test.lengths)
    torch.testing.assert_close(model(spoilt, test.lengths), expected, rtol=0, atol=0)
