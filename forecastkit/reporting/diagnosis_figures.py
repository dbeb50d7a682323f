"""Figures of a diagnosis: the series, its autocorrelations, and what an autoregression leaves."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from forecastkit.arrays import Indices, Vector
from forecastkit.diagnostics.diagnosis import Diagnosis
from forecastkit.reporting.canvas import (
    PALETTE,
    SHEETS,
    Sheet,
    Width,
    add_axes,
    heading,
    new_figure,
    plain_number,
    write,
)
from forecastkit.series.series import Series, label

RIGHT = 12
YEARS_FOR_YEARS = 6


def draw_series(diagnosis: Diagnosis, *, width: Width = "wide") -> Figure:
    """Draw the series over time, its means before and after a change, and where shocks stand out.

    Args:
        diagnosis: the result.
        width: "wide" (1000 pixels at 72 dots per inch) or "narrow" (360).
    """
    sheet, series = SHEETS[width], diagnosis.series
    figure, axes = _panel(sheet, 260 if width == "wide" else 190)
    _line(axes, np.arange(len(series)), series.values, sheet)
    mean = diagnosis.mean
    if (
        mean.test.rejected
        and mean.position is not None
        and not diagnosis.roots.differ
        and not _moved(diagnosis)
    ):
        levels = (float(mean.before or 0.0), float(mean.after or 0.0))
        for (first, last), level in zip(pairwise((0, mean.position, len(series))), levels, strict=True):
            axes.plot([first, last - 1], [level, level], color=PALETTE["ar"], linewidth=2.2)
    marked = np.array([diagnosis.position(o.position) for o in diagnosis.outliers], dtype=np.int64)
    _dots(axes, marked, series.values[marked])
    _time_axis(axes, series, sheet)
    heading(figure, sheet, ", ".join(part for part in (series.name, series.unit) if part))
    return figure


def draw_correlogram(diagnosis: Diagnosis, *, width: Width = "wide") -> Figure:
    """Draw autocorrelations and partial autocorrelations with the bands that belong to them.

    Shaded: 95 % of those of white noise. Dashed: Bartlett's band, in which those after the last lag of a
        moving
    average lie.

    Args:
        diagnosis: the result.
        width: "wide" (1000 pixels at 72 dots per inch) or "narrow" (360).
    """
    sheet, found = SHEETS[width], diagnosis.correlogram
    height, gap, below = (170, 50, 44) if width == "wide" else (120, 44, 40)
    total = 2 * (height + gap) + below
    figure = new_figure(sheet, total)
    lags = np.arange(1, len(found.acf) + 1)
    curves: Sequence[tuple[str, Vector]] = (
        ("Autocorrelation", found.acf),
        ("Partial autocorrelation", found.pacf),
    )
    for row, (name, values) in enumerate(curves):
        bottom = total - (row + 1) * (height + gap)
        axes = add_axes(figure, sheet.left, bottom, sheet.width - sheet.left - RIGHT, height, sheet)
        band = found.white_noise_band
        axes.axhspan(-band, band, color=PALETTE["reference"], alpha=0.16, linewidth=0)
        axes.axhline(0.0, color=PALETTE["muted"], linewidth=1)
        if row == 0:
            for side in (found.bartlett_band, -found.bartlett_band):
                axes.plot(lags, side, color=PALETTE["reference"], linewidth=1.2, linestyle=(0, (4, 3)))
        outside = np.abs(values) > band
        stem = max(1.2, min(5.0, 0.4 * (sheet.width - sheet.left) / len(lags)))
        for chosen, colour in ((outside, PALETTE["ar"]), (~outside, PALETTE["reference"])):
            axes.vlines(lags[chosen], 0.0, values[chosen], colors=colour, linewidth=stem)
        axes.set_xlim(0.3, len(lags) + 0.7)
        _lag_ticks(axes, diagnosis, len(lags), sheet)
        write(figure, 0, bottom + height + 12, name, sheet.font, colour="ink", bold=True)
    write(figure, sheet.left, 6, "lag, in observations", sheet.font)
    return figure


def draw_shocks(diagnosis: Diagnosis, *, width: Width = "wide") -> Figure:
    """Draw what the autoregression did not expect, and two deviations either side.

    Args:
        diagnosis: the result.
        width: "wide" (1000 pixels at 72 dots per inch) or "narrow" (360).
    """
    sheet, shocks, variance = SHEETS[width], diagnosis.fit.residuals, diagnosis.variance
    first = len(diagnosis.series) - len(shocks)
    figure, axes = _panel(sheet, 220 if width == "wide" else 170)
    parts = [(0, len(shocks), float(shocks.std()))]
    if variance.test.rejected and variance.position is not None:
        before, after = float(variance.before or 0.0), float(variance.after or 0.0)
        parts = [(0, variance.position, before), (variance.position, len(shocks), after)]
    for start, stop, deviation in parts:
        reach = [first + start, first + stop - 1]
        axes.fill_between(reach, -2 * deviation, 2 * deviation, color=PALETTE["ar"], alpha=0.14, linewidth=0)
    _line(axes, first + np.arange(len(shocks)), shocks, sheet)
    marked = np.array([o.position for o in diagnosis.outliers], dtype=np.int64)
    _dots(axes, first + marked, shocks[marked])
    _time_axis(axes, diagnosis.series, sheet)
    heading(figure, sheet, f"Shocks to an AR({diagnosis.fit.p})")
    return figure


def _panel(sheet: Sheet, height: int) -> tuple[Figure, Axes]:
    above, below = 2 * sheet.font + 6, 2 * sheet.font + 8
    figure = new_figure(sheet, above + height + below)
    return figure, add_axes(figure, sheet.left, below, sheet.width - sheet.left - RIGHT, height, sheet)


def _line(axes: Axes, positions: Indices, values: Vector, sheet: Sheet) -> None:
    """Draw a curve; of a long one the smallest and largest value for each pixel."""
    at = _extremes(values, 2 * sheet.width)
    axes.plot(positions[at], values[at], color=PALETTE["ink"], linewidth=1.1 if len(values) < 1000 else 0.7)


def _extremes(values: Vector, most: int) -> Indices:
    """Positions of the smallest and largest value in each of `most` / 2 stretches; all of a short series."""
    if len(values) <= most:
        return np.arange(len(values))
    edges = np.linspace(0, len(values), most // 2 + 1).astype(np.int64)
    stretches = [(a, values[a:b]) for a, b in pairwise(edges)]
    found = {int(a + pick(part)) for a, part in stretches for pick in (np.argmin, np.argmax)}
    return np.array(sorted(found | {0, len(values) - 1}))


def _dots(axes: Axes, positions: Indices, values: Vector) -> None:
    axes.plot(positions, values, "o", color=PALETTE["network"], markersize=5 if len(positions) < 20 else 2.5)


def _moved(diagnosis: Diagnosis) -> bool:
    """Whether the values tested are not those drawn."""
    return diagnosis.transform != "none"


def _time_axis(axes: Axes, series: Series, sheet: Sheet) -> None:
    """Let the x axis run over the positions of a series, with dates as brief as their distance allows."""
    count = 7 if sheet.width > 500 else 3
    at, names = _time_ticks(series.index, count)
    axes.set_xticks(at, names)
    axes.set_xlim(0, len(series) - 1 or 1)
    names_drawn = axes.get_xticklabels()
    names_drawn[0].set_horizontalalignment("left")
    names_drawn[-1].set_horizontalalignment("right")


def _time_ticks(index: pd.Index, count: int) -> tuple[list[int], list[str]]:
    at = sorted({int(i) for i in np.linspace(0, len(index) - 1, count).round()})
    if isinstance(index, pd.DatetimeIndex | pd.PeriodIndex):
        years = index[-1].year - index[0].year
        form = "%Y" if years >= YEARS_FOR_YEARS else "%Y-%m" if years >= 1 else "%m-%d"
        return at, [index[i].strftime(form) for i in at]
    numbers = pd.api.types.is_numeric_dtype(index)
    return at, [plain_number(float(index[i])) if numbers else label(index[i]) for i in at]


def _lag_ticks(axes: Axes, diagnosis: Diagnosis, lags: int, sheet: Sheet) -> None:
    """Ticks at whole seasons where there is one, else at round numbers."""
    period = diagnosis.series.period
    step = period if 1 < period <= lags else max(1, lags // sheet.ticks)
    step *= -(-lags // (step * sheet.ticks)) or 1
    axes.set_xticks(sorted({1, *range(step, lags + 1, step)}) if step > 1 else range(1, lags + 1))
