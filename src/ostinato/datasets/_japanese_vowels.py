"""JapaneseVowels: which of nine men spoke? Sequences of 7 to 29 steps with 12 channels.

The recordings are by Kudo, Toyama and Shimbo, "Multidimensional curve classification using passing-through
regions", Pattern Recognition Letters 20 (1999), given to the UCI Machine Learning Repository under CC BY 4.0;
see `japanese_vowels.LICENSE.txt` beside this file. The split into train and test is the authors' own.
"""

from importlib.resources import files
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray


class Recordings(NamedTuple):
    """Recordings of one length each, padded to the longest.

    Attributes:
        sequences: float32 `[n, 29, 12]`, batch-major: 12 cepstrum coefficients (no unit) of each frame
            of speech, zeros past a recording's length.
        lengths: int64 `[n]`, the number of steps of each recording, 7 to 29.
        labels: int64 `[n]`, the speaker, 0 to 8.
    """

    sequences: NDArray[np.float32]
    lengths: NDArray[np.int64]
    labels: NDArray[np.int64]


class JapaneseVowels(NamedTuple):
    """The authors' split: 270 recordings to train on (30 a speaker), 370 to test on (24 to 88 a speaker)."""

    train: Recordings
    test: Recordings


def japanese_vowels() -> JapaneseVowels:
    """Read the JapaneseVowels recordings, new arrays at each call.

    Returns:
        `JapaneseVowels(train, test)`, each a `Recordings(sequences, lengths, labels)`.

    Example:
        >>> train, test = japanese_vowels()
        >>> test.sequences.shape, test.sequences.dtype.name
        ((370, 29, 12), 'float32')
        >>> int(test.lengths.min()), int(test.lengths.max())
        (7, 29)
    """
    with files(__package__).joinpath("japanese_vowels.npz").open("rb") as file, np.load(file) as arrays:
        steps = max(int(arrays[f"{split}_lengths"].max()) for split in ("train", "test"))
        train, test = (
            _pad(arrays[f"{split}_values"], arrays[f"{split}_lengths"], arrays[f"{split}_labels"], steps)
            for split in ("train", "test")
        )
    return JapaneseVowels(train, test)


def _pad(
    values: NDArray[np.float32], lengths: NDArray[np.int64], labels: NDArray[np.int64], steps: int
) -> Recordings:
    sequences = np.zeros((len(lengths), steps, values.shape[1]), dtype=values.dtype)
    # Assigning through a mask fills row by row, the order in which the file holds the recordings end to end.
    sequences[np.arange(steps) < lengths[:, None]] = values
    return Recordings(sequences, lengths, labels)
