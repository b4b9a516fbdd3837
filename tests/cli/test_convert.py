"""`ostinato convert`: what it writes computes what TensorFlow computed, and comes back bit for bit."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import ml_dtypes
import numpy as np
import pytest
import torch
from torch import nn

from interop.variables import gru, lstm
from ostinato.checkpoint import load_checkpoint, save_checkpoint
from ostinato.cli.convert_report import table
from ostinato.cli.main import main
from ostinato.interop import load_safetensors
from ostinato.interop.conversion import Planned

ROOT = Path(__file__).parents[2]
DATA = ROOT / "tests" / "data"

Convert = Callable[..., str]


@pytest.fixture
def convert(capsys: pytest.CaptureFixture[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Convert:
    """Run the command in a folder of its own; returns what it prints."""
    monkeypatch.chdir(tmp_path)

    def run(*arguments: str) -> str:
        code = main(["convert", *arguments])
        out, err = capsys.readouterr()
        assert (code, err) == (0, "")
        return out

    return run


def reference(case: str, file: str = "tf1_reference_values.npz") -> dict[str, np.ndarray]:
    with np.load(DATA / file) as values:
        return {key.removeprefix(f"{case}|"): values[key] for key in values if key.startswith(f"{case}|")}


def weights(values: dict[str, np.ndarray]) -> dict[str, np.ndarray]:
    return {key.removeprefix("w|"): value for key, value in values.items() if key.startswith("w|")}


def same(first: dict[str, np.ndarray], second: dict[str, np.ndarray]) -> None:
    assert list(first) == list(second)
    for name in first:
        assert first[name].dtype == second[name].dtype, name
        assert first[name].shape == second[name].shape, name
        if first[name].dtype.hasobject:
            assert first[name].tolist() == second[name].tolist(), name
        else:
            assert first[name].tobytes() == second[name].tobytes(), name


TORCH_CASES: dict[str, tuple[str, str, list[str], Callable[[], nn.Module]]] = {
    "BasicLSTM": (
        "tf1_reference_values.npz",
        "BasicLSTM",
        [],
        lambda: nn.LSTM(3, 4, batch_first=True),
    ),
    "BasicRNN": ("tf1_reference_values.npz", "BasicRNN", [], lambda: nn.RNN(3, 4, batch_first=True)),
    "forget_bias": (
        "tf1_more_values.npz",
        "BasicLSTM_forget|float32",
        ["--forget-bias", "0.25"],
        lambda: nn.LSTM(4, 7, batch_first=True),
    ),
    "relu": (
        "tf1_more_values.npz",
        "BasicRNN_relu|float64",
        [],
        lambda: nn.RNN(4, 7, nonlinearity="relu", batch_first=True, dtype=torch.float64),
    ),
    "GRU": (
        "tf1_more_values.npz",
        "GRU_reset_after|float32",
        [],
        lambda: nn.GRU(4, 7, batch_first=True),
    ),
}


@pytest.mark.parametrize("output", ["model.pt", "model.safetensors"])
@pytest.mark.parametrize("case", TORCH_CASES)
def test_torch_computes_what_tensorflow_computed(case: str, output: str, convert: Convert) -> None:
    file, key, options, make = TORCH_CASES[case]
    values = reference(key, file)
    save_checkpoint("model.ckpt", weights(values))
    convert("model.ckpt", output, "--layout", "torch", *options)
    state = (
        torch.load(output, weights_only=True)
        if output.endswith(".pt")
        else {name: torch.from_numpy(value.copy()) for name, value in load_safetensors(output).items()}
    )
    module = make()
    module.load_state_dict({name.removeprefix("rnn."): value for name, value in state.items()})
    inputs = torch.from_numpy(values["x"])
    lengths = [6, 0, 2] if "start|0" in values else [inputs.shape[1]] * inputs.shape[0]
    start = [torch.from_numpy(values[name])[None] for name in ("start|0", "start|1") if name in values]
    state_in = None if not start else start[0] if len(start) == 1 else (start[1], start[0])  # TF: c, h
    outputs = module(inputs, state_in)[0].detach().numpy()
    for row, length in enumerate(lengths):
        expected = values["out"][row, :length]
        assert np.abs(outputs[row, :length] - expected).max(initial=0) <= 1e-6 * np.abs(values["out"]).max()


def real_checkpoints() -> list[Path]:
    found = (path.with_suffix("") for path in (DATA / "checkpoints").rglob("model.ckpt*.index"))
    return sorted(prefix for prefix in found if [*prefix.parent.glob(f"{prefix.name}.data-00000-of-*[0-9]")])


@pytest.mark.parametrize("prefix", real_checkpoints(), ids=lambda prefix: "-".join(prefix.parts[-3:-1]))
def test_checkpoints_of_tensorflow_come_back_bit_for_bit(prefix: Path, convert: Convert) -> None:
    with load_checkpoint(prefix) as checkpoint:
        names = [name for name in checkpoint if checkpoint.info(name).dtype_name in SAFETENSORS]
        options = [f"--only={name}" for name in names] if len(names) < len(checkpoint) else []
        before = checkpoint.read(names)
    convert(str(prefix), "model.safetensors", "--with-optimizer", *options)
    convert("model.safetensors", "again/model.ckpt", "--with-optimizer")
    with load_checkpoint("again/model.ckpt") as checkpoint:
        same(checkpoint.read(), before)


SAFETENSORS = {
    "bool", "int8", "uint8", "int16", "uint16", "int32", "uint32", "int64", "uint64", "float16", "float32",
    "float64", "bfloat16", "complex64", "float8_e4m3fn", "float8_e5m2",
}  # fmt: skip


def test_from_checkpoint_to_checkpoint_every_type_is_kept(convert: Convert) -> None:
    prefix = str(DATA / "checkpoints" / "tf1" / "types" / "model.ckpt")
    convert(prefix, "copy", "--with-optimizer")
    with load_checkpoint(prefix) as first, load_checkpoint("copy") as second:
        same(first.read(), second.read())


@pytest.mark.parametrize(
    ("kind", "options", "names"),
    [
        ("LSTM", {}, ["rnn/basic_lstm_cell/bias", "rnn/basic_lstm_cell/kernel"]),
        (
            "LSTM",
            {"num_layers": 2},
            [
                f"rnn/multi_rnn_cell/cell_{layer}/basic_lstm_cell/{name}"
                for layer in range(2)
                for name in ("bias", "kernel")
            ],
        ),
        (
            "LSTM",
            {"proj_size": 2},
            ["rnn/lstm_cell/bias", "rnn/lstm_cell/kernel", "rnn/lstm_cell/projection/kernel"],
        ),
        (
            "RNN",
            {"bidirectional": True},
            [
                f"bidirectional_rnn/{direction}/basic_rnn_cell/{name}"
                for direction in ("bw", "fw")
                for name in ("bias", "kernel")
            ],
        ),
        (
            "RNN",
            {"bidirectional": True, "num_layers": 2, "bias": False},
            [
                f"stack_bidirectional_rnn/cell_{layer}/bidirectional_rnn/{direction}/basic_rnn_cell/{name}"
                for layer in range(2)
                for direction in ("bw", "fw")
                for name in ("bias", "kernel")
            ],
        ),
        (
            "GRU",
            {},
            [
                f"rnn/cudnn_compatible_gru_cell/{name}"
                for name in (
                    "candidate/hidden_projection/bias",
                    "candidate/hidden_projection/kernel",
                    "candidate/input_projection/bias",
                    "candidate/input_projection/kernel",
                    "gates/bias",
                    "gates/kernel",
                )
            ],
        ),
    ],
)
def test_a_state_dict_becomes_a_checkpoint_with_tensorflows_names_and_back(
    kind: str, options: dict[str, Any], names: list[str], convert: Convert
) -> None:
    module = getattr(nn, kind)(3, 5, **options)
    torch.save(module.state_dict(), "model.pt")
    convert("model.pt", "new/folder/model.ckpt")
    with load_checkpoint("new/folder/model.ckpt") as checkpoint:
        assert list(checkpoint) == names
        if kind == "LSTM":
            bias = checkpoint[names[0]]
            wanted = (module.bias_ih_l0 + module.bias_hh_l0).detach().numpy()
            assert np.allclose(
                bias[10:15], wanted[5:10] - 1, atol=1e-6
            )  # f: the third there, the second here
            assert np.allclose(bias[5:10], wanted[10:15], atol=1e-6)
    convert("new/folder/model.ckpt", "back.pth")
    back = torch.load("back.pth", weights_only=True)
    prefix = next(iter(back)).rpartition(".")[0] + "."
    again = getattr(nn, kind)(3, 5, **(options | {"bias": True}))
    again.load_state_dict({name.removeprefix(prefix): value for name, value in back.items()})
    if "proj_size" not in options:
        inputs = torch.randn(4, 2, 3)
        assert torch.allclose(again(inputs)[0], module(inputs)[0], atol=1e-6)


def test_modules_inside_a_model_keep_their_place(convert: Convert) -> None:
    model = nn.ModuleDict(
        {
            "encoder": nn.LSTM(3, 4),
            "decoder": nn.ModuleDict({"cell": nn.GRUCell(3, 4), "out": nn.Linear(4, 2)}),
        }
    )
    torch.save(model.state_dict(), "model.pt")
    convert("model.pt", "model.ckpt")
    with load_checkpoint("model.ckpt") as checkpoint:
        assert "encoder/basic_lstm_cell/kernel" in checkpoint
        assert "decoder/cell/cudnn_compatible_gru_cell/gates/kernel" in checkpoint
        assert np.array_equal(
            checkpoint["decoder/out/weight"], model["decoder"]["out"].weight.detach().numpy()
        )


def test_the_scope_of_a_module_by_itself(convert: Convert) -> None:
    torch.save(nn.LSTM(3, 4).state_dict(), "model.pt")
    convert("model.pt", "model.ckpt", "--scope", "encoder/rnn")
    assert "encoder/rnn/basic_lstm_cell/kernel" in load_checkpoint("model.ckpt")


def test_what_is_written_is_told(convert: Convert) -> None:
    saved = lstm("rnn/basic_lstm_cell") | {"dense/kernel": np.ones((4, 2), np.float32), "global_step": 7}
    slots = {f"{name}/Adam": np.zeros_like(value) for name, value in saved.items() if name != "global_step"}
    save_checkpoint("model.ckpt", saved | slots)
    text = convert("model.ckpt", "model.pt")
    assert text.splitlines() == [
        "TensorFlow checkpoint model.ckpt",
        "",
        "from                        written as        shape    dtype",
        "--------------------------  ----------------  -------  -------",
        "dense/kernel                dense.kernel      [4, 2]   float32",
        "global_step                 global_step       []       int64",
        "rnn/basic_lstm_cell/kernel  rnn.weight_ih_l0  [16, 3]  float32",
        "rnn/basic_lstm_cell/kernel  rnn.weight_hh_l0  [16, 4]  float32",
        "rnn/basic_lstm_cell/bias    rnn.bias_ih_l0    [16]     float32",
        "forget_bias 1               rnn.bias_hh_l0    [16]     float32",
        "",
        "left out: 3 variables of optimizers and moving averages (dense/kernel/Adam, "
        "rnn/basic_lstm_cell/bias/Adam, rnn/basic_lstm_cell/kernel/Adam); --with-optimizer keeps them",
        "a checkpoint does not say, so this was assumed: forget_bias 1.0 (--forget-bias), tanh, no clips, no "
        "residual connections",
        "6 tensors, 616 B written: torch file model.pt",
    ]


def test_a_dry_run_writes_nothing(convert: Convert) -> None:
    save_checkpoint("model.ckpt", lstm("rnn/lstm_cell"))
    before = sorted(os.listdir())
    text = convert("model.ckpt", "new/model.pt", "--dry-run")
    assert "rnn.weight_ih_l0" in text
    assert "would be written: torch file new/model.pt" in text
    assert sorted(os.listdir()) == before


def test_slots_come_along_when_asked_for(convert: Convert) -> None:
    saved = lstm("rnn/lstm_cell")
    save_checkpoint("model.ckpt", saved | {f"{name}/Adam": value for name, value in saved.items()})
    convert("model.ckpt", "model.safetensors", "--with-optimizer")
    assert "rnn/lstm_cell/kernel/Adam" in load_safetensors("model.safetensors")
    text = convert("model.ckpt", "model.pt", "--with-optimizer")
    assert "rnn.lstm_cell.kernel.Adam" in text
    convert("model.ckpt", "without.safetensors")
    assert list(load_safetensors("without.safetensors")) == ["rnn/lstm_cell/bias", "rnn/lstm_cell/kernel"]


def test_filters_and_renamings(convert: Convert) -> None:
    saved = lstm("a/rnn/lstm_cell") | lstm("b/rnn/lstm_cell", 5, 6) | gru("c/rnn/gru_cell")
    save_checkpoint("model.ckpt", saved)
    text = convert(
        "model.ckpt", "a.pt", "--only", "a/*", "--only=b/*", "--rename", "a.rnn.=encoder.", "--rename=b.="
    )
    found = torch.load("a.pt", weights_only=True)
    assert "encoder.weight_ih_l0" in found
    assert "rnn.weight_ih_l0" in found
    assert len(found) == 8
    assert "left out: 4 variables that --only does not name (c/rnn/gru_cell/candidate/bias, " in text
    convert("model.ckpt", "b.pt", "--exclude", "c/*")
    assert len(torch.load("b.pt", weights_only=True)) == 8
    convert("model.ckpt", "c", "--exclude=[ab]/*", "--rename", "=model/")
    assert "model/c/rnn/gru_cell/gates/bias" in load_checkpoint("c")


def test_bfloat16_stays_bfloat16(convert: Convert) -> None:
    saved = lstm("rnn/lstm_cell", dtype=ml_dtypes.bfloat16)
    save_checkpoint("model.ckpt", saved)
    convert("model.ckpt", "model.pt")
    found = torch.load("model.pt", weights_only=True)
    assert {value.dtype for value in found.values()} == {torch.bfloat16}
    convert("model.pt", "back")
    with load_checkpoint("back") as checkpoint:
        kernel = checkpoint["rnn/basic_lstm_cell/kernel"]
        assert kernel.dtype == ml_dtypes.bfloat16
        assert kernel.tobytes() == saved["rnn/lstm_cell/kernel"].tobytes()


def test_a_stack_of_unequal_cells_becomes_modules(convert: Convert) -> None:
    saved = lstm("rnn/multi_rnn_cell/cell_0/lstm_cell", 3, 4) | lstm(
        "rnn/multi_rnn_cell/cell_1/lstm_cell", 4, 6
    )
    save_checkpoint("model.ckpt", saved)
    text = convert("model.ckpt", "model.pt")
    found = torch.load("model.pt", weights_only=True)
    assert found["rnn.multi_rnn_cell.cell_1.weight_ih_l0"].shape == (24, 4)
    assert "'rnn/multi_rnn_cell/cell_1/lstm_cell' is a module of its own" in text


def test_directions_that_stack_by_themselves_are_modules(convert: Convert) -> None:
    saved = {}
    for direction in ("fw", "bw"):
        for layer, inputs in enumerate((3, 4)):
            saved |= lstm(f"bidirectional_rnn/{direction}/multi_rnn_cell/cell_{layer}/lstm_cell", inputs, 4)
    save_checkpoint("model.ckpt", saved)
    convert("model.ckpt", "model.pt")
    found = torch.load("model.pt", weights_only=True)
    assert "bidirectional_rnn.fw.weight_ih_l1" in found
    assert "bidirectional_rnn.bw.weight_ih_l0" in found
    assert len(found) == 16


def test_two_cells_in_one_scope_keep_their_own_names(convert: Convert) -> None:
    save_checkpoint("model.ckpt", lstm("rnn/lstm_cell") | lstm("rnn/lstm_cell_1"))
    convert("model.ckpt", "model.pt")
    found = torch.load("model.pt", weights_only=True)
    assert {"rnn.lstm_cell.weight_ih_l0", "rnn.lstm_cell_1.weight_ih_l0"} < found.keys()


def test_a_cell_without_forget_bias_gets_none(convert: Convert) -> None:
    save_checkpoint("model.ckpt", lstm("rnn/cudnn_compatible_lstm_cell"))
    convert("model.ckpt", "model.pt")
    assert not torch.load("model.pt", weights_only=True)["rnn.bias_hh_l0"].any()


def test_names_with_dots_come_back_from_safetensors(convert: Convert) -> None:
    save_checkpoint("model.ckpt", {"v1.0": np.ones(2), "layer.weight": np.ones(3)})
    convert("model.ckpt", "model.safetensors")
    convert("model.safetensors", "back")
    assert list(load_checkpoint("back")) == ["layer.weight", "v1.0"]


def test_between_torch_files_the_names_stay(convert: Convert) -> None:
    module = nn.LSTM(3, 4)
    torch.save(module.state_dict(), "model.pt")
    convert("model.pt", "model.safetensors")
    assert set(load_safetensors("model.safetensors")) == set(module.state_dict())
    convert("model.safetensors", "again.pt")
    module.load_state_dict(torch.load("again.pt", weights_only=True))


def test_entries_that_are_no_tensors_are_left_out_and_told(convert: Convert) -> None:
    torch.save(nn.LSTM(3, 4).state_dict() | {"epoch": 3}, "model.pt")
    assert "left out: 1 entry that is no tensor (epoch)" in convert("model.pt", "model.ckpt")


def test_what_training_saves_has_a_state_dict_in_it(convert: Convert) -> None:
    optimizer = {"state": {0: {"exp_avg": torch.ones(2)}}, "param_groups": [{"lr": 0.1}]}
    saved = {"epoch": 3, "state_dict": nn.LSTM(3, 4).state_dict(), "optimizer": optimizer}
    torch.save(saved, "training.ckpt")
    assert "left out: 2 entries that are no tensors (epoch, optimizer)" in convert(
        "training.ckpt", "model.ckpt"
    )
    assert list(load_checkpoint("model.ckpt")) == ["rnn/basic_lstm_cell/bias", "rnn/basic_lstm_cell/kernel"]


def test_help_loads_no_library() -> None:
    program = (
        "import sys\nfrom ostinato.cli.main import main\n"
        "try: main(['convert', '--help'])\nexcept SystemExit: pass\n"
        "sys.exit(', '.join({'torch', 'numpy', 'safetensors', 'ml_dtypes'} & sys.modules.keys()) or 0)"
    )
    result = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=False)
    assert (result.returncode, result.stderr) == (0, "")


def test_a_folder_is_its_latest_checkpoint(convert: Convert) -> None:
    Path("run").mkdir()
    save_checkpoint("run/model.ckpt-1", {"W": np.ones(2)})
    Path("run/checkpoint").write_text('model_checkpoint_path: "model.ckpt-1"\n')
    convert("run", "model.safetensors")
    assert list(load_safetensors("model.safetensors")) == ["W"]


def test_an_old_torch_file_is_read(convert: Convert) -> None:
    torch.save(nn.LSTM(3, 4).state_dict(), "old.pt", _use_new_zipfile_serialization=False)
    convert("old.pt", "model.ckpt")
    assert "rnn/basic_lstm_cell/kernel" in load_checkpoint("model.ckpt")


def test_variables_of_objects_lose_what_all_their_names_end_in(convert: Convert) -> None:
    prefix = str(DATA / "checkpoints" / "tf1" / "objects" / "model.ckpt-1")
    text = convert(prefix, "model.pt", "--exclude", "cell/*")
    assert "left out: 1 variable of TensorFlow 2's own (_CHECKPOINTABLE_OBJECT_GRAPH)" in text
    assert {"dense.kernel", "dense.bias", "step"} < torch.load("model.pt", weights_only=True).keys()


def test_force_replaces(convert: Convert) -> None:
    save_checkpoint("model.ckpt", {"W": np.ones(2)})
    for output in ("x.safetensors", "x.pt", "x"):
        convert("model.ckpt", output)
    save_checkpoint("model.ckpt", {"W": np.zeros(3)})
    for output in ("x.safetensors", "x.pt", "x"):
        convert("model.ckpt", output, "--force")
    assert load_safetensors("x.safetensors")["W"].tolist() == [0, 0, 0]
    assert torch.load("x.pt", weights_only=True)["W"].tolist() == [0, 0, 0]
    assert load_checkpoint("x")["W"].tolist() == [0, 0, 0]


def test_a_conversion_to_safetensors_loads_no_torch(tmp_path: Path) -> None:
    save_checkpoint(tmp_path / "model.ckpt", lstm("rnn/lstm_cell"))
    program = (
        "import sys\nfrom ostinato.cli.main import main\n"
        "code = main(['convert', 'model.ckpt', 'x.safetensors', '--layout', 'torch'])\n"
        "sys.exit(code or 'torch' in sys.modules)"
    )
    subprocess.run([sys.executable, "-c", program], cwd=tmp_path, check=True, capture_output=True)


def test_a_narrow_terminal_gets_lines_that_fit() -> None:
    planned = [
        Planned(
            "rnn.weight_ih_l0",
            "rnn/basic_lstm_cell/kernel",
            (16, 3),
            np.dtype(np.float32),
            lambda: np.ones(1),
        )
    ]
    assert table(planned, 40) == ["rnn/basic_lstm_cell/kernel", "  -> rnn.weight_ih_l0  [16, 3]  float32"]
    assert len(table(planned, 80)) == 3


def test_help_explains_the_forget_bias(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        main(["convert", "--help"])
    assert ended.value.code == 0
    text = " ".join(capsys.readouterr().out.split())
    assert "A checkpoint does not say: look at forget_bias=... where the cells were made." in text
    assert "TensorFlow's GRU has no counterpart in torch" in text


def test_metadata_says_whose_layout_it_is(convert: Convert) -> None:
    save_checkpoint("model.ckpt", lstm("rnn/lstm_cell"))
    convert("model.ckpt", "a.safetensors")
    convert("model.ckpt", "b.safetensors", "--layout", "torch")
    for path, wanted in (("a.safetensors", "tf"), ("b.safetensors", "pt")):
        raw = Path(path).read_bytes()
        header = json.loads(raw[8 : 8 + int.from_bytes(raw[:8], "little")])
        assert header["__metadata__"] == {"format": wanted}
