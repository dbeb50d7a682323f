"""What an autoregression leaves, tested."""

from __future__ import annotations

import numpy as np
from scipy.special import chdtrc

from forecastkit.arrays import Matrix, Vector, is_constant
from forecastkit.diagnostics.autocorrelation import arch_lm, breusch_godfrey, ljung_box
from forecastkit.diagnostics.diagnosis import pooled_lags
from forecastkit.diagnostics.outcome import HypothesisTest


def residual_tests(residuals: Vector, design: Matrix, p: int, period: int) -> tuple[HypothesisTest, ...]:
    """Autocorrelation, plain and robust, changing variance, and normality.

    Args:
        residuals: shape (N,).
        design: the regressors, shape (N, K).
        p: order.
        period: season length, 1 for none.
    """
    n = len(residuals)
    pooled = max(1, pooled_lags(n, period))
    further = max(1, min(pooled, (n - design.shape[1] - 1) // 4))
    return (
        ljung_box(residuals, min(max(pooled, p + 5), n - 1), fitted=p),
        breusch_godfrey(residuals, design, further),
        breusch_godfrey(residuals, design, further, form="robust"),
        arch_lm(residuals, max(1, min(5, (n - 4) // 2))),
        _normality(residuals),
    )


def _normality(residuals: Vector) -> HypothesisTest:
    """Jarque-Bera: n (skewness^2 / 6 + excess kurtosis^2 / 24), chi-square(2)."""
    name, null, n = "Jarque-Bera", "the residuals are normal", len(residuals)
    if is_constant(residuals):
        return HypothesisTest(name, null, None, None, n, reason="all residuals are equal")
    z = (residuals - residuals.mean()) / residuals.std()
    statistic = float(n * (np.mean(z**3) ** 2 / 6 + (np.mean(z**4) - 3) ** 2 / 24))
    return HypothesisTest(name, null, statistic, float(chdtrc(2, statistic)), n, (2,))
