"""What every figure is drawn on: two widths, one palette, plain text, labels at the ends of curves."""

from __future__ import annotations

import textwrap
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter, MaxNLocator

from forecastkit.arrays import Vector

Width = Literal["wide", "narrow"]
PALETTE = {
    "paper": "#ffffff",
    "ink": "#1d2228",
    "muted": "#5b636d",
    "rule": "#dfe3e8",
    "ar": "#0072b2",
    "network": "#c04e00",
    "reference": "#6b7178",
    "other-1": "#00775b",
    "other-2": "#9c3f7c",
    "other-3": "#7a6000",
}
"""Every colour that a figure may use, by the name of the CSS variable that takes its place in a page."""

LEADER = {"arrowstyle": "-", "linewidth": 0.8, "shrinkA": 3, "shrinkB": 2, "relpos": (0, 0.5)}
LINE = 1.25
DOTS_PER_INCH = 72
"""So that a point is a pixel."""

Bar = tuple[str, str, Sequence[int]]
"""Text, colour, and the steps h that a bar covers."""


@dataclass(frozen=True, slots=True)
class Sheet:
    """Measures of a drawing in pixels.

    Args:
        width: of the whole.
        font: size of all text.
        left: margin for the ticks of the y axis.
        ticks: how many fit on the x axis.
        letters: how many of a name fit beside a curve.
    """

    width: int
    font: int
    left: int
    ticks: int
    letters: int


SHEETS: dict[Width, Sheet] = {"wide": Sheet(1000, 14, 64, 12, 24), "narrow": Sheet(360, 12, 52, 6, 13)}


@dataclass(frozen=True, slots=True)
class EndLabel:
    """A name at the right end of a curve, whose last value is `y`."""

    y: float
    text: str
    colour: str


def new_figure(sheet: Sheet, height: int) -> Figure:
    """Make an empty figure of this height."""
    return Figure(figsize=(sheet.width / DOTS_PER_INCH, height / DOTS_PER_INCH), dpi=DOTS_PER_INCH)


def add_axes(figure: Figure, left: int, bottom: int, width: int, height: int, sheet: Sheet) -> Axes:
    """Add axes at a place given in pixels: no frame, horizontal grid, quiet ticks."""
    across, up = figure.get_size_inches() * DOTS_PER_INCH
    axes = figure.add_axes((left / across, bottom / up, width / across, height / up))
    for side in ("left", "right", "top"):
        axes.spines[side].set_visible(False)
    axes.spines["bottom"].set_color(PALETTE["muted"])
    axes.grid(axis="y", color=PALETTE["rule"], linewidth=1)
    axes.set_axisbelow(True)
    axes.tick_params(length=0, labelsize=sheet.font, labelcolor=PALETTE["muted"], pad=5)
    axes.tick_params(axis="x", length=4, color=PALETTE["muted"])
    axes.yaxis.set_major_locator(MaxNLocator(5, steps=[1, 2, 5, 10]))
    axes.yaxis.set_major_formatter(FuncFormatter(lambda value, _: plain_number(value)))
    axes.xaxis.set_major_formatter(FuncFormatter(lambda value, _: plain_number(value)))
    return axes


def horizon_axis(axes: Axes, horizon: int, sheet: Sheet) -> None:
    """Let the x axis run over h = 1..horizon, with whole ticks that begin at 1."""
    least = -(-horizon // sheet.ticks)
    step = next((step for step in range(least, 2 * least + 1) if horizon % step == 0), least)
    axes.set_xticks(sorted({1, *range(step, horizon + 1, step)}))
    axes.set_xlim((1, horizon) if horizon > 1 else (0.5, 1.5))
    axes.margins(x=0)


def write(
    figure: Figure, x: float, y: float, text: str, size: int, *, colour: str = "muted", bold: bool = False
) -> None:
    """Write plain text at a place given in pixels from the lower left corner of the figure."""
    across, up = figure.get_size_inches() * DOTS_PER_INCH
    weight = "bold" if bold else "normal"
    figure.text(
        x / across, y / up, printable(text), size=size, color=PALETTE[colour], weight=weight, parse_math=False
    )


def heading(figure: Figure, sheet: Sheet, text: str) -> None:
    """Say above the figure what its y axis shows."""
    height = figure.get_size_inches()[1] * DOTS_PER_INCH
    lines = textwrap.wrap(printable(text), int(sheet.width / sheet.font / 0.62))[:2]
    for i, line in enumerate(lines):
        write(figure, 0, height - (1 + LINE * i) * sheet.font, line, sheet.font, colour="ink", bold=True)


def bars_height(bars: Sequence[Bar], sheet: Sheet) -> int:
    """Height that `bars_above` takes, in pixels."""
    return 2 * sheet.font * max(1, len(bars)) + 6


def bars_above(axes: Axes, bars: Sequence[Bar], sheet: Sheet, *, otherwise: str) -> None:
    """Draw a labelled bar over some steps for each entry, above the axes, where it covers no curve.

    Args:
        axes: with their final limits.
        bars: text, colour and steps h, from top to bottom.
        sheet: for sizes.
        otherwise: what is written where there are no bars.
    """
    height = axes.get_window_extent().height
    left, right = axes.get_xlim()
    letters = int((sheet.width - sheet.left) / sheet.font / 0.6)
    rows: Sequence[Bar] = bars or [(otherwise, PALETTE["muted"], ())]
    for i, (text, colour, steps) in enumerate(reversed(rows)):
        y = 1 + (10 + 2 * sheet.font * i) / height
        edges = np.array([(max(left, h - 0.5), min(right, h + 0.5), np.nan) for h in steps]).ravel()
        (bar,) = axes.plot(edges, np.full(len(edges), y), color=colour, linewidth=4, clip_on=False)
        bar.set_transform(axes.get_xaxis_transform())
        bar.set_solid_capstyle("butt")
        words = axes.text(0, y + 6 / height, shortened(text, letters), size=sheet.font, color=colour)
        words.set_parse_math(False)
        words.set_transform(axes.transAxes)


def room_for(sheet: Sheet, names: Sequence[str]) -> int:
    """Width that labels with these names need at the right, in pixels."""
    longest = max(len(line) for name in names for line in wrapped(name, sheet.letters))
    return int(26 + 0.62 * sheet.font * longest)


def label_ends(axes: Axes, labels: Sequence[EndLabel], sheet: Sheet, last: float) -> None:
    """Name curves at their right ends, pushed apart where they would overlap, each joined to its curve.

    Args:
        axes: with their final limits.
        labels: one per curve.
        sheet: for the font size.
        last: where the curves end on the x axis.
    """
    box = axes.get_window_extent()
    low, high = axes.get_ylim()
    ordered = sorted(labels, key=lambda item: item.y)
    texts = ["\n".join(wrapped(item.text, sheet.letters)) for item in ordered]
    sizes = np.array([LINE * sheet.font * (text.count("\n") + 1) for text in texts])
    wanted = np.array([box.y0 + box.height * (item.y - low) / (high - low) for item in ordered])
    places = spread_apart(wanted, sizes, box.y0, box.y1)
    for item, text, place in zip(ordered, texts, places, strict=True):
        axes.annotate(
            text,
            (last, item.y),
            (box.x1 + 18, place),
            textcoords="figure points",
            color=item.colour,
            size=sheet.font,
            va="center",
            linespacing=1.1,
            annotation_clip=False,
            parse_math=False,
            arrowprops={**LEADER, "color": item.colour},
        )


def spread_apart(wanted: Vector, sizes: Vector, low: float, high: float) -> Vector:
    """Move labels as little as possible, in squared distance, so that none covers another.

    Pool-adjacent-violators on the places that remain when the sizes below each label are taken off.

    Args:
        wanted: middles of the labels, rising, shape (K,).
        sizes: their heights, shape (K,).
        low, high: between which they stay where there is room for all; else they begin at `low`.

    Example:
        >>> spread_apart(np.array([5.0, 6.0, 30.0]), np.array([4.0, 4.0, 4.0]), 0.0, 40.0).tolist()
        [3.5, 7.5, 30.0]
    """
    offsets = np.concatenate([[0.0], np.cumsum((sizes[1:] + sizes[:-1]) / 2)])[: len(sizes)]
    blocks: list[list[float]] = []
    for target in wanted - offsets:
        blocks.append([float(target)])
        while len(blocks) > 1 and np.mean(blocks[-2]) > np.mean(blocks[-1]):
            blocks[-2:] = [blocks[-2] + blocks[-1]]
    level = np.array([np.mean(block) for block in blocks for _ in block])
    if len(level):
        first, last = low + sizes[0] / 2, high - sizes[-1] / 2 - offsets[-1]
        level = np.maximum(np.minimum(level, last), first)
    return np.asarray(level + offsets)


def wrapped(name: str, letters: int) -> list[str]:
    """Break a name into at most two lines, preferably at a hyphen or a blank."""
    lines = textwrap.wrap(printable(name), letters, max_lines=2, placeholder="…") or ["?"]
    return [shortened(line, letters) for line in lines]


def shortened(text: str, letters: int) -> str:
    """Cut a text to this many letters, the last of which then says that something is missing."""
    text = printable(text)
    return text if len(text) <= letters else text[: letters - 1] + "…"


def printable(text: str) -> str:
    """Replace what cannot be printed, or stand in a page, by blanks."""
    return " ".join("".join(c if c.isprintable() else " " for c in text).split())


def signed_percent(share: float) -> str:
    """Write a share in per cent with a true minus sign, and none before zero."""
    return f"{plain_number(100 * share, '.0f')} %"


def plain_number(value: float, form: str = ".6g") -> str:
    """Write a number with a true minus sign, and none before zero."""
    text = format(value, form)
    return text.lstrip("-") if float(text) == 0 else text.replace("-", "\N{MINUS SIGN}")
