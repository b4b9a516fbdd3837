"""Make src/ostinato/datasets/japanese_vowels.npz from the `.ts` files inside a wheel of the package aeon.

    pip download --no-deps aeon
    python tools/convert_japanese_vowels.py aeon-1.6.0-py3-none-any.whl

The wheel is only read as a zip archive: nothing of it is imported or installed. A value of the text becomes
the float32 nearest to it, and the file is byte for byte the same whenever the same text is converted again.
"""

import argparse
import io
import sys
import zipfile
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

MEMBER = "aeon/datasets/data/JapaneseVowels/JapaneseVowels_{}.ts"
TARGET = Path(__file__).parents[1] / "src" / "ostinato" / "datasets" / "japanese_vowels.npz"


def parse_ts(text: str) -> dict[str, NDArray[np.generic]]:
    """Values `[sum of lengths, 12]`, lengths `[n]` and labels `[n]` (0..8) of one `.ts` text.

    After `@data` each line is one recording: 12 channels and the speaker's number (1..9), split by colons.
    """
    _, _, body = text.partition("@data")
    sequences, labels = [], []
    for number, line in enumerate(body.split(), start=1):
        *channels, label = line.split(":")
        steps = {len(channel.split(",")) for channel in channels}
        if len(channels) != 12 or len(steps) != 1:
            raise ValueError(
                f"Recording {number} has {len(channels)} channels of {sorted(steps)} steps, "
                "where 12 channels of one length are expected."
            )
        sequences.append(np.array([[float(value) for value in channel.split(",")] for channel in channels]).T)
        labels.append(int(label) - 1)
    return {
        "values": np.concatenate(sequences).astype(np.float32),
        "lengths": np.array([len(sequence) for sequence in sequences], dtype=np.int64),
        "labels": np.array(labels, dtype=np.int64),
    }


def convert(wheel: Path, target: Path) -> None:
    """Write the recordings found in `wheel` to `target`, a compressed npz."""
    with zipfile.ZipFile(wheel) as archive:
        arrays = {
            f"{split}_{name}": array
            for split in ("train", "test")
            for name, array in parse_ts(archive.read(MEMBER.format(split.upper())).decode("utf-8")).items()
        }
    with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED, compresslevel=9) as archive:
        for name, array in arrays.items():
            buffer = io.BytesIO()
            np.save(buffer, array, allow_pickle=False)
            archive.writestr(zipfile.ZipInfo(f"{name}.npy"), buffer.getvalue(), zipfile.ZIP_DEFLATED, 9)


def main() -> int:
    parser = argparse.ArgumentParser(description="Make the JapaneseVowels file that ostinato.datasets reads.")
    parser.add_argument("wheel", type=Path, help="path of a wheel of aeon")
    parser.add_argument(
        "--target", type=Path, default=TARGET, help="file to write (default: the package's own)"
    )
    arguments = parser.parse_args()
    convert(arguments.wheel, arguments.target)
    print(f"{arguments.target}: {arguments.target.stat().st_size:,} bytes")
    return 0


if __name__ == "__main__":
    sys.exit(main())
