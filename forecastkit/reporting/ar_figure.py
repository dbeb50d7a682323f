"""Figure of an AR taken apart: how long it remembers, how far it sees, and the correlations behind it."""

from __future__ import annotations

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from forecastkit.arrays import Vector
from forecastkit.models.ar_diagnosis import ArDiagnosis
from forecastkit.reporting.canvas import PALETTE, SHEETS, Sheet, Width, add_axes, new_figure, write

RIGHT = 12


def draw_memory(found: ArDiagnosis, *, width: Width = "wide") -> Figure:
    """Draw impulse response, error curve, autocorrelations and partial ones, one below the other.

    The error curve has the standard deviation of the process as its ceiling, correlations the band of white
    noise.

    Args:
        found: the result of `diagnose_ar`.
        width: "wide" (1000 pixels at 72 dots per inch) or "narrow" (360).
    """
    sheet = SHEETS[width]
    height, gap, below = (130, 68, 44) if width == "wide" else (96, 60, 40)
    what = "change" if found.differenced else "value"
    titles = (
        f"Effect of one shock on the {what} h steps later",
        "Standard deviation of the error, by h",
        f"Autocorrelation of the {what}s, by lag",
        "Partial autocorrelation, by lag",
    )
    figure = new_figure(sheet, len(titles) * (height + gap) + below - gap + 40)
    panels = []
    for row, title in enumerate(titles):
        bottom = below + (len(titles) - 1 - row) * (height + gap)
        panels.append(add_axes(figure, sheet.left, bottom, sheet.width - sheet.left - RIGHT, height, sheet))
        write(figure, 0, bottom + height + 12, title, sheet.font, colour="ink", bold=True)
    _stems(panels[0], found.impulse, 0, sheet)
    _error(panels[1], found)
    for axes, values in zip(panels[2:], (found.correlogram.acf, found.correlogram.pacf), strict=True):
        band = found.correlogram.white_noise_band
        axes.axhspan(-band, band, color=PALETTE["reference"], alpha=0.16, linewidth=0)
        _stems(axes, values, 1, sheet)
    return figure


def _stems(axes: Axes, values: Vector, first: int, sheet: Sheet) -> None:
    steps = np.arange(first, first + len(values))
    stem = max(1.2, min(5.0, 0.4 * (sheet.width - sheet.left) / len(steps)))
    axes.axhline(0.0, color=PALETTE["muted"], linewidth=1)
    gaps = np.full(len(steps), np.nan)  # one path for all stems: a page has to stay small
    (line,) = axes.plot(
        np.column_stack([steps, steps, gaps]).ravel(),
        np.column_stack([np.zeros(len(steps)), values, gaps]).ravel(),
        color=PALETTE["ar"],
        linewidth=stem,
    )
    line.set_solid_capstyle("butt")
    axes.set_xlim(first - 0.5, steps[-1] + 0.5)


def _error(axes: Axes, found: ArDiagnosis) -> None:
    last = len(found.error)
    axes.plot(np.arange(1, last + 1), found.error, color=PALETTE["ar"], linewidth=2)
    if found.spread is not None:
        axes.axhline(found.spread, color=PALETTE["reference"], linewidth=1.6, linestyle=(0, (4, 3)))
    if found.limit is not None and found.limit <= last:
        axes.axvline(found.limit, color=PALETTE["muted"], linewidth=1.2)
    axes.set_ylim(bottom=0.0)
    axes.set_xlim(-0.5, last + 0.5)
