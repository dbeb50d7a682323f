"""Figure of a network taken apart: training, guard, memory beside the AR's, and luck of the seed."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.ticker import FixedLocator, FuncFormatter, MaxNLocator, NullLocator

from forecastkit.arrays import Indices, Matrix
from forecastkit.reporting.canvas import (
    DOTS_PER_INCH,
    PALETTE,
    SHEETS,
    Sheet,
    Width,
    add_axes,
    horizon_axis,
    new_figure,
    plain_number,
    shortened,
    signed_percent,
    write,
)
from forecastkit.reporting.figures import Stroke, draw_curve, shade
from forecastkit.reporting.network_facts import Memory, NetworkFits, Training

THIN = 0.7
SMALLEST = 1e-4
"""Weights of past values below this share of their sum are not drawn."""
LARGEST = 3.0
"""Losses more than this many times the AR's above it are cut off."""
RIGHT = 14

Panel = tuple[str, Callable[[Axes, Sheet], None]]
"""Title, and what draws it."""


@dataclass(frozen=True, slots=True, eq=False)
class NetworkDrawing:
    """What the figure of a network shows, and how it and the AR beside it are drawn."""

    found: NetworkFits
    stroke: Stroke
    ar_stroke: Stroke

    @property
    def panels(self) -> list[Panel]:
        """What there is to draw, in reading order: nothing of what the fits do not tell."""
        found = self.found
        guard, memory = found.guard, found.memory
        panels: list[Panel] = []
        if found.trainings:
            panels.append(("Loss by epoch", lambda axes, sheet: _trainings(axes, self)))
        if guard is not None and guard.shape[1] == found.horizon:
            panels.append(
                ("Share of its correction taken, by h", lambda axes, sheet: _guard(axes, guard, self, sheet))
            )
        if memory is not None:
            for h in dict.fromkeys((1, found.horizon)):
                if h in memory.curves:
                    panels.append((f"Weight of past values at h = {h}, by lag", self._weights(memory, h)))
            title = "Last values that make 90 % of the forecast, by h"
            panels.append((title, lambda axes, sheet: _lengths(axes, memory, self, sheet)))
        if found.against_ar is not None:
            title = f"Loss against that of {shortened(found.ar or '', 20)}, by h"
            panels.append((title, lambda axes, sheet: _luck(axes, self, sheet)))
        return panels

    def _weights(self, memory: Memory, h: int) -> Callable[[Axes, Sheet], None]:
        return lambda axes, sheet: _weights(axes, memory, h, self, sheet)


def draw_network(drawing: NetworkDrawing, *, width: Width = "wide") -> Figure:
    """Draw what the fits tell, two panels beside each other in the wide drawing, one in the narrow.

    Args:
        drawing: with at least one panel.
        width: "wide" (1000 pixels at 72 dots per inch) or "narrow" (360).
    """
    sheet, panels = SHEETS[width], drawing.panels
    across, height, pitch, between = (2, 160, 240, 36) if width == "wide" else (1, 110, 176, 0)
    rows = -(-len(panels) // across)
    column = (sheet.width - between * (across - 1)) // across
    figure = new_figure(sheet, rows * pitch + 2 * sheet.font)
    for i, (title, draw) in enumerate(panels):
        left, bottom = i % across * (column + between), (rows - 1 - i // across) * pitch + 28
        axes = add_axes(figure, left + sheet.left, bottom, column - sheet.left - RIGHT, height, sheet)
        draw(axes, sheet)
        text = shortened(title, int(column / sheet.font / 0.56))
        write(figure, left, bottom + height + 14, text, sheet.font, colour="ink", bold=True)
    _key(figure, drawing, sheet)
    return figure


def _key(figure: Figure, drawing: NetworkDrawing, sheet: Sheet) -> None:
    """Name the colours above the panels."""
    across, up = figure.get_size_inches() * DOTS_PER_INCH
    found, x, y = drawing.found, 0.0, up - 1.2 * sheet.font
    named = [(found.model, drawing.stroke)]
    if found.ar is not None and (found.ar_memory is not None or found.against_ar is not None):
        named.append((found.ar, drawing.ar_stroke))
    letters = min(24, int((sheet.width / len(named) - 54) / sheet.font / 0.62))
    for name, stroke in named:
        middle = (y + 0.35 * sheet.font) / up
        figure.add_artist(
            Line2D(
                [x / across, (x + 26) / across],
                [middle, middle],
                color=stroke.colour,
                linewidth=stroke.width,
                linestyle=stroke.dash,
            )
        )
        text = shortened(name, letters)
        words = figure.text((x + 34) / across, y / up, text, size=sheet.font, color=stroke.colour)
        words.set_parse_math(False)
        x += 34 + 0.62 * sheet.font * len(text) + 20


def _trainings(axes: Axes, drawing: NetworkDrawing) -> None:
    """Training losses grey, those on the stopping block in colour, with the epochs kept."""
    trainings = drawing.found.trainings
    last = 1
    for training in trainings:
        epochs, checks = _epochs(training)
        last = max(last, len(epochs), *checks[-1:].tolist())
        for steps, losses, colour, width in (
            (epochs, training.training, PALETTE["reference"], 1.0),
            (checks, training.validation, drawing.stroke.colour, 1.4),
        ):
            marker = "o" if len(steps) == 1 else ""
            axes.plot(steps, losses, color=colour, linewidth=width, marker=marker, clip_on=False)
        kept = np.flatnonzero(checks == training.kept)
        axes.plot(
            checks[kept],
            training.validation[kept],
            "o",
            markersize=8,
            color=drawing.stroke.colour,
            markeredgecolor=PALETTE["paper"],
            zorder=3,
            clip_on=False,
        )
    axes.xaxis.set_major_locator(MaxNLocator(6, integer=True, steps=[1, 2, 5, 10]))
    axes.set_xlim(0, last)


def _epochs(training: Training) -> tuple[Indices, Indices]:
    """Epochs of both curves."""
    first = training.start
    return np.arange(1, len(training.training) + 1), np.arange(first, first + len(training.validation))


def _guard(axes: Axes, guard: Matrix, drawing: NetworkDrawing, sheet: Sheet) -> None:
    mean = guard.mean(axis=0)
    horizon_axis(axes, len(mean), sheet)
    axes.fill_between(np.arange(1, len(mean) + 1), mean, color=drawing.stroke.colour, alpha=0.1, linewidth=0)
    _several(axes, guard, drawing.stroke)
    axes.set_ylim(0.0, 1.05)
    _in_percent(axes)


def _weights(axes: Axes, memory: Memory, h: int, drawing: NetworkDrawing, sheet: Sheet) -> None:
    """Weights of past values on a logarithmic axis, those of the AR beside them."""
    curves, beside = memory.curves[h], drawing.found.ar_memory
    shown = [curves] if beside is None or h not in beside.curves else [beside.curves[h], curves]
    strokes = [drawing.stroke] if len(shown) == 1 else [drawing.ar_stroke, drawing.stroke]
    axes.set_yscale("log")
    for several, stroke in zip(shown, strokes, strict=True):
        _several(axes, several, stroke, least=SMALLEST)
    lags = max(several.shape[1] for several in shown)
    drawn = np.concatenate([np.ravel([*several, several.mean(axis=0)]) for several in shown])
    least = float(drawn[drawn >= SMALLEST].min(initial=1.0))
    axes.set_ylim(max(SMALLEST, least / 1.4), 1.4)
    axes.yaxis.set_major_locator(FixedLocator([1e-4, 1e-3, 1e-2, 0.1, 1.0]))
    axes.yaxis.set_minor_locator(NullLocator())
    axes.yaxis.set_major_formatter(FuncFormatter(lambda share, _: f"{plain_number(100 * share)} %"))
    horizon_axis(axes, lags, sheet)
    axes.set_xlim(1 - 0.02 * lags, lags + 0.02 * lags)


def _lengths(axes: Axes, memory: Memory, drawing: NetworkDrawing, sheet: Sheet) -> None:
    horizon_axis(axes, memory.values.shape[1], sheet)
    beside = drawing.found.ar_memory
    if beside is not None:
        _several(axes, beside.values, drawing.ar_stroke)
    _several(axes, memory.values, drawing.stroke)
    axes.yaxis.set_major_locator(MaxNLocator(5, integer=True, steps=[1, 2, 5, 10]))
    longest = max(float(found.values.max()) for found in (memory, beside) if found is not None)
    axes.set_ylim(0.0, 1.1 * longest or 1.0)


def _luck(axes: Axes, drawing: NetworkDrawing, sheet: Sheet) -> None:
    """Loss of the ensemble and of its best and worst seed, less that of the AR, in shares of it."""
    found, stroke = drawing.found, drawing.stroke
    mean, seeds = found.against_ar, found.seeds_against_ar
    if mean is None:
        return
    horizon_axis(axes, len(mean), sheet)
    axes.axhline(0.0, color=drawing.ar_stroke.colour, linewidth=drawing.ar_stroke.width)
    if seeds is not None:
        shade(axes, seeds[0], seeds[1], stroke)
    draw_curve(axes, mean, stroke)
    drawn = mean if seeds is None else seeds
    low, high = min(0.0, float(drawn.min())), max(0.0, float(drawn.max()))
    room = 0.08 * (high - low) or 0.1
    axes.set_ylim(max(low - room, -1.0), min(high + room, LARGEST))
    _in_percent(axes)


def _several(axes: Axes, curves: Matrix, stroke: Stroke, *, least: float = 0.0) -> None:
    """Draw the mean over seeds, and each of them as a thin line; what is below `least` counts, unseen."""
    steps = np.arange(1, curves.shape[1] + 1)
    *single, mean = (np.where(curve >= least, curve, np.nan) for curve in (*curves, curves.mean(axis=0)))
    for curve in single if len(single) > 1 else ():
        axes.plot(steps, curve, color=stroke.colour, linewidth=THIN, alpha=0.6)
    draw_curve(axes, mean, stroke)


def _in_percent(axes: Axes) -> None:
    axes.yaxis.set_major_formatter(FuncFormatter(lambda share, _: signed_percent(share)))
