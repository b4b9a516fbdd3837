"""The recordings are the published ones, to the last bit."""

import hashlib
import subprocess
import sys
import zipfile
from importlib.resources import files
from pathlib import Path

import numpy as np
import pytest

from ostinato.datasets import JapaneseVowels, Recordings, japanese_vowels

CONVERTER = Path(__file__).parents[2] / "tools" / "convert_japanese_vowels.py"


@pytest.fixture(scope="module")
def recordings() -> JapaneseVowels:
    return japanese_vowels()


def test_counts_of_speakers_are_the_authors_own(recordings: JapaneseVowels) -> None:
    assert np.bincount(recordings.train.labels).tolist() == [30] * 9
    assert np.bincount(recordings.test.labels).tolist() == [31, 35, 88, 44, 29, 24, 40, 50, 29]


def _digest(array: np.ndarray) -> str:
    # Little-endian on every machine, so that the digests below hold everywhere.
    return hashlib.sha256(array.astype(array.dtype.newbyteorder("<")).tobytes()).hexdigest()[:16]


@pytest.mark.parametrize(
    ("split", "count", "steps", "digests"),
    [
        ("train", 270, 4274, ["1582de439b9e5d95", "7a96637927b94a25", "de4297734046ff84"]),
        ("test", 370, 5687, ["b873a38a2421caa2", "b3b90bb51a7c73e4", "cda6620c074d9307"]),
    ],
)
def test_every_value_length_and_label(
    recordings: JapaneseVowels, split: str, count: int, steps: int, digests: list[str]
) -> None:
    part: Recordings = getattr(recordings, split)
    assert part.sequences.shape == (count, 29, 12)
    assert part.lengths.sum() == steps
    assert part.lengths.min() == 7
    assert part.lengths.max() <= 29
    assert [array.dtype.name for array in part] == ["float32", "int64", "int64"]
    assert [_digest(array) for array in part] == digests


def test_first_and_last_frames_read_as_in_the_text(recordings: JapaneseVowels) -> None:
    first = recordings.train.sequences[0]
    assert first[0, :3].tolist() == np.float32([1.860936, -0.207383, 0.261557]).tolist()
    assert recordings.train.lengths[0] == 20
    assert first[19, 11] == np.float32(-0.175986)
    assert not first[20:].any()


def test_padding_is_zero_and_nothing_else_is(recordings: JapaneseVowels) -> None:
    for part in recordings:
        inside = np.arange(29) < part.lengths[:, None]
        assert not part.sequences[~inside].any()
        assert part.sequences[inside].any(axis=1).all()


def test_a_caller_cannot_change_what_the_next_one_reads() -> None:
    japanese_vowels().train.sequences.fill(7)
    assert japanese_vowels().train.sequences[0, 0, 0] == np.float32(1.860936)


def test_licence_and_attribution_come_with_the_package() -> None:
    text = files("ostinato.datasets").joinpath("japanese_vowels.LICENSE.txt").read_text(encoding="utf-8")
    assert "Kudo" in text
    assert "CC BY 4.0" in text


def test_reading_loads_no_torch() -> None:
    program = "import sys, ostinato.datasets as d; d.japanese_vowels(); sys.exit('torch' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", program], check=False).returncode == 0


def _convert(tmp_path: Path, recording: str) -> subprocess.CompletedProcess[str]:
    wheel = tmp_path / "some.whl"
    with zipfile.ZipFile(wheel, "w") as archive:
        for split in ("TRAIN", "TEST"):
            text = f"#about\n@classLabel true 1 2\n@data\n{recording}\n"
            archive.writestr(f"aeon/datasets/data/JapaneseVowels/JapaneseVowels_{split}.ts", text)
    command = [sys.executable, str(CONVERTER), str(wheel), "--target", str(tmp_path / "made.npz")]
    return subprocess.run(command, capture_output=True, text=True, check=False)


def test_the_converter_reads_channels_as_columns(tmp_path: Path) -> None:
    recording = ":".join(f"{channel}.5,-{channel}.25" for channel in range(12)) + ":9"
    assert _convert(tmp_path, recording).returncode == 0
    with np.load(tmp_path / "made.npz") as made:
        assert made["train_values"].tolist() == [
            [c + 0.5 for c in range(12)],
            [-(c + 0.25) for c in range(12)],
        ]
        assert made["test_lengths"].tolist() == [2]
        assert made["test_labels"].tolist() == [8]


def test_the_converter_refuses_channels_of_several_lengths(tmp_path: Path) -> None:
    recording = ":".join(["1,2"] * 11 + ["1"]) + ":9"
    result = _convert(tmp_path, recording)
    assert result.returncode != 0
    assert "Recording 1 has 12 channels of [1, 2] steps" in result.stderr
