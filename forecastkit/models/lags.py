"""Order selection for autoregressions: every order from one factor of one common sample."""

from __future__ import annotations

import warnings
from dataclasses import dataclass
from typing import Literal, cast

import numpy as np

from forecastkit.arrays import Indices, Vector, check_vector, is_constant
from forecastkit.errors import ForecastKitWarning, PlanError, nearest
from forecastkit.models._ar_design import lags_to, rows_of
from forecastkit.models._rolling_ols import Stack, exact_scale, first_factor, nested_sums, one_thread

Criterion = Literal["aic", "aicc", "bic", "hqic", "fpe"]
CRITERIA: tuple[Criterion, ...] = ("aic", "aicc", "bic", "hqic", "fpe")
EXACT = 1e-26
"""Share of residuals below which a fit counts as exact, and higher orders are not looked at."""


@dataclass(frozen=True, slots=True)
class LagSelection:
    """The order chosen, and `criterion` (max_lag + 1,), one value per order 0.., from `rows` common rows."""

    p: int
    criterion: Vector
    rows: int


def default_max_lag(n: int) -> int:
    """Highest order tried: min(floor(10 log10 n), n // 5)."""
    return max(0, min(int(10 * np.log10(n)), n // 5)) if n > 0 else 0


def select_lags(
    values: Vector, max_lag: int | None = None, *, constant: bool = True, criterion: Criterion = "bic"
) -> LagSelection:
    """Choose the order of an autoregression by an information criterion.

    With N rows common to every order (the first max_lag are left out for all), s2 = SSR / N, k regressors and
    q = k + 1: AIC = -2l + 2q; AICc = -2l + 2qN/(N-q-1); BIC = -2l + q ln N; HQIC = -2l + 2q ln ln N;
    FPE = s2 (N+k)/(N-k); l = -N/2 (ln(2 pi s2) + 1). The SSR of every nested order is read off the last
    column w of one triangular factor of [1, lags | y]: SSR_p = SSR_m + sum over i > p of w_i^2. The first
    minimum wins; an order that fits exactly ends the search. A constant series has order 0, with a warning.

    Args:
        values: shape (T,).
        max_lag: highest order; by default min(floor(10 log10 T), T // 5).
        constant: whether the regression has an intercept.
        criterion: "aic", "aicc", "bic", "hqic" or "fpe".

    Raises:
        PlanError: the criterion is unknown, or max_lag leaves fewer rows than coefficients.
        DataError: a value is missing or infinite; the message names its position.
    Source: orders agree with statsmodels `ar_select_order`, criteria with `AutoReg(..., hold_back=max_lag)`.
    """
    check_criterion(criterion)
    values = check_vector(values, "The series")
    m = default_max_lag(len(values)) if max_lag is None else max_lag
    rows = len(values) - m
    if m < 0 or rows < m + constant + 2:
        raise PlanError(
            f"{len(values)} observations and max_lag={m} leave {rows} rows; {m + constant + 2} are needed. "
            "Use a smaller max_lag."
        )
    if is_constant(values) and (constant or not values.any()):
        warnings.warn(
            f"The series is constant ({values[0]:g}): order 0 is all there is. Check the column.",
            ForecastKitWarning,
            stacklevel=2,
        )
        return LagSelection(0, np.full(m + 1, np.nan), rows)
    centre = values.mean() if constant else 0.0
    spread = float(exact_scale(np.sqrt(np.mean((values - centre) ** 2))))
    scaled = (values - centre) / spread
    terms, sizes = np.ones((len(values), int(constant))), np.arange(m + 1) + constant
    with one_thread():
        factor = first_factor(
            scaled, m, constant=constant, rows=lambda: rows_of(scaled, lags_to(m), terms).table[m:]
        )
    ssr = nested_sums(factor, sizes)
    table = cast(Vector, criterion_table(ssr * spread**2 / rows, sizes, np.array([rows]), criterion))
    return LagSelection(int(chosen(table, ssr)), table, rows)


def check_criterion(criterion: str) -> None:
    """Refuse an unknown criterion.

    Raises:
        PlanError: it is none of CRITERIA.
    """
    if criterion not in CRITERIA:
        raise PlanError(f"There is no criterion {criterion!r}. {nearest(criterion, CRITERIA)}")


def chosen(table: Stack, ssr: Stack) -> Indices:
    """First minimum of each table (..., P), or the first order that leaves no residuals."""
    exact = ssr <= EXACT * ssr[..., :1]
    best: Indices = np.where(exact.any(axis=-1), exact.argmax(axis=-1), table.argmin(axis=-1))
    return best


def criterion_table(s2: Stack, k: Indices, n: Indices, criterion: Criterion) -> Stack:
    """Value of a criterion for residual variances SSR / n.

    Args:
        s2: shape (..., P).
        k: regressors, shape (P,).
        n: rows, shape (..., 1) or one number.
    """
    with np.errstate(divide="ignore"):
        fit = n * (np.log(2 * np.pi * s2) + 1)
    q = k + 1
    if criterion == "aic":
        return np.asarray(fit + 2 * q)
    if criterion == "aicc":
        room = n - q - 1
        return np.where(room > 0, fit + 2 * q * n / np.maximum(room, 1), np.inf)
    if criterion == "bic":
        return np.asarray(fit + q * np.log(n))
    if criterion == "hqic":
        return np.asarray(fit + 2 * q * np.log(np.log(n)))
    return np.asarray(s2 * (n + k) / (n - k))
