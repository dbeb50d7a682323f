"""Networks of many series: small ones are trained together, the others one after the other."""

from __future__ import annotations

import warnings
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from typing import TypeVar

import numpy as np
import pandas as pd

from forecastkit.arrays import Cube, Vector
from forecastkit.errors import DataError, ForecastKitError, ForecastKitWarning
from forecastkit.models._net_learning import learn_together
from forecastkit.models.protocol import History, Windows
from forecastkit.models.recurrent import Recurrent
from forecastkit.seeds import spawn

T = TypeVar("T")


def train_panel(
    recipe: Recurrent, series: Sequence[Vector], stops: Windows, horizon: int, *, period: int, seed: int
) -> tuple[Cube, Mapping[int, str]]:
    """Train the ensemble of every series on what precedes its first origin, and forecast from each origin.

    Randomness is that of `backtest` with this seed, the same for every series: no series changes with its
    place or its neighbours, bit for bit. Against one trained by `fit`, sums of small networks are added in
    another order, a difference of some 1e-7 that training carries on.

    Args:
        recipe: of the networks.
        series: values, each of any length.
        stops: origins of each series, shape (S, O).
        horizon: steps ahead.
        period: season length.
        seed: of all randomness.

    Returns:
        forecasts (S, O, H), NaN for a series without a finite training; the reasons by series.

    Raises:
        DataError: a value is missing.
        ForecastKitError: what the first series failed by, where all failed.
    """
    pasts = [_past(values, s, period) for s, values in enumerate(series)]
    firsts = [_until(past, int(own[0])) for past, own in zip(pasts, stops, strict=True)]
    settling = (
        recipe.settling(first, horizon=horizon, rng=spawn(seed, recipe.name, "prepare")) for first in firsts
    )
    recipes, errors = _sorted_out(learn_together(settling))
    places = [(s, member) for s in sorted(recipes) for member in range(recipe.seeds)]
    learning = (
        recipes[s].learning(
            firsts[s], horizon=horizon, rng=spawn(seed, recipe.name, member, int(stops[s, 0]))
        )
        for s, member in places
    )
    members = np.full((len(series), recipe.seeds, stops.shape[1], horizon), np.nan)
    for place, fitted in learn_together(learning):
        s, member = places[place]
        if isinstance(fitted, ForecastKitError):
            errors[s] = fitted
        else:
            histories = [_until(pasts[s], stop) for stop in stops[s].tolist()]
            members[s, member] = fitted.forecast_many(histories, horizon)
    _tell(errors, len(series))
    return members.mean(axis=1), {s: str(errors[s]) for s in sorted(errors)}


def _past(values: Vector, s: int, period: int) -> History:
    missing = np.isnan(values)
    if missing.any():
        raise DataError(
            f"Series {s} of the panel has {missing.sum()} missing values, the first at position "
            f"{int(missing.argmax())}. Networks take none: interpolate, or leave the series out."
        )
    return History(values, pd.RangeIndex(len(values)), period)


def _until(past: History, stop: int) -> History:
    """What is known after `stop` values."""
    stop = max(stop, 0)
    return replace(past, values=past.values[:stop], index=past.index[:stop])


def _sorted_out(
    results: Iterable[tuple[int, T | ForecastKitError]],
) -> tuple[dict[int, T], dict[int, ForecastKitError]]:
    """What came, and what failed, by place."""
    came: dict[int, T] = {}
    failed: dict[int, ForecastKitError] = {}
    for place, result in results:
        if isinstance(result, ForecastKitError):
            failed[place] = result
        else:
            came[place] = result
    return came, failed


def _tell(errors: Mapping[int, ForecastKitError], series: int) -> None:
    """Raise where nothing came; warn where something is missing."""
    if not errors:
        return
    first = errors[min(errors)]
    if len(errors) == series:
        raise first
    warnings.warn(
        f"{len(errors)} of {series} series could not be learned; the first is {min(errors)}: {first}",
        ForecastKitWarning,
        stacklevel=3,
    )
