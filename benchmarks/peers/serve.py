"""The other end of `benchmarks.worker`: a process that builds peers and times them when asked.

    python -m benchmarks.peers.serve tensorflow|jax|torch

A request is one line of JSON on standard input, an answer one on standard output:

    {"do": "load", "program": 1, "peer": NAME, "work": {...}, "data": FILE.npz, "results": FILE.npz}
    {"do": "sample", "program": 1, "calls": 3}      -> {"seconds": 0.12}
    {"do": "drop", "program": 1}

It runs under Python 3.7 too.
"""

from __future__ import annotations

import json
import os
import sys
import time
import traceback

import numpy as np

from benchmarks.work import Work


def _builder(kind: str, threads: int):
    """(peer, work, data) -> an object with `run()` and `results()`."""
    if kind == "tensorflow":
        from benchmarks.peers import tensorflow_program

        return lambda peer, work, data: tensorflow_program.Program(peer, work, data, threads)
    if kind == "jax":
        from benchmarks.peers import jax_program

        return lambda peer, work, data: jax_program.Program(work, data)
    import torch

    # Before any work of torch's pool: its threads take the setting over as they start, and only then.
    if not torch.set_flush_denormal(True):
        raise RuntimeError("torch cannot flush subnormals on this processor.")
    torch.set_num_threads(threads)
    from benchmarks import torch_peers

    return lambda peer, work, data: torch_peers.torch_module(work, data)


def _answer(request: dict, programs: dict, build) -> dict:
    number = request["program"]
    if request["do"] == "load":
        with np.load(request["data"]) as file:
            data = {name: file[name] for name in file.files}
        programs[number] = build(request["peer"], Work(**request["work"]), data)
        np.savez(request["results"], **programs[number].results())
    elif request["do"] == "sample":
        run, calls = programs[number].run, request["calls"]
        if calls > 1:  # as in benchmarks.measure.timed: wakes threads, warms caches
            run()
        start = time.perf_counter()
        for _ in range(calls):
            run()
        return {"seconds": time.perf_counter() - start}
    else:
        programs.pop(number, None)
    return {}


def main() -> None:
    kind, threads = sys.argv[1], int(sys.argv[2])
    # Answers get a channel of their own: what a library prints goes to standard error.
    answers = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)
    build, programs = None, {}
    for line in sys.stdin:
        try:
            if build is None:
                build = _builder(kind, threads)
            answer = _answer(json.loads(line), programs, build)
        except Exception:
            answer = {"error": traceback.format_exc()}
        print(json.dumps(answer), file=answers, flush=True)


if __name__ == "__main__":
    main()
