"""Order selection for autoregressions: every order from one QR factor of one common sample."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np

from forecastkit.arrays import Indices, Vector, is_constant
from forecastkit.diagnostics.least_squares import nested_ssr
from forecastkit.errors import PlanError, nearest
from forecastkit.series.windows import lag_matrix

Criterion = Literal["aic", "aicc", "bic", "hqic", "fpe"]
CRITERIA: tuple[Criterion, ...] = ("aic", "aicc", "bic", "hqic", "fpe")
EXACT = 1e-26
"""Residual share below which a fit counts as exact, and higher orders are not looked at."""


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
    column w of one QR factor of [1, lags | y]: SSR_p = SSR_m + sum over i > p of w_i^2. The first minimum
    wins.

    Args:
        values: shape (T,).
        max_lag: highest order; by default min(floor(10 log10 T), T // 5).
        constant: whether the regression has an intercept.
        criterion: "aic", "aicc", "bic", "hqic" or "fpe".

    Raises:
        PlanError: the criterion is unknown, or max_lag leaves fewer rows than coefficients.
    Source: orders agree with statsmodels `ar_select_order`, criteria with `AutoReg(..., hold_back=max_lag)`.
    """
    if criterion not in CRITERIA:
        raise PlanError(f"There is no criterion {criterion!r}. {nearest(criterion, CRITERIA)}")
    m = default_max_lag(len(values)) if max_lag is None else max_lag
    rows = len(values) - m
    if m < 0 or rows < m + constant + 2:
        raise PlanError(
            f"{len(values)} observations and max_lag={m} leave {rows} rows; {m + constant + 2} are needed. "
            "Use a smaller max_lag."
        )
    if is_constant(values) and (constant or not values.any()):
        return LagSelection(0, np.full(m + 1, np.nan), rows)
    ssr = _nested_ssr(values, m, constant)
    regressors = np.arange(m + 1) + constant
    table = _criterion(ssr / rows, regressors, rows, criterion)
    exact = np.flatnonzero(ssr <= EXACT * ssr[0])
    p = int(exact[0]) if exact.size else int(np.argmin(table))
    return LagSelection(p, table, rows)


def _nested_ssr(values: Vector, m: int, constant: bool) -> Vector:
    """Sums of squared residuals of orders 0..m on the common sample, in the unit of the values squared."""
    centre = values.mean() if constant else 0.0
    spread = float(np.sqrt(np.mean((values - centre) ** 2)))
    scaled = (values - centre) / spread
    lags = lag_matrix(scaled, m)
    design = np.column_stack([np.ones(len(lags)), lags]) if constant else lags
    return nested_ssr(design, scaled[m:])[int(constant) :] * spread**2


def _criterion(s2: Vector, k: Indices, n: int, criterion: Criterion) -> Vector:
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
