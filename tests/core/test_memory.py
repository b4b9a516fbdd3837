"""What a memory plan keeps, and for how long; runs without outputs, and with shorter gradients."""

from __future__ import annotations

import gc
import os
import subprocess
import sys
import threading
import weakref

import optree
import pytest
import torch
from torch.multiprocessing.reductions import StorageWeakRef
from torch.utils._python_dispatch import TorchDispatchMode

from core.comparing import assert_near, grad_leaves, random_state, results_and_gradients, weighted_sum
from core.zoo import CELLS, PlainCell
from ostinato import (
    BasicLSTMCell,
    GRUCell,
    MemoryPlan,
    bidirectional_dynamic_rnn,
    detach_state,
    dynamic_rnn,
    kernels,
)
from ostinato.memory.store import SwapError

PLANS = [
    MemoryPlan.keep_all(),
    MemoryPlan.keep_state(),
    MemoryPlan.recompute(),
    MemoryPlan.recompute(every=4),
    MemoryPlan.recompute(every=(6, 2)),
    MemoryPlan.recompute(every=3, keep_last=4),
    MemoryPlan.swap(to="disk", every=2),
]
WALKED = PLANS[2:]


def saved_bytes(run):
    """The bytes that autograd holds from a forward pass to its backward pass."""
    storages = {}

    def pack(tensor):
        storages[tensor.untyped_storage().data_ptr()] = tensor.untyped_storage().nbytes()
        return tensor

    with torch.autograd.graph.saved_tensors_hooks(pack, lambda tensor: tensor):
        results = run()
    del results
    return sum(storages.values())


@pytest.mark.parametrize("cell", [BasicLSTMCell(16, 2), PlainCell(16, 2)], ids=["op", "loop"])
def test_less_is_kept(cell):
    inputs = torch.randn(4, 400, 2, requires_grad=True)
    whole = saved_bytes(lambda: dynamic_rnn(cell, inputs))
    swapped = saved_bytes(lambda: dynamic_rnn(cell, inputs, swap_memory=True))
    # inputs (12.8 kB), parameters, and 20 states
    assert swapped < 60_000
    assert swapped < whole / 3


def test_an_op_keeps_what_its_plan_says():
    cell, inputs = BasicLSTMCell(16, 2), torch.randn(4, 400, 2)
    step = 4 * 16 * 4  # bytes of the c, the h or one gate of a step

    def kept(plan):
        return saved_bytes(lambda: dynamic_rnn(cell, inputs, memory=plan)) - inputs.nbytes

    little = 40 * step  # parameters, first state and such
    gates = 4 if kernels.available().in_use == "cpu" else 0  # plain torch keeps c and h only
    assert (1 + gates) * 400 * step < kept(MemoryPlan.keep_all()) < (2 + gates) * 400 * step + little
    assert 400 * step < kept(MemoryPlan.keep_state()) < 2 * 400 * step + little  # c, h
    assert kept(MemoryPlan.recompute(every=20)) < 2 * 20 * step + little
    assert kept(MemoryPlan.recompute(every=(200, 20))) < 2 * 2 * step + little
    outputs = 400 * step  # which are there anyway
    assert kept(MemoryPlan.swap(to="disk", every=20)) < outputs + little
    with_last = kept(MemoryPlan.recompute(every=20, keep_last=100))
    assert (1 + gates) * 100 * step < with_last < (2 + gates) * 100 * step + 2 * 20 * step + outputs + little


class LiveBytes(TorchDispatchMode):
    """How much memory torch's operations hold, now and at most."""

    def __init__(self):
        super().__init__()
        self.storages, self.most = {}, 0

    def __torch_dispatch__(self, func, types, args=(), kwargs=None):
        found = func(*args, **(kwargs or {}))
        for leaf in optree.tree_leaves(found):
            if isinstance(leaf, torch.Tensor):
                storage = leaf.untyped_storage()
                self.storages[storage._cdata] = StorageWeakRef(storage), storage.nbytes()
        self.most = max(self.most, self.now())
        return found

    def now(self):
        self.storages = {key: held for key, held in self.storages.items() if not held[0].expired()}
        return sum(size for _, size in self.storages.values())


def live_bytes(plan, cell, inputs):
    """Bytes beside outputs and their gradient: kept for the backward pass, at most in it, and left over."""
    with LiveBytes() as live:
        outputs, state = dynamic_rnn(cell, inputs, memory=plan)
        own = sum(leaf.nbytes for leaf in optree.tree_leaves((outputs, state)))
        kept, live.most = live.now() - own, 0
        torch.autograd.backward(optree.tree_leaves(outputs), [torch.ones_like(leaf) for leaf in outputs])
        del outputs, state
        return kept, live.most - 2 * own, live.now()


def test_a_loop_keeps_what_its_plan_says():
    cell, inputs = PlainCell(16, 2), torch.randn(4, 60, 2)
    state = 4 * 3 * 16 * 4  # bytes
    parameters = sum(leaf.nbytes for leaf in cell.parameters())
    whole, _, left = live_bytes(None, cell, inputs)
    step = whole / 60
    little = 16_000  # the states of random number generators are 5 kB each
    assert left < parameters + little
    for plan, states, steps_at_once in [
        (MemoryPlan.recompute(every=10), 6, 10),
        (MemoryPlan.recompute(every=(20, 5)), 3 + 4, 5),
        (MemoryPlan.recompute(every=(32, 8, 2)), 2 + 4 + 4, 2),
        (MemoryPlan.keep_state(), 60, 1),
        (MemoryPlan.swap(to="disk", every=5), 4, 5),
    ]:
        kept, most, left = live_bytes(plan, cell, inputs)
        assert kept < states * state + little, plan
        # A chunk's gradients beside what its graph holds.
        assert most < states * state + 2.5 * steps_at_once * step + 2 * parameters + little, plan
        assert left < parameters + little, plan
    kept, _, _ = live_bytes(MemoryPlan.recompute(every=10, keep_last=40), cell, inputs)
    # A graph that is kept holds its chunk's outputs too.
    assert 40 * step < kept < 6 * state + 40 * (step + state) + little


def open_files():
    return len(os.listdir("/proc/self/fd"))


@pytest.mark.parametrize("name", ["basic_lstm", "gru", "stack", "plain"])
def test_a_file_lives_as_long_as_it_is_needed(name):
    cell, inputs = CELLS[name](4, 3), torch.randn(2, 10, 3, requires_grad=True)
    gc.collect()
    files, threads = open_files(), threading.active_count()
    plan = MemoryPlan.swap(to="disk", every=2)

    def forward():
        return dynamic_rnn(cell, inputs, memory=plan)

    outputs, state = forward()
    assert open_files() == files + 1
    loss = weighted_sum((outputs, state))
    loss.backward(retain_graph=True)
    assert open_files() == files + 1
    loss.backward()
    assert (open_files(), threading.active_count()) == (files, threads)  # while the outputs live
    del outputs, state, loss
    results = forward()
    del results
    assert (open_files(), threading.active_count()) == (files, threads)
    with torch.no_grad():
        forward()
        assert open_files() == files


def test_a_directory_that_is_missing_spoils_nothing(tmp_path):
    cell, inputs = BasicLSTMCell(4, 3), torch.randn(2, 10, 3)
    with pytest.raises(SwapError, match=r"Cannot swap to the directory '.*nowhere'"):
        dynamic_rnn(cell, inputs, memory=MemoryPlan.swap(to="disk", directory=tmp_path / "nowhere"))
    dynamic_rnn(cell, inputs, memory=MemoryPlan.swap(to="disk", directory=tmp_path))[0].sum().backward()
    assert cell.kernel.grad is not None
    assert list(tmp_path.iterdir()) == []


FULL = """
import os, resource, signal, sys, torch
from ostinato import BasicLSTMCell, MemoryPlan, RNNCell, dynamic_rnn
from ostinato.memory.store import SwapError

class Own(RNNCell):
    state_size = output_size = 64
    def __init__(self):
        super().__init__()
        self.mix = torch.nn.Linear(68, 64)
    def forward(self, inputs, state):
        state = torch.tanh(self.mix(torch.cat([inputs, state], 1)))
        return state, state

signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
inputs = torch.randn(64, 100, 4)
for cell in (BasicLSTMCell(64, 4), Own()):
    files = len(os.listdir("/proc/self/fd"))
    dynamic_rnn(cell, inputs)[0].sum().backward()
    expected = [leaf.grad for leaf in cell.parameters()]
    resource.setrlimit(resource.RLIMIT_FSIZE, (300_000, resource.RLIM_INFINITY))  # room for some chunks
    swap = MemoryPlan.swap(to="disk", every=5, directory=sys.argv[1])
    try:
        dynamic_rnn(cell, inputs, memory=swap)[0].sum().backward()
        print("no error")
    except SwapError as error:
        assert sys.argv[1] in str(error), error
    resource.setrlimit(resource.RLIMIT_FSIZE, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))
    assert len(os.listdir("/proc/self/fd")) == files
    for plan in (MemoryPlan.recompute(), swap):
        cell.zero_grad()
        dynamic_rnn(cell, inputs, memory=plan)[0].sum().backward()
        for leaf, gradient in zip(cell.parameters(), expected):
            torch.testing.assert_close(leaf.grad, gradient, rtol=1e-4, atol=1e-4)
assert os.listdir(sys.argv[1]) == []
print("done")
"""


def test_a_full_disk_ends_a_step_and_not_the_training(tmp_path):
    environment = os.environ | {"OMP_NUM_THREADS": "1", "PYTHONPATH": os.pathsep.join(sys.path)}
    found = subprocess.run(
        [sys.executable, "-c", FULL, str(tmp_path)],
        capture_output=True,
        text=True,
        timeout=120,
        env=environment,
    )
    assert (found.returncode, found.stdout) == (0, "done\n"), found.stderr


@pytest.mark.parametrize("plan", WALKED, ids=repr)
def test_a_backward_pass_lets_go(plan):
    # Of an op: what is kept of it is saved tensors and nothing else.
    cell, inputs = BasicLSTMCell(4, 3), torch.randn(2, 10, 3, requires_grad=True)
    saved = weakref.WeakSet()

    class Saved:
        def __init__(self, tensor):
            self.tensor = tensor
            saved.add(self)

    with torch.autograd.graph.saved_tensors_hooks(Saved, lambda box: box.tensor):
        outputs, state = dynamic_rnn(cell, inputs, memory=plan)
        loss = outputs.sum() + state.h.sum()
    assert saved
    loss.backward(retain_graph=True)
    assert saved
    loss.backward()
    assert not saved
    with pytest.raises(RuntimeError, match="backward through the graph a second time"):
        loss.backward()


@pytest.mark.parametrize("plan", [None, *PLANS, "swap_memory", "limit"], ids=repr)
@pytest.mark.parametrize("name", ["basic_lstm", "lstm_projection", "gru", "stack", "plain", "zoneout"])
def test_without_outputs_there_is_the_final_state(name, plan):
    torch.manual_seed(0)
    cell, inputs = CELLS[name](4, 3).double(), torch.randn(3, 9, 3, dtype=torch.float64, requires_grad=True)
    state = random_state(cell, 3, torch.float64)
    leaves = grad_leaves(cell, inputs, state)
    options = {"swap_memory": {"swap_memory": True}, "limit": {"memory_limit": "8MiB"}}.get(
        plan, {"memory": plan}
    )

    def run(**options):
        torch.manual_seed(3)
        outputs, final = dynamic_rnn(cell, inputs, [9, 4, 0], state, **options)
        assert (outputs is None) == (options.get("keep_outputs") is False)
        return final

    expected = results_and_gradients(run, leaves)
    actual = results_and_gradients(lambda: run(**options, keep_outputs=False), leaves)
    for a, e in zip(actual, expected, strict=True):
        assert_near(a, e, 1e-12, plan)
    with torch.no_grad():
        final = run(**options, keep_outputs=False)
        assert_near(optree.tree_leaves(final), expected[0], 1e-12, plan)


def test_neither_direction_keeps_outputs():
    cells, inputs = (BasicLSTMCell(4, 3), PlainCell(4, 3)), torch.randn(3, 9, 3)
    expected = bidirectional_dynamic_rnn(*cells, inputs, [9, 4, 0])[1]
    for options in ({}, {"swap_memory": True}, {"memory": MemoryPlan.recompute(every=2)}):
        outputs, actual = bidirectional_dynamic_rnn(*cells, inputs, [9, 4, 0], keep_outputs=False, **options)
        assert outputs == (None, None)
        torch.testing.assert_close(actual, expected)


def test_without_outputs_none_are_held():
    cell, inputs = PlainCell(16, 2), torch.randn(4, 100, 2)
    outputs = 100 * 4 * 3 * 16 * 4  # bytes
    for context in (torch.no_grad, torch.enable_grad):
        with context(), LiveBytes() as live:
            results = dynamic_rnn(cell, inputs, memory=MemoryPlan.recompute(every=5), keep_outputs=False)
            assert live.most < outputs / 2
            del results
    with torch.no_grad(), LiveBytes() as live:
        dynamic_rnn(cell, inputs, keep_outputs=False)
        assert live.most < outputs / 2


def by_hand(cell, inputs, lengths, state, every):
    """Truncated backpropagation through time as one writes it: a run for each piece."""
    pieces = []
    for start in range(0, inputs.shape[1], every):
        left = None if lengths is None else [max(0, length - start) for length in lengths]
        outputs, state = dynamic_rnn(cell, inputs[:, start : start + every], left, state)
        pieces.append(outputs)
        last, state = state, detach_state(state)
    return optree.tree_map(lambda *parts: torch.cat(parts, 1), *pieces), last


@pytest.mark.parametrize("lengths", [None, [10, 4, 0], [3, 3, 1], [12, 5, 5]], ids=str)
@pytest.mark.parametrize("every", [1, 3, 10, 30])
@pytest.mark.parametrize("name", ["lstm_all", "stack", "plain"])
def test_truncation_detaches_the_state(name, every, lengths):
    torch.manual_seed(0)
    cell, inputs = CELLS[name](4, 3).double(), torch.randn(3, 10, 3, dtype=torch.float64, requires_grad=True)
    state = random_state(cell, 3, torch.float64)
    leaves = grad_leaves(cell, inputs, state)
    expected = results_and_gradients(lambda: by_hand(cell, inputs, lengths, state, every), leaves)
    for plan in (None, *PLANS):
        actual = results_and_gradients(
            lambda plan=plan: dynamic_rnn(cell, inputs, lengths, state, memory=plan, truncate_every=every),
            leaves,
        )
        for a, e in zip(actual, expected, strict=True):
            assert_near(a, e, 1e-12, plan)


def test_a_detached_state_is_its_values():
    cell = GRUCell(4, 3)
    _, state = dynamic_rnn(cell, torch.randn(2, 5, 3))
    nest = {"a": (state, [state.sum()]), "b": 3}
    detached = detach_state(nest)
    assert optree.tree_structure(detached) == optree.tree_structure(nest)
    assert torch.equal(detached["a"][0], state)
    assert not detached["a"][0].requires_grad
    assert detached["b"] == 3
    assert state.requires_grad


def test_no_gradient_passes_a_truncation():
    cell, inputs = PlainCell(4, 3), torch.randn(2, 40, 3, requires_grad=True)
    (fast, _), _ = dynamic_rnn(cell, inputs, truncate_every=5)
    gradient = torch.autograd.grad(fast[:, -1].sum(), inputs)[0]
    assert bool((gradient[:, :35] == 0).all())
    assert bool((gradient[:, 35:] != 0).any(dim=2).all())
