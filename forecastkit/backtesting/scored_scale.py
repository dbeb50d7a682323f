"""From what a model sees to what is scored: its forecasts and quantiles, taken back origin by origin."""

from __future__ import annotations

import warnings
from dataclasses import dataclass

import numpy as np
from scipy.special import ndtri

from forecastkit.arrays import Cube, Indices, Mask, Matrix, Vector
from forecastkit.backtesting.plan import BacktestPlan
from forecastkit.errors import FitError, ForecastKitWarning
from forecastkit.models.protocol import QUANTILES, Fitted, History, forecast_quantiles
from forecastkit.series.missing import carried
from forecastkit.series.series import Series
from forecastkit.series.transforms import Transform

LARGEST = 1e150
"""Forecasts from here on have squared errors that are no numbers any more."""


@dataclass(frozen=True, slots=True, eq=False)
class ScoredScale:
    """The way back from the scale of a model.

    Args:
        name: of the model, for messages.
        series: the data.
        plan: what is known at an origin.
        transform: what the model sees, and on which scale it is scored.
    """

    name: str
    series: Series
    plan: BacktestPlan
    transform: Transform

    def pasts(self, origins: Indices) -> list[Vector]:
        """What changes are added to: the last observed value, of the phase where they are seasonal."""
        pasts = [self.series.values[self.plan.known_part(origin)] for origin in origins.tolist()]
        if self.series.missing == "error":
            return pasts
        return [carried(past, self.transform.lag or 1) for past in pasts]

    def _taken_back(self, paths: Matrix, levels: Cube | None, pasts: list[Vector]) -> Matrix:
        """Undo the transform; where means are asked for, with the spread that the model's quantiles show."""
        if not self.transform.unbiased or levels is None:
            return np.array([self.transform.backward(p, past) for p, past in zip(paths, pasts, strict=True)])
        spreads = (levels[..., -1] - levels[..., 0]) / (ndtri(QUANTILES[-1]) - ndtri(QUANTILES[0]))
        told = zip(paths, spreads, pasts, strict=True)
        return np.array([self.transform.expected(path, spread, past) for path, spread, past in told])

    def scored(
        self, paths: Matrix, levels: Cube | None, pasts: list[Vector], origins: Indices
    ) -> tuple[Matrix, dict[int, FitError]]:
        """Put paths on the scored scale, NaN with an error by origin where one is no number."""
        with np.errstate(over="ignore", invalid="ignore"):
            mean = self._taken_back(paths, levels, pasts)
        if self.transform.unbiased and levels is None:
            message = (
                f"Model {self.name!r} tells no quantiles, so the mean of its forecasts after transform "
                f"{self.transform.name!r} is unknown. Leave the model or +unbiased out."
            )
            return np.full(mean.shape, np.nan), {
                origin: FitError(message, model=self.name, origin=origin) for origin in origins.tolist()
            }
        unusable = ~(np.abs(mean) < LARGEST)
        errors = {}
        for o in np.flatnonzero(unusable.any(axis=1)).tolist():
            origin = int(origins[o])
            errors[origin] = FitError(
                f"Model {self.name!r} answered a value that is not finite, or too large to square, at origin "
                f"{origin}, h = {int(unusable[o].argmax()) + 1}. An explosive recursion or a failed training "
                "does this: look at the model's settings, or at the data before that origin.",
                model=self.name,
                origin=origin,
            )
            mean[o] = np.nan
        return mean, errors

    def levels(self, fitted: Fitted, histories: list[History]) -> Cube | None:
        """Ask for quantiles, which are an extra: where they are unusable the forecasts stand without them."""
        if not self.transform.places_quantiles:
            return None
        try:
            levels = forecast_quantiles(fitted, histories, self.plan.horizon)
            if levels is not None and len(histories) > 1 and hasattr(fitted, "forecast_quantiles_many"):
                alone = forecast_quantiles(fitted, histories[:1], self.plan.horizon)
                if alone is None or not np.allclose(levels[:1], alone, rtol=1e-9, atol=0):
                    raise ValueError("an origin has other quantiles alone than among others")
            return levels
        except Exception as error:  # anyone's code: the extra is lost with a warning, the forecasts stand
            self._warn_without_quantiles(error)
            return None

    def placed(self, levels: Cube | None, pasts: list[Vector], counts: Mask) -> Cube | None:
        """Put quantiles on the scored scale, NaN for origins that do not count."""
        if levels is None or not self.transform.places_quantiles:
            return None
        shape = (len(pasts), self.plan.horizon, len(QUANTILES))
        try:
            if levels.shape != shape:
                raise ValueError(f"shape {levels.shape[1:]}, {shape[1:]} is needed")
            with np.errstate(over="ignore", invalid="ignore"):
                placed = np.array(
                    [self.transform.place(q, past) for q, past in zip(levels, pasts, strict=True)]
                )
            if not np.isfinite(placed[counts]).all() or (np.diff(placed[counts], axis=2) < 0).any():
                raise ValueError("they are not finite and in rising order")
        except Exception as error:  # anyone's code: the extra is lost with a warning, the forecasts stand
            self._warn_without_quantiles(error)
            return None
        placed[~counts] = np.nan
        return placed

    def _warn_without_quantiles(self, error: Exception) -> None:
        message = f"Quantiles of model {self.name!r} were left out: {type(error).__name__}: {error}"
        warnings.warn(message, ForecastKitWarning, stacklevel=2)
