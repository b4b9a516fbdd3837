"""The memory that a script's tensors leave, in processes of their own."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

SOURCE = str(Path(__file__).parents[2] / "src")
FAULTS = """
import resource
import torch

def faults():
    return resource.getrusage(resource.RUSAGE_SELF).ru_minflt

torch.set_num_threads(1)
each = []
for _ in range(7):
    before = faults()
    torch.ones(2**24)
    each.append(faults() - before)
print(sorted(each)[3])
"""


def run(folder, program, **variables):
    (folder / "script.py").write_text(program)
    environment = {**os.environ, "PYTHONPATH": SOURCE, "OMP_NUM_THREADS": "1", **variables}
    command = [sys.executable, "-m", "ostinato", "run", "script.py"]
    return subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True, timeout=120)


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="glibc's allocator")
def test_a_tensor_takes_the_memory_of_the_one_before(tmp_path):
    ran = run(tmp_path, FAULTS)
    assert ran.returncode == 0, ran.stderr
    assert int(ran.stdout) < 100


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="glibc's allocator")
def test_what_the_environment_says_goes_first(tmp_path):
    said = {"MALLOC_MMAP_THRESHOLD_": str(2**20), "MALLOC_TRIM_THRESHOLD_": "0", "THP_MEM_ALLOC_ENABLE": "0"}
    ran = run(tmp_path, FAULTS, **said)
    assert ran.returncode == 0, ran.stderr
    assert int(ran.stdout) > 1000
