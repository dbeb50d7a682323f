"""Shapes a network may have, and which of them are tried."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import partial

from forecastkit.models._net_learning import Learner
from forecastkit.models._net_windows import longest_past
from forecastkit.models.protocol import History

SHORTEST = 4
"""Values that a window holds at least."""
FEW = 800
"""Observations below which long windows and wide layers are not tried."""
LONG_SEASON = 12
"""Season from which on one may share a time step."""
SEASONS = 7
"""Seasons in a folded window: a week of days."""
NARROW, WIDE = 32, 64
"""Widths."""
CLEARLY = 0.98
"""A shape replaces the simpler one where its error falls below this share of the other's."""
MAGNITUDES = 3.0
"""Ratio of the largest to the smallest value from which on logarithms are tried."""


@dataclass(frozen=True, slots=True)
class Shape:
    """What a network looks at, and how wide it is.

    Args:
        lookback: past values in a window, a multiple of `fold`.
        fold: values that share a time step.
        units: width of the recurrent layers.
        log: whether logarithms are seen.
    """

    lookback: int
    fold: int
    units: int
    log: bool = False


@dataclass(frozen=True, slots=True)
class Wishes:
    """What a recipe leaves open in a shape, None, and what it states."""

    lookback: int | None = None
    fold: int | None = None
    units: int | None = None
    log: bool | None = None


def search(
    history: History, horizon: int, wishes: Wishes, error: Callable[[Shape], Learner[float]], most: int
) -> Learner[tuple[Shape, int]]:
    """Choose a window, then a width, then whether logarithms are seen; each is tried on the best so far.

    What comes later replaces what came before only where the error falls by 2 % or more.

    Args:
        history: the past.
        horizon: steps ahead.
        wishes: what is settled already.
        error: learns that of a shape, the smaller the better; asked only where there is a choice.
        most: shapes that may be tried.

    Returns:
        the shape, and how many were tried; 0 where there was no choice.
    """
    best, *others = _windows(history, horizon, wishes)
    changes: list[Callable[[Shape], Shape]] = [partial(_instead, other) for other in others]
    if not wishes.units and len(history.values) >= FEW:
        changes.append(lambda shape: replace(shape, units=WIDE))
    if wishes.log is None and _spans_magnitudes(history):
        changes.append(lambda shape: replace(shape, log=True))
    errors: dict[Shape, float] = {}
    for change in changes:
        other = change(best)
        unknown = [shape for shape in (best, other) if shape not in errors]
        if other == best or len(errors) + len(unknown) > most:
            continue
        for shape in unknown:
            errors[shape] = yield from error(shape)
        if errors[other] < CLEARLY * errors[best]:
            best = other
    return best, len(errors)


def _instead(other: Shape, shape: Shape) -> Shape:
    """The window and width of `other`, all else of `shape`."""
    return replace(other, log=shape.log)


def _windows(history: History, horizon: int, wishes: Wishes) -> list[Shape]:
    """Windows that fit a past, the most promising first, at least one: of a long series, folded ones."""
    period, width, log = history.period, wishes.units or NARROW, bool(wishes.log)
    n = len(history.values) + history.changes
    room = max(longest_past(n, horizon), SHORTEST)
    lengths = (wishes.lookback,) if wishes.lookback else (12, 24) if n < FEW else (12, 48)
    steps = sorted({length if wishes.lookback else min(max(length, period), room) for length in lengths})
    fold = wishes.fold or 1
    found = [Shape(max(1, length // fold) * fold, fold, width, log) for length in steps]
    if not wishes.fold and not wishes.lookback and period >= LONG_SEASON and SEASONS * period <= room // 2:
        folded = Shape(SEASONS * period, period, width, log)
        long = [replace(folded, units=wishes.units or WIDE), found[-1]]
        found = [*found, folded] if n < FEW else long
    return list(dict.fromkeys(found))


def _spans_magnitudes(history: History) -> bool:
    """Whether all values are positive and the largest is many times the smallest."""
    least = float(history.values.min())
    return not history.changes and least > 0 and float(history.values.max()) > MAGNITUDES * least
