"""ar-direct: one regression for every step ahead, where `ar` iterates a single one."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np

from forecastkit.arrays import Matrix, Vector
from forecastkit.errors import PlanError, SeriesTooShortError
from forecastkit.models._rolling_ols import one_thread
from forecastkit.models.autoregressive import Autoregression
from forecastkit.models.protocol import Family, History

ITERATED = Autoregression()
ROWS_PER_COEFFICIENT = 3
"""Regression rows that each coefficient of the longest step needs; fewer, and the order is lowered."""


@dataclass(frozen=True, slots=True)
class DirectAutoregression:
    """Regress the value h steps ahead on the last p values, by least squares, for each h on its own.

    y_(t+h) = c_h + sum over i = 0..p-1 of phi_(h,i) y_(t-i) + e. The order p, levels or differences, and how
    far forecasts are drawn to the last value are those of `ar` without covariates, so that the two differ in
    nothing but iteration. Of differences the move y_(t+h) - y_t is regressed on the last p differences,
    without a constant. At h = 1 both are the same model. What is gained where the AR is misspecified is paid
    in variance where it is not.

    Args:
        name: what the model is called.
        iterated: recipe that decides order and differences; plain lags with at most a constant.
        default_refit: origins between two fits.

    Source: Marcellino, Stock & Watson (2006), Journal of Econometrics 135, 499-526.
    """

    name: str = "ar-direct"
    iterated: Autoregression = ITERATED
    default_refit: int | None = 1
    family: Family = "ar"

    def __post_init__(self) -> None:
        recipe = self.iterated
        if recipe.lags or recipe.seasons or recipe.dummies or recipe.trend == "ct":
            raise PlanError(
                f"{self.name!r} takes plain lags and at most a constant, not lag sets, seasons, dummies or a "
                "line. Leave these out of `iterated`."
            )

    def prepare(self, history: History, *, horizon: int, rng: np.random.Generator) -> DirectAutoregression:
        """Settle what `ar` settles without covariates."""
        history = replace(history, known=None)
        return replace(self, iterated=self.iterated.prepare(history, horizon=horizon, rng=rng))

    def fit(self, history: History, *, horizon: int, rng: np.random.Generator) -> FittedDirect:
        """Choose the order as `ar` does, then estimate every step.

        Raises:
            SeriesTooShortError: too few observations.
        """
        history = replace(history, known=None)
        chosen = self.iterated.fit(history, horizon=horizon, rng=rng)
        moves = chosen.differenced
        constant = chosen.terms.trend != "n"
        x = np.diff(history.values) if moves else history.values
        p = min(len(chosen.phi), max(0, (len(x) - horizon) // (ROWS_PER_COEFFICIENT + 1)))
        if len(x) - p - horizon < ROWS_PER_COEFFICIENT:
            raise SeriesTooShortError(
                f"{len(history.values)} observations leave too few that have a value {horizon} steps later, "
                f"which {self.name!r} regresses. Give a longer series or a shorter horizon."
            )
        with one_thread():
            coefficients = _by_step(x, p, horizon, constant=constant, summed=moves)
        facts = {key: chosen.facts[key] for key in ("max_lag", "modelled") if key in chosen.facts}
        return FittedDirect(coefficients, moves, constant, chosen.weights, {"p": p, **facts})


@dataclass(frozen=True, slots=True, eq=False)
class FittedDirect:
    """One fit.

    Args:
        coefficients: shape (H, p) or (H, 1 + p), the constant first, then from the last value backwards.
        moves: differences were regressed, and the move since the origin is forecast.
        constant: whether the first coefficient is a constant.
        weights: by h, the share of the forecast that is not the last value.
        facts: order, highest order tried, what was modelled.
    """

    coefficients: Matrix
    moves: bool
    constant: bool
    weights: tuple[float, ...] = ()
    facts: Mapping[str, Any] = field(default_factory=dict)

    def forecast(self, history: History, horizon: int) -> Vector:
        """Answer every step from the last p values.

        Raises:
            PlanError: the horizon is longer than the one that was fitted.
            SeriesTooShortError: the history holds fewer than p values.
        """
        steps, width = self.coefficients.shape
        p = width - self.constant
        if horizon > steps:
            raise PlanError(f"{horizon} steps were asked of a direct fit of {steps}. Fit it for {horizon}.")
        x = np.diff(history.values) if self.moves else history.values
        if len(x) < p:
            raise SeriesTooShortError(
                f"A direct AR of order {p} needs {p + self.moves} values; {len(history.values)} were given."
            )
        row = np.concatenate([np.ones(int(self.constant)), x[len(x) - p :][::-1]])
        path: Vector = np.sum(self.coefficients[:horizon] * row, axis=1)
        last = 0.0 if history.changes else float(history.values[-1])
        path = path + last if self.moves else path
        if self.weights:
            share = np.array(self.weights[:horizon])
            path = share * path + (1 - share) * last
        return path


def _by_step(x: Vector, p: int, horizon: int, *, constant: bool, summed: bool) -> Matrix:
    """Coefficients of every step, each from all rows whose target is known: shape (H, p + constant)."""
    centre = float(x.mean()) if constant else 0.0
    x = x - centre
    first = max(p, 1)
    lags = [x[first - 1 - i : len(x) - 1 - i] for i in range(p)]
    rows = (
        np.stack([*([np.ones(len(x) - first)] if constant else []), *lags], axis=1) if p or constant else None
    )
    coefficients = np.zeros((horizon, p + constant))
    if rows is None:
        return coefficients
    totals = np.concatenate([[0.0], np.cumsum(x)])
    for h in range(1, horizon + 1):
        n = len(rows) - h + 1
        target = totals[first + h :] - totals[first : first + n] if summed else x[first + h - 1 :]
        coefficients[h - 1] = np.linalg.lstsq(rows[:n], target, rcond=None)[0]
    if constant:
        coefficients[:, 0] += centre * (1 - coefficients[:, 1:].sum(axis=1))
    return coefficients
