"""What is left of the past: autocorrelations with their bands, and tests on residuals."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from scipy.special import chdtrc, ndtri

from forecastkit.arrays import Matrix, Vector, check_vector, is_constant
from forecastkit.diagnostics.added_variables import Form, added_variables
from forecastkit.diagnostics.least_squares import residual_of
from forecastkit.diagnostics.outcome import HypothesisTest, checked
from forecastkit.errors import DataError, SeriesTooShortError

CONFIDENCE = 0.95
ROUNDING = 1e-20
"""Share of the sum of squares below which residuals are rounding, not noise."""


@dataclass(frozen=True, slots=True, eq=False)
class Correlogram:
    """Autocorrelations and partial autocorrelations at lags 1..K, with the bands that belong to them.

    Args:
        acf: shape (K,).
        pacf: shape (K,).
        n: observations.
    """

    acf: Vector
    pacf: Vector
    n: int

    @property
    def white_noise_band(self) -> float:
        """Half width, 1.96 / sqrt(n), in which 95 % lie if the series is white noise; also that of the PACF.

        Source: Bartlett (1946), JRSS Supplement 8(1); for the PACF Quenouille (1949), JRSS B 11(1).
        """
        return float(ndtri((1 + CONFIDENCE) / 2) / np.sqrt(self.n))

    @property
    def bartlett_band(self) -> Vector:
        """Half width at lag k if they end before k: 1.96 sqrt((1 + 2 sum over i < k of r_i^2) / n).

        Shape (K,). It answers "which lag is the last one"; the narrow band does not.
        Source: Bartlett (1946). Agrees with statsmodels `acf(..., alpha=0.05, bartlett_confint=True)`.
        """
        before = np.concatenate([[0.0], np.cumsum(self.acf[:-1] ** 2)])
        return np.asarray(self.white_noise_band * np.sqrt(1 + 2 * before))

    @property
    def last_lag(self) -> int:
        """Last lag whose partial autocorrelation leaves its band, 0 for none: a first guess at the order."""
        outside = np.flatnonzero(np.abs(self.pacf) > self.white_noise_band)
        return int(outside[-1]) + 1 if len(outside) else 0


def correlogram(values: Vector, lags: int) -> Correlogram:
    """Estimate autocorrelations and partial autocorrelations.

    r_k = sum of (y_t - m)(y_(t-k) - m) / sum of (y_t - m)^2; partial ones by the Levinson-Durbin recursion on
    them.

    Args:
        values: shape (T,).
        lags: K, 1 <= K < T.

    Raises:
        SeriesTooShortError: lags is not between 1 and T - 1.
        DataError: the series is constant.
    Source: Brockwell & Davis (1991), sections 7.2 and 3.4. Agrees with R `acf` and `pacf`.

    Example:
        >>> correlogram(np.array([1.0, 2.0, 3.0, 4.0]), 1).acf.tolist()
        [0.25]
    """
    y = check_vector(values, "The input of a correlogram")
    if not 1 <= lags < len(y):
        raise SeriesTooShortError(
            f"A correlogram was given {len(y)} values and {lags} lags; it needs 1 <= lags < values. "
            "Use fewer lags, or a longer series."
        )
    if is_constant(y):
        raise DataError("The series is constant, so it has no autocorrelations. Give one that varies.")
    r = _autocorrelations(y, lags)
    return Correlogram(r, _levinson_durbin(r), len(y))


def _autocorrelations(values: Vector, lags: int) -> Vector:
    centred = (values - values.mean()) / np.std(values)
    products = [np.dot(centred[k:], centred[:-k]) for k in range(1, lags + 1)]
    r: Vector = np.array(products) / np.dot(centred, centred)
    return r


def _levinson_durbin(r: Vector) -> Vector:
    """Partial autocorrelations of autocorrelations r_1..r_K; NaN from where the past explains everything."""
    partial = np.full(len(r), np.nan)
    phi = np.empty(0)
    for k in range(len(r)):
        left = 1.0 - phi @ r[:k]
        if left <= 0:
            break
        partial[k] = (r[k] - phi @ r[:k][::-1]) / left
        phi = np.concatenate([phi - partial[k] * phi[::-1], [partial[k]]])
    return partial


def ljung_box(residuals: Vector, lags: int, *, fitted: int = 0) -> HypothesisTest:
    """Test whether residuals still carry autocorrelation.

    Q = T (T + 2) * sum over k = 1..lags of r_k^2 / (T - k), compared with chi-square(lags - fitted).

    Args:
        residuals: shape (T,), in any unit; the mean need not be zero.
        lags: number of autocorrelations pooled, fitted < lags < T.
        fitted: autoregressive coefficients estimated before.

    Raises:
        SeriesTooShortError: lags is not between fitted and T.
        MissingValuesError: a residual is missing.
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
    statistic = 0.0
    if not is_constant(residuals):
        r = _autocorrelations(residuals, lags)
        statistic = float(n * (n + 2) * np.sum(r**2 / (n - np.arange(1, lags + 1))))
        if not np.isfinite(statistic):
            check_vector(residuals, "The input of Ljung-Box")
    return HypothesisTest(
        name="Ljung-Box",
        null=f"no autocorrelation is left up to lag {lags}",
        statistic=statistic,
        p_value=float(chdtrc(lags - fitted, statistic)),
        n=n,
        degrees=(lags - fitted,),
        lags=lags,
    )


def breusch_godfrey(residuals: Vector, design: Matrix, lags: int, *, form: Form = "chi2") -> HypothesisTest:
    """Test whether residuals of a regression on lagged values still carry autocorrelation.

    The residuals e are regressed on the regressors X and on their own first K lags (zero before the sample).
    "chi2": N R^2, chi-square(K). "F": ((SSR_0 - SSR_1) / K) / (SSR_1 / (N - k - K)), F(K, N - k - K).
    "robust": each lag of e is cleared of X, multiplied by e, and N - SSR of the regression of 1 on these
    products is compared with chi-square(K); it keeps its size where the variance changes over time.

    Args:
        residuals: shape (N,), of least squares on `design`.
        design: shape (N, k), every regressor, the constant among them.
        lags: K, the number of lags tested together, 1 <= K < N - k.
        form: "chi2", "F" or "robust".

    Raises:
        SeriesTooShortError: too few rows for that many lags.
        MissingValuesError: a residual is missing.
        DataError: design and residuals have different lengths.
    Source: Breusch (1978), Godfrey (1978); robust: Wooldridge (1991), J. of Econometrics 47(1). Agrees with R
        `lmtest::bgtest(fill = 0)`.
    """
    e = checked(residuals, "Breusch-Godfrey", 2)
    n, k = design.shape
    if n != len(e):
        raise DataError(
            f"Breusch-Godfrey was given {len(e)} residuals and {n} rows. One row for each is needed."
        )
    if not 1 <= lags < n - k:
        raise SeriesTooShortError(
            f"Breusch-Godfrey was given {n} rows, {k} regressors and {lags} lags; it needs "
            "1 <= lags < rows - regressors. Test fewer lags, or give more rows."
        )
    names = {"chi2": "Breusch-Godfrey", "F": "Breusch-Godfrey, F", "robust": "Breusch-Godfrey, robust"}
    past = np.column_stack([np.concatenate([np.zeros(i), e[:-i]]) for i in range(1, lags + 1)])
    null = f"no autocorrelation is left up to lag {lags}"
    return replace(added_variables(e, design, past, names[form], null, form=form), lags=lags)


def arch_lm(residuals: Vector, lags: int) -> HypothesisTest:
    """Test whether the size of residuals can be told from the sizes before.

    T R^2 of the regression of e_t^2 on a constant and its first K lags, compared with chi-square(K).

    Args:
        residuals: shape (T,).
        lags: K, 1 <= K < (T - 1) / 2.

    Raises:
        SeriesTooShortError: too few residuals for that many lags.
    Source: Engle (1982), Econometrica 50(4), 987-1007. Agrees with statsmodels `het_arch`.
    """
    e = checked(residuals, "The ARCH test", 2 * lags + 3)
    name, null = "ARCH", f"the variance does not depend on the past {lags} residuals"
    spread = np.sqrt(np.mean(e**2))
    squares = (e / spread) ** 2 if spread > 0 else e
    if is_constant(squares):
        return HypothesisTest(
            name, null, None, None, len(e), lags=lags, reason="all residuals are equally large"
        )
    target, n = squares[lags:], len(squares) - lags
    past = np.column_stack([np.ones(n), *(squares[lags - i : -i] for i in range(1, lags + 1))])
    total = np.sum((target - target.mean()) ** 2)
    if total <= ROUNDING * n:
        return HypothesisTest(name, null, None, None, n, lags=lags, reason="all residuals are equally large")
    statistic = n * (1 - float(np.sum(residual_of(target, past) ** 2) / total))
    p_value = float(chdtrc(lags, max(statistic, 0.0)))
    return HypothesisTest(name, null, statistic, p_value, n, (lags,), lags)
