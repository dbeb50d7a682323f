"""Intervals of any model from its own past errors: split conformal by h, with the h-step delay rule."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import pairwise
from typing import TypeAlias

import numpy as np

from forecastkit.arrays import Cube, Indices, Matrix, Vector
from forecastkit.backtesting.forecasts import Forecasts
from forecastkit.errors import PlanError, nearest
from forecastkit.models.protocol import QUANTILES

Counts: TypeAlias = np.ndarray[tuple[int, int], np.dtype[np.int64]]
INTERVALS = ("own", "conformal", "adaptive")
ADAPTING = 0.02
"""Step gamma of adaptive intervals."""
PER_STEP = 10
"""Past errors per step ahead from which coverage is close to nominal: they overlap, so long h needs many."""


@dataclass(frozen=True, slots=True, eq=False)
class Conformal:
    """Quantiles made of past errors.

    Args:
        values: shape (O, H, Q); -inf or inf where there are too few past errors for the level.
        levels: shape (Q,), in rising order.
        past_errors: shape (O, H), errors known at the origin and used.
        needed: shape (Q,), errors that each level needs.
    """

    values: Cube
    levels: tuple[float, ...]
    past_errors: Counts
    needed: tuple[int, ...]

    @property
    def enough(self) -> Matrix:
        """Share of the origins by horizon and level that have a finite quantile: shape (H, Q)."""
        share: Matrix = np.isfinite(self.values).mean(axis=0)
        return share

    @property
    def per_step(self) -> Vector:
        """Median of past errors / h, shape (H,); below 10 the intervals tend to be too narrow."""
        steps = np.arange(1, self.values.shape[1] + 1)
        return np.asarray(np.median(self.past_errors, axis=0) / steps)

    def reason(self, row: int, h: int, level: float) -> str | None:
        """Why the quantile at an origin (counted from 0) and h is infinite; None where it is finite."""
        place = self.levels.index(level)
        if np.isfinite(self.values[row, h - 1, place]):
            return None
        known, needed = int(self.past_errors[row, h - 1]), self.needed[place]
        if known < needed:
            return (
                f"{known} errors at h = {h} were known at this origin; level {level:g} needs {needed}. Use "
                "more origins, or a level closer to one half."
            )
        return f"So many bounds were missed before that level {level:g} asks for an unbounded interval here."


def conformal(
    forecasts: Forecasts,
    model: str,
    levels: Sequence[float] = QUANTILES,
    *,
    window: int | None = None,
    symmetric: bool = False,
    gamma: float = 0.0,
) -> Conformal:
    """Give a model of a backtest quantiles from its own past errors; settings as in `conformal_quantiles`.

    Example:
        >>> conformal(forecasts, "lstm", [0.1, 0.9]).values.shape  # doctest: +SKIP
        (131, 24, 2)
    """
    return conformal_quantiles(
        forecasts.of(model),
        forecasts.actual,
        forecasts.origins,
        levels,
        window=window,
        symmetric=symmetric,
        gamma=gamma,
    )


def conformal_quantiles(
    mean: Matrix,
    actual: Matrix,
    origins: Indices,
    levels: Sequence[float] = QUANTILES,
    *,
    window: int | None = None,
    symmetric: bool = False,
    gamma: float = 0.0,
) -> Conformal:
    """Add order statistics of past errors to forecasts, each horizon by itself.

    At origin t and h only errors of targets that have come are known: those of origins s <= t - h. With n of
    them, level q < 1/2 takes the error of rank floor((n + 1) q), q > 1/2 that of rank ceil((n + 1) q), the
    median the mean of both; symmetric, the bounds are the forecast -+ the |error| of rank
    ceil((n + 1)(1 - 2 min(q, 1 - q))). A rank outside 1..n gives an infinite bound.

    With gamma > 0 the tail a = min(q, 1 - q) adapts: a(t + 1) = a(t) + gamma (a - miss(t)), fed with the miss
    of a bound only when its target has come, so h steps late.

    Args:
        mean, actual: forecasts and what came, shape (O, H); NaN cells (a failed model) give no error.
        origins: number of observations known, shape (O,), rising.
        levels: in (0, 1), rising.
        window: use the last so many known errors only; None for all.
        symmetric: rank |error| instead of the signed errors.
        gamma: step of adaptive conformal inference, usually 0.01 to 0.05; 0 keeps the levels.

    Raises:
        PlanError: levels outside (0, 1) or not rising, window < 1, gamma outside [0, 1).

    Source: Lei et al. (2018), JASA 113; Gibbs & Candes (2021), NeurIPS.
    """
    _check(levels, window, gamma)
    errors = actual - mean
    needed = tuple(errors_needed(q, symmetric=symmetric) for q in levels)
    offsets = np.empty((*errors.shape, len(levels)))
    counts: Counts = np.zeros(errors.shape, dtype=np.int64)
    for h in range(1, errors.shape[1] + 1):
        known = np.searchsorted(origins, origins - h, side="right")
        tails = np.array([_tail(q, symmetric) for q in levels])
        adapted, fed = tails.copy(), 0
        for row, upto in enumerate(known.tolist()):
            for past in range(fed, upto if gamma else 0):
                missed = _missed(errors[past, h - 1], offsets[past, h - 1], levels, symmetric)
                counted = np.isfinite(missed) & (counts[past, h - 1] >= np.array(needed))
                adapted = np.where(counted, adapt(adapted, tails, missed, gamma), adapted)
            fed = max(fed, upto)
            came = errors[:upto, h - 1]
            scores = _scores(came[np.isfinite(came)], window, symmetric)
            counts[row, h - 1] = len(scores)
            offsets[row, h - 1] = [
                _offset(scores, a, q, symmetric) for a, q in zip(adapted.tolist(), levels, strict=True)
            ]
    return Conformal(mean[:, :, None] + offsets, tuple(levels), counts, needed)


def check_intervals(intervals: str) -> None:
    """Refuse a way to make intervals that is not known.

    Raises:
        PlanError: names the nearest.
    """
    if intervals not in INTERVALS:
        raise PlanError(f"There are no intervals {intervals!r}. {nearest(intervals, INTERVALS)}")


def with_intervals(forecasts: Forecasts, intervals: str) -> Forecasts:
    """Give conformal quantiles to the models that state none of their own; references stay without.

    Args:
        forecasts: the cubes; quantiles go to their levels, or to the usual ones where they have none.
        intervals: "own" leaves all as it is; "conformal" ranks past errors; "adaptive" also moves the levels
            after every miss (gamma = 0.02), for series that may break.

    Returns:
        new Forecasts; a note among the settings says whose intervals they are.

    Raises:
        PlanError: another word.
    """
    check_intervals(intervals)
    lacking = [m for m in forecasts.models if forecasts.families[m] != "reference"]
    lacking = [m for m in lacking if m not in forecasts.quantiles]
    if intervals == "own" or not lacking:
        return forecasts
    levels, gamma = forecasts.levels or QUANTILES, ADAPTING if intervals == "adaptive" else 0.0
    made = {m: conformal(forecasts, m, levels, gamma=gamma).values for m in lacking}
    finite = {m: np.where(np.isfinite(values), values, np.nan) for m, values in made.items()}
    note = (
        f"Intervals of {', '.join(lacking)} come from their own past errors ({intervals}) that were known at "
        "the origin: early origins have none."
    )
    settings = dict(forecasts.settings)
    notes = (*settings.get("notes", ()), note)
    return replace(
        forecasts,
        quantiles={**forecasts.quantiles, **finite},
        levels=tuple(levels),
        settings=settings | {"intervals": intervals, "notes": notes},
    )


def errors_needed(level: float, *, symmetric: bool = False) -> int:
    """Fewest past errors with which a level has a finite quantile: ceil(1 / tail) - 1.

    Example:
        >>> errors_needed(0.975), errors_needed(0.975, symmetric=True)
        (39, 19)
    """
    return math.ceil(round(1 / _tail(level, symmetric), 9)) - 1


def adapt(tails: Vector, targets: Vector, missed: Vector, gamma: float) -> Vector:
    """Widen tails whose bound was missed, narrow the others: tail + gamma (target - missed)."""
    return tails + gamma * (targets - missed)


def _check(levels: Sequence[float], window: int | None, gamma: float) -> None:
    rising = all(low < high for low, high in pairwise(levels))
    if not levels or not rising or levels[0] <= 0 or levels[-1] >= 1:
        raise PlanError(
            f"Quantile levels {list(levels)} were given; rising numbers between 0 and 1 are needed, such as "
            "0.1, 0.9."
        )
    if window is not None and window < 1:
        raise PlanError(f"window={window} was given; at least one past error is needed. Use None for all.")
    if not 0 <= gamma < 1:
        raise PlanError(f"gamma={gamma:g} was given; it lies in [0, 1). 0 keeps levels, 0.02 adapts them.")


def _tail(level: float, symmetric: bool) -> float:
    """Share of outcomes beyond the bound: one side of it, or both where it is symmetric."""
    side = min(level, 1 - level)
    return 2 * side if symmetric else side


def _scores(errors: Vector, window: int | None, symmetric: bool) -> Vector:
    """Sort what is ranked, the last `window` errors of it."""
    last = errors if window is None else errors[-window:]
    return np.sort(np.abs(last) if symmetric else last)


def _offset(scores: Vector, tail: float, level: float, symmetric: bool) -> float:
    """What is added to the forecast for one level, from sorted scores."""
    if level == 0.5:
        return 0.0 if symmetric else _middle(scores)
    sign = -1.0 if level < 0.5 else 1.0
    tail = min(tail, 1.0 if symmetric else 0.5)
    rank = math.ceil(round((len(scores) + 1) * (1 - tail), 9))
    if tail <= 0 or rank > len(scores):
        return sign * math.inf
    if symmetric:
        return sign * float(scores[rank - 1]) if rank else 0.0
    return float(scores[rank - 1] if sign > 0 else scores[len(scores) - rank])


def _middle(scores: Vector) -> float:
    return float(np.median(scores)) if len(scores) else math.inf


def _missed(error: float, offsets: Vector, levels: Sequence[float], symmetric: bool) -> Vector:
    """Which bounds an error lay beyond, 1 or 0; NaN where the model gave no forecast."""
    if not np.isfinite(error):
        return np.full(len(offsets), np.nan)
    if symmetric:
        return np.asarray(np.abs(error) > np.abs(offsets), dtype=np.float64)
    below = np.array(levels) < 0.5
    return np.asarray(np.where(below, error < offsets, error > offsets), dtype=np.float64)
