"""Sessions on another device than the CPU, shown on one that the tests pretend; what `--device` refuses."""

import json
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

import ostinato.tf1 as tf
from ostinato.cli import main as command
from ostinato.tf1 import session_device
from tf1 import device_programs


@pytest.fixture(scope="module")
def found(tmp_path_factory):
    """What the programs give on the pretended device, in a process of its own, for it alters torch."""
    path = tmp_path_factory.mktemp("device") / "found.json"
    program = Path(device_programs.__file__)
    env = {**os.environ, "PYTHONPATH": str(program.parents[2] / "src"), "OMP_NUM_THREADS": "1"}
    run = subprocess.run([sys.executable, program, path], env=env, capture_output=True, text=True)
    assert run.returncode == 0, run.stderr
    return json.loads(path.read_text())


@pytest.mark.parametrize("name", ["training", "loops", "host"])
def test_a_program_gives_there_what_it_gives_on_the_cpu(found, name, tmp_path):
    for there, here in zip(
        found["programs"][name], device_programs.evaluated(tf, name, tmp_path), strict=True
    ):
        if isinstance(here, list) and isinstance(here[0], str):
            assert there == here
        else:
            np.testing.assert_allclose(there, here, rtol=1e-4, atol=1e-5)


def test_operations_give_tensorflows_values_there(found):
    assert not found["failed"]


def test_variables_are_where_they_are_said_to_be(found):
    places, available, name = found["programs"]["places"]
    assert (available, name) == (True, "/device:GPU:0")
    there, host = "pretended", "cpu"
    assert json.loads(places) == [
        ["beta1_power", host],
        ["beta2_power", host],
        ["pinned", host],
        ["pinned/Adam", host],
        ["pinned/Adam_1", host],
        ["placed", there],
        ["placed/Adam", there],
        ["placed/Adam_1", there],
        "CPU",
        "GPU",
        *[
            [name, host]
            for name in (
                "beta1_power",
                "beta2_power",
                "pinned",
                "pinned/Adam",
                "pinned/Adam_1",
                "placed",
                "placed/Adam",
                "placed/Adam_1",
            )
        ],
        "CPU",
    ]


@pytest.mark.parametrize(
    ("device", "said"),
    [
        ("nothing", "there is no device 'nothing': a device is cpu, cuda, cuda:1, mps or another"),
        ("xpu", "finds no xpu device here; the CPU is always there"),
        ("cuda:99", "there is no cuda:99|finds no cuda device here"),
    ],
)
def test_a_device_that_is_not_there_is_told(device, said, tmp_path, capsys):
    script = tmp_path / "train.py"
    script.write_text("print('it ran')\n")
    assert command.main(["run", "--device", device, str(script)]) == 2
    out, err = capsys.readouterr()
    assert not out
    with pytest.raises(ValueError, match=said):
        session_device.checked_device(device)
    assert err.startswith(f"ostinato run: --device {device}: ")
