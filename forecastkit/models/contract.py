"""The promises that every model keeps, as one check with readable failures."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pandas as pd

from forecastkit.arrays import Vector
from forecastkit.errors import ModelError
from forecastkit.models.protocol import (
    QUANTILES,
    Fitted,
    Forecaster,
    History,
    as_forecaster,
    forecast_many,
    forecast_quantiles,
    seeds_of,
    takes_missing,
)
from forecastkit.seeds import spawn

HORIZON = 6
LENGTH = 160


def check_forecaster(model: Any, *, period: int = 1) -> None:
    """Check a model's promises on a made-up series, or say which one it breaks.

    It has a name; `fit` leaves the recipe and the history as they were; a forecast has the shape (horizon,)
    and finite values; the same seed gives the same bits; a history that is newer than the fit is accepted,
    and changes the forecast only through what it adds; `forecast_many` equals the loop; quantiles, where it
    offers any, are finite, rise with their levels and are the same alone and together; covariates are used
    or left alone; a recipe that says it takes missing values does.

    Args:
        model: a recipe, or a function (values, horizon).
        period: season length of the made-up series.

    Raises:
        ModelError: a promise is broken; the message names it.
    """
    recipe = as_forecaster(model, getattr(model, "__name__", "model"))
    _require(isinstance(recipe.name, str) and bool(recipe.name), recipe, "`name` must be a non-empty text")
    _require(seeds_of(recipe) >= 1, recipe, "`seeds` must be 1 or more")
    series = _series(period)
    before = repr(recipe)
    history = _history(series, LENGTH, period)
    try:
        fitted = recipe.fit(history, horizon=HORIZON, rng=spawn(0, "contract"))
    except Exception as error:  # anyone's code: whatever it raises breaks the promise
        raise ModelError(f"Model {recipe.name!r} breaks a promise: `fit` raised {error!r}.") from error
    _require(repr(recipe) == before, recipe, "`fit` must not change the recipe")
    path = _forecast(recipe, fitted, history)
    _require(np.array_equal(history.values, series[:LENGTH]), recipe, "the history must be left as it was")
    again = recipe.fit(_history(series, LENGTH, period), horizon=HORIZON, rng=spawn(0, "contract"))
    same = np.array_equal(path, _forecast(recipe, again, history))
    _require(same, recipe, "two fits on the same history with the same seed must forecast the same bits")
    newer = _history(series, LENGTH + 5, period)
    first = _forecast(recipe, fitted, newer)
    _require(
        np.array_equal(first, _forecast(recipe, fitted, newer)), recipe, "`forecast` must not remember calls"
    )
    some = [_history(series, stop, period) for stop in range(LENGTH - 20, LENGTH + 6, 5)]
    loop = [_forecast(recipe, fitted, one) for one in some]
    batch = forecast_many(fitted, some, HORIZON)
    _require(np.allclose(batch, loop, rtol=1e-12, atol=0), recipe, "`forecast_many` must equal the loop")
    _check_quantiles(recipe, fitted, some)
    _check_extras(recipe, series, period)


def _check_quantiles(recipe: Forecaster, fitted: Fitted, histories: list[History]) -> None:
    """Quantiles, where a model offers any, must be numbers that never cross, whoever else is asked for."""
    together = forecast_quantiles(fitted, histories, HORIZON)
    if together is None:
        return
    shape = (len(histories), HORIZON, len(QUANTILES))
    _require(together.shape == shape, recipe, f"quantiles must have shape {shape[1:]} for every history")
    _require(bool(np.isfinite(together).all()), recipe, "quantiles must be finite")
    _require(bool((np.diff(together, axis=2) >= 0).all()), recipe, "quantiles must rise with their levels")
    loop = np.concatenate(
        [cube for h in histories if (cube := forecast_quantiles(fitted, [h], HORIZON)) is not None]
    )
    same = np.allclose(together, loop, rtol=1e-12, atol=0)
    _require(same, recipe, "`forecast_quantiles_many` must equal the loop")


def _check_extras(recipe: Forecaster, series: Vector, period: int) -> None:
    """Covariates must not disturb a recipe, nor missing values one that says it takes them."""
    rng = np.random.default_rng(8)
    known, past = rng.normal(size=(LENGTH + HORIZON, 2)), rng.normal(size=(LENGTH, 1))
    tried = [("covariates", replace(_history(series, LENGTH, period), known=known, past=past))]
    if takes_missing(recipe):
        gappy = series.copy()
        gappy[[20, 21, LENGTH - 9, LENGTH - 1]] = np.nan
        tried.append(("missing values", _history(gappy, LENGTH, period)))
    for what, history in tried:
        try:
            fitted = recipe.fit(history, horizon=HORIZON, rng=spawn(0, "contract"))
        except Exception as error:  # anyone's code: whatever it raises breaks the promise
            raise ModelError(
                f"Model {recipe.name!r} breaks a promise: on a history with {what} `fit` raised {error!r}."
            ) from error
        _forecast(recipe, fitted, history)


def _series(period: int) -> Vector:
    rng = np.random.default_rng(7)
    season = np.sin(2 * np.pi * np.arange(LENGTH + 5) / max(period, 2)) * (period > 1)
    noise = rng.normal(size=LENGTH + 5)
    values = np.zeros(LENGTH + 5)
    for t in range(1, len(values)):
        values[t] = 0.8 * values[t - 1] + noise[t]
    series: Vector = values + 3 * season + 10
    return series


def _history(series: Vector, stop: int, period: int) -> History:
    values = series[:stop].copy()
    values.flags.writeable = False
    return History(values, pd.RangeIndex(stop), period)


def _forecast(recipe: Forecaster, fitted: Fitted, history: History) -> Vector:
    try:
        path = np.asarray(fitted.forecast(history, HORIZON), dtype=np.float64)
    except Exception as error:  # anyone's code: whatever it raises breaks the promise
        raise ModelError(f"Model {recipe.name!r} breaks a promise: `forecast` raised {error!r}.") from error
    _require(path.shape == (HORIZON,), recipe, f"`forecast` must answer shape ({HORIZON},), not {path.shape}")
    _require(bool(np.isfinite(path).all()), recipe, "`forecast` must answer finite numbers")
    return path


def _require(kept: bool, recipe: Forecaster, promise: str) -> None:
    if not kept:
        raise ModelError(f"Model {recipe.name!r} breaks a promise: {promise}.")
