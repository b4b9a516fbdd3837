"""Gated, independent, grouped, phased and convolutional cells."""

import pytest

from tf1.values import DRIVERS, cases_of, replay

CASES = [(name, *case) for name in ("gated", "conv") for case in cases_of(name)]


@pytest.mark.parametrize("driver", DRIVERS)
@pytest.mark.parametrize(("name", "case", "dtype"), CASES)
def test_numbers_are_tensorflows(name, case, dtype, driver):
    replay(name, case, dtype, driver)
