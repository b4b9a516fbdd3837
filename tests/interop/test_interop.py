"""The names of `ostinato.interop`: all there, and torch only with those that need it."""

from __future__ import annotations

import subprocess
import sys

import pytest

from ostinato import interop


def test_all_names_are_there() -> None:
    assert dir(interop) == sorted(interop.__all__)
    for name in interop.__all__:
        assert callable(getattr(interop, name)), name
    with pytest.raises(AttributeError, match="no attribute 'nothing'"):
        interop.nothing  # noqa: B018


def test_only_what_needs_torch_loads_it() -> None:
    program = (
        "import sys\nfrom ostinato.interop import RecurrentCell, load_safetensors, save_safetensors\n"
        "assert 'torch' not in sys.modules\n"
        "from ostinato.interop import load_into\n"
        "assert 'torch' in sys.modules"
    )
    subprocess.run([sys.executable, "-c", program], check=True, capture_output=True)
