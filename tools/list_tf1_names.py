"""List every public name of TensorFlow 1.15, and what the internal modules that scripts import show of them.

    python3.7 -m venv tf1 && tf1/bin/pip install tensorflow-cpu==1.15.0 'protobuf<3.21'
    tf1/bin/python tools/list_tf1_names.py src/ostinato/cli/tf1_names.txt tools/tf1_internal_names.txt

The first file has a public module a line: `tf.nn: batch_normalization bias_add ...`. `ostinato run --check`
tells by it what TensorFlow 1 has from what it never had. The second has an internal module a line, with the
public symbols that it shows: `tensorflow.python.ops.clip_ops: clip_by_norm=tf.clip_by_norm ...`;
`tests/tf1/test_internal_modules.py` compares it with ours.
"""

from __future__ import annotations

import importlib
import pkgutil
import sys
import types
import warnings
from typing import Any

import tensorflow as tf  # type: ignore[import-untyped]

# Internal packages whose modules scripts import from. Below them, all modules that can be imported.
INTERNAL = (
    "tensorflow.python.client",
    "tensorflow.python.data.ops",
    "tensorflow.python.framework",
    "tensorflow.python.layers",
    "tensorflow.python.lib.io",
    "tensorflow.python.ops",
    "tensorflow.python.platform",
    "tensorflow.python.saved_model",
    "tensorflow.python.summary",
    "tensorflow.python.training",
    "tensorflow.python.util",
    "tensorflow.contrib.crf.python",
    "tensorflow.contrib.framework.python",
    "tensorflow.contrib.layers.python",
    "tensorflow.contrib.legacy_seq2seq.python",
    "tensorflow.contrib.lookup",
    "tensorflow.contrib.rnn.python",
    "tensorflow.contrib.seq2seq.python",
    "tensorflow.contrib.training.python",
)
# Whole libraries behind a name: nobody's public interface.
LEFT_OUT = ("compat", "python", "core", "tools", "raw_ops", "pywrap_tensorflow", "quantization", "autograph")
OURS = ("tensorflow.", "tensorflow_core.", "tensorflow_estimator.")


def is_public(name: str) -> bool:
    return not name.startswith("_") and name not in ("absolute_import", "division", "print_function")


def walk(path: str, module: Any, found: dict[str, set[str]], seen: set[int]) -> None:
    """The names of a public module and of those below it."""
    if id(module) in seen and path.count(".") > 1:
        return
    seen.add(id(module))
    names = {name for name in dir(module) if is_public(name)}
    found[path] = names
    for name in sorted(names):
        try:
            value = getattr(module, name)
        except Exception:  # what cannot be loaded has a name all the same
            continue
        if isinstance(value, types.ModuleType) and name not in LEFT_OUT:
            home = getattr(value, "__name__", "")
            if home.startswith(OURS) and path.count(".") < (2 if ".contrib" in path else 4):
                walk(path + "." + name, value, found, seen)


def public_paths(found: dict[str, set[str]]) -> dict[int, str]:
    """The shortest public path of each symbol, by its identity."""
    paths: dict[int, str] = {}
    for module in sorted(found, key=lambda path: (".contrib" in path, path.count("."), path)):
        holder: Any = tf
        for part in module.split(".")[1:]:
            holder = getattr(holder, part)
        for name in sorted(found[module]):
            value = getattr(holder, name, None)
            if callable(value) and not isinstance(value, types.ModuleType):
                paths.setdefault(id(value), module + "." + name)
    return paths


def internal(paths: dict[int, str]) -> dict[str, list[str]]:
    """What each internal module shows of the public symbols."""
    rows: dict[str, list[str]] = {}
    for package in INTERNAL:
        root = importlib.import_module(package)
        for entry in pkgutil.walk_packages(root.__path__, package + "."):
            name = entry.name.replace("tensorflow_core.", "tensorflow.")
            last = name.split(".")[-1]
            if (
                "test" in last
                or last.startswith("gen_")
                or last.endswith(("_grad", "_pb2", "_registrations"))
            ):
                continue
            try:
                module = importlib.import_module(name)
            except Exception:  # needs what is not installed
                continue
            shown = {key: paths.get(id(value)) for key, value in vars(module).items() if is_public(key)}
            rows[name] = sorted(key + "=" + path for key, path in shown.items() if path is not None)
    return rows


def main(public: str, inside: str) -> None:
    warnings.simplefilter("ignore")
    found: dict[str, set[str]] = {}
    walk("tf", tf, found, set())
    with open(public, "w") as file:
        for module in sorted(found):
            file.write(module + ": " + " ".join(sorted(found[module])) + "\n")
    with open(inside, "w") as file:
        for module, names in sorted(internal(public_paths(found)).items()):
            if names:
                file.write(module + ": " + " ".join(names) + "\n")


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2])
