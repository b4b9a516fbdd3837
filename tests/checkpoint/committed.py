"""The committed checkpoints that TensorFlow wrote, what is in them, and where a TensorFlow is."""

import gzip
import importlib.util
import os
import shutil
from pathlib import Path

import ml_dtypes
import numpy as np

ROOT = Path(__file__).parents[2]
DATA = ROOT / "tests" / "data" / "checkpoints"
CASES = sorted(f"{path.parent.name}/{path.stem}" for path in DATA.glob("tf*/*.npz"))
# Written out, not taken from the package: a type that it confuses with another has to show.
QUANTIZED = {"qint8": "i1", "quint8": "u1", "qint16": "<i2", "quint16": "<u2", "qint32": "<i4"}
FLOAT8 = {f"float8_{form}" for form in ("e5m2", "e4m3fn", "e4m3fnuz", "e4m3b11fnuz", "e5m2fnuz")}
OF_ML_DTYPES = {"bfloat16", "float4_e2m1fn", "int4", "uint4", "int2", "uint2"} | FLOAT8


def load_values():
    """The module that TensorFlow's side uses too: it is a script's, in no package."""
    spec = importlib.util.spec_from_file_location(
        "checkpoint_values", ROOT / "tools" / "checkpoint_values.py"
    )
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


VALUES = load_values()


def numpy_dtype(name):
    if name in QUANTIZED:
        return np.dtype([(name, QUANTIZED[name])])
    if name in OF_ML_DTYPES:
        return np.dtype(getattr(ml_dtypes, name))
    return np.dtype(object if name == "string" else name)


def prefix_of(folder):
    """The prefix as TensorFlow's Saver returned it."""
    indexes = list(folder.rglob("*.index"))
    if indexes:
        (index,) = indexes
        return str(index)[: -len(".index")]
    shards = sorted(folder.iterdir())
    if len(shards) == 1:
        return str(shards[0])
    return str(folder / f"model.ckpt-?????-of-{len(shards):05}")


def unpack(source, target):
    """Copy committed files, the large ones unpacked."""
    shutil.copytree(source, target)
    for packed in target.rglob("*.gz"):
        packed.with_suffix("").write_bytes(gzip.decompress(packed.read_bytes()))
        packed.unlink()
    return target


def python_of(version):
    """The Python that has this TensorFlow, or None."""
    named = os.environ.get(f"OSTINATO_{version.upper()}_PYTHON")
    path = Path(named) if named else ROOT / ".peers" / version / "bin" / "python"
    return path if named or path.exists() else None
