"""One fit of an autoregression, which forecasts from any past."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from forecastkit.arrays import Matrix, Vector
from forecastkit.errors import SeriesTooShortError
from forecastkit.models._ar_design import NestedLags, Terms
from forecastkit.models._ar_fits import Fits
from forecastkit.models._ar_task import Ends, task_of
from forecastkit.models.ar_intervals import Intervals, bands
from forecastkit.models.protocol import History


@dataclass(frozen=True, slots=True, eq=False)
class FittedAutoregression:
    """One fit.

    Args:
        fits: its estimates, F = 1.
        lags, terms: the regressors.
        differenced: differences were modelled, not the values.
        weights: by h, the share of the forecast that is not the last value.
        intervals: what quantiles count.
        trained: what the coefficients were estimated on, kept where quantiles need it.
        facts: order, highest order tried, what was modelled, Ljung-Box test of the residuals.
    """

    fits: Fits
    lags: NestedLags
    terms: Terms
    differenced: bool = False
    weights: tuple[float, ...] = ()
    intervals: Intervals = "psi"
    trained: Vector | None = None
    facts: Mapping[str, Any] = field(default_factory=dict)

    @property
    def phi(self) -> Vector:
        """Coefficients by lag, up to the last that is used: shape (p,)."""
        return np.asarray(self.fits.phi[0, : int(self.lags.reach[self.fits.p[0]])])

    @property
    def sigma2(self) -> float:
        """SSR / (rows - regressors), in the unit of the values squared."""
        return float(self.fits.sigma2[0])

    @property
    def constant(self) -> float:
        """Intercept of the values as they are; 0 where the model has none."""
        if self.terms.trend == "n":
            return 0.0
        return float(self.fits.gamma[0, 0] + self.fits.centre[0] * (1 - self.phi.sum()))

    def forecast(self, history: History, horizon: int) -> Vector:
        """Iterate the recursion from the last p values.

        Raises:
            SeriesTooShortError: the history holds fewer than p values.
        """
        return np.asarray(self.forecast_many([history], horizon)[0])

    def forecast_many(self, histories: Sequence[History], horizon: int) -> Matrix:
        """Forecast from the end of every history: shape (O, H)."""
        return np.array([self._answer(history, horizon)[0] for history in histories])

    def forecast_quantiles(self, history: History, horizon: int, levels: Sequence[float]) -> Matrix:
        """Quantiles with the uncertainty that `intervals` names.

        "psi": Gaussian with variance sigma2 * sum over j < h of psi_j^2; the others as in `ar_intervals`.

        Returns:
            shape (horizon, len(levels)); for changes, quantiles of the cumulated path.
        """
        _, level, ends = self._answer(history, horizon)
        if self.trained is None:
            return np.asarray(ends.quantiles(level[None], tuple(levels))[0])
        return bands(
            self.intervals,
            self.trained,
            np.diff(history.values) if self.differenced else history.values,
            len(self.phi),
            level,
            levels,
            constant=self.terms.trend != "n",
            integrated=ends.integrated,
            last=float(ends.lasts[0]),
        )

    def _answer(self, history: History, horizon: int) -> tuple[Vector, Vector, Ends]:
        p = len(self.phi)
        needed = p + self.differenced
        if len(history.values) < max(1, needed):
            raise SeriesTooShortError(
                f"A forecast of AR({p}) needs the last {needed} values; the history has "
                f"{len(history.values)}."
            )
        task = task_of(history, self.lags, self.terms, differenced=self.differenced, horizon=horizon)
        ends = task.ends(self.fits, np.zeros(1, dtype=np.int64), np.array([len(history.values)]))
        path = ends.path()
        level = ends.level(path, self.weights)
        return (path if history.changes else level)[0], level[0], ends
