"""ar-weighted: several autoregressions, weighted by how they forecast the end of the training part."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, TypeVar, cast

import numpy as np

from forecastkit.arrays import Indices, Matrix, Vector, is_constant
from forecastkit.errors import SeriesTooShortError
from forecastkit.models._ar_variants import Equation, Variant, is_seasonal, variants
from forecastkit.models._rolling_ols import one_thread
from forecastkit.models.protocol import Family, History

Paths = TypeVar("Paths", Vector, Matrix)
POWER = 3.0
"""Weights are validation errors to minus this power."""
ORIGINS = 9
"""Validation origins at most, a quarter of a horizon apart."""
LEAST = 0.005
"""Variants of less weight are dropped."""
GAIN = 0.98
"""The base is left where the validation error falls to this share of its own, or below."""


@dataclass(frozen=True, slots=True)
class WeightedAutoregression:
    """Combine autoregressions by validation and draw them towards the (seasonal) naive forecast.

    f_h = b_h + s sum over v of w_v (f_v,h - b_h), b the seasonal naive forecast (naive without a season),
    w_v ~ (mean absolute error of v)^-3, s in [0, 1] by least squares, all from up to 9 origins at the end of
    the data before the first origin, with coefficients from what precedes them. Where this does not reach
    98 % of the error of b, s = 0: the forecast is b.

    A season that the changes do not surely show (their correlation one season apart, at 1 %) counts as none,
    and so does one where naive forecast better than all this.

    The variants follow from the period m, the length and the sign of the data alone: lags 1..m + 1, these
    with 2m .. 7m and their neighbours, or 1..3 with m .. 7m and their neighbours; levels and differences over
    m and 7m steps, never with a drift. Without a season they are the lags that BIC chooses, in differences,
    and in levels where `ar` would model them. Logarithms are tried too where every value is positive; they
    are taken back without a correction, so their forecasts are medians.

    Args:
        name: what the model is called.
        default_refit: origins between two fits.
        weights: by variant, settled by `prepare`.
        shrink: s, settled by `prepare`.
        season: the period that counts, settled by `prepare`.
    """

    name: str = "ar-weighted"
    default_refit: int | None = 1
    family: Family = "ar"
    weights: tuple[tuple[Variant, float], ...] | None = None
    shrink: float = 0.0
    season: int | None = None

    def prepare(self, history: History, *, horizon: int, rng: np.random.Generator) -> WeightedAutoregression:
        """Weigh the variants on the end of the data before the first origin."""
        if self.weights is not None:
            return self
        values, changes = history.values, history.changes
        season = history.period if is_seasonal(values, history.period, changes=changes) else 1
        plain = replace(self, weights=(), season=season)
        step = max(1, horizon // 4)
        room = max(0, (len(values) // 3 - horizon) // step)
        origins = len(values) - horizon - step * np.arange(min(ORIGINS, 1 + room))[::-1]
        if origins[0] < 2 * max(season, 6) or is_constant(values):
            return plain
        tried = variants(values[: origins[0]], season, changes)
        with one_thread():
            paths = {v: Equation.fit(values[: origins[0]], v).paths(values, origins, horizon) for v in tried}
        actual = values[origins[:, None] + np.arange(horizon)]
        base, naive = (_bases(values, origins, horizon, m, changes) for m in (season, 1))
        weighed = _validated(paths, actual, base)
        best = weighed[2] if weighed else float(np.mean(np.abs(actual - base)))
        if season > 1 and np.mean(np.abs(actual - naive)) < best:
            return replace(plain, season=1)
        return replace(plain, weights=weighed[0], shrink=weighed[1]) if weighed else plain

    def fit(self, history: History, *, horizon: int, rng: np.random.Generator) -> FittedWeighted:
        """Estimate the variants that carry weight.

        Raises:
            SeriesTooShortError: less than one season is known.
        """
        settled = self.prepare(history, horizon=horizon, rng=rng)
        season = history.period if settled.season is None else settled.season
        if len(history.values) < season:
            raise SeriesTooShortError(
                f"{len(history.values)} observations hold no whole season of {season}, which {self.name!r} "
                "needs. Give a longer history or a smaller period."
            )
        positive = float(np.min(history.values)) > 0
        with one_thread():
            parts = tuple(
                (Equation.fit(history.values, variant), weight)
                for variant, weight in settled.weights or ()
                if positive or not variant.log
            )
        strongest = max(settled.weights or (), key=lambda pair: pair[1], default=None)
        facts = {
            "variants": len(parts),
            "shrink": settled.shrink,
            "season": season,
            "strongest": "base" if strongest is None else str(strongest[0]),
        }
        return FittedWeighted(parts, settled.shrink, season, facts)


@dataclass(frozen=True, slots=True, eq=False)
class FittedWeighted:
    """Equations with their weights."""

    parts: tuple[tuple[Equation, float], ...]
    shrink: float
    season: int
    facts: Mapping[str, Any] = field(default_factory=dict)

    def forecast(self, history: History, horizon: int) -> Vector:
        """Combine the paths of the equations and draw them towards the base.

        A path that is not finite, since a value has become negative or the recursion explodes, is left out.
        """
        origin = np.array([len(history.values)])
        base: Vector = _bases(history.values, origin, horizon, self.season, history.changes)[0]
        paths: list[tuple[Vector, float]] = [
            (eq.paths(history.values, origin, horizon)[0], w) for eq, w in self.parts
        ]
        usable = [(path, w) for path, w in paths if np.isfinite(path).all()]
        if not usable:
            return base
        return np.asarray(base + self.shrink * (_mean_path(usable) - base))


def _validated(
    paths: Mapping[Variant, Matrix], actual: Matrix, base: Matrix
) -> tuple[tuple[tuple[Variant, float], ...], float, float] | None:
    """Weights, share s and error of the combination; None where it is no clear gain over the base."""
    errors = {v: float(np.mean(np.abs(actual - path))) for v, path in paths.items()}
    usable = {v: max(error, 1e-300) for v, error in errors.items() if np.isfinite(error)}
    if not usable:
        return None
    weights = _weigh(usable)
    moved, missing = _mean_path([(paths[v], w) for v, w in weights]) - base, actual - base
    scale = float(np.sum(moved**2))
    shrink = min(1.0, max(0.0, float(np.sum(moved * missing)) / scale)) if scale > 0 else 0.0
    error = float(np.mean(np.abs(missing - shrink * moved)))
    return (weights, shrink, error) if error < GAIN * np.mean(np.abs(missing)) else None


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


def _bases(values: Vector, origins: Indices, horizon: int, period: int, changes: bool) -> Matrix:
    """Seasonal naive paths from each origin, naive without a season, zero for changes: shape (O, H)."""
    if period == 1 and changes:
        return np.zeros((len(origins), horizon))
    back = np.arange(horizon) % period - period
    return np.asarray(values[origins[:, None] + back])
