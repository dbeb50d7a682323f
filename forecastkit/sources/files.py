"""CSV and Parquet files into series, without guessing."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pandas as pd

from forecastkit.errors import DataError, DatasetNotFoundError, MissingExtraError
from forecastkit.series.series import Series
from forecastkit.sources.csv_table import look, read_columns
from forecastkit.sources.forecast_columns import to_columns
from forecastkit.sources.frames import series_of, value_column
from forecastkit.sources.reading import Reading

ENDINGS = (".csv", ".csv.gz", ".tsv", ".txt", ".parquet")


def read_file(
    path: str | Path, *, name: str | None = None, unit: str = "", period: int | None = None, **reading: Any
) -> Series:
    """Read one series from a text table with a header line, or from a Parquet file.

    Args:
        path: the file; a text table may be gzip-compressed (`.csv.gz`), in UTF-8 or UTF-16.
        name: of the series; by default its unique_id, or the name of the file.
        unit, period: as in `Series`.
        reading: fields of `Reading`: column, date_column, date_format, separator, decimal, series, time_zone,
            frequency, missing.

    Raises:
        DatasetNotFoundError: there is no such file.
        MissingExtraError: a Parquet file needs pyarrow.
        DataError: the file is empty or no table, a column is absent, ambiguous or unreadable, or something in
            it could be read in two ways; the message says how to state it.
    """
    path, how = Path(path), Reading.of(reading)
    if not path.is_file():
        raise DatasetNotFoundError(
            f"There is no file {str(path)!r}. Give the path of a CSV or Parquet file, or a name that "
            "`forecastkit datasets` lists."
        )
    separator = ","
    if path.suffix == ".parquet":
        columns = to_columns(_parquet(path))
    else:
        dialect = look(path, how.separator)
        separator = dialect.separator
        sample = {str(column): dialect.sample[column] for column in dialect.sample.columns}
        table = read_columns(path, dialect, value_column(sample, how, path.name), how)
        columns = {str(column): table[column] for column in table.columns}
    stem = path.name.split(".")[0]
    return series_of(
        columns,
        how,
        what=path.name,
        name=name,
        default_name=stem,
        unit=unit,
        period=period,
        separator=separator,
    )


def _parquet(path: Path) -> pd.DataFrame:
    try:
        return pd.read_parquet(path)
    except ImportError as error:
        raise MissingExtraError(
            f"{path.name} is a Parquet file, and pyarrow is not installed. Install it with pip install "
            "'forecastkit[parquet]', or save the table as CSV."
        ) from error
    except (ValueError, OSError) as error:
        raise DataError(
            f"{path.name} could not be read as a Parquet file ({error}). Write it again, or save it as CSV."
        ) from error
