"""Tests beside the one of equal accuracy: predictable advantage, nested models, rankings that change."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.special import chdtrc, ndtr

from forecastkit.arrays import Matrix, Vector
from forecastkit.backtesting.plan import FEWEST_ORIGINS
from forecastkit.comparison.significance import AccuracyTest, overlap
from forecastkit.comparison.variance import bartlett
from forecastkit.models.protocol import Family

WALKS = 20_000
CHUNK = 500
NESTED = ("climatology", "naive")
"""References that an autoregression contains: its mean, and a random walk."""


@dataclass(frozen=True, slots=True, eq=False)
class Fluctuation:
    """Advantage of one forecast over another in a window that moves over the origins.

    Args:
        path: F_t by window, shape (N - w + 1,), negative favours the first; empty where there is no test.
        window: w, origins in a window.
        critical: two-sided value that the path exceeds anywhere by chance; NaN where there is no test.
        reason: why there is no test.
    """

    path: Vector
    window: int
    critical: float
    reason: str = ""

    @property
    def changed(self) -> bool:
        """Whether one was better for a while and the other for another while, each beyond chance."""
        return bool((self.path > self.critical).any() and (self.path < -self.critical).any())


def giacomini_white(differential: Vector, h: int, step: int = 1, *, bounded: bool = True) -> AccuracyTest:
    """Test whether the advantage of one forecast could have been known from the last known differential.

    N zbar' Omega^-1 zbar against chi-square with 2 degrees, z_t = (1, d_(t-k)) d_t, k = ceil(h / step),
    Omega = uncentred sum over |j| < k of (1 - |j| / k) mean(z_t z_(t-j)').

    Args:
        differential: loss of A minus loss of B, shape (N,), in time order.
        h: steps ahead.
        step: observations between two origins.
        bounded: whether models were fitted on windows of fixed length (or once); the theory needs that.

    Returns:
        no test where windows grow, N - k < max(10, 2k), or Omega is singular.
    Source: Giacomini & White (2006), Econometrica 74(6), 1545-1578.
    """
    method, k = "Giacomini-White", overlap(h, step)
    n = len(differential) - k
    reason = ""
    if not bounded:
        reason = "training windows grow with the origin; give train_window, for the test needs bounded ones"
    elif n < max(FEWEST_ORIGINS, 2 * k):
        reason = f"not enough origins: {len(differential)} at overlap {k}"
    elif not np.isfinite(differential).all():
        reason = "a loss is too large to be a number"
    if reason:
        return AccuracyTest(method, None, None, 0, max(n, 0), reason)
    z = np.column_stack([np.ones(n), differential[:-k]]) * differential[k:, None]
    omega = z.T @ z / n
    for j in range(1, k):
        product = z[j:].T @ z[:-j] / n
        omega += (1 - j / k) * (product + product.T)
    if np.linalg.cond(omega) > 1e12:
        return AccuracyTest(method, None, None, 2, n, "the differential does not vary enough")
    mean = z.mean(axis=0)
    statistic = float(n * mean @ np.linalg.solve(omega, mean))
    return AccuracyTest(method, statistic, float(chdtrc(2, statistic)), 2, n)


def clark_west(actual: Vector, small: Vector, large: Vector, h: int, step: int = 1) -> AccuracyTest:
    """Test whether a model beats one that it contains, corrected for the noise of what it estimates besides.

    Mean of e_small^2 - (e_large^2 - (f_small - f_large)^2) over its standard error (Bartlett, k - 1 lags, k =
    ceil(h / step)), one-sided against the normal distribution; large values favour the larger model.

    Args:
        actual, small, large: what came, and the forecasts of the contained and the containing model, (N,).
        h: steps ahead.
        step: observations between two origins.

    Returns:
        no test where N < max(10, 2k) or the forecasts are identical. Whether one model contains the other is
        for the caller to know: see `why_not_nested`.
    Source: Clark & West (2007), Journal of Econometrics 138(1), 291-311.
    """
    method, n, k = "Clark-West", len(actual), overlap(h, step)
    if n < max(FEWEST_ORIGINS, 2 * k):
        return AccuracyTest(method, None, None, 0, n, f"not enough origins: {n} at overlap {k}")
    if not np.isfinite([actual, small, large]).all():
        return AccuracyTest(method, None, None, 0, n, "a forecast is too large to be a number")
    adjusted = (actual - small) ** 2 - ((actual - large) ** 2 - (small - large) ** 2)
    variance = float(bartlett(adjusted[:, None], k - 1)[0])
    if variance <= 0:
        return AccuracyTest(method, None, None, 0, n, "the forecasts do not differ")
    statistic = float(adjusted.mean() / np.sqrt(variance / n))
    return AccuracyTest(method, statistic, float(ndtr(-statistic)), 0, n)


def why_not_nested(large: Family, small: str) -> str:
    """Say why the Clark-West test is no test of these two; empty where the larger contains the smaller.

    Args:
        large: family of the model said to contain the other.
        small: name of the model said to be contained.

    Example:
        >>> why_not_nested("ar", "climatology")
        ''
        >>> why_not_nested("network", "ar")[:34]
        'a network does not contain the AR:'
    """
    if large == "ar" and small in NESTED:
        return ""
    if large == "network":
        return (
            f"a network does not contain the {'AR' if small == 'ar' else small}: no setting of its weights "
            "gives the other's forecasts, so the noise that Clark and West take off is not the one it has"
        )
    return f"it needs a model that contains the other, such as ar against {' or '.join(NESTED)}"


def fluctuation(
    differential: Vector,
    h: int,
    step: int = 1,
    *,
    share: float = 0.3,
    level: float = 0.05,
    rng: np.random.Generator,
) -> Fluctuation:
    """Follow the mean differential over a moving window: did the ranking change over time?

    F_t = sum over w differentials / (sigma sqrt(w)), sigma^2 a Bartlett variance of all N over
    max(k - 1, floor(4 (N / 100)^(2/9))) lags, k = ceil(h / step).

    Args:
        differential: loss of A minus loss of B, shape (N,), in time order.
        h: steps ahead.
        step: observations between two origins.
        share: of the origins in a window; w = share * N, rounded.
        level: chance that the path leaves +-critical anywhere though both are always equally good.
        rng: for the critical value, simulated with random walks of the same N and w.

    Returns:
        no test where N < max(10, 2k), w < 2, or the differential does not vary.
    Source: Giacomini & Rossi (2010), Journal of Applied Econometrics 25(4), 595-620.
    """
    n, k = len(differential), overlap(h, step)
    window = round(share * n)
    none = np.empty(0)
    if n < max(FEWEST_ORIGINS, 2 * k) or window < 2:
        return Fluctuation(none, window, np.nan, f"not enough origins: {n} at overlap {k}")
    lags = max(k - 1, int(4 * (n / 100) ** (2 / 9)))
    variance = float(bartlett(differential[:, None], lags)[0])
    if not variance > 1e-24 * float(np.mean(differential**2)):
        return Fluctuation(none, window, np.nan, "the differential does not vary")
    sums = _moving_sums(differential[None, :], window)[0]
    return Fluctuation(sums / np.sqrt(variance * window), window, _critical(n, window, level, rng))


def _critical(n: int, window: int, level: float, rng: np.random.Generator) -> float:
    """Quantile of the largest |F| of centred-at-zero Gaussian differentials."""
    largest = [
        np.abs(_moving_sums(rng.normal(size=(CHUNK, n)), window)).max(axis=1) for _ in range(WALKS // CHUNK)
    ]
    return float(np.quantile(np.concatenate(largest), 1 - level) / np.sqrt(window))


def _moving_sums(rows: Matrix, window: int) -> Matrix:
    """Sum of every `window` neighbours in each row: shape (R, N - window + 1)."""
    sums = np.cumsum(np.pad(rows, ((0, 0), (1, 0))), axis=1)
    return np.asarray(sums[:, window:] - sums[:, :-window])
