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
from forecastkit.models.protocol import Family, History


@dataclass(frozen=True, slots=True)
class Baseline:
    """A forecast that is computed from the history alone, without a fit."""

    name: str
    rule: Callable[[History, int], Vector]
    family: Family = "reference"
    default_refit: int | None = None

    def fit(self, history: History, *, horizon: int, rng: np.random.Generator) -> Baseline:
        """Learn nothing: everything is computed when forecasting."""
        return self

    def forecast(self, history: History, horizon: int) -> Vector:
        """Apply the rule at the end of the history."""
        return self.rule(history, horizon)


def naive(history: History, horizon: int) -> Vector:
    """Repeat the last value; for changes, forecast none."""
    return np.full(horizon, 0.0 if history.changes else history.values[-1])


def seasonal_naive(history: History, horizon: int) -> Vector:
    """Repeat the last season.

    Raises:
        SeriesTooShortError: less than one season is known.
    """
    _need_season(history)
    return np.resize(history.values[-history.period :], horizon)


def drift(history: History, horizon: int) -> Vector:
    """Extend the line from the first to the last value: y_T + h (y_T - y_1) / (T - 1)."""
    values = history.values
    if history.changes:
        return np.full(horizon, values.mean())
    slope = (values[-1] - values[0]) / max(1, len(values) - 1)
    return np.asarray(values[-1] + slope * np.arange(1, horizon + 1))


def climatology(history: History, horizon: int) -> Vector:
    """Forecast the mean of all that is known."""
    return np.full(horizon, history.values.mean())


def seasonal_climatology(history: History, horizon: int) -> Vector:
    """Forecast the mean of the same phase of the season.

    Raises:
        SeriesTooShortError: less than one season is known.
    """
    _need_season(history)
    m = history.period
    newest_first = history.values[::-1]
    means = np.array([newest_first[m - 1 - phase :: m].mean() for phase in range(m)])
    return np.resize(means, horizon)


def _need_season(history: History) -> None:
    if len(history.values) < history.period:
        raise SeriesTooShortError(
            f"A history of {len(history.values)} observations holds no whole season of {history.period}. "
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
