"""State dicts in files of torch.save."""

from __future__ import annotations

import zipfile
from pathlib import Path
from typing import Any

import pytest
import torch

from ostinato.interop.torch_files import load_state_dict, save_state_dict

STATE = {"kernel": torch.arange(2000.0).reshape(40, 50), "bias": torch.ones(50)}


def test_the_elements_are_left_in_the_file_until_they_are_looked_at(tmp_path: Path) -> None:
    path = str(tmp_path / "model.pt")
    save_state_dict(path, STATE)
    tensors, others = load_state_dict(path)
    assert others == []
    written = Path(path).read_bytes()
    places = [(tensors[name].data_ptr(), written.find(value.numpy())) for name, value in STATE.items()]
    assert places[0][0] - places[0][1] == places[1][0] - places[1][1]  # where the file begins in memory
    assert all(torch.equal(tensors[name], value) for name, value in STATE.items())
    tensors["bias"].zero_()
    assert torch.equal(load_state_dict(path)[0]["bias"], STATE["bias"])


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
