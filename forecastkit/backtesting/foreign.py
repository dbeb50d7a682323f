"""Forecasts made elsewhere -> cubes, with references from the values known before each origin."""

from __future__ import annotations

import warnings
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from forecastkit.arrays import Cube, Indices, Mask, Matrix
from forecastkit.backtesting.dating import dated, observed, place, with_actuals
from forecastkit.backtesting.forecasts import Forecasts
from forecastkit.errors import (
    CrossedQuantilesWarning,
    ForecastFrameError,
    MisdatedForecastsError,
    PlanError,
    UnknownModelError,
    UnpairedOriginsWarning,
    nearest,
)
from forecastkit.models.baselines import references
from forecastkit.models.protocol import Family, History
from forecastkit.runs.blocks import Failure
from forecastkit.series.series import Series
from forecastkit.sources.forecast_table import ForecastTable

FAMILIES: tuple[Family, ...] = ("reference", "ar", "network", "other")
OWN_ROLES: Mapping[str, Family] = {
    **{reference.name: "reference" for reference in references(2)},
    "ar": "ar",
    "lstm": "network",
}
"""Roles of models that bear the names of our own."""


@dataclass(frozen=True, slots=True, eq=False)
class Given:
    """What was given for one series, put in order.

    Args:
        series: actual values of the frame, joined to the history where there is one.
        forecasts: cubes of the models and of the references; None where there is no reference.
        cubes: mean by model as given, shape (O, H), at every origin that any model served whole.
        actual: shape (O, H).
        notes: what a reader of the result should know.
        refusal: why skill cannot be judged; empty where it can.
    """

    series: Series
    forecasts: Forecasts | None
    cubes: Mapping[str, Matrix]
    actual: Matrix
    notes: tuple[str, ...]
    refusal: str = ""


def check_roles(roles: Mapping[str, str], models: tuple[str, ...]) -> dict[str, Family]:
    """Give every model its family: the role that was stated, that of our own model of that name, or "other".

    Raises:
        UnknownModelError: a role names a model that the frame does not hold.
        PlanError: a role is unknown, or two models have the role of the AR or of the network.
    """
    for model, role in roles.items():
        if model not in models:
            raise UnknownModelError(
                f"The role {role!r} was given to {model!r}, which forecasts nothing in the frame. "
                f"{nearest(model, models)}"
            )
        if role not in FAMILIES:
            raise PlanError(f"There is no role {role!r}. {nearest(role, FAMILIES)}")
    families: dict[str, Family] = {model: roles.get(model, OWN_ROLES.get(model, "other")) for model in models}  # type: ignore[misc]
    for role in ("ar", "network"):
        chosen = [model for model, family in families.items() if family == role]
        if len(chosen) > 1:
            raise PlanError(
                f"{' and '.join(chosen)} have the role {role!r}. The verdict is about one: give the others "
                "the role other."
            )
    return families


def split(table: ForecastTable) -> Iterator[tuple[str, ForecastTable]]:
    """Give the rows of each series, in the order of their first appearance."""
    codes, names = pd.factorize(table.series)
    order = np.argsort(codes, kind="stable")
    ends = np.cumsum(np.bincount(codes, minlength=len(names)))
    for i, name in enumerate(names):
        yield str(name), table.take(order[ends[i - 1] if i else 0 : ends[i]])


def assemble_given(
    name: str,
    table: ForecastTable,
    families: Mapping[str, Family],
    *,
    history: Series | None = None,
    horizon: int | None = None,
    period: int | None = None,
    frequency: str | None = None,
    settings: Mapping[str, Any] | None = None,
) -> Given:
    """Order the forecasts of one series by origin and h, and forecast the references beside them.

    References know what came up to the cutoff and nothing later: the history, and the actual values of the
    frame itself. An origin whose last known value is not there gets no reference and is left out.

    Args:
        name: of the series.
        table: its rows.
        families: of the models.
        history: actual values beyond those of the frame.
        horizon: steps ahead that are kept; by default all.
        period, frequency: of the series, where its times do not tell.
        settings: kept with the result.

    Raises:
        ForecastFrameError: the frame contradicts itself or the history, or cannot be dated.
    """
    table = dated(table, history, frequency, name)
    series = observed(name, table, history, period, frequency)
    table, dropped = with_actuals(table, series)
    origin, step = place(table, series, name)
    if horizon is not None:
        near = np.flatnonzero(step <= horizon)
        table, origin, step = table.take(near), origin[near], step[near]
    origins, row = np.unique(origin, return_inverse=True)
    cubes, quantiles, levels = _cubes(table, origins, row, step, name)
    whole = np.array([np.isfinite(cube).all(axis=1) for cube in cubes.values()])
    served = whole.any(axis=0)
    notes = _row_notes(dropped, int((~served).sum()))
    if not served.any():
        raise ForecastFrameError(
            f"Series {name!r}: no origin has a forecast and an actual value at every h = 1 to "
            f"{int(step.max())}. Give a shorter horizon, or the missing rows."
        )
    origins, cubes = origins[served], {model: cube[served] for model, cube in cubes.items()}
    quantiles = {model: cube[served] for model, cube in quantiles.items()}
    actual = series.values[origins[:, None] + np.arange(int(step.max()))]
    known = _known_at_cutoff(table, series, origins, origin)
    has = {model for model, family in families.items() if family == "reference" and model in cubes}
    own, usable = _reference_paths(series, origins, known, actual.shape[1], has)
    if not (own or has):
        return Given(series, None, cubes, actual, notes, _no_reference(name, series, origins, history))
    notes += _reference_notes(usable, history, own)
    forecasts = _forecasts(
        series,
        {**own, **cubes},
        families,
        origins,
        actual,
        quantiles,
        levels,
        usable,
        {**(settings or {}), "notes": notes},
    )
    _warn(forecasts)
    return Given(series, forecasts, cubes, actual, notes)


def _cubes(
    table: ForecastTable, origins: Indices, row: Indices, step: Indices, name: str
) -> tuple[dict[str, Matrix], dict[str, Cube], tuple[float, ...]]:
    """Put means and quantiles into their cells; quantiles that cross are sorted."""
    shape = (len(origins), int(step.max(initial=1)))
    absent = sorted({*range(1, shape[1] + 1)} - {*np.unique(step).tolist()})
    if absent:
        raise MisdatedForecastsError(
            f"Series {name!r} has forecasts up to h = {shape[1]}, but none at h = {absent[0]}. Every step "
            "up to the horizon is needed: give a shorter horizon (horizon=, --horizon), or the missing rows."
        )
    cubes = {model: np.full(shape, np.nan) for model in table.mean}
    for model, cube in cubes.items():
        cube[row, step - 1] = table.mean[model]
    levels = tuple(sorted({level for own in table.quantiles.values() for level in own}))
    quantiles = {}
    for model, own in table.quantiles.items():
        bands = np.full((*shape, len(levels)), np.nan)
        for level, values in own.items():
            bands[row, step - 1, levels.index(level)] = values
        quantiles[model] = sort_quantiles(bands, model)
    return cubes, quantiles, levels


def sort_quantiles(quantiles: Cube, model: str) -> Cube:
    """Sort quantiles along their levels where they cross, and warn of the share of cells.

    Args:
        quantiles: shape (O, H, Q), NaN where a level was not given.
    """
    given = np.isfinite(quantiles).any(axis=(0, 1))
    bands = quantiles[:, :, given]
    crossed = (np.diff(bands, axis=2) < 0).any(axis=2)
    if not crossed.any():
        return quantiles
    share = crossed.sum() / max(1, np.isfinite(bands).all(axis=2).sum())
    warnings.warn(
        f"Quantiles of {model!r} cross in {crossed.sum()} cells ({100 * share:.1f} %). They were sorted.",
        CrossedQuantilesWarning,
        stacklevel=2,
    )
    ordered = quantiles.copy()
    ordered[:, :, given] = np.sort(bands, axis=2)
    return ordered


def _known_at_cutoff(table: ForecastTable, series: Series, origins: Indices, origin: Indices) -> Mask:
    """Whether the value at the cutoff itself is known, by origin."""
    if table.cutoff is None:
        return np.asarray(origins >= 1)
    exact = series.index.get_indexer(table.cutoff) >= 0
    first = np.searchsorted(np.sort(origin), origins)
    return np.asarray(exact[np.argsort(origin, kind="stable")][first] & (origins >= 1))


def _reference_paths(
    series: Series, origins: Indices, known: Mask, horizon: int, given: set[str]
) -> tuple[dict[str, Matrix], Mask]:
    """Forecast the references that the frame does not bring, where a whole season is known."""
    usable = known & (origins >= series.period)
    wanted = [reference for reference in references(series.period) if reference.name not in given]
    if not usable.any():
        return {}, np.ones(len(origins), dtype=bool)
    paths: dict[str, Matrix] = {}
    for reference in wanted:
        matrix = np.full((len(origins), horizon), np.nan)
        for i in np.flatnonzero(usable):
            past = series.values[: origins[i]]
            matrix[i] = reference.forecast(History(past, series.index, series.period), horizon)
        paths[reference.name] = matrix
    return paths, usable if wanted else np.ones(len(origins), dtype=bool)


def _forecasts(
    series: Series,
    cubes: Mapping[str, Matrix],
    families: Mapping[str, Family],
    origins: Indices,
    actual: Matrix,
    quantiles: Mapping[str, Cube],
    levels: tuple[float, ...],
    usable: Mask,
    settings: Mapping[str, Any],
) -> Forecasts:
    kept = origins[usable]
    mean = np.stack([cube[usable] for cube in cubes.values()])
    return Forecasts(
        series=series.name,
        models=tuple(cubes),
        families={model: families.get(model, "reference") for model in cubes},
        index=series.index,
        origins=kept,
        step=int(np.diff(kept).min(initial=kept[-1])) if len(kept) > 1 else 1,
        mean=mean,
        actual=actual[usable],
        members={},
        quantiles={model: bands[usable] for model, bands in quantiles.items()},
        levels=levels,
        failures=tuple(_missing(tuple(cubes), mean, kept)),
        fit_seconds=dict.fromkeys(cubes, np.nan),
        forecast_seconds=dict.fromkeys(cubes, np.nan),
        facts={model: () for model in cubes},
        refits=dict.fromkeys(cubes, 0),
        settings=settings,
    )


def _missing(models: tuple[str, ...], mean: Cube, origins: Indices) -> Iterator[Failure]:
    """Tell the origins at which a model lacks a forecast."""
    absent = ~np.isfinite(mean)
    for m, o in np.argwhere(absent.any(axis=2)):
        steps = np.flatnonzero(absent[m, o]) + 1
        text = f"{len(steps)} of {mean.shape[2]} forecasts are missing, the first at h = {steps[0]}"
        yield Failure(models[m], 0, int(origins[o]), "MissingForecast", text)


def _warn(forecasts: Forecasts) -> None:
    lost = sorted({failure.model for failure in forecasts.failures})
    if lost:
        common = int(np.isfinite(forecasts.mean).all(axis=(0, 2)).sum())
        warnings.warn(
            f"Series {forecasts.series!r}: {', '.join(lost)} lack forecasts at some origins; {common} of "
            f"{len(forecasts.origins)} origins are common to all models.",
            UnpairedOriginsWarning,
            stacklevel=4,
        )


def _row_notes(dropped: int, partial: int) -> tuple[str, ...]:
    notes = []
    if dropped:
        notes.append(f"{dropped} rows of the frame have no actual value and were left out.")
    if partial:
        notes.append(f"{_origins(partial)} left out, because no model forecast every step from there.")
    return tuple(notes)


def _origins(count: int) -> str:
    return "One origin was" if count == 1 else f"{count} origins were"


def _reference_notes(usable: Mask, history: Series | None, own: Mapping[str, Matrix]) -> tuple[str, ...]:
    notes = []
    lost = int((~usable).sum())
    if lost:
        notes.append(
            f"{_origins(lost)} left out: the value at the cutoff, or a whole season before it, is not "
            "known, so there is no reference."
        )
    if own and history is None:
        notes.append(
            "References know the actual values of the frame only; the models may have known earlier ones. "
            "Give the history for references that know as much."
        )
    return tuple(notes)


def _no_reference(name: str, series: Series, origins: Indices, history: Series | None) -> str:
    if len(origins) == 1 or origins[-1] == 0:
        where = (
            "there is one origin, and no actual value before it"
            if history is None
            else "the history starts later"
        )
    elif history is None:
        where = "the value at the cutoff is never among the actual values of the frame"
    else:
        where = (
            "the value at the cutoff is in neither the history nor the frame, or less than a season is known"
        )
    return (
        f"Skill of the forecasts of {name!r} is refused: {where}, so that no reference can be forecast. "
        "Give the series up to each cutoff with history (--history)."
    )
