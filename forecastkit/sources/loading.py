"""One door to every source: whatever names a series, or holds one -> Series."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from forecastkit.errors import PlanError
from forecastkit.series.resampling import realised_volatility
from forecastkit.series.resampling import resample as resampled
from forecastkit.series.series import Series
from forecastkit.sources.catalog import load_dataset
from forecastkit.sources.covariates import CALENDAR, with_calendar
from forecastkit.sources.fetching import PREFIX as MARKET
from forecastkit.sources.files import ENDINGS, read_file
from forecastkit.sources.objects import as_series
from forecastkit.sources.prices import load_prices
from forecastkit.sources.synthetic import PREFIX, load_synthetic


def load(
    source: Any,
    *,
    name: str | None = None,
    unit: str | None = None,
    period: int | None = None,
    field: str | None = None,
    interval: str | None = None,
    start: str | None = None,
    end: str | None = None,
    offline: bool = False,
    refresh: bool = False,
    resample: str | None = None,
    aggregate: str = "last",
    **reading: Any,
) -> Series:
    """Load a series: a bundled dataset, a file, a frame, a synthetic process, or market prices.

    Args:
        source: "sunspots" and the like, the path of a CSV or Parquet file, a frame of pandas, polars or
            pyarrow, "synthetic:ar2?n=2000&seed=1", "yahoo:SPY", or "yahoo:SPY@ID" for one kept snapshot.
        reading: of a file or a frame: column, date_column, date_format, separator, decimal, series,
            time_zone, frequency, missing, known and past, see `Reading`. Any dated source takes
            known="calendar".
        name, unit, period: override what the source says.
        field, interval, start, end, offline, refresh: of market prices, see `load_prices`. The field
            "realised-volatility" is also made from a file with several prices a day.
        resample, aggregate: one value per week or month, see `resample`.

    Raises:
        DatasetNotFoundError: there is nothing of that name.
        SourceUnavailableError: the market source gave no usable answer.
        DataError: the file cannot be used as it is; the message says what to do.
    """
    reading = {key: value for key, value in reading.items() if value not in (None, ())}
    dated = reading.get("known") in (CALENDAR, (CALENDAR,), [CALENDAR]) and bool(reading.pop("known"))
    text = str(source) if isinstance(source, str | Path) else ""
    asking = {"interval": interval, "start": start, "end": end}
    if text.startswith(MARKET):
        _refuse_given(reading, f"{text!r} is no file")
        series = load_prices(
            text, field=field, interval=interval, start=start, end=end, offline=offline, refresh=refresh
        )
    else:
        _refuse_given(
            {**asking, "refresh": refresh or None}, f"{text!r} is no market source such as yahoo:SPY"
        )
        if not text:
            series = as_series(source, **reading, name=name, unit=unit or "", period=period)
        elif text.endswith(ENDINGS) or _is_file(text):
            series = read_file(text, **reading, name=name, unit=unit or "", period=period)
        else:
            _refuse_given(reading, f"{text!r} is no file")
            series = load_synthetic(text) if text.startswith(PREFIX) else load_dataset(text)
        if field is not None:
            series = _volatility(series, field)
    if resample is not None:
        _refuse_covariates(series, "resample")
        series = resampled(series, resample, aggregate, period=period)
    series = replace(
        series,
        name=series.name if name is None else name,
        unit=series.unit if unit is None else unit,
        period=series.period if period is None else period,
    )
    return with_calendar(series) if dated else series


def _refuse_given(options: Mapping[str, Any], why: str) -> None:
    given = [key for key, value in options.items() if value is not None]
    if given:
        raise PlanError(f"{why}, so {' and '.join(given)} cannot be chosen. Leave it out.")


def _volatility(series: Series, field: str) -> Series:
    if field != "realised-volatility":
        raise PlanError(
            f"field {field!r} was asked of {series.name!r}; a source that is no market has only "
            "realised-volatility. Choose a column instead."
        )
    _refuse_covariates(series, "field")
    return realised_volatility(series)


def _refuse_covariates(series: Series, option: str) -> None:
    """Refuse to make coarser what has covariates: how they go together is not known."""
    if series.known is not None or series.past is not None:
        raise PlanError(
            f"Series {series.name!r} was given covariates and {option}, which makes its steps longer. Bring "
            "values and covariates to the longer steps in one table first."
        )


def _is_file(text: str) -> bool:
    try:
        return Path(text).is_file()
    except OSError:  # longer than a file name may be
        return False
