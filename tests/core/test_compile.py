"""torch.compile, torch.export and data-parallel training pass through the drivers."""

from __future__ import annotations

import socket

import optree
import pytest
import torch
import torch.multiprocessing
from torch import nn

from core.comparing import assert_near, grad_leaves, results_and_gradients
from core.zoo import CELLS
from ostinato import (
    BasicLSTMCell,
    GRUCell,
    MemoryPlan,
    MultiRNNCell,
    bidirectional_dynamic_rnn,
    dynamic_rnn,
    static_rnn,
)


class Classifier(nn.Module):
    def __init__(self, name="stack"):
        super().__init__()
        self.cell = CELLS[name](4, 3)

    def forward(self, inputs, lengths, **options):
        outputs = dynamic_rnn(self.cell, inputs, lengths, **options)[0]
        return outputs if isinstance(outputs, torch.Tensor) else outputs[0]


@pytest.mark.parametrize(
    "name", ["basic_rnn", "gru", "lstm_all", "stack", "dropout_stack", "plain", "state_dropout"]
)
def test_compiles_as_one_graph(name):
    torch.compiler.reset()
    model = Classifier(name).eval()
    compiled = torch.compile(model, fullgraph=True, backend="aot_eager")
    for time in (5, 8):
        inputs, lengths = torch.randn(3, time, 3), torch.tensor([5, 2, 0])
        expected, actual = model(inputs, lengths), compiled(inputs, lengths)
        torch.testing.assert_close(actual, expected)
        gradients = [
            torch.autograd.grad(outputs.pow(2).sum(), list(model.parameters()))
            for outputs in (expected, actual)
        ]
        torch.testing.assert_close(*gradients)


def test_dropout_compiles_and_draws_anew():
    torch.compiler.reset()
    model = torch.compile(Classifier("dropout_stack"), fullgraph=True, backend="aot_eager")
    inputs, lengths = torch.randn(3, 5, 3), torch.tensor([5, 2, 0])
    torch.manual_seed(1)
    first = model(inputs, lengths)
    assert not torch.equal(model(inputs, lengths), first)
    torch.manual_seed(1)
    torch.testing.assert_close(model(inputs, lengths), first)


def test_the_other_drivers_compile():
    torch.compiler.reset()
    forwards, backwards = BasicLSTMCell(4, 3), GRUCell(4, 3)

    def run(inputs, lengths):
        (fw, bw), _ = bidirectional_dynamic_rnn(forwards, backwards, inputs, lengths, swap_memory=True)
        steps, _ = static_rnn(forwards, list(inputs.unbind(1)))
        return fw, bw, torch.stack(steps)

    given = torch.randn(2, 5, 3), torch.tensor([5, 3])
    torch.testing.assert_close(torch.compile(run, fullgraph=True, backend="aot_eager")(*given), run(*given))


@pytest.mark.parametrize("name", ["lstm_all", "stack", "plain"])
def test_swapping_memory_compiles_as_one_graph(name):
    torch.compiler.reset()
    cell = CELLS[name](4, 3)

    def run(inputs, lengths):
        return dynamic_rnn(cell, inputs, lengths, swap_memory=True)

    given = torch.randn(3, 9, 3, requires_grad=True), torch.tensor([9, 4, 0])
    leaves = grad_leaves(cell, given[0])
    compiled = torch.compile(run, fullgraph=True, backend="aot_eager")
    actual, expected = (results_and_gradients(lambda f=f: f(*given), leaves) for f in (compiled, run))
    for a, e in zip(actual, expected, strict=True):
        assert_near(a, e, 1e-6, name)


# torch's own, where a graph is left and entered again.
@pytest.mark.filterwarnings("ignore:The .grad attribute of a Tensor that is not a leaf Tensor:UserWarning")
@pytest.mark.parametrize(
    "options",
    [
        {"memory": MemoryPlan.recompute(every=3)},
        {"memory": MemoryPlan.swap(to="disk", every=3), "keep_outputs": False},
        {"memory_limit": "16MiB"},
        {"truncate_every": 3},
    ],
    ids=repr,
)
@pytest.mark.parametrize("name", ["basic_lstm", "dropout_stack", "plain"])
def test_a_plan_is_obeyed_between_two_graphs(name, options):
    torch.compiler.reset()
    cell = CELLS[name](4, 3)

    def run(inputs, lengths):
        outputs, state = dynamic_rnn(cell, 2 * inputs, lengths, **options)
        return [2 * leaf for leaf in optree.tree_leaves((outputs, state))]

    given = torch.randn(3, 9, 3, requires_grad=True), torch.tensor([9, 4, 0])
    leaves = grad_leaves(cell, given[0])
    results = []
    for function in (torch.compile(run, backend="aot_eager"), run):
        torch.manual_seed(1)
        results.append(results_and_gradients(lambda f=function: f(*given), leaves))
    for a, e in zip(*results, strict=True):
        assert_near(a, e, 1e-6, name)
    torch.compiler.reset()
    with pytest.raises(
        torch._dynamo.exc.Unsupported, match="a memory plan is obeyed outside of a compiled graph"
    ):
        torch.compile(run, fullgraph=True, backend="aot_eager")(*given)


@pytest.mark.parametrize("with_lengths", [False, True])
def test_exports_with_a_dynamic_batch(with_lengths):
    class Model(nn.Module):
        def __init__(self):
            super().__init__()
            self.cell = MultiRNNCell([BasicLSTMCell(4, 3), GRUCell(5, 4)])

        def forward(self, inputs, lengths=None):
            return dynamic_rnn(self.cell, inputs, lengths)

    model = Model()
    lengths = torch.tensor([5, 2, 0])
    given = (torch.randn(3, 5, 3), lengths) if with_lengths else (torch.randn(3, 5, 3),)
    batch = torch.export.Dim("batch", min=2, max=64)
    shapes = ({0: batch}, {0: batch}) if with_lengths else ({0: batch},)
    program = torch.export.export(model, given, dynamic_shapes=shapes)
    assert any("ostinato.lstm" in str(node.target) for node in program.graph.nodes)
    other = (torch.randn(2, 5, 3), torch.tensor([1, 4])) if with_lengths else (torch.randn(2, 5, 3),)
    torch.testing.assert_close(program.module()(*other), model(*other))


OPTIONS = [
    {},
    {"swap_memory": True},
    {"memory": MemoryPlan.recompute(every=(4, 2))},
    {"memory": MemoryPlan.swap(to="disk", every=2)},
    {"memory_limit": "16MiB"},
]


def _gradients(model, inputs, lengths):
    """Of every way to keep memory, one after the other."""
    found = []
    for options in OPTIONS:
        model.zero_grad()
        model(inputs, lengths, **options).pow(2).sum().backward()
        found.append([parameter.grad.clone() for parameter in model.parameters()])
    return found


def _batch():
    return torch.randn(4, 6, 3, generator=torch.Generator().manual_seed(1))


def _train_one_of_two(rank, port, results):
    torch.distributed.init_process_group(
        "gloo", init_method=f"tcp://127.0.0.1:{port}", rank=rank, world_size=2
    )
    found = {}
    for name in ("stack", "plain"):
        torch.manual_seed(0)
        model = nn.parallel.DistributedDataParallel(Classifier(name))
        found[name] = _gradients(model, _batch()[2 * rank : 2 * rank + 2], torch.tensor([6, 3]))
    if rank == 0:
        torch.save(found, results)
    torch.distributed.destroy_process_group()


def test_data_parallel_training_in_two_processes(tmp_path):
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        port = listener.getsockname()[1]
    results = str(tmp_path / "gradients.pt")
    torch.multiprocessing.spawn(_train_one_of_two, (port, results), nprocs=2)
    for name, found in torch.load(results).items():
        torch.manual_seed(0)
        (expected, *_) = _gradients(Classifier(name), _batch(), torch.tensor([6, 3, 6, 3]))
        for options, averaged in zip(OPTIONS, found, strict=True):
            assert_near(averaged, [gradient / 2 for gradient in expected], 1e-6, (name, options))


def test_exports_with_a_dynamic_time():
    class Model(nn.Module):
        def __init__(self):
            super().__init__()
            self.cell = BasicLSTMCell(4, 3)

        def forward(self, inputs):
            return dynamic_rnn(self.cell, inputs, swap_memory=True)[1]

    model = Model()
    time = torch.export.Dim("time", min=2, max=100)
    program = torch.export.export(model, (torch.randn(2, 10, 3),), dynamic_shapes=({1: time},))
    other = torch.randn(2, 17, 3)
    torch.testing.assert_close(program.module()(other), model(other))
