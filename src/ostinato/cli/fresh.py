"""Run a function in a process of its own, one that has computed nothing before, and watch its memory.

Where the system can, the process is forked from one that has imported what is needed and done nothing else:
memory is as in a new interpreter, without the seconds that torch takes to import.
"""

from __future__ import annotations

import multiprocessing
import signal
from collections.abc import Callable
from contextlib import suppress
from multiprocessing import forkserver, resource_tracker
from multiprocessing.connection import Connection
from typing import Any, NamedTuple

from ostinato.cli.resident import Sample, Watch

PRELOADED = ["ostinato.cli.measure", "ostinato.cli.memory_measure", "ostinato.tf1"]


class Failed(Exception):
    """What went wrong in the process, in one line."""


class Outcome(NamedTuple):
    """What the function returned, and samples of the process's memory from its start to its end."""

    value: Any
    samples: list[Sample]


def run(function: Callable[[Any], Any], argument: Any) -> Outcome:
    """`function(argument)` in a fresh process; both are pickled on their way there, and the result back.

    Raises:
        Failed: it raised an error, or its process was ended.
    """
    methods = multiprocessing.get_all_start_methods()
    context: Any = multiprocessing.get_context("forkserver" if "forkserver" in methods else "spawn")
    if "forkserver" in methods:
        context.set_forkserver_preload(PRELOADED)
        _start_server()
    receiver, sender = context.Pipe(duplex=False)
    process = context.Process(target=_work, args=(sender, function, argument), daemon=True)
    process.start()
    sender.close()
    try:
        with Watch(process.pid) as watch:
            try:
                done, value = receiver.recv()
            except EOFError:
                # A process that the kernel kills, as for memory, says nothing: its exit code is all there is.
                process.join()
                raise Failed(f"exit code {process.exitcode}") from None
    finally:
        receiver.close()
        process.terminate()  # it has said all that it had to say, or is no longer wanted
        process.join()
    if not done:
        raise Failed(value)
    return Outcome(value, watch.samples)


def _start_server() -> None:
    """Start the process that others are forked from. Ctrl-C is not for it or for them, which inherit that: it
    ends the process that asked, and with it what it has started.
    """
    resource_tracker.ensure_running()  # the server would start it, and unblock the signal in doing so
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    try:
        forkserver.ensure_running()
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


def _work(sender: Connection, function: Callable[[Any], Any], argument: Any) -> None:
    asking = multiprocessing.parent_process()
    if asking is None or not asking.is_alive():
        return  # Ctrl-C, while this process was being started
    try:
        result = True, function(argument)
    except Exception as error:
        text = str(error).strip().splitlines()
        result = False, f"{type(error).__name__}: {text[-1] if text else 'no reason given'}"
    with suppress(BrokenPipeError):  # Ctrl-C: nobody waits for the result
        sender.send(result)
    sender.close()
