"""torch.compile, torch.export and data-parallel training pass through the drivers."""

from __future__ import annotations

import socket

import pytest
import torch
import torch.multiprocessing
from torch import nn

from core.zoo import CELLS
from ostinato import BasicLSTMCell, GRUCell, MultiRNNCell, bidirectional_dynamic_rnn, dynamic_rnn, static_rnn


class Classifier(nn.Module):
    def __init__(self, name="stack"):
        super().__init__()
        self.cell = CELLS[name](4, 3)

    def forward(self, inputs, lengths):
        outputs = dynamic_rnn(self.cell, inputs, lengths)[0]
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


def _train_one_of_two(rank, port, results):
    torch.distributed.init_process_group(
        "gloo", init_method=f"tcp://127.0.0.1:{port}", rank=rank, world_size=2
    )
    torch.manual_seed(0)
    model = nn.parallel.DistributedDataParallel(Classifier("stack"))
    inputs = torch.randn(4, 6, 3, generator=torch.Generator().manual_seed(1))[2 * rank : 2 * rank + 2]
    model(inputs, torch.tensor([6, 3])).pow(2).sum().backward()
    if rank == 0:
        torch.save([parameter.grad for parameter in model.parameters()], results)
    torch.distributed.destroy_process_group()


def test_data_parallel_training_in_two_processes(tmp_path):
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        port = listener.getsockname()[1]
    results = str(tmp_path / "gradients.pt")
    torch.multiprocessing.spawn(_train_one_of_two, (port, results), nprocs=2)
    torch.manual_seed(0)
    model = Classifier("stack")
    inputs = torch.randn(4, 6, 3, generator=torch.Generator().manual_seed(1))
    model(inputs, torch.tensor([6, 3, 6, 3])).pow(2).sum().backward()
    for averaged, parameter in zip(torch.load(results), model.parameters(), strict=True):
        torch.testing.assert_close(averaged, parameter.grad / 2)


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
