"""Covariates: what is refused, what the calendar lays out, and that they belong to the data's hash."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from forecastkit.errors import DataError, IrregularIndexError, MissingValuesError
from forecastkit.series.covariates import calendar, continued
from forecastkit.series.series import Series

DAYS = pd.date_range("2024-01-01", periods=10, freq="D")


def series(**covariates) -> Series:
    return Series(np.arange(10.0), DAYS, **covariates)


def test_covariates_are_copied_named_and_read_only() -> None:
    known = np.arange(24.0).reshape(12, 2)
    made = series(known=known, past=np.arange(10.0), past_names=("rain",))
    known[:] = -1
    assert made.known.tolist() == np.arange(24.0).reshape(12, 2).tolist()
    assert (made.known_names, made.past_names) == (("known 1", "known 2"), ("rain",))
    assert made.past.shape == (10, 1)
    assert not made.known.flags.writeable


def test_covariates_belong_to_the_fingerprint() -> None:
    plain, promo = series(), series(known=np.ones(10), known_names=("promo",))
    prints = {
        plain.fingerprint,
        promo.fingerprint,
        replace(promo, known_names=("price",)).fingerprint,
        replace(promo, known=np.zeros(10)).fingerprint,
        series(past=np.ones(10), past_names=("promo",)).fingerprint,
    }
    assert len(prints) == 5
    assert promo.fingerprint == series(known=np.ones((10, 1)), known_names=("promo",)).fingerprint


@pytest.mark.parametrize(
    ("covariates", "error", "message"),
    [
        ({"known": np.ones(9)}, DataError, r"shape \(9, 1\); 10 rows or more are needed"),
        ({"past": np.ones(11)}, DataError, r"shape \(11, 1\); 10 rows are needed"),
        ({"known": np.ones((10, 0))}, DataError, r"shape \(10, 0\)"),
        ({"known": np.ones((10, 2)), "known_names": ("a",)}, DataError, "2 columns and the names a"),
        ({"known": np.ones((10, 2)), "known_names": ("a", "a")}, DataError, "one name of its own"),
        ({"past_names": ("a",)}, DataError, r"names of past covariates \(a\) and no values"),
        ({"known": ["x"] * 10}, DataError, "not a number"),
        ({"past": [0.0] * 9 + [np.nan]}, MissingValuesError, "the first in 'past 1' at position 9"),
        ({"known": [0.0] * 9 + [np.inf]}, DataError, "1 missing or infinite values"),
    ],
)
def test_what_cannot_be(covariates, error, message) -> None:
    with pytest.raises(error, match=message):
        series(**covariates)


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
