"""CSV files into series, without guessing."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd

from forecastkit.errors import DataError, DatasetNotFoundError, nearest
from forecastkit.series.series import Series

DATE_NAMES = ("ds", "date", "datetime", "time", "timestamp", "month", "day", "year", "period")


def read_csv(
    path: str | Path,
    *,
    column: str | None = None,
    date_column: str | None = None,
    date_format: str | None = None,
    frequency: str | None = None,
    name: str | None = None,
    unit: str = "",
    period: int | None = None,
) -> Series:
    """Read one column of a comma-separated UTF-8 file with a header line.

    Args:
        path: the file, also gzip-compressed (`.csv.gz`).
        column: which column holds the values; may be left out when only one can.
        date_column: which column holds the dates; by default the one called ds, date, time, ..., and without
            any the rows are numbered.
        date_format: how dates are written, in strptime's codes; by default ISO 8601 (2024-01-31).
        frequency, name, unit, period: as in `Series.from_pandas`; the name defaults to that of the file.

    Raises:
        DatasetNotFoundError: there is no such file.
        DataError: the file is empty or not a CSV, the column is absent or ambiguous or holds text, a date is
            unreadable.
    """
    path = Path(path)
    table = _read_table(path)
    dates = date_column or next((c for c in table.columns if c.strip().lower() in DATE_NAMES), None)
    if dates is not None and dates not in table.columns:
        raise DataError(f"{path.name} has no column {dates!r}. {nearest(dates, table.columns)}")
    column = column or _only_candidate(table, dates, path)
    if column not in table.columns:
        raise DataError(f"{path.name} has no column {column!r}. {nearest(column, table.columns)}")
    values = _numbers(table[column], path)
    if dates is not None:
        values.index = _dates(table[dates], date_format, path)
    return Series.from_pandas(
        values, name=name or path.name.split(".")[0], unit=unit, period=period, frequency=frequency
    )


def _read_table(path: Path) -> pd.DataFrame:
    if not path.is_file():
        raise DatasetNotFoundError(
            f"There is no file {str(path)!r}. Give the path of a CSV file, or a name that `forecastkit "
            "datasets` lists."
        )
    try:
        table = pd.read_csv(path, encoding="utf-8-sig", dtype=str, skipinitialspace=True)
    except pd.errors.EmptyDataError as error:
        raise DataError(
            f"{path.name} is empty. A header line and one row per observation are needed."
        ) from error
    except (pd.errors.ParserError, UnicodeDecodeError, OSError) as error:
        raise DataError(
            f"{path.name} could not be read as a UTF-8 CSV file ({error}). Save it as plain CSV."
        ) from error
    if (len(table.columns) == 1 and ";" in str(table.columns[0])) or ";" in str(table.iloc[0:1].to_numpy()):
        raise DataError(
            f"{path.name} is separated by semicolons; commas are needed. Convert it once, for example with "
            "pandas: read_csv(path, sep=';', decimal=',').to_csv(new, index=False)."
        )
    if not isinstance(table.index, pd.RangeIndex):
        raise DataError(
            f"{path.name} has rows with more fields than its header names, as decimal commas make them. "
            "Write numbers with a decimal point, and a name for every column."
        )
    if table.empty:
        raise DataError(f"{path.name} has a header but no rows. One row per observation is needed.")
    return table


def _only_candidate(table: pd.DataFrame, dates: str | None, path: Path) -> str:
    candidates = [c for c in table.columns if c != dates]
    if len(candidates) > 1:
        candidates = [c for c in candidates if _parses(table[c].dropna())] or candidates
    if len(candidates) != 1:
        raise DataError(
            f"{path.name} has {len(candidates)} columns that could hold the values: "
            f"{', '.join(candidates) or 'none'}. Name one with --column (column= in Python)."
        )
    return str(candidates[0])


def _numbers(texts: pd.Series, path: Path) -> pd.Series:
    """Read numbers exactly as written; an empty entry is missing, any other text an error."""
    entries = texts.to_numpy(dtype=object, na_value="nan")
    try:
        return pd.Series(np.array(list(map(float, entries))), name=texts.name)
    except ValueError:
        bad = [row for row, entry in enumerate(entries) if not _is_number(entry)]
    raise DataError(
        f"{path.name}, column {texts.name!r}: {len(bad)} entries are not numbers, the first is "
        f"{entries[bad[0]]!r} in data row {bad[0] + 1}. Plain numbers with a decimal point are needed."
    )


def _parses(texts: pd.Series) -> bool:
    return len(texts) > 0 and _is_number(texts.iloc[0])


def _is_number(text: str) -> bool:
    try:
        float(text)
    except ValueError:
        return False
    return True


def _dates(texts: pd.Series, date_format: str | None, path: Path) -> pd.Index:
    if date_format is None and texts.str.fullmatch(r"\d{6}").all():
        raise DataError(
            f"{path.name}, column {texts.name!r} holds six digits such as {texts.iloc[0]}: a year and a "
            "month, or a number? State the format with --date-format (date_format= in Python), for example "
            "'%Y%m'."
        )
    if date_format is None and texts.notna().all() and texts.str.fullmatch(r"\d{1,7}").all():
        return pd.Index(texts.astype(np.int64), name=texts.name)
    try:
        return pd.DatetimeIndex(pd.to_datetime(texts, format=date_format or "ISO8601"), name=texts.name)
    except ValueError as error:
        raise DataError(
            f"{path.name}, column {texts.name!r} holds a date that does not read as "
            f"{date_format or 'ISO 8601 (2024-01-31)'}: {str(error).splitlines()[0]} "
            "State the format with --date-format (date_format= in Python), for example '%d/%m/%Y'."
        ) from error
