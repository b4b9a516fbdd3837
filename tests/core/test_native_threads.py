"""The same bits for any number of threads; and threads of every kind at once."""

from __future__ import annotations

import ctypes
import threading
from concurrent.futures import ThreadPoolExecutor

import pytest
import torch

import ostinato
from core import native_cases as cases
from core.native_cases import FAMILIES, make, of_units
from ostinato import LSTMCell, dynamic_rnn
from ostinato.kernels.native import library

# By rows: many of them, or few units. By units: 128 and more, with few rows or with weights that no cache
# holds. Few rows have the inputs' share of the gates computed ahead.
SPLITS = {
    "rows": {"num_units": 20, "time": 40, "batch_size": 45, "input_size": 6},
    "rows, ragged": {"num_units": 20, "time": 40, "batch_size": 45, "input_size": 6, "lengths": "ragged"},
    "units, one row": {"num_units": 130, "time": 30, "batch_size": 1, "input_size": 5},
    "units, ragged": {"num_units": 150, "time": 30, "batch_size": 9, "input_size": 5, "lengths": "ragged"},
    "units, many rows": {"num_units": 300, "time": 6, "batch_size": 40, "input_size": 4},
}


def split_case(name, split, dtype=torch.float32):
    shape = dict(SPLITS[split])
    return make(of_units(name, shape.pop("num_units")), dtype=dtype, **shape)


@pytest.mark.parametrize("split", SPLITS)
@pytest.mark.parametrize("name", FAMILIES)
def test_the_same_bits_for_any_number_of_threads(name, split):
    sequence = split_case(name, split)
    if not sequence.is_native:
        return  # as reproducible as torch
    with cases.threads(1):
        expected = cases.everything(sequence)
    for number in (1, 2, 3, 5):
        with cases.threads(number):
            for _ in range(2):
                cases.assert_equal(cases.everything(sequence), expected, f"{number} threads")


@pytest.mark.parametrize("build", cases.BUILDS)
@pytest.mark.parametrize("name", FAMILIES)
def test_the_same_bits_whatever_else_is_in_the_batch(name, build):
    # 20 rows fill tiles where one row leaves them almost empty, and one row has its inputs projected ahead.
    with cases.instruction_set(build):
        for dtype in (torch.float32, torch.float64):
            sequence = make(of_units(name, 21), 9, 20, 6, dtype, "ragged")
            if not sequence.is_native:
                return
            results = cases.forward(sequence)
            gradients = cases.incoming(sequence, results)
            inputs, *others = cases.backward(sequence, results, gradients)
            for row in (0, 7, 19):
                only = slice(row, row + 1)
                alone = cases.forward(sequence.row(row))
                of_row = cases.Results(
                    results.outputs[:, only],
                    [leaf[only] for leaf in results.state],
                    [leaf[:, only] for leaf in results.kept],
                )
                cases.assert_equal(alone.flat(), of_row.flat(), f"row {row}")
                handed_back = cases.Incoming(
                    gradients.outputs[:, only],
                    [leaf[only] for leaf in gradients.state],
                    [leaf[:, only] for leaf in gradients.kept],
                )
                found = cases.backward(sequence.row(row), of_row, handed_back)
                states = len(sequence.state)
                wanted = [inputs[:, only], *(leaf[only] for leaf in others[:states])]
                cases.assert_equal(found[: 1 + states], wanted, f"gradients of row {row}")


@pytest.mark.parametrize("number", [1, 2])
def test_threads_of_python_at_the_same_time(number):
    given = [split_case(name, split) for name in ("lstm", "gru") for split in ("rows", "units, ragged")]
    with cases.threads(number):
        expected = [cases.everything(sequence) for sequence in given]
        start = threading.Barrier(4)

        def work(index):
            torch.set_num_threads(number)  # OpenMP counts for each thread anew
            start.wait()
            return [cases.everything(given[(index + turn) % 4]) for turn in range(20)]

        with ThreadPoolExecutor(4) as pool:
            for index, found in enumerate(pool.map(work, range(4))):
                for turn, results in enumerate(found):
                    cases.assert_equal(results, expected[(index + turn) % 4], (index, turn))


def test_threads_that_share_a_cell():
    cell = LSTMCell(24, input_size=5)
    inputs = torch.randn(6, 30, 5)

    def work(_):
        outputs, _ = dynamic_rnn(cell, inputs, sequence_length=[30, 3, 0, 17, 30, 9])
        return [outputs, *torch.autograd.grad(outputs.sum(), list(cell.parameters()))]

    expected = work(0)
    with ThreadPoolExecutor(4) as pool:
        for found in pool.map(work, range(80)):
            cases.assert_equal(found, expected)


@pytest.mark.parametrize("split", ["rows, ragged", "units, ragged"])
def test_inside_a_parallel_region_of_torch(split):
    address = library.parallel_for()
    if address is None:
        return  # this torch has none, and every call has one thread
    sequence = split_case("lstm", split)
    expected = cases.everything(sequence)
    found = []

    @ctypes.CFUNCTYPE(None, ctypes.c_int64, ctypes.c_int64, ctypes.c_void_p)
    def part(begin, end, _):
        found.extend(cases.everything(sequence) for _ in range(begin, end))

    run = ctypes.CFUNCTYPE(
        ctypes.c_int32, ctypes.c_int64, ctypes.c_int64, ctypes.c_int64, ctypes.c_void_p, ctypes.c_void_p
    )(address)
    with cases.threads(2):
        assert run(0, 6, 1, ctypes.cast(part, ctypes.c_void_p), None) == 0
    assert len(found) == 6
    for results in found:
        cases.assert_equal(results, expected)


def test_a_number_of_threads_that_changes_between_the_passes():
    for split in SPLITS:
        sequence = split_case("lstm_peepholes", split)
        expected = cases.everything(sequence)
        for there, back in [(1, 2), (3, 1), (2, 5)]:
            with cases.threads(there):
                results = cases.forward(sequence)
                gradients = cases.incoming(sequence, results)
            with cases.threads(back):
                found = cases.backward(sequence, results, gradients)
            cases.assert_equal([*results.flat(), *found], expected, (split, there, back))


def test_more_threads_than_cores():
    # Members that wait for one another spin; without a core each, they must let the others on.
    for split in ("units, ragged", "rows"):
        sequence = split_case("lstm", split)
        expected = cases.everything(sequence)
        with cases.threads(8):
            cases.assert_equal(cases.everything(sequence), expected, split)


@pytest.mark.parametrize("shape", [(40, 12, 20), (9, 1, 64), (12, 3, 130), (7, 33, 24)], ids=str)
@pytest.mark.parametrize("layer", [ostinato.RNN, ostinato.GRU, ostinato.LSTM])
def test_both_directions_at_once(layer, shape):
    time, batch_size, num_units = shape
    torch.manual_seed(0)
    network = layer(6, num_units, num_layers=2, bidirectional=True)
    inputs = torch.randn(time, batch_size, 6)
    lengths = torch.randint(0, time + 1, (batch_size,))

    def work(lengths):
        leaf = inputs.clone().requires_grad_()
        outputs, state = network(leaf, sequence_length=lengths)
        results = [outputs, *(state if isinstance(state, tuple) else [state])]
        loss = sum(
            (result * torch.cos(torch.arange(result.numel()).view_as(result))).sum() for result in results
        )
        return [
            *(result.detach() for result in results),
            *torch.autograd.grad(loss, [leaf, *network.parameters()]),
        ]

    for of_rows in (None, lengths):
        with cases.threads(1):
            expected = work(of_rows)
        for number in (2, 3, 5):
            with cases.threads(number):
                for _ in range(2):
                    cases.assert_equal(work(of_rows), expected, number)
        with cases.threads(2), ThreadPoolExecutor(3) as pool:
            for found in pool.map(work, [of_rows] * 12):
                cases.assert_equal(found, expected)
