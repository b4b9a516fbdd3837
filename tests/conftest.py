"""What all tests share: how hypothesis draws its examples, and that nothing waits for the disk.

Hypothesis draws the same examples in every run, so that a change is judged by what it changes;
`pytest --hypothesis-profile=explore` draws new ones, which is how the laws are searched for what breaks them.
"""

import os
from pathlib import Path

import pytest
from hypothesis import settings

settings.register_profile("fixed", derandomize=True, deadline=None)
settings.register_profile("explore", deadline=None, print_blob=True)
settings.load_profile("fixed")

FLUSHING = Path(__file__).parent / "checkpoint"


@pytest.fixture(autouse=True)
def no_waiting_for_the_disk(request, monkeypatch):
    """Files are flushed for real in the tests of `checkpoint` alone: elsewhere a power cut is no concern."""
    if FLUSHING not in request.path.parents:
        monkeypatch.setattr(os, "fsync", os.fstat)  # which a closed file fails too
