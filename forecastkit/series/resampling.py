"""Fewer, longer steps: one value per week, month or quarter, and daily volatility from prices within days."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd

from forecastkit.errors import DataError, IrregularIndexError, PlanError, nearest
from forecastkit.series.series import Series

RULES = {"daily": "D", "weekly": "W", "monthly": "M", "quarterly": "Q", "yearly": "Y"}
AGGREGATES = ("last", "first", "mean", "sum", "min", "max")
FEWEST_RETURNS = 3
"""Returns that a day needs for a volatility."""


def resample(series: Series, rule: str, aggregate: str = "last", *, period: int | None = None) -> Series:
    """Take one value per week, month, quarter or year.

    Weeks end on Friday, or on Sunday where there are values on weekends. An unfinished last period is left
    out: its last day (its last weekday, without values on weekends) has to be there. Sums and the like leave
    out an unfinished first period too.

    Args:
        series: on an index of dates.
        rule: "daily", "weekly", "monthly", "quarterly" or "yearly".
        aggregate: "last", "first", "mean", "sum", "min" or "max" of the values in a period.
        period: season length of the result; by default the usual one.

    Returns:
        a series dated by the ends of the periods.

    Raises:
        PlanError: the rule or the aggregate is unknown.
        IrregularIndexError: the index holds no dates.
        DataError: not one whole period is there.

    Example:
        >>> days = pd.Series(np.arange(10.0), pd.date_range("2024-01-01", periods=10, freq="B"))
        >>> resample(Series.from_pandas(days), "weekly").values.tolist()
        [4.0, 9.0]
    """
    if rule not in RULES:
        raise PlanError(f"There is no resampling {rule!r}. {nearest(rule, RULES)}")
    if aggregate not in AGGREGATES:
        raise PlanError(f"There is no aggregate {aggregate!r}. {nearest(aggregate, AGGREGATES)}")
    dates = _local_dates(series)
    weekends = bool((dates.day_of_week > 4).any())
    frequency = ("W-SUN" if weekends else "W-FRI") if rule == "weekly" else RULES[rule]
    periods = dates.to_period(frequency)
    values = pd.Series(np.array(series.values), index=periods).groupby(level=0).agg(aggregate)
    if dates[-1].normalize() < _last_day(periods[-1], weekends):
        values = values.iloc[:-1]
    if aggregate not in ("last", "first") and dates[0].normalize() > _first_day(periods[0], weekends):
        values = values.iloc[1:]
    if values.empty:
        raise DataError(f"Series {series.name!r} has no whole period of {rule} values. Give a longer one.")
    values.index = values.index.to_timestamp(how="end").normalize().as_unit("us")
    coarse = Series.from_pandas(values, name=series.name, unit=series.unit, period=period)
    return replace(
        coarse,
        default_transform=series.default_transform,
        source={**series.source, "resampled": f"{rule}, {aggregate} observation"},
    )


def realised_volatility(series: Series) -> Series:
    """Daily volatility from the prices within each day.

    The square root of the sum of squared log returns between neighbouring prices of one day; the return over
    the night is left out, and so are days with fewer than 3 returns.

    Args:
        series: prices, several a day, on an index of dates with times, in the zone in which days are counted.

    Returns:
        one value per day that has prices, a share per day (0.01 is 1 %).

    Raises:
        IrregularIndexError: the index holds no dates.
        DataError: a price is not positive, or no day has enough prices.

    Source: Andersen, Bollerslev, Diebold & Labys (2003), Econometrica 71(2), 579-625.
    """
    if (series.values <= 0).any():
        raise DataError(f"Series {series.name!r} holds prices that are not positive; a logarithm needs that.")
    days = _local_dates(series).normalize()
    squares = np.diff(np.log(series.values)) ** 2
    within = np.asarray(days[1:] == days[:-1])
    daily = pd.Series(squares[within], index=days[1:][within]).groupby(level=0)
    found = np.sqrt(daily.sum())[daily.count() >= FEWEST_RETURNS]
    if found.empty:
        raise DataError(
            f"Series {series.name!r} has no day with {FEWEST_RETURNS + 1} prices. Give prices of every hour "
            "or less, such as --interval 60m."
        )
    return Series(
        values=found.to_numpy(),
        index=pd.DatetimeIndex(found.index, freq=None),
        name=series.name,
        unit="daily volatility",
        spacing="observations",
        source=series.source,
    )


def _local_dates(series: Series) -> pd.DatetimeIndex:
    index = series.index
    if isinstance(index, pd.PeriodIndex):
        return index.to_timestamp()
    if not isinstance(index, pd.DatetimeIndex):
        raise IrregularIndexError(
            f"Series {series.name!r} is numbered, not dated; longer steps need dates. Give a date column."
        )
    return index.tz_localize(None)


def _last_day(period: pd.Period, weekends: bool) -> pd.Timestamp:
    day = period.end_time.normalize()
    return day if weekends else pd.offsets.BDay().rollback(day)


def _first_day(period: pd.Period, weekends: bool) -> pd.Timestamp:
    day = period.start_time.normalize()
    return day if weekends else pd.offsets.BDay().rollforward(day)
