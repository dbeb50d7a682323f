"""Covariates: what else is known of every observation, and what the calendar says ahead of the values."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike

from forecastkit.arrays import Matrix
from forecastkit.errors import DataError, IrregularIndexError, MissingValuesError

CALENDAR = "calendar"
"""Name that asks for columns of the calendar among the covariates known ahead."""
AHEAD = 500
"""Steps beyond the values for which the calendar is laid out where nothing else says how many."""
WEEKDAYS = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")
DAY, WEEK, YEAR = (pd.Timedelta(days=days) for days in (1, 7, 360))


def check_covariates(
    given: ArrayLike, names: Sequence[str], rows: int, what: str, *, ahead: bool
) -> tuple[Matrix, tuple[str, ...]]:
    """Copy covariates into a read-only matrix of finite numbers, and name its columns.

    Args:
        given: shape (rows, K) or, for one covariate, (rows,); with `ahead` there may be more rows.
        names: of the columns; numbered where there are none.
        rows: observations of the series.
        what: the covariates, for messages.
        ahead: whether they are known ahead, beyond the last observation.

    Returns:
        values, shape (rows or more, K), and K names.

    Raises:
        DataError: not numbers, of another shape, infinite, or names twice or in another number.
        MissingValuesError: one is missing; the message names column and position.
    """
    try:
        matrix = np.array(given, dtype=np.float64)
    except (TypeError, ValueError) as error:
        raise DataError(
            f"{what} hold something that is not a number ({error}). Numbers are needed."
        ) from error
    matrix = matrix[:, None] if matrix.ndim == 1 else matrix
    least = "or more " if ahead else ""
    if matrix.ndim != 2 or matrix.shape[1] == 0 or len(matrix) < rows or (len(matrix) > rows and not ahead):
        raise DataError(
            f"{what} have shape {matrix.shape}; {rows} rows {least}are needed, one per observation, and one "
            "column per covariate."
        )
    kind = "known" if ahead else "past"
    named = tuple(map(str, names)) or tuple(f"{kind} {i}" for i in range(1, matrix.shape[1] + 1))
    if len(named) != matrix.shape[1] or len(set(named)) < len(named):
        raise DataError(
            f"{what} have {matrix.shape[1]} columns and the names {', '.join(named)}. Give every column one "
            "name of its own."
        )
    bad = np.argwhere(~np.isfinite(matrix))
    if len(bad):
        row, column = bad[0].tolist()
        kind_of_error = MissingValuesError if np.isnan(matrix[row, column]) else DataError
        raise kind_of_error(
            f"{what} have {len(bad)} missing or infinite values, the first in {named[column]!r} at position "
            f"{row} (counted from 0). Every value is needed: fill or drop them first."
        )
    matrix.flags.writeable = False
    return matrix, named


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
