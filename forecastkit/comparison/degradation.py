"""Where does a model stop being useful, how fast does it get there, and how far is the best possible?"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
from scipy.special import ndtri, stdtr

from forecastkit.arrays import Cube, Matrix, Vector
from forecastkit.comparison.adjustment import holm
from forecastkit.comparison.bands import LEVEL, standard_errors
from forecastkit.comparison.resampling import Resample
from forecastkit.comparison.significance import loss_differential

NO_BETTER = 0.95
"""Share of the climatology's loss from which a forecast says hardly more than the mean."""


@dataclass(frozen=True, slots=True)
class SkillHorizon:
    """Last step up to which skill is reliably positive.

    Args:
        h: 0 where even the first step shows none.
        limit: why the search ended: "skill" (the next step shows none), "data" (the next step cannot be
            tested with so few origins, so the answer is "at least h"), "H" (no later step was asked for).
        interval: between which it lies in 90 % of resampled sets of origins; None where there are too few.
    """

    h: int
    limit: Literal["skill", "data", "H"]
    interval: tuple[int, int] | None = None

    def __str__(self) -> str:
        return str(self.h) if self.limit == "skill" else f"at least {self.h}"


@dataclass(frozen=True, slots=True, eq=False)
class Degradation:
    """How the loss of one model grows with h.

    Args:
        exponent: c of loss(h) ~ h^c over all h: 1 for the squared error of a random walk, 0 for a flat curve;
            None where a loss is zero or H is 1.
        exponent_interval: in 90 % of resampled sets of origins; None where there are too few.
        plateau: first h from which on the loss stays above 95 % of the climatology's; None where it never
            does.
        half_skill: first h at which skill is at most half of that at h = 1; None where it never is, or the
            first is not positive.
        of_climatology: loss / loss of the climatology, shape (H,), NaN where undefined.
        regret: loss / loss of the oracle, shape (H,), where the truth is known, else None.
    """

    exponent: float | None
    exponent_interval: tuple[float, float] | None
    plateau: int | None
    half_skill: int | None
    of_climatology: Vector
    regret: Vector | None = None


@dataclass(frozen=True, slots=True, eq=False)
class LinearBound:
    """What the fitted autoregression expects of itself, if the series is the linear process it says it is.

    Args:
        variance: sigma^2 * sum over j < h of psi_j^2, averaged over origins, shape (H,).
        excess: mean squared error of each model divided by it, shape (H,). The AR's far above 1 says
            instability or misspecification; a network's below 1 says, in this order: leakage, luck,
            nonlinearity.
        limit: first h at which `variance` reaches 95 % of the climatology's loss: the longest horizon that a
            linear model can serve; None where it does not up to H.
    """

    variance: Vector
    excess: dict[str, Vector]
    limit: int | None


def skill_horizon(p_values: Vector, alpha: float) -> SkillHorizon:
    """Find the largest h such that every k <= h is significant.

    Testing h = 1, 2, ... in order and stopping at the first failure is a fixed-sequence procedure: the
    chance of claiming too much is at most alpha, with no further adjustment. "The last significant h" has no
    such bound.

    Args:
        p_values: one-sided, of "better than every reference" at h = 1..H, shape (H,); NaN: no test could be
            made.
        alpha: level.
    Source: Maurer, Hothorn & Lehmacher (1995).

    Example:
        >>> skill_horizon(np.array([0.01, 0.02, 0.2, 0.03]), 0.05)
        SkillHorizon(h=2, limit='skill', interval=None)
    """
    for h, p in enumerate(p_values):
        if np.isnan(p):
            return SkillHorizon(h, "data")
        if p > alpha:
            return SkillHorizon(h, "skill")
    return SkillHorizon(len(p_values), "H")


def horizon_interval(
    drawn: Resample, model: str, references: Sequence[str], p_values: Vector, alpha: float
) -> tuple[int, int] | None:
    """Between which the skill horizon lies in 90 % of resampled sets of origins.

    In every draw the mean differentials are new and their standard errors (EWC) are kept. This says how much
    the answer depends on the origins at hand; the chance of overclaiming is that of `skill_horizon`.

    Args:
        drawn: of `resample`.
        model, references: their names.
        p_values: as given to `skill_horizon`; a draw ends where they are NaN, and the interval holds what
            they give.
        alpha: level.

    Returns:
        None where too few blocks are left.
    """
    if not drawn.draws:
        return None
    significant = ~np.isnan(p_values) & np.ones((drawn.draws, 1), dtype=np.bool_)
    for name in references:
        differential = loss_differential(drawn.losses[model], drawn.losses[name])
        errors, degrees = standard_errors(differential, drawn.overlaps)
        means = drawn.averages[model] - drawn.averages[name]
        p = stdtr(degrees, means / np.where(errors > 0, errors, 1.0))
        significant &= (p <= alpha) & (errors > 0)
    lengths = np.cumprod(significant, axis=1).sum(axis=1)
    low, high = np.quantile(lengths, [(1 - LEVEL) / 2, (1 + LEVEL) / 2], method="nearest")
    found = skill_horizon(p_values, alpha).h
    return min(int(low), found), max(int(high), found)


def significant_set(p_values: Vector, alpha: float) -> tuple[int, ...]:
    """List the horizons that stay significant after Holm's adjustment, wherever they lie.

    Args:
        p_values: at h = 1..H, shape (H,); NaN: no test.
        alpha: chance of one false claim or more.

    Example:
        >>> significant_set(np.array([0.9, 0.001, 0.002]), 0.05)
        (2, 3)
    """
    adjusted = holm(p_values)
    return tuple(int(h) + 1 for h in np.flatnonzero(adjusted <= alpha))


def growth_exponent(losses: Matrix) -> Vector:
    """Slope of ln loss on ln h by least squares, for every row: shape (K, H) -> (K,).

    Args:
        losses: above zero, H at least 2.

    Example:
        >>> growth_exponent(np.array([[1.0, 2.0, 3.0, 4.0], [5.0, 5.0, 5.0, 5.0]])).round(9).tolist()
        [1.0, 0.0]
    """
    logs = np.log(np.arange(1, losses.shape[-1] + 1))
    centred = logs - logs.mean()
    return np.asarray(np.log(losses) @ centred / (centred @ centred))


def half_skill_horizon(skill: Vector) -> int | None:
    """First h at which skill is at most half of that at h = 1; None where it never is, or starts below 0.

    Example:
        >>> half_skill_horizon(np.array([0.6, 0.4, 0.3, 0.1]))
        3
    """
    if not skill[0] > 0:
        return None
    below = np.flatnonzero(skill <= skill[0] / 2)
    return int(below[0]) + 1 if len(below) else None


def plateau(ratio: Vector) -> int | None:
    """First h from which on a loss stays above 95 % of the climatology's; None where it never does.

    Args:
        ratio: loss / loss of the climatology, shape (H,).

    Example:
        >>> plateau(np.array([0.2, 0.97, 0.9, 0.96, 1.1]))
        4
    """
    lower = np.flatnonzero(~(ratio > NO_BETTER))
    first = int(lower[-1]) + 2 if len(lower) else 1
    return first if first <= len(ratio) else None


def describe_degradation(
    drawn: Resample, model: str, skill: Vector, *, climatology: str | None, oracle: str | None
) -> Degradation:
    """Sum up how the loss of a model grows with h.

    Args:
        drawn: of `resample`.
        model: its name.
        skill: against the best reference, shape (H,).
        climatology, oracle: names of these forecasts, None where there are none.
    """
    loss = drawn.losses[model].mean(axis=0) if drawn.n else np.full(len(skill), np.nan)
    exponent, interval = None, None
    if len(loss) > 1 and (loss > 0).all():
        exponent = float(growth_exponent(loss[None])[0])
        if drawn.draws and (drawn.averages[model] > 0).all():
            slopes = np.quantile(growth_exponent(drawn.averages[model]), [(1 - LEVEL) / 2, (1 + LEVEL) / 2])
            interval = (float(slopes[0]), float(slopes[1]))
    ratio = _ratio(loss, drawn, climatology)
    return Degradation(
        exponent,
        interval,
        plateau(ratio) if np.isfinite(ratio).all() else None,
        half_skill_horizon(skill),
        ratio,
        None if oracle is None else _ratio(loss, drawn, oracle),
    )


def stated_variance(quantiles: Cube, levels: Sequence[float]) -> Vector | None:
    """Read the forecast variance by h from Gaussian quantiles, averaged over origins: shape (H,).

    Args:
        quantiles: what a model says of itself, shape (O, H, Q); origins with NaN do not count.
        levels: of the quantiles, symmetric around 1/2.

    Returns:
        None where they are not those of one normal distribution, so that no variance was stated.
    """
    z = ndtri(np.asarray(levels))
    known = quantiles[np.isfinite(quantiles).all(axis=(1, 2))]
    if not len(known) or len(levels) < 4:
        return None
    half = len(levels) // 2
    spreads = np.stack([(known[..., -1 - i] - known[..., i]) / (z[-1 - i] - z[i]) for i in range(half)])
    if not np.allclose(spreads, spreads[0], rtol=1e-6):
        return None
    return np.asarray(np.mean(spreads[0] ** 2, axis=0))


def linear_bound(variance: Vector, mse: dict[str, Vector], climatology: Vector | None) -> LinearBound:
    """Compare squared errors with what the fitted autoregression expects of itself.

    Args:
        variance: sigma^2 * sum over j < h of psi_j^2, shape (H,).
        mse: mean squared error by model, shape (H,).
        climatology: mean squared error of the climatology, shape (H,), None where it did not run.
    """
    reached = np.empty(0) if climatology is None else np.flatnonzero(variance >= NO_BETTER * climatology)
    excess = {
        name: np.where(variance > 0, curve / np.where(variance > 0, variance, 1), np.nan)
        for name, curve in mse.items()
    }
    return LinearBound(variance, excess, int(reached[0]) + 1 if len(reached) else None)


def predictability_horizon(lyapunov: float, tolerance: float, error: float) -> float:
    """Steps until an error in the initial state has grown to a tolerance: ln(tolerance / error) / lyapunov.

    Args:
        lyapunov: largest Lyapunov exponent per step, above 0.
        tolerance, error: in the same unit, tolerance above error.

    Example:
        >>> round(predictability_horizon(np.log(2), 0.1, 1e-6), 1)
        16.6
    """
    return float(np.log(tolerance / error) / lyapunov)


def _ratio(loss: Vector, drawn: Resample, other: str | None) -> Vector:
    """Divide by the average loss of another forecast; NaN where that is zero or absent."""
    if other is None or not drawn.n:
        return np.full(len(loss), np.nan)
    floor = drawn.losses[other].mean(axis=0)
    return np.where(floor > 0, loss / np.where(floor > 0, floor, 1.0), np.nan)
