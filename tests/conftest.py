"""Hypothesis draws the same examples in every run, so that a change is judged by what it changes.

`pytest --hypothesis-profile=explore` draws new ones, which is how the laws are searched for what breaks them.
"""

from hypothesis import settings

settings.register_profile("fixed", derandomize=True, deadline=None)
settings.register_profile("explore", deadline=None, print_blob=True)
settings.load_profile("fixed")
