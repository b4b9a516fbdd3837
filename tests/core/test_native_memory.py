"""What a sequence keeps, and whose memory it is."""

from __future__ import annotations

import gc
import io
import os
import pickle
import threading
from pathlib import Path

import optree
import pytest
import torch

from core import native_cases as cases
from core.native_cases import FAMILIES, make, of_units
from ostinato import kernels
from ostinato.kernels import eager


def run(sequence, requires_grad=True):
    """The way a cell runs it: leaves, outputs and final state."""
    leaves = [
        leaf.detach().requires_grad_(requires_grad)
        for leaf in (sequence.inputs, *sequence.state, *sequence.parameters)
    ]
    count = 1 + len(sequence.state)
    state = optree.tree_unflatten(optree.tree_structure(sequence.family.state_size), leaves[1:count])
    outputs, final = kernels.sequence(sequence.family, leaves[count:], leaves[0], sequence.lengths, state)
    return leaves, outputs, optree.tree_leaves(final)


def address(tensor):
    return tensor.untyped_storage().data_ptr()


def resident_bytes():
    return int(Path("/proc/self/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE")


@pytest.mark.parametrize("room_for_gates", [True, False])
@pytest.mark.parametrize("name", FAMILIES)
def test_little_is_kept_for_the_backward_pass(name, room_for_gates, monkeypatch):
    time, batch_size, num_units = 50, 6, 16  # whole vectors, so that padding counts for nothing
    sequence = make(of_units(name, num_units), time, batch_size, 5, torch.float32)
    if not sequence.is_native:
        return
    saved = {}

    def pack(tensor):
        saved[address(tensor)] = tensor.untyped_storage().nbytes()
        return tensor

    if not room_for_gates:
        monkeypatch.setattr(eager, "MOST_GATES", 1000)
    with torch.autograd.graph.saved_tensors_hooks(pack, lambda tensor: tensor):
        leaves, outputs, _ = run(sequence)
    for leaf in leaves:  # there anyway
        saved.pop(address(leaf), None)
    # h, and an LSTM's c; where there is room, gates too (docs/native.md has the reason).
    tensors = 2 if name.startswith("lstm") else 1
    if room_for_gates:
        tensors += {"gru": 3, "gru_reset_after": 4, "lstm": 4, "lstm_peepholes": 4}.get(name, 0)
    assert sum(saved.values()) <= tensors * time * batch_size * num_units * 4
    assert address(outputs) in saved


@pytest.mark.parametrize("lengths", [None, "ragged"], ids=str)
@pytest.mark.parametrize("name", FAMILIES)
def test_nobody_shares_memory(name, lengths):
    for time, batch_size in [(1, 1), (1, 5), (6, 5), (60, 70)]:
        sequence = make(of_units(name, 70), time, batch_size, 3, torch.float32, lengths)
        results = cases.forward(sequence)
        gradients = cases.backward(sequence, results, cases.incoming(sequence, results))
        given = [sequence.inputs, *sequence.state, *sequence.parameters]
        places = [address(leaf) for leaf in (*given, *results.flat(), *gradients)]
        assert len(set(places)) == len(places)
        leaves, outputs, final = run(sequence)
        gradients = torch.autograd.grad([outputs.sum(), *(leaf.sum() for leaf in final)], leaves)
        places = [address(leaf) for leaf in (*leaves, outputs, *final, *gradients)]
        assert len(set(places)) == len(places)


@pytest.mark.parametrize("name", FAMILIES)
def test_what_was_changed_before_the_backward_pass_is_refused(name):
    sequence = make(of_units(name, 7), 5, 4, 3, torch.float32, torch.tensor([5, 2, 0, 4]))
    for change in (
        lambda leaves, outputs: leaves[0].add_(1),
        lambda leaves, outputs: leaves[1].mul_(2),
        lambda leaves, outputs: leaves[-1].zero_(),
        lambda leaves, outputs: outputs.relu_(),
        lambda leaves, outputs: sequence.lengths.sub_(1),
    ):
        leaves, outputs, _ = run(sequence)
        with torch.no_grad():
            change(leaves, outputs)
        loss = outputs.sum()
        with pytest.raises(RuntimeError, match="modified by an inplace operation"):
            loss.backward()


@pytest.mark.parametrize("name", ["basic_rnn", "gru", "lstm", "lstm_layer_norm"])
def test_results_stay_what_they_are_while_others_are_computed(name):
    # Large results live in memory that is used again: but not before they are gone, whoever holds them.
    sequence = make(of_units(name, 48), 80, 80, 48, torch.float32)
    assert sequence.inputs.numel() * 4 > 1 << 20
    held = []
    for turn in range(12):
        leaves, outputs, final = run(sequence)
        gradients = torch.autograd.grad(outputs.sum() + final[0].sum(), leaves, retain_graph=turn % 3 == 0)
        of_outputs = (outputs, outputs[-1], outputs.detach().numpy(), outputs.untyped_storage())[turn % 4]
        if turn % 4 == 3:
            of_outputs = torch.tensor(of_outputs, dtype=torch.uint8).view(torch.float32)
        held.append((of_outputs, gradients[0]))
        sequence.inputs.mul_(1.01)
        del leaves, outputs, final, gradients
    values = [[torch.as_tensor(leaf).detach().clone() for leaf in group] for group in held]
    for _ in range(6):
        leaves, outputs, _ = run(sequence)
        torch.autograd.grad(outputs.sum(), leaves)
    for group, expected in zip(held, values, strict=True):
        cases.assert_equal([torch.as_tensor(leaf).detach() for leaf in group], expected)


def test_large_results_can_be_stored_and_sent():
    _, outputs, _ = run(make(of_units("lstm", 48), 80, 80, 48, torch.float32), requires_grad=False)
    assert torch.equal(pickle.loads(pickle.dumps(outputs)), outputs)
    file = io.BytesIO()
    torch.save(outputs, file)
    file.seek(0)
    assert torch.equal(torch.load(file), outputs)
    expected = outputs.clone()
    assert torch.equal(outputs.share_memory_(), expected)


def test_memory_does_not_grow():
    sequence = make(of_units("lstm_all", 40), 60, 50, 60, torch.float32, "ragged")

    def work():
        leaves, outputs, _ = run(sequence)
        torch.autograd.grad(outputs.sum(), leaves)

    def in_threads():
        # A thread takes its working memory with it when it goes.
        threads = [threading.Thread(target=work) for _ in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()

    for repeat, often in ((work, 200), (in_threads, 30)):
        for _ in range(10):
            repeat()
        gc.collect()
        before = resident_bytes()
        for _ in range(often):
            repeat()
        gc.collect()
        # A leak would be a hundred times as much; allocators of several threads differ by a little.
        assert resident_bytes() - before < 32 << 20
