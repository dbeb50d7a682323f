"""Whatever Python holds a series in -> Series: arrays, and series and frames of pandas, polars or pyarrow."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pandas as pd

from forecastkit.errors import DataError, PlanError
from forecastkit.series.series import Series
from forecastkit.sources.covariates import with_calendar
from forecastkit.sources.forecast_columns import to_columns
from forecastkit.sources.frames import DATE_NAMES, series_of, series_of_values
from forecastkit.sources.reading import Reading


def as_series(
    data: Any, *, name: str | None = None, unit: str = "", period: int | None = None, **reading: Any
) -> Series:
    """Take a Series as it is, and make one of anything else that holds one.

    Args:
        data: a Series; a pandas Series; a list or a one-dimensional array; a frame, or a series, of pandas,
            polars or pyarrow.
        name, unit, period: of the series.
        reading: of a frame, fields of `Reading`: column, date_column, series, missing, known, past, ...

    Raises:
        DataError: it holds no series, or more than one.
        PlanError: a Series was given with settings for reading a table, other than known="calendar".
    """
    how = Reading.of(reading)
    if isinstance(data, Series):
        if how.given == ("known",) and not how.covariates:
            return with_calendar(data)
        if how.given:
            raise PlanError(
                f"Series {data.name!r} is read already, so {' and '.join(how.given)} cannot be chosen. Give "
                "the file or the frame instead."
            )
        return data
    if isinstance(data, pd.Series):
        return series_of_values(data, how, name=name, unit=unit, period=period)
    if isinstance(data, np.ndarray | list | tuple):
        numbered = pd.Series(np.asarray(data)) if np.ndim(data) == 1 and how.given else None
        if numbered is None:
            made = Series.from_array(data, name=name or "y", unit=unit)
            return made if period is None else replace(made, period=period)
        return series_of_values(numbered, how, name=name, unit=unit, period=period)
    if isinstance(data, pd.DataFrame):
        data = _with_dates(data)
    elif (alone := _one_dimensional(data)) is not None:
        return series_of_values(alone, how, name=name, unit=unit, period=period)
    elif not _is_frame(data):
        raise DataError(
            f"A series was given as {type(data).__name__}; a forecastkit Series, a pandas Series, a "
            "one-dimensional array, or a frame of pandas, polars or pyarrow is needed. Load names and files "
            "with `load`."
        )
    return series_of(to_columns(data), how, what="The frame", name=name, unit=unit, period=period)


def _with_dates(frame: pd.DataFrame) -> pd.DataFrame:
    """Make a column of an index that counts nothing, so that its dates are seen."""
    if isinstance(frame.index, pd.RangeIndex) or isinstance(frame.index, pd.MultiIndex):
        return frame
    if any(str(c).strip().lower() in DATE_NAMES for c in frame.columns):
        return frame
    return frame.rename_axis(index=DATE_NAMES[0] if frame.index.name is None else frame.index.name)


def _is_frame(data: Any) -> bool:
    import narwhals as nw

    try:
        nw.from_native(data, eager_only=True)
    except TypeError:
        return False
    return True


def _one_dimensional(data: Any) -> pd.Series | None:
    """Take the values of a series of another library, None where it is none."""
    import narwhals as nw

    try:
        known = nw.from_native(data, series_only=True)
    except TypeError:
        return None
    return pd.Series(known.to_numpy(), name=known.name or None)
