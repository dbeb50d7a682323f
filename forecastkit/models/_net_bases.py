"""Base paths that a network corrects: the last value, the last season, or an autoregression."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Protocol

import numpy as np

from forecastkit.arrays import Indices, Matrix, Vector
from forecastkit.diagnostics.stationarity import adf, kpss
from forecastkit.errors import SeriesTooShortError
from forecastkit.models._ar_fitted import FittedAutoregression
from forecastkit.models._ar_task import task_of
from forecastkit.models._net_view import CLIP, robust_size
from forecastkit.models._net_windows import Split, level_of, targets_of
from forecastkit.models.autoregressive import Autoregression
from forecastkit.models.effective_memory import differences
from forecastkit.models.protocol import History, Schedule

CLEARLY = 0.01
"""Level of the test that keeps a random walk from being drawn to a mean by chance."""
FOLDS = 5
"""Parts of the training block; the path of a window comes from coefficients that its part had no share in."""


class Base(Protocol):
    """A path for every origin, made without the targets of that origin."""

    @property
    def name(self) -> str:
        """What it continues."""
        ...

    @property
    def reach(self) -> int:
        """Past values it needs."""
        ...

    def inside(self, history: History, origins: Indices, horizon: int, *, training: bool) -> Matrix:
        """Continue one past from origins inside it: shape (N, horizon).

        Args:
            history: the past.
            origins: lengths of the level known.
            horizon: steps.
            training: whether these windows train the network, so that their later values are known too.
        """
        ...

    def ahead(self, histories: Sequence[History], horizon: int) -> Matrix:
        """Continue every history from its end: shape (O, horizon)."""
        ...

    def by_lag(self, history: History, horizon: int) -> Matrix:
        """Derivatives of the path by past values, newest first, coefficients as fitted: (horizon, lags)."""
        ...


@dataclass(frozen=True, slots=True)
class Repeat:
    """The last value, the last season, or the last season moved to the last value, drawn to a mean if any.

    Args:
        name: "naive", "last season" or "last season moved".
        period: season length.
        mean: to which paths are drawn.
        shares: by h, how much is left of the distance to the mean; none where nothing is drawn.
    """

    name: str = "naive"
    period: int = 1
    mean: float = 0.0
    shares: tuple[float, ...] = ()

    @property
    def reach(self) -> int:
        """Past values it needs."""
        return 1 if self.period == 1 else self.period + 1

    def inside(self, history: History, origins: Indices, horizon: int, *, training: bool) -> Matrix:
        """Continue from origins inside a past."""
        rows = origins[:, None] + np.arange(-self.reach, 0)
        return self.paths(level_of(history)[rows], horizon)

    def ahead(self, histories: Sequence[History], horizon: int) -> Matrix:
        """Continue from the end of every history."""
        return self.paths(np.array([level_of(history)[-self.reach :] for history in histories]), horizon)

    def by_lag(self, history: History, horizon: int) -> Matrix:
        """Weights of the last levels in the path; of moves, where these are what a history holds."""
        weights = (self.paths(np.eye(self.reach), horizon) - self.paths(np.zeros((1, self.reach)), horizon)).T
        newest_first = weights[:, ::-1]
        return np.cumsum(newest_first, axis=1) - 1.0 if history.changes else newest_first

    def paths(self, windows: Matrix, horizon: int) -> Matrix:
        """Continue windows (N, at least `reach`)."""
        path = self._repeated(windows, horizon)
        return self.mean + np.array(self.shares[:horizon]) * (path - self.mean) if self.shares else path

    def drawn(self, windows: Matrix, targets: Matrix) -> Repeat:
        """Draw to the middle of the training windows' last values, h by h as far as least squares advises.

        The middle is the mean of the values within ten robust standard deviations; what lies beyond counts
        as if it lay there.
        """
        last = windows[:, -1] - np.median(windows[:, -1])
        limit = CLIP * robust_size(last)
        mean = float(np.median(windows[:, -1]) + np.clip(last, -limit, limit).mean())
        away, wanted = (
            np.clip(part - mean, -limit, limit)
            for part in (self._repeated(windows, targets.shape[1]), targets)
        )
        size = np.sum(away**2, axis=0)
        slope = np.divide(np.sum(away * wanted, axis=0), size, out=np.ones_like(size), where=size > 0)
        return replace(self, mean=mean, shares=tuple(np.clip(slope, 0.0, 1.0).tolist()))

    def _repeated(self, windows: Matrix, horizon: int) -> Matrix:
        last = windows[:, -1:]
        if self.name == "naive":
            return np.repeat(last, horizon, axis=1)
        season = windows[:, -self.period :][:, np.resize(np.arange(self.period), horizon)]
        if self.name == "last season":
            return np.asarray(season)
        return np.asarray(season + last - windows[:, -self.period - 1 : -self.period])


@dataclass(frozen=True, slots=True)
class AutoregressivePath:
    """The path of an autoregression: cross-fitted where it trains, fitted on all that is known elsewhere.

    A training window takes the coefficients that were estimated with the targets of its part of the training
    block left out, so that what the network learns to correct are errors of forecasts, not residuals.

    Args:
        recipe: the autoregression, settled.
        train_until: one past the last training target, in levels.
        reach: past values it needs.
    """

    recipe: Autoregression
    train_until: int
    reach: int = 1

    @property
    def name(self) -> str:
        """What it continues."""
        return self.recipe.name

    def inside(self, history: History, origins: Indices, horizon: int, *, training: bool) -> Matrix:
        """Continue from origins inside a past."""
        if not training:
            return self._rolling(history, origins, horizon)
        cut = self.train_until - int(history.changes)
        known = replace(history, values=history.values[:cut], index=history.index[:cut])
        parts = np.array_split(origins, min(FOLDS, len(origins)))
        paths = []
        for part in parts:
            masked = known.values.copy()
            first = int(part[0]) - int(history.changes)
            masked[first : first + len(part) + horizon - 1] = np.nan
            fitted = self._with_gap(replace(known, values=masked), horizon)
            paths.append(_paths_from(fitted, history, part, horizon))
        return np.concatenate(paths)

    def ahead(self, histories: Sequence[History], horizon: int) -> Matrix:
        """Fit on each history and continue it from its end."""
        paths = [self._fit(history, horizon).forecast(history, horizon) for history in histories]
        return np.array([_as_level(path, history) for path, history in zip(paths, histories, strict=True)])

    def by_lag(self, history: History, horizon: int) -> Matrix:
        """Weights of the last values in the path of one fit."""
        return differences(self._fit(history, horizon), history, horizon)

    def _rolling(self, history: History, origins: Indices, horizon: int) -> Matrix:
        """Fit anew at every origin, on what is known there."""
        stops = origins - int(history.changes)
        windows = np.stack([np.zeros_like(stops), stops], axis=1)
        schedule = Schedule(windows, windows, np.arange(len(stops)))
        answers = self.recipe.forecast_origins(
            history, schedule, horizon=horizon, rng=np.random.default_rng(0)
        )
        if not history.changes:
            return answers.mean
        return np.asarray(np.cumsum(answers.mean, axis=1) + level_of(history)[origins - 1][:, None])

    def _with_gap(self, history: History, horizon: int) -> FittedAutoregression:
        """Fit a past with a gap; the highest order is halved until the rows that are left suffice."""
        recipe = self.recipe
        while True:
            try:
                return recipe.fit(history, horizon=horizon, rng=np.random.default_rng(0))
            except SeriesTooShortError:
                if not recipe.max_lag:
                    raise
                recipe = replace(recipe, max_lag=recipe.max_lag // 2)

    def _fit(self, history: History, horizon: int) -> FittedAutoregression:
        return self.recipe.fit(history, horizon=horizon, rng=np.random.default_rng(0))


def choose_repeat(history: History, split: Split, horizon: int, *, drawn: bool) -> Repeat:
    """Take the repetition whose errors in training, h by h relative to each other, are smallest.

    Args:
        history: the past.
        split: its blocks.
        horizon: steps ahead.
        drawn: whether repetitions are drawn to the mean.
    """
    period, level = history.period, level_of(history)
    actual = targets_of(level, split.train, horizon)
    names = ("naive",) if period == 1 else ("naive", "last season", "last season moved")
    bases = [Repeat(name, period) for name in names]
    if drawn:
        windows = level[split.train[:, None] + np.arange(-bases[0].reach, 0)]
        bases = [base.drawn(windows, actual) for base in bases]

    def size(base: Repeat) -> float:
        errors = actual - base.inside(history, split.train, horizon, training=True)
        return float(np.mean(np.log(np.maximum(np.mean(np.abs(errors), axis=0), 1e-300))))

    return min(bases, key=size)


def is_stationary(history: History) -> bool:
    """Whether levels come back: a unit root is rejected (ADF, 5 %) and stationarity is not (KPSS, 1 %)."""
    if history.changes or not adf(history.values).rejected:
        return False
    against = kpss(history.values).p_value
    return against is None or against > CLEARLY


def _paths_from(fitted: FittedAutoregression, history: History, origins: Indices, horizon: int) -> Matrix:
    """Continue one past from origins inside it with fixed coefficients, on the level: shape (N, horizon)."""
    task = task_of(history, fitted.lags, fitted.terms, differenced=fitted.differenced, horizon=horizon)
    stops = origins - int(history.changes)
    ends = task.ends(fitted.fits, np.zeros(len(stops), dtype=np.int64), stops)
    level = ends.level(ends.path(), fitted.weights)
    return level + level_of(history)[origins - 1][:, None] if history.changes else level


def _as_level(path: Vector, history: History) -> Vector:
    return np.cumsum(path) + level_of(history)[-1] if history.changes else path
