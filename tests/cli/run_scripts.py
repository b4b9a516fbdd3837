"""Scripts run by `ostinato run`, in processes of their own."""

import os
import subprocess
import sys
import textwrap
from pathlib import Path

SOURCE = str(Path(__file__).parents[2] / "src")


def start(folder, *arguments, **files):
    """Write files (`a_py="..."` is a.py) and run `ostinato run` with the arguments in their folder."""
    for name, text in files.items():
        stem, _, suffix = name.rpartition("_")
        (folder / f"{stem}.{suffix}").write_text(textwrap.dedent(text))
    environment = {**os.environ, "OMP_NUM_THREADS": "1", "PYTHONPATH": SOURCE}
    command = [sys.executable, "-m", "ostinato", "run", *arguments]
    return subprocess.run(
        command, cwd=folder, env=environment, capture_output=True, text=True, check=False, timeout=120
    )
