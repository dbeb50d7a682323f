"""The oracle: the best forecast on synthetic series, a typed refusal elsewhere."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

import forecastkit as fk
from forecastkit.errors import PlanError
from forecastkit.models.oracle import FittedOracle, GaussianOracle, Oracle
from forecastkit.models.protocol import History
from forecastkit.sources.synthetic import load_synthetic, realised

PLAN = fk.BacktestPlan(horizon=4, origins=12)


def fitted(source):
    return Oracle(source).fit(History(np.zeros(1), pd.RangeIndex(1)), horizon=4, rng=np.random.default_rng(0))


def test_it_runs_by_itself_on_a_synthetic_series():
    series = fk.load("synthetic:ar2?n=200&seed=3")
    forecasts = fk.backtest(series, ["ar"], plan=PLAN)
    process = realised(series.process)
    expected = [process.optimal_forecast(series.values[:t], 4) for t in forecasts.origins]
    assert forecasts.models[-1] == "oracle"
    assert forecasts.of("oracle") == pytest.approx(np.array(expected), rel=1e-12)


def test_a_window_keeps_the_phase_and_the_date_of_the_break():
    plan = fk.BacktestPlan(horizon=4, origins=12, train_window=60)
    for source in ("synthetic:seasonal?n=150", "synthetic:break?n=150&at=140", "synthetic:lorenz?n=150"):
        series = fk.load(source)
        forecasts = fk.backtest(series, ["drift"], plan=plan)
        process = realised(source)
        expected = [process.optimal_forecast(series.values[:t], 4) for t in forecasts.origins]
        assert forecasts.of("oracle") == pytest.approx(np.array(expected), rel=1e-9)


@pytest.mark.parametrize("transform", ["none", "difference", "log"])
def test_a_transform_does_not_change_what_it_forecasts(transform):
    series = fk.load("synthetic:seasonal?n=150&sigma=0.5")
    forecasts = fk.backtest(series, ["drift"], plan=PLAN, transform=transform)
    process = realised(series.process)
    expected = [process.optimal_forecast(series.values[:t], 4) for t in forecasts.origins]
    assert forecasts.of("oracle") == pytest.approx(np.array(expected), rel=1e-12)


def test_quantiles_where_errors_are_gaussian():
    """AR(1) 0.9 from 2: mean 1.8 and variance 1 at h = 1; 97.5 % is 1.96 standard deviations up."""
    model = fitted("synthetic:ar")
    assert isinstance(model, GaussianOracle)
    quantiles = model.forecast_quantiles(History(np.array([2.0]), pd.RangeIndex(1)), 2, (0.5, 0.975))
    assert quantiles == pytest.approx(
        np.array([[1.8, 1.8 + 1.959964], [1.62, 1.62 + 1.959964 * 1.81**0.5]]), abs=1e-6
    )
    assert type(fitted("synthetic:setar")) is FittedOracle


def test_it_is_refused_on_data():
    with pytest.raises(PlanError, match=r"The oracle was asked for on series 'sunspots', transform 'none'"):
        fk.backtest(fk.load("sunspots"), ["oracle"], plan=PLAN)
    with pytest.raises(PlanError, match="was asked for a series that no synthetic process made"):
        fitted("")


def test_it_is_refused_on_returns():
    series = fk.load("synthetic:seasonal?n=150")
    with pytest.raises(PlanError, match=r"use another transform than log-return"):
        fk.backtest(series, ["oracle"], plan=PLAN, transform="log-return")
    assert "oracle" not in fk.backtest(series, ["ar"], plan=PLAN, transform="log-return").models


def test_dates_in_place_of_positions_are_refused():
    days = pd.date_range("2024", periods=3)
    with pytest.raises(PlanError, match="keep the index"):
        fitted("synthetic:ar").forecast(History(np.ones(3), days), 2)


def test_the_store_keeps_the_process():
    from forecastkit.archive import read_run

    series = load_synthetic("synthetic:ar2?n=150")
    made = fk.backtest(series, ["ar"], plan=PLAN)
    assert read_run(made.run_id).series.process == "synthetic:ar2?n=150"
