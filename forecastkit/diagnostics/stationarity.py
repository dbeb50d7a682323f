"""Is a unit root rejected, so that levels may be modelled?"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.special import ndtr

from forecastkit.arrays import Matrix, Vector, is_constant
from forecastkit.diagnostics.least_squares import nested_ssr
from forecastkit.series.windows import lag_matrix

LEVEL = 0.05
SHORTEST = 15
EXACT = 1e-20
"""Share of the variance below which residuals are rounding, not noise."""
SINGULAR = 1e-10
"""Smallest pivot, relative to the largest, with which a regression is solved."""
# MacKinnon's response surface for a constant: below TURN the first polynomial, above it the second.
LEAST, TURN, MOST = -18.83, -1.61, 2.74
LEFT_TAIL = (2.1659, 1.4412, 0.038269)
THE_REST = (1.7339, 0.93202, -0.12745, -0.010368)


@dataclass(frozen=True, slots=True)
class UnitRootTest:
    """Result of a test of H0: the series has a unit root; small p: it has none.

    Where no test could be made, statistic and p_value are None and `reason` says why.
    """

    statistic: float | None
    p_value: float | None
    lags: int
    n: int
    reason: str = ""

    @property
    def rejected(self) -> bool:
        """Whether a unit root is rejected at 5 %."""
        return self.p_value is not None and self.p_value < LEVEL


def adf(values: Vector) -> UnitRootTest:
    """Augmented Dickey-Fuller test with a constant, lags chosen by AIC.

    t of b in dy_t = c + b y_(t-1) + sum over i = 1..k of g_i dy_(t-i) + e_t. k has the smallest AIC among
    0..ceil(12 (T / 100)^(1/4)) on a common sample; b is then estimated on every row that k leaves.

    Args:
        values: shape (T,).

    Returns:
        the test; for a constant, very short or noise-free series no test but the reason.
    Source: Said & Dickey (1984), Biometrika 71(3); p-values MacKinnon (1994), JBES 12(2). Agrees with
        statsmodels `adfuller(regression="c", autolag="AIC")`, whose import alone takes seconds.
    """
    n = len(values)
    if is_constant(values):
        return UnitRootTest(None, None, 0, n, "the series is constant")
    if n < SHORTEST:
        return UnitRootTest(None, None, 0, n, f"fewer than {SHORTEST} observations")
    level = (values - values.mean()) / values.std()
    longest = min(int(np.ceil(12 * (n / 100) ** 0.25)), n // 2 - 2)
    design, change = _regression(level, longest)
    sums = nested_ssr(design, change)[2:]
    if sums.min() <= EXACT * (change @ change):
        return UnitRootTest(None, None, 0, n, "the series fits an autoregression exactly")
    lags = int(np.argmin(len(change) * np.log(sums) + 2 * np.arange(longest + 1)))
    design, change = _regression(level, lags)
    factor = np.linalg.qr(design)
    if np.min(np.abs(np.diag(factor.R))) <= SINGULAR * np.max(np.abs(factor.R)):
        return UnitRootTest(None, None, lags, n, "the series hardly ever changes")
    inverse = np.linalg.inv(factor.R)
    weights = factor.Q.T @ change
    degrees = len(change) - design.shape[1]
    variance = (change @ change - weights @ weights) / degrees
    statistic = float((inverse @ weights)[1] / np.sqrt(variance * (inverse[1] @ inverse[1])))
    return UnitRootTest(statistic, _p_value(statistic), lags, len(change))


def _regression(level: Vector, lags: int) -> tuple[Matrix, Vector]:
    """Columns [1, y_(t-1), dy_(t-1) .. dy_(t-lags)] and the changes they explain."""
    changes = np.diff(level)
    rows = len(changes) - lags
    return np.column_stack([np.ones(rows), level[lags:-1], lag_matrix(changes, lags)]), changes[lags:]


def _p_value(statistic: float) -> float:
    if statistic > MOST:
        return 1.0
    if statistic < LEAST:
        return 0.0
    surface = LEFT_TAIL if statistic <= TURN else THE_REST
    return float(ndtr(np.polynomial.polynomial.polyval(statistic, surface)))
