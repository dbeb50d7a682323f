"""The one loop that sees past and future: models get copies of the past, the future stays here."""

from __future__ import annotations

import warnings
from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any

import numpy as np

from forecastkit.arrays import Indices, Matrix, is_constant
from forecastkit.backtesting.bench import Bench
from forecastkit.backtesting.computing import Computing
from forecastkit.backtesting.forecasts import Forecasts, assemble
from forecastkit.backtesting.plan import FEWEST_ORIGINS, BacktestPlan
from forecastkit.backtesting.scored_scale import LARGEST
from forecastkit.backtesting.seen import seen_transform
from forecastkit.backtesting.stage import Progress
from forecastkit.backtesting.work import split
from forecastkit.errors import DataError, ShortSampleWarning, UnpairedOriginsWarning
from forecastkit.models.protocol import QUANTILES, Forecaster, family_of
from forecastkit.runs.store import Store
from forecastkit.series.missing import carried
from forecastkit.series.series import Series
from forecastkit.series.transforms import Transform


def run_backtest(
    series: Series,
    recipes: Mapping[str, Forecaster],
    plan: BacktestPlan,
    *,
    transform: Transform,
    seed: int = 0,
    store: Store | None = None,
    workers: int = 1,
    fresh: bool = False,
    progress: Progress | None = None,
    settings: Mapping[str, Any] | None = None,
    asked: Mapping[str, Any] | None = None,
) -> Forecasts:
    """Fit every model at its refit origins, forecast from every origin, and collect what came.

    A model that raises or answers the wrong shape is recorded with its origin and reason; the run goes on.

    Args:
        series: the data.
        recipes: models by the name they get in the result.
        plan: origins and refits.
        transform: what the models see, and on which scale they are scored.
        seed: of all randomness; each fit draws from its own stream by model, member and origin.
        store: keeps every task when it is finished; those it has already are not computed again. By default
            one in memory.
        workers: processes that share the slow fits; the result is the same, bit for bit.
        fresh: compute again what the store has.
        progress: called with a model's name, its fits done and its fits in all, see `Progress`.
        settings: what decides the forecasts; kept with the result.
        asked: how to ask for the run again; kept in the store.

    Raises:
        DataError: the series is constant, or the transform cannot take it.
        SeriesTooShortError: the plan does not fit into the series.
        BackendError: a network is asked for and TensorFlow is missing.
    """
    origins = check_runnable(series, plan, transform)
    transform = transform.fit(series.values[plan.training_part(int(origins[0]))], series.period)
    _warn_of_few(series, plan, origins)
    actual = scored_actuals(series, origins, plan.horizon, transform)
    benches = {name: _bench(name, recipe, series, plan, transform, seed) for name, recipe in recipes.items()}
    tasks = [task for bench in benches.values() for task in split(bench, settings or {})]
    with (store or Store.open(None)).begin(series, settings or {}, tasks, asked=asked, fresh=fresh) as run:
        blocks = Computing(benches, tasks, run, workers=workers, progress=progress).blocks()
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
            run_id="" if run.path is None else run.id,
        )
        run.finish(_errors_by_step(forecasts))
    _warn_of_failures(forecasts)
    return forecasts


def _bench(
    name: str, recipe: Forecaster, series: Series, plan: BacktestPlan, transform: Transform, seed: int
) -> Bench:
    """Set up one model."""
    origins = plan.origin_positions(len(series), series.name)
    interval = plan.refit_interval(name, getattr(recipe, "default_refit", 1), len(series))
    parts = plan.blocks(origins, interval)
    return Bench(name, recipe, series, plan, seen_transform(recipe, transform), seed, parts)


def _errors_by_step(forecasts: Forecasts) -> Iterator[tuple[str, int, int, float, float]]:
    """Mean absolute and squared error of each model at each h, over the origins that it served."""
    for model in forecasts.models:
        error = forecasts.actual - forecasts.of(model)
        error = error[np.isfinite(error).all(axis=1)]
        if len(error):
            absolute, squared = np.abs(error).mean(axis=0), np.square(error).mean(axis=0)
            for h, (mae, mse) in enumerate(zip(absolute.tolist(), squared.tolist(), strict=True), start=1):
                yield model, h, len(error), mae, mse


def check_runnable(series: Series, plan: BacktestPlan, transform: Transform) -> Indices:
    """Refuse a series that cannot be backtested as planned, before anything is computed or written.

    Returns:
        the origins, shape (O,).

    Raises:
        DataError: the series is constant, or the transform cannot take it.
        SeriesTooShortError: the plan does not fit into the series.
    """
    check_usable(series, transform)
    return plan.origin_positions(len(series), series.name)


def check_usable(series: Series, transform: Transform) -> None:
    """Refuse a series that no model can be fitted on.

    Raises:
        DataError: it is constant, or of a size that has no squares, or the transform cannot take it.
    """
    observed = series.values[np.isfinite(series.values)]
    if is_constant(observed):
        raise DataError(
            f"Series {series.name!r} is constant ({observed[0]:g}): there is nothing to forecast or to "
            "compare. Check the column, or give a series that varies."
        )
    size, spread = float(np.max(np.abs(observed))), float(np.ptp(observed))
    if size >= LARGEST or spread <= 1 / LARGEST:
        raise DataError(
            f"Series {series.name!r} has values up to {size:g} with a spread of {spread:g}, whose squares "
            "are no numbers any more. Give it in another unit."
        )
    transform.check(series.values, series.name)


def scored_actuals(series: Series, origins: Indices, horizon: int, transform: Transform) -> Matrix:
    """What came after each origin, on the scored scale: shape (O, H).

    An origin whose last value or one of whose targets was filled by interpolation has NaN throughout: filled
    values are no observations, and the one before a gap knows what comes after it. Where missing values were
    kept, they are NaN, and moves are counted from the last observed value.
    """
    values, last = series.values, carried(series.values)
    actual = np.array([transform.actual(values[t : t + horizon], last[t - 1]) for t in origins.tolist()])
    filled = np.zeros(len(values), dtype=bool)
    filled[list(series.source.get("filled", ()))] = True
    for row, t in enumerate(origins.tolist()):
        if filled[t - 1 : t + horizon].any():
            actual[row] = np.nan
    return actual


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
