"""The one loop that sees past and future: models get copies of the past, the future stays here."""

from __future__ import annotations

import time
import warnings
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

import numpy as np

from forecastkit.arrays import Cube, Indices, Matrix, is_constant
from forecastkit.backtesting.forecasts import Forecasts, assemble
from forecastkit.backtesting.plan import FEWEST_ORIGINS, BacktestPlan
from forecastkit.errors import (
    BackendError,
    DataError,
    FitError,
    ForecastKitWarning,
    ForecastShapeError,
    MissingValuesError,
    ShortSampleWarning,
    UnpairedOriginsWarning,
)
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
TOGETHER = 64
"""Origins forecast in one call: their histories stand in memory together."""
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
        progress: called before every block that is computed, and when a model is done.
        settings: kept with the result.

    Raises:
        DataError: the series is constant, or the transform cannot take it.
        SeriesTooShortError: the plan does not fit into the series.
        BackendError: a network is asked for and TensorFlow is missing.
    """
    origins = check_runnable(series, plan, transform)
    _warn_of_few(series, plan, origins)
    actual = scored_actuals(series, origins, plan.horizon, transform)
    blocks = []
    for name, recipe in recipes.items():
        levels = family_of(recipe) in ("reference", "oracle")
        seen = transform.for_references() if levels else transform
        bench = _Bench(name, recipe, series, plan, seen, seed)
        parts = plan.blocks(origins, plan.refit_interval(name, getattr(recipe, "default_refit", 1)))
        tasks = [(member, part) for part in parts for member in range(seeds_of(recipe))]
        for done, (member, part) in enumerate(tasks):
            block = folder.blocks.get((name, member, int(part[0]))) if folder is not None else None
            if block is None:
                if progress is not None:
                    progress(name, done, len(tasks))
                block = bench.run(member, part)
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
        MissingValuesError: missing values were kept.
        SeriesTooShortError: the plan does not fit into the series.
    """
    missing = int(np.isnan(series.values).sum())
    if missing:
        raise MissingValuesError(
            f"Series {series.name!r} keeps {missing} missing values, which references cannot forecast from. "
            "Load it with missing='interpolate' (--missing interpolate): filled values are never scored."
        )
    if is_constant(series.values):
        raise DataError(
            f"Series {series.name!r} is constant ({series.values[0]:g}): there is nothing to forecast or to "
            "compare. Check the column, or give a series that varies."
        )
    size, spread = float(np.max(np.abs(series.values))), float(np.ptp(series.values))
    if size >= LARGEST or spread <= 1 / LARGEST:
        raise DataError(
            f"Series {series.name!r} has values up to {size:g} with a spread of {spread:g}, whose squares "
            "are no numbers any more. Give it in another unit."
        )
    transform.check(series.values, series.name)
    return plan.origin_positions(len(series), series.name)


def scored_actuals(series: Series, origins: Indices, horizon: int, transform: Transform) -> Matrix:
    """What came after each origin, on the scored scale: shape (O, H).

    An origin whose last value or one of whose targets was filled by interpolation has NaN throughout: filled
    values are no observations, and the one before a gap knows what comes after it.
    """
    values = series.values
    actual = np.array([transform.actual(values[t : t + horizon], values[t - 1]) for t in origins.tolist()])
    filled = np.zeros(len(values), dtype=bool)
    filled[list(series.source.get("filled", ()))] = True
    for row, t in enumerate(origins.tolist()):
        if filled[t - 1 : t + horizon].any():
            actual[row] = np.nan
    return actual


class _Bench:
    """One model on one series: turns a seed and its origins into a block."""

    def __init__(
        self,
        name: str,
        recipe: Forecaster,
        series: Series,
        plan: BacktestPlan,
        transform: Transform,
        seed: int,
    ) -> None:
        self.name = name
        self.recipe = recipe
        self.series = series
        self.plan = plan
        self.transform = transform
        self.seed = seed
        self.prepared: Forecaster | None = None

    def run(self, member: int, origins: Indices) -> Block:
        """Fit at the first of these origins and forecast from each; whatever a model raises is recorded."""
        start = time.perf_counter()
        origin = int(origins[0])
        blank = np.full((len(origins), self.plan.horizon), np.nan)
        try:
            fitted = self._fit(member, origin)
        except BackendError:
            raise
        except Exception as error:  # models are anyone's code: what they raise is kept, and the others go on
            failures = tuple(self._failure(member, int(t), error) for t in origins)
            return Block(self.name, member, origins, blank, None, failures, time.perf_counter() - start)
        fit_seconds = time.perf_counter() - start
        answers = [
            self._forecast(fitted, member, origins[i : i + TOGETHER])
            for i in range(0, len(origins), TOGETHER)
        ]
        return Block(
            model=self.name,
            seed=member,
            origins=origins,
            mean=np.concatenate([mean for mean, _, _ in answers]),
            quantiles=_joined([(quantiles, len(mean)) for mean, quantiles, _ in answers]),
            failures=tuple(failure for _, _, failures in answers for failure in failures),
            fit_seconds=fit_seconds,
            forecast_seconds=time.perf_counter() - start - fit_seconds,
            facts={str(key): _plain(value) for key, value in facts_of(fitted).items()},
        )

    def _fit(self, member: int, origin: int) -> Fitted:
        """Settle once what is decided once, on the training data of the first origin, then fit."""
        horizon = self.plan.horizon
        if self.prepared is None:
            first = int(self.plan.origin_positions(len(self.series))[0])
            history = self._history(self.plan.training_part(first))
            rng = spawn(self.seed, self.name, "prepare")
            self.prepared = prepare(self.recipe, history, horizon=horizon, rng=rng)
        history = self._history(self.plan.training_part(origin))
        return self.prepared.fit(history, horizon=horizon, rng=spawn(self.seed, self.name, member, origin))

    def _history(self, part: slice) -> History:
        values = np.array(self.transform.forward(self.series.values[part].copy()))
        values.flags.writeable = False
        index = self.series.index[part][-len(values) :]
        return History(values, index, self.series.period, self.transform.changes)

    def _forecast(
        self, fitted: Fitted, member: int, origins: Indices
    ) -> tuple[Matrix, Cube | None, tuple[Failure, ...]]:
        """Forecast all origins together; where that fails, one by one, so that only the guilty are lost."""
        try:
            return (*self._paths(fitted, origins), ())
        except Exception as error:  # anyone's code: one failing origin may not cost the others
            if len(origins) == 1:
                blank = np.full((1, self.plan.horizon), np.nan)
                return blank, None, (self._failure(member, int(origins[0]), error),)
        answers = [self._forecast(fitted, member, origins[i : i + 1]) for i in range(len(origins))]
        mean = np.concatenate([answer[0] for answer in answers])
        quantiles = _joined([(answer[1], 1) for answer in answers])
        return mean, quantiles, tuple(failure for answer in answers for failure in answer[2])

    def _paths(self, fitted: Fitted, origins: Indices) -> tuple[Matrix, Cube | None]:
        horizon = self.plan.horizon
        histories = [self._history(self.plan.known_part(origin)) for origin in origins.tolist()]
        paths = forecast_many(fitted, histories, horizon)
        if paths.shape != (len(origins), horizon):
            raise ForecastShapeError(
                f"Model {self.name!r} answered shape {paths.shape[1:]} at origin {origins[0]}; ({horizon},) "
                "is needed: one number per step of the horizon.",
                model=self.name,
                origin=int(origins[0]),
            )
        self._check_alone(fitted, histories, paths, origins)
        lasts = [float(self.series.values[origin - 1]) for origin in origins.tolist()]
        with np.errstate(over="ignore"):
            mean = np.array([self.transform.backward(p, last) for p, last in zip(paths, lasts, strict=True)])
        _check_finite(mean, self.name, origins)
        return mean, self._quantiles(fitted, histories, lasts)

    def _check_alone(self, fitted: Fitted, histories: list[History], paths: Matrix, origins: Indices) -> None:
        """Ask the first origin alone: in a batch, later histories hold the future of earlier ones."""
        if len(histories) == 1 or not hasattr(fitted, "forecast_many"):
            return
        alone = np.asarray(fitted.forecast(histories[0], self.plan.horizon), dtype=np.float64)
        if not np.allclose(paths[0], alone, rtol=1e-9, atol=0, equal_nan=True):
            message = (
                f"Model {self.name!r} forecasts otherwise from origin {origins[0]} alone than among others. "
                "Its `forecast_many` must equal the loop over `forecast` and not look at later histories; it "
                "is asked one by one."
            )
            warnings.warn(message, ForecastKitWarning, stacklevel=2)
            raise FitError(message, model=self.name, origin=int(origins[0]))

    def _quantiles(self, fitted: Fitted, histories: list[History], lasts: list[float]) -> Cube | None:
        """Ask for quantiles, which are an extra: where they are unusable the forecasts stand without them."""
        try:
            levels = forecast_quantiles(fitted, histories, self.plan.horizon)
            if levels is None:
                return None
            shape = (len(histories), self.plan.horizon, len(QUANTILES))
            if levels.shape != shape:
                raise ValueError(f"shape {levels.shape[1:]}, {shape[1:]} is needed")
            with np.errstate(over="ignore"):
                placed = np.array(
                    [self.transform.place(q, last) for q, last in zip(levels, lasts, strict=True)]
                )
            if not np.isfinite(placed).all() or (np.diff(placed, axis=2) < 0).any():
                raise ValueError("they are not finite and in rising order")
        except Exception as error:  # anyone's code: the extra is lost with a warning, the forecasts stand
            message = f"Quantiles of model {self.name!r} were left out: {type(error).__name__}: {error}"
            warnings.warn(message, ForecastKitWarning, stacklevel=2)
            return None
        return placed

    def _failure(self, member: int, origin: int, error: Exception) -> Failure:
        return Failure(self.name, member, origin, type(error).__name__, str(error))


def _joined(parts: list[tuple[Cube | None, int]]) -> Cube | None:
    """Concatenate quantiles of neighbouring origins, NaN for those that have none; None where none has."""
    given = next((quantiles for quantiles, _ in parts if quantiles is not None), None)
    if given is None:
        return None
    return np.concatenate([np.full((n, *given.shape[1:]), np.nan) if q is None else q for q, n in parts])


def _plain(value: Any) -> Any:
    """Reduce a fact to what a table or JSON can hold."""
    value = value.item() if isinstance(value, np.generic) else value
    return value if isinstance(value, str | int | float | bool | None) else str(value)


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


def _warn_of_few(series: Series, plan: BacktestPlan, origins: Indices) -> None:
    """Say where origins that were asked for leave less than the default would."""
    usual = replace(plan, origins=None).origin_positions(len(series), series.name)
    if plan.origins is not None and origins[0] < usual[0]:
        warnings.warn(
            f"{len(origins)} origins leave {origins[0]} observations before the first; by default {usual[0]} "
            f"would be left, with {len(usual)} origins.",
            ShortSampleWarning,
            stacklevel=3,
        )
    if len(origins) < FEWEST_ORIGINS:
        warnings.warn(
            f"{len(origins)} origins are too few for any test; a verdict needs {FEWEST_ORIGINS} or more.",
            ShortSampleWarning,
            stacklevel=3,
        )


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
