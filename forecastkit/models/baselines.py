"""Reference forecasts: what any model has to beat.

On a series of changes (log returns) they forecast changes: "naive" is no change, "climatology" and "drift"
are the mean change, which cumulates to the drift of the level.

What is missing is stepped over: the last value is the last one observed, of the phase where a season is
repeated, and means are those of what was observed.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import cast

import numpy as np

from forecastkit.arrays import Vector
from forecastkit.errors import SeriesTooShortError
from forecastkit.models.protocol import Answers, Family, History, Schedule
from forecastkit.series.missing import carried


@dataclass(frozen=True, slots=True)
class Baseline:
    """A forecast that is computed from the history alone, without a fit."""

    name: str
    rule: Callable[[Vector, int, bool, int], Vector]
    family: Family = "reference"
    default_refit: int | None = None
    takes_missing: bool = True

    def fit(self, history: History, *, horizon: int, rng: np.random.Generator) -> Baseline:
        """Learn nothing: everything is computed when forecasting."""
        return self

    def forecast(self, history: History, horizon: int) -> Vector:
        """Apply the rule at the end of the history."""
        return self.rule(history.values, history.period, history.changes, horizon)

    def forecast_origins(
        self, history: History, schedule: Schedule, *, horizon: int, rng: np.random.Generator
    ) -> Answers:
        """Apply the rule at every origin of a backtest."""
        paths = [
            self.rule(history.values[start:stop], history.period, history.changes, horizon)
            for start, stop in schedule.origins.tolist()
        ]
        return Answers(np.array(paths))


def naive(values: Vector, period: int, changes: bool, horizon: int) -> Vector:
    """Repeat the last value; for changes, forecast none."""
    return np.full(horizon, 0.0 if changes else _observed(values)[-1])


def seasonal_naive(values: Vector, period: int, changes: bool, horizon: int) -> Vector:
    """Repeat the last season.

    Raises:
        SeriesTooShortError: less than one season is known.
    """
    return np.resize(_whole(carried(values, period)[-period:], values, period), horizon)


def drift(values: Vector, period: int, changes: bool, horizon: int) -> Vector:
    """Extend the line from the first to the last value: y_T + h (y_T - y_1) / (T - 1)."""
    observed = _observed(values)
    if changes:
        return np.full(horizon, observed.mean())
    first, last = np.flatnonzero(np.isfinite(values))[[0, -1]]
    slope = (observed[-1] - observed[0]) / max(1, last - first)
    return np.asarray(observed[-1] + slope * (len(values) - 1 - last + np.arange(1, horizon + 1)))


def climatology(values: Vector, period: int, changes: bool, horizon: int) -> Vector:
    """Forecast the mean of all that is known."""
    return np.full(horizon, _observed(values).mean())


def seasonal_climatology(values: Vector, period: int, changes: bool, horizon: int) -> Vector:
    """Forecast the mean of the same phase of the season.

    Raises:
        SeriesTooShortError: less than one season is known.
    """
    known = np.isfinite(values)
    phase = (np.arange(len(values)) - len(values))[known] % period
    with np.errstate(invalid="ignore"):  # phases without a value are refused below
        means = np.bincount(phase, values[known], period) / np.bincount(phase, minlength=period)
    return np.resize(_whole(means, values, period), horizon)


def _observed(values: Vector) -> Vector:
    """Leave out what is missing.

    Raises:
        SeriesTooShortError: nothing is left.
    """
    observed = values[np.isfinite(values)]
    if not len(observed):
        raise SeriesTooShortError(
            f"A history of {len(values)} observations holds no value. Use later origins."
        )
    return cast(Vector, observed)


def _whole(season: Vector, values: Vector, period: int) -> Vector:
    """Refuse a season that lacks a phase."""
    if len(season) < period or not np.isfinite(season).all():
        raise SeriesTooShortError(
            f"A history of {len(values)} observations holds no whole season of {period}. "
            "Give a longer history or a smaller period."
        )
    return season


NAIVE = Baseline("naive", naive)
SEASONAL_NAIVE = Baseline("seasonal-naive", seasonal_naive)
DRIFT = Baseline("drift", drift, family="other")
CLIMATOLOGY = Baseline("climatology", climatology)
SEASONAL_CLIMATOLOGY = Baseline("seasonal-climatology", seasonal_climatology)


def references(period: int) -> list[Baseline]:
    """References that every comparison runs: two, and their seasonal forms where there is a season."""
    return [NAIVE, CLIMATOLOGY] + ([SEASONAL_NAIVE, SEASONAL_CLIMATOLOGY] if period > 1 else [])
