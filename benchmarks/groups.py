"""What `make bench` measures: groups of points, with the bars that Ostinato has set itself."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Sequence
from functools import partial

import torch

from benchmarks import ours, torch_peers, training_faces
from benchmarks.context import Context
from benchmarks.measure import Contender, Local, Spread, geometric_mean
from benchmarks.points import OURS, Comparison, Entry, Point, Row
from benchmarks.work import Work
from benchmarks.worker import PeerFailed

Builder = Callable[[Context, Work], Contender]


@dataclasses.dataclass(frozen=True)
class Group:
    """Points that are measured and reported together; `default` ones are part of every run."""

    name: str
    title: str
    points: Sequence[Point]
    summarise: Callable[[Sequence[Row]], list[Row]] = lambda rows: []
    default: bool = True


def _local(name: str, program: Callable) -> Builder:
    def build(context: Context, work: Work) -> Contender:
        built = program(work, context.data(work))
        return Local(name, built.run, built.results)

    return build


def _entry(name: str, work: Work, program: Callable, **options: object) -> Entry:
    return Entry(name, work, _local(name, program), **options)


def _remote(environment: str, work: Work, peer: str = "", name: str = "") -> Entry:
    name = name or f"{environment} {peer}".strip()

    def build(context: Context, work: Work) -> Contender:
        try:
            return context.worker(environment).load(name, peer, work, context.data(work))
        except PeerFailed:
            context.forget(environment)
            raise

    return Entry(name, work, build, step_seconds=200e-6)


def _ours(work: Work, name: str = OURS) -> Entry:
    return _entry(name, work, ours.dynamic_rnn, step_seconds=5e-6)


def _torch(work: Work, name: str) -> Entry:
    """torch.nn's module; its numbers are not those of TensorFlow's own GRU."""
    slow = 5e-6 if work.family == "lstm" else 60e-6
    return _entry(name, work, torch_peers.torch_module, checked=work.family != "gru", step_seconds=slow)


def _flushed(work: Work) -> Entry:
    return _remote("torch, subnormals flushed", work, name="torch.nn.LSTM, subnormals flushed")


def _matmul(context: Context, work: Work) -> Contender:
    """The machine's matmul, timed in the same rounds; it reports seconds for 2**30 operations."""
    size = context.best_size
    one, other = torch.randn(size, size), torch.randn(size, size)
    timer = Local("torch.mm", lambda: torch.mm(one, other), dict)
    scale = 2.0**30 / (2.0 * size**3)
    sample = timer.sample
    timer.sample = lambda calls: sample(calls) * scale
    return timer


def _seed(quick: bool, training: bool, **changes: object) -> Work:
    work = Work("lstm", 128, 60 if quick else 820, 12, 64, training, loss="last")
    return dataclasses.replace(work, **changes)


def _seed_point(work: Work, label: str, bars: dict[str, float], rate: float | None = None) -> Point:
    """The seed network beside every peer that has an LSTM."""
    entries = [
        _ours(work),
        _torch(work, "torch.nn.LSTM"),
        _flushed(work),
        _remote("TF 1.15", work, "dynamic_rnn"),
        _remote("TF 1.15", work, "LSTMBlockFusedCell"),
        _remote("TF 2.21", work, "dynamic_rnn"),
        _remote("JAX", work, "", "JAX lax.scan"),
    ]
    comparisons = [Comparison(entry.name, bar=bars.get(entry.name)) for entry in entries[1:]]
    if rate is not None:
        entries.append(Entry("torch.mm", work, _matmul, checked=False, step_seconds=0.0))
        scale = work.floating_point_operations() / 2.0**30
        comparisons.append(Comparison("torch.mm", bar=rate, scale=scale, unit=" of its rate"))
    return Point(label, entries, comparisons)


def _seed_groups(quick: bool) -> list[Group]:
    training, forward = _seed(quick, True), _seed(quick, False)
    alone = dataclasses.replace(forward, batch=1)
    title = (
        f"Seed network: LSTM, batch 128, {training.steps} steps, 12 inputs, 64 units, loss on the last output"
    )
    bars = {
        "torch.nn.LSTM": 6.0,
        "torch.nn.LSTM, subnormals flushed": 3.0,
        "TF 1.15 dynamic_rnn": 4.0,
        "TF 2.21 dynamic_rnn": 3.0,
        "JAX lax.scan": 3.0,
    }
    static = [
        Point(
            "seed network",
            [_ours(work), _remote("TF 1.15", work, "static_rnn")],
            [Comparison("TF 1.15 static_rnn")],
        )
        for work in (training, forward)
    ]
    return [
        Group("seed-training", title + "; training", [_seed_point(training, "seed network", bars)]),
        Group(
            "seed-forward",
            title + "; forward",
            [_seed_point(forward, "seed network", {"torch.nn.LSTM": 1.8, "TF 1.15 dynamic_rnn": 5.0}, 0.7)],
        ),
        Group(
            "batch-1",
            f"The seed network forward at batch 1: {alone.steps} steps, 12 inputs, 64 units",
            [_seed_point(alone, "batch 1", {"torch.nn.LSTM": 4.0, "TF 1.15 dynamic_rnn": 20.0})],
        ),
        Group(
            "seed-static",
            title + "; TensorFlow 1.15's static_rnn, which takes minutes to start",
            static,
            default=False,
        ),
    ]


def _streaming(quick: bool) -> Group:
    points = []
    for units, bar in ((64, 1.2), (512, 0.95)):
        work = Work("lstm", 1, 100, units, units, training=False)
        points.append(
            Point(
                f"{units} units, 100 steps",
                [
                    _entry(OURS, work, ours.stepped, step_seconds=50e-6),
                    _entry("torch.nn.LSTMCell", work, torch_peers.torch_cell, step_seconds=50e-6),
                ],
                [Comparison("torch.nn.LSTMCell", bar=bar)],
            )
        )
    return Group("streaming", "The LSTM's cell called step by step, batch 1, inputs = units", points)


GRIDS = {
    "lstm": ("torch.nn.LSTM", 2.0, 0.95),
    "gru_reset_after": ("torch.nn.GRU", 4.0, 1.0),
    "gru": ("torch.nn.GRU", 4.0, 1.0),
    "basic_rnn": ("torch.nn.RNN", 4.0, 1.0),
}
FAMILY_TITLES = {
    "lstm": "LSTM",
    "gru_reset_after": "GRU in cuDNN's form (reset after the matmul)",
    "gru": "TensorFlow's GRU (reset before the matmul)",
    "basic_rnn": "BasicRNN",
}


def grid_sizes(quick: bool) -> tuple[tuple[int, ...], tuple[int, ...]]:
    """Batches and units of the grid."""
    return ((1, 32), (32, 128)) if quick else ((1, 8, 32, 128), (32, 64, 128, 256, 512, 1024))


def _grid(family: str, quick: bool) -> Group:
    peer, mean, lowest = GRIDS[family]
    steps = 20 if quick else 100
    batches, units = grid_sizes(quick)
    points = []
    for training in (True, False):
        for batch in batches:
            for size in units:
                work = Work(family, batch, steps, size, size, training)
                loop = [_entry("loop", work, torch_peers.torch_loop)] if family == "gru" else []
                entries = [_ours(work), _torch(work, peer)]
                points.append(
                    Point(f"batch {batch}, {size} units", entries, [Comparison(peer, bar=lowest)], loop)
                )
    title = f"{FAMILY_TITLES[family]} grid: inputs = units, {steps} steps, gradients from all outputs"
    return Group(f"{family.replace('_', '-')}-grid", title, points, partial(_summarise_grid, mean, lowest))


def _summarise_grid(mean: float, lowest: float, rows: Sequence[Row]) -> list[Row]:
    """The geometric mean over the grid, judged, and over either mode; and the lowest point."""
    measured = [row for row in rows if row.ratio is not None]
    if not measured:
        return []
    complete = len(measured) == len(rows)
    found = []

    def add(label: str, mode: str, ratio: float, bar: float | None) -> None:
        judged = bar is not None and complete and measured[0].met is not None
        found.append(
            dataclasses.replace(
                measured[0],
                label=label,
                mode=mode,
                bar=bar,
                ratio=Spread(ratio, ratio, ratio),
                ours=None,
                other=None,
                met=ratio >= bar if judged and bar is not None else None,
                floating_point_operations=None,
                measured=(),
                work=None,
                summary=True,
                note="" if complete else "not all points were measured",
            )
        )

    for mode in ("training", "forward"):
        values = [row.ratio.median for row in measured if row.mode == mode and row.ratio]
        if values:
            add("geometric mean", mode, geometric_mean(values), None)
    values = [row.ratio.median for row in measured if row.ratio]
    add("geometric mean", "both", geometric_mean(values), mean)
    worst = min(measured, key=lambda row: row.ratio.median if row.ratio else 0.0)
    add(f"lowest: {worst.label}", worst.mode, min(values), lowest)
    return found


def _bfloat16(quick: bool) -> Group:
    points = []
    sizes = [(32, 128)] if quick else [(32, 512), (32, 1024), (128, 512), (128, 1024)]
    for training in (True, False):
        for batch, units in sizes:
            work = Work("lstm", batch, 20 if quick else 100, units, units, training, dtype="bfloat16")
            single = dataclasses.replace(work, dtype="float32")
            entries = [
                _ours(work),
                _torch(single, "torch.nn.LSTM float32"),
                _torch(work, "torch.nn.LSTM bfloat16"),
            ]
            bars = (2.5, 1.0)
            comparisons = [Comparison(e.name, bar=bar) for e, bar in zip(entries[1:], bars, strict=True)]
            points.append(Point(f"batch {batch}, {units} units", entries, comparisons))
    return Group("bfloat16", f"LSTM in bfloat16: inputs = units, {20 if quick else 100} steps", points)


def _lengths(quick: bool) -> Group:
    points = []
    for training in (True, False):
        wide = Work("lstm", 32, 20 if quick else 200, 256, 256, training)
        for label, padded in (("seed network", _seed(quick, training)), ("batch 32, 256 units", wide)):
            work = dataclasses.replace(padded, sequence_length="uniform")
            entries = [
                _ours(work),
                dataclasses.replace(_ours(padded, "ostinato, padded"), checked=False),
                _torch(work, "torch.nn.LSTM over the padding"),
            ]
            if not (training and work.steps > 500):  # there it takes half a minute a call
                entries.append(_entry("torch.nn.LSTM, packed", work, torch_peers.torch_packed))
            comparisons = [
                Comparison(OURS, "ostinato, padded", bar=0.6, at_most=True, unit=" of its time"),
                *(Comparison(entry.name) for entry in entries[2:]),
            ]
            points.append(Point(label, entries, comparisons))
    return Group("lengths", "Lengths uniform in 1..T, beside the padded run", points)


def _loops(quick: bool) -> Group:
    points = []
    for family, label in (("lstm_layer_norm", "layer-norm LSTM"), ("lstm_peepholes", "peephole LSTM")):
        for training in (True, False):
            work = _seed(quick, training, family=family)
            loop = _entry("loop of torch operations", work, torch_peers.torch_loop, step_seconds=400e-6)
            points.append(Point(label, [_ours(work), loop], [Comparison(loop.name, bar=10.0)]))
    return Group(
        "loops", "Cells that torch.nn lacks (seed network), beside a Python loop of torch operations", points
    )


def _session(quick: bool) -> Group:
    work = _seed(quick, True)
    name = "ostinato.tf1 Session.run"
    entries = [
        Entry(OURS, work, lambda context, work: training_faces.native(work, context.data(work))),
        Entry(name, work, lambda context, work: training_faces.session(work, context.data(work))),
    ]
    comparison = Comparison(name, OURS, bar=1.1, at_most=True, unit=" of ours")
    title = (
        "The seed network with gradient descent: Session.run of the TensorFlow 1 face, beside the native face"
    )
    return Group("session", title, [Point("seed network", entries, [comparison])])


def _bidirectional(quick: bool) -> Group:
    points = []
    for training in (True, False):
        for batch in (1, 8) if quick else (1, 2, 4, 8):
            one = _seed(quick, training, batch=batch)
            both = dataclasses.replace(one, directions=2)
            entries = [
                _entry(OURS, both, ours.layer, step_seconds=5e-6),
                dataclasses.replace(_entry("one direction", one, ours.layer), checked=False),
                _ours(both, "bidirectional_dynamic_rnn"),
                _torch(both, "torch.nn.LSTM, bidirectional"),
            ]
            comparisons = [
                Comparison(OURS, "one direction", bar=1.2, at_most=True, unit=" of its time"),
                Comparison("bidirectional_dynamic_rnn"),
                Comparison("torch.nn.LSTM, bidirectional"),
            ]
            points.append(Point(f"batch {batch}", entries, comparisons))
    title = "ostinato.LSTM(bidirectional=True), 12 inputs, 64 units, beside one direction"
    return Group("bidirectional", title, points)


def _layers(quick: bool) -> Group:
    points = []
    for family in ("lstm", "gru_reset_after", "basic_rnn"):
        module = GRIDS[family][0]
        for training in (True, False):
            for batch in (1, 128):
                work = _seed(quick, training, family=family, batch=batch)
                entries = [
                    _entry(OURS, work, ours.layer, step_seconds=5e-6),
                    _torch(work, module),
                    _ours(work, "dynamic_rnn"),
                ]
                label = f"ostinato.{module.rpartition('.')[2]}, batch {batch}"
                points.append(Point(label, entries, [Comparison(module), Comparison("dynamic_rnn")]))
    return Group("layers", "The layers that drop in for torch.nn's, on the seed network", points)


def all_groups(quick: bool = False) -> list[Group]:
    """Every group, in the order of a run."""
    return [
        *_seed_groups(quick),
        _streaming(quick),
        _session(quick),
        _lengths(quick),
        _loops(quick),
        _bidirectional(quick),
        _layers(quick),
        *(_grid(family, quick) for family in GRIDS),
        _bfloat16(quick),
    ]
