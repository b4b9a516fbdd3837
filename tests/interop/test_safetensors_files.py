"""safetensors files: bit for bit there and back, atomic, and hostile ones refused in a sentence."""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

import ml_dtypes
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from safetensors.torch import load_file

from ostinato.interop import load_safetensors, save_safetensors
from ostinato.interop.safetensors_files import Entry, write_safetensors

DTYPES = [
    np.bool_, np.int8, np.uint8, np.int16, np.uint16, np.int32, np.uint32, np.int64, np.uint64, np.float16,
    np.float32, np.float64, np.complex64, ml_dtypes.bfloat16, ml_dtypes.float8_e4m3fn, ml_dtypes.float8_e5m2,
]  # fmt: skip


def bits(array: np.ndarray) -> tuple[Any, ...]:
    return array.dtype, array.shape, array.tobytes()


@settings(max_examples=60, deadline=None)
@given(
    st.dictionaries(
        st.text(max_size=12).filter(lambda name: name != "__metadata__"),
        st.tuples(st.sampled_from(DTYPES), hnp.array_shapes(min_dims=0, min_side=0, max_side=4)),
        max_size=5,
    ),
    st.randoms(use_true_random=False),
)
def test_all_dtypes_and_shapes_come_back_bit_for_bit(described: dict, random: Any) -> None:
    tensors = {}
    for name, (dtype, shape) in described.items():
        size = int(np.prod(shape)) * np.dtype(dtype).itemsize
        data = bytes(random.choices([0, 1], k=size) if dtype is np.bool_ else random.randbytes(size))
        tensors[name] = np.frombuffer(data, dtype).reshape(shape)
    with tempfile.TemporaryDirectory() as folder:
        found = load_safetensors(save_safetensors(f"{folder}/x.safetensors", tensors))
        assert {name: bits(array) for name, array in found.items()} == {
            name: bits(array) for name, array in tensors.items()
        }
        assert not any(array.flags.writeable for array in found.values())


def test_other_readers_read_it(tmp_path: Path) -> None:
    tensors = {"a/kernel": np.arange(6.0).reshape(2, 3), "b": np.array([1.5], ml_dtypes.bfloat16)}
    path = save_safetensors(tmp_path / "model.safetensors", tensors, {"format": "tf"})
    found = load_file(path)
    assert found["a/kernel"].tolist() == [[0, 1, 2], [3, 4, 5]]
    assert str(found["b"].dtype) == "torch.bfloat16"


def test_views_and_foreign_byte_orders_are_saved_as_their_numbers(tmp_path: Path) -> None:
    base = np.arange(12, dtype=np.float32).reshape(3, 4)
    tensors = {"t": base.T, "s": base[::2, ::-1], "big": base.astype(">f4"), "scalar": np.float32(3)}
    found = load_safetensors(save_safetensors(tmp_path / "x.safetensors", tensors))
    for name, value in tensors.items():
        assert np.array_equal(found[name], value)
        assert found[name].dtype == np.float32
    assert found["scalar"].shape == ()


@pytest.mark.parametrize(
    ("value", "said"),
    [
        (np.array([b"a", b"b"], object), "'v' holds strings"),
        (np.array(["a"]), "'v' holds strings"),
        (np.zeros(2, [("qint8", "i1")]), r"'v' holds quantized numbers \(qint8\)"),
        (np.zeros(2, np.complex128), "'v' holds complex128"),
    ],
)
def test_what_it_cannot_hold_is_refused(value: np.ndarray, said: str, tmp_path: Path) -> None:
    path = tmp_path / "x.safetensors"
    with pytest.raises(ValueError, match=said):
        save_safetensors(path, {"v": value})
    with pytest.raises(ValueError, match="keeps for itself"):
        save_safetensors(path, {"__metadata__": np.zeros(2)})
    assert not any(tmp_path.iterdir())


def test_a_full_disk_leaves_the_old_file(tmp_path: Path) -> None:
    path = tmp_path / "x.safetensors"
    save_safetensors(path, {"v": np.zeros(2)})
    before = path.read_bytes()
    program = (
        "import resource, signal, sys, numpy\n"
        "from ostinato.interop import save_safetensors\n"
        "signal.signal(signal.SIGXFSZ, signal.SIG_IGN)\n"
        "resource.setrlimit(resource.RLIMIT_FSIZE, (4096, 4096))\n"
        "try: save_safetensors(sys.argv[1], {'v': numpy.zeros(100_000)})\n"
        "except OSError as error: print(error)"
    )
    result = subprocess.run([sys.executable, "-c", program, path], capture_output=True, text=True, check=True)
    assert result.stdout == f"[Errno 27] File too large: '{path}'\n"
    assert path.read_bytes() == before
    assert [entry.name for entry in tmp_path.iterdir()] == ["x.safetensors"]


def test_a_new_file_has_the_rights_of_any_new_file(tmp_path: Path) -> None:
    (tmp_path / "plain").touch()
    save_safetensors(tmp_path / "x.safetensors", {"v": np.zeros(2)})
    assert (tmp_path / "x.safetensors").stat().st_mode == (tmp_path / "plain").stat().st_mode


def entry(dtype: str = "F32", shape: Any = (2,), offsets: Any = (0, 8)) -> dict[str, Any]:
    return {"dtype": dtype, "shape": list(shape), "data_offsets": list(offsets)}


@pytest.mark.parametrize(
    "header",
    [
        b"",
        b"{",
        b"[]",
        b"{" * 5000,
        {"v": entry(offsets=(0, 4))},
        {"v": entry(offsets=(8, 0))},
        {"v": entry(offsets=(0, 2**62))},
        {"v": entry(shape=(2**62, 2**62))},
        {"v": entry(shape=(-2,))},
        {"v": entry(dtype="F33")},
        {"v": entry(), "w": entry()},
        {"v": {"dtype": "F32"}},
        {"v": None},
    ],
    ids=str,
)
def test_hostile_headers_are_refused(header: Any, tmp_path: Path) -> None:
    raw = header if isinstance(header, bytes) else json.dumps(header).encode()
    path = tmp_path / "x.safetensors"
    path.write_bytes(len(raw).to_bytes(8, "little") + raw + bytes(8))
    with pytest.raises(ValueError, match="is no safetensors file, or is damaged"):
        load_safetensors(path)


@pytest.mark.parametrize("raw", [b"", b"\0", b"\xff" * 8, b"\xff" * 64, bytes(8), b"\x10" + bytes(7) + b"{}"])
def test_hostile_lengths_are_refused(raw: bytes, tmp_path: Path) -> None:
    path = tmp_path / "x.safetensors"
    path.write_bytes(raw)
    with pytest.raises(ValueError, match="is no safetensors file, or is damaged"):
        load_safetensors(path)


def test_a_dtype_that_numpy_has_not_is_named(tmp_path: Path) -> None:
    raw = json.dumps({"v": entry(dtype="F4", shape=(16,))}).encode()
    path = tmp_path / "x.safetensors"
    path.write_bytes(len(raw).to_bytes(8, "little") + raw + bytes(8))
    with pytest.raises(ValueError, match=r"Tensor 'v' of .* has dtype F4"):
        load_safetensors(path)


def test_tensors_of_one_width_are_made_in_the_order_given(tmp_path: Path) -> None:
    made: list[str] = []

    def entry(name: str, dtype: type) -> Entry:
        def make() -> np.ndarray:
            made.append(name)
            return np.ones(3, dtype)

        return Entry(name, np.dtype(dtype), (3,), make)

    path = write_safetensors(
        tmp_path / "a.safetensors",
        [entry("z", np.float32), entry("i", np.int8), entry("b", np.float32), entry("c", np.float64)],
    )
    assert made == ["c", "z", "b", "i"]
    assert load_safetensors(path).keys() == set(made)
