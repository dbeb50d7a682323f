"""A figure with its words, before it is drawn for a page or a file."""

from __future__ import annotations

import io
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from markupsafe import Markup
from matplotlib.figure import Figure

from forecastkit.reporting.canvas import PALETTE, SHEETS
from forecastkit.reporting.svg import inline_svg
from forecastkit.reporting.tables import Table

PIXELS_PER_POINT = 2


@dataclass(frozen=True, slots=True)
class Picture:
    """A figure in its two drawings, with what a reader needs beside it."""

    heading: str
    drawings: tuple[Markup, ...]
    captions: tuple[str, ...]
    table: Table | None = None


@dataclass(frozen=True, slots=True)
class Figured:
    """How to draw a figure, and what stands beside it.

    Args:
        key: unique within a page; begins ids and file names.
        heading: over the figure.
        draw: called with `subject` and width="wide" or "narrow".
        subject: what is drawn.
        captions: sentences under the figure.
        table: its numbers, None where another table has them.
    """

    key: str
    heading: str
    draw: Callable[..., Figure]
    subject: Any
    captions: tuple[str, ...] = ()
    table: Table | None = None


def picture(figured: Figured) -> Picture:
    """Draw a figure for a page, in both widths."""
    drawings = tuple(
        Markup(
            inline_svg(
                figured.draw(figured.subject, width=width),
                key=f"{figured.key}-{width}",
                title=figured.heading,
                kind=width,
            )
        )
        for width in SHEETS
    )
    return Picture(figured.heading, drawings, figured.captions, figured.table)


def png(figured: Figured) -> bytes:
    """Draw a figure as a PNG file, wide, on white paper; equal figures give equal bytes."""
    target = io.BytesIO()
    figure = figured.draw(figured.subject, width="wide")
    dots = PIXELS_PER_POINT * figure.get_dpi()
    figure.savefig(target, format="png", dpi=dots, facecolor=PALETTE["paper"], metadata={"Software": None})
    return target.getvalue()
