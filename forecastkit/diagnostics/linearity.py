"""Is there anything for a network to find? Tests of what a linear autoregression leaves."""

from __future__ import annotations

from dataclasses import dataclass, replace
from itertools import combinations_with_replacement
from typing import Literal

import numpy as np
from scipy.special import ndtr

from forecastkit.arrays import Mask, Matrix, Vector, is_constant
from forecastkit.diagnostics.added_variables import Form, added_variables
from forecastkit.diagnostics.least_squares import nested_ssr
from forecastkit.diagnostics.outcome import HypothesisTest, checked
from forecastkit.errors import SeriesTooShortError
from forecastkit.series.windows import lag_matrix

Terms = Literal["tsay", "terasvirta"]
NAMES: dict[Terms, str] = {"tsay": "Tsay", "terasvirta": "Terasvirta"}
ROWS_PER_TERM = 15
"""Rows that one added term must have; further lags are then left out of the products."""
MOST_TERMS = 20
"""More terms dilute the test: 5 lags of Tsay's or 3 of Terasvirta's products make 15 or 16."""
WIDTH = 1.5
"""Standard deviations within which the BDS test calls two values close."""


@dataclass(frozen=True, slots=True, eq=False)
class LagRegression:
    """Least squares of y_t on a constant and y_(t-1) .. y_(t-p), with p its order.

    Args:
        coefficients: constant first, shape (p + 1,).
        residuals: shape (T - p,).
        design: shape (T - p, p + 1).
        values: shape (T,).
    """

    coefficients: Vector
    residuals: Vector
    design: Matrix
    values: Vector

    @property
    def p(self) -> int:
        """Order."""
        return len(self.coefficients) - 1


def regress_on_lags(values: Vector, p: int) -> LagRegression:
    """Fit an AR(p) with a constant by least squares.

    Args:
        values: shape (T,).
        p: order, T > 2 p + 2.

    Raises:
        SeriesTooShortError: too few values for that order.
        MissingValuesError: a value is missing.
    """
    y = checked(values, f"A regression on {p} lags", 2 * p + 3)
    design = np.column_stack([np.ones(len(y) - p), lag_matrix(y, p)])
    sizes = np.sqrt(np.sum(design**2, axis=0))
    sizes = np.where(sizes > 0, sizes, 1.0)
    coefficients = np.linalg.lstsq(design / sizes, y[p:], rcond=None)[0] / sizes
    return LagRegression(coefficients, y[p:] - design @ coefficients, design, y)


def linearity_test(
    fit: LagRegression,
    terms: Terms,
    *,
    form: Form = "F",
    rng: np.random.Generator | None = None,
    draws: int = 199,
) -> HypothesisTest:
    """Test whether the mean of y_t given the past is linear in the last values.

    Are further terms missing in the autoregression? "tsay": all products of two of the last m values;
    "terasvirta": all products of two and three, the expansion of a neural network with one hidden layer. m is
    the largest number, at most p and at least 1, with 15 rows for each term and 20 terms at most.

    With `rng`, the F statistic is compared with that of series regenerated from the fitted autoregression
    with residuals of random sign (wild bootstrap), which keeps the size of the test where the variance
    changes over time; then p = (1 + draws with a larger F) / (1 + draws). For long series form="robust" does
    the same at less cost.

    Args:
        fit: the autoregression.
        terms: "tsay" or "terasvirta".
        form: of the test, see `added_variables`; taken as "F" where there is an rng.
        rng: for the bootstrap.
        draws: bootstrap samples.

    Raises:
        SeriesTooShortError: too few rows for a single term.
    Source: Tsay (1986), Biometrika 73(2); Terasvirta, Lin & Granger (1993), J. of Time Series Analysis 14(2);
        bootstrap: Goncalves & Kilian (2004), J. of Econometrics 123(1).
    """
    name, n = NAMES[terms], len(fit.residuals)
    lags = _lags_in_products(fit, terms)
    null = (
        f"the mean is linear in the last {lags} values"
        if lags > 1
        else "the mean is linear in the last value"
    )
    spread = float(np.std(fit.values))
    if is_constant(fit.values) or np.std(fit.residuals) <= 1e-10 * spread:
        return HypothesisTest(name, null, None, None, n, lags=lags, reason="an autoregression fits exactly")
    y = (fit.values - fit.values.mean()) / spread
    fit = regress_on_lags(y, fit.p)
    added = _products(y, fit.p, terms, lags)
    form = "F" if rng is not None else form
    test = replace(added_variables(fit.residuals, fit.design, added, name, null, form=form), lags=lags)
    if rng is None or test.statistic is None:
        return test
    larger = _bootstrap(fit, terms, lags, draws, rng) >= test.statistic
    return replace(test, p_value=float((1 + np.sum(larger)) / (1 + draws)))


def _lags_in_products(fit: LagRegression, terms: Terms) -> int:
    rows = len(fit.residuals)
    needed = fit.p + 1 + ROWS_PER_TERM * _count(1, terms)
    if rows < needed:
        raise SeriesTooShortError(
            f"A test of linearity was given {rows} rows for {fit.p} lags and needs {needed}. Give a longer "
            "series, or fewer lags."
        )
    most = min(MOST_TERMS, (rows - fit.p - 1) // ROWS_PER_TERM)
    return max(m for m in range(1, max(1, fit.p) + 1) if _count(m, terms) <= most)


def _count(m: int, terms: Terms) -> int:
    pairs = m * (m + 1) // 2
    return pairs if terms == "tsay" else pairs + m * (m + 1) * (m + 2) // 6


def _products(y: Vector, p: int, terms: Terms, lags: int) -> Matrix:
    """The added columns, on the rows that p lags leave; the first row of order 0 has no past, taken as 0."""
    past = lag_matrix(np.concatenate([np.zeros(lags), y]), lags)[p:]
    degrees = (2,) if terms == "tsay" else (2, 3)
    chosen = [c for d in degrees for c in combinations_with_replacement(range(lags), d)]
    return np.column_stack([np.prod(past[:, list(columns)], axis=1) for columns in chosen])


def _bootstrap(fit: LagRegression, terms: Terms, lags: int, draws: int, rng: np.random.Generator) -> Vector:
    """The F statistic on series regenerated with residuals of random sign, shape (draws,)."""
    y, e, p, n = fit.values, fit.residuals, fit.p, len(fit.residuals)
    shocks = np.where(rng.integers(0, 2, size=(draws, n)) == 1, e, -e)
    paths = np.tile(y, (draws, 1))
    backwards = fit.coefficients[:0:-1]
    for t in range(p, len(y)):
        paths[:, t] = fit.coefficients[0] + paths[:, t - p : t] @ backwards + shocks[:, t - p]
    statistics = np.empty(draws)
    for i, path in enumerate(paths):
        added = _products(path, p, terms, lags)
        sums = nested_ssr(np.column_stack([np.ones(n), lag_matrix(path, p), added]), path[p:])
        extra, left = added.shape[1], n - p - 1 - added.shape[1]
        statistics[i] = (sums[p + 1] - sums[-1]) / extra / (sums[-1] / left)
    return statistics


def bds(
    residuals: Vector,
    *,
    dimensions: int = 3,
    rng: np.random.Generator | None = None,
    draws: int = 199,
) -> tuple[HypothesisTest, ...]:
    """Test whether residuals are independent: whether close neighbours stay close.

    With C_m the share of pairs of m-histories that lie within 1.5 standard deviations in every coordinate,
    sqrt(T - m + 1) (C_m - C_1^m) / s_m, compared with the normal distribution, two-sided. It finds structure
    of any kind, in the variance as well as in the mean. With `rng`, p comes from shuffled residuals, which
    keeps the size in short samples; then p = (1 + shuffles at least as far from zero) / (1 + draws).

    Args:
        residuals: shape (T,), T >= 20.
        dimensions: largest m; one test for each of 2..m.
        rng: for the shuffles; None for the normal distribution.
        draws: shuffles.

    Returns:
        one test for m = 2, 3, ..; without a p-value and with the reason where all residuals are equal.

    Raises:
        SeriesTooShortError: fewer than 20 residuals.
    Source: Broock, Scheinkman, Dechert & LeBaron (1996), Econometric Reviews 15(3). Agrees with
        statsmodels `bds`.
    """
    e = checked(residuals, "The BDS test", 20)
    n = len(e)
    null = "the residuals are independent"
    names = [f"BDS, m = {m}" for m in range(2, dimensions + 1)]
    if is_constant(e):
        return tuple(HypothesisTest(m, null, None, None, n, reason="all residuals are equal") for m in names)
    close = np.abs(e[:, None] - e) < WIDTH * e.std(ddof=1)
    deviations = _bds_deviations(close, dimensions)
    effects = _bds_effects(close, dimensions)
    statistics = effects / deviations
    if rng is None:
        p_values = 2 * ndtr(-np.abs(statistics))
    else:
        beyond = np.zeros(dimensions - 1)
        for _ in range(draws):
            order = rng.permutation(n)
            drawn = _bds_effects(close[np.ix_(order, order)], dimensions) / deviations
            beyond += np.abs(drawn) >= np.abs(statistics)
        p_values = (1 + beyond) / (1 + draws)
    return tuple(
        HypothesisTest(name, null, float(statistic), float(p), n)
        for name, statistic, p in zip(names, statistics, p_values, strict=True)
    )


def _bds_effects(close: Mask, dimensions: int) -> Vector:
    """sqrt(T - m + 1) (C_m - C_1^m) for m = 2.., C_1 over the part that m leaves."""
    joint, effects = close, []
    n = len(close)
    for m in range(2, dimensions + 1):
        joint = joint[1:, 1:] & close[: n - m + 1, : n - m + 1]
        alone = _share(close[m - 1 :, m - 1 :])
        effects.append(np.sqrt(n - m + 1) * (_share(joint) - alone**m))
    return np.array(effects)


def _share(close: Mask) -> float:
    """Share of close pairs, each counted once and none with itself."""
    n = len(close)
    return float((np.count_nonzero(close) - n) / (n * (n - 1)))


def _bds_deviations(close: Mask, dimensions: int) -> Vector:
    """Standard deviations of the effects; they do not depend on the order of the residuals."""
    n, c = len(close), _share(close)
    rows = np.count_nonzero(close, axis=1).astype(np.float64)
    k = (np.sum(rows**2) - 3 * rows.sum() + 2 * n) / (n * (n - 1) * (n - 2))
    variances = [
        k**m
        + 2 * sum(k ** (m - j) * c ** (2 * j) for j in range(1, m))
        + (m - 1) ** 2 * c ** (2 * m)
        - m**2 * k * c ** (2 * m - 2)
        for m in range(2, dimensions + 1)
    ]
    deviations: Vector = 2 * np.sqrt(np.array(variances))
    return deviations
