"""Result files appear whole, or the older ones stay."""

import os
import stat
from pathlib import Path
from typing import BinaryIO

import pytest

from ostinato.cli.errors import CommandError
from ostinato.cli.files import write_atomically


def test_a_file_and_its_folders_appear(tmp_path: Path) -> None:
    path = tmp_path / "deep" / "er" / "figures.json"
    write_atomically(path, lambda file: file.write(b"{}"))
    assert path.read_bytes() == b"{}"
    assert os.listdir(path.parent) == ["figures.json"]


def test_a_failed_write_leaves_the_older_file_and_nothing_else(tmp_path: Path) -> None:
    path = tmp_path / "figures.json"
    path.write_bytes(b"old")

    def write_half(file: BinaryIO) -> None:
        file.write(b"half of the n")
        raise RuntimeError("interrupted")

    with pytest.raises(RuntimeError, match="interrupted"):
        write_atomically(path, write_half)
    assert path.read_bytes() == b"old"
    assert os.listdir(tmp_path) == ["figures.json"]


def test_others_may_read_the_file(tmp_path: Path) -> None:
    usual = tmp_path / "usual"
    usual.touch()
    write_atomically(tmp_path / "ours", lambda file: file.write(b"x"))
    assert stat.S_IMODE((tmp_path / "ours").stat().st_mode) == stat.S_IMODE(usual.stat().st_mode)


@pytest.mark.parametrize("place", ["file/figures.json", "file/deeper/figures.json"])
def test_a_place_that_cannot_be_written_is_named(tmp_path: Path, place: str) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(CommandError, match=r"cannot write .*figures\.json"):
        write_atomically(tmp_path / place, lambda file: file.write(b"x"))


def test_a_folder_in_the_files_place_is_named(tmp_path: Path) -> None:
    (tmp_path / "figures.json").mkdir()
    with pytest.raises(CommandError, match=r"cannot write .*figures\.json"):
        write_atomically(tmp_path / "figures.json", lambda file: file.write(b"x"))
    assert os.listdir(tmp_path) == ["figures.json"]
