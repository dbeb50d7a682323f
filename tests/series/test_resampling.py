"""One value per week or month, and volatility from prices within the day."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from forecastkit.errors import DataError, IrregularIndexError, PlanError
from forecastkit.series.resampling import realised_volatility, resample
from forecastkit.series.series import Series


def dated(values, start: str = "2024-01-01", freq: str = "B", **more) -> Series:
    return Series.from_pandas(pd.Series(values, pd.date_range(start, periods=len(values), freq=freq)), **more)


def test_weeks_of_trading_days_end_on_friday() -> None:
    weekly = resample(dated(np.arange(13.0), name="p", unit="USD"), "weekly")
    assert weekly.values.tolist() == [4.0, 9.0]  # the third week has three days
    assert [str(day.date()) for day in weekly.index] == ["2024-01-05", "2024-01-12"]
    assert (weekly.name, weekly.unit) == ("p", "USD")
    assert weekly.source["resampled"] == "weekly, last observation"


def test_weeks_with_weekends_end_on_sunday() -> None:
    weekly = resample(dated(np.arange(21.0), freq="D"), "weekly")
    assert weekly.values.tolist() == [6.0, 13.0, 20.0]
    assert (weekly.frequency, weekly.period) == ("W-SUN", 52)


def test_a_holiday_on_friday_takes_the_day_before() -> None:
    days = pd.date_range("2024-03-25", "2024-04-05", freq="B").drop("2024-03-29")
    weekly = resample(Series(np.arange(9.0), days, spacing="observations"), "weekly")
    assert weekly.values.tolist() == [3.0, 8.0]


def test_months_and_what_is_unfinished() -> None:
    monthly = resample(dated(np.arange(60.0), "2024-01-10", "D"), "monthly", period=1)
    assert monthly.values.tolist() == [21.0, 50.0]  # March is not over
    assert [str(day.date()) for day in monthly.index] == ["2024-01-31", "2024-02-29"]
    assert monthly.period == 1
    whole = resample(dated(np.ones(60), "2024-01-10", "D"), "monthly", "sum")
    assert whole.values.tolist() == [29.0]  # nor is January whole


@pytest.mark.parametrize(
    ("aggregate", "expected"), [("first", 5), ("mean", 7), ("min", 5), ("max", 9), ("sum", 35), ("last", 9)]
)
def test_aggregates(aggregate: str, expected: float) -> None:
    assert resample(dated(np.arange(10.0)), "weekly", aggregate).values[-1] == expected


def test_the_past_of_a_weekly_series_does_not_know_what_follows() -> None:
    values = np.random.default_rng(0).normal(size=200).cumsum()
    whole = resample(dated(values), "monthly")
    for cut in (60, 101, 150):
        part = resample(dated(values[:cut]), "monthly")
        assert part.values.tolist() == whole.values[: len(part)].tolist()
        assert part.index[-1] <= pd.date_range("2024-01-01", periods=cut, freq="B")[-1] + pd.Timedelta("2D")


def test_what_cannot_be_resampled() -> None:
    with pytest.raises(PlanError, match=r"There is no resampling 'weakly'. Did you mean weekly"):
        resample(dated(np.ones(9)), "weakly")
    with pytest.raises(PlanError, match="There is no aggregate 'median'"):
        resample(dated(np.ones(9)), "weekly", "median")
    with pytest.raises(IrregularIndexError, match="is numbered, not dated"):
        resample(Series.from_array([1.0, 2.0]), "weekly")
    with pytest.raises(DataError, match="no whole period of monthly values"):
        resample(dated(np.ones(5)), "monthly")


def test_volatility_is_the_root_of_summed_squares_within_each_day() -> None:
    times = pd.DatetimeIndex(
        [f"2024-01-0{day} {hour}:00" for day in (2, 3) for hour in ("10", "11", "12", "13")]
        + ["2024-01-04 10:00"]
    )
    prices = np.exp([0, 0.01, 0.03, 0.00, 5.0, 5.02, 5.02, 5.01, 9.0])
    daily = realised_volatility(Series(prices, times, name="p"))
    assert daily.values == pytest.approx([np.sqrt(0.01**2 + 0.02**2 + 0.03**2), np.sqrt(0.02**2 + 0.01**2)])
    assert [str(day.date()) for day in daily.index] == ["2024-01-02", "2024-01-03"]
    assert (daily.unit, daily.spacing, daily.default_transform) == (
        "daily volatility",
        "observations",
        "none",
    )


def test_volatility_needs_several_positive_prices_a_day() -> None:
    with pytest.raises(DataError, match="has no day with 4 prices"):
        realised_volatility(dated(np.ones(9)))
    with pytest.raises(DataError, match="prices that are not positive"):
        realised_volatility(dated(np.zeros(9)))
