"""Block, layer-normalised, coupled, weight-normalised and cuDNN's cells."""

import pytest

from tf1.values import DRIVERS, cases_of, replay


@pytest.mark.parametrize("driver", DRIVERS)
@pytest.mark.parametrize(("case", "dtype"), cases_of("block"))
def test_numbers_are_tensorflows(case, dtype, driver):
    replay("block", case, dtype, driver)
