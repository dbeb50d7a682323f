"""One model fitted on a whole series: dated forecasts of what comes next, in the unit of the series."""

from __future__ import annotations

import warnings
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import pandas as pd
from threadpoolctl import threadpool_limits

from forecastkit.arrays import Cube, Matrix
from forecastkit.backtesting.plan import FEWEST_TRAINING, BacktestPlan
from forecastkit.backtesting.request import check_training
from forecastkit.backtesting.runner import check_usable
from forecastkit.backtesting.scored_scale import ScoredScale
from forecastkit.backtesting.seen import seen_history, seen_transform
from forecastkit.backtesting.stage import Progress, watched
from forecastkit.errors import (
    DataError,
    ForecastKitWarning,
    ForecastShapeError,
    PlanError,
    SeriesTooShortError,
)
from forecastkit.models.protocol import (
    QUANTILES,
    Fitted,
    Forecaster,
    as_forecaster,
    covariates_of,
    facts_of,
    prepare,
    seeds_of,
)
from forecastkit.models.registry import find_model
from forecastkit.scoring.losses import check_loss
from forecastkit.seeds import spawn
from forecastkit.series.series import Series, checkpoints, label
from forecastkit.series.transforms import Transform, find_transform
from forecastkit.sources.covariates import continued
from forecastkit.sources.objects import as_series


@dataclass(frozen=True, slots=True)
class FittedOn:
    """What a forecaster was fitted on, told without keeping it.

    Args:
        series: its name.
        observations: how many.
        first, last: entries of its index.
        period: season length.
        known, past: names of its covariates.
        beginning: hash of values and index, by which a longer series is known again.
        fingerprint: hash of values, index, covariates and period.
    """

    series: str
    observations: int
    first: str
    last: str
    period: int
    known: tuple[str, ...]
    past: tuple[str, ...]
    beginning: str
    fingerprint: str

    @classmethod
    def of(cls, series: Series) -> FittedOn:
        """Describe a series."""
        return cls(
            series=series.name,
            observations=len(series),
            first=label(series.index[0]),
            last=label(series.index[-1]),
            period=series.period,
            known=series.known_names,
            past=series.past_names,
            beginning=checkpoints(series, [len(series)])[0][1],
            fingerprint=series.fingerprint,
        )

    def check(self, series: Series) -> None:
        """Refuse a series from whose end no forecast can be made; warn where its past was revised.

        Raises:
            DataError: it ends before, or begins elsewhere, or has another period or other covariates.
        """
        first, last = label(series.index[0]), label(series.index[-1])
        if len(series) < self.observations or first != self.first:
            raise DataError(
                f"A forecaster that was fitted on {self.observations} observations, {self.first} to "
                f"{self.last}, was given {len(series)}, {first} to {last}. Give the series from {self.first} "
                f"on, up to {self.last} or later: seasons and trends are counted from its first "
                "observation, and a forecast from an earlier end would know its own future."
            )
        told = {"period": series.period, "known": series.known_names, "past": series.past_names}
        for what, given in told.items():
            if given != getattr(self, what):
                raise DataError(
                    f"A forecaster that was fitted with {what} {getattr(self, what)!r} was given a series "
                    f"with {given!r}. Load the series as it was loaded for the fit, or fit again."
                )
        if checkpoints(series, [self.observations])[0][1] != self.beginning:
            warnings.warn(
                f"The observations of {series.name!r} up to {self.last} are not those that the forecaster "
                "was fitted on: they were revised, or it is another series. Fit again where that matters.",
                ForecastKitWarning,
                stacklevel=4,
            )


@dataclass(frozen=True, slots=True, eq=False)
class FittedForecaster:
    """A model with all its seeds, fitted on a whole series; see `fit`.

    Args:
        recipe: the model, with what it settled on the data.
        members: what came of each seed.
        transform: between the series and what the model sees, with its parameters.
        horizon: steps ahead that it was fitted for.
        data: what it was fitted on.
    """

    recipe: Forecaster
    members: tuple[Fitted, ...]
    transform: Transform
    horizon: int
    data: FittedOn

    def __repr__(self) -> str:
        data = self.data
        return (
            f"FittedForecaster({self.name!r}, horizon={self.horizon}, {len(self.members)} member(s), fitted "
            f"on {data.observations} observations of {data.series!r}, {data.first} to {data.last})"
        )

    @property
    def name(self) -> str:
        """What the model is called."""
        return self.recipe.name

    @property
    def facts(self) -> tuple[Mapping[str, Any], ...]:
        """What each member tells about its fit."""
        return tuple(facts_of(member) for member in self.members)

    def forecast(self, series: Any, horizon: int | None = None, **reading: Any) -> pd.DataFrame:
        """Forecast what follows the last observation of a series, in its unit.

        Args:
            series: that of the fit, or the same with newer observations; the model is not fitted anew.
            horizon: steps ahead; by default those of the fit.
            reading: of a frame, as in `backtest`.

        Returns:
            series, model, cutoff, h, target_time and mean, a row per step, and quantiles (q0.1) where the
            model states them. A target time is missing where the dates of the series follow no frequency.

        Raises:
            DataError: the series does not go on from the one of the fit, or covariates known ahead end
                before the horizon.
            ForecastKitError: the model cannot answer; the message says why.
        """
        data = as_series(series, **reading)
        self.data.check(data)
        steps = self.horizon if horizon is None else horizon
        if steps < 1:
            raise PlanError(f"horizon={steps} was given; at least 1 is needed.")
        _check_known_ahead(self.recipe, data, steps)
        with threadpool_limits(1):
            answers = [self._answer(member, data, steps) for member in self.members]
        mean = np.mean([path for path, _ in answers], axis=0)
        frame = {
            "series": data.name,
            "model": self.name,
            "cutoff": data.index[[-1] * steps],
            "h": np.arange(1, steps + 1),
            "target_time": _times_ahead(data.index, steps),
            "mean": mean[0],
        }
        levels = [levels for _, levels in answers if levels is not None]
        if len(levels) == len(answers):
            averaged = np.mean(levels, axis=0)[0]
            frame |= {f"q{level:g}": averaged[:, i] for i, level in enumerate(QUANTILES)}
        return pd.DataFrame(frame)

    def _answer(self, member: Fitted, data: Series, steps: int) -> tuple[Matrix, Cube | None]:
        """Path (1, H) and quantiles (1, H, Q) of one member, in the unit of the series."""
        end = len(data)
        seen = seen_history(self.name, self.recipe, data, self.transform, slice(0, end), steps)
        path = np.asarray(member.forecast(seen, steps), dtype=np.float64)
        if path.shape != (steps,):
            raise ForecastShapeError(
                f"Model {self.name!r} answered shape {path.shape}; ({steps},) is needed: one number a step.",
                model=self.name,
                origin=end,
            )
        unit = replace(self.transform, relative=False)
        scale = ScoredScale(self.name, data, BacktestPlan(horizon=steps), unit)
        origins = np.array([end])
        levels, pasts = scale.levels(member, [seen]), scale.pasts(origins)
        mean, errors = scale.scored(path[None], levels, pasts, origins)
        for error in errors.values():
            raise error
        return mean, scale.placed(levels, pasts, np.ones(1, dtype=np.bool_))


def fit(
    series: Any,
    model: Any,
    *,
    horizon: int = 24,
    transform: str | None = None,
    seeds: int = 5,
    seed: int = 0,
    loss: str = "squared",
    device: str = "auto",
    progress: Progress | None = None,
    **reading: Any,
) -> FittedForecaster:
    """Fit one model on a whole series, to forecast what comes after it.

    It is the model that `backtest` fits at the end of the series: its forecast from there is the same. How
    well it does, `compare` tells.

    Args:
        model: a registered name, a function (values, horizon), or a recipe.
        horizon: steps ahead.
        series, transform, seeds, seed, loss, device, reading: as in `backtest`.
        progress: called with the model's name, seeds done and seeds in all; `within` as in `backtest`.

    Raises:
        DataError: the series cannot be used.
        SeriesTooShortError: it is too short for the model.
        PlanError, UnknownModelError: what was asked cannot be fitted.
        BackendError: TensorFlow is missing.

    Example:
        >>> import forecastkit as fk
        >>> fitted = fit(fk.load("sunspots"), "ar", horizon=3)
        >>> fitted.forecast(fk.load("sunspots"))["mean"].round(1).tolist()
        [31.9, 63.3, 89.7]
    """
    data = as_series(series, **reading)
    check_loss(loss)
    check_training(seeds, seed, device)
    plan = BacktestPlan(horizon=horizon)
    if len(data) < FEWEST_TRAINING:
        raise SeriesTooShortError(
            f"Series {data.name!r} has {len(data)} observations; {FEWEST_TRAINING} are needed to fit a "
            "model. Give a longer series."
        )
    chosen = find_transform(data.default_transform if transform is None else transform)
    check_usable(data, chosen)
    if isinstance(model, str):
        settings = {"seeds": seeds, "loss": loss, "device": device, "process": data.process}
        recipe = find_model(model, **settings)
    else:
        recipe = as_forecaster(model, getattr(model, "__name__", "model"))
    seen = seen_transform(recipe, chosen.fit(data.values, data.period))
    history = seen_history(recipe.name, recipe, data, seen, slice(0, len(data)), plan.horizon)
    members: list[Fitted] = []
    with threadpool_limits(1):
        rng = spawn(seed, recipe.name, "prepare")
        with watched(progress, recipe.name, 0, seeds_of(recipe)):
            settled = prepare(recipe, history, horizon=horizon, rng=rng)
        for member in range(seeds_of(recipe)):
            if progress is not None:
                progress(recipe.name, member, seeds_of(recipe))
            rng = spawn(seed, recipe.name, member, len(data))
            with watched(progress, recipe.name, member + 1, seeds_of(recipe)):
                members.append(settled.fit(history, horizon=horizon, rng=rng))
    return FittedForecaster(settled, tuple(members), seen, horizon, FittedOn.of(data))


def _check_known_ahead(recipe: Forecaster, series: Series, steps: int) -> None:
    """Refuse a forecast whose covariates known ahead are not known.

    Raises:
        DataError: they end before its last step.
    """
    if series.known is None or "known" not in covariates_of(recipe):
        return
    ahead = len(series.known) - len(series)
    if ahead < steps:
        raise DataError(
            f"Covariates of series {series.name!r} ({', '.join(series.known_names)}) are known for {ahead} "
            f"steps after its last value; the forecast needs {steps}. Add rows for the steps ahead, or ask "
            "for a shorter horizon."
        )


def _times_ahead(index: pd.Index, steps: int) -> pd.Index:
    """Give the next entries of an index, missing ones where it does not tell."""
    ahead = continued(index, steps)[len(index) :]
    if len(ahead):
        return ahead
    if index.dtype.kind in "iuf" and len(index) > 1 and np.ptp(np.diff(index)) == 0:
        return pd.Index(index[-1] + (index[-1] - index[-2]) * np.arange(1, steps + 1))
    dated = isinstance(index, pd.DatetimeIndex)
    return pd.DatetimeIndex([pd.NaT] * steps).tz_localize(index.tz) if dated else pd.Index([None] * steps)
