"""Many series in one call: each as it would be alone."""

import numpy as np
import pandas as pd
import pytest

from forecastkit.errors import DataError, PlanError, SeriesTooShortError
from forecastkit.models.autoregressive import Autoregression
from forecastkit.models.panel import forecast_panel
from forecastkit.models.protocol import History, Schedule


def panel() -> np.ndarray:
    """Series of all units and levels, among them one that squaring would spoil."""
    rng = np.random.default_rng(4)
    values = rng.normal(size=(6, 120))
    for t in range(2, 120):
        values[:, t] += 0.7 * values[:, t - 1] - 0.2 * values[:, t - 2]
    values = values * 10.0 ** rng.integers(-3, 4, size=(6, 1)) + rng.normal(size=(6, 1)) * 100
    values[5] = np.sin(np.arange(120) / 5) + 1e-6 * rng.normal(size=120)
    return values


OPTIONS = {
    "levels": {},
    "no constant": {"trend": "n"},
    "differences": {"difference": True},
    "drift": {"difference": True, "trend": "ct"},
    "line": {"trend": "ct"},
    "seasonal": {"seasons": 1, "period": 4, "max_lag": 3},
    "decided": {"difference": None},
}


@pytest.mark.parametrize("option", OPTIONS)
def test_every_series_is_what_the_ar_makes_of_it_alone(option) -> None:
    values, told = panel(), {"max_lag": 8, **OPTIONS[option]}
    together = forecast_panel(values, horizon=6, origins=5, **told)
    assert together.origins.tolist() == [[110, 111, 112, 113, 114]] * 6
    windows = np.stack([np.zeros(5, dtype=int), together.origins[0]], axis=1)
    period = told.pop("period", 1)
    recipe = Autoregression(**{"criterion": "aic", "difference": False, **told})
    for s, one in enumerate(values):
        history = History(one[:114], pd.RangeIndex(114), period)
        answers = recipe.forecast_origins(
            history, Schedule(windows, windows, np.arange(5)), horizon=6, rng=np.random.default_rng(0)
        )
        assert [fact["p"] for fact in answers.facts] == together.p[s].tolist()
        assert together.mean[s] == pytest.approx(answers.mean, rel=1e-8, abs=1e-8 * one.std())


@pytest.mark.parametrize("difference", [False, True])
def test_series_of_any_length_with_gaps_are_each_as_alone(difference) -> None:
    series = [*panel()[:3], panel()[3][20:], panel()[4][20:], panel()[0][:60]]
    series[1][50] = np.nan
    together = forecast_panel(series, horizon=4, origins=3, difference=difference)
    assert together.origins[:, 0].tolist() == [114, 114, 114, 94, 94, 54]
    for s, one in enumerate(series):
        alone = forecast_panel([one], horizon=4, origins=3, difference=difference)
        assert together.mean[s] == pytest.approx(alone.mean[0], rel=1e-12)
        assert together.p[s].tolist() == alone.p[0].tolist()


def test_a_later_value_changes_no_earlier_bit() -> None:
    values = panel()
    before = forecast_panel(values, horizon=6, origins=5, max_lag=8).mean
    values[:, 112:] = 1e9
    after = forecast_panel(values, horizon=6, origins=5, max_lag=8).mean
    assert after[:, :3].tobytes() == before[:, :3].tobytes()


def test_a_constant_is_continued() -> None:
    assert forecast_panel(np.full((2, 60), 0.1), horizon=3).mean == pytest.approx(np.full((2, 1, 3), 0.1))


def test_what_cannot_be_used() -> None:
    values = panel()
    with pytest.raises(DataError, match="One series per row"):
        forecast_panel(values[0], horizon=3)
    with pytest.raises(
        SeriesTooShortError, match="have 20 values; horizon 6, 5 origins and max_lag 8 need 29"
    ):
        forecast_panel(values[:, :20], horizon=6, origins=5, max_lag=8)
    with pytest.raises(SeriesTooShortError, match="9 values has none before its first of 5 origins"):
        forecast_panel(values[:, :9], horizon=6, origins=5, trend="ct")
    with pytest.raises(PlanError, match="seasons=1 was asked for with period 1"):
        forecast_panel(values, horizon=3, seasons=1)
    values[2, 7] = np.inf
    with pytest.raises(
        DataError, match="Series 2 of the panel has 1 infinite values, the first at position 7"
    ):
        forecast_panel(values, horizon=3)
