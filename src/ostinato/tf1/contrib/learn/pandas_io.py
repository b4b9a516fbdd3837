"""Tables of pandas, where there is pandas, as arrays (TF1 module: `tf.contrib.learn.io`)."""

from __future__ import annotations

import sys
from typing import Any

_NUMERIC = "iufb"


def _is(data: Any, kind: str) -> bool:
    """Whether it is of pandas; what is has imported it."""
    return "pandas" in sys.modules and isinstance(data, getattr(sys.modules["pandas"], kind))


def extract_pandas_data(data: Any) -> Any:
    """A table's numbers as an array of float; anything else as it is (TF1 symbol:
    `tf.contrib.learn.extract_pandas_data`).

    Raises:
        ValueError: a column that holds no numbers.
    """
    if not _is(data, "DataFrame"):
        return data
    bad = [str(column) for column in data if data[column].dtype.kind not in _NUMERIC]
    if bad:
        raise ValueError(
            "Data types for extracting pandas data must be int, float, or bool. Found: "
            + ", ".join(f"'{name}' type='{data[name].dtype}'" for name in bad)
        )
    return data.values.astype("float")


def extract_pandas_matrix(data: Any) -> Any:
    """A table as an array (TF1 symbol: `tf.contrib.learn.extract_pandas_matrix`)."""
    return data.values if _is(data, "DataFrame") else data


def extract_pandas_labels(labels: Any) -> Any:
    """A table's one column, or a series, as an array (TF1 symbol: `tf.contrib.learn.extract_pandas_labels`).

    Raises:
        ValueError: several columns, or no numbers.
    """
    if _is(labels, "Series"):
        return labels.values
    if not _is(labels, "DataFrame"):
        return labels
    if len(labels.columns) > 1:
        raise ValueError("Only one column for labels is allowed.")
    if any(labels[column].dtype.kind not in _NUMERIC for column in labels):
        raise ValueError("Data types for labels must be int, float, or bool.")
    return labels.values
