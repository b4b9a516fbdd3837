"""The wrappers, the fused adaptors and NTMCell against what TensorFlow 1.15 computed with them."""

import pytest

from tf1.values import DRIVERS, cases, cases_of, replay

# A case that brings its own driver runs once.
CASES = [
    (case, dtype, driver)
    for case, dtype in cases_of("wrapper")
    for driver in (DRIVERS[:1] if "run" in cases("wrapper")[case] else DRIVERS)
]


@pytest.mark.parametrize(("case", "dtype", "driver"), CASES)
def test_numbers_are_tensorflows(case, dtype, driver):
    replay("wrapper", case, dtype, driver)
