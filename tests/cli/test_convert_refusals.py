"""`ostinato convert`: what cannot be done is told in one line, and nothing changes."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import torch
from safetensors.numpy import save_file
from torch import nn

from interop.variables import gru, lstm
from ostinato.checkpoint import save_checkpoint
from ostinato.cli.main import main

DATA = Path(__file__).parents[2] / "tests" / "data"

Convert = Callable[..., str]


@pytest.fixture
def refused(capsys: pytest.CaptureFixture[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Convert:
    """Run the command, which must fail in one line and change nothing; returns that line."""
    monkeypatch.chdir(tmp_path)

    def run(*arguments: str, code: int = 2) -> str:
        before = {path: path.read_bytes() for path in tmp_path.rglob("*") if path.is_file()}
        try:
            found = main(["convert", *arguments])
        except SystemExit as error:
            found = error.code
        out, err = capsys.readouterr()
        assert (found, out) == (code, ""), (found, out, err)
        assert len(err.splitlines()) == 1
        assert err.startswith("ostinato convert: ")
        assert {path: path.read_bytes() for path in tmp_path.rglob("*") if path.is_file()} == before
        return err

    return run


def test_what_only_tensorflow_reads_is_told(refused: Convert) -> None:
    prefix = str(DATA / "checkpoints" / "tf1" / "variant" / "model.ckpt")
    for output in ("x", "x.pt", "x.safetensors"):
        assert "'list' is of type variant, which only TensorFlow can read" in refused(prefix, output, code=1)


@pytest.mark.parametrize(
    ("arguments", "said", "code"),
    [
        (["model.ckpt", "model.ckpt"], "model.ckpt is what is read", 2),
        (["model.ckpt.index", "./model.ckpt", "--force"], "is what is read", 2),
        (["there.pt", "there.pt"], "there.pt is what is read", 2),
        (["model.ckpt", "there.pt"], "there.pt is there already: --force replaces it", 2),
        (["model.ckpt", "there"], "there.index is there already", 2),
        (["model.ckpt", "there.pt", "--dry-run"], "is there already", 2),
        (["model.ckpt", "folder"], "is a folder: name what to write in it, such as folder/model.ckpt", 2),
        (["model.ckpt", "new/"], "new/ is a folder", 2),
        (["model.ckpt", "model.h5"], "model.h5 has the ending of a file that is not written here", 2),
        (["model.ckpt", "new.index"], "new.index is the name of one file of a checkpoint", 2),
        (["model.ckpt", "there.pt/x.pt", "--only=W"], "cannot write there.pt/x.pt: ", 1),
        (["model.ckpt", "run/checkpoint"], "run/checkpoint is the name of the file that says", 2),
        (["model.ckpt", "x.pt"], "'b/rnn/gru_cell' (GRU): TensorFlow's GRU applies its reset gate before", 1),
        (["model.ckpt", "x.pt", "--exclude", "b/*"], "'c/lstm_cell' (LSTM): torch.nn.LSTM has no", 1),
        (["model.ckpt", "x", "--layout", "torch"], "a TensorFlow checkpoint has TensorFlow's layout", 2),
        (["model.ckpt", "x", "--only", "nothing/*"], "--only 'nothing/*' matches nothing", 2),
        (["model.ckpt", "x", "--only", "a/rnn/lstm_cell/kernl"], "names are 'a/rnn/lstm_cell/kernel'", 2),
        (["model.ckpt", "x.pt", "--only", "a/*/kernel"], "would be left without 'a/rnn/lstm_cell/bias'", 2),
        (["model.ckpt", "x", "--only", "W", "--exclude", "W"], "nothing is left to write: left out: ", 2),
        (["model.ckpt", "x", "--only", "*/Adam"], "--with-optimizer keeps them", 2),
        (["model.ckpt", "x", "--rename", "zzz=y"], "no name that would be written begins with 'zzz'", 2),
        (["model.ckpt", "x", "--rename", "zzz"], "'zzz' is not OLD=NEW", 2),
        (["model.ckpt", "x", "--rename", "a/rnn/lstm_cell/kernel=W"], "would both be written as 'W'", 2),
        (["model.ckpt", "x", "--rename", "W="], "would have the empty name", 1),
        (["model.ckpt", "x.safetensors"], "'text' holds strings, which safetensors has no type for", 1),
        (["model.ckpt", "x.pt", "--exclude=[bc]/*"], "'text' holds string, which torch has no", 1),
        (["model.ckpt", "x.safetensors", "--exclude=text"], "'wide' holds complex128", 1),
        (["model.ckpt", "x", "--forget-bias", "0"], "--forget-bias is for conversions between", 2),
        (["model.ckpt", "x.pt", "--forget-bias", "nan"], "'nan' is not a number", 2),
        (["model.ckpt", "x.pt", "--scope", "rnn"], "--scope is for a torch state dict", 2),
        (["two.pt", "x", "--scope", "rnn"], "there are 2: 'a', 'b'", 1),
        (["cut.pt", "x"], "The state dict has no 'weight_hh_l0'", 1),
        (["odd.pt", "x"], "No LSTM, GRU or RNN of torch has tensors of these shapes: weight_ih_l0 ", 1),
        (["nested.pt", "x"], "no state dict, as it has no tensors; 'model' and 'ema' in it are", 1),
        (["plain.pt", "x"], "holds a dict that is no state dict, as it has no tensors", 1),
        (["list.pt", "x"], "list.pt holds a list, no state dict", 1),
        (["same.pt", "x"], "same.pt holds two tensors whose names are the same text, '7'", 1),
        (["module.pt", "x"], "module.pt holds a torch.nn.modules.rnn.LSTM: only tensors are read", 1),
        (["damaged.pt", "x"], "damaged.pt is damaged: ", 1),
        (["sparse.pt", "x"], "'s' of sparse.pt cannot be converted", 1),
        (["damaged.safetensors", "x"], "damaged.safetensors is no safetensors file, or is damaged", 1),
        (["nothing", "x"], "nothing", 2),
        (["folder", "x"], "folder", 2),
        (["text.txt", "x"], "text.txt", 2),
        (["array.npz", "x"], "array.npz", 2),
        (["empty", "x"], "empty is empty", 2),
        (["damaged.ckpt", "x"], "damaged.ckpt.index", 1),
        (["rotten.ckpt", "x"], "rotten.ckpt.data-00000-of-00001", 1),
        (["model.ckpt"], "OUT", 2),
    ],
)  # fmt: skip
def test_what_cannot_be_done_is_told_in_a_line(
    arguments: list[str], said: str, code: int, refused: Convert, tmp_path: Path
) -> None:
    make_inputs(tmp_path)
    assert said in refused(*arguments, code=code)


def make_inputs(folder: Path) -> None:
    peepholes = {f"c/lstm_cell/w_{gate}_diag": np.ones(4, np.float32) for gate in "fio"}
    saved = lstm("a/rnn/lstm_cell") | gru("b/rnn/gru_cell") | lstm("c/lstm_cell") | peepholes
    saved |= {"W": np.ones(2, np.float32), "W/Adam": np.ones(2, np.float32)}
    saved |= {"text": np.array([b"a", b"b"], object), "wide": np.ones(2, np.complex128)}
    save_checkpoint(folder / "model.ckpt", saved)
    save_checkpoint(folder / "there", {"W": np.ones(2)})
    torch.save({"W": torch.ones(2)}, folder / "there.pt")
    module = nn.LSTM(3, 4)
    state = module.state_dict()
    torch.save({f"{name}.{key}": value for name in "ab" for key, value in state.items()}, folder / "two.pt")
    torch.save({key: value for key, value in state.items() if key != "weight_hh_l0"}, folder / "cut.pt")
    torch.save(dict(state) | {"weight_hh_l0": torch.ones(16, 5)}, folder / "odd.pt")
    torch.save({"model": state, "ema": state, "epoch": 1}, folder / "nested.pt")
    torch.save({"epoch": 1}, folder / "plain.pt")
    torch.save([torch.ones(2)], folder / "list.pt")
    torch.save({7: torch.ones(2), "7": torch.zeros(2)}, folder / "same.pt")
    torch.save(module, folder / "module.pt")
    torch.save({"s": torch.eye(2).to_sparse()}, folder / "sparse.pt")
    (folder / "damaged.pt").write_bytes((folder / "two.pt").read_bytes()[:500])
    save_file({"W": np.ones(4)}, folder / "damaged.safetensors")
    os.truncate(folder / "damaged.safetensors", 80)
    (folder / "folder").mkdir()
    (folder / "text.txt").write_text("just a text\n")
    np.savez(folder / "array.npz", a=np.ones(2))
    (folder / "empty").touch()
    save_checkpoint(folder / "damaged.ckpt", {"W": np.ones(2)})
    os.truncate(folder / "damaged.ckpt.index", 30)
    save_checkpoint(folder / "rotten.ckpt", {"W": np.ones(2)})
    data = folder / "rotten.ckpt.data-00000-of-00001"
    data.write_bytes(b"\xff" + data.read_bytes()[1:])


def test_a_full_disk_leaves_what_was_there(tmp_path: Path) -> None:
    save_checkpoint(tmp_path / "model.ckpt", {"W": np.ones(100_000)})
    outputs = ["x.safetensors", "x.pt", "x"]
    program = (
        "import resource, signal, sys\nfrom ostinato.cli.main import main\n"
        "signal.signal(signal.SIGXFSZ, signal.SIG_IGN)\n"
        "resource.setrlimit(resource.RLIMIT_FSIZE, (4096, 4096))\n"
        "sys.exit([main(['convert', 'model.ckpt', output]) for output in sys.argv[1:]] != [1, 1, 1])"
    )
    result = subprocess.run(
        [sys.executable, "-c", program, *outputs], capture_output=True, text=True, cwd=tmp_path, check=False
    )
    assert (result.returncode, result.stdout) == (0, ""), result.stderr
    lines = result.stderr.splitlines()
    assert len(lines) == 3
    for output, line in zip(outputs, lines, strict=True):
        assert line.startswith(f"ostinato convert: cannot write {output}: ")
    assert sorted(os.listdir(tmp_path)) == ["model.ckpt.data-00000-of-00001", "model.ckpt.index"]


def test_a_link_stays_one_and_leads_to_what_is_written(tmp_path: Path) -> None:
    save_checkpoint(tmp_path / "model.ckpt", {"W": np.ones(3)})
    (tmp_path / "far").mkdir()
    for name in ("x.safetensors", "x.pt"):
        (tmp_path / "far" / name).write_bytes(b"old")
        (tmp_path / name).symlink_to(tmp_path / "far" / name)
        assert main(["convert", str(tmp_path / "model.ckpt"), str(tmp_path / name), "--force"]) == 0
        assert (tmp_path / name).is_symlink()
        assert (tmp_path / "far" / name).read_bytes() != b"old"


@pytest.mark.parametrize("output", ["out.safetensors", "out.pt", "out"])
def test_names_are_text(output: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    save_checkpoint(tmp_path / "model.ckpt", {"W": np.ones(3)})
    arguments = ["convert", str(tmp_path / "model.ckpt"), str(tmp_path / output), "--rename", "W=\udcff"]
    assert main(arguments) == 1
    error = capsys.readouterr().err
    assert "is not UTF-8 text" in error
    assert len(error.splitlines()) == 1
    assert not (tmp_path / output).exists()
