"""Columns of a frame of forecasts: taken from any frame, read as times, steps ahead or numbers."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd

from forecastkit.arrays import Indices, Vector
from forecastkit.errors import ForecastFrameError, MisdatedForecastsError


def to_columns(frame: Any) -> dict[str, pd.Series]:
    """Take the columns of a pandas, polars or pyarrow frame, once, at the door.

    Raises:
        ForecastFrameError: it is no frame.
    """
    import narwhals as nw

    if isinstance(frame, pd.DataFrame):
        named = [n for n in frame.index.names if n is not None and n not in frame.columns]
        frame = frame.reset_index(level=named) if named else frame
        return {str(c): frame.iloc[:, i].reset_index(drop=True) for i, c in enumerate(frame.columns)}
    try:
        known = nw.from_native(frame, eager_only=True)
    except TypeError as error:
        raise ForecastFrameError(
            f"Forecasts were given as {type(frame).__name__}. A frame of pandas, polars or pyarrow is "
            "needed, or a mapping from each model to its frame."
        ) from error
    return {name: _native(known[name]) for name in known.columns}


def _native(column: Any) -> pd.Series:
    zone = getattr(column.dtype, "time_zone", None)
    values = pd.Series(column.to_numpy())
    if zone is not None and getattr(values.dt, "tz", None) is None:
        values = values.dt.tz_localize("UTC").dt.tz_convert(zone)
    return values


def times(column: pd.Series) -> pd.Index:
    """Read times: whole numbers and dates as they are, texts as ISO 8601, R's "2001 Jan" or "2001 Q1"."""
    name = str(column.name)
    if column.isna().any():
        raise MisdatedForecastsError(
            f"Column {name!r} is empty in {int(column.isna().sum())} rows. Every forecast needs its time: "
            "drop or complete these rows."
        )
    if pd.api.types.is_numeric_dtype(column):
        return pd.Index(_whole(column, name))
    if pd.api.types.is_datetime64_any_dtype(column) or isinstance(column.dtype, pd.PeriodDtype):
        return pd.Index(column)
    texts = column.astype(str)
    distinct = pd.Index(texts.unique())
    try:
        parsed = _parsed(distinct)
    except ValueError as error:
        raise MisdatedForecastsError(
            f"Column {name!r} holds a time that does not read as ISO 8601 (2024-01-31): "
            f"{str(error).splitlines()[0]} Write the times so, or give a frame whose column holds dates."
        ) from error
    return parsed.take(distinct.get_indexer(texts))


def _parsed(texts: pd.Index) -> pd.Index:
    if texts.str.fullmatch(r"\d{1,7}").all():
        return pd.Index(texts.astype(np.int64))
    if texts.str.fullmatch(r"\d{4} ?Q[1-4]").all():
        return pd.PeriodIndex(texts.str.replace(" ", ""), freq="Q").to_timestamp()
    if texts.str.fullmatch(r"\d{4} [A-Z][a-z]{2}").all():
        return pd.DatetimeIndex(pd.to_datetime(texts, format="%Y %b"))
    return pd.DatetimeIndex(pd.to_datetime(texts, format="ISO8601"))


def steps(column: pd.Series) -> Indices:
    """Read steps ahead: whole numbers from 1."""
    ahead = _whole(column, str(column.name))
    if len(ahead) and ahead.min() < 1:
        raise MisdatedForecastsError(
            f"Column {column.name!r} holds {ahead.min()}; steps ahead count from 1, the first value after "
            "the cutoff."
        )
    return ahead


def _whole(column: pd.Series, name: str) -> Indices:
    values = numbers(column, name)
    broken = np.flatnonzero(~(np.mod(values, 1) == 0))
    if len(broken):
        raise MisdatedForecastsError(
            f"Column {name!r} holds {values[broken[0]]:g} in row {broken[0] + 1}. Whole numbers are needed: "
            "steps ahead and numbered times count observations."
        )
    return values.astype(np.int64)


def numbers(column: pd.Series, name: str) -> Vector:
    """Read finite numbers; what is empty is NaN."""
    try:
        values = pd.to_numeric(column).to_numpy(np.float64, na_value=np.nan)
    except (TypeError, ValueError) as error:
        raise ForecastFrameError(
            f"Column {name!r} holds something that is not a number ({error}). Plain numbers are needed; "
            "name the columns that hold something else with columns (--columns), or drop them."
        ) from error
    if np.isinf(values).any():
        raise ForecastFrameError(
            f"Column {name!r} holds infinite values. Finite numbers are needed; leave a forecast that does "
            "not exist empty."
        )
    return np.asarray(values)
