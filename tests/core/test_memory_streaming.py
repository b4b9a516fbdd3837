"""Inputs on disk: the same results, and never the whole of them in memory."""

from __future__ import annotations

import json
import os
import subprocess
import sys

import numpy as np
import optree
import pytest
import torch

from core.comparing import assert_near, weighted_sum
from core.zoo import CELLS
from ostinato import BasicLSTMCell, GRUCell, MemoryPlan, RNNCell, bidirectional_dynamic_rnn, dynamic_rnn

BATCH, TIME, SIZE = 3, 40, 3
OPTIONS = [
    {},
    {"memory": MemoryPlan.recompute(every=7)},
    {"memory": MemoryPlan.swap(to="disk", every=7)},
    {"memory_limit": "16MiB"},
    {"swap_memory": True, "keep_outputs": False},
]


@pytest.fixture(params=[False, True], ids=["batch_major", "time_major"])
def sequence(request, tmp_path):
    """A file, the values in it, and whether time is their first axis."""
    shape = (TIME, BATCH, SIZE) if request.param else (BATCH, TIME, SIZE)
    values = np.random.default_rng(0).normal(size=shape).astype(np.float32)
    path = tmp_path / "inputs"
    path.write_bytes(values.tobytes())
    return path, values, request.param


def opened(way, path, shape):
    if way in ("r", "r+", "c"):
        return np.memmap(path, np.float32, way, shape=shape)
    if way == "from_file":
        return torch.from_file(str(path), size=int(np.prod(shape)), dtype=torch.float32).view(shape)
    if way == "load":
        saved = f"{path}.pt"
        torch.save(torch.from_numpy(np.fromfile(path, np.float32).reshape(shape)), saved)
        return torch.load(saved, mmap=True)
    return np.load(_npy(path, shape), mmap_mode="r")


def _npy(path, shape):
    np.save(f"{path}.npy", np.fromfile(path, np.float32).reshape(shape))
    return f"{path}.npy"


@pytest.mark.parametrize("name", ["lstm_all", "gru", "stack", "plain"])
@pytest.mark.parametrize("way", ["r", "r+", "c", "npy", "from_file", "load"])
def test_a_file_is_as_good_as_memory(sequence, way, name):
    path, values, time_major = sequence
    torch.manual_seed(0)
    cell = CELLS[name](4, SIZE)

    def run(inputs, **options):
        cell.zero_grad()
        outputs, state = dynamic_rnn(cell, inputs, [TIME, 9, 0], time_major=time_major, **options)
        weighted_sum(state).backward()
        gradients = [leaf.grad.clone() for leaf in cell.parameters() if leaf.grad is not None]
        return optree.tree_leaves(state), optree.tree_leaves(outputs), gradients

    before = path.read_bytes()
    for options in OPTIONS:
        expected = run(torch.from_numpy(values), **options)
        actual = run(opened(way, path, values.shape), **options)
        for a, e in zip(actual, expected, strict=True):
            assert_near(a, e, 0.0, options)
    assert path.read_bytes() == before


def test_both_directions_read_a_file(sequence):
    path, values, time_major = sequence
    torch.manual_seed(0)
    cells = BasicLSTMCell(4, SIZE), GRUCell(4, SIZE)
    for options in OPTIONS:
        actual, expected = (
            bidirectional_dynamic_rnn(*cells, inputs, [TIME, 9, 0], time_major=time_major, **options)
            for inputs in (opened("r", path, values.shape), torch.from_numpy(values))
        )
        assert_near(optree.tree_leaves(actual), optree.tree_leaves(expected), 0.0, options)


def test_parts_of_a_file_and_nests(sequence):
    path, values, time_major = sequence

    class Adding(RNNCell):
        state_size = output_size = 2

        def forward(self, inputs, state):
            state = torch.tanh(state + inputs["a"][:, :2] * inputs["b"][1])
            return state, state

    on_disk, cell = opened("r", path, values.shape), Adding()
    lookup = (lambda x: x[3::2]) if time_major else (lambda x: x[:, 3::2])
    for options in OPTIONS:
        results = []
        for whole in (on_disk, torch.from_numpy(values)):
            part = lookup(whole)
            inputs = {"a": part, "b": [part, torch.from_numpy(lookup(values)[..., :1])]}
            results.append(dynamic_rnn(cell, inputs, time_major=time_major, **options))
        assert_near(optree.tree_leaves(results[0]), optree.tree_leaves(results[1]), 0.0, options)


@pytest.mark.parametrize("dtype", ["float64", "float16", "int64", "uint8", "bool"])
def test_other_dtypes_that_torch_knows(tmp_path, dtype):
    values = np.random.default_rng(0).integers(0, 2, (BATCH, TIME, SIZE)).astype(dtype)
    (tmp_path / "x").write_bytes(values.tobytes())
    on_disk = np.memmap(tmp_path / "x", dtype, "r", shape=values.shape)

    class Summing(RNNCell):
        state_size = output_size = SIZE

        def forward(self, inputs, state):
            return inputs, state + inputs.to(state.dtype)

    state = torch.zeros(BATCH, SIZE, dtype=torch.float64)
    for options in OPTIONS[:3]:
        outputs, final = dynamic_rnn(Summing(), on_disk, None, state, **options)
        assert torch.equal(outputs, torch.from_numpy(values))
        assert torch.equal(final, torch.from_numpy(values.astype(np.float64).sum(1)))


@pytest.mark.parametrize(
    "dtype", [">f4", ">f8", "U4", "S8", "datetime64[s]", [("a", "f4"), ("b", "f4")]], ids=str
)
def test_other_dtypes_that_torch_does_not_know(tmp_path, dtype):
    dtype = np.dtype(dtype)
    (tmp_path / "x").write_bytes(bytes(BATCH * TIME * SIZE * dtype.itemsize))
    on_disk = np.memmap(tmp_path / "x", dtype, "r", shape=(BATCH, TIME, SIZE))
    with pytest.raises(TypeError, match=r"inputs on disk have the dtype .* which a tensor cannot have"):
        dynamic_rnn(BasicLSTMCell(4, SIZE), on_disk)


def test_a_file_that_is_read_backwards(sequence):
    path, values, time_major = sequence
    with pytest.raises(TypeError, match=r"and the strides .* which a tensor cannot have"):
        dynamic_rnn(BasicLSTMCell(4, SIZE), opened("r", path, values.shape)[::-1], time_major=time_major)


def test_an_array_in_memory_is_no_file():
    with pytest.raises(TypeError, match=r"inputs must be tensors, but hold a ndarray\. Convert arrays"):
        dynamic_rnn(BasicLSTMCell(4, SIZE), np.zeros((BATCH, TIME, SIZE), np.float32))


MEASURED = """
import json, resource, sys
import numpy as np, torch
from ostinato import BasicLSTMCell, GRUCell, MultiRNNCell, RNNCell, bidirectional_dynamic_rnn, dynamic_rnn
torch.set_num_threads(1)
path, way, what, time_major = sys.argv[1], sys.argv[2], sys.argv[3], sys.argv[4] == "True"
batch, time, size = 4, int(sys.argv[5]), 256
shape = (time, batch, size) if time_major else (batch, time, size)

def anonymous():
    for line in open("/proc/self/status"):
        if line.startswith("RssAnon"):
            return int(line.split()[1]) << 10

def highest():
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss << 10

class Own(RNNCell):
    state_size = output_size = 8
    def __init__(self):
        super().__init__()
        self.mix = torch.nn.Linear(size + 8, 8)
    def forward(self, inputs, state):
        state = torch.tanh(self.mix(torch.cat([inputs, state], 1)))
        return state, state

cell = {"op": lambda: BasicLSTMCell(8, size), "loop": Own, "both": lambda: BasicLSTMCell(8, size),
        "stack": lambda: MultiRNNCell([GRUCell(8, size), BasicLSTMCell(8, 8)])}[what]()

def run(inputs, train):
    options = dict(time_major=time_major, memory_limit=f"16MiB", keep_outputs=False)
    if what == "both":
        state = bidirectional_dynamic_rnn(cell, GRUCell(8, size), inputs, **options)[1][0]
    else:
        state = dynamic_rnn(cell, inputs, **options)[1]
    if train:
        torch.autograd.backward([leaf.sum() for leaf in torch.utils._pytree.tree_leaves(state)])

def opened(shape):
    if way == "memmap":
        return np.memmap(path, np.float32, "r", shape=shape)
    return torch.from_file(path, size=int(np.prod(shape)), dtype=torch.float32).view(shape)

few = (64, batch, size) if time_major else (batch, 64, size)
run(opened(few), True)
found = []
for train in (False, True):
    before, peak = anonymous(), []
    done = []
    import threading
    def watch():
        while not done:
            peak.append(anonymous())
            threading.Event().wait(0.002)
    watcher = threading.Thread(target=watch)
    watcher.start()
    with torch.set_grad_enabled(train):
        run(opened(shape), train)
    done.append(True)
    watcher.join()
    found.append(max(peak) - before)
print(json.dumps(found))
"""


@pytest.mark.parametrize(
    ("way", "what", "time_major"),
    [
        ("memmap", "op", False),
        ("from_file", "op", True),
        ("memmap", "stack", False),
        ("memmap", "both", True),
    ],
)
def test_a_file_is_not_loaded(tmp_path, way, what, time_major):
    size = 64 << 20
    path = tmp_path / "inputs"
    with open(path, "wb") as file:
        file.truncate(size)  # zeros, that take no room
    command = [
        sys.executable,
        "-c",
        MEASURED,
        str(path),
        way,
        what,
        str(time_major),
        str(size // (4 * 4 * 256)),
    ]
    environment = os.environ | {"OMP_NUM_THREADS": "1", "PYTHONPATH": os.pathsep.join(sys.path)}
    found = subprocess.run(command, capture_output=True, text=True, timeout=300, env=environment)
    assert found.returncode == 0, found.stderr
    forward, step = json.loads(found.stdout)
    assert forward < size // 2  # a third of it, and on a busy machine a little more
    assert step < size // 2
