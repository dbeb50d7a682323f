"""All horizons together: which of them differ, and is one forecast better throughout, or on average?"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from scipy.special import ndtri, stdtr

from forecastkit.arrays import Matrix, Vector
from forecastkit.backtesting.plan import FEWEST_ORIGINS
from forecastkit.comparison.bands import standard_errors
from forecastkit.comparison.resampling import DRAWS, FEWEST_BLOCKS, Resample, politis_white
from forecastkit.comparison.variance import quadratic_spectral


@dataclass(frozen=True, slots=True, eq=False)
class SuperiorAbility:
    """Is one forecast better at every horizon (uniform), and better on average over horizons?

    Args:
        t: by h, sqrt(N) * mean differential / sqrt(quadratic-spectral variance), shape (H,); positive
            favours the forecast in question.
        uniform, average: the smallest of t, and the t of the weighted mean differential.
        uniform_p, average_p: chance of such a value or a larger one if that is not so; None: no test.
        block: origins in a block of the bootstrap.
        reason: why there is no test.
    """

    t: Vector
    uniform: float | None
    average: float | None
    uniform_p: float | None
    average_p: float | None
    block: int
    reason: str = ""


def superior_ability(
    losses: Matrix,
    other: Matrix,
    *,
    weights: Vector | None = None,
    draws: int = DRAWS,
    block: int | None = None,
    overlaps: int | None = None,
    rng: np.random.Generator,
) -> SuperiorAbility:
    """Test uniform and average superior predictive ability over all horizons.

    t_h = sqrt(N) dbar_h / sqrt(QS variance), d = other - losses; uniform = min over h of t_h, average = t of
    the weighted mean of d over h. Critical values by a moving-block bootstrap of whole rows, each draw with
    the variance mean over its K blocks of (block sum)^2 / L.

    The null of the uniform test is taken where all horizons are equally good; where a model is far better at
    all but one, the largest p-value over h of a one-horizon test is the safer claim.

    Args:
        losses, other: of the forecast in question and of the one to beat, shape (N, H), rows in time order.
        weights: of the horizons in the mean, shape (H,); equal by default.
        draws: of the bootstrap.
        block: L; by default the larger of `overlaps` and the median over h of what Politis and White advise.
        overlaps: neighbouring errors that share targets at h = H; H by default.
        rng: of all randomness.

    Returns:
        no test where N / L < 5, or some horizon's differential does not vary.
    Source: Quaedvlieg (2021), JBES 39(1), 40-53.
    """
    differential = other - losses
    n, horizon = differential.shape
    shares = np.full(horizon, 1 / horizon) if weights is None else weights / weights.sum()
    columns = np.column_stack([differential, differential @ shares])
    varies = n >= FEWEST_ORIGINS and bool(
        (np.ptp(columns, axis=0) > 1e-12 * np.abs(columns).max(axis=0)).all()
    )
    length = overlaps or horizon
    if block is None and varies:
        length = max(length, int(np.ceil(np.nanmedian(politis_white(differential)))))
    length = block or length
    if not varies or n < FEWEST_BLOCKS * length:
        reason = f"{n} origins are fewer than {FEWEST_BLOCKS} blocks of {length}"
        reason = reason if n < FEWEST_BLOCKS * length else "a differential does not vary"
        return SuperiorAbility(np.full(horizon, np.nan), None, None, None, None, length, reason)
    t = np.sqrt(n) * columns.mean(axis=0) / np.sqrt(quadratic_spectral(columns))
    drawn = _block_statistics(columns, length, draws, rng)
    uniform, average = float(t[:-1].min()), float(t[-1])
    return SuperiorAbility(
        t[:-1],
        uniform,
        average,
        _exceeded(drawn[:, :-1].min(axis=1), uniform),
        _exceeded(drawn[:, -1], average),
        length,
    )


def step_down(drawn: Resample, model: str, others: Sequence[str], *, two_sided: bool = False) -> Vector:
    """Adjust the tests of one model at every h for their number, using how horizons move together.

    The largest statistic over the horizons still in question is compared with its bootstrap distribution;
    those claimed leave, and the rest is tested again. The chance of one false claim or more stays at alpha,
    and less is lost than by Holm's adjustment, since neighbouring horizons are nearly one test.

    Args:
        drawn: of `resample`.
        model: its name.
        others: what it is compared with; of several it has to beat every one.
        two_sided: whether a worse model counts as different, too; with one other only.

    Returns:
        adjusted p-values, shape (H,), small where the model is better (or different); NaN where there is no
        test.
    Source: Romano & Wolf (2005), Econometrica 73(4), 1237-1282.
    """
    horizon = len(drawn.overlaps)
    if not drawn.draws:
        return np.full(horizon, np.nan)
    scores, simulated = np.full(horizon, np.inf), np.full((drawn.draws, horizon), -np.inf)
    for other in others:
        differential = drawn.losses[other] - drawn.losses[model]
        deviations = drawn.averages[other] - drawn.averages[model] - differential.mean(axis=0)
        z, draws = _normal_scores(differential, drawn.overlaps), _standardised(deviations)
        scores = np.minimum(scores, np.abs(z) if two_sided else z)
        simulated = np.maximum(simulated, np.abs(draws) if two_sided else draws)
    return _stepped(scores, simulated)


def _stepped(scores: Vector, simulated: Matrix) -> Vector:
    """Adjusted p-values of scores (H,) against the largest simulated (draws, H) one, step by step."""
    adjusted, least = np.empty(len(scores)), 0.0
    order = np.argsort(-scores, kind="stable")
    largest = np.maximum.accumulate(simulated[:, order[::-1]], axis=1)[:, ::-1]
    for i, h in enumerate(order):
        least = max(least, _exceeded(largest[:, i], float(scores[h])))
        adjusted[h] = least
    return adjusted


def _normal_scores(differential: Matrix, overlaps: np.ndarray) -> Vector:
    """EWC t statistics of column means, carried to the normal scale, so that horizons compare: shape (H,)."""
    errors, degrees = standard_errors(differential, overlaps)
    moves = errors > 0
    t = differential.mean(axis=0) / np.where(moves, errors, 1.0)
    upper = np.clip(stdtr(degrees, -np.abs(t)), 1e-300, 0.5)
    return np.where(moves, -np.sign(t) * ndtri(upper), 0.0)


def _standardised(deviations: Matrix) -> Matrix:
    spread = deviations.std(axis=0)
    return np.asarray(deviations / np.where(spread > 0, spread, 1.0))


def _block_statistics(columns: Matrix, length: int, draws: int, rng: np.random.Generator) -> Matrix:
    """Compute t statistics of centred moving-block draws of whole rows: shape (draws, K)."""
    n = len(columns)
    blocks = n // length
    centred = columns - columns.mean(axis=0)
    sums = np.cumsum(np.vstack([np.zeros(centred.shape[1]), centred]), axis=0)
    totals = sums[length:] - sums[:-length]
    picked = totals[rng.integers(0, len(totals), (draws, blocks))]
    means = picked.mean(axis=1) / length
    variances = np.mean((picked - length * means[:, None, :]) ** 2, axis=1) / length
    return np.asarray(np.sqrt(blocks * length) * means / np.sqrt(np.maximum(variances, 1e-300)))


def _exceeded(simulated: Vector, statistic: float) -> float:
    """Share of simulated statistics that are at least as large, never zero."""
    return float((1 + np.sum(simulated >= statistic)) / (len(simulated) + 1))
