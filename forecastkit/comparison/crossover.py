"""Where the lead passes from one model to the other as h grows, and how sure that is."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Literal

import numpy as np

from forecastkit.arrays import Matrix, Vector
from forecastkit.comparison.bands import LEVEL, Band
from forecastkit.comparison.resampling import Resample

Outcome = Literal["rnn_throughout", "ar_throughout", "crossover", "no_single_crossing", "equal"]
Direction = Literal["rnn_then_ar", "ar_then_rnn"]


@dataclass(frozen=True, slots=True)
class Crossing:
    """Who leads at which h.

    Args:
        outcome: one model has the smaller loss at every h, or the lead passes once, or more often.
        first: first h of the new leader, None unless it passes once.
        h: where the difference is zero, interpolated linearly between first - 1 and first.
        direction: who leads before and after.
    """

    outcome: Outcome
    first: int | None = None
    h: float | None = None
    direction: Direction | None = None


@dataclass(frozen=True, slots=True)
class Crossover:
    """The crossing that the averages show, and what luck allows.

    Args:
        crossing: of the average losses at hand.
        confidence_set: first h of a new leader that the simultaneous band of the difference permits, in the
            direction of `crossing` where it has one, else in either; only where one of the two has skill.
        interval: of h, in 90 % of the resampled sets with one crossing; None where fewer than half have one.
        shares: of the resampled sets by outcome; empty where there are too few blocks.
        reason: why there is no confidence set.
    """

    crossing: Crossing
    confidence_set: tuple[int, ...] = ()
    interval: tuple[float, float] | None = None
    shares: Mapping[Outcome, float] | None = None
    reason: str = ""


def crossing(difference: Vector) -> Crossing:
    """Read from a curve who leads at which h.

    Args:
        difference: average loss of the network minus that of the AR, shape (H,); a zero leaves the lead.

    Example:
        >>> crossing(np.array([-1.0, -0.5, 0.5, 0.4]))
        Crossing(outcome='crossover', first=3, h=2.5, direction='rnn_then_ar')
    """
    signs = _filled(np.sign(difference)[None])[0]
    if not signs.any():
        return Crossing("equal")
    changes = np.flatnonzero(np.diff(signs))
    if len(changes) > 1:
        return Crossing("no_single_crossing")
    if len(changes) == 0:
        return Crossing("rnn_throughout" if signs[0] < 0 else "ar_throughout")
    direction: Direction = "rnn_then_ar" if signs[0] < 0 else "ar_then_rnn"
    last = int(changes[0])
    return Crossing(
        "crossover", last + 2, float(_interpolated(difference[None], np.array([last]))[0]), direction
    )


def find_crossover(
    drawn: Resample,
    network: str,
    ar: str,
    band: Band | None,
    claimed: Collection[int],
) -> Crossover:
    """Find where the lead passes from one model to the other, with what luck allows.

    A first h of a new leader is in the confidence set where some curve inside the simultaneous band changes
    sign there and nowhere else; the set holds the true one with the level of the band.

    Args:
        drawn: of `resample`.
        network, ar: names of the two models.
        band: of the loss of the network minus that of the AR, None where too few blocks are left.
        claimed: h at which one of the two has skill.
    """
    difference = (drawn.losses[network] - drawn.losses[ar]).mean(axis=0)
    found = crossing(difference)
    if band is None:
        return Crossover(found, reason=drawn.reason)
    curves = drawn.averages[network] - drawn.averages[ar]
    shares, crossings = _resampled(curves)
    interval = None
    if shares["crossover"] >= 0.5:
        low, high = np.quantile(crossings, [(1 - LEVEL) / 2, (1 + LEVEL) / 2])
        interval = (float(low), float(high))
    directions: tuple[Direction, ...] = (
        (found.direction,) if found.direction else ("rnn_then_ar", "ar_then_rnn")
    )
    permitted = {h for direction in directions for h in permitted_changes(band, direction)}
    known = tuple(sorted(h for h in permitted if h in claimed or h - 1 in claimed))
    reason = "" if known else "neither model has skill where the lead could pass"
    return Crossover(found, known, interval, shares, reason if permitted else "")


def permitted_changes(band: Band, direction: Direction) -> tuple[int, ...]:
    """List every first h of a new leader, 2..H, that a curve inside the simultaneous band can have.

    Args:
        band: of the loss of the network minus that of the AR.
        direction: who leads before.
    """
    sign = 1 if direction == "rnn_then_ar" else -1
    low, high = (band.low, band.high) if sign > 0 else (-band.high, -band.low)
    before = np.logical_and.accumulate(low <= 0)
    after = np.logical_and.accumulate((high >= 0)[::-1])[::-1]
    return tuple(int(i) + 2 for i in np.flatnonzero(before[:-1] & after[1:]))


def _resampled(curves: Matrix) -> tuple[dict[Outcome, float], Vector]:
    """Share of draws by outcome, and where the single crossings lie."""
    signs = _filled(np.sign(curves))
    changed = np.diff(signs, axis=1, append=signs[:, -1:]) != 0  # a last column, so that H = 1 has one
    count, equal = changed.sum(axis=1), ~signs.any(axis=1)
    one = count == 1
    shares: dict[Outcome, float] = {
        "rnn_throughout": float(np.mean((count == 0) & (signs[:, 0] < 0))),
        "ar_throughout": float(np.mean((count == 0) & (signs[:, 0] > 0))),
        "crossover": float(np.mean(one)),
        "no_single_crossing": float(np.mean(count > 1)),
        "equal": float(np.mean(equal)),
    }
    return shares, _interpolated(curves[one], changed[one].argmax(axis=1))


def _interpolated(curves: Matrix, last: np.ndarray) -> Vector:
    """Zero of each row between columns `last` and last + 1, counted from h = 1."""
    if not len(curves):
        return np.empty(0)
    rows = np.arange(len(curves))
    before, after = np.abs(curves[rows, last]), np.abs(curves[rows, last + 1])
    return np.asarray(last + 1 + before / (before + after))


def _filled(signs: Matrix) -> Matrix:
    """Replace zeros by the sign before them, or, at the start of a row, by the first sign after them."""
    places = np.arange(signs.shape[1])
    previous = np.maximum.accumulate(np.where(signs != 0, places, -1), axis=1)
    first = np.argmax(signs != 0, axis=1)[:, None]
    return np.take_along_axis(signs, np.where(previous >= 0, previous, first), axis=1)
