"""The promises every registered model keeps, TensorFlow included on tiny shapes."""

from dataclasses import dataclass, replace

import numpy as np
import pandas as pd
import pytest

from forecastkit.backtesting import runner
from forecastkit.backtesting.plan import BacktestPlan
from forecastkit.backtesting.runner import run_backtest
from forecastkit.errors import ModelError
from forecastkit.models.contract import check_forecaster
from forecastkit.models.protocol import Forecaster
from forecastkit.models.registry import find_model, model_names
from forecastkit.series.series import Series
from forecastkit.series.transforms import TRANSFORMS

ALIKE = ("gru", "rnn", "lstm-stacked", "lstm-recursive")
"""Models that differ from `lstm` in their layers or their loop alone: one transform is enough for them."""
PERIOD = 4
ORIGIN = 66
HORIZON = 5
TINY = {"units": 3, "epochs": 3, "lookback": 6, "seeds": 2, "batch": 16, "process": "synthetic:ar2"}


def recipe(name: str) -> Forecaster:
    return find_model(name, **TINY)


def positive_series(n: int = 80) -> np.ndarray:
    rng = np.random.default_rng(11)
    return np.exp(np.cumsum(rng.normal(0, 0.1, n)) + 0.2 * np.sin(np.arange(n) * 2 * np.pi / PERIOD)) + 1


def forecasts_of(name: str, values: np.ndarray, transform: str, *, poison: float | None = None) -> np.ndarray:
    """Forecasts up to the one from ORIGIN; covariates that it may not see are poisoned where asked."""
    known, past = np.random.default_rng(9).normal(size=(2, len(values), 1))
    if poison is not None:
        known[ORIGIN + HORIZON :], past[ORIGIN:] = poison, poison
    series = Series.from_array(np.nan_to_num(values, nan=1.0), period=PERIOD)
    series = replace(series, known=known, past=past)
    object.__setattr__(series, "values", values)
    plan = BacktestPlan(horizon=HORIZON, origins=6, step=3, refit_every=2)
    with np.errstate(all="ignore"):
        result = run_backtest(series, {name: recipe(name)}, plan, transform=TRANSFORMS[transform], seed=3)
    return result.mean[0, : list(result.origins).index(ORIGIN) + 1]


@pytest.mark.parametrize("name", model_names())
def test_every_model_keeps_its_promises(name: str) -> None:
    check_forecaster(recipe(name), period=PERIOD)


@pytest.mark.filterwarnings("ignore:Model .* failed at")
@pytest.mark.filterwarnings("ignore:Quantiles of model .* left out")
@pytest.mark.parametrize("transform", TRANSFORMS)
@pytest.mark.parametrize("name", model_names())
def test_a_poisoned_future_changes_no_bit(name: str, transform: str) -> None:
    if name == "oracle" and TRANSFORMS[transform].relative:
        pytest.skip("the best forecast of returns is not known")
    if name in ALIKE and transform != "log-return":
        pytest.skip("tested with lstm")
    values = positive_series()
    before = forecasts_of(name, values, transform)
    assert np.isfinite(before).all()
    poisoned = values.copy()
    poisoned[ORIGIN:] = 1e9
    assert forecasts_of(name, poisoned, transform, poison=1e9).tobytes() == before.tobytes()


@pytest.mark.filterwarnings("ignore:Model .* failed at")
@pytest.mark.parametrize("name", [name for name in model_names() if name not in ALIKE])
def test_a_future_of_nothing_changes_no_bit(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(runner, "check_runnable", lambda series, plan, _: plan.origin_positions(len(series)))
    values = positive_series()
    poisoned = values.copy()
    poisoned[ORIGIN:] = np.nan
    after = forecasts_of(name, poisoned, "difference")
    assert after.tobytes() == forecasts_of(name, values, "difference").tobytes()


@dataclass(frozen=True)
class Faulty:
    """A recipe with one broken promise, to see that the check finds it."""

    fault: str
    name: str = "faulty"

    def fit(self, history, *, horizon, rng):
        return replace(self)

    def forecast(self, history, horizon):
        level = history.values.mean()
        if self.fault == "shape":
            return np.full(horizon + 1, level)
        if self.fault == "nan":
            return np.full(horizon, np.nan)
        if self.fault == "random":
            return np.full(horizon, level + np.random.default_rng().normal())
        return np.full(horizon, level)

    def forecast_many(self, histories, horizon):
        shift = 1.0 if self.fault == "many" else 0.0
        return np.array([self.forecast(history, horizon) + shift for history in histories])


@pytest.mark.parametrize(
    ("fault", "promise"),
    [
        ("shape", r"must answer shape \(6,\), not \(7,\)"),
        ("nan", "finite numbers"),
        ("random", "same bits"),
        ("many", "must equal the loop"),
    ],
)
def test_the_check_finds_a_broken_promise(fault: str, promise: str) -> None:
    with pytest.raises(ModelError, match=promise):
        check_forecaster(Faulty(fault))


def test_the_check_passes_a_faultless_recipe_and_a_function() -> None:
    assert check_forecaster(Faulty("none")) is None
    assert check_forecaster(lambda values, horizon: np.repeat(values[-1], horizon)) is None


def test_a_model_cannot_write_into_its_history() -> None:
    def vandal(values, horizon):
        values[-1] = 0.0
        return values[:horizon]

    series = Series(positive_series(), pd.RangeIndex(80))
    plan = BacktestPlan(horizon=3, origins=2)
    recipes = {"vandal": check_function(vandal)}
    with pytest.warns(UserWarning, match="read-only"):
        result = run_backtest(series, recipes, plan, transform=TRANSFORMS["none"])
    assert len(result.failures) == 2


def check_function(function):
    from forecastkit.models.protocol import as_forecaster

    return as_forecaster(function, "vandal")
