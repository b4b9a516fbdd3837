"""Operations of a recording that are made groups, which have torch's bits for other values too."""

import numpy as np
import pytest
import torch

import ostinato.tf1 as tf
from ostinato.kernels.native import elementwise
from ostinato.tf1 import recorded_groups, replays
from ostinato.tf1.recorded_entries import Call, Place, Recording, Value

pytestmark = pytest.mark.skipif(not elementwise.runs(), reason="no native code here")

MASKS = ("logical", "bitwise")


def random(shape, seed, mask):
    numbers = torch.randn(shape, generator=torch.Generator().manual_seed(seed))
    return numbers > 0 if mask else numbers


def arguments_of(function, seed):
    """Operands for a function, as its schema has them."""
    name, given = function._schema.name, []
    for index, argument in enumerate(function._schema.arguments):
        kind = str(argument.type)
        if argument.has_default_value():
            continue
        if kind == "Tensor":
            mask = any(word in name for word in MASKS) or argument.name in ("condition", "mask")
            broadcast = index % 2 and "tanh" not in name  # which is for one shape alone
            given.append(random((57,) if broadcast else (33, 57), seed + index, mask))
        else:
            given.append(2 if "pow" in name else 0.3)
    return given


def numbers_in(entry):
    return iter([item.number for item in entry.arguments if isinstance(item, Place)])


@pytest.mark.parametrize("function", recorded_groups._WAYS, ids=str)
def test_a_group_has_the_bits_of_its_operations(function):
    """Four calls of one function, then the group that was made of them, of other values."""
    options = {"dtype": torch.float32} if "_to_copy" in str(function) else {}
    values, entries, feeds, results = [], [], [], []
    for seed in range(4):
        given = arguments_of(function, 10 * seed)
        places = []
        for item in given:
            if isinstance(item, torch.Tensor):
                places.append(Place(len(values)))
                feeds.append(len(values))
                values.append(Value(item, False, 0))
            else:
                places.append(item)
        results.append(len(values))
        values.append(Value(function(*given, **options), False, 0))
        entries.append(Call(function, tuple(places), options, (results[-1],), Place(results[-1]), None))
    assert function in recorded_groups._lowered(), "torch rounds it otherwise on this processor"
    recording = Recording(values, entries, feeds, [Place(number) for number in results])
    # As all four results are fetched, the group is worth while by its size alone.
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(recorded_groups._Lowering, "is_worth_while", lambda self, elements: True)
        (group,) = recorded_groups.grouped(recording, entries, {}, numbers_in, results)
    fresh = [arguments_of(function, 1000 + 10 * seed) for seed in range(4)]
    tensors = iter([item for given in fresh for item in given if isinstance(item, torch.Tensor)])
    by_number = dict(zip(feeds, tensors, strict=True))
    found = group.function(*[by_number[place.number] for place in group.arguments])
    for ours, given in zip(found, fresh, strict=True):
        assert recorded_groups._same_bits(ours, function(*given, **options))


def own_steps(x):
    """A cell of many small operations, unrolled, with masks and a loop-carried maximum."""
    batch = tf.shape(x)[0]
    h = tf.zeros([batch, 6])
    c = tf.zeros([batch, 6])
    for step in range(5):
        gates = tf.layers.dense(tf.concat([x[:, step], h], 1), 18, name="gates", reuse=step > 0)
        i, f, o = tf.split(gates, 3, 1)
        new_c = tf.sigmoid(f + 1.0) * c + tf.sigmoid(i) * tf.tanh(o)
        new_h = tf.sigmoid(o) * tf.tanh(new_c) - 0.1 * new_c / (1.0 + tf.abs(new_c))
        goes_on = tf.tile(tf.expand_dims(x[:, step, 0] > -0.5, 1), [1, 6])
        h, c = tf.where(goes_on, new_h, h), tf.where(goes_on, new_c, c)
    return h * c


def losses(record, monkeypatch):
    monkeypatch.setattr(replays, "RECORD", record)
    with tf.Graph().as_default() as graph, tf.Session() as session:
        tf.set_random_seed(1)
        x = tf.placeholder(tf.float32, [None, 5, 3])
        loss = tf.reduce_mean(tf.square(own_steps(x) - 0.2))
        train = tf.train.AdamOptimizer(0.05).minimize(loss)
        session.run(tf.global_variables_initializer())
        feeds = [np.random.RandomState(seed).randn(7, 5, 3) for seed in range(8)]
        found = [session.run([loss, train], {x: feed})[0] for feed in feeds]
        return (
            found,
            session.run(tf.trainable_variables()),
            sum(p.replays.replayed for p in graph.plans.values() if p.replays),
        )


def test_a_cell_of_ones_own_trains_to_the_same_bits(monkeypatch):
    made = []
    compiled = recorded_groups._Lowering.compiled
    monkeypatch.setattr(
        recorded_groups._Lowering, "compiled", lambda self, shape: made.append(shape) or compiled(self, shape)
    )
    ours, ours_last, replayed = losses(True, monkeypatch)
    theirs, theirs_last, _ = losses(False, monkeypatch)
    assert ours == theirs
    for one, other in zip(ours_last, theirs_last, strict=True):
        np.testing.assert_array_equal(one, other)
    assert replayed == 6
    assert made.count((7, 6)) > 8
