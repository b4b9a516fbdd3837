"""Open a great many hostile checkpoints and see that each is read or refused, and nothing else.

    python tools/fuzz_checkpoint.py --inputs 100000 --seed 1 --processes 2

Every input is opened, listed, and each tensor read in both ways; state files are read in every way there is.
What may come of it is a right answer or a `CheckpointError` that names a file and a reason on one line. What
may not: any other exception, a warning, a tensor of another shape or other elements than it says, an element
of an honest checkpoint that comes out changed, a file left open, more than a second, or more memory than a
multiple of the files. Such an input is a find: it is written to `--finds`, and the exit code is 1.

`--only N` runs the input of that number alone, and shows what comes of it.
"""

from __future__ import annotations

import argparse
import collections
import contextlib
import gc
import multiprocessing
import os
import resource
import shutil
import signal
import sys
import tempfile
import time
import traceback
import tracemalloc
import warnings
from collections.abc import Iterator
from pathlib import Path

import numpy as np
from hostile_checkpoints import PREFIX, Input, make_input

from ostinato.checkpoint import (
    CheckpointError,
    latest_checkpoint,
    load_checkpoint,
    read_checkpoint_state,
    save_checkpoint,
)

SEED_FILES = Path(__file__).resolve().parents[1] / "tests" / "data" / "checkpoints"
_LARGEST_SEED = 12 << 10  # bytes: small ones are quick, and what is in them is hit more often
_SECONDS = 1.0  # of the processor's time, for one input
_ALARM = 20  # seconds of any time
_SHARE = 50_000  # inputs of one process
_MEMORY = 96 << 20  # bytes of addresses that an input may take
_TOLD = 50_000  # after so many inputs a process tells how far it is
_TRACED = 50  # of so many inputs one has every allocation counted
_REACH, _FLOOR = 400, 1 << 20  # what it may allocate: so many times its size, and so many bytes


class Wrong(Exception):
    """What must not come of an input."""


class TooLong(BaseException):
    """The alarm; no handler for exceptions may take it for one."""


def seeds() -> list[Input]:
    """Honest checkpoints: TensorFlow's where they are there and small, and some of our own."""
    found = []
    for folder in sorted(path for path in SEED_FILES.glob("tf*/**/") if path.is_dir()):
        files = {path.name: path.read_bytes() for path in sorted(folder.iterdir()) if path.is_file()}
        index = [name for name in files if name.endswith(".index")]
        small = sum(map(len, files.values())) <= _LARGEST_SEED
        whole = index or "checkpoint" in files or any(name.startswith(PREFIX) for name in files)
        if small and whole and not any(name.endswith((".gz", ".npz", ".json")) for name in files):
            path = index[0][: -len(".index")] if index else PREFIX
            path = "checkpoint" if "checkpoint" in files else path
            found.append(Input(files, path, "seed", folder=str(folder.relative_to(SEED_FILES))))
    with tempfile.TemporaryDirectory() as own:
        values = {"a": np.arange(6.0).reshape(2, 3), "b": np.array([b"x", b"\0", b""], object), "c": True}
        save_checkpoint(f"{own}/{PREFIX}", values)
        found.append(Input({path.name: path.read_bytes() for path in Path(own).iterdir()}, PREFIX, "seed"))
    return found


# -- one input
def read_all(path: str) -> dict[str, bytes]:
    """Open a checkpoint and read all that can be read of it, in both ways; what can, as bytes by name."""
    read = {}
    refused: tuple[str, int | None, str] | None = None
    with load_checkpoint(path) as checkpoint:
        for name in checkpoint:
            info = checkpoint.info(name)
            try:
                view = checkpoint[name]
                copy = checkpoint.read([name])[name]
            except CheckpointError as error:
                check_error(error)
                refused = error.path, error.offset, error.reason
                continue
            if not view.shape == copy.shape == info.shape or not view.dtype == copy.dtype == info.dtype:
                raise Wrong(f"{name!r} is {view.dtype}{view.shape} and {copy.dtype}{copy.shape}, not {info}")
            if view.flags.writeable or not copy.flags.writeable:
                raise Wrong(f"{name!r} can be written to where it must not, or not where it must")
            contents = [
                repr(list(array.flat)).encode() if array.dtype.hasobject else array.tobytes()
                for array in (view, copy)
            ]
            if contents[0] != contents[1]:
                raise Wrong(f"{name!r} has other elements when it is mapped than when it is read")
            read[name] = contents[0]
        try:
            checkpoint.read()
        except CheckpointError:
            if refused is None:
                raise Wrong("all tensors can be read, but not together") from None
        else:
            if refused is not None:
                raise Wrong(f"all tensors can be read together, but not each: {refused}")
    if refused is not None and not read:
        raise CheckpointError(*refused)
    return read


def check_error(error: CheckpointError) -> None:
    text = str(error)
    if not (error.path and error.reason and text.isprintable() and len(text) < 3000):
        raise Wrong(f"an error that does not say what is wrong: {text!r}")
    size = os.path.getsize(error.path) if os.path.isfile(error.path) else 0
    if error.offset is not None and not 0 <= error.offset <= size:
        raise Wrong(f"an error at byte {error.offset} of a file of {size} bytes: {text}")


def attempt(path: str, kind: str, honest: dict[str, bytes] | None) -> str:
    """Open an input in every way; returns what came of it."""
    if kind == "state" or os.path.basename(path) == "checkpoint":
        folder = path if os.path.isdir(path) else os.path.dirname(path)
        for way in (read_checkpoint_state, latest_checkpoint):
            try:
                way(folder)
            except CheckpointError as error:
                check_error(error)
    try:
        read = read_all(path)
    except CheckpointError as error:
        check_error(error)
        return "refused"
    for name, contents in read.items() if honest is not None else ():
        if honest is not None and honest.get(name) != contents:
            raise Wrong(f"{name!r} was changed in the file, and is read all the same")
    return "read"


@contextlib.contextmanager
def written(folder: str, files: dict[str, bytes]) -> Iterator[None]:
    paths = [os.path.join(folder, name) for name in files]
    for path, data in zip(paths, files.values(), strict=True):
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL)
        os.write(descriptor, data)
        os.close(descriptor)
    try:
        yield
    finally:
        for path in paths:
            os.unlink(path)


class Fuzzer:
    """Runs inputs in a folder of its own, in this process.

    It limits the addresses of this process, and turns warnings into errors.
    """

    def __init__(self, folder: str, seed: int) -> None:
        self.folder, self.seed = folder, seed
        self.seeds = seeds()
        self.honest: list[dict[str, bytes]] = []
        for honest in self.seeds:
            with written(folder, honest.files):
                try:
                    self.honest.append(read_all(os.path.join(folder, honest.path)))
                except CheckpointError:  # a state file alone
                    self.honest.append({})
        warnings.simplefilter("error")
        signal.signal(signal.SIGALRM, self._ring)
        gc.collect()
        self.open_files = len(os.listdir("/dev/fd"))
        used = int(Path("/proc/self/statm").read_text().split()[0]) * resource.getpagesize()
        resource.setrlimit(resource.RLIMIT_AS, (used + _MEMORY, resource.getrlimit(resource.RLIMIT_AS)[1]))

    @staticmethod
    def _ring(number: int, frame: object) -> None:
        raise TooLong

    def input(self, number: int) -> Input:
        return make_input(self.seeds, self.seed, number)

    def run(self, case: Input, traced: bool = False) -> tuple[str, str]:
        """What came of an input: "read", "refused" or "find", and the words for a find."""
        honest = None if case.seed is None else self.honest[case.seed]
        path = os.path.join(self.folder, case.path) if case.path else self.folder
        size = sum(map(len, case.files.values()))
        with written(self.folder, case.files):
            if traced:
                tracemalloc.start()
            signal.alarm(_ALARM)
            begin = time.process_time()
            try:
                outcome = attempt(path, case.kind, honest)
                took = time.process_time() - begin
                if took > _SECONDS * (10 if traced else 1):
                    raise Wrong(f"it took {took:.2f} s")
                peak = tracemalloc.get_traced_memory()[1] if traced else 0
                if peak > _REACH * size + _FLOOR:
                    raise Wrong(f"it took {peak} bytes of memory for files of {size}")
            except (Exception, TooLong):
                return "find", traceback.format_exc()
            finally:
                signal.alarm(0)
                tracemalloc.stop()
        if len(os.listdir("/dev/fd")) > self.open_files:
            gc.collect()  # an error in a cycle of references may still hold one
            if len(os.listdir("/dev/fd")) > self.open_files:
                self.open_files = len(os.listdir("/dev/fd"))
                return "find", "a file was left open"
        return outcome, ""


# -- many inputs
def run_share(
    folder: str, seed: int, numbers: range, finds: str | None
) -> tuple[collections.Counter[tuple[str, str]], float]:
    """Run the inputs of these numbers; returns counts by kind and outcome, and the longest time."""
    counts: collections.Counter[tuple[str, str]] = collections.Counter()
    longest = 0.0
    own = tempfile.mkdtemp(dir=folder)
    try:
        fuzzer = Fuzzer(own, seed)
        for number in numbers:
            case = fuzzer.input(number)
            begin = time.process_time()
            outcome, words = fuzzer.run(case, traced=number % _TRACED == 0)
            longest = max(longest, time.process_time() - begin)
            counts[case.kind, outcome] += 1
            if sum(counts.values()) % _TOLD == 0:
                found = sum(count for (_, what), count in counts.items() if what == "find")
                print(f"{sum(counts.values()):,} inputs, {found} finds", file=sys.stderr, flush=True)
            if outcome == "find":
                print(f"find: input {number} of seed {seed}, {case.kind}\n{words}", flush=True)
                if finds is not None:
                    keep(Path(finds, f"{seed}-{number}"), case, words)
    finally:
        shutil.rmtree(own)
    return counts, longest


def keep(folder: Path, case: Input, words: str) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    for name, data in case.files.items():
        (folder / name).write_bytes(data)
    (folder / "find.txt").write_text(f"{case.kind}, opened as {case.path!r}\n{words}")


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n")[0])
    parser.add_argument("--inputs", type=int, default=10000)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--first", type=int, default=0, help="the number of the first input")
    parser.add_argument("--only", type=int, help="run this input alone")
    parser.add_argument("--processes", type=int, default=1)
    parser.add_argument("--finds", help="a folder for the files of finds")
    chosen = parser.parse_args(arguments)
    memory = "/dev/shm" if os.access("/dev/shm", os.W_OK) else None
    with tempfile.TemporaryDirectory(dir=memory) as folder:
        if chosen.only is not None:
            fuzzer = Fuzzer(folder, chosen.seed)
            case = fuzzer.input(chosen.only)
            outcome, words = fuzzer.run(case)
            print(f"{case.kind}, opened as {case.path!r}: {outcome}\n{words}")
            return int(outcome == "find")
        begin = time.monotonic()
        last = chosen.first + chosen.inputs
        # Counting allocations leaves some memory of Python's behind each time: no process runs for long.
        share = max(min(_SHARE, -(-chosen.inputs // chosen.processes)), 1)
        shares = [range(start, min(start + share, last)) for start in range(chosen.first, last, share)]
        tasks = [(folder, chosen.seed, share, chosen.finds) for share in shares]
        # A process of its own even for one: a limit on its memory cannot be lifted again.
        with multiprocessing.get_context("spawn").Pool(chosen.processes, maxtasksperchild=1) as pool:
            results = pool.starmap(run_share, tasks, chunksize=1)
    counts = sum((found for found, _ in results), collections.Counter())
    for (kind, outcome), count in sorted(counts.items()):
        print(f"{kind:15} {outcome:8} {count:9,}")
    finds = sum(count for (_, outcome), count in counts.items() if outcome == "find")
    seconds = time.monotonic() - begin
    print(
        f"{sum(counts.values()):,} inputs of seed {chosen.seed}, {finds} finds, {seconds:.0f} s; "
        f"the longest took {max(longest for _, longest in results):.3f} s"
    )
    return int(finds > 0)


if __name__ == "__main__":
    sys.exit(main())
