"""Which origins a bootstrap draws: whole rows of losses, in blocks as long as the errors overlap."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from forecastkit.arrays import Indices, Matrix, Vector
from forecastkit.backtesting.plan import FEWEST_ORIGINS
from forecastkit.comparison.significance import overlap
from forecastkit.comparison.variance import autocovariances

FEWEST_BLOCKS = 5
"""Blocks without which there is nothing to resample."""
DRAWS = 999


def stationary_counts(n: int, block: float, draws: int, rng: np.random.Generator) -> Matrix:
    """Count how often each origin is drawn by the stationary bootstrap: shape (draws, n), rows sum to n.

    Blocks start anywhere, last a geometric number of origins with mean `block`, and go round the end. An
    average over a draw is `counts @ losses / n`, for all models and horizons at once.

    Args:
        n: origins.
        block: mean length, at least 1.
        draws: resampled sets of origins.
        rng: of all randomness.
    Source: Politis & Romano (1994), JASA 89, 1303-1313.

    Example:
        >>> stationary_counts(6, 2.0, 4, np.random.default_rng(0)).sum(axis=1).tolist()
        [6.0, 6.0, 6.0, 6.0]
    """
    rows = stationary_rows(n, block, draws, rng)
    flat = (rows + n * np.arange(draws)[:, None]).ravel()
    counts: Matrix = np.bincount(flat, minlength=draws * n).reshape(draws, n).astype(np.float64)
    return counts


def stationary_rows(n: int, block: float, draws: int, rng: np.random.Generator) -> np.ndarray:
    """Draw the origins themselves, in order: whole numbers below n, shape (draws, n)."""
    begins = rng.random((draws, n)) < 1 / block
    begins[:, 0] = True
    since = np.arange(n) - np.maximum.accumulate(np.where(begins, np.arange(n), 0), axis=1)
    starts = rng.integers(0, n, (draws, n))
    first = np.take_along_axis(starts, np.arange(n) - since, axis=1)
    return np.asarray((first + since) % n)


def politis_white(columns: Matrix) -> Vector:
    """Best mean block length of the stationary bootstrap for each column: shape (K,); NaN on constants.

    Args:
        columns: shape (N, K), in time order, N >= 8.
    Source: Politis & White (2004) with the correction of 2009, Econometric Reviews. Equal to
        `arch.bootstrap.optimal_block_length`, whose import takes seconds.
    """
    n = len(columns)
    longest = np.ceil(min(3 * np.sqrt(n), n / 3))
    patience = max(5, int(np.log10(n)))
    most = int(np.ceil(np.sqrt(n))) + patience
    covariances = autocovariances(columns, most)
    centred = columns - columns.mean(axis=0)
    squares = np.vstack([np.zeros(centred.shape[1]), np.cumsum(centred**2, axis=0)])
    head, tail = squares[n - 1 - np.arange(most + 1)], squares[-1] - squares[1 + np.arange(most + 1)]
    with np.errstate(invalid="ignore", divide="ignore"):  # constants: NaN, as documented
        small = n * np.abs(covariances) / np.sqrt(head * tail) < 2 * np.sqrt(np.log10(n) / n)
        lengths = [_length(covariances[:, i], small[:, i], patience, most) for i in range(columns.shape[1])]
        return np.asarray(np.minimum(np.array(lengths) * n ** (1 / 3), longest))


def _length(covariances: Vector, small: np.ndarray, patience: int, most: int) -> float:
    """Length / N^(1/3) for one column, from its autocovariances and which of their correlations are small."""
    quiet = (m for m in range(most + 1 - patience) if small[m : m + patience].all())
    first = next(quiet, None)
    reach = most if first is None else min(2 * max(first, 1), most)
    k = np.arange(1, reach + 1)
    taper = np.where(k / reach <= 0.5, 1.0, 2 * (1 - k / reach))
    slope = 2 * np.sum(taper * k * covariances[1 : reach + 1])
    variance = covariances[0] + 2 * np.sum(taper * covariances[1 : reach + 1])
    return float(np.cbrt(slope**2 / variance**2))


@dataclass(frozen=True, slots=True, eq=False)
class Resample:
    """Average losses over resampled sets of origins; every model and horizon sees the same set.

    Args:
        losses: by model, shape (N, H).
        averages: by model, shape (draws, H); empty where N / block is below 5.
        counts: how often each draw holds each origin, shape (draws, N).
        block: mean block length in origins.
        overlaps: neighbouring errors that share targets at h = 1..H, shape (H,).
    """

    losses: Mapping[str, Matrix]
    averages: Mapping[str, Matrix]
    counts: Matrix
    block: float
    overlaps: Indices

    @property
    def n(self) -> int:
        """Origins."""
        return len(next(iter(self.losses.values())))

    @property
    def draws(self) -> int:
        """Resampled sets, 0 where there are too few blocks."""
        return len(self.counts)

    @property
    def reason(self) -> str:
        """Why nothing was resampled; empty where something was."""
        if self.draws:
            return ""
        return (
            f"{self.n} origins hold {self.n / self.block:.1f} blocks of {self.block:.0f}, and "
            f"{FEWEST_BLOCKS} are needed for bands"
        )


def resample(
    losses: Mapping[str, Matrix], step: int, *, draws: int = DRAWS, rng: np.random.Generator
) -> Resample:
    """Draw sets of origins in blocks, and average every model's losses over each.

    The mean block length is the overlap at h = H, or, where it is larger, the largest over h of the median
    over models of the length that Politis and White advise.

    Args:
        losses: by model, shape (N, H), rows in time order.
        step: observations between two origins.
        draws: resampled sets of origins.
        rng: of all randomness.
    """
    n, horizon = next(iter(losses.values())).shape
    overlaps = np.array([overlap(h, step) for h in range(1, horizon + 1)])
    stacked = np.hstack(list(losses.values()))
    block = float(overlaps[-1])
    if n >= FEWEST_ORIGINS and np.isfinite(stacked).all():
        block = max(block, _advised(stacked, len(losses)))
    if n < max(FEWEST_ORIGINS, FEWEST_BLOCKS * block) or not np.isfinite(stacked).all():
        draws = 0
    counts = stationary_counts(n, block, draws, rng) if draws else np.empty((0, n))
    averages = np.split(counts @ stacked / max(n, 1), len(losses), axis=1)
    return Resample(losses, dict(zip(losses, averages, strict=True)), counts, block, overlaps)


def _advised(stacked: Matrix, models: int) -> float:
    """Largest over h of the median over models of the advised length; 0 where all losses are constant."""
    lengths = politis_white(stacked).reshape(models, -1)
    known = lengths[:, ~np.isnan(lengths).all(axis=0)]
    return float(np.max(np.nanmedian(known, axis=0), initial=0.0))
