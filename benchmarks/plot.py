"""Heat maps over batch x units: how many times faster than the peer, and the share of the matmul rate."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.groups import FAMILY_TITLES, GRIDS
from benchmarks.points import Row
from benchmarks.report import share

PANELS = (("training", "ratio"), ("forward", "ratio"), ("training", "share"), ("forward", "share"))


def panel(
    rows: Sequence[Row], rates: Mapping[str, float], mode: str, what: str
) -> tuple[list[int], list[int], np.ndarray]:
    """Batches, units and the figures `[batches, units]`; not a number where nothing was measured."""
    chosen = [row for row in rows if row.work is not None and row.mode == mode and row.ratio is not None]
    batches = sorted({row.work.batch for row in chosen if row.work})
    units = sorted({row.work.units for row in chosen if row.work})
    values = np.full((len(batches), len(units)), np.nan)
    for row in chosen:
        if row.work and row.ratio:
            value = row.ratio.median if what == "ratio" else share(row, rates)
            values[batches.index(row.work.batch), units.index(row.work.units)] = (
                np.nan if value is None else value
            )
    return batches, units, values


def draw(path: Path, rows: Sequence[Row], rates: Mapping[str, float], about: str) -> bool:
    """Draw what was measured of the grids into a PNG file; False where that is nothing."""
    import matplotlib

    matplotlib.use("Agg")
    import matplotlib.pyplot as plt
    from matplotlib.colors import TwoSlopeNorm

    from ostinato.cli.files import write_atomically

    of_family = {
        family: [row for row in rows if row.group == f"{family.replace('_', '-')}-grid"] for family in GRIDS
    }
    of_family = {family: found for family, found in of_family.items() if any(row.ratio for row in found)}
    if not of_family:
        return False
    figure, axes = plt.subplots(
        len(of_family), 4, figsize=(19, 1.1 + 3.1 * len(of_family)), squeeze=False, layout="constrained"
    )
    for line, (family, found) in zip(axes, of_family.items(), strict=True):
        peer = GRIDS[family][0]
        for axis, (mode, what) in zip(line, PANELS, strict=True):
            batches, units, values = panel(found, rates, mode, what)
            if not values.size:  # interrupted before this mode
                axis.set_axis_off()
                continue
            if what == "ratio":
                # The colours show powers: half as fast is as far from even as twice as fast.
                image = axis.imshow(
                    np.log2(values), cmap="RdYlGn", norm=TwoSlopeNorm(0, -2, 4), aspect="auto", origin="lower"
                )
                title = f"{mode}: times as fast as {peer}"
            else:
                image = axis.imshow(values, cmap="viridis", vmin=0, vmax=1, aspect="auto", origin="lower")
                title = f"{mode}: share of the matmul rate"
            _annotate(axis, image, values, what)
            axis.set_xticks(range(len(units)), units)
            axis.set_yticks(range(len(batches)), batches)
            axis.set_xlabel("units = inputs")
            axis.set_title(title, fontsize=10)
        line[0].set_ylabel(f"{FAMILY_TITLES[family].partition(' (')[0]}\nbatch")
    figure.suptitle(about, fontsize=11)
    write_atomically(path, lambda file: figure.savefig(file, format="png", dpi=110))
    plt.close(figure)
    return True


def _annotate(axis: Any, image: Any, values: np.ndarray, what: str) -> None:
    for (row, column), value in np.ndenumerate(values):
        if np.isnan(value):
            continue
        colour = image.cmap(image.norm(np.log2(value) if what == "ratio" else value))
        light = 0.299 * colour[0] + 0.587 * colour[1] + 0.114 * colour[2] > 0.5
        text = f"{value:.0%}" if what == "share" else f"{value:.2f}" if value < 10 else f"{value:.0f}"
        axis.text(
            column, row, text, ha="center", va="center", color="black" if light else "white", fontsize=9
        )
