import pytest

import ostinato.tf1 as tf
from ostinato.tf1.ops import rnn as node_of_cells

collect_ignore_glob = ["seeds/*"]  # scripts for `ostinato run`, not modules


@pytest.fixture(autouse=True)
def fresh_graph():
    tf.reset_default_graph()
    tf.set_random_seed(7)


@pytest.fixture(autouse=True)
def swapping_of_little(monkeypatch):
    """What tests compute is little: `swap_memory` is to do all the same what it does to much."""
    monkeypatch.setattr(node_of_cells, "NOT_WORTH_SWAPPING", 0)
