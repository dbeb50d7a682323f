"""How a network sees windows: views of the values side by side, scaled by what the training block holds."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from forecastkit.arrays import Cube, Matrix, Vector
from forecastkit.models._net_windows import Seen

CLIP = 10.0
"""Inputs and targets end at so many robust standard deviations: one wild value may not drown the others."""
NORMAL = 1.4826
"""Standard deviation over median absolute value of a normal variable."""


@dataclass(frozen=True, slots=True, eq=False)
class View:
    """Windows as distances from the newest value, and beside them standardised levels where these say more.

    Args:
        steps: time steps of one input.
        fold: values per time step; 1, or a season.
        period: season length, whose phase is shown where it is above 1.
        level_visible: whether levels are shown.
        log: whether logarithms of the values are shown in place of the values.
        floor: smallest value whose logarithm is taken.
        distance, centre, spread: of the training windows.
        covariate_centre, covariate_spread: shape (C,).
    """

    steps: int
    fold: int
    period: int
    level_visible: bool
    log: bool
    floor: float
    distance: float
    centre: float
    spread: float
    covariate_centre: Vector
    covariate_spread: Vector

    @classmethod
    def fit(cls, seen: Seen, period: int, *, fold: int, level_visible: bool, log: bool) -> View:
        """Scale by training windows."""
        floor = float(np.min(seen.levels))
        values = np.log(seen.levels) if log else seen.levels
        centre = float(np.median(values[:, -1]))
        spread = seen.covariates.std(axis=(0, 1))
        return cls(
            steps=seen.levels.shape[1] // fold,
            fold=fold,
            period=period,
            level_visible=level_visible,
            log=log,
            floor=floor,
            distance=robust_size(values - values[:, -1:]),
            centre=centre,
            spread=robust_size(values[:, -1] - centre),
            covariate_centre=seen.covariates.mean(axis=(0, 1)),
            covariate_spread=np.where(spread > 0, spread, 1.0),
        )

    @property
    def lookback(self) -> int:
        """Past values in one window."""
        return self.steps * self.fold

    def inputs(self, seen: Seen) -> Cube:
        """Shape (N, steps, channels)."""
        n = len(seen.levels)
        views = [self._distances(seen), *([self._levels(seen)] if self.level_visible else [])]
        folded = [view.reshape(n, self.steps, self.fold) for view in views]
        covariates = self._covariates(seen).reshape(n, self.steps, self.fold * seen.covariates.shape[2])
        return np.concatenate([*folded, covariates, self._phases(seen)], axis=2)

    def linear(self, seen: Seen) -> Matrix:
        """The same without redundance, for a linear map: shape (N, features)."""
        n = len(seen.levels)
        level = self._levels(seen)[:, -1:] if self.level_visible else np.empty((n, 0))
        covariates = self._covariates(seen)[:, -1]
        return np.concatenate(
            [self._distances(seen)[:, :-1], level, covariates, self._phases(seen)[:, -1]], axis=1
        )

    def _values(self, seen: Seen) -> Matrix:
        return np.log(np.maximum(seen.levels, self.floor)) if self.log else seen.levels

    def _distances(self, seen: Seen) -> Matrix:
        values = self._values(seen)
        return np.clip((values - values[:, -1:]) / self.distance, -CLIP, CLIP)

    def _levels(self, seen: Seen) -> Matrix:
        return np.clip((self._values(seen) - self.centre) / self.spread, -CLIP, CLIP)

    def _covariates(self, seen: Seen) -> Cube:
        return np.clip((seen.covariates - self.covariate_centre) / self.covariate_spread, -CLIP, CLIP)

    def _phases(self, seen: Seen) -> Cube:
        """Sine and cosine of the season at the last value of each step: shape (N, steps, 2 or 0)."""
        if self.period == 1:
            return np.empty((len(seen.levels), self.steps, 0))
        back = np.arange(-self.steps + 1, 1) * self.fold
        angle = 2 * np.pi * ((seen.times[:, None] + back) % self.period) / self.period
        return np.stack([np.sin(angle), np.cos(angle)], axis=2)


def robust_size(values: Matrix | Vector) -> float:
    """Root mean square with values cut off at CLIP robust standard deviations; 1 where all are zero."""
    spread = NORMAL * float(np.median(np.abs(values)))
    size = np.clip(values, -CLIP * spread, CLIP * spread) if spread > 0 else values
    peak = float(np.max(np.abs(size), initial=0.0))
    return peak * float(np.sqrt(np.mean((size / peak) ** 2))) if peak > 0 else 1.0
