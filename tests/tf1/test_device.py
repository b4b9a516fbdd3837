"""Sessions on another device than the CPU, shown on one that the tests pretend; what `--device` refuses."""

import json
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import torch

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


def test_a_configuration_is_tensorflows_message():
    config = tf.ConfigProto(
        allow_soft_placement=True,
        device_count={"GPU": 0},
        gpu_options=tf.GPUOptions(allow_growth=True),
        graph_options=tf.GraphOptions(
            optimizer_options=tf.OptimizerOptions(opt_level=tf.OptimizerOptions.L0)
        ),
    )
    # As TensorFlow 1.15 writes the same.
    assert config.SerializeToString().hex() == "0a070a034750551000320220013801520d1a0b18ffffffffffffffffff01"
    assert tf.ConfigProto.FromString(config.SerializeToString()) == config
    config.graph_options.rewrite_options.constant_folding = 2
    config.session_inter_op_thread_pool.add(num_threads=2)
    config.experimental.use_numa_affinity = True
    with tf.Session(config=config) as session:
        assert session.run(tf.constant(1)) == 1


def test_fields_of_a_configuration_are_heeded(capsys):
    x = tf.constant(1.0, name="x")
    with tf.Session(config=tf.ConfigProto(log_device_placement=True)) as session:
        session.run(x)
        tf.add(x, x, name="sum")
        session.run(["x:0", "sum:0"])
    place = "/job:localhost/replica:0/task:0/device:CPU:0"
    assert capsys.readouterr().err == f"x: (Const): {place}\nsum: (Add): {place}\n"
    with tf.Session(config=tf.ConfigProto(intra_op_parallelism_threads=-1)) as session:
        assert session.run(x) == 1
    with pytest.raises(tf.errors.NotFoundError, match="No CPU devices are available in this process"):
        tf.Session(config=tf.ConfigProto(device_count={"CPU": 0}))


def test_slots_and_updates_are_where_their_variable_is():
    with tf.device("/cpu:0"):
        table = tf.get_variable("table", [3, 2])
    with tf.device("/gpu:0"):
        weights = tf.get_variable("weights", [2, 2])
    with tf.device("/gpu:1"):
        loss = tf.reduce_sum(tf.matmul(table, weights))
        tf.train.AdamOptimizer().minimize(loss)
    assert {variable.op.name: variable.device for variable in tf.global_variables()} == {
        **dict.fromkeys(["table", "table/Adam", "table/Adam_1"], "/device:CPU:0"),
        **dict.fromkeys(["beta1_power", "beta2_power"], "/device:CPU:0"),
        **dict.fromkeys(["weights", "weights/Adam", "weights/Adam_1"], "/device:GPU:0"),
    }
    graph = tf.get_default_graph()
    assert graph.get_operation_by_name("Adam/update_weights/ApplyAdam").device == "/device:GPU:0"
    assert graph.get_operation_by_name("Adam").device == "/device:GPU:1"
    with tf.device("/cpu:0"), tf.colocate_with(weights):
        assert tf.constant(1.0).device == "/device:GPU:0"
    with pytest.raises(ValueError, match="Trying to reset colocation"), graph.colocate_with(None):
        pass


def test_a_gpu_of_a_list_is_the_one_that_computes(monkeypatch):
    config = tf.ConfigProto(gpu_options=tf.GPUOptions(visible_device_list="1,0"))
    monkeypatch.setattr(session_device, "_CHOSEN", session_device._Chosen())
    assert session_device.session_device(config) is None
    session_device.set_default_device(torch.device("xpu", 0))
    for there, found in ((2, 1), (1, None)):
        monkeypatch.setattr(session_device, "device_count", lambda kind, there=there: there)
        if found is None:
            with pytest.raises(tf.errors.InvalidArgumentError, match="listed an invalid GPU id '1'"):
                session_device.session_device(config)
        else:
            assert session_device.session_device(config) == torch.device("xpu", found)
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "-1")
    assert session_device.session_device(None) is None
