"""Dates as people write them. One order of day and month has to fit every row and the other none."""

from __future__ import annotations

import re
from collections.abc import Callable

import numpy as np
import pandas as pd

from forecastkit.errors import DataError

UNIX = {"unix": "s", "unix-ms": "ms"}
NUMBER = "number"
ISO = re.compile(r"\d{4}-\d{1,2}(-\d{1,2})?([T ].*)?")
SLASHED = re.compile(r"(\d{1,2})([/.-])(\d{1,2})\2(\d{4}|\d{2})([ T].*)?")
YEAR_FIRST = re.compile(r"\d{4}([/.])\d{1,2}\1\d{1,2}( .*)?")
QUARTER = re.compile(r"(?P<year>\d{4})[- ]?Q(?P<q>[1-4])|Q(?P<q2>[1-4])[- /]?(?P<year2>\d{4})", re.IGNORECASE)
WEEK = re.compile(r"\d{4}-W\d{2}")
NAMED = (
    "%b %Y", "%B %Y", "%Y %b", "%Y-%b", "%b-%Y", "%d %b %Y", "%d-%b-%Y", "%d %B %Y", "%b %d, %Y", "%B %d, %Y",
)  # fmt: skip
CLOCKS = ("%H:%M", "%H:%M:%S", "%H:%M:%S.%f", "%I:%M %p", "%I:%M:%S %p")


def read_dates(texts: pd.Series, date_format: str | None, where: str) -> tuple[pd.Index, tuple[str, ...]]:
    """Read dates, or numbers where there are no dates.

    Args:
        texts: as written, none missing.
        date_format: strptime's codes, "unix", "unix-ms" or "number"; None finds out.
        where: file and column, for messages.

    Returns:
        the index, and what a reader of the report should know about it.

    Raises:
        DataError: an entry is unreadable, or the entries could be read in two ways.
    """
    first = str(texts.iloc[0]).strip()
    if date_format is not None:
        return _stated(texts, date_format, where), ()
    if re.fullmatch(r"[+-]?\d+", first):
        return _whole_numbers(texts, where), ()
    if ISO.fullmatch(first) and not QUARTER.fullmatch(first):
        return _iso(texts, where)
    for shape, read in _SHAPES:
        if shape.fullmatch(first):
            return read(texts, where), ()
    for known in NAMED:
        if (found := _parsed(texts, known)) is not None:
            return found, ()
    return _decimal_numbers(texts, where), ()


def _stated(texts: pd.Series, date_format: str, where: str) -> pd.Index:
    try:
        if date_format == NUMBER:
            return _narrow(pd.Index(pd.to_numeric(texts)))
        if date_format in UNIX:
            return pd.DatetimeIndex(pd.to_datetime(pd.to_numeric(texts), unit=UNIX[date_format], utc=True))
        return pd.DatetimeIndex(pd.to_datetime(texts, format=date_format))
    except (ValueError, OverflowError) as error:
        raise _unreadable(where, date_format, error) from error


def _whole_numbers(texts: pd.Series, where: str) -> pd.Index:
    """Tell years and row numbers from dates without hyphens; what may be either is refused."""
    lengths = texts.astype(str).str.strip().str.len()
    short, long = int(lengths.min()), int(lengths.max())
    try:
        numbers = pd.Index(pd.to_numeric(texts).astype(np.int64))
    except ValueError as error:
        raise _unreadable(where, "a whole number, as its first entry is", error) from error
    first = texts.iloc[0]
    if short == long == 8:
        found = _parsed(texts, "%Y%m%d")
        if found is not None and found.year.min() >= 1500 and found.year.max() < 2300:
            return found
    if short == long == 6:
        raise DataError(
            f"{where} holds six digits such as {first}: a year and a month, or a number? State the format "
            "with --date-format (date_format= in Python), for example '%Y%m', or 'number'."
        )
    if short == long and long >= 8:
        raise DataError(
            f"{where} holds {long} digits such as {first}: a date, seconds since 1970, or a number? State it "
            "with --date-format (date_format= in Python): '%Y%m%d%H', 'unix', 'unix-ms' or 'number'."
        )
    return numbers


def _iso(texts: pd.Series, where: str) -> tuple[pd.Index, tuple[str, ...]]:
    try:
        return pd.DatetimeIndex(pd.to_datetime(texts, format="ISO8601")), ()
    except ValueError as error:
        if "ixed timezones" not in str(error):
            raise _unreadable(where, "ISO 8601 (2024-01-31)", error) from error
    note = "times with several offsets from UTC are read as UTC; time_zone names the zone to show them in"
    return pd.DatetimeIndex(pd.to_datetime(texts, format="ISO8601", utc=True)), (note,)


def _day_and_month(texts: pd.Series, where: str) -> pd.Index:
    """Find the one order of day and month that fits every row.

    Raises:
        DataError: both orders fit, or none, or the year has two digits.
    """
    parts = texts.astype(str).str.strip().str.extract(SLASHED.pattern)
    broken = parts[0].isna()
    if broken.any():
        raise _unreadable(where, "the dates before it", ValueError(repr(texts[broken].iloc[0])))
    one, two, sign = parts[0].astype(int), parts[2].astype(int), str(parts[1].iloc[0])
    day_first = bool(one.max() <= 31 and two.max() <= 12)
    month_first = bool(one.max() <= 12 and two.max() <= 31)
    example = texts.iloc[int((one != two).argmax())]
    if (day_first and month_first and (one != two).any()) or len(parts[3].iloc[0]) == 2:
        century = "%y" if len(parts[3].iloc[0]) == 2 else "%Y"
        raise DataError(
            f"{where} holds dates such as {example}, which can be read in two ways: every row fits another "
            "order or century. State the format with --date-format (date_format= in Python): "
            f"'%d{sign}%m{sign}{century}' or '%m{sign}%d{sign}{century}'."
        )
    order = f"%d{sign}%m{sign}%Y" if day_first else f"%m{sign}%d{sign}%Y"
    return _with_clock(texts, order, str(parts[4].fillna("").iloc[0]), where)


def _year_first(texts: pd.Series, where: str) -> pd.Index:
    sign = str(texts.iloc[0]).strip()[4]
    clock = str(texts.iloc[0]).strip().partition(" ")[2]
    return _with_clock(texts, f"%Y{sign}%m{sign}%d", " " + clock if clock else "", where)


def _with_clock(texts: pd.Series, order: str, clock: str, where: str) -> pd.Index:
    formats = [order] if not clock else [f"{order}{clock[0]}{time}" for time in CLOCKS]
    for known in formats:
        if (found := _parsed(texts, known)) is not None:
            return found
    raise _unreadable(where, formats[0], ValueError(f"not every row does, first {texts.iloc[0]!r}."))


def _quarters(texts: pd.Series, where: str) -> pd.Index:
    parts = texts.astype(str).str.strip().str.extract(QUARTER)
    years, quarters = parts["year"].fillna(parts["year2"]), parts["q"].fillna(parts["q2"])
    if years.isna().any():
        raise _unreadable(where, "quarters (2024Q1)", ValueError(repr(texts[years.isna()].iloc[0])))
    return pd.PeriodIndex((years + "Q" + quarters).to_numpy(), freq="Q")


def _weeks(texts: pd.Series, where: str) -> pd.Index:
    found = _parsed(texts.astype(str).str.strip() + "-1", "%G-W%V-%u")
    if found is None:
        raise _unreadable(where, "ISO weeks (2024-W05)", ValueError("not every row does."))
    return found


def _decimal_numbers(texts: pd.Series, where: str) -> pd.Index:
    try:
        return pd.Index(pd.to_numeric(texts))
    except ValueError as error:
        raise _unreadable(where, "ISO 8601 (2024-01-31)", error) from error


def _parsed(texts: pd.Series, date_format: str) -> pd.DatetimeIndex | None:
    try:
        return pd.DatetimeIndex(pd.to_datetime(texts, format=date_format))
    except ValueError:
        return None


def _narrow(numbers: pd.Index) -> pd.Index:
    return numbers.astype(np.int64) if numbers.dtype.kind in "iu" else numbers


def _unreadable(where: str, date_format: str, error: Exception) -> DataError:
    return DataError(
        f"{where} holds a date that does not read as {date_format}: {str(error).splitlines()[0]} "
        "State the format with --date-format (date_format= in Python), for example '%d/%m/%Y'."
    )


_SHAPES: tuple[tuple[re.Pattern[str], Callable[[pd.Series, str], pd.Index]], ...] = (
    (QUARTER, _quarters),
    (WEEK, _weeks),
    (YEAR_FIRST, _year_first),
    (SLASHED, _day_and_month),
)
