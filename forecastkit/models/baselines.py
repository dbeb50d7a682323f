"""Reference forecasts: what any model has to beat.

On a series of changes (log returns) they forecast changes: "naive" is no change, "climatology" and "drift"
are the mean change, which cumulates to the drift of the level.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from forecastkit.arrays import Vector
from forecastkit.errors import SeriesTooShortError
from forecastkit.models.protocol import Answers, Family, History, Schedule


@dataclass(frozen=True, slots=True)
class Baseline:
    """A forecast that is computed from the history alone, without a fit."""

    name: str
    rule: Callable[[Vector, int, bool, int], Vector]
    family: Family = "reference"
    default_refit: int | None = None

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
    return np.full(horizon, 0.0 if changes else values[-1])


def seasonal_naive(values: Vector, period: int, changes: bool, horizon: int) -> Vector:
    """Repeat the last season.

    Raises:
        SeriesTooShortError: less than one season is known.
    """
    _need_season(values, period)
    return np.resize(values[-period:], horizon)


def drift(values: Vector, period: int, changes: bool, horizon: int) -> Vector:
    """Extend the line from the first to the last value: y_T + h (y_T - y_1) / (T - 1)."""
    if changes:
        return np.full(horizon, values.mean())
    slope = (values[-1] - values[0]) / max(1, len(values) - 1)
    return np.asarray(values[-1] + slope * np.arange(1, horizon + 1))


def climatology(values: Vector, period: int, changes: bool, horizon: int) -> Vector:
    """Forecast the mean of all that is known."""
    return np.full(horizon, values.mean())


def seasonal_climatology(values: Vector, period: int, changes: bool, horizon: int) -> Vector:
    """Forecast the mean of the same phase of the season.

    Raises:
        SeriesTooShortError: less than one season is known.
    """
    _need_season(values, period)
    phase = (np.arange(len(values)) - len(values)) % period
    means = np.bincount(phase, weights=values) / np.bincount(phase)
    return np.resize(means, horizon)


def _need_season(values: Vector, period: int) -> None:
    if len(values) < period:
        raise SeriesTooShortError(
            f"A history of {len(values)} observations holds no whole season of {period}. "
            "Give a longer history or a smaller period."
        )


NAIVE = Baseline("naive", naive)
SEASONAL_NAIVE = Baseline("seasonal-naive", seasonal_naive)
DRIFT = Baseline("drift", drift, family="other")
CLIMATOLOGY = Baseline("climatology", climatology)
SEASONAL_CLIMATOLOGY = Baseline("seasonal-climatology", seasonal_climatology)


def references(period: int) -> list[Baseline]:
    """References that every comparison runs: two, and their seasonal forms where there is a season."""
    return [NAIVE, CLIMATOLOGY] + ([SEASONAL_NAIVE, SEASONAL_CLIMATOLOGY] if period > 1 else [])
