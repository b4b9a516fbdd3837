"""Memory that the system has at hand. This module runs under Python 3.7 too."""

from __future__ import annotations

import numpy as np


def prepare(size):
    """Touch `size` bytes of memory and give them back.

    A virtual machine gets memory that it has not used for some seconds from its host again, a page at a time,
    at a tenth of the speed of a disk. Who measures files would measure which contender ran last.
    """
    np.ones(size, np.uint8)
