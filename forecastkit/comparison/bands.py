"""Bands around curves over h: how far error, skill and difference could be from their values by luck.

A band is estimate -/+ q * s: s is the EWC standard error, which keeps its size where errors overlap, and q is
the t quantile (one horizon at a time), or its widening to all horizons at once: the quantile of the largest
standardised deviation over h in the bootstrap, carried over from the normal to the t distribution. Errors and
skill are banded on the scale of the logarithm, so that a band never leaves what is possible.

The plain bootstrap band, with the deviation over draws as s, covers .75 to .81 at nominal 90 % where there
are ten blocks; this one .86 to .92 (tests/benchmarks/bands_coverage.py).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from scipy.special import ndtr, stdtrit

from forecastkit.arrays import Matrix, Vector
from forecastkit.comparison.resampling import Resample
from forecastkit.comparison.significance import degrees_of_freedom
from forecastkit.comparison.variance import cosine_sums

LEVEL = 0.9


@dataclass(frozen=True, slots=True, eq=False)
class Band:
    """A curve over h with what luck allows.

    Args:
        estimate: shape (H,).
        lower, upper: hold at each h, with chance `level` there.
        low, high: hold at every h together with chance `level`.
        level: nominal chance.
    """

    estimate: Vector
    lower: Vector
    upper: Vector
    low: Vector
    high: Vector
    level: float = LEVEL


@dataclass(frozen=True, slots=True, eq=False)
class Bands:
    """All bands of a comparison.

    Args:
        error: by model and reference, of the average loss.
        skill: by model, over the best reference.
        difference: of the average loss of the network minus that of the AR, None without both.
        direct_gap: of the loss of the iterated AR minus that of the direct one, None without both.
        reason: why there are none at all.
    """

    error: Mapping[str, Band]
    skill: Mapping[str, Band]
    difference: Band | None
    direct_gap: Band | None
    reason: str = ""


def error_band(drawn: Resample, model: str, *, level: float = LEVEL) -> Band | None:
    """Band of the average loss of a model, shape (H,); None where too few blocks are left.

    Args:
        drawn: of `resample`.
        model: its name.
        level: nominal coverage.
    """
    if not drawn.draws:
        return None
    average = drawn.losses[model].mean(axis=0)
    influence = drawn.losses[model] / _nonzero(average)
    logs = np.log(_nonzero(drawn.averages[model]) / _nonzero(average))
    pointwise, together = _reach(influence, logs, drawn, level)
    return Band(
        average,
        average * np.exp(-pointwise),
        average * np.exp(pointwise),
        average * np.exp(-together),
        average * np.exp(together),
        level,
    )


def skill_band(
    drawn: Resample, model: str, references: tuple[str, ...], *, level: float = LEVEL
) -> Band | None:
    """Band of 1 - loss / loss of the best reference, which is picked anew in every draw.

    Args:
        drawn: of `resample`.
        model: its name.
        references: among which the best is picked at every h.
        level: nominal coverage.

    Returns:
        shape (H,), NaN where the best reference makes no error; None where too few blocks are left.
    """
    if not drawn.draws:
        return None
    averages = np.array([drawn.losses[name].mean(axis=0) for name in references])
    best = averages.argmin(axis=0)
    floor = averages.min(axis=0)
    known = np.where(floor > 0, 1.0, np.nan)
    losses = np.stack([drawn.losses[name] for name in references])
    chosen = np.take_along_axis(losses, best[None, None, :], axis=0)[0]
    average = drawn.losses[model].mean(axis=0)
    ratio = average / _nonzero(floor)
    influence = drawn.losses[model] / _nonzero(average) - chosen / _nonzero(floor)
    floors = np.min([drawn.averages[name] for name in references], axis=0)
    logs = np.log(_nonzero(drawn.averages[model]) / _nonzero(floors)) - np.log(_nonzero(ratio))
    pointwise, together = _reach(influence, logs, drawn, level)
    pointwise, together = (np.where(average > 0, reach, 0.0) for reach in (pointwise, together))
    return Band(
        known * (1 - ratio),
        known * (1 - ratio * np.exp(pointwise)),
        known * (1 - ratio * np.exp(-pointwise)),
        known * (1 - ratio * np.exp(together)),
        known * (1 - ratio * np.exp(-together)),
        level,
    )


def difference_band(drawn: Resample, model: str, other: str, *, level: float = LEVEL) -> Band | None:
    """Band of the average loss of `model` minus that of `other`; negative favours `model`.

    Args:
        drawn: of `resample`.
        model, other: their names.
        level: nominal coverage.
    """
    if not drawn.draws:
        return None
    differential = drawn.losses[model] - drawn.losses[other]
    average = differential.mean(axis=0)
    deviations = drawn.averages[model] - drawn.averages[other] - average
    pointwise, together = _reach(differential, deviations, drawn, level)
    return Band(
        average, average - pointwise, average + pointwise, average - together, average + together, level
    )


def standard_errors(influence: Matrix, overlaps: np.ndarray) -> tuple[Vector, Vector]:
    """EWC standard errors of column means, and the degrees of their t.

    Args:
        influence: shape (N, H), in time order.
        overlaps: neighbouring errors that share targets, shape (H,).

    Returns:
        both shape (H,); degrees are at least 1.
    """
    n = len(influence)
    degrees = np.array([max(1, degrees_of_freedom(n, int(k))) for k in overlaps])
    squares = cosine_sums(influence, int(degrees.max())) ** 2
    sums = np.cumsum(squares, axis=0)[degrees - 1, np.arange(influence.shape[1])]
    return np.sqrt(sums / degrees / n), degrees.astype(np.float64)


def joint_quantile(deviations: Matrix, level: float) -> float:
    """Quantile of the largest standardised deviation over h: how much wider a band for all h is.

    Args:
        deviations: shape (draws, H), of draws from the estimate; columns without spread do not count.
        level: nominal coverage.
    """
    spread = deviations.std(axis=0)
    moving = spread > 1e-12 * np.max(np.abs(deviations), initial=0.0)
    if not moving.any():
        return 0.0
    return float(np.quantile(np.abs(deviations[:, moving] / spread[moving]).max(axis=1), level))


def _reach(influence: Matrix, deviations: Matrix, drawn: Resample, level: float) -> tuple[Vector, Vector]:
    """Half-widths (H,) of the band for each h, and of the band for all."""
    errors, degrees = standard_errors(influence, drawn.overlaps)
    together = stdtrit(degrees, ndtr(joint_quantile(deviations, level)))
    return errors * stdtrit(degrees, (1 + level) / 2), errors * together


def _nonzero(values: np.ndarray) -> np.ndarray:
    """Replace zeros by one, where a ratio would mean nothing."""
    return np.where(values > 0, values, 1.0)


def all_bands(
    drawn: Resample,
    models: tuple[str, ...],
    references: tuple[str, ...],
    *,
    duel: tuple[str, str] | None,
    direct: tuple[str, str] | None,
) -> Bands:
    """Draw every band of a comparison.

    Args:
        drawn: of `resample`.
        models, references: names.
        duel: network and AR, direct: iterated and direct AR, None where one of the two did not run.
    """
    errors = {name: error_band(drawn, name) for name in drawn.losses}
    skills = {name: skill_band(drawn, name, references) for name in models}
    return Bands(
        {name: band for name, band in errors.items() if band is not None},
        {name: band for name, band in skills.items() if band is not None},
        None if duel is None else difference_band(drawn, *duel),
        None if direct is None else difference_band(drawn, *direct),
        drawn.reason,
    )
