"""Peers in processes of their own."""

import os
import sys
from collections.abc import Iterator

import numpy as np
import pytest
from benchmarks.measure import Local, check_same
from benchmarks.work import Work
from benchmarks.worker import PeerFailed, Worker

from benchmarks import ours, torch_peers

WORK = Work("lstm", batch=2, steps=3, inputs=3, units=4, training=True, loss="last")


@pytest.fixture(scope="module")
def worker() -> Iterator[Worker]:
    found = Worker(sys.executable, "torch", threads=1)
    yield found
    found.close()


def test_it_computes_the_same_and_is_timed_there(worker: Worker) -> None:
    data = ours.new_data(WORK)
    remote = worker.load("peer", "", WORK, data)
    program = ours.dynamic_rnn(WORK, data)
    differences = check_same(remote, Local("ours", program.run, program.results), 1e-5, 1e-5)
    assert {"outputs", "gradients/kernel", "gradients/bias"} <= set(differences)
    assert remote.sample(1) > 0
    assert remote.sample(3) > 0
    remote.close()
    with pytest.raises(PeerFailed, match="KeyError"):
        remote.sample(1)


def test_it_flushes_subnormals_in_all_its_threads(worker: Worker) -> None:
    # From inputs of 1e-40, outputs of a network without biases are subnormal, in forward and in backward.
    work = Work("basic_rnn", batch=64, steps=2, inputs=64, units=64, training=False)
    data = {**ours.new_data(work), "parameters/bias": np.zeros(64, np.float32)}
    data["inputs"] = np.full_like(data["inputs"], 1e-40)
    assert np.abs(torch_peers.torch_module(work, data).results()["outputs"]).max() > 0
    assert np.abs(worker.load("peer", "", work, data).results()["outputs"]).max() == 0


def test_an_error_is_reported_and_the_worker_lives_on(worker: Worker) -> None:
    with pytest.raises(PeerFailed, match=r"torch\.nn has no module|KeyError"):
        worker.load("peer", "", Work("lstm_peepholes", 2, 3, 3, 4, False), ours.new_data(WORK))
    assert worker.load("peer", "", WORK, ours.new_data(WORK)).sample(1) > 0


def test_a_python_that_is_not_there() -> None:
    with pytest.raises(PeerFailed, match="cannot be started"):
        Worker(os.path.join(os.sep, "nowhere", "python"), "torch", threads=1)


def test_a_worker_that_ends_or_is_silent_is_given_up() -> None:
    unknown = Worker(sys.executable, "torch", threads=1, environment={"PYTHONHOME": "/nowhere"})
    with pytest.raises(PeerFailed, match="process of torch failed"):
        unknown.ask(do="sample", program=1, calls=1)
    unknown.close()
    silent = Worker(sys.executable, "torch", threads=1, patience=0.05)
    with pytest.raises(PeerFailed, match="no answer within"):
        silent.load("peer", "", WORK, ours.new_data(WORK))
    assert silent._process.poll() is not None
