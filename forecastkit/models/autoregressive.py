"""AR(p): the linear side of the question."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
from scipy.special import ndtri
from threadpoolctl import ThreadpoolController

from forecastkit.arrays import Matrix, Vector
from forecastkit.diagnostics.autocorrelation import ljung_box
from forecastkit.diagnostics.stationarity import adf
from forecastkit.errors import SeriesTooShortError
from forecastkit.models.lags import Criterion, LagSelection, select_lags
from forecastkit.models.protocol import Family, History
from forecastkit.series.recursions import psi_weights
from forecastkit.series.windows import lag_matrix

SHORTEST = 12
_BLAS = ThreadpoolController()  # finding the libraries costs a millisecond, so it is done once


@dataclass(frozen=True, slots=True)
class Autoregression:
    """y_t = c + sum over i = 1..p of phi_i y_(t-i) + e_t by least squares, forecasts iterated.

    Where a unit root is rejected (ADF, 5 %) on the data before the first origin the levels are modelled with
    a constant; elsewhere first differences without one, since an estimated drift harms long horizons more
    than it helps. This is decided once per backtest. Changes (log returns) are modelled without a constant.

    Args:
        name: what the model is called.
        criterion: how the order is chosen at every fit; order 0 is possible.
        max_lag: highest order; by default min(floor(10 log10 T), T // 5).
        difference: True or False overrides the unit-root rule.
        default_refit: origins between two fits.
    """

    name: str = "ar"
    criterion: Criterion = "bic"
    max_lag: int | None = None
    difference: bool | None = None
    default_refit: int | None = 1
    family: Family = "ar"

    def prepare(self, history: History, *, horizon: int, rng: np.random.Generator) -> Autoregression:
        """Decide between levels and differences, unless that is settled."""
        if self.difference is not None or history.changes:
            return self
        return replace(self, difference=not adf(history.values).rejected)

    def fit(self, history: History, *, horizon: int, rng: np.random.Generator) -> FittedAutoregression:
        """Choose the order, then estimate it on its own full sample.

        Raises:
            SeriesTooShortError: fewer than 12 observations, or too few for max_lag.
        """
        settled = self.prepare(history, horizon=horizon, rng=rng)
        integrate = history.changes or bool(settled.difference)
        values = np.diff(history.values) if integrate and not history.changes else history.values
        needed = max(SHORTEST, 2 * (self.max_lag or 0) + 3)
        if len(values) < needed:
            raise SeriesTooShortError(
                f"{len(history.values)} observations are too few to fit {self.name!r}; at least "
                f"{needed + len(history.values) - len(values)} are needed. Use fewer origins or a shorter "
                "horizon."
            )
        with _BLAS.limit(limits=1, user_api="blas"):
            selection = select_lags(values, self.max_lag, constant=not integrate, criterion=self.criterion)
            return _least_squares(values, selection, integrate, history.period)


@dataclass(frozen=True, slots=True, eq=False)
class FittedAutoregression:
    """Coefficients of one fit.

    Args:
        constant: 0 where integrated.
        phi: shape (p,).
        sigma2: SSR / (rows - regressors), in the unit of the values squared.
        integrated: changes were modelled, not levels.
        facts: order, highest order tried, what was modelled, Ljung-Box test of the residuals.
    """

    constant: float
    phi: Vector
    sigma2: float
    integrated: bool
    facts: Mapping[str, Any] = field(default_factory=dict)

    def forecast(self, history: History, horizon: int) -> Vector:
        """Iterate the recursion from the last p values.

        Raises:
            SeriesTooShortError: the history holds fewer than p values.
        """
        changes = self._forecast_modelled(history, horizon)
        if self.integrated and not history.changes:
            return np.asarray(history.values[-1] + np.cumsum(changes))
        return changes

    def forecast_quantiles(self, history: History, horizon: int, levels: Sequence[float]) -> Matrix:
        """Gaussian quantiles with variance sigma2 * sum over j < h of psi_j^2, without parameter uncertainty.

        Returns:
            shape (horizon, len(levels)); for changes, quantiles of the cumulated path.
        """
        path = self._forecast_modelled(history, horizon)
        psi = psi_weights(self.phi, horizon)
        if self.integrated:
            psi = np.cumsum(psi)
            path = np.cumsum(path) + (0.0 if history.changes else history.values[-1])
        spread = np.sqrt(self.sigma2 * np.cumsum(psi**2))
        return np.asarray(path[:, None] + spread[:, None] * ndtri(np.asarray(levels))[None, :])

    def _forecast_modelled(self, history: History, horizon: int) -> Vector:
        p = len(self.phi)
        differenced = self.integrated and not history.changes
        needed = p + differenced
        if len(history.values) < needed:
            raise SeriesTooShortError(
                f"A forecast of AR({p}) needs the last {needed} values; the history has "
                f"{len(history.values)}."
            )
        past = history.values[len(history.values) - needed :]
        path = np.concatenate([np.diff(past) if differenced else past, np.zeros(horizon)])
        reversed_phi = self.phi[::-1]
        for t in range(p, p + horizon):
            path[t] = self.constant + np.dot(reversed_phi, path[t - p : t])
        return path[p:]


def _least_squares(
    values: Vector, selection: LagSelection, integrate: bool, period: int
) -> FittedAutoregression:
    """Regress values on p lags (and a constant where not integrated), using every row that p leaves."""
    p = selection.p
    centre = 0.0 if integrate else float(values.mean())
    centred = values - centre
    spread = float(np.sqrt(np.mean(centred**2))) or 1.0
    scaled = centred / spread
    columns = [] if integrate else [np.ones((len(values) - p, 1))]
    design = np.hstack([*columns, lag_matrix(scaled, p)])
    target = scaled[p:]
    solution = np.linalg.lstsq(design, target, rcond=None)[0] if design.shape[1] else np.empty(0)
    residuals = (target - design @ solution) * spread
    phi = np.array(solution[len(columns) :])
    constant = 0.0 if integrate else float(solution[0] * spread + centre * (1 - phi.sum()))
    degrees = max(1, len(residuals) - design.shape[1])
    return FittedAutoregression(
        constant=constant,
        phi=phi,
        sigma2=float(residuals @ residuals / degrees),
        integrated=integrate,
        facts=_facts(residuals, selection, integrate, period),
    )


def _facts(residuals: Vector, selection: LagSelection, integrate: bool, period: int) -> dict[str, Any]:
    """What the report says of one fit: the order, and whether its residuals still carry autocorrelation."""
    p = selection.p
    pooled = min(10 if period == 1 else 2 * period, len(residuals) // 5)
    pooled = pooled if pooled > p else p + 5
    p_value = ljung_box(residuals, pooled, fitted=p).p_value if pooled < len(residuals) else None
    return {
        "p": p,
        "max_lag": len(selection.criterion) - 1,
        "modelled": "changes" if integrate else "levels",
        "ljung_box_lags": pooled,
        "ljung_box_p": p_value,
    }
