"""ar-direct: equality with least squares step by step, and with the iterated AR where the two are one."""

import numpy as np
import pandas as pd
import pytest

from forecastkit.errors import PlanError, SeriesTooShortError
from forecastkit.models.autoregressive import Autoregression
from forecastkit.models.direct import DirectAutoregression
from forecastkit.models.protocol import History

RNG = np.random.default_rng(0)


def past(values: np.ndarray, *, changes: bool = False) -> History:
    return History(values, pd.RangeIndex(len(values)), changes=changes)


def fit(values: np.ndarray, horizon: int = 6, *, changes: bool = False, **options):
    recipe = DirectAutoregression(iterated=Autoregression(**options))
    return recipe.fit(past(values, changes=changes), horizon=horizon, rng=RNG)


@pytest.fixture
def values(rng: np.random.Generator) -> np.ndarray:
    x = np.zeros(400)
    for t in range(2, 400):
        x[t] = 0.6 * x[t - 1] + 0.2 * x[t - 2] + rng.normal()
    return x + 50


@pytest.mark.parametrize("kind", ["levels", "differences", "changes"])
def test_one_step_is_that_of_the_iterated_model(values: np.ndarray, kind: str) -> None:
    changes = kind == "changes"
    options = {} if changes else {"difference": kind == "differences", "shrink": False}
    history = past(values - 50 * changes, changes=changes)
    iterated = Autoregression(**options).fit(history, horizon=6, rng=RNG)
    direct = fit(history.values, changes=changes, **options)
    assert direct.facts["p"] > 0
    assert direct.forecast(history, 6)[0] == pytest.approx(iterated.forecast(history, 6)[0], rel=1e-10)


def test_a_step_in_levels_is_least_squares(values: np.ndarray) -> None:
    fitted = fit(values, difference=False, shrink=False, max_lag=2, criterion="aic")
    p, h = fitted.facts["p"], 4
    t = np.arange(p - 1, 400 - h)
    design = np.column_stack([np.ones(len(t)), *(values[t - i] for i in range(p))])
    expected = np.linalg.lstsq(design, values[t + h], rcond=None)[0]
    np.testing.assert_allclose(fitted.coefficients[h - 1], expected, rtol=1e-8)


def test_a_step_in_differences_regresses_the_move(values: np.ndarray) -> None:
    fitted = fit(values, difference=True)
    p, h = fitted.facts["p"], 5
    x = np.diff(values)
    t = np.arange(p, 400 - h)  # positions in the values
    design = np.column_stack([x[t - 1 - i] for i in range(p)])
    expected = np.linalg.lstsq(design, values[t + h] - values[t], rcond=None)[0]
    np.testing.assert_allclose(fitted.coefficients[h - 1], expected, rtol=1e-8)
    path = fitted.forecast(past(values), 6)
    assert path[h - 1] == pytest.approx(values[-1] + expected @ x[::-1][:p])


def test_a_horizon_far_in_the_past_lowers_the_order_or_is_refused(values: np.ndarray) -> None:
    assert fit(values[:60], 50, difference=False).facts["p"] <= 2
    with pytest.raises(SeriesTooShortError, match="shorter horizon"):
        fit(values[:60], 58, difference=False)


def test_a_longer_horizon_than_fitted_is_refused(values: np.ndarray) -> None:
    with pytest.raises(PlanError, match="Fit it for 7"):
        fit(values).forecast(past(values), 7)


def test_only_plain_lags() -> None:
    with pytest.raises(PlanError, match="plain lags"):
        DirectAutoregression(iterated=Autoregression(seasons=1))
