"""Columns of covariates beside a series, and those of the calendar."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import pandas as pd

from forecastkit.errors import IrregularIndexError
from forecastkit.series.series import Series, label

CALENDAR = "calendar"
"""Name that asks for columns of the calendar among the covariates known ahead."""
AHEAD = 500
"""Steps beyond the values for which the calendar is laid out where nothing else says how many."""
WEEKDAYS = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")
DAY, WEEK, YEAR = (pd.Timedelta(days=days) for days in (1, 7, 360))


def with_covariates(
    series: Series,
    table: pd.DataFrame,
    future: pd.Index,
    *,
    known: Sequence[str] = (),
    past: Sequence[str] = (),
) -> Series:
    """Give a series the covariates that stand beside it in a table.

    Args:
        series: the values.
        table: columns by name, on an index that holds that of the series and the future.
        future: index of the rows after the last value.
        known: columns known ahead; "calendar" stands for those of the calendar.
        past: columns observed with the values.

    Raises:
        IrregularIndexError: the future does not go on where the values end, or there is no calendar.
        MissingValuesError: a covariate is missing at an observation.
    """
    if known:
        index = _on(series, future)
        if known == (CALENDAR,) and not len(future):
            index = continued(index, AHEAD)
        columns = pd.concat(
            [calendar(index) if name == CALENDAR else table[[name]].reindex(index) for name in known], axis=1
        )
        series = replace(series, known=columns.to_numpy(), known_names=tuple(map(str, columns)))
    if past:
        columns = table[list(past)].reindex(series.index)
        series = replace(series, past=columns.to_numpy(), past_names=tuple(map(str, columns)))
    return series


def with_calendar(series: Series) -> Series:
    """Give a series the columns of the calendar as covariates known ahead.

    Raises:
        IrregularIndexError: it is numbered, or its steps are years.
    """
    return with_covariates(series, pd.DataFrame(index=series.index), series.index[:0], known=(CALENDAR,))


def calendar(index: pd.Index) -> pd.DataFrame:
    """Lay out the calendar: 1 on an hour, weekday or month, else 0; the first of each kind has no column.

    Hours where steps are shorter than a day, weekdays where they are shorter than a week, months else.

    Args:
        index: dates or periods, those ahead included.

    Raises:
        IrregularIndexError: the index holds no dates, or steps of a year.

    Example:
        >>> list(calendar(pd.date_range("2024-01-01", periods=3)))
        ['weekday Tue', 'weekday Wed']
    """
    if isinstance(index, pd.PeriodIndex):
        index = index.to_timestamp()
    step = (
        index.to_series().diff().median() if isinstance(index, pd.DatetimeIndex) and len(index) > 1 else YEAR
    )
    if not isinstance(index, pd.DatetimeIndex) or step >= YEAR:
        raise IrregularIndexError(
            "Columns of the calendar need dates less than a year apart. Give a date column, or leave "
            f"{CALENDAR!r} out of the covariates."
        )
    columns: dict[str, np.ndarray] = {}
    for kind, words, of, wanted in (
        ("hour", [str(hour) for hour in range(24)], index.hour, step < DAY),
        ("weekday", WEEKDAYS, index.day_of_week, step < WEEK),
        ("month", ["", *(str(month) for month in range(1, 13))], index.month, step >= WEEK),
    ):
        for number in np.unique(of)[1:].tolist() if wanted else ():
            columns[f"{kind} {words[number]}"] = np.asarray(of == number, dtype=np.float64)
    return pd.DataFrame(columns, index=index)


def continued(index: pd.Index, ahead: int) -> pd.Index:
    """Give an index of dates its next steps; where it has no frequency they are not known, and none come."""
    if not isinstance(index, pd.DatetimeIndex | pd.PeriodIndex) or index.freq is None or ahead == 0:
        return index
    make = pd.period_range if isinstance(index, pd.PeriodIndex) else pd.date_range
    return make(index[0], periods=len(index) + ahead, freq=index.freq)


def _on(series: Series, future: pd.Index) -> pd.Index:
    """Join the index of a series and that of the rows after it."""
    if not len(future):
        return series.index
    expected = continued(series.index, len(future))
    index = series.index.append(future)
    off = np.flatnonzero(expected != index).tolist() if len(expected) == len(index) else []
    if off or not (index.is_unique and index.is_monotonic_increasing):
        first = label(index[off[0]] if off else future[0])
        raise IrregularIndexError(
            f"Covariates of series {series.name!r} known ahead do not go on where its values end, "
            f"{label(series.index[-1])}: see {first}. Every step after the last value is needed once, in "
            "order."
        )
    return index
