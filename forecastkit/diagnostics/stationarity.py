"""Levels or differences? Tests of a unit root and of stationarity."""

from __future__ import annotations

import numpy as np

from forecastkit.arrays import Matrix, Vector, check_vector, is_constant
from forecastkit.diagnostics.least_squares import nested_ssr, residual_of
from forecastkit.diagnostics.mackinnon import DICKEY_FULLER, GLS_DETRENDED, Trend
from forecastkit.diagnostics.outcome import HypothesisTest
from forecastkit.errors import SeriesTooShortError
from forecastkit.series.windows import lag_matrix

SHORTEST = 15
EXACT = 1e-20
"""Share of the variance below which residuals are rounding, not noise."""
SINGULAR = 1e-10
"""Smallest pivot, relative to the largest, with which a regression is solved."""
GLS_DISTANCE: dict[Trend, float] = {"c": -7.0, "ct": -13.5}
"""How far from a unit root, times the length, the data are detrended: where the test has power 1/2."""
AROUND: dict[Trend, str] = {"n": "", "c": " around a mean", "ct": " around a line"}
KPSS_TABLE: dict[Trend, tuple[float, ...]] = {
    "c": (0.347, 0.463, 0.574, 0.739),
    "ct": (0.119, 0.146, 0.176, 0.216),
}
"""Critical values at KPSS_LEVELS. Source: Kwiatkowski et al. (1992), table 1."""
KPSS_LEVELS = (0.10, 0.05, 0.025, 0.01)


def adf(values: Vector, *, trend: Trend = "c", lags: int | None = None) -> HypothesisTest:
    """Augmented Dickey-Fuller test of a unit root.

    t of b in dy_t = c + d t + b y_(t-1) + sum over i = 1..k of g_i dy_(t-i) + e_t. By default k has the
    smallest AIC among 0..ceil(12 (T / 100)^(1/4)) on a common sample; b is then estimated on every row that k
    leaves.

    Args:
        values: shape (T,).
        trend: "n" for neither c nor d, "c" for a constant, "ct" for a line.
        lags: k, where it is not to be chosen.

    Returns:
        the test; for a constant, very short or noise-free series no test but the reason.

    Raises:
        SeriesTooShortError: lags leave too few rows.
        MissingValuesError: a value is missing.
    Source: Said & Dickey (1984), Biometrika 71(3); p-values MacKinnon (1994), JBES 12(2). Agrees with
        statsmodels `adfuller` and R `urca::ur.df`, whose statistics it gives to 1e-8.
    """
    y = check_vector(values, "The input of the ADF test")
    null = f"the series has a unit root{' and no drift' if trend == 'n' else ''}"
    reason = _untestable(y)
    if reason:
        return HypothesisTest("ADF", null, None, None, len(y), lags=lags or 0, reason=reason)
    level = y / y.std() if trend == "n" else (y - y.mean()) / y.std()
    around = _deterministic(len(level), trend)
    if lags is None:
        longest = min(_schwert(len(level)), len(level) // 2 - len(around[0]) - 1)
        lags = _lags_by_aic(level, around, longest)
        if lags is None:
            reason = "the series fits an autoregression exactly"
            return HypothesisTest("ADF", null, None, None, len(y), lags=0, reason=reason)
    statistic, rows = _dickey_fuller(level, around, lags)
    if statistic is None:
        reason = "the series hardly ever changes"
        return HypothesisTest("ADF", null, None, None, len(y), lags=lags, reason=reason)
    return HypothesisTest("ADF", null, statistic, DICKEY_FULLER[trend].p_value(statistic), rows, lags=lags)


def dfgls(values: Vector, *, trend: Trend = "c", lags: int | None = None) -> HypothesisTest:
    """Dickey-Fuller test of a unit root after mean or line are taken out by generalised least squares.

    y_t - a y_(t-1), with a = 1 - 7/T (for a line 1 - 13.5/T), is regressed on the mean or line treated alike;
    what that leaves of y is tested as in `adf`, without a constant. It has more power than ADF when the first
    value lies near the mean. By default k has the smallest AIC on the data detrended by least squares.

    Args:
        values: shape (T,).
        trend: "c" or "ct".
        lags: k, where it is not to be chosen.

    Returns:
        the test; for a constant, very short or noise-free series no test but the reason.

    Raises:
        SeriesTooShortError: lags leave too few rows.
    Source: Elliott, Rothenberg & Stock (1996), Econometrica 64(4); lags Perron & Qu (2007). Agrees with
        `arch.unitroot.DFGLS` and R `urca::ur.ers`, whose statistics it gives to 1e-8.
    """
    y = check_vector(values, "The input of the DF-GLS test")
    null, n = "the series has a unit root", len(y)
    reason = _untestable(y)
    if reason:
        return HypothesisTest("DF-GLS", null, None, None, n, lags=lags or 0, reason=reason)
    level, around = (y - y.mean()) / y.std(), _deterministic(n, trend)
    if lags is None:
        longest = min(_schwert(n), max((n - 1) // 2 - 1, 0))
        lags = _lags_by_aic(residual_of(level, around), np.empty((n, 0)), longest)
        if lags is None:
            reason = "the series fits an autoregression exactly"
            return HypothesisTest("DF-GLS", null, None, None, n, lags=0, reason=reason)
    near = 1 + GLS_DISTANCE[trend] / n
    whole = np.column_stack([around, level])
    whole[1:] -= near * whole[:-1].copy()
    coefficients = np.linalg.lstsq(whole[:, :-1], whole[:, -1], rcond=None)[0]
    statistic, rows = _dickey_fuller(level - around @ coefficients, np.empty((n, 0)), lags)
    if statistic is None:
        reason = "the series hardly ever changes"
        return HypothesisTest("DF-GLS", null, None, None, n, lags=lags, reason=reason)
    return HypothesisTest("DF-GLS", null, statistic, GLS_DETRENDED[trend].p_value(statistic), rows, lags=lags)


def phillips_perron(values: Vector, *, trend: Trend = "c", lags: int | None = None) -> HypothesisTest:
    """Test a unit root by the Dickey-Fuller t without lags, corrected for autocorrelation.

    Z = sqrt(g0 / w) t - (w - g0) / (2 sqrt(w)) * T se / s, with residual variance g0, its long-run variance w
    (Bartlett weights over the lags), and se and s of the regression.

    Args:
        values: shape (T,).
        trend: "c" or "ct".
        lags: of the long-run variance; by default ceil(12 (T / 100)^(1/4)).

    Returns:
        the test; for a constant, very short or noise-free series no test but the reason.

    Raises:
        SeriesTooShortError: as many lags as values.
    Source: Phillips & Perron (1988), Biometrika 75(2); p-values MacKinnon (1994). Agrees with
        `arch.unitroot.PhillipsPerron`.
    """
    y = check_vector(values, "The input of the Phillips-Perron test")
    null, n = "the series has a unit root", len(y) - 1
    lags = _schwert(len(y)) if lags is None else lags
    reason = _untestable(y)
    if reason:
        return HypothesisTest("Phillips-Perron", null, None, None, len(y), lags=lags, reason=reason)
    _check_lags("Phillips-Perron", len(y), lags, n)
    level = (y - y.mean()) / y.std()
    around = _deterministic(len(y), trend)[1:]
    before = residual_of(level[:-1], around)
    u = residual_of(np.diff(level), np.column_stack([around, level[:-1]]))
    squares = float(u @ u)
    if squares <= EXACT * n:
        reason = "the series fits an autoregression exactly"
        return HypothesisTest("Phillips-Perron", null, None, None, len(y), lags=lags, reason=reason)
    slope = float(before @ np.diff(level)) / float(before @ before)
    s = np.sqrt(squares / (n - around.shape[1] - 1))
    error = s / np.sqrt(before @ before)
    short, long = squares / n, long_run_variance(u, lags)
    statistic = float(
        np.sqrt(short / long) * slope / error - 0.5 * (long - short) / np.sqrt(long) * n * error / s
    )
    p_value = DICKEY_FULLER[trend].p_value(statistic)
    return HypothesisTest("Phillips-Perron", null, statistic, p_value, n, lags=lags)


def kpss(values: Vector, *, trend: Trend = "c", lags: int | None = None) -> HypothesisTest:
    """Test stationarity itself: small p says that the series wanders off.

    eta = sum over t of S_t^2 / (T^2 w), with S the partial sums of what mean or line leaves and w its
    long-run variance by Bartlett weights. p is interpolated in a table from .10 to .01; `bound` says where
    it ends.

    Args:
        values: shape (T,).
        trend: "c" for stationarity around a mean, "ct" around a line.
        lags: of the long-run variance; by default the rule of Hobijn, Franses & Ooms (2004).

    Returns:
        the test; for a constant or very short series no test but the reason.

    Raises:
        SeriesTooShortError: as many lags as values.
    Source: Kwiatkowski, Phillips, Schmidt & Shin (1992), J. of Econometrics 54. Agrees with statsmodels
        `kpss` and, at equal lags, R `tseries::kpss.test`.
    """
    y = check_vector(values, "The input of the KPSS test")
    null, n = f"the series is stationary{AROUND[trend]}", len(y)
    reason = _untestable(y)
    u = residual_of(y - y.mean(), _deterministic(n, trend))
    if not reason and np.mean(u**2) <= EXACT * y.var():
        reason = "the series is an exact line"
    if reason:
        return HypothesisTest("KPSS", null, None, None, n, lags=lags or 0, reason=reason)
    lags = _hobijn(u) if lags is None else lags
    _check_lags("KPSS", n, lags, n)
    statistic = float(np.sum(np.cumsum(u) ** 2) / n**2 / long_run_variance(u, lags))
    table = KPSS_TABLE[trend]
    p_value = float(np.interp(statistic, table, KPSS_LEVELS))
    bound = "<=" if statistic >= table[-1] else ">=" if statistic <= table[0] else ""
    return HypothesisTest("KPSS", null, statistic, p_value, n, lags=lags, bound=bound)


def long_run_variance(values: Vector, lags: int) -> float:
    """Variance of sqrt(T) times the mean: g_0 + 2 sum over k = 1..lags of (1 - k / (lags + 1)) g_k.

    Args:
        values: shape (T,), of mean zero.
        lags: 0 <= lags < T.

    Source: Newey & West (1987), Econometrica 55(3). Agrees with `arch`'s `cov_nw(demean=False)`.

    Example:
        >>> long_run_variance(np.array([1.0, -1.0, 1.0, -1.0]), 0)
        1.0
    """
    products = [values[k:] @ values[: len(values) - k] for k in range(lags + 1)]
    weights = np.concatenate([[1.0], 2 * (1 - np.arange(1, lags + 1) / (lags + 1))])
    return float(weights @ products / len(values))


def _untestable(y: Vector) -> str:
    if is_constant(y):
        return "the series is constant"
    return f"fewer than {SHORTEST} observations" if len(y) < SHORTEST else ""


def _deterministic(n: int, trend: Trend) -> Matrix:
    """Columns of a constant and, for a line, of time; none for "n"."""
    columns = [np.ones(n), np.linspace(-1, 1, n)][: {"n": 0, "c": 1, "ct": 2}[trend]]
    return np.array(columns).T.reshape(n, len(columns))


def _schwert(n: int) -> int:
    return int(np.ceil(12 * (n / 100) ** 0.25))


def _hobijn(u: Vector) -> int:
    """Lags of the long-run variance by Hobijn, Franses & Ooms (2004), Bartlett weights."""
    n = len(u)
    products = [u[k:] @ u[: n - k] / n for k in range(int(n ** (2 / 9)) + 1)]
    level = products[0] + 2 * sum(products[1:])
    slope = 2 * sum(k * g for k, g in enumerate(products))
    return min(int(1.1447 * ((slope / level) ** 2) ** (1 / 3) * n ** (1 / 3)), n - 1)


def _lags_by_aic(level: Vector, around: Matrix, longest: int) -> int | None:
    """Number of lagged changes with the smallest AIC on a common sample; None where one fits exactly."""
    design, change = _regression(level, around, longest)
    sums = nested_ssr(design, change)[around.shape[1] + 1 :]
    if sums.min() <= EXACT * (change @ change):
        return None
    return int(np.argmin(len(change) * np.log(sums) + 2 * np.arange(longest + 1)))


def _dickey_fuller(level: Vector, around: Matrix, lags: int) -> tuple[float | None, int]:
    """The t of y_(t-1) and the rows it rests on; None where the regression cannot be solved."""
    _check_lags("A Dickey-Fuller test", len(level), lags, (len(level) - around.shape[1] - 2) // 2)
    design, change = _regression(level, around, lags)
    factor = np.linalg.qr(design)
    if np.min(np.abs(np.diag(factor.R))) <= SINGULAR * np.max(np.abs(factor.R)):
        return None, len(change)
    inverse = np.linalg.inv(factor.R)
    weights = factor.Q.T @ change
    degrees = len(change) - design.shape[1]
    variance = (change @ change - weights @ weights) / degrees
    at = around.shape[1]
    return float((inverse @ weights)[at] / np.sqrt(variance * (inverse[at] @ inverse[at]))), len(change)


def _regression(level: Vector, around: Matrix, lags: int) -> tuple[Matrix, Vector]:
    """Columns [mean, line, y_(t-1), dy_(t-1) .. dy_(t-lags)] and the changes they explain."""
    changes = np.diff(level)
    past = [around[lags + 1 :], level[lags:-1, None], lag_matrix(changes, lags)]
    return np.hstack(past), changes[lags:]


def _check_lags(name: str, n: int, lags: int, most: int) -> None:
    if not 0 <= lags <= most:
        raise SeriesTooShortError(
            f"{name} was given {n} observations and {lags} lags; at most {most} lags fit. Use fewer lags, "
            "or a longer series."
        )
