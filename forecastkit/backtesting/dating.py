"""When forecasts made elsewhere were made, and what came: their places in a series."""

from __future__ import annotations

import numpy as np
import pandas as pd

from forecastkit.arrays import Indices
from forecastkit.errors import ForecastFrameError, MisdatedForecastsError
from forecastkit.series.series import Series, label
from forecastkit.sources.forecast_table import ForecastTable, check_actuals


def dated(table: ForecastTable, history: Series | None, frequency: str | None, name: str) -> ForecastTable:
    """Give every row its target time, and errors of R `tsCV` their forecast."""
    if table.target is not None:
        return table
    if table.cutoff is None or table.h is None:
        raise MisdatedForecastsError(f"Series {name!r} has neither targets nor cutoffs with steps ahead.")
    if table.errors:
        return _from_errors(table, history, name)
    if pd.api.types.is_integer_dtype(table.cutoff):
        return table.replace(target=pd.Index(table.cutoff.to_numpy() + table.h))
    if history is not None:
        index = history.index
        position = index.searchsorted(table.cutoff, side="right") + table.h - 1
        inside = position < len(index)
        return table.take(np.flatnonzero(inside)).replace(target=index[position[inside]])
    if frequency is None:
        raise MisdatedForecastsError(
            f"Series {name!r} tells cutoffs and steps ahead, but not when the targets are. Give a column "
            "target_time, the history, or the frequency (frequency='D', --frequency D)."
        )
    grid = pd.date_range(table.cutoff.min(), periods=2, freq=frequency)
    grid = pd.date_range(grid[0], table.cutoff.max(), freq=frequency).append(
        pd.date_range(table.cutoff.max(), periods=int(table.h.max()) + 1, freq=frequency)[1:]
    )
    rows = grid.get_indexer(table.cutoff)
    if (rows < 0).any():
        raise MisdatedForecastsError(
            f"Series {name!r}: cutoff {label(table.cutoff[int(np.flatnonzero(rows < 0)[0])])} does not "
            f"follow frequency {frequency!r}. Give the frequency of the data, or a column target_time."
        )
    return table.replace(target=grid[rows + table.h])


def _from_errors(table: ForecastTable, history: Series | None, name: str) -> ForecastTable:
    """Turn errors into forecasts: actual minus error. Cutoffs count observations."""
    if history is None:
        raise ForecastFrameError(
            f"Series {name!r} was given as errors (R tsCV), which need the series itself. Give history."
        )
    if table.cutoff is None or table.h is None:
        raise MisdatedForecastsError(f"Series {name!r}: errors need their origin and step ahead.")
    position = table.cutoff.to_numpy() + table.h - 1
    if position.max(initial=0) >= len(history):
        raise MisdatedForecastsError(
            f"Series {name!r}: the errors reach to observation {position.max() + 1}, the history has "
            f"{len(history)}. Give the series that the errors were computed on."
        )
    actual = history.values[position]
    return table.replace(
        cutoff=history.index[table.cutoff.to_numpy() - 1],
        target=history.index[position],
        actual=actual,
        mean={model: actual - errors for model, errors in table.mean.items()},
    )


def observed(
    name: str, table: ForecastTable, history: Series | None, period: int | None, frequency: str | None
) -> Series:
    """Join the actual values of the frame to those of the history: every value known, in order of time."""
    target = _target(table)
    known = pd.Series(table.actual, index=target).groupby(level=0).first().dropna()
    if history is not None:
        known = history.to_pandas().combine_first(known) if len(known) else history.to_pandas()
        if known.index.dtype == object != history.index.dtype:
            raise MisdatedForecastsError(
                f"Series {name!r}: the targets are {target.dtype}, the times of the history "
                f"{history.index.dtype}. Give both in the same form."
            )
        if frequency is None and history.frequency and isinstance(known.index, pd.DatetimeIndex):
            known.index = pd.DatetimeIndex(known.index, freq="infer")
    if not len(known):
        raise ForecastFrameError(
            f"Series {name!r} has no actual value. Give them in a column actual (or y), or with history."
        )
    rows = known.index.get_indexer(target)
    here = rows >= 0
    values = known.to_numpy(np.float64)
    given = np.where(np.isfinite(table.actual), table.actual, values[rows])
    check_actuals(given[here], values[rows[here]], table.series[here], target[here], None)
    usual = None if history is None else history.period
    unit = "" if history is None else history.unit
    return Series.from_pandas(
        known, name=name, unit=unit, period=usual if period is None else period, frequency=frequency
    )


def _target(table: ForecastTable) -> pd.Index:
    if table.target is None:
        raise MisdatedForecastsError("The forecasts have no target times.")
    return table.target


def with_actuals(table: ForecastTable, series: Series) -> tuple[ForecastTable, int]:
    """Leave out rows whose target has not been observed, and count them."""
    observed = series.index.get_indexer(_target(table)) >= 0
    return table.take(np.flatnonzero(observed)), int((~observed).sum())


def place(table: ForecastTable, series: Series, name: str) -> tuple[Indices, Indices]:
    """Find how many observations each row knows, and how many steps ahead it looks.

    Raises:
        MisdatedForecastsError: a cutoff at or after its target, or another h than the times tell.
    """
    target = _target(table)
    rows = series.index.get_indexer(target)
    if table.cutoff is None:
        if table.h is None:
            raise MisdatedForecastsError(f"Series {name!r} has neither cutoffs nor steps ahead.")
        return rows - table.h + 1, table.h
    try:
        late = np.flatnonzero(table.cutoff >= target)
    except TypeError as error:
        raise MisdatedForecastsError(
            f"Series {name!r}: cutoffs are {table.cutoff.dtype}, targets {target.dtype}. Give both in the "
            "same form."
        ) from error
    if len(late):
        raise MisdatedForecastsError(
            f"Series {name!r}: cutoff {label(table.cutoff[late[0]])} is not before its target "
            f"{label(target[late[0]])} ({len(late)} such rows). A forecast is made before its target: the "
            "cutoff is the time of the last value known."
        )
    origin = series.index.searchsorted(table.cutoff, side="right").astype(np.int64)
    step = rows - origin + 1
    if table.h is not None and (wrong := np.flatnonzero(step != table.h)).size:
        row = int(wrong[0])
        raise MisdatedForecastsError(
            f"Series {name!r}: h is {table.h[row]} at cutoff {label(table.cutoff[row])} and target "
            f"{label(target[row])}, which is observation {step[row]} after it ({len(wrong)} such rows). "
            "Steps ahead count observations: correct h, leave it out, or give the values between in history."
        )
    return origin, step
