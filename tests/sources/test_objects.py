"""Arrays, series and frames of pandas, polars and pyarrow, and Parquet files."""

from __future__ import annotations

import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest

import forecastkit as fk
from forecastkit.errors import DataError, MissingExtraError, PlanError
from forecastkit.sources.objects import as_series

ROWS = {
    "ds": pd.date_range("2024-01-01", periods=4, freq="D"),
    "y": [1.0, 2.0, 4.0, 8.0],
    "z": [0.0, 1.0, 0.0, 1.0],
}
MAKERS = {
    "pandas": pd.DataFrame,
    "polars": lambda rows: pl.DataFrame({name: list(column) for name, column in rows.items()}),
    "pyarrow": lambda rows: pa.table({name: list(column) for name, column in rows.items()}),
}


@pytest.mark.parametrize("maker", MAKERS.values(), ids=list(MAKERS))
class TestFrames:
    def test_dates_and_values(self, maker):
        series = as_series(maker(ROWS))
        assert (series.values.tolist(), series.frequency, series.period) == ([1.0, 2.0, 4.0, 8.0], "D", 7)
        assert as_series(maker(ROWS), column="z", name="mine", unit="K").values.tolist() == [
            0.0,
            1.0,
            0.0,
            1.0,
        ]

    def test_time_zones_are_kept(self, maker):
        times = pd.date_range("2024-10-26 22:00", periods=6, freq="h", tz="Europe/Berlin")
        series = as_series(maker({"ds": times, "y": np.arange(6.0)}))
        assert str(series.index.tz) == "Europe/Berlin"
        assert list(series.index) == list(times)

    def test_one_series_of_a_long_frame(self, maker):
        long = {"unique_id": ["a", "a", "b", "b"], "ds": list(ROWS["ds"][:2]) * 2, "y": [1.0, 2.0, 3.0, 4.0]}
        assert as_series(maker(long), series="b").values.tolist() == [3.0, 4.0]
        with pytest.raises(DataError, match=r"The frame holds 2 series: a, b\. Name one"):
            as_series(maker(long))

    def test_missing_values(self, maker):
        gap = {"ds": ROWS["ds"], "y": [1.0, None, 3.0, 4.0]}
        assert as_series(maker(gap), missing="interpolate").values.tolist() == [1.0, 2.0, 3.0, 4.0]
        with pytest.raises(DataError, match="has 1 missing values"):
            as_series(maker(gap))


def test_an_index_of_dates_is_seen():
    frame = pd.DataFrame({"close": [1.0, 2.0, 3.0]}, index=pd.date_range("2024", periods=3, freq="MS"))
    assert as_series(frame).period == 12
    periods = frame.set_axis(pd.period_range("2024", periods=3, freq="Q"))
    assert [str(q) for q in as_series(periods).index] == ["2024Q1", "2024Q2", "2024Q3"]


def test_series_and_arrays():
    assert as_series(pl.Series("p", [1.0, 2.0])).name == "p"
    assert as_series([1.0, 2.0], name="x", period=2).period == 2
    assert as_series(np.array([1.0, np.nan, 3.0]), missing="interpolate").values.tolist() == [1.0, 2.0, 3.0]
    dated = pd.Series([1.0, 2.0], pd.date_range("2024", periods=2, freq="h"))
    assert str(as_series(dated, time_zone="UTC").index.tz) == "UTC"


def test_settings_that_cannot_be_followed_are_refused():
    series = fk.load("sunspots")
    assert as_series(series) is series
    with pytest.raises(PlanError, match="is read already, so column cannot be chosen"):
        as_series(series, column="y")
    with pytest.raises(PlanError, match="One column was given, so decimal cannot be chosen"):
        as_series(pd.Series([1.0, 2.0]), decimal=",")


def test_compare_takes_a_frame():
    values = fk.load("synthetic:ar2?n=150").values
    frame = pl.DataFrame({"a": values, "b": values + 1})
    result = fk.compare(frame, ["ar"], horizon=3, column="b")
    assert result.series.values == pytest.approx(values + 1)


class TestParquet:
    def test_it_is_read(self, tmp_path):
        pd.DataFrame(ROWS).to_parquet(tmp_path / "prices.parquet")
        series = fk.load(tmp_path / "prices.parquet", column="y")
        assert (series.name, series.values.tolist()) == ("prices", [1.0, 2.0, 4.0, 8.0])

    def test_without_pyarrow_the_extra_is_named(self, tmp_path, monkeypatch):
        (tmp_path / "prices.parquet").write_bytes(b"PAR1")

        def absent(*args, **more):
            raise ImportError("Unable to find a usable engine")

        monkeypatch.setattr(pd, "read_parquet", absent)
        with pytest.raises(MissingExtraError, match=r"pip install 'forecastkit\[parquet\]'"):
            fk.load(tmp_path / "prices.parquet")

    def test_what_is_no_parquet_is_named(self, tmp_path):
        (tmp_path / "prices.parquet").write_bytes(b"nothing of the kind")
        with pytest.raises(DataError, match="could not be read as a Parquet file"):
            fk.load(tmp_path / "prices.parquet")
