"""Wrappers with parameters of their own, and the cells over frequencies: what the laws do not cover."""

import copy

import pytest
import torch

from core.zoo import PlainCell
from ostinato import (
    AttentionCellWrapper,
    BasicLSTMCell,
    EmbeddingWrapper,
    GridLSTMCell,
    GRUCell,
    HighwayWrapper,
    InputProjectionWrapper,
    NTMCell,
    NTMControllerState,
    OutputProjectionWrapper,
    TimeFreqLSTMCell,
    dynamic_rnn,
    plan_memory,
    static_rnn,
)
from ostinato.cells import lower

LENGTHS = [4, 0, 2]


def machine(dtype=torch.float64, **options):
    torch.manual_seed(5)
    controller = BasicLSTMCell(4, input_size=3 + 2 * 2)
    return NTMCell(controller, 3, 5, 2, read_head_num=2, write_head_num=1, **options).to(dtype)


def attention():
    return AttentionCellWrapper(GRUCell(4, 3), attn_length=2, input_size=3)


def test_a_machine_unrolls_the_same_either_way_with_its_gradients():
    cell, inputs = machine(), torch.randn(3, 4, 3, dtype=torch.float64, requires_grad=True)
    sources = [inputs, *cell.parameters()]

    def results(outputs, state):
        flat = [outputs, state.M, *state.read_vector_list, *state.w_list, state.controller_state.c]
        return flat, torch.autograd.grad(sum((leaf * leaf).sum() for leaf in flat), sources)

    stepped, final = static_rnn(cell, list(inputs.unbind(1)), cell.zero_state(3), sequence_length=LENGTHS)
    static = results(torch.stack(stepped, 1), final)
    dynamic = results(*dynamic_rnn(cell, inputs, LENGTHS))
    for one, other in zip([*static[0], *static[1]], [*dynamic[0], *dynamic[1]], strict=True):
        torch.testing.assert_close(one, other)
    assert int(final.time) == 4


def test_where_a_machine_starts_is_learned():
    cell = machine()
    output, _ = cell(torch.ones(2, 3, dtype=torch.float64), cell.zero_state(2))
    output.sum().backward()
    assert cell.memory.grad.abs().sum() > 0
    assert cell.initial_read_vector_1.grad.abs().sum() > 0
    later = cell.zero_state(2)._replace(time=torch.tensor(1))
    assert not torch.equal(cell(torch.ones(2, 3, dtype=torch.float64), later)[0], output)


def test_a_head_that_only_shifts_goes_round():
    cell = machine(shift_range=1)
    weight = torch.eye(5, dtype=torch.float64)[:1]
    head = torch.zeros(1, cell.maths.num_parameters_per_head, dtype=torch.float64)
    head[:, cell.maths.memory_vector_dim + 1] = -50.0  # the gate: all that it was before
    shifts = slice(cell.maths.memory_vector_dim + 2, cell.maths.memory_vector_dim + 5)
    for amounts, place in (([50.0, 0.0, 0.0], 0), ([0.0, 50.0, 0.0], 1), ([0.0, 0.0, 50.0], 4)):
        head[:, shifts] = torch.tensor(amounts, dtype=torch.float64)
        moved = cell.maths._address(head, torch.ones(1, 5, 2, dtype=torch.float64), weight)
        assert int(moved.argmax()) == place
        assert float(moved.max()) > 0.999


def test_a_machine_keeps_its_state_type_through_a_copy():
    cell = copy.deepcopy(machine())
    assert isinstance(cell(torch.zeros(1, 3, dtype=torch.float64), cell.zero_state(1))[1], NTMControllerState)


def test_embeddings_are_rows_of_a_table():
    cell = EmbeddingWrapper(GRUCell(4, input_size=3), 7, 3)
    ids = torch.tensor([[1, 6, 0], [2, 2, 5]])
    outputs, _ = dynamic_rnn(cell, ids.unsqueeze(2), [3, 2])
    expected, _ = dynamic_rnn(cell.cell, cell.embedding[ids], [3, 2])
    torch.testing.assert_close(outputs, expected)
    torch.testing.assert_close(cell(ids[:, 0], cell.zero_state(2))[0], outputs[:, 0])


def test_wrappers_around_cells_with_an_operator_run_on_it():
    inner = InputProjectionWrapper(GRUCell(3, input_size=5), 5, input_size=3)
    assert lower(OutputProjectionWrapper(HighwayWrapper(inner), 2)) is not None
    assert lower(AttentionCellWrapper(GRUCell(3, input_size=3), 2, input_size=3)) is None


def test_nan_past_a_rows_length_reaches_nothing():
    cell = OutputProjectionWrapper(HighwayWrapper(GRUCell(3, input_size=3)), 2)
    inputs = torch.ones(2, 4, 3)
    inputs[1, 2:] = float("nan")
    outputs, state = dynamic_rnn(cell, inputs, [4, 2])
    (outputs.sum() + state.sum()).backward()
    assert bool((outputs[1, 2:] == 0).all())
    assert bool(outputs.isfinite().all())
    assert all(bool(parameter.grad.isfinite().all()) for parameter in cell.parameters())


def test_parameters_are_named_as_in_tf1():
    names = [name for name, _ in AttentionCellWrapper(GRUCell(2, 3), 2, input_size=3).named_parameters()]
    assert {"kernel", "attention.attn_w", "attn_output_projection.bias", "cell.gates.kernel"} <= set(names)
    grid = GridLSTMCell(2, 4, 2, 1, [3], use_peepholes=True)
    assert "W_F_diag_timet_0" in dict(grid.named_parameters())


@pytest.mark.parametrize(
    ("make", "error", "words"),
    [
        (lambda: HighwayWrapper(GRUCell(4, 3)), ValueError, "incompatible"),
        (lambda: InputProjectionWrapper(GRUCell(4, 3), 5, 2), ValueError, "inputs of size 5"),
        (lambda: OutputProjectionWrapper(GRUCell(4, 3), 0), ValueError, "output_size must be"),
        (lambda: HighwayWrapper(3), TypeError, "is not an RNNCell"),
        (lambda: AttentionCellWrapper(None, 2, 3), TypeError, "is not an RNNCell"),
        (lambda: OutputProjectionWrapper(PlainCell(3, 2), 4), TypeError, "with an input_size"),
        (lambda: EmbeddingWrapper(GRUCell(4, 3), 0, 3), ValueError, "must be > 0: 0, 3"),
        (lambda: AttentionCellWrapper(GRUCell(4, 3), 0, 3), ValueError, "greater than zero, got 0"),
        (lambda: NTMCell(GRUCell(4, 5), 3, 2, 2, 1, 1), ValueError, "memory_size of at least 3"),
        (lambda: TimeFreqLSTMCell(2, 3, feature_size=4), ValueError, "depth of only 3"),
        (lambda: GridLSTMCell(2, 4, 2, 1, [2]), ValueError, "requires 2 but gets 3"),
        (lambda: GridLSTMCell(2, 4, 2, 1, [1, 2]), ValueError, "is not 1, but instead is 2"),
        (lambda: GridLSTMCell(2, 4, 2, 1, [2], [0], [2, 3]), ValueError, "does not match 1 2"),
        (lambda: GridLSTMCell(2, 4, 2, 1, [2, 3], [0], [3]), ValueError, "start_freqindex_list 2 1"),
        (lambda: GridLSTMCell(2, 4, 2, 1, [4], [0], [5]), ValueError, "their depth is 4"),
    ],
)
def test_what_does_not_fit_is_told(make, error, words):
    with pytest.raises(error, match=words):
        make()


@pytest.mark.parametrize(
    ("inputs", "error", "words"),
    [
        (torch.ones(2, 4), ValueError, r"\[batch, 3\], but got \[2, 4\]"),
        (torch.ones(2, 3, dtype=torch.float64), TypeError, "convert one"),
        ([1.0], TypeError, "but got a list"),
    ],
)
def test_inputs_that_do_not_fit_are_told(inputs, error, words):
    cell = HighwayWrapper(GRUCell(3, 3))
    with pytest.raises(error, match=words):
        cell(inputs, cell.zero_state(2))


@pytest.mark.parametrize(
    ("like", "error", "words"),
    [
        ({"dtype": torch.float64}, TypeError, "state of dtype torch.float64: convert"),
        ({"device": "meta"}, ValueError, "on the device cpu, but got a state on meta"),
    ],
    ids=str,
)
@pytest.mark.parametrize("cell", [attention, lambda: machine(torch.float32)], ids=["attention", "machine"])
def test_states_that_do_not_fit_are_told(cell, like, error, words):
    cell = cell()
    good, wrong = cell.zero_state(2), cell.zero_state(2, **like)
    state = good._make([good[0], *wrong[1:]]) if hasattr(good, "_make") else (good[0], *wrong[1:])
    with pytest.raises(error, match=words):
        cell(torch.ones(2, 3), state)


def test_inputs_on_another_device_are_told():
    cell = HighwayWrapper(GRUCell(3, 3))
    with pytest.raises(ValueError, match="on the device cpu, but got inputs on meta"):
        cell(torch.ones(2, 3, device="meta"), cell.zero_state(2))


def test_memory_is_planned_for_ids():
    cell = EmbeddingWrapper(GRUCell(4, 3), 10, 3)
    assert plan_memory(cell, batch=2, time=50, memory_limit="64MiB", dtype=torch.int64).peak_bytes > 0


def test_embeddings_are_looked_up_under_vmap():
    cell = EmbeddingWrapper(GRUCell(4, 3), 10, 3)
    ids = torch.arange(6).reshape(2, 3, 1)
    outputs = torch.func.vmap(lambda rows: cell(rows, cell.zero_state(3))[0])(ids)
    torch.testing.assert_close(outputs[1], cell(ids[1], cell.zero_state(3))[0])


def test_ids_that_do_not_fit_are_told():
    cell = EmbeddingWrapper(GRUCell(3, 3), 4, 3)
    with pytest.raises(ValueError, match=r"indices = 4 is not in \[0, 4\)"):
        cell(torch.tensor([4]), cell.zero_state(1))
    with pytest.raises(TypeError, match="tensor of integers"):
        cell(torch.ones(1, 1), cell.zero_state(1))


@pytest.mark.parametrize("unroll", ["dynamic", "static"])
def test_under_autocast_wrappers_compute_in_the_type_of_their_parameters(unroll):
    cells = [
        OutputProjectionWrapper(HighwayWrapper(GRUCell(3, 3)), 2),
        AttentionCellWrapper(GRUCell(3, 3), 2, 3),
        NTMCell(GRUCell(4, 5), 3, 5, 2, 1, 1),
    ]
    inputs = torch.randn(2, 4, 3)
    for cell in cells:
        expected, _ = dynamic_rnn(cell, inputs.bfloat16().float())
        with torch.autocast("cpu", torch.bfloat16):
            if unroll == "dynamic":
                outputs, _ = dynamic_rnn(cell, inputs.bfloat16())
            else:
                outputs = torch.stack(static_rnn(cell, list(inputs.bfloat16().unbind(1)))[0], 1)
        assert outputs.dtype is torch.float32
        torch.testing.assert_close(outputs, expected, rtol=0, atol=2e-2)  # the GRU may use fast bfloat16
