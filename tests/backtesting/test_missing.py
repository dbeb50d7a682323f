"""Missing values kept in a series: who is asked, what is scored, and that nothing looks ahead."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import pandas as pd
import pytest

import forecastkit as fk
from forecastkit.backtesting.plan import BacktestPlan
from forecastkit.backtesting.runner import run_backtest, scored_actuals
from forecastkit.errors import DataError, MissingValuesError, UnpairedOriginsWarning
from forecastkit.models.autoregressive import Autoregression
from forecastkit.models.baselines import DRIFT, references
from forecastkit.reporting.ar_section import ar_section
from forecastkit.reporting.before import before_origin
from forecastkit.series.series import Series
from forecastkit.series.transforms import TRANSFORMS, find_transform

T, PERIOD, H = 120, 4, 3
VALUES = np.exp(np.cumsum(np.random.default_rng(2).normal(size=T)) / 9) + 0.3 * np.resize([0, 1, 2, 0.5], T)
GAPS = [0, 30, 31, 52, 70, 79, 80, 97, 98, 109]
GAPPY = VALUES.copy()
GAPPY[GAPS] = np.nan
SERIES = Series(GAPPY, pd.RangeIndex(T), period=PERIOD, missing="keep")
PLAN = BacktestPlan(horizon=H, origins=20, step=2)
STEPPING = {r.name: r for r in [*references(PERIOD), DRIFT, Autoregression(max_lag=5)]}


@pytest.mark.filterwarnings("ignore:Model 'ar' is explosive", "ignore:Model 'ar' chose its highest")
@pytest.mark.filterwarnings("ignore:Model 'ar' failed at")  # once the future is poisoned
@pytest.mark.parametrize("window", [None, 60])
@pytest.mark.parametrize("transform", TRANSFORMS)
def test_models_that_take_gaps_serve_every_origin_and_know_no_future(transform, window) -> None:
    plan = replace(PLAN, train_window=window)

    def serve(values):
        return run_backtest(
            replace(SERIES, values=values), STEPPING, plan, transform=find_transform(transform)
        )

    result = serve(GAPPY)
    assert result.failures == ()
    assert np.isfinite(result.mean).all()
    row = 11
    origin = int(result.origins[row])
    for poison in (1e9, np.nan):
        values = GAPPY.copy()
        values[origin:] = poison
        after = serve(values)
        assert after.mean[:, : row + 1].tobytes() == result.mean[:, : row + 1].tobytes()


@pytest.mark.parametrize("transform", ["none", "log-return", "difference"])
def test_an_origin_counts_where_all_of_its_targets_were_observed(transform) -> None:
    origins = PLAN.origin_positions(T)
    actual = scored_actuals(SERIES, origins, H, TRANSFORMS[transform])
    seen = [np.isfinite(GAPPY[t : t + H]).all() for t in origins]
    assert np.isfinite(actual).all(axis=1).tolist() == seen
    row = int(np.flatnonzero(origins == 99)[0])
    if transform == "log-return":  # 97 and 98 are missing: moves count from 96
        assert actual[row] == pytest.approx(np.log(VALUES[99:102] / VALUES[96]))


@dataclass(frozen=True)
class Picky:
    """A model that never heard of missing values."""

    name: str = "picky"

    def fit(self, history, *, horizon, rng):
        assert np.isfinite(history.values).all()
        return self

    def forecast(self, history, horizon):
        assert np.isfinite(history.values).all()
        return np.full(horizon, history.values.mean())


def test_a_model_that_takes_none_is_not_asked_and_says_why() -> None:
    with pytest.warns(
        UnpairedOriginsWarning, match="takes no missing values and would be handed 5 at origin 79"
    ):
        result = fk.compare(SERIES, ["ar", Picky()], plan=PLAN)
    assert result.scores.dropped == ("picky",)
    assert {f.error for f in result.forecasts.failures} == {"FitError"}
    lost = sum(not np.isfinite(GAPPY[t : t + H]).all() for t in result.forecasts.origins)
    assert result.scores.n_origins == len(result.forecasts.origins) - lost
    assert f"{lost} of 20 origins were left out, because one of their targets is missing" in str(result)
    assert np.isfinite(result.scores.mse).all()
    assert np.isfinite(result.scores.mase).all()


def test_a_window_without_gaps_is_served_by_every_model() -> None:
    values = VALUES.copy()
    values[:20] = np.nan
    plan = replace(PLAN, train_window=50)
    series = replace(SERIES, values=values)
    result = run_backtest(series, {"picky": Picky()}, plan, transform=TRANSFORMS["none"])
    assert result.failures == ()


def test_reports_take_the_longest_stretch_without_a_gap(tmp_path) -> None:
    result = fk.compare(SERIES, ["ar"], plan=PLAN)
    assert "30 values" not in before_origin(result).span
    assert (
        "Tests of the 29 observations from 1 to 29, the longest stretch without a gap"
        in before_origin(result).span
    )
    assert "the longest stretch without a gap, 29 values" in ar_section(result).span
    again = fk.report(result.forecasts.run_id, tmp_path / "report")
    assert (again / "index.html").stat().st_size > 10_000


def test_what_is_refused() -> None:
    with pytest.raises(
        MissingValuesError, match="keeps 10 missing values, which these tests cannot step over"
    ):
        fk.diagnose(SERIES)
    flat = np.where(np.isnan(GAPPY), np.nan, 3.0)
    with pytest.raises(DataError, match=r"is constant \(3\)"):
        fk.backtest(replace(SERIES, values=flat), ["ar"], plan=PLAN)
