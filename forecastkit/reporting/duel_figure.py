"""The figure of the question itself: whether the network's loss differs from that of the AR, and where."""

from __future__ import annotations

import numpy as np
from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter

from forecastkit.comparison.bands import Band
from forecastkit.comparison.comparison import Comparison
from forecastkit.reporting.canvas import (
    PALETTE,
    SHEETS,
    EndLabel,
    Width,
    heading,
    label_ends,
    signed_percent,
)
from forecastkit.reporting.figures import draw_curve, horizon_panel, shade, strokes_of

LARGEST = 3.0
"""Differences beyond this many times the AR's loss are cut off; none is below -1, for no loss is below 0."""


def relative_difference(comparison: Comparison) -> Band | None:
    """Loss of the network less that of the AR, with its bands, as shares of the AR's mean loss at each h.

    None without a verdict on a pair, or without bands.
    """
    verdict, band = comparison.verdict, comparison.bands.difference
    if verdict is None or verdict.ar is None or band is None:
        return None
    of_ar = comparison.scores.of(verdict.ar, comparison.loss)
    if not (of_ar > 0).all():
        return None
    return Band(
        estimate=band.estimate / of_ar,
        lower=band.lower / of_ar,
        upper=band.upper / of_ar,
        low=band.low / of_ar,
        high=band.high / of_ar,
        level=band.level,
    )


def draw_duel(comparison: Comparison, *, width: Width = "wide") -> Figure:
    """Draw by how much the network's loss differs from the AR's at each h, with the joint 90 % band.

    Dots mark the steps at which the band leaves zero out.

    Args:
        comparison: a result for which `relative_difference` is not None.
        width: "wide" (1000 pixels at 72 dots per inch) or "narrow" (360).

    Raises:
        ValueError: there is no pair to draw.
    """
    verdict, band = comparison.verdict, relative_difference(comparison)
    if verdict is None or verdict.network is None or band is None:
        raise ValueError("There is no pair of an AR and a network with bands to draw.")
    sheet, stroke = SHEETS[width], strokes_of(comparison)[verdict.network]
    low, high = _ends(band)
    last = float(np.clip(band.estimate[-1], low, high))
    ends = [EndLabel(0.0, verdict.ar or "", PALETTE["ar"]), EndLabel(last, verdict.network, stroke.colour)]
    note = f"above {signed_percent(LARGEST)} not drawn" if (band.high > high).any() else ""
    height = 240 if width == "wide" else 200
    figure, axes = horizon_panel(comparison, sheet, ends, height=height, note=note)
    axes.set_ylim(low, high)
    axes.yaxis.set_major_formatter(FuncFormatter(lambda value, _: signed_percent(value)))
    axes.axhline(0.0, color=PALETTE["ar"], linewidth=2.4)
    shade(axes, band.low, band.high, stroke)
    draw_curve(axes, band.estimate, stroke)
    sure = np.flatnonzero((band.low > 0) | (band.high < 0))
    axes.plot(sure + 1, band.estimate[sure], "o", markersize=6, color=stroke.colour, clip_on=False)
    heading(figure, sheet, f"Loss of {verdict.network} less {verdict.ar}, in shares of {verdict.ar}")
    label_ends(axes, ends, sheet, comparison.forecasts.horizon)
    return figure


def _ends(band: Band) -> tuple[float, float]:
    """Ends of the y axis: all of the band and zero, from what is possible up to LARGEST."""
    low, high = min(0.0, float(np.nanmin(band.low))), max(0.0, float(np.nanmax(band.high)))
    room = 0.06 * (high - low) or 0.1
    return max(low - room, -1.0), min(high + room, LARGEST)
