"""The best forecast there is, for series whose process is known: what regret is measured against."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from scipy.special import ndtri

from forecastkit.arrays import Matrix, Vector
from forecastkit.errors import PlanError
from forecastkit.models.protocol import Family, Fitted, History
from forecastkit.sources.process import Process
from forecastkit.sources.synthetic import realised

ORACLE = "oracle"


@dataclass(frozen=True, slots=True)
class Oracle:
    """Forecast with the true parameters: the conditional mean of a synthetic process given the past.

    It knows the equations and every parameter (the date of a break and the starting state of a deterministic
    system among them) and the past up to the origin; it knows no noise that has not come yet.

    Args:
        process: the source of the series, "synthetic:ar2?n=2000&seed=1".
        name: what the model is called.
        default_refit: origins between two fits; there is nothing to fit.
    """

    process: str = ""
    name: str = ORACLE
    default_refit: int | None = None
    family: Family = "oracle"

    def fit(self, history: History, *, horizon: int, rng: np.random.Generator) -> Fitted:
        """Learn nothing.

        Raises:
            PlanError: the series was not made by a synthetic process, so that its best forecast is unknown.
        """
        if not self.process:
            raise PlanError(
                f"Model {self.name!r} was asked for a series that no synthetic process made; its best "
                "forecast is unknown. Leave the model out, or load a series such as 'synthetic:ar2'."
            )
        process = realised(self.process)
        return GaussianOracle(process) if process.gaussian else FittedOracle(process)


@dataclass(frozen=True, slots=True)
class FittedOracle:
    """A process with all that is known about it."""

    process: Process

    def forecast(self, history: History, horizon: int) -> Vector:
        """Forecast from the end of a history, whose index counts the observations of the series.

        Raises:
            PlanError: the index does not count, or the history holds changes instead of values.
        """
        if history.changes or history.index.dtype.kind != "i":
            raise PlanError(
                "The oracle was given changes or an index of dates; it forecasts values of the series as its "
                "process made it. Use transform 'none' and keep the index."
            )
        return self.process.optimal_forecast(history.values, horizon, start=int(history.index[0]))


@dataclass(frozen=True, slots=True)
class GaussianOracle(FittedOracle):
    """A process whose forecast errors are Gaussian."""

    def forecast_quantiles(self, history: History, horizon: int, levels: Sequence[float]) -> Matrix:
        """Quantiles with the variance that the process has at each h: shape (horizon, len(levels))."""
        spread = np.sqrt(self.process.optimal_mse(horizon))
        mean = self.forecast(history, horizon)
        return np.asarray(mean[:, None] + spread[:, None] * ndtri(np.asarray(levels))[None, :])
