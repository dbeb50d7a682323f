"""Columns of any table -> a series: one column of values, one of dates, one series of many."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import numpy as np
import pandas as pd

from forecastkit.arrays import Vector
from forecastkit.errors import DataError, PlanError, nearest
from forecastkit.series.missing import on_a_grid, on_the_line
from forecastkit.series.series import Series
from forecastkit.sources.covariates import with_covariates
from forecastkit.sources.reading import Reading
from forecastkit.sources.text_dates import read_dates
from forecastkit.sources.text_numbers import is_number, read_numbers

DATE_NAMES = ("ds", "date", "datetime", "time", "timestamp", "month", "quarter", "day", "year", "period")
ID_NAME = "unique_id"
VALUE_NAME = "y"


def series_of(
    columns: Mapping[str, pd.Series],
    reading: Reading,
    *,
    what: str,
    name: str | None = None,
    default_name: str = "y",
    unit: str = "",
    period: int | None = None,
    separator: str = ",",
) -> Series:
    """Make a series of the columns of a table.

    Args:
        columns: by name, all of one length.
        reading: which columns, and how they are written.
        what: the table, for messages.
        name, unit, period: of the series.
        default_name: where no name is given and the table is no long one, whose unique_id is the name.
        separator: of the file that the texts come from.

    Raises:
        DataError: a column is absent, ambiguous or unreadable, or a date could be read in two ways.
        MissingValuesError: a value is missing and `reading.missing` is "error".
        IrregularIndexError: dates twice, out of order, or absent in a stated frequency.
    """
    columns, chosen = _one_series(columns, reading, what)
    dates = _find_dates(columns, reading, what)
    column = value_column(columns, reading, what)
    told: list[str] = []
    table = pd.DataFrame(
        {
            name: _numbers(columns[name], reading, f"{what}, column {name!r}", separator)
            for name in (column, *reading.covariates)
        }
    )
    if dates is not None:
        table.index, notes = _dates(columns[dates], reading, f"{what}, column {dates!r}")
        told += notes
        if len(table) > 1 and table.index.is_unique and table.index.is_monotonic_decreasing:
            table = table.iloc[::-1]
            told.append("rows stood newest first and were turned round")
    return _finished(table, reading, told, name=name or chosen or default_name, unit=unit, period=period)


def value_column(columns: Mapping[str, pd.Series], reading: Reading, what: str) -> str:
    """Name the column of values: the one stated, or the only one that can hold them.

    Raises:
        DataError: it is absent or ambiguous, or a column of covariates is absent.
    """
    for name in (reading.column, *reading.covariates):
        if name is not None and name not in columns:
            raise DataError(f"{what} has no column {name!r}. {nearest(name, columns)}")
    rest = {name: column for name, column in columns.items() if name not in (ID_NAME, *reading.covariates)}
    return reading.column or _only_candidate(rest, _find_dates(rest, reading, what), what)


def series_of_values(
    values: pd.Series, reading: Reading, *, name: str | None, unit: str, period: int | None
) -> Series:
    """Make a series of one pandas Series, whose index holds the dates.

    Raises:
        DataError: it is no series of numbers.
        PlanError: settings were made that only a table can follow.
    """
    sensible = ("frequency", "missing", "time_zone", *(() if reading.covariates else ("known",)))
    senseless = [key for key in reading.given if key not in sensible]
    if senseless:
        raise PlanError(f"One column was given, so {' and '.join(senseless)} cannot be chosen. Leave it out.")
    if reading.time_zone is not None:
        values = values.set_axis(_in_zone(values.index, reading.time_zone, "The index"))
    known = str(values.name) if values.name is not None else "y"
    return _finished(values.to_frame(), reading, [], name=name or known, unit=unit, period=period)


def _finished(table: pd.DataFrame, reading: Reading, told: list[str], *, name: str, **more: Any) -> Series:
    """Do with missing values what was asked, and say so in the source of the series.

    Args:
        table: the values, then their covariates; rows after the last value are the future of known ones.
    """
    source: dict[str, Any] = {}
    values, future = table.iloc[:, 0], table.iloc[:0]
    if reading.known and values.notna().any():
        last = int(np.flatnonzero(values.notna().to_numpy())[-1])
        values, future = values.iloc[: last + 1], table.iloc[last + 1 :]
    if reading.missing != "error" and reading.frequency is not None:
        values = on_a_grid(values, reading.frequency)
    if reading.missing == "interpolate":
        values, filled, notes = on_the_line(values, name)
        told += notes
        source["filled"] = np.flatnonzero(filled).tolist()
    elif reading.missing == "keep" and values.isna().any():
        told.append(f"{int(values.isna().sum())} missing values kept")
    series = Series.from_pandas(
        values,
        name=name,
        frequency=reading.frequency,
        missing="keep" if reading.missing == "keep" else "error",
        **more,
    )
    series = replace(series, source={**source, "read": told}) if told else series
    return with_covariates(series, table, future.index, known=reading.known, past=reading.past)


def _one_series(
    columns: Mapping[str, pd.Series], reading: Reading, what: str
) -> tuple[Mapping[str, pd.Series], str | None]:
    """Take the rows of one series of a long table, and its name."""
    if ID_NAME not in columns:
        if reading.series is not None:
            raise DataError(
                f"{what} has no column {ID_NAME!r}, so series {reading.series!r} cannot be picked. Leave "
                "series (--series) out, or give a long table with the columns unique_id, ds, y."
            )
        return columns, None
    ids = columns[ID_NAME].astype(str)
    names = list(dict.fromkeys(ids))
    if reading.series is None and len(names) > 1:
        shown = ", ".join(names[:5]) + (", ..." if len(names) > 5 else "")
        raise DataError(
            f"{what} holds {len(names)} series: {shown}. Name one with --series (series= in Python)."
        )
    chosen = names[0] if reading.series is None else reading.series
    if chosen not in names:
        raise DataError(f"{what} has no series {chosen!r}. {nearest(chosen, names)}")
    rows = (ids == chosen).to_numpy()
    rest = {c: column[rows].reset_index(drop=True) for c, column in columns.items() if c != ID_NAME}
    return rest, chosen


def _find_dates(columns: Mapping[str, pd.Series], reading: Reading, what: str) -> str | None:
    """Name the column of dates: the one stated, the first with a known name, or the only one of dates."""
    others = (reading.column, *reading.covariates)
    named = next((c for c in columns if c.strip().lower() in DATE_NAMES and c not in others), None)
    dated = [c for c, column in columns.items() if _is_dated(column)]
    dates = reading.date_column or named or (dated[0] if len(dated) == 1 else None)
    if dates is not None and dates not in columns:
        raise DataError(f"{what} has no column {dates!r}. {nearest(dates, columns)}")
    return dates


def _is_dated(column: pd.Series) -> bool:
    return pd.api.types.is_datetime64_any_dtype(column) or isinstance(column.dtype, pd.PeriodDtype)


def _only_candidate(columns: Mapping[str, pd.Series], dates: str | None, what: str) -> str:
    candidates = [c for c in columns if c != dates]
    if len(candidates) > 1:
        candidates = [c for c in candidates if _holds_numbers(columns[c])] or candidates
    if len(candidates) > 1 and VALUE_NAME in candidates:
        return VALUE_NAME
    if len(candidates) != 1:
        shown = ", ".join(candidates[:8]) + (", ..." if len(candidates) > 8 else "")
        raise DataError(
            f"{what} has {len(candidates)} columns that could hold the values: {shown or 'none'}. Name one "
            "with --column (column= in Python)."
        )
    return candidates[0]


def _holds_numbers(column: pd.Series) -> bool:
    if pd.api.types.is_numeric_dtype(column):
        return not pd.api.types.is_bool_dtype(column)
    known = column.dropna()
    return len(known) > 0 and isinstance(known.iloc[0], str) and is_number(known.iloc[0])


def _numbers(column: pd.Series, reading: Reading, where: str, separator: str) -> Vector:
    """Read numbers exactly as written; an empty entry is missing."""
    if pd.api.types.is_numeric_dtype(column):
        return np.asarray(column.to_numpy(dtype=np.float64, na_value=np.nan))
    known = column.dropna()
    if len(known) and isinstance(known.iloc[0], str):
        return read_numbers(column, decimal=reading.decimal, separator=separator, where=where)
    try:
        return np.asarray(pd.to_numeric(column).to_numpy(dtype=np.float64, na_value=np.nan))
    except (TypeError, ValueError) as error:
        raise DataError(
            f"{where} holds something that is not a number ({error}). Numbers are needed."
        ) from error


def _dates(column: pd.Series, reading: Reading, where: str) -> tuple[pd.Index, tuple[str, ...]]:
    """Read the dates of a column and put them into the time zone asked for."""
    if column.isna().any():
        row = int(column.isna().to_numpy().argmax())
        raise DataError(
            f"{where} is empty in data row {row + 1}. Give every value its date, or drop the row."
        )
    notes: tuple[str, ...] = ()
    if isinstance(column.dtype, pd.PeriodDtype):
        index = pd.Index(pd.PeriodIndex(column))
    elif _is_dated(column):
        index = pd.Index(pd.DatetimeIndex(column))
    elif pd.api.types.is_float_dtype(column):
        index = pd.Index(column)
    else:
        index, notes = read_dates(column.astype(str), reading.date_format, where)
    index.name = str(column.name) if column.name is not None else None
    return (index if reading.time_zone is None else _in_zone(index, reading.time_zone, where)), notes


def _in_zone(index: pd.Index, zone: str, where: str) -> pd.Index:
    """Read clock times in a zone, or take moments to it.

    Raises:
        DataError: there are no times, or no such zone, or a time that the clock skipped or showed twice.
    """
    if not isinstance(index, pd.DatetimeIndex):
        raise DataError(f"{where} holds no times, so time zone {zone!r} means nothing. Leave it out.")
    try:
        if index.tz is not None:
            return index.tz_convert(zone)
        return index.tz_localize(zone, ambiguous="infer", nonexistent="raise")
    except (ValueError, KeyError, LookupError) as error:  # pandas and zoneinfo name a wrong time or zone
        raise DataError(
            f"{where} cannot be read in time zone {zone!r}: {error}. Name a zone such as Europe/Berlin, or "
            "write the times with their offset from UTC."
        ) from error
