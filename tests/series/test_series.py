"""Series: what is taken, what is refused, and what pandas' dates turn into."""

from __future__ import annotations

import dataclasses

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from strategies import vectors

from forecastkit.errors import DataError, ForecastKitWarning, IrregularIndexError, MissingValuesError
from forecastkit.series.series import Series, label, usual_period


def months(n: int) -> pd.DatetimeIndex:
    return pd.date_range("2020-01-01", periods=n, freq="MS")


class TestValidation:
    def test_takes_numbers_as_they_are(self):
        series = Series(values=[1, 2.5, -3], index=pd.RangeIndex(3), name="x", unit="USD", period=2)
        assert series.values.tolist() == [1.0, 2.5, -3.0]
        assert series.values.dtype == np.float64
        assert (len(series), series.unit, series.period, series.spacing) == (3, "USD", 2, "regular")

    @pytest.mark.parametrize(
        ("values", "error", "text"),
        [
            (
                [1.0, np.nan, np.nan],
                MissingValuesError,
                r"Series 'y' has 2 missing values, the first at position 1",
            ),
            (
                [1.0, np.inf, 3.0],
                DataError,
                r"Series 'y' has 1 infinite values, the first at position 1",
            ),
            (["a", "b", "c"], DataError, r"Series 'y' holds something that is not a number"),
            ([[1.0], [2.0], [3.0]], DataError, r"Series 'y' has shape \(3, 1\); one dimension"),
            ([], DataError, r"Series 'y' has shape \(0,\)"),
        ],
        ids=["NaN", "inf", "text", "2-D", "empty"],
    )
    def test_refuses_what_is_no_vector_of_numbers(self, values, error, text):
        with pytest.raises(error, match=text):
            Series(values=values, index=pd.RangeIndex(len(values)))

    def test_lengths_must_agree(self):
        with pytest.raises(DataError, match="Series 'y' has 2 values and 3 index entries"):
            Series(values=[1.0, 2.0], index=pd.RangeIndex(3))

    @pytest.mark.parametrize("period", [0, -1])
    def test_period_is_at_least_one(self, period):
        with pytest.raises(DataError, match=rf"was given period {period}; 1 \(none\) or more"):
            Series(values=[1.0, 2.0], index=pd.RangeIndex(2), period=period)

    def test_duplicate_dates_are_named(self):
        index = pd.DatetimeIndex(["2020-01-01", "2020-01-02", "2020-01-02"])
        with pytest.raises(IrregularIndexError, match="has 1 duplicate dates, the first is 2020-01-02"):
            Series(values=[1.0, 2.0, 3.0], index=index)

    def test_disorder_is_named(self):
        index = pd.DatetimeIndex(["2020-01-01", "2020-01-03", "2020-01-02"])
        with pytest.raises(IrregularIndexError, match=r"out of order at 2020-01-02 \(position 2\)"):
            Series(values=[1.0, 2.0, 3.0], index=index)

    def test_missing_date_is_refused(self):
        with pytest.raises(IrregularIndexError, match="has an index entry that is missing"):
            Series(values=[1.0, 2.0], index=pd.DatetimeIndex(["2020-01-01", pd.NaT]))


class TestFrozen:
    def test_values_are_a_read_only_copy(self):
        source = np.array([1.0, 2.0, 3.0])
        series = Series.from_array(source)
        source[0] = 99.0
        assert series.values.tolist() == [1.0, 2.0, 3.0]
        with pytest.raises(ValueError, match="read-only"):
            series.values[0] = 99.0

    def test_fields_cannot_be_set(self):
        series = Series.from_array([1.0, 2.0])
        with pytest.raises(dataclasses.FrozenInstanceError, match="cannot assign to field 'period'"):
            series.period = 12

    def test_repr_tells_name_span_and_period(self):
        series = Series(values=[1.0, 2.0], index=months(2), name="co2", period=12)
        assert repr(series) == "Series('co2', 2 observations, 2020-01-01 to 2020-02-01, period=12)"

    def test_label_keeps_the_hour_and_drops_midnight(self):
        assert label(pd.Timestamp("2020-01-01")) == "2020-01-01"
        assert label(pd.Timestamp("2020-01-01 06:00")) == "2020-01-01 06:00:00"
        assert label(7) == "7"


class TestFingerprint:
    def test_depends_on_data_only(self):
        one = Series(values=[1.0, 2.0], index=months(2), name="a", unit="x", period=12)
        other = Series(values=[1.0, 2.0], index=months(2), name="b", unit="y", period=12)
        assert one.fingerprint == other.fingerprint
        assert len(one.fingerprint) == 64

    def test_changes_with_values_dates_period_and_spacing(self):
        index = months(2)
        made = [
            Series(values=[1.0, 2.0], index=index),
            Series(values=[1.0, np.nextafter(2.0, 3.0)], index=index),
            Series(values=[1.0, 2.0], index=index.shift(1)),
            Series(values=[1.0, 2.0], index=index, period=12),
            Series(values=[1.0, 2.0], index=index, spacing="observations"),
        ]
        assert len({series.fingerprint for series in made}) == 5


class TestFromPandas:
    @pytest.mark.parametrize(
        ("frequency", "period"),
        [("MS", 12), ("ME", 12), ("h", 24), ("D", 7), ("W", 52), ("QS", 4), ("YS", 1), ("B", 5), ("min", 1)],
    )
    def test_period_follows_from_a_declared_frequency(self, frequency, period):
        index = pd.date_range("2020-01-01", periods=30, freq=frequency)
        series = Series.from_pandas(pd.Series(np.arange(30.0), index))
        assert (series.period, series.spacing) == (period, "regular")

    @pytest.mark.parametrize(("frequency", "period"), [("MS", 12), ("h", 24), ("D", 7), ("YS", 1)])
    def test_a_frequency_that_fits_every_date_is_adopted(self, frequency, period):
        index = pd.DatetimeIndex(list(pd.date_range("2020-01-01", periods=30, freq=frequency)))
        assert index.freq is None
        series = Series.from_pandas(pd.Series(np.arange(30.0), index))
        assert (series.period, series.spacing) == (period, "regular")
        assert series.frequency.split("-")[0] == frequency

    def test_trading_days_count_as_observations(self):
        days = pd.bdate_range("2024-01-01", "2024-03-29").drop(pd.Timestamp("2024-01-15"))
        series = Series.from_pandas(pd.Series(np.arange(float(len(days))), days, name="spx"))
        assert (series.period, series.spacing, series.frequency, series.name) == (
            1,
            "observations",
            "",
            "spx",
        )

    def test_periods_of_time(self):
        index = pd.period_range("2020-01", periods=24, freq="M")
        series = Series.from_pandas(pd.Series(np.arange(24.0), index))
        assert (series.period, series.spacing, series.frequency) == (12, "regular", "M")

    def test_integer_index(self):
        series = Series.from_pandas(pd.Series([3.0, 1.0, 2.0], index=[1999, 2001, 2005]))
        assert (series.period, series.spacing, series.frequency, series.name) == (1, "observations", "", "y")
        assert series.index.tolist() == [1999, 2001, 2005]
        even = Series.from_pandas(pd.Series([3.0, 1.0, 2.0], index=[1999, 2001, 2003]))
        assert even.spacing == "regular"

    def test_time_zone_is_kept(self):
        index = pd.date_range("2024-03-30", periods=72, freq="h", tz="Europe/Berlin")  # over a clock change
        series = Series.from_pandas(pd.Series(np.arange(72.0), index))
        assert str(series.index.tz) == "Europe/Berlin"
        assert (series.period, series.frequency) == (24, "h")

    def test_given_settings_override(self):
        data = pd.Series(np.arange(30.0), months(30), name="theirs")
        series = Series.from_pandas(data, name="ours", unit="ppm", period=6)
        assert (series.name, series.unit, series.period) == ("ours", "ppm", 6)

    def test_gap_in_a_declared_frequency_is_named(self):
        index = months(6).delete(3)
        with pytest.raises(IrregularIndexError) as caught:
            Series.from_pandas(pd.Series(np.arange(5.0), index, name="co2"), frequency="MS")
        assert str(caught.value).startswith(
            "Series 'co2' declares frequency 'MS' but lacks 1 dates, the first is 2020-04-01."
        )

    def test_date_off_a_declared_frequency_is_named(self):
        index = pd.DatetimeIndex(["2020-01-01", "2020-02-01", "2020-02-15", "2020-03-01"])
        with pytest.raises(IrregularIndexError, match="has off-frequency 1 dates, the first is 2020-02-15"):
            Series.from_pandas(pd.Series(np.arange(4.0), index), frequency="MS")

    def test_unknown_frequency_and_no_dates(self):
        with pytest.raises(IrregularIndexError, match="frequency 'fortnight', which pandas does not know"):
            Series.from_pandas(pd.Series(np.arange(3.0), months(3)), frequency="fortnight")
        with pytest.raises(IrregularIndexError, match="given frequency 'D' but its index holds no dates"):
            Series.from_pandas(pd.Series(np.arange(3.0)), frequency="D")

    def test_unsorted_and_duplicate_dates(self):
        data = pd.Series([1.0, 2.0, 3.0], pd.DatetimeIndex(["2020-01-03", "2020-01-01", "2020-01-02"]))
        with pytest.raises(IrregularIndexError, match=r"out of order at 2020-01-01 \(position 1\)"):
            Series.from_pandas(data)
        with pytest.raises(IrregularIndexError, match="has 2 duplicate dates"):
            Series.from_pandas(pd.Series([1.0, 2.0, 3.0], pd.DatetimeIndex(["2020-01-01"] * 3)))

    def test_a_frame_is_refused(self):
        with pytest.raises(DataError, match="from_pandas was given DataFrame; a pandas Series is needed"):
            Series.from_pandas(pd.DataFrame({"y": [1.0]}))

    def test_missing_value_of_a_nullable_column(self):
        data = pd.Series([1.0, pd.NA, 3.0], dtype="Float64")
        with pytest.raises(MissingValuesError, match="1 missing values, the first at position 1"):
            Series.from_pandas(data)

    @given(vectors())
    def test_there_and_back(self, values):
        data = pd.Series(values, name="x")
        assert Series.from_pandas(data).to_pandas().equals(data)


def test_usual_period_of_numbers_is_none():
    assert usual_period(pd.RangeIndex(10)) == 1


def test_from_array_numbers_the_values():
    series = Series.from_array((5, 6, 7), name="n", period=3)
    assert series.index.tolist() == [0, 1, 2]
    assert (series.name, series.period, series.spacing) == ("n", 3, "regular")


def test_a_frequency_with_gaps_is_pointed_out():
    dates = pd.date_range("2001-01-01", periods=60, freq="MS").delete([17, 40])
    with pytest.warns(ForecastKitWarning, match="with 2 dates missing, the first is 2002-06-01"):
        series = Series.from_pandas(pd.Series(np.arange(58.0), dates))
    assert (series.spacing, series.period) == ("observations", 1)


def test_trading_days_are_not_pointed_out():
    days = pd.date_range("2001-01-01", periods=260, freq="B").delete([0, 75, 103, 180, 250])
    assert Series.from_pandas(pd.Series(np.arange(255.0), days)).spacing == "observations"
