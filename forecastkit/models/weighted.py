"""ar-weighted: several autoregressions, weighted by how they forecast the end of the training part."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, TypeVar, cast

import numpy as np

from forecastkit.arrays import Indices, Matrix, Vector, is_constant
from forecastkit.diagnostics.stationarity import adf
from forecastkit.errors import SeriesTooShortError
from forecastkit.models._rolling_ols import one_thread
from forecastkit.models.lags import default_max_lag
from forecastkit.models.protocol import Family, History

Paths = TypeVar("Paths", Vector, Matrix)
SEASONS = 7
"""Seasons back that the wide lag set reaches: a week of days."""
RIDGE = 1e-6
"""Share of the mean squared regressor added to each."""
POWER = 3.0
"""Weights are validation errors to minus this power."""
ORIGINS = 9
"""Validation origins at most, a quarter of a horizon apart."""
ROWS_PER_LAG = 3
"""Regression rows that every lag needs; longer lag sets are not tried."""
LEAST = 0.005
"""Variants of less weight are dropped."""
GAIN = 0.98
"""The base is left where the validation error falls to this share of its own, or below."""


@dataclass(frozen=True, slots=True)
class Variant:
    """One autoregression: its lags, on logarithms or not, changes over `difference` steps (0: levels)."""

    lags: tuple[int, ...]
    log: bool
    difference: int

    @property
    def reach(self) -> int:
        """Values that a forecast needs."""
        return max(self.lags) + self.difference


@dataclass(frozen=True, slots=True)
class WeightedAutoregression:
    """Combine autoregressions by validation and draw them towards the (seasonal) naive forecast.

    f_h = b_h + s sum over v of w_v (f_v,h - b_h), b the seasonal naive forecast (naive without a season),
    w_v ~ (mean absolute error of v)^-3, s in [0, 1] by least squares, all from up to 9 origins at the end of
    the data before the first origin, with coefficients from what precedes them. Where this does not reach
    98 % of the error of b, s = 0: the forecast is b.

    The variants follow from the period m, the length and the sign of the data alone: lags 1..m + 1, these
    with 2m .. 7m and their neighbours, or 1..3 with m .. 7m and their neighbours; levels and differences over
    m and 7m steps, never with a drift; without a season differences over one, and levels where a unit root is
    rejected (ADF, 5 %); logarithms too where every value is
    positive.
    Logarithms are taken back without a correction, so their forecasts are medians.

    Args:
        name: what the model is called.
        default_refit: origins between two fits.
        weights: by variant, settled by `prepare`.
        shrink: s, settled by `prepare`.
    """

    name: str = "ar-weighted"
    default_refit: int | None = 1
    family: Family = "ar"
    weights: tuple[tuple[Variant, float], ...] | None = None
    shrink: float = 0.0

    def prepare(self, history: History, *, horizon: int, rng: np.random.Generator) -> WeightedAutoregression:
        """Weigh the variants on the end of the data before the first origin."""
        if self.weights is not None:
            return self
        values = history.values
        step = max(1, horizon // 4)
        room = max(0, (len(values) // 3 - horizon) // step)
        origins = len(values) - horizon - step * np.arange(min(ORIGINS, 1 + room))[::-1]
        if origins[0] < 2 * max(history.period, 6) or is_constant(values):
            return replace(self, weights=())
        actual = values[origins[:, None] + np.arange(horizon)]
        base = _bases(values, origins, horizon, history)
        tried = variants(values[: origins[0]], history.period, history.changes)
        with one_thread():
            paths = {v: _Equation.fit(values[: origins[0]], v).paths(values, origins, horizon) for v in tried}
        errors = {v: float(np.mean(np.abs(actual - path))) for v, path in paths.items()}
        usable = {v: max(error, 1e-300) for v, error in errors.items() if np.isfinite(error)}
        if not usable:
            return replace(self, weights=())
        weights = _weigh(usable)
        moved = _mean_path([(paths[v], w) for v, w in weights]) - base
        missing = actual - base
        scale = float(np.sum(moved**2))
        shrink = min(1.0, max(0.0, float(np.sum(moved * missing)) / scale)) if scale > 0 else 0.0
        if np.mean(np.abs(missing - shrink * moved)) >= GAIN * np.mean(np.abs(missing)):
            return replace(self, weights=())
        return replace(self, weights=weights, shrink=shrink)

    def fit(self, history: History, *, horizon: int, rng: np.random.Generator) -> FittedWeighted:
        """Estimate the variants that carry weight.

        Raises:
            SeriesTooShortError: less than one season is known.
        """
        if len(history.values) < history.period:
            raise SeriesTooShortError(
                f"{len(history.values)} observations hold no whole season of {history.period}, which "
                f"{self.name!r} needs. Give a longer history or a smaller period."
            )
        settled = self.prepare(history, horizon=horizon, rng=rng)
        positive = float(np.min(history.values)) > 0
        with one_thread():
            parts = tuple(
                (_Equation.fit(history.values, variant), weight)
                for variant, weight in settled.weights or ()
                if positive or not variant.log
            )
        strongest = max(settled.weights or (), key=lambda pair: pair[1], default=None)
        facts = {
            "variants": len(parts),
            "shrink": settled.shrink,
            "strongest": "base" if strongest is None else _words(strongest[0]),
        }
        return FittedWeighted(parts, settled.shrink, facts)


@dataclass(frozen=True, slots=True, eq=False)
class FittedWeighted:
    """Equations with their weights."""

    parts: tuple[tuple[_Equation, float], ...]
    shrink: float
    facts: Mapping[str, Any] = field(default_factory=dict)

    def forecast(self, history: History, horizon: int) -> Vector:
        """Combine the paths of the equations and draw them towards the base.

        A path that is not finite, since a value has become negative or the recursion explodes, is left out.
        """
        origin = np.array([len(history.values)])
        base: Vector = _bases(history.values, origin, horizon, history)[0]
        paths: list[tuple[Vector, float]] = [
            (eq.paths(history.values, origin, horizon)[0], w) for eq, w in self.parts
        ]
        usable = [(path, w) for path, w in paths if np.isfinite(path).all()]
        if not usable:
            return base
        return np.asarray(base + self.shrink * (_mean_path(usable) - base))


def variants(values: Vector, period: int, changes: bool = False) -> list[Variant]:
    """List what is tried, from the period, the length and the sign of the data alone.

    Example:
        >>> sorted({v.difference for v in variants(np.ones(900), 24)})
        [0, 24, 168]
    """
    if period == 1:
        sets = [tuple(range(1, 1 + max(1, default_max_lag(len(values)) // 2)))]
    else:
        near = set(range(1, period + 2))
        far = {k * period + shift for k in range(2, SEASONS + 1) for shift in (-1, 0, 1)}
        sparse = {1, 2, 3, period - 1, period, period + 1} - {0} | far
        sets = [tuple(sorted(lags)) for lags in (near, near | far, sparse)]
    differences: tuple[int, ...] = (0, period, SEASONS * period)
    if changes:
        differences = (0,)
    elif period == 1:
        differences = (0, 1) if adf(values).rejected else (1,)
    logs = (False, True) if not changes and float(np.min(values)) > 0 else (False,)
    found = [Variant(lags, log, d) for lags in sets for log in logs for d in differences]
    return [v for v in found if len(values) - v.reach >= ROWS_PER_LAG * len(v.lags)]


@dataclass(frozen=True, slots=True, eq=False)
class _Equation:
    """A fitted variant: x_t = constant + sum of phi_i x_(t - lag_i), x the transformed values."""

    variant: Variant
    constant: float
    phi: Vector

    @classmethod
    def fit(cls, values: Vector, variant: Variant) -> _Equation:
        x = _transformed(values, variant)
        centre = 0.0 if variant.difference else float(x.mean())
        x = x - centre
        longest = max(variant.lags)
        rows = len(x) - longest
        design = np.stack([x[longest - lag : longest - lag + rows] for lag in variant.lags], axis=1)
        target = x[longest:]
        means, level = (0.0, 0.0) if variant.difference else (design.mean(axis=0), float(target.mean()))
        design = design - means
        gram = design.T @ design
        ridge = RIDGE * float(np.trace(gram)) / len(gram) or 1.0
        phi = np.linalg.solve(gram + ridge * np.eye(len(gram)), design.T @ (target - level))
        constant = level - float(np.sum(means * phi)) + centre * (1 - float(phi.sum()))
        return cls(variant, constant, np.asarray(phi))

    def paths(self, values: Vector, origins: Indices, horizon: int) -> Matrix:
        """Iterate from each origin, in arithmetic that does not depend on their number: shape (O, H)."""
        variant, reach = self.variant, self.variant.reach
        known = values[origins[:, None] + np.arange(-reach, 0)]
        d, longest, lags = variant.difference, max(variant.lags), np.array(variant.lags)
        with np.errstate(all="ignore"):  # paths that are not finite are left out by the callers
            levels = np.log(known) if variant.log else known
            x = levels[:, d:] - levels[:, :-d] if d else levels
            x = np.concatenate([x, np.zeros((len(origins), horizon))], axis=1)
            for t in range(longest, longest + horizon):
                x[:, t] = self.constant + np.sum(x[:, t - lags] * self.phi, axis=1)
            path = np.concatenate([levels[:, reach - d :], x[:, longest:]], axis=1)
            if d:
                for h in range(horizon):
                    path[:, d + h] += path[:, h]
            path = path[:, d:]
            return np.exp(path) if variant.log else path


def _weigh(errors: Mapping[Variant, float]) -> tuple[tuple[Variant, float], ...]:
    """Weights by errors to minus POWER, those that matter, with sum 1."""
    best = min(errors.values())
    powers = {v: (error / best) ** -POWER for v, error in errors.items()}
    least = LEAST * sum(powers.values())
    total = sum(power for power in powers.values() if power >= least)
    return tuple((v, power / total) for v, power in powers.items() if power >= least)


def _mean_path(weighted: Sequence[tuple[Paths, float]]) -> Paths:
    """Average with weights, whatever their sum."""
    total = sum(w for _, w in weighted)
    return cast(Paths, np.sum([path * (w / total) for path, w in weighted], axis=0))


def _transformed(values: Vector, variant: Variant) -> Vector:
    x = np.log(values) if variant.log else values
    return np.asarray(x[variant.difference :] - x[: -variant.difference]) if variant.difference else x


def _bases(values: Vector, origins: Indices, horizon: int, history: History) -> Matrix:
    """Seasonal naive paths from each origin, naive without a season, zero for changes: shape (O, H)."""
    if history.period == 1 and history.changes:
        return np.zeros((len(origins), horizon))
    back = np.arange(horizon) % history.period - history.period
    return np.asarray(values[origins[:, None] + back])


def _words(variant: Variant) -> str:
    what = "log" if variant.log else "level"
    change = f", difference {variant.difference}" if variant.difference else ""
    return f"{len(variant.lags)} lags to {max(variant.lags)}, {what}{change}"
