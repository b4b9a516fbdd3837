"""`make bench-checkpoint`: reading and saving a checkpoint of 1 GB, beside a plain file and TensorFlow 1.15.

Each figure is of a fresh process that reads every tensor into memory of its own, checksums verified, from
files in the page cache, or saves them to new files and flushes those to the disk. Contenders take turns,
in another order each round; before each, what others left to write is flushed, and memory is made ready.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from tabulate import tabulate

from benchmarks.__main__ import RESULTS, processor
from benchmarks.context import busy, started
from benchmarks.environments import ROOT, tf1_python
from ostinato.checkpoint import save_checkpoint
from ostinato.cli.files import write_atomically

LEAST = 0.8  # of a plain file's speed
MOST_BYTES = 64 << 20  # beyond the tensors
PLAIN, OURS, PEER = "one plain file", "ostinato", "TF 1.15"


def arguments(given: Sequence[str] | None) -> argparse.Namespace:
    """The command line."""
    parser = argparse.ArgumentParser(prog="make bench-checkpoint ARGS=...", description=__doc__)
    parser.add_argument("--rounds", type=int, default=7, help="processes a contender (default: 7)")
    parser.add_argument("--bytes", type=int, default=10**9, help="size of the checkpoint (default: 1 GB)")
    parser.add_argument("--folder", help="where to write; the default is the system's temporary folder")
    parser.add_argument("--json", type=Path, default=RESULTS / "checkpoint.json", help="result file")
    return parser.parse_args(given)


def network(size: int) -> dict[str, np.ndarray]:
    """About `size` bytes of variables: an embedding, a stack of LSTMs, a head, and Adam's slots of each."""
    words = size // (3 * 4 * 4 * 300)
    units = int((size * 3 / 4 / (3 * 4 * 4 * 8)) ** 0.5)
    shapes: dict[str, tuple[int, ...]] = {"embedding": (words, 300), "global_step": ()}
    for layer in range(4):
        cell = f"rnn/multi_rnn_cell/cell_{layer}/lstm_cell"
        shapes |= {f"{cell}/kernel": (2 * units, 4 * units), f"{cell}/bias": (4 * units,)}
    generator = np.random.default_rng(0)
    tensors = {}
    for name, shape in shapes.items():
        for slot in ("", "/Adam", "/Adam_1") if shape else ("",):
            tensors[name + slot] = generator.standard_normal(shape, np.float32)
    return tensors


def sample(contender: str, action: str, source: Path, target: Path) -> dict[str, Any]:
    """One process: its seconds, and what else it says of itself."""
    peer = contender == PEER
    python = str(tf1_python() if peer else sys.executable)
    module = "benchmarks.peers.checkpoint_tensorflow" if peer else "benchmarks.checkpoint_program"
    kind = {PLAIN: "plain", OURS: "ostinato", PEER: "tensorflow"}[contender]
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    os.sync()
    command = [python, "-m", module, kind, action, str(source), str(target)]
    try:
        done = subprocess.run(
            command, env=environment, cwd=ROOT, text=True, capture_output=True, check=True, timeout=600
        )
    finally:
        for path in target.parent.glob(f"{target.name}*"):
            path.unlink()
    found: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return found


def main(given: Sequence[str] | None = None) -> int:
    """Measure, print the tables and write the result file; 0 where all was measured."""
    options = arguments(given)
    contenders = [PLAIN, OURS] + ([PEER] if tf1_python().exists() else [])
    if PEER not in contenders:
        print("TensorFlow 1.15 is left out: 'make peers' sets it up.")
    print(processor())
    if busy():
        print(busy())
    found: dict[tuple[str, str], list[dict[str, Any]]] = {}
    begin, order = time.perf_counter(), np.random.default_rng(0)
    with tempfile.TemporaryDirectory(dir=options.folder) as folder:
        source, target = Path(folder, "source"), Path(folder, "target")
        tensors = network(options.bytes)
        size = sum(tensor.nbytes for tensor in tensors.values())
        save_checkpoint(source, tensors)
        del tensors
        for number in range(options.rounds):
            print(f"round {number + 1} of {options.rounds}", file=sys.stderr, flush=True)
            for action in ("read", "save"):
                for contender in order.permutation(contenders).tolist():
                    answer = sample(contender, action, source, target)
                    found.setdefault((action, contender), []).append(answer)
    medians = {key: statistics.median(one["seconds"] for one in answers) for key, answers in found.items()}
    lines = []
    for action, contender in [(action, one) for action in ("read", "save") for one in contenders]:
        answers = found[action, contender]
        seconds = sorted(one["seconds"] for one in answers)
        beyond = max((one["bytes"] for one in answers if "bytes" in one), default=None)
        flushed = [one["flushed"] for one in answers if "flushed" in one]
        lines.append(
            (
                action,
                contender,
                f"{medians[action, contender]:.3f} ({seconds[0]:.3f} to {seconds[-1]:.3f})",
                f"{size / medians[action, contender] / 1e9:.2f}",
                f"{medians[action, PLAIN] / medians[action, contender]:.2f}",
                "" if beyond is None else f"{beyond / 2**20:.1f}",
                f"{statistics.median(flushed):.3f}" if flushed else "",
            )
        )
    headers = (
        "",
        "",
        "seconds",
        "GB/s",
        "of a plain file's speed",
        "MiB beyond the tensors",
        "and flushed (s)",
    )
    print(tabulate(lines, headers, disable_numparse=True))
    bars = []
    for action in ("read", "save"):
        ratio = medians[action, PLAIN] / medians[action, OURS]
        beyond = max(one.get("bytes", 0) for one in found[action, OURS])
        bars.append((f"{action}: of a plain file's speed", f"{ratio:.2f}", f">= {LEAST}", ratio >= LEAST))
        bars.append(
            (f"{action}: MiB beyond", f"{beyond / 2**20:.1f}", f"< {MOST_BYTES >> 20}", beyond < MOST_BYTES)
        )
        if PEER in contenders:
            ratio = medians[action, PEER] / medians[action, OURS]
            unlike = ", which does not flush" if action == "save" else ""
            bars.append((f"{action}: of TF 1.15's speed{unlike}", f"{ratio:.2f}", "> 1", ratio > 1))
        if PEER in contenders and action == "save":
            flushed = statistics.median(one["flushed"] for one in found[action, PEER])
            ratio = flushed / medians[action, OURS]
            bars.append(("save: of TF 1.15's speed with a flush after it", f"{ratio:.2f}", "> 1", ratio > 1))
    table = [(name, measured, bar, "met" if met else "missed") for name, measured, bar, met in bars]
    print(f"\nBars\n{tabulate(table, ('', 'measured', 'bar', ''), disable_numparse=True)}")
    content = {
        "started": started(),
        "processor": processor(),
        "bytes": size,
        "minutes": (time.perf_counter() - begin) / 60,
        "samples": [
            {"action": action, "contender": contender, **one}
            for (action, contender), answers in found.items()
            for one in answers
        ],
        "bars": [list(bar) for bar in table],
    }
    text = json.dumps(content, indent=1) + "\n"
    write_atomically(options.json, lambda file: file.write(text.encode()))
    print(f"\nWritten: {options.json}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
