import pytest

import ostinato.tf1 as tf

collect_ignore_glob = ["seeds/*"]  # scripts for `ostinato run`, not modules


@pytest.fixture(autouse=True)
def fresh_graph():
    tf.reset_default_graph()
    tf.set_random_seed(7)
