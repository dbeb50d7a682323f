"""The one loop that sees past and future: models get copies of the past, the future stays here."""

from __future__ import annotations

import time
import warnings
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from forecastkit.arrays import Cube, Indices, Matrix, is_constant
from forecastkit.backtesting.forecasts import Forecasts, assemble
from forecastkit.backtesting.plan import BacktestPlan
from forecastkit.errors import BackendError, DataError, FitError, ForecastShapeError, UnpairedOriginsWarning
from forecastkit.models.protocol import (
    QUANTILES,
    Fitted,
    Forecaster,
    History,
    facts_of,
    family_of,
    forecast_many,
    forecast_quantiles,
    prepare,
    seeds_of,
)
from forecastkit.runs.blocks import Block, Failure
from forecastkit.runs.folder import RunFolder
from forecastkit.seeds import spawn
from forecastkit.series.series import Series
from forecastkit.series.transforms import Transform

LARGEST = 1e150
"""Forecasts from here on have squared errors that are no numbers any more."""
Progress = Callable[[str, int, int], None]
"""Called with a model's name, its blocks done and its blocks in all."""


def run_backtest(
    series: Series,
    recipes: Mapping[str, Forecaster],
    plan: BacktestPlan,
    *,
    transform: Transform,
    seed: int = 0,
    folder: RunFolder | None = None,
    progress: Progress | None = None,
    settings: Mapping[str, Any] | None = None,
) -> Forecasts:
    """Fit every model at its refit origins, forecast from every origin, and collect what came.

    A model that raises or answers the wrong shape is recorded with its origin and reason; the run goes on.

    Args:
        series: the data.
        recipes: models by the name they get in the result.
        plan: origins and refits.
        transform: what the models see, and on which scale they are scored.
        seed: of all randomness; each fit draws from its own stream by model, member and origin.
        folder: where finished blocks are kept; those it has already are not computed again.
        progress: called after every block.
        settings: kept with the result.

    Raises:
        DataError: the series is constant, or the transform cannot take it.
        SeriesTooShortError: the plan does not fit into the series.
        BackendError: a network is asked for and TensorFlow is missing.
    """
    origins = check_runnable(series, plan, transform)
    actual = scored_actuals(series, origins, plan.horizon, transform)
    bench = _Bench(series, plan, transform, seed)
    blocks = []
    for name, recipe in recipes.items():
        parts = plan.blocks(origins, plan.refit_interval(name, getattr(recipe, "default_refit", 1)))
        tasks = [(member, part) for part in parts for member in range(seeds_of(recipe))]
        prepared: Forecaster | Failure | None = None
        for done, (member, part) in enumerate(tasks):
            if progress is not None:
                progress(name, done, len(tasks))
            block = folder.blocks.get((name, member, int(part[0]))) if folder is not None else None
            if block is None:
                prepared = prepared or bench.prepare(name, recipe, int(origins[0]))
                block = bench.run(name, prepared, member, part)
                if folder is not None:
                    folder.append(block, series, actual[np.searchsorted(origins, part)])
            blocks.append(block)
        if progress is not None:
            progress(name, len(tasks), len(tasks))
    forecasts = assemble(
        blocks,
        series=series.name,
        families={name: family_of(recipe) for name, recipe in recipes.items()},
        index=series.index,
        origins=origins,
        step=plan.step,
        actual=actual,
        levels=QUANTILES,
        settings=settings or {},
    )
    _warn_of_failures(forecasts)
    return forecasts


def check_runnable(series: Series, plan: BacktestPlan, transform: Transform) -> Indices:
    """Refuse a series that cannot be backtested as planned, before anything is computed or written.

    Returns:
        the origins, shape (O,).

    Raises:
        DataError: the series is constant, or the transform cannot take it.
        SeriesTooShortError: the plan does not fit into the series.
    """
    if is_constant(series.values):
        raise DataError(
            f"Series {series.name!r} is constant ({series.values[0]:g}): there is nothing to forecast or to "
            "compare. Check the column, or give a series that varies."
        )
    transform.check(series.values, series.name)
    return plan.origin_positions(len(series), series.name)


def scored_actuals(series: Series, origins: Indices, horizon: int, transform: Transform) -> Matrix:
    """What came after each origin, on the scored scale: shape (O, H)."""
    values = series.values
    return np.array([transform.actual(values[t : t + horizon], values[t - 1]) for t in origins.tolist()])


class _Bench:
    """The series with everything that turns one task into one block."""

    def __init__(self, series: Series, plan: BacktestPlan, transform: Transform, seed: int) -> None:
        self.series = series
        self.plan = plan
        self.transform = transform
        self.seed = seed

    def prepare(self, name: str, recipe: Forecaster, origin: int) -> Forecaster | Failure:
        """Let the recipe settle what it decides once, on the training data of the first origin."""
        try:
            history = self._history(self.plan.training_part(origin))
            rng = spawn(self.seed, name, "prepare")
            return prepare(recipe, history, horizon=self.plan.horizon, rng=rng)
        except BackendError:
            raise
        except (
            Exception
        ) as error:  # models are anyone's code: whatever they raise is recorded, and others go on
            return _failure(name, 0, origin, error)

    def run(self, name: str, recipe: Forecaster | Failure, member: int, origins: Indices) -> Block:
        """Fit at the first of these origins and forecast from each."""
        start = time.perf_counter()
        if isinstance(recipe, Failure):
            return self._failed(name, member, origins, recipe.error, recipe.message, 0.0)
        origin = int(origins[0])
        rng = spawn(self.seed, name, member, origin)
        try:
            history = self._history(self.plan.training_part(origin))
            fitted = recipe.fit(history, horizon=self.plan.horizon, rng=rng)
        except BackendError:
            raise
        except Exception as error:  # see above
            failure = _failure(name, member, origin, error)
            return self._failed(
                name, member, origins, failure.error, failure.message, time.perf_counter() - start
            )
        fit_seconds = time.perf_counter() - start
        mean, quantiles, failures = self._forecast(name, fitted, member, origins)
        return Block(
            model=name,
            seed=member,
            origins=origins,
            mean=mean,
            quantiles=quantiles,
            failures=failures,
            fit_seconds=fit_seconds,
            forecast_seconds=time.perf_counter() - start - fit_seconds,
            facts=facts_of(fitted),
        )

    def _history(self, part: slice) -> History:
        values = np.array(self.transform.forward(self.series.values[part].copy()))
        values.flags.writeable = False
        index = self.series.index[part][-len(values) :]
        return History(values, index, self.series.period, self.transform.changes)

    def _forecast(
        self, name: str, fitted: Fitted, member: int, origins: Indices
    ) -> tuple[Matrix, Cube | None, tuple[Failure, ...]]:
        """Forecast all origins together; where that fails, one by one, so that only the guilty are lost."""
        try:
            return (*self._paths(name, fitted, origins), ())
        except Exception as error:  # see above
            if len(origins) == 1:
                failure = _failure(name, member, int(origins[0]), error)
                return np.full((1, self.plan.horizon), np.nan), None, (failure,)
        parts = [self._forecast(name, fitted, member, origins[i : i + 1]) for i in range(len(origins))]
        mean = np.concatenate([part[0] for part in parts])
        given = next((part[1] for part in parts if part[1] is not None), None)
        blank = None if given is None else np.full_like(given, np.nan)
        quantiles = (
            None if blank is None else np.concatenate([blank if q is None else q for _, q, _ in parts])
        )
        return mean, quantiles, tuple(failure for part in parts for failure in part[2])

    def _paths(self, name: str, fitted: Fitted, origins: Indices) -> tuple[Matrix, Cube | None]:
        horizon = self.plan.horizon
        histories = [self._history(self.plan.known_part(origin)) for origin in origins.tolist()]
        paths = forecast_many(fitted, histories, horizon)
        if paths.shape != (len(origins), horizon):
            raise ForecastShapeError(
                f"Model {name!r} answered shape {paths.shape[1:]} at origin {origins[0]}; ({horizon},) is "
                "needed: one number per step of the horizon.",
                model=name,
                origin=int(origins[0]),
            )
        lasts = [float(self.series.values[origin - 1]) for origin in origins.tolist()]
        with np.errstate(over="ignore"):
            mean = np.array(
                [self.transform.backward(path, last) for path, last in zip(paths, lasts, strict=True)]
            )
        _check_finite(mean, name, origins)
        levels = forecast_quantiles(fitted, histories, horizon)
        if levels is None:
            return mean, None
        with np.errstate(over="ignore"):
            placed = np.array(
                [self.transform.place(level, last) for level, last in zip(levels, lasts, strict=True)]
            )
        return mean, placed

    def _failed(
        self, name: str, member: int, origins: Indices, error: str, message: str, seconds: float
    ) -> Block:
        """Make the block of a fit that failed: every origin it should have served is a failure."""
        failures = tuple(Failure(name, member, int(origin), error, message) for origin in origins)
        return Block(
            name, member, origins, np.full((len(origins), self.plan.horizon), np.nan), None, failures, seconds
        )


def _check_finite(mean: Matrix, name: str, origins: Indices) -> None:
    bad = np.argwhere(~(np.abs(mean) < LARGEST))
    if len(bad):
        origin, h = int(origins[bad[0][0]]), int(bad[0][1]) + 1
        raise FitError(
            f"Model {name!r} answered a value that is not finite, or too large to square, at origin "
            f"{origin}, h = {h}. An explosive recursion or a failed training does this: look at the model's "
            "settings, or at the data before that origin.",
            model=name,
            origin=origin,
        )


def _failure(model: str, seed: int, origin: int, error: Exception) -> Failure:
    return Failure(model, seed, origin, type(error).__name__, str(error))


def _warn_of_failures(forecasts: Forecasts) -> None:
    failed = {
        model: len({f.origin for f in forecasts.failures if f.model == model}) for model in forecasts.models
    }
    for model, count in failed.items():
        if count:
            first = next(f for f in forecasts.failures if f.model == model)
            warnings.warn(
                f"Model {model!r} failed at {count} of {len(forecasts.origins)} origins; the first is "
                f"{first.origin}: {first.error}: {first.message}",
                UnpairedOriginsWarning,
                stacklevel=3,
            )
