"""Frames of forecasts: every layout gives one table, and every fault is named."""

from __future__ import annotations

import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest

from forecastkit.errors import (
    ConflictingActualsError,
    DuplicateForecastsError,
    ForecastFrameError,
    MisdatedForecastsError,
    PlanError,
)
from forecastkit.sources.forecast_frames import read_forecasts

DAYS = pd.date_range("2024-01-01", periods=8, freq="D")
LONG = pd.DataFrame(
    {
        "series": "sales",
        "cutoff": np.repeat(DAYS[[3, 4]], 4),
        "target_time": DAYS[[4, 5, 4, 5, 5, 6, 5, 6]],
        "model": ["a", "a", "b", "b"] * 2,
        "actual": [5.0, 6.0, 5.0, 6.0, 6.0, 7.0, 6.0, 7.0],
        "mean": [4.0, 4.5, 5.0, 5.5, 6.0, 6.5, 7.0, 7.5],
        "q0.1": [3.0, 3.5] + [np.nan] * 2 + [5.0, 5.5] + [np.nan] * 2,
        "q0.9": [5.0, 5.5] + [np.nan] * 2 + [7.0, 7.5] + [np.nan] * 2,
    }
)
NIXTLA = pd.DataFrame(
    {
        "unique_id": "sales",
        "ds": DAYS[[4, 5, 5, 6]],
        "cutoff": DAYS[[3, 3, 4, 4]],
        "y": [5.0, 6.0, 6.0, 7.0],
        "a": [4.0, 4.5, 6.0, 6.5],
        "a-lo-80": [3.0, 3.5, 5.0, 5.5],
        "a-hi-80": [5.0, 5.5, 7.0, 7.5],
        "b": [5.0, 5.5, 7.0, 7.5],
    }
)


class Path:
    """What darts' TimeSeries offers."""

    def __init__(self, start: int, values: list[float]) -> None:
        self.frame = pd.DataFrame({"value": values}, index=DAYS[start : start + len(values)])

    def to_dataframe(self) -> pd.DataFrame:
        return self.frame


def same(table) -> None:
    """The four rows and two models of LONG, whatever they were written as."""
    assert table.models == ("a", "b")
    assert table.mean["a"].tolist() == [4.0, 4.5, 6.0, 6.5]
    assert table.mean["b"].tolist() == [5.0, 5.5, 7.0, 7.5]


@pytest.mark.parametrize("shuffled", [False, True])
def test_long(shuffled):
    frame = LONG.sample(frac=1, random_state=3) if shuffled else LONG
    table = read_forecasts(frame)
    order = np.lexsort((table.target, table.cutoff))
    table = table.take(order)
    same(table.replace(mean={model: table.mean[model] for model in ("a", "b")}))
    assert table.layout == "long"
    assert table.actual.tolist() == [5.0, 6.0, 6.0, 7.0]
    assert list(table.quantiles) == ["a"]
    assert table.quantiles["a"][0.9].tolist() == [5.0, 5.5, 7.0, 7.5]


def test_nixtla():
    table = read_forecasts(NIXTLA)
    same(table)
    assert table.layout == "nixtla"
    assert {level: values.tolist() for level, values in table.quantiles["a"].items()} == {
        0.1: [3.0, 3.5, 5.0, 5.5],
        0.9: [5.0, 5.5, 7.0, 7.5],
    }


def test_nixtla_with_the_id_as_index():
    assert set(read_forecasts(NIXTLA.set_index("unique_id")).series) == {"sales"}


@pytest.mark.parametrize("make", [pl.from_pandas, lambda frame: pa.Table.from_pandas(frame)])
@pytest.mark.parametrize("zone", [None, "Europe/Berlin"])
def test_polars_and_pyarrow(make, zone):
    frame = NIXTLA.assign(ds=NIXTLA.ds.dt.tz_localize(zone), cutoff=NIXTLA.cutoff.dt.tz_localize(zone))
    table, known = read_forecasts(make(frame)), read_forecasts(frame)
    same(table)
    assert table.target.equals(known.target)
    assert str(getattr(table.target, "tz", None)) == str(zone)


def test_fable_with_numbered_origins_and_months():
    """`stretch_tsibble` numbers origins in .id; the steps are counted within them."""
    months = ["2001 Jan", "2001 Feb", "2001 Feb", "2001 Mar"]
    frame = pd.DataFrame(
        {
            ".id": [1, 1, 2, 2] * 2,
            ".model": ["a"] * 4 + ["b"] * 4,
            "Month": months * 2,
            "Sales": ["N(4, 1)", "N(4.5, 2)", "N(6, 1)", "N(6.5, 2)"] * 2,
            ".mean": [4.0, 4.5, 6.0, 6.5, 5.0, 5.5, 7.0, 7.5],
            "80%_lower": 1.0,
            "80%_upper": 9.0,
        }
    )
    table = read_forecasts(frame)
    table = table.take(np.lexsort((table.h, table.target.to_period("M").astype(np.int64) - table.h)))
    same(table)
    assert table.layout == "fable"
    assert table.h.tolist() == [1, 2, 1, 2]
    assert table.target.strftime("%Y-%m").tolist() == ["2001-01", "2001-02", "2001-02", "2001-03"]
    assert sorted(table.quantiles["b"]) == [0.1, 0.9]


def test_quarters_of_r():
    frame = pd.DataFrame({".model": "a", "Quarter": ["2001 Q1", "2001 Q2"], "h": [1, 2], ".mean": [1.0, 2.0]})
    assert read_forecasts(frame).target.tolist() == [pd.Timestamp("2001-01-01"), pd.Timestamp("2001-04-01")]


def test_darts_lists():
    table = read_forecasts(
        {"a": [Path(4, [4.0, 4.5]), Path(5, [6.0, 6.5])], "b": [Path(4, [5.0, 5.5]), Path(5, [7.0, 7.5])]}
    )
    table = table.take(np.lexsort((table.h, table.target - pd.to_timedelta(table.h, "D"))))
    same(table)
    assert table.layout == "darts"
    assert table.h.tolist() == [1, 2, 1, 2]


@pytest.mark.parametrize("names", [("h=1", "h=2"), ("h.1", "h.2")])
def test_tscv_matrices(names):
    """Row i of R's matrix knows i observations."""
    errors = pd.DataFrame(np.array([[np.nan, np.nan], [1.0, 2.0], [3.0, np.nan]]), columns=list(names))
    table = read_forecasts({"a": errors})
    assert table.errors
    assert (table.cutoff.tolist(), table.h.tolist(), table.mean["a"].tolist()) == (
        [2, 2, 3],
        [1, 2, 1],
        [1, 2, 3],
    )
    assert read_forecasts({"a": errors.to_numpy()}).mean["a"].tolist() == [1, 2, 3]


def test_one_frame_per_model():
    parts = {name: LONG[LONG.model == name].drop(columns="model") for name in ("a", "b")}
    same(read_forecasts(parts))


def test_columns_may_be_named():
    renamed = LONG.rename(columns={"target_time": "for", "mean": "what"})
    same(read_forecasts(renamed, columns={"target": "for", "mean": "what"}))


def test_the_median_stands_in_for_the_mean():
    frame = LONG.drop(columns="mean").assign(**{"q0.5": LONG["mean"]})
    same(read_forecasts(frame))


def _without(*names: str) -> pd.DataFrame:
    return LONG.drop(columns=list(names))


@pytest.mark.parametrize(
    ("frame", "error", "message"),
    [
        (
            pd.concat([LONG, LONG.iloc[[2]]]),
            DuplicateForecastsError,
            "Model 'b' forecasts series 'sales'",
        ),
        (
            pd.concat([NIXTLA, NIXTLA.iloc[[2]]]),
            DuplicateForecastsError,
            "Model 'a' forecasts series 'sales'",
        ),
        (LONG.assign(actual=np.arange(8.0)), ConflictingActualsError, "two actual values for 2024-01-05"),
        (_without("cutoff"), ForecastFrameError, "Two of cutoff"),
        (_without("mean"), ForecastFrameError, "Quantiles 0.1, 0.9 were given, and no point forecast"),
        (_without("mean", "q0.1", "q0.9"), ForecastFrameError, "none holds forecasts"),
        (
            NIXTLA[["unique_id", "ds", "cutoff", "y"]],
            ForecastFrameError,
            "none is left that could",
        ),
        (NIXTLA.drop(columns="a"), ForecastFrameError, "bounds a model 'a' that has no column"),
        (NIXTLA.assign(a="x"), ForecastFrameError, "Column 'a' holds something that is not a number"),
        (LONG.assign(mean=np.inf), ForecastFrameError, "infinite"),
        (LONG.assign(h=1.5), MisdatedForecastsError, "Column 'h' holds 1.5 in row 1. Whole numbers"),
        (LONG.assign(h=0), MisdatedForecastsError, "steps ahead count from 1"),
        (LONG.assign(cutoff=None), MisdatedForecastsError, "Column 'cutoff' is empty in 8 rows"),
        (LONG.assign(cutoff="soon"), MisdatedForecastsError, "does not read as ISO 8601"),
        (LONG.iloc[:0], ForecastFrameError, "no rows"),
        (
            pd.DataFrame({".model": ["a"], "RMSE": [1.0], "MAE": [1.0]}),
            ForecastFrameError,
            "holds accuracies",
        ),
        ({}, ForecastFrameError, "empty mapping"),
        ({"a": LONG}, ForecastFrameError, "holds 2 models"),
        ({"a": np.ones(3)}, ForecastFrameError, "A matrix of errors is needed"),
        ({"a": _without("model"), "b": NIXTLA}, ForecastFrameError, "holds 2 models|twice"),
        (3.0, ForecastFrameError, "given as float"),
    ],
)
def test_faults_have_a_name(frame, error, message):
    with pytest.raises(error, match=message):
        read_forecasts(frame)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"layout": "nixtl"}, "There is no layout 'nixtl'. Did you mean nixtla"),
        ({"columns": {"when": "x"}}, "No column of forecasts is called 'when'"),
        ({"columns": {"target": "tme"}}, "The frame has no column 'tme'"),
    ],
)
def test_options_that_cannot_be(options, message):
    with pytest.raises(PlanError, match=message):
        read_forecasts(LONG, **options)
