"""A process that runs a public script under this face or under TensorFlow 1.15 and notes its training.

    python -m benchmarks.scripts_program ostinato|tensorflow REPORT STEPS finish|stop INITIAL SCRIPT ...

Each `Session.run` is timed, and the numbers that it fetches are kept. A run that fetches an operation beside
those that initialise and assign is one of training; after STEPS of them the script ends (`stop`), or further
ones are answered with the last result, so that what comes after the training is run as well (`finish`).

Random seeds are 1 everywhere. TensorFlow writes the values that its variables have before the first run of
training to the file INITIAL; this face starts from them, so that both train the same network. SCRIPT may be
a notebook, or `-m:package.module`. This file runs under Python 3.7 too.
"""

import json
import os
import random
import signal
import sys
import threading
import time
import types

import numpy

# The name, in the file of values, of what the first training run fetches: no variable has it.
KIND = ":kind"


class Record:
    """What the runs of one kind, those of the same fetches, gave and took."""

    def __init__(self, training):
        self.training, self.seconds, self.values, self.last = training, [], [], None


def names(fetches):
    """The names of what is fetched, operations without a colon."""
    if isinstance(fetches, dict):
        fetches = list(fetches.values())
    if isinstance(fetches, (list, tuple)):
        return [name for fetch in fetches for name in names(fetch)]
    return [getattr(fetches, "name", None) or str(fetches)]


def operations(found):
    """The names of operations among the names. Tensors may have other names here than there."""
    return " ".join(name for name in found if ":" not in name)


def trains(found):
    """Whether an operation among the names, or a tensor that waits for one, is one that trains."""
    others = ("init", "assign", "table", "queue", "iterator", "reset", "none", "report_")
    wait = "OptimizeLoss/"
    named = [name.lower() for name in found if ":" not in name or name.startswith(wait)]
    return any(not any(word in name for word in others) for name in named)


def number(result):
    """The first floating-point number of a result, a vector's mean for a vector; None: there is none."""
    if isinstance(result, dict):
        result = list(result.values())
    if isinstance(result, (list, tuple)):
        return next((found for found in map(number, result) if found is not None), None)
    array = numpy.asarray(result) if isinstance(result, (float, numpy.floating, numpy.ndarray)) else None
    if array is None or array.dtype.kind != "f" or array.ndim > 1 or not array.size:
        return None
    return float(array.mean())


class Observer:
    """Stands in for `Session.run`."""

    def __init__(self, run, face, steps, stop, initial, path):
        self.run, self.face, self.steps, self.stop, self.initial = run, face, steps, stop, initial
        self.path = path
        self.records, self.trained = {}, False
        # Of each thread: that of a supervisor runs summaries while the script trains.
        self.within = threading.local()

    def __call__(self, session, fetches, feed_dict=None, options=None, run_metadata=None):
        if getattr(self.within, "run", False):
            return self.run(session, fetches, feed_dict, options, run_metadata)
        found = names(fetches)
        record = self.records.setdefault(" ".join(found), Record(trains(found)))
        if record.training and self.steps and len(record.seconds) >= self.steps:
            if self.stop:
                # At once: an exception would have supervisors wait for their threads, minutes long.
                self.write()
                sys.stdout.flush()
                os._exit(0)
            return record.last
        self.within.run = True
        try:
            if record.training and not self.trained:
                self.trained = record.training = self.start(session, operations(found))
            begin = time.perf_counter()
            result = self.run(session, fetches, feed_dict, options, run_metadata)
            record.seconds.append(time.perf_counter() - begin)
        finally:
            self.within.run = False
        record.values.append(number(result))
        record.last = result
        return result

    def start(self, session, kind):
        """Write the variables' values, or start from those that are written; False: this does not train yet.

        A group of initialisers looks like training, but comes before the variables have values.
        """
        with session.graph.as_default():
            variables = session.graph.get_collection("variables")
        if self.face == "tensorflow":
            from tensorflow.python.framework import errors_impl

            try:
                values = self.run(session, {variable.op.name: variable for variable in variables})
            except errors_impl.FailedPreconditionError:
                return False
            arrays = {name.replace("/", "|"): value for name, value in values.items() if is_number(value)}
            numpy.savez(self.initial, **arrays, **{KIND: numpy.array(kind)})
        elif os.path.exists(self.initial):
            with numpy.load(self.initial) as there:
                if str(there[KIND]) != kind:
                    return False
                for variable in variables:
                    name = variable.op.name.replace("/", "|")
                    if name in there.files:
                        variable.load(there[name], session)
        return True

    def write(self):
        """Write the report."""
        with open(self.path, "w", encoding="utf-8") as file:
            json.dump(self.report(), file)

    def report(self):
        """The training's record as a dictionary, with the numbers of another kind where it fetches none."""
        kinds = [record for record in self.records.values() if record.training and record.seconds]
        if not kinds:
            return {"steps": 0}
        record = max(kinds, key=lambda one: len(one.seconds))
        values = [value for value in record.values if value is not None]
        for other in sorted(self.records.values(), key=lambda one: -len(one.seconds)):
            values = values or [value for value in other.values if value is not None]
        return {"steps": len(record.seconds), "seconds": record.seconds, "values": values}


def is_number(value):
    return isinstance(value, (numpy.ndarray, numpy.generic)) and value.dtype.kind in "fiub"


def notebook_source(path):
    """A notebook's cells as one script, without the lines that are not Python's."""
    with open(path, encoding="utf-8") as file:
        notebook = json.load(file)
    cells = notebook.get("cells") or [cell for sheet in notebook["worksheets"] for cell in sheet["cells"]]
    lines = []
    for cell in cells:
        if cell["cell_type"] == "code":
            lines += "".join(cell.get("source", cell.get("input", ""))).split("\n")
    return "\n".join("pass" if line.lstrip().startswith(("%", "!", "?")) else line for line in lines)


def run_plainly(script, arguments):
    """The script as Python runs it."""
    sys.argv = [script, *arguments]
    if script.startswith("-m:"):
        import runpy

        sys.path[0] = os.getcwd()
        runpy.run_module(script[3:], run_name="__main__", alter_sys=True)
        return
    path = os.path.abspath(script)
    sys.path[0] = os.path.dirname(path)
    if path.endswith(".ipynb"):
        source = notebook_source(path)
    else:
        with open(path, encoding="utf-8") as file:
            source = file.read()
    module = types.ModuleType("__main__")
    module.__dict__.update(__file__=path, __builtins__=__builtins__)
    sys.modules["__main__"] = module
    exec(compile(source, path, "exec"), module.__dict__)


def classes(face):
    """The class of sessions and the class of graphs."""
    if face == "ostinato":
        from ostinato.cli import prepare
        from ostinato.tf1 import graph, session

        prepare.this_process()
        return session.BaseSession, graph.Graph
    os.environ["TF_CPP_MIN_LOG_LEVEL"] = "3"
    import absl.flags
    import absl.logging
    import tensorflow  # noqa: F401
    from tensorflow.python.client import session
    from tensorflow.python.framework import ops

    # A flag of absl's own, younger than TensorFlow 1, that scripts define for themselves.
    delattr(absl.flags.FLAGS, "log_dir")
    return session.BaseSession, ops.Graph


def seed(graphs):
    """The seed 1 for everything that draws."""
    random.seed(1)
    numpy.random.seed(1)
    make = graphs.__init__

    def made(self, *args, **kwargs):
        make(self, *args, **kwargs)
        self.seed = 1

    graphs.__init__ = made


def main(face, report, steps, way, initial, script, *arguments):
    sessions, graphs = classes(face)
    seed(graphs)
    observer = Observer(sessions.run, face, int(steps), way == "stop", initial, os.path.abspath(report))
    # A function, not the object: only functions become methods of a session.
    sessions.run = lambda self, *args, **kwargs: observer(self, *args, **kwargs)
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))
    try:
        if face == "ostinato":
            from ostinato.cli.main import main as command

            module = script.startswith("-m:")
            sys.exit(command(["run", *(["-m", script[3:]] if module else [script]), *arguments]))
        run_plainly(script, arguments)
    finally:
        observer.write()


if __name__ == "__main__":
    main(*sys.argv[1:])
