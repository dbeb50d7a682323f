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
    changes = changes[: most - 1]
    if not changes:
        return best, 0
    least = yield from error(best)
    for change in changes:
        shape = change(best)
        found = yield from error(shape)
        if found < CLEARLY * least:
            best, least = shape, found
    return best, 1 + len(changes)


def _instead(other: Shape, shape: Shape) -> Shape:
    """The window of `other`, all else of `shape`."""
    return replace(shape, lookback=other.lookback, fold=other.fold)


def _windows(history: History, horizon: int, wishes: Wishes) -> list[Shape]:
    """Windows that fit a past, the most promising first, at least one."""
    period = history.period
    n = len(history.values) + history.changes
    room = max(longest_past(n, horizon), SHORTEST)
    lengths = (wishes.lookback,) if wishes.lookback else (12, 24) if n < FEW else (12, 48)
    steps = sorted({length if wishes.lookback else min(max(length, period), room) for length in lengths})
    found = [(length, 1) for length in steps]
    if wishes.fold:
        found = [(max(1, length // wishes.fold) * wishes.fold, wishes.fold) for length in steps]
    elif not wishes.lookback and period >= LONG_SEASON and SEASONS * period <= room // 2:
        found.append((SEASONS * period, period))
    units, log = wishes.units or NARROW, bool(wishes.log)
    return [Shape(length, fold, units, log) for length, fold in dict.fromkeys(found)]


def _spans_magnitudes(history: History) -> bool:
    """Whether all values are positive and the largest is many times the smallest."""
    least = float(history.values.min())
    return not history.changes and least > 0 and float(history.values.max()) > MAGNITUDES * least
