"""Measure one driver over one number of steps: what a fresh process of `ostinato compare` runs.

python -m ostinato.cli.measure '{"driver": ..., ...}' prints the figures as JSON.
"""

import dataclasses
import json
import statistics
import sys
import time
from collections.abc import Callable
from typing import Any, NamedTuple

DRIVERS = ("static_rnn", "dynamic_rnn", "dynamic_rnn(swap_memory=True)")
CELLS = ("BasicRNNCell", "BasicLSTMCell", "LSTMCell", "GRUCell")
CLASSES = 9
# Training steps are timed until there are 30 of them or 2 seconds are over, but at least 3.
LEAST_STEPS, MOST_STEPS, ENOUGH_SECONDS = 3, 30, 2.0


@dataclasses.dataclass(frozen=True)
class Network:
    """A cell under a driver, a linear layer on the final state, softmax cross entropy and Adam."""

    driver: str
    timesteps: int
    cell: str
    units: int
    batch: int
    inputs: int
    threads: int = 1

    @property
    def title(self) -> str:
        """What all networks of a comparison have in common."""
        size = f"{self.cell}, {self.units} units, {self.inputs} inputs, batch {self.batch}"
        return f"{size}, {self.threads} thread{'s' if self.threads > 1 else ''}"


@dataclasses.dataclass(frozen=True)
class Figures:
    """What was measured of one network.

    Attributes:
        nodes: operations in the graph, with those of the gradients and the optimizer.
        build_seconds: time to build that graph.
        step_seconds: median time of a training step, after the first ones.
        peak_bytes: how far resident memory rose in the first two training steps above what it was before;
            None where the operating system cannot tell.
    """

    nodes: int
    build_seconds: float
    step_seconds: float
    peak_bytes: int | None


def measure(network: Network) -> Figures:
    """Measure `network` in this process, a fresh one, as what ran before has left memory allocated."""
    import torch

    torch.set_num_threads(network.threads)
    # A small network first, so that imports, thread pools and buffers of the math libraries are in place
    # before anything is measured.
    small = dataclasses.replace(network, timesteps=3, units=4, batch=2)
    _start_training(small, _build(small))()

    start = time.perf_counter()
    model = _build(network)
    build_seconds = time.perf_counter() - start

    run_step = _start_training(network, model)
    peak_bytes = peak_memory(lambda: (run_step(), run_step()))
    times: list[float] = []
    while len(times) < LEAST_STEPS or (len(times) < MOST_STEPS and sum(times) < ENOUGH_SECONDS):
        start = time.perf_counter()
        run_step()
        times.append(time.perf_counter() - start)
    return Figures(len(model.graph.get_operations()), build_seconds, statistics.median(times), peak_bytes)


class _Model(NamedTuple):
    """A graph, and what a session needs of it."""

    graph: Any
    x: Any
    labels: Any
    initialize: Any
    train_step: Any


def _build(network: Network) -> _Model:
    import ostinato.tf1 as tf

    graph = tf.Graph()
    with graph.as_default():
        x = tf.placeholder(tf.float32, [None, network.timesteps, network.inputs])
        labels = tf.placeholder(tf.int32, [None])
        cell = getattr(tf.nn.rnn_cell, network.cell)(network.units)
        if network.driver == "static_rnn":
            _, state = tf.nn.static_rnn(cell, tf.unstack(x, network.timesteps, 1), dtype=tf.float32)
        else:
            swap_memory = network.driver == "dynamic_rnn(swap_memory=True)"
            _, state = tf.nn.dynamic_rnn(cell, x, dtype=tf.float32, swap_memory=swap_memory)
        last = state.h if isinstance(state, tf.nn.rnn_cell.LSTMStateTuple) else state
        weights = tf.Variable(tf.random_normal([network.units, CLASSES]))
        logits = tf.matmul(last, weights) + tf.Variable(tf.zeros([CLASSES]))
        losses = tf.nn.sparse_softmax_cross_entropy_with_logits(labels=labels, logits=logits)
        train_step = tf.train.AdamOptimizer(0.001).minimize(tf.reduce_mean(losses))
        return _Model(graph, x, labels, tf.global_variables_initializer(), train_step)


def _start_training(network: Network, model: _Model) -> Callable[[], object]:
    """Initialise the variables of `model`; return what runs one training step on a batch of noise."""
    import numpy as np

    import ostinato.tf1 as tf

    session = tf.Session(graph=model.graph)
    session.run(model.initialize)
    random = np.random.default_rng(0)
    feed = {
        model.x: random.standard_normal((network.batch, network.timesteps, network.inputs), np.float32),
        model.labels: random.integers(0, CLASSES, network.batch, np.int32),
    }
    return lambda: session.run(model.train_step, feed_dict=feed)


def peak_memory(work: Callable[[], object]) -> int | None:
    """Run `work`; return by how many bytes the process's resident memory rose above its size before, at most.

    On Linux the kernel's high-water mark is set back first. Elsewhere that cannot be done, and the figure is
    the rise of the mark over the process's life: too small if memory was once higher. None without a mark
    (Windows).
    """
    try:
        with open("/proc/self/clear_refs", "w") as file:
            file.write("5")  # 5: set the peak resident set size (VmHWM) back to the present one
        before = _proc_status("VmRSS")
        work()
        return max(0, _proc_status("VmHWM") - before)
    except OSError:
        before_mark = _lifetime_peak()
        work()
        after_mark = _lifetime_peak()
        return None if before_mark is None or after_mark is None else after_mark - before_mark


def _proc_status(field: str) -> int:
    with open("/proc/self/status") as file:
        kibibytes = next(line.split()[1] for line in file if line.startswith(f"{field}:"))
    return int(kibibytes) * 1024


def _lifetime_peak() -> int | None:
    try:
        import resource
    except ImportError:
        return None
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return int(peak if sys.platform == "darwin" else peak * 1024)  # macOS counts bytes, others KiB


def main() -> None:
    """Measure the network that the first argument describes and print the figures, both as JSON."""
    network: dict[str, Any] = json.loads(sys.argv[1])
    json.dump(dataclasses.asdict(measure(Network(**network))), sys.stdout)


if __name__ == "__main__":
    main()
