"""The cells of `tf.nn.rnn_cell` with their options, and stacks of them, against TensorFlow 1.15's numbers."""

import pytest

from tf1.values import DRIVERS, cases_of, replay


@pytest.mark.parametrize("driver", DRIVERS)
@pytest.mark.parametrize(("case", "dtype"), cases_of("more"))
def test_numbers_are_tensorflows(case, dtype, driver):
    replay("more", case, dtype, driver)
