"""Works: their data, their arithmetic, and that every contender in this process computes the same."""

import dataclasses
from collections.abc import Callable

import numpy as np
import pytest
import torch
from benchmarks.measure import Local, check_same
from benchmarks.torch_layout import from_torch, to_torch
from benchmarks.torch_program import Program
from benchmarks.work import MATRICES, Work, make_data, parameters_of
from torch.utils.flop_counter import FlopCounterMode

from benchmarks import ours, torch_peers, training_faces

ALL = Work("lstm", batch=5, steps=7, inputs=3, units=4, training=True)
LAST = dataclasses.replace(ALL, loss="last")
OUTPUTS, GRADIENTS = 1e-5, 1e-5


def contender(name: str, work: Work, program: Callable[..., Program]) -> Local:
    built = program(work, ours.new_data(work))
    return Local(name, built.run, built.results)


def cases() -> list:
    found = []
    for family in MATRICES:
        peers = (
            [torch_peers.torch_loop] if family.startswith(("lstm_", "gru")) and family[-5:] != "after" else []
        )
        if family not in ("gru", "lstm_peepholes", "lstm_layer_norm"):
            peers += [torch_peers.torch_module, ours.layer]
        for peer in peers:
            for base in (ALL, LAST):
                for training in (True, False):
                    work = dataclasses.replace(base, family=family, training=training)
                    found.append(
                        pytest.param(work, peer, id=f"{family}-{peer.__name__}-{work.loss}-{work.mode}")
                    )
    for base in (ALL, LAST):
        both = dataclasses.replace(base, directions=2)
        found.append(pytest.param(both, torch_peers.torch_module, id=f"bidirectional-{base.loss}"))
        found.append(pytest.param(both, ours.layer, id=f"bidirectional-layer-{base.loss}"))
        uniform = dataclasses.replace(base, sequence_length="uniform")
        found.append(pytest.param(uniform, torch_peers.torch_module, id=f"lengths-{base.loss}"))
        found.append(pytest.param(uniform, torch_peers.torch_packed, id=f"packed-{base.loss}"))
    return found


@pytest.mark.parametrize(("work", "peer"), cases())
def test_ours_and_the_peer_compute_the_same(work: Work, peer: Callable[..., Program]) -> None:
    first = contender("ours", work, ours.dynamic_rnn)
    differences = check_same(contender("peer", work, peer), first, OUTPUTS, GRADIENTS)
    assert "outputs" in differences
    if work.training and peer is not torch_peers.torch_packed:
        names = {f"gradients/{name}" for name in parameters_of(ours.new_data(work))}
        assert names < set(differences)


def test_cells_called_step_by_step_compute_the_same() -> None:
    work = Work("lstm", batch=1, steps=6, inputs=4, units=4, training=False)
    one, other = (
        contender(name, work, program)
        for name, program in (("ours", ours.stepped), ("peer", torch_peers.torch_cell))
    )
    assert list(check_same(one, other, OUTPUTS, GRADIENTS)) == ["outputs"]


def test_both_faces_take_the_same_step_of_gradient_descent() -> None:
    data = ours.new_data(LAST)
    native, session = training_faces.native(LAST, data), training_faces.session(LAST, data)
    # A float32 weight moves by a thousandth of its gradient: what is lost in rounding shows a thousandfold.
    differences = check_same(session, native, 1e-5, 1e-2)
    assert set(differences) == {
        "outputs",
        "gradients/kernel",
        "gradients/bias",
        "gradients/head/weights",
        "gradients/head/biases",
    }


def test_bfloat16_works_compute_in_bfloat16() -> None:
    work = dataclasses.replace(ALL, dtype="bfloat16")
    single = contender("float32", ALL, ours.dynamic_rnn)
    for program in (ours.dynamic_rnn, torch_peers.torch_module):
        differences = check_same(contender("bfloat16", work, program), single, 6e-2, 1.5e-1)
        assert differences["outputs"] > 1e-4


@pytest.mark.parametrize("family", ["lstm", "gru_reset_after", "basic_rnn"])
def test_the_layouts_of_torch_and_tensorflow_lead_into_each_other(family: str) -> None:
    work = dataclasses.replace(ALL, family=family)
    values = parameters_of(ours.new_data(work))
    back = from_torch(family, to_torch(family, values, work.units), work.units)
    for name, value in values.items():
        forget_bias = np.zeros_like(value)
        if (family, name) == ("lstm", "bias"):
            forget_bias[2 * work.units : 3 * work.units] = 1.0
        np.testing.assert_allclose(back[name], value + forget_bias, rtol=1e-6)


def test_data_are_the_same_in_every_process() -> None:
    one, other = (make_data(LAST, {"kernel": (2, 3), "input/gamma": (3,)}) for _ in range(2))
    assert all(np.array_equal(one[name], other[name]) for name in one)
    assert abs(one["parameters/input/gamma"] - 1).max() <= 0.5


def test_lengths_are_drawn_from_all_there_are() -> None:
    work = Work("lstm", 2000, 10, 1, 1, training=False, sequence_length="uniform")
    counts = np.bincount(work.lengths(), minlength=11)
    assert counts[0] == 0
    assert (counts[1:] > 100).all()


@pytest.mark.parametrize("training", [False, True])
@pytest.mark.parametrize("family", ["lstm", "gru", "basic_rnn"])
def test_operations_are_those_that_torch_counts(family: str, training: bool) -> None:
    work = Work(family, batch=3, steps=5, inputs=7, units=4, training=training)
    cell = ours.CELLS[family](work.units, work.inputs)
    inputs = torch.zeros(work.batch, work.steps, work.inputs)
    with FlopCounterMode(display=False) as counter, torch.set_grad_enabled(training):
        state, total = cell.zero_state(work.batch), torch.zeros(())
        for step in range(work.steps):
            output, state = cell(inputs[:, step], state)
            total = total + output.sum()
        if training:
            total.backward()
    expected = work.floating_point_operations()
    if training:  # the zero state of the first step needs no gradient, which torch leaves out
        expected -= expected_of_zero_state(work)
    assert counter.get_total_flops() == expected


def expected_of_zero_state(work: Work) -> float:
    # TensorFlow's GRU multiplies the candidate's kernel with r * h, whose gradient r needs at any step.
    matrices = 2 if work.family == "gru" else MATRICES[work.family]
    return 2.0 * work.batch * matrices * work.units * work.units


def test_rows_that_have_ended_count_for_nothing() -> None:
    work = dataclasses.replace(ALL, sequence_length="uniform")
    share = work.lengths().sum() / (work.batch * work.steps)
    assert work.floating_point_operations() == pytest.approx(share * ALL.floating_point_operations())
