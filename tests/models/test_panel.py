"""Many series in one call: each as it would be alone."""

import numpy as np
import pandas as pd
import pytest

from forecastkit.errors import DataError, MissingValuesError, SeriesTooShortError
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


def test_every_series_is_what_the_ar_makes_of_it_alone() -> None:
    values = panel()
    together = forecast_panel(values, horizon=6, origins=5, max_lag=8)
    assert together.origins.tolist() == [110, 111, 112, 113, 114]
    windows = np.stack([np.zeros(5, dtype=int), together.origins], axis=1)
    recipe = Autoregression(criterion="aic", max_lag=8, difference=False)
    for s, one in enumerate(values):
        history = History(one[:114], pd.RangeIndex(114))
        answers = recipe.forecast_origins(
            history, Schedule(windows, windows, np.arange(5)), horizon=6, rng=np.random.default_rng(0)
        )
        assert [fact["p"] for fact in answers.facts] == together.p[s].tolist()
        assert together.mean[s] == pytest.approx(answers.mean, rel=1e-8, abs=1e-8 * one.std())


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
    with pytest.raises(DataError, match="one series per row"):
        forecast_panel(values[0], horizon=3)
    with pytest.raises(SeriesTooShortError, match="have 20 values; horizon 6, 5 origins and max_lag 8 need"):
        forecast_panel(values[:, :20], horizon=6, origins=5, max_lag=8)
    values[2, 7] = np.nan
    with pytest.raises(MissingValuesError, match="first in series 2 at position 7"):
        forecast_panel(values, horizon=3)
