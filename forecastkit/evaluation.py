"""Forecasts made by anything -> the same scores, tests, verdict and report as our own."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd

from forecastkit.backtesting.foreign import Given, assemble_given, check_roles, split
from forecastkit.backtesting.intervals import check_intervals, with_intervals
from forecastkit.backtesting.plan import FEWEST_ORIGINS
from forecastkit.comparison.comparison import Comparison, conclude
from forecastkit.comparison.evaluation import Evaluation, accuracy_by_step
from forecastkit.errors import DataError, ForecastFrameError, PlanError
from forecastkit.scoring.losses import Loss, check_loss
from forecastkit.series.series import Series
from forecastkit.series.transforms import find_transform
from forecastkit.sources.forecast_columns import numbers, times, to_columns
from forecastkit.sources.forecast_frames import find_column, read_forecasts


def evaluate(
    forecasts: Any,
    history: Any = None,
    *,
    roles: Mapping[str, str] | None = None,
    layout: str = "auto",
    columns: Mapping[str, str] | None = None,
    horizon: int | None = None,
    period: int | None = None,
    frequency: str | None = None,
    loss: str = "squared",
    intervals: str = "own",
    name: str = "y",
) -> Evaluation:
    """Judge forecasts that anything made: skill over references, tests, horizons of use, verdict.

    Args:
        forecasts: a frame (pandas, polars, pyarrow), in long form (series, cutoff, target_time or h, model,
            actual, mean, and quantiles such as q0.1), as Nixtla's `cross_validation` or R's fable give it; or
            a mapping from models to their frames, to the lists of darts' `historical_forecasts`, or to the
            error matrices of R's `tsCV`.
        history: the series itself, where the frame does not hold enough of it: a Series, a pandas Series, an
            array, a mapping from names to these, or a frame with unique_id, ds and y. Without it the
            references are forecast from earlier actual values of the frame.
        roles: which model is the AR and which the network in question: {"LEAR": "ar", "DNN": "network"};
            "reference" makes a model one that has to be beaten.
        layout: how to read the frame, where its columns do not tell: long, nixtla, fable, darts or tscv.
        columns: what a column is called: {"target": "Month", "actual": "Sales"}.
        horizon: steps ahead that are judged; by default all.
        period: season length in observations; by default what the frequency suggests.
        frequency: pandas frequency of the series, where its times do not tell.
        loss: on which skill, tests and verdict stand, "squared" or "absolute".
        intervals: "own", or for models without quantiles "conformal" or "adaptive" ones from past errors.
        name: of the series, where the frame names none.

    Raises:
        ForecastFrameError: the forecasts contradict themselves or cannot be dated; the message names the row.
        UnknownModelError: a role names a model that is not there.
        PlanError: an option is unknown.

    Example:
        >>> import forecastkit as fk
        >>> made = fk.backtest(fk.load("sunspots"), "ar", plan=fk.BacktestPlan(horizon=3, origins=60))
        >>> evaluate(made.to_frame()).comparison.skill_horizon["ar"].h
        3
    """
    chosen = check_loss(loss)
    check_intervals(intervals)
    if horizon is not None and horizon < 1:
        raise PlanError(f"horizon={horizon} was given; at least 1 is needed.")
    table = read_forecasts(forecasts, layout=layout, columns=columns, name=name)
    families = check_roles(roles or {}, table.models)
    parts = list(split(table))
    known = read_history(history, [series for series, _ in parts])
    settings = {
        "layout": table.layout,
        "roles": dict(families),
        "transform": "none",
        "loss": chosen,
        "references": "earlier actual values of the frame" if history is None else "history",
        **({} if horizon is None else {"horizon": horizon}),
    }
    given = {
        series: assemble_given(
            series,
            rows,
            families,
            history=known.get(series),
            horizon=horizon,
            period=period,
            frequency=frequency,
            settings=settings,
        )
        for series, rows in parts
    }
    return _judge(given, chosen, intervals, settings)


def _judge(given: Mapping[str, Given], loss: Loss, intervals: str, settings: Mapping[str, Any]) -> Evaluation:
    """Compare what can be compared, and say of the rest why not."""
    comparisons: dict[str, Comparison] = {}
    refused: dict[str, str] = {}
    for name, one in given.items():
        if one.forecasts is None:
            refused[name] = one.refusal
        elif len(one.forecasts.origins) < FEWEST_ORIGINS:
            count = len(one.forecasts.origins)
            refused[name] = (
                f"Not enough origins: {name!r} has {count} with references, a test needs {FEWEST_ORIGINS} "
                "or more."
            )
        else:
            comparisons[name] = conclude(
                one.series,
                with_intervals(one.forecasts, intervals),
                transform=find_transform("none"),
                loss=loss,
            )
    accuracy = [accuracy_by_step(name, one.cubes, one.actual) for name, one in given.items()]
    return Evaluation(
        comparisons=comparisons,
        refused=refused,
        accuracy=pd.concat(accuracy, ignore_index=True),
        origins={name: len(one.actual) for name, one in given.items()},
        loss=loss,
        settings=settings,
    )


def read_history(history: Any, names: list[str]) -> dict[str, Series]:
    """Take the histories of the series: one, a mapping, or a frame with unique_id, ds and y.

    Raises:
        DataError: one series was given for several, or a series of the frame has no history.
    """
    if history is None:
        return {}
    if isinstance(history, Mapping):
        found = {str(name): _as_series(data, str(name)) for name, data in history.items()}
    elif isinstance(history, Series | pd.Series | np.ndarray | list | tuple):
        if len(names) > 1:
            raise DataError(
                f"One history was given for {len(names)} series. Give a mapping from names to series, or a "
                "frame with unique_id, ds and y."
            )
        found = {names[0]: _as_series(history, names[0])}
    else:
        found = _histories_of(to_columns(history), names)
    missing = [name for name in names if name not in found]
    if missing:
        raise DataError(
            f"The history lacks {len(missing)} of {len(names)} series, the first is {missing[0]!r}. Give "
            "the history of every series, or none."
        )
    return found


def _histories_of(frame: Mapping[str, pd.Series], names: list[str]) -> dict[str, Series]:
    role = {what: find_column(frame, what, {}) for what in ("series", "target", "actual")}
    if role["target"] is None or role["actual"] is None:
        raise ForecastFrameError(
            f"The history has the columns {', '.join(frame)}. Its times (ds) and values (y) are needed, and "
            "unique_id where there are several series."
        )
    ids = names[0] if role["series"] is None else frame[role["series"]].astype(str)
    if role["series"] is None and len(names) > 1:
        raise ForecastFrameError(f"The history names no series, the forecasts {len(names)}. Add unique_id.")
    values = pd.Series(numbers(frame[role["actual"]], role["actual"]), index=times(frame[role["target"]]))
    if isinstance(ids, str):
        return {ids: Series.from_pandas(values, name=ids)}
    wanted = ids.isin(names).to_numpy()
    groups = values[wanted].groupby(ids[wanted].to_numpy(), sort=False)
    return {str(name): Series.from_pandas(part, name=str(name)) for name, part in groups}


def _as_series(data: Any, name: str) -> Series:
    if isinstance(data, Series):
        return data
    if isinstance(data, pd.Series):
        return Series.from_pandas(data, name=name)
    return Series.from_array(data, name=name)
