"""The tables of `make bench-memory`."""

from __future__ import annotations

import math
from collections.abc import Sequence

from tabulate import tabulate

from benchmarks import memory_prediction
from benchmarks.memory_prediction import Prediction
from benchmarks.memory_run import Found, Verdict
from benchmarks.memory_works import MIB, Work


def mebibytes(value: float | None) -> str:
    return "" if value is None or math.isnan(value) else f"{value / MIB:,.1f}"


def seconds(value: float) -> str:
    return "" if math.isnan(value) else f"{value:.3f}" if value < 1 else f"{value:.2f}"


def work_table(work: Work, found: Sequence[Found]) -> str:
    """The contenders of a work; what went wrong stands below."""
    lines = [
        (
            one.contender,
            mebibytes(one.forward_bytes),
            mebibytes(one.step_bytes),
            seconds(one.median),
            "" if math.isnan(one.median) else f"{one.median / work.steps * 1e6:.2f}",
            "" if one.gradient_difference is None else f"{one.gradient_difference:.0e}",
        )
        for one in found
    ]
    headers = ("", "forward (MiB)", "step (MiB)", "step (s)", "a time step (us)", "gradient differs by")
    notes = [f"{one.contender}: {one.note}" for one in found if one.note]
    notes += [f"{one.contender}: the limit is {mebibytes(one.limit)} MiB." for one in found if one.limit]
    return "\n".join(
        [tabulate(lines, headers, colalign=["left"] + ["right"] * 5, disable_numparse=True), *notes]
    )


def prediction_table(predictions: Sequence[Prediction]) -> str:
    lines = [
        (
            memory_prediction.describe(one.task),
            one.plan,
            mebibytes(one.predicted_bytes),
            mebibytes(one.step_bytes),
            "" if one.note else f"{one.excess:+.1%}",
            seconds(one.predicted_seconds),
            seconds(one.seconds),
            "" if one.note else f"{one.time_ratio:.2f}",
        )
        for one in predictions
    ]
    headers = (
        "task and limit",
        "plan",
        "predicted (MiB)",
        "measured",
        "of limit",
        "predicted (s)",
        "measured",
        "",
    )
    notes = [f"{memory_prediction.describe(one.task)}: {one.note}" for one in predictions if one.note]
    return "\n".join([tabulate(lines, headers, disable_numparse=True), *notes])


def verdict_table(verdicts: Sequence[Verdict]) -> str:
    lines = [
        (
            one.work,
            one.asked,
            "" if math.isnan(one.measured) else f"{one.measured:.3g} {one.unit}",
            f"<= {one.most:g} {one.unit}",
            "not judged" if one.met is None else "met" if one.met else "missed",
        )
        for one in verdicts
    ]
    return tabulate(lines, ("work", "", "measured", "bar", ""), disable_numparse=True)
