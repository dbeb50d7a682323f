"""Covariates of tables and of the calendar: which rows they stand at, and what is refused."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

import forecastkit as fk
from forecastkit.errors import DataError, IrregularIndexError, MissingValuesError, PlanError
from forecastkit.sources.covariates import AHEAD, calendar, continued

DAYS = pd.date_range("2024-01-01", periods=10, freq="D")


def table(**columns) -> pd.DataFrame:
    """Eight days with a value, then two of the future."""
    values = [1.0, 2, 3, 4, 5, 6, 7, 8, np.nan, np.nan]
    rain = [9.0, 8, 7, 6, 5, 4, 3, 2, np.nan, np.nan]
    return pd.DataFrame({"ds": DAYS, "close": values, "promo": np.arange(10.0), "rain": rain} | columns)


def test_columns_beside_the_values_and_rows_after_them() -> None:
    series = fk.load(table(), known=["promo"], past="rain")
    assert series.values.tolist() == [1, 2, 3, 4, 5, 6, 7, 8]
    assert series.known.ravel().tolist() == list(range(10))
    assert series.past.ravel().tolist() == [9, 8, 7, 6, 5, 4, 3, 2]
    assert (series.known_names, series.past_names, series.name) == (("promo",), ("rain",), "y")


@pytest.mark.parametrize("ending", ["csv", "parquet"])
def test_a_file_with_covariates(tmp_path, ending) -> None:
    path = tmp_path / f"sales.{ending}"
    given = table().iloc[::-1] if ending == "csv" else table()
    given.to_csv(path, index=False) if ending == "csv" else given.to_parquet(path)
    series = fk.load(path, column="close", known=("promo", "calendar"), past=("rain",))
    assert series.fingerprint == fk.load(table(), known=("promo", "calendar"), past="rain").fingerprint
    assert series.known.shape == (10, 7)
    assert series.known_names[:2] == ("promo", "weekday Tue")


def test_one_series_of_a_long_table_takes_its_own_rows() -> None:
    long = pd.concat([table(unique_id="a"), table(unique_id="b", promo=5.0)], ignore_index=True)
    long = long.rename(columns={"close": "y"})
    series = fk.load(long, series="b", known="promo", past="rain")
    assert series.known.ravel().tolist() == [5.0] * 10


def test_filled_values_take_the_covariates_of_their_dates() -> None:
    gappy = table(close=[np.nan, 2, 3, np.nan, 5, 6, 7, 8, np.nan, np.nan])
    series = fk.load(gappy, column="close", known="promo", missing="interpolate")
    assert series.values.tolist() == [2, 3, 4, 5, 6, 7, 8]
    assert series.known.ravel().tolist() == list(range(1, 10))


@pytest.mark.parametrize(
    ("settings", "error", "message"),
    [
        ({"known": "prom"}, DataError, "no column 'prom'. Did you mean promo"),
        ({"past": "close", "column": "close"}, PlanError, "'close' was named twice"),
        ({"known": "promo", "past": "promo"}, PlanError, "'promo' was named twice"),
        ({"past": "rain", "column": "promo"}, MissingValuesError, "first in 'rain' at position 8"),
        (
            {"known": "promo", "past": (), "column": "close", "resample": "weekly"},
            PlanError,
            "covariates and resample",
        ),
        ({"known": "promo", "column": "close", "colum": "x"}, PlanError, "no setting 'colum'"),
    ],
)
def test_what_cannot_be_read(settings, error, message) -> None:
    with pytest.raises(error, match=message):
        fk.load(table(), **settings)


def test_a_future_that_leaves_a_day_out() -> None:
    gone = table(close=[1.0, 2, 3, 4, 5, 6, 7, np.nan, np.nan, np.nan]).drop(index=7)
    with pytest.raises(IrregularIndexError, match=r"known ahead do not go on .* 2024-01-07: see 2024-01-09"):
        fk.load(gone, column="close", known="promo", frequency="D")


def test_every_dated_source_has_a_calendar() -> None:
    weeks = fk.load("co2", known="calendar")
    assert weeks.known_names[:2] == ("month 2", "month 3")
    assert len(weeks.known) == len(weeks) + AHEAD
    days = pd.Series(np.arange(10.0), DAYS)
    assert fk.load(days, known="calendar").known.shape == (10 + AHEAD, 6)
    assert fk.load(fk.load(days), known=["calendar"]).known_names[0] == "weekday Tue"
    with pytest.raises(IrregularIndexError, match="need dates less than a year apart"):
        fk.load("synthetic:ar2?n=100&seed=1", known="calendar")
    with pytest.raises(PlanError, match="is no file, so known cannot be chosen"):
        fk.load("sunspots", known=["promo"])


def test_the_calendar_by_hand() -> None:
    hours = calendar(pd.date_range("2024-01-01 22:00", periods=3, freq="h"))
    assert list(hours) == ["hour 22", "hour 23", "weekday Tue"]
    assert hours.to_numpy().tolist() == [[1, 0, 0], [0, 1, 0], [0, 0, 1]]
    months = calendar(pd.period_range("2023-12", periods=3, freq="M"))
    assert list(months) == ["month 2", "month 12"]
    assert months.to_numpy().tolist() == [[0, 1], [0, 0], [1, 0]]
    trading = calendar(pd.bdate_range("2024-01-01", periods=30))
    assert [name[8:] for name in trading] == ["Tue", "Wed", "Thu", "Fri"]


@pytest.mark.parametrize("index", [pd.RangeIndex(20), pd.date_range("1900", periods=20, freq="YS")])
def test_no_calendar_without_dates_or_within_years(index) -> None:
    with pytest.raises(IrregularIndexError, match="less than a year apart"):
        calendar(index)


def test_an_index_is_continued_where_it_has_a_frequency() -> None:
    assert continued(DAYS, 2)[-1] == pd.Timestamp("2024-01-12")
    assert len(continued(pd.DatetimeIndex(DAYS, freq=None), 2)) == 10
    assert continued(pd.period_range("2024-01", periods=3, freq="M"), 1)[-1] == pd.Period("2024-04", "M")
