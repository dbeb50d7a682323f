"""Files of forecasts: CSV and Parquet tables, read once with what their columns hold."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import pandas as pd

from forecastkit.errors import DatasetNotFoundError, ForecastFrameError


def read_forecast_files(paths: Sequence[Path]) -> pd.DataFrame | dict[str, pd.DataFrame]:
    """Read one file as it is; several as one model each, named after their files.

    Raises:
        DatasetNotFoundError: there is no such file.
        ForecastFrameError: a file cannot be read, is empty, or two of them have the same name.
    """
    if len(paths) == 1:
        return read_table(paths[0])
    tables = {path.name.split(".")[0]: read_table(path) for path in paths}
    if len(tables) < len(paths):
        raise ForecastFrameError(
            f"{len(paths)} files were given with {len(tables)} different names. Each file names its model: "
            "rename one."
        )
    return tables


def read_table(path: Path) -> pd.DataFrame:
    """Read a CSV file (also compressed) or a Parquet file whole, numbers exactly as written.

    Raises:
        DatasetNotFoundError: there is no such file.
        ForecastFrameError: it cannot be read, or has no rows.
    """
    if not path.is_file():
        raise DatasetNotFoundError(f"There is no file {str(path)!r}. Give the path of a CSV or Parquet file.")
    try:
        if path.suffix == ".parquet":
            table = pd.read_parquet(path)
        else:
            table = pd.read_csv(path, encoding="utf-8-sig", skipinitialspace=True)
    except ImportError as error:
        raise ForecastFrameError(
            f"{path.name} is a Parquet file, which needs pyarrow. Install forecastkit[parquet], or save it "
            "as CSV."
        ) from error
    except (ValueError, OSError) as error:  # pandas' own errors of parsing and decoding are ValueErrors
        raise ForecastFrameError(
            f"{path.name} could not be read as a table ({error}). Save it as plain CSV."
        ) from error
    if table.empty:
        raise ForecastFrameError(f"{path.name} has no rows. One row per forecast is needed.")
    return table
