"""Autoregressions of many series in one call."""

from __future__ import annotations

from dataclasses import dataclass
from typing import cast

import numpy as np
from numpy.typing import ArrayLike

from forecastkit.arrays import Cube, Indices, Matrix, Vector
from forecastkit.errors import DataError, MissingValuesError, SeriesTooShortError
from forecastkit.models._ar_design import lags_to, rows_of
from forecastkit.models._ar_paths import iterate
from forecastkit.models._rolling_ols import (
    estimate,
    exact_scale,
    gram_factors,
    joined,
    nested_sums,
    one_thread,
    rotate,
)
from forecastkit.models.lags import Criterion, check_criterion, chosen, criterion_table, default_max_lag
from forecastkit.models.protocol import Windows


@dataclass(frozen=True, slots=True, eq=False)
class PanelForecasts:
    """Forecasts of S series from O origins at h = 1..H.

    Args:
        mean: shape (S, O, H).
        p: order chosen, shape (S, O).
        origins: shape (O,); the past of origin t is the first t values.
    """

    mean: Cube
    p: Windows
    origins: Indices


def forecast_panel(
    panel: ArrayLike,
    *,
    horizon: int,
    origins: int = 1,
    max_lag: int | None = None,
    criterion: Criterion = "aic",
) -> PanelForecasts:
    """Forecast many series of one length by autoregressions in levels, refitted at each origin.

    Each series is what `Autoregression(criterion=..., max_lag=..., difference=False)` makes of it alone; the
    factors start from sums of products where that is accurate enough, else from the rows.

    Args:
        panel: one series per row, shape (S, T), finite.
        horizon: steps ahead, H.
        origins: how many, one value apart; the last forecasts the last H values of the panel.
        max_lag: highest order; by default that of a series of the length before the first origin.
        criterion: "aic", "aicc", "bic", "hqic" or "fpe".

    Raises:
        DataError: not a matrix of finite numbers.
        SeriesTooShortError: too few values before the first origin.

    Example:
        >>> forecast_panel(np.random.default_rng(0).normal(size=(3, 90)), horizon=4, origins=2).mean.shape
        (3, 2, 4)
    """
    check_criterion(criterion)
    values = _checked(panel)
    first = values.shape[1] - horizon - origins + 1
    m = default_max_lag(max(first, 0)) if max_lag is None else max_lag
    if first < 2 * m + 3:
        raise SeriesTooShortError(
            f"The series of the panel have {values.shape[1]} values; horizon {horizon}, {origins} origins "
            f"and max_lag {m} need {2 * m + 2 + horizon + origins}. Use a smaller max_lag or fewer origins."
        )
    centre = values[:, :first].mean(axis=1, keepdims=True)
    spread = values[:, :first].std(axis=1, keepdims=True)
    flat = spread <= 1e-13 * np.abs(values[:, :first]).max(axis=1, keepdims=True)
    size = exact_scale(np.where(flat, 0.0, spread))
    scaled = (values - centre) / size
    stops = np.arange(first, first + origins)
    mean, p = np.empty((len(values), origins, horizon)), np.empty((len(values), origins), dtype=np.int64)
    with one_thread():
        factors, head = _first_factors(scaled[:, :first], m), _heads(scaled, m)
        for o, stop in enumerate(stops.tolist()):
            if o:
                newest = np.concatenate([np.ones((len(values), 1)), _newest(scaled, stop - 1, m)], axis=1)
                factors = joined(factors, newest[:, None, :])
            p[:, o], phi, constant = _fitted(factors, head, m, stop - m, criterion)
            base = np.repeat(constant[:, None], horizon, axis=1)
            mean[:, o] = iterate(phi, base, scaled[:, stop - m : stop])
    mean *= size[:, :, None]
    mean += centre[:, :, None]
    return PanelForecasts(mean, p, stops)


def _first_factors(scaled: Matrix, m: int) -> Cube:
    """Factor the first window of every series."""
    factors, trusted = gram_factors(scaled, m, constant=True)
    for s in np.flatnonzero(~trusted).tolist():
        rows = rows_of(scaled[s], lags_to(m), np.ones((scaled.shape[1], 1))).table[m:]
        factors[s] = rotate(np.zeros((m + 2, m + 2), order="F"), rows)
    return factors


def _heads(scaled: Matrix, m: int) -> Cube:
    """Rows of the first m values, which only short orders can use: shape (S, m, m + 2)."""
    head = np.zeros((len(scaled), m, m + 2))
    for t in range(m):
        head[:, t, 0] = 1.0
        head[:, t, 1 : t + 1] = scaled[:, :t][:, ::-1]
        head[:, t, -1] = scaled[:, t]
    return head


def _newest(scaled: Matrix, t: int, m: int) -> Matrix:
    """Lags 1..m of value t, then the value itself."""
    return np.concatenate([scaled[:, t - m : t][:, ::-1], scaled[:, t : t + 1]], axis=1)


def _fitted(
    factors: Cube, head: Cube, m: int, rows: int, criterion: Criterion
) -> tuple[Indices, Matrix, Vector]:
    """Order, coefficients by lag and constant of every series."""
    sizes = np.arange(1, m + 2)
    ssr = nested_sums(factors, sizes)
    p = chosen(criterion_table(ssr / rows, sizes, np.array([rows]), criterion), ssr)
    found, _ = estimate(factors, sizes[p], head, p)
    return p, found[:, 1:], cast(Vector, found[:, 0])


def _checked(panel: ArrayLike) -> Matrix:
    values = np.asarray(panel, dtype=np.float64)
    if values.ndim != 2 or values.size == 0:
        raise DataError(f"The panel has shape {values.shape}; one series per row, shape (S, T), is needed.")
    bad = np.argwhere(~np.isfinite(values))
    if len(bad):
        raise MissingValuesError(
            f"The panel has {len(bad)} missing or infinite values, the first in series {bad[0][0]} at "
            f"position {bad[0][1]}. Every value is needed: fill or drop them first."
        )
    return cast(Matrix, values)
