"""A model fitted on a whole series: its dated forecasts, and the series from whose end it forecasts."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

import forecastkit as fk
from forecastkit.errors import (
    DataError,
    FitError,
    ForecastKitWarning,
    ForecastShapeError,
    PlanError,
    SeriesTooShortError,
)
from forecastkit.models.recurrent import Recurrent

COLUMNS = ["series", "model", "cutoff", "h", "target_time", "mean"]
TINY = Recurrent("m", units=2, epochs=1, lookback=4, batch=16, seeds=2)


def walk(n: int = 80, seed: int = 1, start: str = "2020-01-01", frequency: str = "MS") -> fk.Series:
    steps = np.random.default_rng(seed).normal(size=n)
    index = pd.date_range(start, periods=n, freq=frequency)
    return fk.Series.from_pandas(pd.Series(50 + np.cumsum(steps), index, name="walk"))


def part(series: fk.Series, n: int) -> fk.Series:
    return fk.Series.from_pandas(series.to_pandas().iloc[:n])


def test_a_forecast_is_dated_and_goes_on_from_newer_observations() -> None:
    series = walk()
    fitted = fk.fit(part(series, 70), "naive", horizon=3)
    frame = fitted.forecast(series)
    assert list(frame) == COLUMNS
    assert frame["target_time"].tolist() == pd.date_range("2026-09-01", periods=3, freq="MS").tolist()
    assert frame["mean"].tolist() == [series.values[-1]] * 3
    assert frame["cutoff"].tolist() == [series.index[-1]] * 3
    assert repr(fitted).startswith("FittedForecaster('naive', horizon=3, 1 member(s), fitted on 70 observat")


@pytest.mark.parametrize("model", ["ar", TINY])
def test_it_is_what_a_backtest_fits_at_the_end_of_the_series(model: object) -> None:
    series = walk(64)
    plan = fk.BacktestPlan(horizon=2, origins=1)
    made = fk.backtest(series, {"m": model}, plan=plan, store=False)
    past = part(series, 62)
    frame = fk.fit(past, model, horizon=2).forecast(past)
    assert frame["mean"].to_numpy() == pytest.approx(made.of("m")[0], rel=0 if model is TINY else 1e-12)
    if model == "ar":
        assert frame["q0.1"].to_numpy() == pytest.approx(made.quantiles["m"][0, :, 1], rel=1e-9)


def test_transforms_are_undone_to_the_unit_of_the_series() -> None:
    series = walk()
    returns = fk.fit(series, "climatology", horizon=2, transform="log-return").forecast(series)
    mean = np.diff(np.log(series.values)).mean()
    assert returns["mean"].to_numpy() == pytest.approx(series.values[-1] * np.exp(mean * np.arange(1, 3)))
    for transform in ("box-cox+standardise", "standardise+difference", "log+difference+unbiased"):
        frame = fk.fit(series, "ar", horizon=2, transform=transform).forecast(series)
        assert (frame["q0.1"] < frame["mean"]).all()
        assert frame["mean"].to_numpy() == pytest.approx(series.values[-1], rel=0.1)


def test_parameters_of_a_transform_stay_those_of_the_fit() -> None:
    series = walk()
    past = part(series, 60)
    later = fk.fit(past, "ar", horizon=2, transform="standardise")
    centre, spread = float(past.values.mean()), float(past.values.std())
    assert later.transform.parameters == (centre, spread)
    assert later.transform.forward(series.values) == pytest.approx((series.values - centre) / spread)


def test_where_dates_follow_no_frequency_the_target_is_missing() -> None:
    days = pd.date_range("2024-01-01", periods=60)[np.arange(60) % 7 != 3]
    series = fk.Series.from_pandas(pd.Series(np.random.default_rng(0).normal(size=len(days)), days))
    assert fk.fit(series, "naive", horizon=2).forecast(series)["target_time"].isna().all()
    numbered = fk.Series.from_array(np.random.default_rng(0).normal(size=40))
    assert fk.fit(numbered, "naive").forecast(numbered, 2)["target_time"].tolist() == [40, 41]


def test_a_series_that_does_not_go_on_is_refused() -> None:
    series = walk()
    fitted = fk.fit(part(series, 70), "naive", horizon=2)
    with pytest.raises(DataError, match=r"fitted on 70 .* was given 60, .* would know its own future"):
        fitted.forecast(part(series, 60))
    with pytest.raises(DataError, match="Give the series from 2020-01-01 on"):
        fitted.forecast(walk(start="2020-02-01"))
    with pytest.raises(DataError, match="fitted with period 12 was given a series with 1"):
        fitted.forecast(replace(series, period=1))
    with pytest.warns(ForecastKitWarning, match="up to 2025-10-01 are not those that the forecaster was fit"):
        fitted.forecast(walk(seed=2))
    with pytest.raises(PlanError, match="horizon=0"):
        fitted.forecast(series, 0)


def test_covariates_known_ahead_must_reach_as_far_as_the_forecast() -> None:
    rng = np.random.default_rng(3)
    known = rng.normal(size=(104, 1))
    values = 3 * known[:100, 0] + 0.01 * rng.normal(size=100)
    series = replace(fk.Series.from_array(values), known=known, known_names=("x",))
    fitted = fk.fit(series, "ar", horizon=4)
    assert fitted.forecast(series)["mean"].to_numpy() == pytest.approx(3 * known[100:, 0], abs=0.1)
    with pytest.raises(DataError, match=r"\(x\) are known for 4 steps .*; the forecast needs 5"):
        fitted.forecast(series, 5)


def test_what_cannot_be_fitted_or_answered_is_said() -> None:
    with pytest.raises(SeriesTooShortError, match="24 observations; 25 are needed"):
        fk.fit(np.arange(24.0), "ar")
    with pytest.raises(DataError, match="is constant"):
        fk.fit(np.ones(50), "ar")
    with pytest.raises(PlanError, match="seeds=0"):
        fk.fit(walk(), "ar", seeds=0)
    with pytest.raises(ForecastShapeError, match=r"shape \(1,\); \(2,\) is needed"):
        fk.fit(walk(), lambda values, horizon: values[-1:], horizon=2).forecast(walk())
    with pytest.raises(FitError, match="not finite"):
        fk.fit(walk(), lambda values, horizon: np.full(horizon, np.inf), horizon=2).forecast(walk())


def test_progress_counts_members() -> None:
    told: list[tuple[str, int, int]] = []
    fk.fit(walk(), "ar", progress=lambda *what: told.append(what))
    assert told == [("ar", 0, 1)]
