"""What `ar-weighted` weighs: autoregressions that differ in lags, logarithm and differences."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from forecastkit.arrays import Indices, Matrix, Vector, is_constant
from forecastkit.models._ar_gate import is_stationary
from forecastkit.models.lags import select_lags

SEASONS = 7
"""Seasons back that the wide lag set reaches: a week of days."""
RIDGE = 1e-6
"""Share of the mean squared regressor added to each."""
ROWS_PER_LAG = 3
"""Regression rows that every lag needs; longer lag sets are not tried."""
SURELY = 2.326
"""One-sided 1 % of a normal, for the correlation one season apart."""


@dataclass(frozen=True, slots=True)
class Variant:
    """One autoregression: its lags, on logarithms or not, changes over `difference` steps (0: levels).

    Args:
        lags: rising.
        log: of the values.
        difference: steps.
        centred: whether levels have a constant; changes never have.
    """

    lags: tuple[int, ...]
    log: bool
    difference: int
    centred: bool = True

    @property
    def constant(self) -> bool:
        """Whether a constant is estimated."""
        return self.centred and not self.difference

    @property
    def reach(self) -> int:
        """Values that a forecast needs."""
        return max(self.lags) + self.difference

    def transformed(self, values: Vector) -> Vector:
        """What the recursion runs on."""
        x = np.log(values) if self.log else values
        return np.asarray(x[self.difference :] - x[: -self.difference]) if self.difference else x

    def __str__(self) -> str:
        what = "log" if self.log else "level"
        change = f", difference {self.difference}" if self.difference else ""
        return f"{len(self.lags)} lags to {max(self.lags)}, {what}{change}"


def is_seasonal(values: Vector, period: int, *, changes: bool = False) -> bool:
    """Whether changes one season apart are surely correlated: r_m > 2.33 sqrt((1 + 2 sum r_i^2) / n), i < m.

    Where fewer than three seasons are known the season is believed.

    Args:
        values: shape (T,).
        period: m.
        changes: the values are changes already.
    """
    x = values if changes else np.diff(values)
    if period < 2 or is_constant(x):
        return False
    if len(x) < 3 * period:
        return True
    x = x - x.mean()
    r = np.array([x[k:] @ x[: len(x) - k] for k in range(1, period + 1)]) / (x @ x)
    return bool(r[-1] > SURELY * np.sqrt((1 + 2 * np.sum(r[:-1] ** 2)) / len(x)))


def variants(values: Vector, period: int, changes: bool = False) -> list[Variant]:
    """List what is tried, with a season from the period, the length and the sign of the data alone.

    Without a season: the lags that BIC chooses, in levels where `is_stationary`, and in differences where it
    chooses any.

    Example:
        >>> sorted({v.difference for v in variants(np.ones(900), 24)})
        [0, 24, 168]
    """
    logs = (False, True) if not changes and float(np.min(values)) > 0 else (False,)
    if period == 1:
        found = [v for log in logs for v in _without_season(values, log, changes)]
    else:
        differences = (0,) if changes else (0, period, SEASONS * period)
        sets = _lag_sets(period)
        found = [Variant(lags, log, d, not changes) for lags in sets for log in logs for d in differences]
    return [v for v in found if len(values) - v.reach >= ROWS_PER_LAG * len(v.lags)]


def _lag_sets(period: int) -> list[tuple[int, ...]]:
    near = set(range(1, period + 2))
    far = {k * period + shift for k in range(2, SEASONS + 1) for shift in (-1, 0, 1)}
    sparse = {1, 2, 3, period - 1, period, period + 1} - {0} | far
    return [tuple(sorted(lags)) for lags in (near, near | far, sparse)]


def _without_season(values: Vector, log: bool, changes: bool) -> list[Variant]:
    levels = Variant((1,), log, 0, centred=not changes)
    tried = [levels] if changes or is_stationary(levels.transformed(values)) else []
    if not changes:
        tried.append(Variant((1,), log, 1))
    found = []
    for variant in tried:
        x = variant.transformed(values)
        p = 0 if is_constant(x) else select_lags(x, constant=variant.constant).p
        if p or variant.constant:
            found.append(Variant(tuple(range(1, max(1, p) + 1)), log, variant.difference, variant.centred))
    return found


@dataclass(frozen=True, slots=True, eq=False)
class Equation:
    """A fitted variant: x_t = constant + sum of phi_i x_(t - lag_i), x the transformed values."""

    variant: Variant
    constant: float
    phi: Vector

    @classmethod
    def fit(cls, values: Vector, variant: Variant) -> Equation:
        """Estimate by least squares with a small ridge."""
        x = variant.transformed(values)
        centre = float(x.mean()) if variant.constant else 0.0
        x = x - centre
        longest = max(variant.lags)
        rows = len(x) - longest
        design = np.stack([x[longest - lag : longest - lag + rows] for lag in variant.lags], axis=1)
        target = x[longest:]
        means, level = (design.mean(axis=0), float(target.mean())) if variant.constant else (0.0, 0.0)
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
