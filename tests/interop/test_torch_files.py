"""State dicts in files of torch.save."""

from __future__ import annotations

import zipfile
from pathlib import Path
from typing import Any

import pytest
import torch

from ostinato.interop.torch_files import load_state_dict, save_state_dict

STATE = {"kernel": torch.arange(2000.0).reshape(40, 50), "bias": torch.ones(50)}


def test_a_file_in_which_a_tensor_is_cut_short_is_refused(tmp_path: Path) -> None:
    """Mapped, it would be read on into what comes after it."""
    whole, cut = tmp_path / "whole.pt", tmp_path / "cut.pt"
    save_state_dict(str(whole), STATE)
    with zipfile.ZipFile(whole) as old, zipfile.ZipFile(cut, "w") as new:
        for entry in old.infolist():
            kept = -4 if entry.filename.endswith("/data/0") else None
            new.writestr(entry.filename, old.read(entry)[:kept])
    with pytest.raises(ValueError, match=r"cut\.pt is damaged"):
        load_state_dict(str(cut))


def test_a_file_that_was_compressed_has_the_same_numbers(tmp_path: Path) -> None:
    plain, compressed = tmp_path / "plain.pt", tmp_path / "compressed.pt"
    save_state_dict(str(plain), STATE)
    with zipfile.ZipFile(plain) as old, zipfile.ZipFile(compressed, "w", zipfile.ZIP_DEFLATED) as new:
        for entry in old.infolist():
            new.writestr(entry.filename, old.read(entry), zipfile.ZIP_DEFLATED)
    assert compressed.stat().st_size < plain.stat().st_size
    tensors, _ = load_state_dict(str(compressed))
    assert all(torch.equal(tensors[name], value) for name, value in STATE.items())


@pytest.mark.parametrize("name", [7, True, None])
def test_names_that_are_one_text_are_refused(name: Any, tmp_path: Path) -> None:
    path = str(tmp_path / "model.pt")
    torch.save({name: torch.ones(2), str(name): torch.zeros(2)}, path)
    with pytest.raises(ValueError, match=rf"two tensors whose names are the same text, '{name}'"):
        load_state_dict(path)
    torch.save({name: torch.ones(2), "other": torch.zeros(2), f"{name}.": 3}, path)
    tensors, others = load_state_dict(path)
    assert (list(tensors), others) == ([str(name), "other"], [f"{name}."])
