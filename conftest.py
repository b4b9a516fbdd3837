"""Doctests see what a user's session has after `import torch` and `from ostinato import *`."""

from typing import Any

import pytest
import torch

import ostinato


@pytest.fixture(autouse=True)
def names_of_doctests(doctest_namespace: dict[str, Any]) -> None:
    # The modules among the public names are left out: an example imports those by name.
    modules = ("datasets", "kernels", "tf1")
    names = {name: getattr(ostinato, name) for name in ostinato.__all__ if name not in modules}
    doctest_namespace.update(names, torch=torch)
