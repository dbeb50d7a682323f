"""Do residuals still carry autocorrelation?"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.special import chdtrc

from forecastkit.arrays import Vector, is_constant
from forecastkit.errors import SeriesTooShortError


@dataclass(frozen=True, slots=True)
class LjungBox:
    """Ljung-Box statistic with its p-value and degrees of freedom; small p: structure is left."""

    statistic: float
    p_value: float
    degrees: int


def ljung_box(residuals: Vector, lags: int, *, fitted: int = 0) -> LjungBox:
    """Test whether residuals still carry autocorrelation.

    Q = T (T + 2) * sum over k = 1..lags of r_k^2 / (T - k), compared with chi-square(lags - fitted).

    Args:
        residuals: shape (T,), in any unit; the mean need not be zero.
        lags: number of autocorrelations pooled, fitted < lags < T.
        fitted: autoregressive coefficients estimated before.

    Raises:
        SeriesTooShortError: lags is not between fitted and T.
    Source: Ljung & Box (1978), Biometrika 65(2), 297-303. Agrees with statsmodels `acorr_ljungbox`.

    Example:
        >>> ljung_box(np.array([1.0, -1.0] * 8), lags=1).p_value < 0.001
        True
    """
    n = len(residuals)
    if not fitted < lags < n:
        raise SeriesTooShortError(
            f"Ljung-Box was given {n} residuals, {lags} lags and {fitted} fitted coefficients; it needs "
            "fitted < lags < residuals. Pool more lags, or fit fewer."
        )
    degrees = lags - fitted
    if is_constant(residuals):
        return LjungBox(0.0, 1.0, degrees)
    centred = residuals - residuals.mean()
    r = np.array([np.dot(centred[k:], centred[:-k]) for k in range(1, lags + 1)]) / np.dot(centred, centred)
    statistic = float(n * (n + 2) * np.sum(r**2 / (n - np.arange(1, lags + 1))))
    return LjungBox(statistic, float(chdtrc(degrees, statistic)), degrees)
