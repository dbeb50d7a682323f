"""How well intervals keep their promise, and at what width: the section, its figure and its tables."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter

from forecastkit.arrays import Vector
from forecastkit.comparison.comparison import Comparison
from forecastkit.reporting.canvas import (
    PALETTE,
    SHEETS,
    EndLabel,
    Sheet,
    Width,
    add_axes,
    heading,
    horizon_axis,
    label_ends,
    new_figure,
    room_for,
    signed_percent,
    write,
)
from forecastkit.reporting.figure_set import Figured
from forecastkit.reporting.figures import strokes_of
from forecastkit.reporting.quantities import step_word, with_unit
from forecastkit.reporting.tables import DASH, Cell, Table, decimals, number, p_text
from forecastkit.reporting.words import percent, spans
from forecastkit.scoring.quantile_scores import IntervalScores, QuantileScores

USUAL = 0.8
"""The interval that the figure shows, where a model has it."""


def judged_intervals(comparison: Comparison) -> dict[str, QuantileScores]:
    """Models whose intervals the section is about: references of our own have none."""
    return {model: found for model, found in comparison.scores.quantiles.items() if found.intervals}


def shown_share(comparison: Comparison) -> float:
    """The share that the figure shows: 80 %, or else the narrowest that any model promises."""
    shares = [band.share for found in judged_intervals(comparison).values() for band in found.intervals]
    return min(shares, key=lambda share: abs(share - USUAL))


def bands_of(comparison: Comparison, share: float) -> dict[str, IntervalScores]:
    """Scores of the interval with this share, by model that has it."""
    return {
        model: band
        for model, found in judged_intervals(comparison).items()
        for band in found.intervals
        if band.share == share
    }


def calibration_figures(comparison: Comparison) -> Iterable[Figured]:
    """The figure of the section, where any model has intervals."""
    if judged_intervals(comparison):
        title, captions = "Do the intervals keep their promise?", tuple(calibration_captions(comparison))
        yield Figured("calibration", title, draw_calibration, comparison, captions)


def calibration_tables(comparison: Comparison) -> list[Table]:
    """One table for each interval and one of quantile scores, where any model has intervals."""
    scored = judged_intervals(comparison)
    if not scored:
        return []
    shares = sorted({band.share for found in scored.values() for band in found.intervals})
    return [*(_interval_table(comparison, share) for share in shares), _quantile_table(comparison)]


def draw_calibration(comparison: Comparison, *, width: Width = "wide") -> Figure:
    """Draw coverage by h, with the limits that its uncertainty allows, and the mean width below it.

    Args:
        comparison: with at least one model that has intervals.
        width: "wide" (1000 pixels at 72 dots per inch) or "narrow" (360).
    """
    sheet, strokes = SHEETS[width], strokes_of(comparison)
    share = shown_share(comparison)
    bands = bands_of(comparison, share)
    height, gap, below = (220, 64, 3 * sheet.font + 6) if width == "wide" else (150, 56, 3 * sheet.font + 6)
    total = 2 * (height + gap) + below - 12
    figure = new_figure(sheet, total)
    right = room_for(sheet, [*bands, "promised"])
    across = sheet.width - sheet.left - right
    upper = add_axes(figure, sheet.left, below + height + gap, across, height, sheet)
    lower = add_axes(figure, sheet.left, below, across, height, sheet)
    horizon = comparison.forecasts.horizon
    for axes in (upper, lower):
        horizon_axis(axes, horizon, sheet)
    least = min(share, *(float(np.nanmin(band.limits, initial=share)) for band in bands.values()))
    least = min(least, *(float(np.nanmin(band.coverage, initial=share)) for band in bands.values()))
    upper.set_ylim(max(0.0, least - 0.03), 1.0)
    upper.yaxis.set_major_formatter(FuncFormatter(lambda value, _: signed_percent(value)))
    upper.axhline(share, color=PALETTE["reference"], linewidth=1.4)
    for model, band in bands.items():
        _shade(upper, band, strokes[model].colour)
    for axes, values in ((upper, "coverage"), (lower, "width")):
        ends = [EndLabel(share, "promised", PALETTE["reference"])] if axes is upper else []
        for model, band in bands.items():
            curve: Vector = getattr(band, values)
            stroke = strokes[model]
            steps = np.arange(1, horizon + 1)
            axes.plot(steps, curve, color=stroke.colour, linewidth=stroke.width, linestyle=stroke.dash)
            if np.isfinite(curve[-1]):
                ends.append(EndLabel(float(curve[-1]), model, stroke.colour))
        if axes is lower:
            axes.set_ylim(
                0.0, 1.06 * max(float(np.nanmax(b.width, initial=0.0)) for b in bands.values()) or 1.0
            )
        label_ends(axes, ends, sheet, horizon)
    lower.set_xlabel(
        f"{step_word(comparison.series)} ahead, h", loc="right", size=sheet.font, color=PALETTE["muted"]
    )
    heading(figure, sheet, f"Share of actual values in the {percent(share)} interval")
    _second_heading(figure, sheet, below + height + 14, with_unit("Mean width of the interval", comparison))
    return figure


def _shade(axes: Axes, band: IntervalScores, colour: str) -> None:
    steps = np.arange(1, len(band.coverage) + 1)
    axes.fill_between(steps, band.limits[:, 0], band.limits[:, 1], color=colour, alpha=0.15, linewidth=0)
    for edge in band.limits.T:
        axes.plot(steps, edge, color=colour, linewidth=0.7, alpha=0.7)


def _second_heading(figure: Figure, sheet: Sheet, y: float, text: str) -> None:
    write(figure, 0, y, text, sheet.font, colour="ink", bold=True)


def calibration_captions(comparison: Comparison) -> Iterable[str]:
    """Say of every model where its interval keeps its promise."""
    share = shown_share(comparison)
    yield (
        "The band around a curve is the 95 % interval for the true coverage; it allows for targets that "
        "neighbouring origins share. Coverage counts beside width: wide intervals cover easily."
    )
    for model, band in bands_of(comparison, share).items():
        yield f"{model}: {_kept(band)}."


def _kept(band: IntervalScores) -> str:
    """Where an interval holds less, or more, than it promises."""
    known = np.isfinite(band.limits[:, 0])
    if not known.any():
        return "too few origins to say whether the promise is kept"
    steps = np.arange(1, len(known) + 1)
    with np.errstate(invalid="ignore"):
        low, high = band.limits[:, 1] < band.share, band.limits[:, 0] > band.share
    parts = [f"too narrow at {spans(steps[low].tolist())}"] if low.any() else []
    parts += [f"wider than needed at {spans(steps[high].tolist())}"] if high.any() else []
    if not parts:
        parts = [f"no deviation from {percent(band.share)} is certain"]
    if not known.all():
        parts.append(f"not known at {spans(steps[~known].tolist())}")
    return ", ".join(parts)


def _interval_table(comparison: Comparison, share: float) -> Table:
    bands = bands_of(comparison, share)
    places = decimals(np.concatenate([np.concatenate([b.width, b.score]) for b in bands.values()]))
    rows = []
    for i in range(comparison.forecasts.horizon):
        cells = [Cell(str(i + 1))]
        for band in bands.values():
            off = bool(band.limits[i, 1] < share or band.limits[i, 0] > share)
            cells += [
                Cell(percent(float(band.coverage[i])).replace("-", DASH), strong=off),
                Cell(_range(band, i)),
                Cell(number(float(band.width[i]), places)),
                Cell(number(float(band.score[i]), places)),
            ]
        rows.append(tuple(cells))
    return Table(
        caption=with_unit(f"{percent(share)} intervals by horizon", comparison),
        columns=("h", *(("coverage", "95 % limits", "width", "interval score") * len(bands))),
        rows=tuple(rows),
        groups=(("", 1), *((model, 4) for model in bands)),
        notes=(
            f"Bold: coverage whose limits exclude {percent(share)}. The interval score is the width plus "
            f"what is missed, times {2 / (1 - share):.3g}: smaller is better.",
            _counts(judged_intervals(comparison)),
        ),
    )


def _quantile_table(comparison: Comparison) -> Table:
    """Weighted quantile loss and CRPS of every model with quantiles, by h."""
    scored = judged_intervals(comparison)
    places = decimals(np.concatenate([found.crps for found in scored.values()]))
    rows = []
    for i in range(comparison.forecasts.horizon):
        cells = [Cell(str(i + 1))]
        for found in scored.values():
            cells += [Cell(number(float(found.crps[i]), places)), Cell(number(float(found.wql[i]), 4))]
        rows.append(tuple(cells))
    levels = {", ".join(f"{level:g}" for level in found.levels) for found in scored.values()}
    notes = [f"CRPS: twice the mean pinball loss over the levels {' or '.join(levels)}; smaller is better."]
    if len(levels) > 1:
        notes.append("The models have different levels: their CRPS and WQL do not compare.")
    for model, found in scored.items():
        if np.isfinite(found.uniformity):
            notes.append(
                f"{model} at h = 1: the hypothesis that actual values fall between its quantiles as often as "
                f"promised has p {p_text(found.uniformity)}."
            )
    return Table(
        caption=with_unit("Quantile scores by horizon", comparison),
        columns=("h", *(("CRPS", "WQL") * len(scored))),
        rows=tuple(rows),
        groups=(("", 1), *((model, 2) for model in scored)),
        notes=tuple(notes),
    )


def _range(band: IntervalScores, i: int) -> str:
    low, high = band.limits[i]
    return DASH if np.isnan(low) else f"{100 * low:.0f} to {100 * high:.0f} %"


def _counts(scored: Mapping[str, QuantileScores]) -> str:
    counts = next(iter(scored.values())).origins
    each = str(counts[0]) if counts.min() == counts.max() else f"{counts.min()} to {counts.max()}"
    return f"Over {each} origins, those at which every model has its intervals."
