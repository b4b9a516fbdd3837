"""`import tensorflow`, served by this face: what `ostinato run` puts in force before it runs a script."""

from __future__ import annotations

import importlib.util
import sys
from collections.abc import Sequence
from importlib.machinery import ModuleSpec
from types import ModuleType
from typing import Any

from . import internal_modules, six
from .names import nearest


def _below(name: str, package: Any) -> dict[str, ModuleType]:
    """A package and the modules that it lists, by the names under which they are imported."""
    return {name: package, **{f"{name}.{module}": getattr(package, module) for module in package.__all__}}


def modules() -> dict[str, ModuleType]:
    """Every module that `tensorflow...` stands for here, by name."""
    from ostinato import tf1

    from . import (
        app,
        compat,
        config,
        contrib,
        core,
        data,
        data_paths,
        distributions,
        errors,
        estimator,
        examples,
        feature_column,
        flags,
        gfile,
        image,
        initializers,
        io,
        io_gfile,
        keras,
        layers,
        logging,
        lookup,
        losses,
        metrics,
        nn,
        python,
        python_io,
        random,
        resource_loader,
        rnn_cell,
        sysconfig,
        testing,
        train,
        version,
    )
    from .arithmetic_modules import MODULES
    from .contrib import cudnn_python, learn_python, rnn_python, seq2seq_python

    served = {
        "tensorflow": tf1,
        "tensorflow.app": app,
        "tensorflow.flags": flags,
        "tensorflow.app.flags": flags,
        "tensorflow.resource_loader": resource_loader,
        "tensorflow.sysconfig": sysconfig,
        "tensorflow.test": testing,
        "tensorflow.version": version,
        "tensorflow.compat": compat,
        "tensorflow.config": config,
        **{f"tensorflow.config.{name}": module for name, module in config.MODULES.items()},
        "tensorflow.compat.v1": tf1,
        "tensorflow.compat.v2": compat.v2,
        "tensorflow.compat.v2.nn": compat.v2.nn,
        "tensorflow.contrib": contrib,
        "tensorflow.contrib.compiler.jit": contrib.compiler.jit,
        "tensorflow.contrib.layers.python.layers.utils": contrib.layers.utils,
        "tensorflow.core": core,
        **{f"tensorflow.core.{name}": module for name, module in core.MODULES.items()},
        "tensorflow.data": data,
        "tensorflow.data.experimental": data.experimental,
        "tensorflow.distributions": distributions,
        "tensorflow.errors": errors,
        "tensorflow.estimator": estimator,
        "tensorflow.estimator.experimental": estimator.experimental,
        "tensorflow.estimator.export": estimator.export,
        "tensorflow.estimator.inputs": estimator.inputs,
        "tensorflow.feature_column": feature_column,
        "tensorflow.examples": examples,
        "tensorflow.examples.tutorials": examples.tutorials,
        "tensorflow.examples.tutorials.mnist": examples.tutorials.mnist,
        "tensorflow.examples.tutorials.mnist.input_data": examples.tutorials.mnist.input_data,
        "tensorflow.examples.tutorials.mnist.mnist": examples.tutorials.mnist.mnist,
        "tensorflow.gfile": gfile,
        "tensorflow.io": io,
        "tensorflow.io.gfile": io_gfile,
        "tensorflow.initializers": initializers,
        "tensorflow.keras": keras,
        **{f"tensorflow.keras.{name}": getattr(keras, name) for name in keras.SUBMODULES},
        **_below("tensorflow.keras.datasets", keras.datasets),
        **_below("tensorflow.keras.preprocessing", keras.preprocessing),
        "tensorflow.keras.optimizers.schedules": keras.optimizers.schedules,
        "tensorflow.keras.wrappers.scikit_learn": keras.wrappers.scikit_learn,
        **_below("tensorflow.contrib.keras.datasets", keras.datasets),
        **_below("tensorflow.contrib.keras.preprocessing", keras.preprocessing),
        "tensorflow.python.keras": keras,
        **{f"tensorflow.python.keras.{name}": getattr(keras, name) for name in keras.SUBMODULES},
        "tensorflow.layers": layers,
        "tensorflow.logging": logging,
        "tensorflow.lookup": lookup,
        "tensorflow.lookup.experimental": lookup.experimental,
        "tensorflow.losses": losses,
        "tensorflow.metrics": metrics,
        "tensorflow.image": image,
        "tensorflow.nn": nn,
        "tensorflow.nn.rnn_cell": rnn_cell,
        "tensorflow.python": python,
        "tensorflow.python_io": python_io,
        "tensorflow.random": random,
        "tensorflow.graph_util": tf1.graph_util,
        "tensorflow.queue": tf1.queue,
        "tensorflow.saved_model": tf1.saved_model,
        **{f"tensorflow.saved_model.{name}": module for name, module in tf1.saved_model.MODULES.items()},
        "tensorflow.summary": tf1.summary,
        "tensorflow.train": train,
        "tensorflow.train.queue_runner": train.queue_runner,
    }
    served.update({f"tensorflow.{name}": module for name, module in MODULES.items()})
    served.update({f"tensorflow.python.{name}": module for name, module in python.MODULES.items()})
    served.update({f"tensorflow.contrib.{name}": getattr(contrib, name) for name in contrib.__all__})
    served.update(data_paths.MODULES)
    served.update(learn_python.MODULES)
    served.update(rnn_python.MODULES)
    served.update(contrib.tensorboard.MODULES)
    served.update(seq2seq_python.MODULES)
    served.update(cudnn_python.MODULES)
    served.update(internal_modules.complete(served))
    return served


class _Finder:
    """Answers for what is not served, so that no installed TensorFlow and none of our own files is found
    instead.
    """

    def __init__(self, names: Sequence[str]) -> None:
        self._names = names

    def find_spec(self, fullname: str, path: Any = None, target: Any = None) -> ModuleSpec | None:
        if fullname.split(".")[0] == "tensorflow":
            raise ModuleNotFoundError(
                f"No module named {fullname!r} among the TensorFlow 1 modules of "
                f"ostinato{nearest(fullname, self._names)}",
                name=fullname,
            )
        return None


def install() -> None:
    """Make `import tensorflow` mean this face in this process, and have a `six` to import; an installed
    TensorFlow is shadowed, with a word.
    """
    if isinstance(sys.meta_path[0], _Finder):
        return
    if "tensorflow" not in sys.modules and importlib.util.find_spec("tensorflow") is not None:
        print(
            "ostinato: 'import tensorflow' is ostinato.tf1 here; the installed TensorFlow is not used.",
            file=sys.stderr,
        )
    for name in [name for name in sys.modules if name.split(".")[0] == "tensorflow"]:
        del sys.modules[name]
    served = modules()
    sys.modules.update(served)
    sys.meta_path.insert(0, _Finder(list(served)))
    six.install()  # the scripts of that time import it beside tensorflow
