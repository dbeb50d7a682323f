"""Figures of a comparison: skill, error growth and forecast fans, each in a wide and a narrow drawing."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter, MaxNLocator

from forecastkit.arrays import Vector
from forecastkit.comparison.comparison import Comparison
from forecastkit.reporting.canvas import (
    PALETTE,
    SHEETS,
    EndLabel,
    Sheet,
    Width,
    add_axes,
    bars_above,
    bars_height,
    heading,
    horizon_axis,
    label_ends,
    new_figure,
    plain_number,
    room_for,
    shortened,
    signed_percent,
    write,
)
from forecastkit.reporting.quantities import (
    cutoff_of,
    displayed,
    error_ceiling,
    error_curve,
    error_name,
    fan_models,
    fan_origins,
    in_unit,
    skill_range,
    step_word,
    with_unit,
)
from forecastkit.reporting.words import spans

REFERENCE_DASHES = ((1, 1.6), (4, 2), (7, 2, 1, 2), (2, 1, 2, 3))
OTHER_DASHES = ((4, 1.5, 1, 1.5), (2, 1), (9, 2, 2, 2))


@dataclass(frozen=True, slots=True)
class Stroke:
    """How one model is drawn in every figure."""

    colour: str
    width: float
    dash: Any = "-"


def draw_skill(comparison: Comparison, *, width: Width = "wide") -> Figure:
    """Draw skill against the best reference by h.

    Dots mark the steps at which a model is reliably better than every reference; bars above the axes show the
    same steps, and their label names the skill horizon. Shaded for the AR and the network: the 90 % band at
    each h by itself. The negative side takes at most as much room as the positive one; what is cut off is
    said.

    Args:
        comparison: the result.
        width: "wide" (1000 pixels at 72 dots per inch) or "narrow" (360).
    """
    sheet, strokes = SHEETS[width], strokes_of(comparison)
    floor, ceiling = skill_range(comparison)
    ends = [EndLabel(0.0, "best reference", PALETTE["reference"])]
    for model, skill in comparison.skill.items():
        if np.isfinite(skill[-1]):
            name = model if skill[-1] >= floor else f"{model} {_far_below(skill[-1])}"
            ends.append(EndLabel(max(float(skill[-1]), floor), name, strokes[model].colour))
    rows = [model for model in comparison.skill if comparison.claimed[model]]
    bars = [(_reach(comparison, model), strokes[model].colour, comparison.claimed[model]) for model in rows]
    cut = any(np.nanmin(skill, initial=0.0) < floor for skill in comparison.skill.values())
    note = f"below {signed_percent(floor)} not drawn" if cut else ""
    height = 300 if width == "wide" else 220
    figure, axes = horizon_panel(
        comparison, sheet, ends, height=height, above=bars_height(bars, sheet), note=note
    )
    axes.set_ylim(floor, ceiling)
    axes.yaxis.set_major_formatter(FuncFormatter(lambda value, _: signed_percent(value)))
    axes.axhline(0.0, color=PALETTE["reference"], linewidth=1.4)
    for model in fan_models(comparison):
        band = comparison.bands.skill.get(model)
        if band is not None:
            shade(axes, band.lower, band.upper, strokes[model])
    for model, skill in comparison.skill.items():
        draw_curve(axes, skill, strokes[model])
        _mark_reliable(axes, comparison, model, strokes[model])
    bars_above(axes, bars, sheet, otherwise="no reliable skill found")
    heading(figure, sheet, "Skill against the best reference")
    label_ends(axes, ends, sheet, comparison.forecasts.horizon)
    return figure


def draw_error(comparison: Comparison, *, width: Width = "wide") -> Figure:
    """Draw how the error of every model and reference grows with h.

    RMSE where the loss is squared, MAE where it is absolute. The band around an ensemble reaches from its
    best to its worst single seed. Models far above every reference are cut off, which is said.

    Args:
        comparison: the result.
        width: "wide" (1000 pixels at 72 dots per inch) or "narrow" (360).
    """
    sheet, strokes = SHEETS[width], strokes_of(comparison)
    curves = {model: error_curve(comparison, model) for model in comparison.scores.models}
    ceiling = error_ceiling(comparison)
    ends = []
    for model, curve in curves.items():
        if np.isfinite(curve[-1]):
            name = model if curve[-1] <= ceiling else f"{model} {plain_number(curve[-1], '.3g')}"
            ends.append(EndLabel(min(float(curve[-1]), ceiling), name, strokes[model].colour))
    cut = any(np.nanmax(curve, initial=0.0) > ceiling for curve in curves.values())
    note = f"above {plain_number(ceiling, '.3g')} not drawn" if cut else ""
    figure, axes = horizon_panel(comparison, sheet, ends, height=340 if width == "wide" else 260, note=note)
    axes.set_ylim(0.0, ceiling)
    for model, spread in comparison.seed_spread.items():
        low, high = np.sqrt(spread) if comparison.loss == "squared" else spread
        shade(axes, low, high, strokes[model])
    for model, curve in curves.items():
        draw_curve(axes, curve, strokes[model])
    heading(figure, sheet, with_unit(error_name(comparison), comparison))
    label_ends(axes, ends, sheet, comparison.forecasts.horizon)
    return figure


def draw_fans(comparison: Comparison, *, width: Width = "wide") -> Figure:
    """Draw the forecasts from the first, the middle and the last origin that every model served.

    Each panel has the recent past, what came, the AR with the bands it states itself, and the network with
    its single seeds as thin lines; without either of the two, up to two other models. Log returns are drawn
    as the prices that they lead to from the last one known.

    Args:
        comparison: the result.
        width: "wide" (1000 pixels at 72 dots per inch) or "narrow" (360).
    """
    sheet, strokes = SHEETS[width], strokes_of(comparison)
    shown, models = fan_origins(comparison), fan_models(comparison)
    across, height = (max(1, len(shown)), 240) if width == "wide" else (1, 150)
    down = -(-max(1, len(shown)) // across)
    above, below = 4 * sheet.font, 3 * sheet.font + 6
    total = down * (above + height) + below
    figure = new_figure(sheet, total)
    box = (sheet.width - room_for(sheet, ["actual", *models])) // across - sheet.left
    for i, position in enumerate(shown):
        left = sheet.left + i % across * (box + sheet.left)
        bottom = total - (i // across + 1) * (above + height)
        axes = add_axes(figure, left, bottom, box, height, sheet)
        ends, cut = _fan(axes, comparison, position, models, strokes)
        cutoff = shortened(cutoff_of(comparison, position), 26)
        write(figure, left, bottom + height + 8, f"after {cutoff}{', cut off' if cut else ''}", sheet.font)
        if i % across == across - 1:
            label_ends(axes, ends, sheet, comparison.forecasts.horizon)
    heading(figure, sheet, in_unit("Forecasts and actual values", comparison))
    axis = f"{step_word(comparison.series)} from the origin"
    write(figure, sheet.left, 6, axis if shown else "no origin was served by every model", sheet.font)
    return figure


def strokes_of(comparison: Comparison) -> dict[str, Stroke]:
    """Choose how every model is drawn: the AR and the network have their own colours, references are grey.

    The AR and the network are those of the verdict, or else the first of their kind.
    """
    families = comparison.forecasts.families
    first = {families[model]: model for model in reversed(comparison.scores.models)}
    verdict = comparison.verdict
    first |= {families[m]: m for m in (verdict.ar, verdict.network) if m} if verdict else {}
    chosen, references, others = {}, 0, 0
    for model in comparison.scores.models:
        if families[model] == "reference":
            dash = REFERENCE_DASHES[references % len(REFERENCE_DASHES)]
            chosen[model] = Stroke(PALETTE["reference"], 1.5, (0, dash))
            references += 1
        elif model == first.get("ar"):
            chosen[model] = Stroke(PALETTE["ar"], 2.4)
        elif model == first.get("network"):
            chosen[model] = Stroke(PALETTE["network"], 2.4, (0, (6, 1.6)))
        else:
            colour = PALETTE[f"other-{others % 3 + 1}"]
            chosen[model] = Stroke(colour, 1.8, (0, OTHER_DASHES[others // 3 % len(OTHER_DASHES)]))
            others += 1
    return chosen


def horizon_panel(
    comparison: Comparison, sheet: Sheet, ends: list[EndLabel], *, height: int, above: int = 0, note: str = ""
) -> tuple[Figure, Axes]:
    """Make a figure with one panel over h, room for labels at the right and above, and a note below."""
    right = room_for(sheet, ["best reference", *comparison.scores.models, *(item.text for item in ends)])
    height = max(height, 2 * sheet.font * len(ends))
    top, below = above + 2 * sheet.font, int((4.4 if note else 3) * sheet.font) + 6
    figure = new_figure(sheet, top + height + below)
    axes = add_axes(figure, sheet.left, below, sheet.width - sheet.left - right, height, sheet)
    horizon_axis(axes, comparison.forecasts.horizon, sheet)
    axis = f"{step_word(comparison.series)} ahead, h"
    axes.set_xlabel(axis, loc="right", size=sheet.font, color=PALETTE["muted"])
    write(figure, sheet.left, 6, note, sheet.font)
    return figure, axes


def draw_curve(axes: Axes, values: Vector, stroke: Stroke) -> None:
    """Draw a curve over h; points without neighbours, which a line would not show, as rings."""
    steps = np.arange(1, len(values) + 1)
    axes.plot(steps, values, color=stroke.colour, linewidth=stroke.width, linestyle=stroke.dash, clip_on=True)
    known = np.concatenate([[False], np.isfinite(values), [False]])
    alone = known[1:-1] & ~known[:-2] & ~known[2:]
    (rings,) = axes.plot(steps[alone], values[alone], "o", markersize=7, color=stroke.colour, clip_on=False)
    rings.set_markerfacecolor(PALETTE["paper"])


def shade(axes: Axes, low: Vector, high: Vector, stroke: Stroke) -> None:
    """Shade a band over h, with its edges, so that two may overlap."""
    steps = np.arange(1, len(low) + 1)
    axes.fill_between(steps, low, high, color=stroke.colour, alpha=0.1, linewidth=0)
    for edge in (low, high):
        axes.plot(steps, edge, color=stroke.colour, linewidth=0.7, alpha=0.6)


def _mark_reliable(axes: Axes, comparison: Comparison, model: str, stroke: Stroke) -> None:
    """Dot the reliable steps, and drop a line from the top of the axes to the skill horizon."""
    skill, reliable = comparison.skill[model], np.array(comparison.claimed[model], dtype=np.int64)
    size = 6 if len(skill) <= 36 else 3.5
    axes.plot(reliable, skill[reliable - 1], "o", markersize=size, color=stroke.colour, clip_on=False)
    last = comparison.skill_horizon[model].h
    if last:
        axes.vlines(last, skill[last - 1], axes.get_ylim()[1], colors=stroke.colour, linewidth=0.9, alpha=0.7)


def _far_below(skill: float) -> str:
    return signed_percent(skill) if skill > -10 else f"< {signed_percent(-10)}"


def _reach(comparison: Comparison, model: str) -> str:
    """Say in a few words where skill is reliable."""
    found, steps = comparison.skill_horizon[model], comparison.claimed[model]
    beyond = [h for h in steps if h > found.h]
    scattered = sum(h - 1 not in steps for h in beyond) > 2
    least = "at least " if found.limit == "data" else ""
    parts = [f"{least}up to h = {found.h}"] if found.h else []
    if beyond:
        parts.append(f"at {len(beyond)} other h" if scattered else f"at {spans(beyond)}")
    return f"{model}: reliable {' and '.join(parts)}"


def _fan(
    axes: Axes, comparison: Comparison, position: int, models: tuple[str, ...], strokes: dict[str, Stroke]
) -> tuple[list[EndLabel], bool]:
    """Draw past, bands, members, means and what came; return labels, and whether anything is cut off."""
    forecasts = comparison.forecasts
    origin = int(forecasts.origins[position])
    steps = np.arange(1, forecasts.horizon + 1)
    actual = displayed(comparison, forecasts.actual[position], origin)
    past = comparison.series.values[max(0, origin - max(12, forecasts.horizon)) : origin]
    curves = {model: displayed(comparison, forecasts.of(model)[position], origin) for model in models}
    axes.axvline(0, color=PALETTE["rule"], linewidth=1)
    reach = [past, actual, *curves.values()]
    for model in models:
        if forecasts.families[model] == "ar" and model in forecasts.quantiles:
            bands = displayed(comparison, forecasts.quantiles[model][position], origin)
            reach.append(bands.ravel())
            for i in range(len(forecasts.levels) // 2):
                low, high = bands[:, i], bands[:, -1 - i]
                axes.fill_between(steps, low, high, color=strokes[model].colour, alpha=0.15, linewidth=0)
        for member in forecasts.members.get(model, ()):
            path = displayed(comparison, member[position], origin)
            axes.plot(steps, path, color=strokes[model].colour, linewidth=0.7, alpha=0.6)
    came = np.concatenate([past, actual])
    axes.plot(np.arange(1 - len(past), 1 + len(actual)), came, color=PALETTE["ink"], linewidth=1.3)
    axes.plot(steps, actual, "o", color=PALETTE["ink"], markersize=3.5 if len(steps) <= 36 else 1.5)
    for model, curve in curves.items():
        draw_curve(axes, curve, strokes[model])
    everything = np.concatenate(reach)
    floor, ceiling = _fan_range(came[np.isfinite(came)], everything)
    axes.set_ylim(floor, ceiling)
    axes.set_xlim(1 - len(past), forecasts.horizon)
    axes.xaxis.set_major_locator(MaxNLocator(5, integer=True, steps=[1, 2, 5, 10]))
    ends = [EndLabel(float(actual[-1]), "actual", PALETTE["ink"])]
    ends += [EndLabel(float(curve[-1]), model, strokes[model].colour) for model, curve in curves.items()]
    ends = [EndLabel(float(np.clip(item.y, floor, ceiling)), item.text, item.colour) for item in ends]
    return ends, bool(np.nanmin(everything) < floor or np.nanmax(everything) > ceiling)


def _fan_range(known: Vector, everything: Vector) -> tuple[float, float]:
    """Ends of the y axis: all that is drawn, but at most twice the range of what came on either side."""
    span = 2 * float(np.ptp(known)) or 1.0
    drawn = everything[np.isfinite(everything)]
    low, high = max(drawn.min(), known.min() - span), min(drawn.max(), known.max() + span)
    return float(low - 0.05 * (high - low)), float(high + 0.05 * (high - low))
