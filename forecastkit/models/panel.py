"""Autoregressions, or networks, of many series in one call."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from inspect import signature
from typing import Any, cast

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike

from forecastkit.arrays import Cube, Indices, Matrix, Vector, check_vector
from forecastkit.errors import DataError, PlanError, SeriesTooShortError
from forecastkit.models._ar_design import Trend, lags_to, rows_of
from forecastkit.models._ar_paths import iterate
from forecastkit.models._ar_task import LOWERED
from forecastkit.models._net_panel import train_panel
from forecastkit.models._rolling_ols import (
    estimate,
    exact_scale,
    gram_factors,
    joined,
    nested_sums,
    one_thread,
    rotate,
)
from forecastkit.models.autoregressive import Autoregression
from forecastkit.models.lags import Criterion, check_criterion, chosen, criterion_table, default_max_lag
from forecastkit.models.protocol import History, Schedule, Windows
from forecastkit.models.recurrent import Recurrent
from forecastkit.models.registry import MODELS, find_model


@dataclass(frozen=True, slots=True, eq=False)
class PanelForecasts:
    """Forecasts of S series from O origins at h = 1..H.

    Args:
        mean: shape (S, O, H).
        p: order chosen, shape (S, O); None for networks.
        origins: shape (S, O); the past of origin t is the first t values.
        failures: by number of the series, why its network could not be trained; its forecasts are NaN.
    """

    mean: Cube
    p: Windows | None
    origins: Windows
    failures: Mapping[int, str] = field(default_factory=dict)


def forecast_panel(
    panel: ArrayLike | Sequence[ArrayLike],
    *,
    horizon: int,
    origins: int = 1,
    max_lag: int | None = None,
    criterion: Criterion = "aic",
    difference: bool | None = False,
    trend: Trend = "c",
    period: int = 1,
    seasons: int = 0,
    network: str | Recurrent | None = None,
    seed: int = 0,
) -> PanelForecasts:
    """Forecast many series by autoregressions, refitted at each origin, or by networks, trained once.

    Each series is what `Autoregression` with these options makes of it alone. Series of one length without
    gaps, modelled with at most a constant, are served together: their factors start from sums of products
    where that is accurate enough, else from the rows. All others are served one by one.

    Networks are trained before the first origin: each is what `network` makes of its series alone, whatever
    stands beside it. Where units times batch is at most 2,048 they are trained sixteen at a time, which adds
    sums in another order (float32 rounding).

    Args:
        panel: one series per row, shape (S, T), or series of any lengths; NaN where a value is missing.
        horizon: steps ahead, H.
        origins: how many, one value apart; the last forecasts the last H values of each series.
        max_lag: highest order; by default that of a series of the length before its first origin.
        criterion: "aic", "aicc", "bic", "hqic" or "fpe".
        difference: model first differences; None decides for each series as `ar` does.
        trend: "n", "c" or "ct", of the levels.
        period, seasons: season length m and lags m, 2m .. of it added to every order.
        network: a recurrent network in place of the autoregressions: a recipe, or its registered name.
        seed: of the networks.

    Raises:
        DataError: not series of numbers, or one is infinite somewhere.
        PlanError: an option is unknown, seasonal lags are asked for without a period, or autoregressions'
            options for networks.
        SeriesTooShortError: too few values before a first origin.

    Example:
        >>> forecast_panel(np.random.default_rng(0).normal(size=(3, 90)), horizon=4, origins=2).mean.shape
        (3, 2, 4)
    """
    series = _checked(panel)
    if network is not None:
        _refuse(max_lag=max_lag, criterion=criterion, difference=difference, trend=trend, seasons=seasons)
        stops = _stops(series, horizon, origins)
        mean, failures = train_panel(_network(network), series, stops, horizon, period=period, seed=seed)
        return PanelForecasts(mean, None, stops, failures)
    check_criterion(criterion)
    if seasons and period < 2:
        raise PlanError(f"seasons={seasons} was asked for with period {period}. Give the season length.")
    recipe = Autoregression(
        criterion=criterion, max_lag=max_lag, difference=difference, trend=trend, seasons=seasons
    )
    stops = _stops(series, horizon, origins)
    mean, p = np.empty((len(series), origins, horizon)), np.empty((len(series), origins), dtype=np.int64)
    alike = difference is not None and not seasons and (trend != "ct" or difference)
    groups: dict[int, list[int]] = {}
    for s, values in enumerate(series):
        if alike and np.isfinite(values).all():
            groups.setdefault(len(values), []).append(s)
        else:
            mean[s], p[s] = _alone(recipe, values, stops[s], horizon, period)
    for rows in groups.values():
        together = np.stack([series[s] for s in rows])
        mean[rows], p[rows] = _together(recipe, together, stops[rows[0]], horizon)
    return PanelForecasts(mean, p, stops)


def _stops(series: list[Vector], horizon: int, origins: int) -> Windows:
    """Origins of every series, shape (S, O)."""
    firsts = np.array([len(values) for values in series]) - horizon - origins + 1
    return cast(Windows, firsts[:, None] + np.arange(origins))


def _refuse(**given: Any) -> None:
    """Refuse options of autoregressions where networks are asked for."""
    usual = signature(forecast_panel).parameters
    stated = [name for name, value in given.items() if value != usual[name].default]
    if stated:
        raise PlanError(
            f"network= was given, and {', '.join(stated)}, which only autoregressions have. Leave out one or "
            "the other; what a network is like is stated in its recipe."
        )


def _network(network: str | Recurrent) -> Recurrent:
    """The recipe of a registered name."""
    recipe = find_model(network) if isinstance(network, str) else network
    if isinstance(recipe, Recurrent):
        return recipe
    raise PlanError(
        f"network={network!r} was given. A `Recurrent` recipe, or the name of one, is needed: "
        f"{', '.join(name for name, entry in MODELS.items() if isinstance(entry.make(), Recurrent))}."
    )


def _alone(
    recipe: Autoregression, values: Vector, stops: Indices, horizon: int, period: int
) -> tuple[Matrix, Indices]:
    """Forecasts (O, H) and orders (O,) of one series."""
    windows = np.stack([np.zeros_like(stops), stops], axis=1)
    known = values[: max(int(stops[-1]), 0)]
    if stops[0] < 1:
        raise SeriesTooShortError(
            f"A series of {len(values)} values has none before its first of {len(stops)} origins at horizon "
            f"{horizon}. Use fewer origins or a shorter horizon."
        )
    history = History(known, pd.RangeIndex(len(known)), period)
    answers = recipe.forecast_origins(
        history,
        Schedule(windows, windows, np.arange(len(stops))),
        horizon=horizon,
        rng=np.random.default_rng(0),
    )
    return answers.mean, np.array([fact["p"] for fact in answers.facts], dtype=np.int64)


def _together(recipe: Autoregression, values: Matrix, stops: Indices, horizon: int) -> tuple[Cube, Windows]:
    """Forecasts (S, O, H) and orders (S, O) of series of one length, with at most a constant."""
    difference = bool(recipe.difference)
    constant = (LOWERED[recipe.trend] if difference else recipe.trend) == "c"
    first, origins = int(stops[0]) - difference, len(stops)
    m = default_max_lag(max(first, 0)) if recipe.max_lag is None else recipe.max_lag
    if first < 2 * m + 3:
        raise SeriesTooShortError(
            f"Series of the panel have {values.shape[1]} values; horizon {horizon}, {origins} origins and "
            f"max_lag {m} need {2 * m + 2 + horizon + origins + difference}. Use a smaller max_lag or fewer "
            "origins."
        )
    x = np.diff(values, axis=1) if difference else values
    centre = x[:, :first].mean(axis=1, keepdims=True) * constant
    spread = np.sqrt(np.mean((x[:, :first] - centre) ** 2, axis=1, keepdims=True))
    flat = spread <= 1e-13 * np.abs(x[:, :first]).max(axis=1, keepdims=True)
    size = exact_scale(np.where(flat, 0.0, spread))
    scaled = (x - centre) / size
    mean, p = np.empty((len(x), origins, horizon)), np.empty((len(x), origins), dtype=np.int64)
    with one_thread():
        factors = _first_factors(scaled[:, :first], m, constant=constant)
        head = _heads(scaled, m, constant=constant)
        for o, stop in enumerate(range(first, first + origins)):
            if o:
                factors = joined(factors, _newest(scaled, stop - 1, m, constant=constant)[:, None, :])
            p[:, o], phi, base = _fitted(factors, head, m, stop - m, recipe.criterion, constant=constant)
            mean[:, o] = iterate(phi, np.repeat(base[:, None], horizon, axis=1), scaled[:, stop - m : stop])
    mean *= size[:, :, None]
    mean += centre[:, :, None]
    if difference:
        mean = np.cumsum(mean, axis=2) + values[:, stops - 1, None]
    return mean, p


def _first_factors(scaled: Matrix, m: int, *, constant: bool) -> Cube:
    """Factor the first window of every series."""
    factors, trusted = gram_factors(scaled, m, constant=constant)
    for s in np.flatnonzero(~trusted).tolist():
        rows = rows_of(scaled[s], lags_to(m), np.ones((scaled.shape[1], int(constant)))).table[m:]
        factors[s] = rotate(np.zeros((rows.shape[1], rows.shape[1]), order="F"), rows)
    return factors


def _heads(scaled: Matrix, m: int, *, constant: bool) -> Cube:
    """Rows of the first m values, which only short orders can use: shape (S, m, K)."""
    head = np.zeros((len(scaled), m, m + 1 + constant))
    for t in range(m):
        head[:, t, :constant] = 1.0
        head[:, t, constant : t + constant] = scaled[:, :t][:, ::-1]
        head[:, t, -1] = scaled[:, t]
    return head


def _newest(scaled: Matrix, t: int, m: int, *, constant: bool) -> Matrix:
    """A constant, where there is one, lags 1..m of value t, then the value itself."""
    ones = np.ones((len(scaled), int(constant)))
    return np.concatenate([ones, scaled[:, t - m : t][:, ::-1], scaled[:, t : t + 1]], axis=1)


def _fitted(
    factors: Cube, head: Cube, m: int, rows: int, criterion: Any, *, constant: bool
) -> tuple[Indices, Matrix, Vector]:
    """Order, coefficients by lag and constant of every series."""
    sizes = np.arange(m + 1) + constant
    ssr = nested_sums(factors, sizes)
    p = chosen(criterion_table(ssr / rows, sizes, np.array([rows]), criterion), ssr)
    found, _ = estimate(factors, sizes[p], head, p)
    base = found[:, 0] if constant else np.zeros(len(found))
    return p, found[:, constant:], cast(Vector, base)


def _checked(panel: ArrayLike | Sequence[ArrayLike]) -> list[Vector]:
    """Every series as a vector, NaN where a value is missing."""
    rows = list(cast(Any, panel))
    if not rows or any(np.ndim(row) != 1 for row in rows):
        raise DataError(
            "The panel holds no series, or single numbers. One series per row, shape (S, T), or a list of "
            "series is needed."
        )
    return [check_vector(row, f"Series {s} of the panel", keep_missing=True) for s, row in enumerate(rows)]
