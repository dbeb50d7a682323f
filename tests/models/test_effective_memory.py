"""How far back models look: hand-computed curves, autoregressions, and networks against moved values."""

from dataclasses import dataclass, replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from forecastkit.models.autoregressive import Autoregression
from forecastkit.models.baselines import SEASONAL_NAIVE
from forecastkit.models.effective_memory import (
    decay_rate,
    differences,
    memory_length,
    memory_of,
    until,
)
from forecastkit.models.protocol import FromFunction
from forecastkit.models.recurrent import Recurrent
from forecastkit.models.recursive import RecursiveRecurrent
from forecastkit.models.textbook import TextbookRecurrent
from forecastkit.models.weighted import WeightedAutoregression
from forecastkit.sources.loading import load

TINY = {"epochs": 2, "lookback": 6, "units": 4}


@pytest.fixture(scope="module")
def past(history):
    """Make a history of 160 values of an AR(2), on levels or as changes."""
    values = load("synthetic:ar2?n=160&seed=3").values
    return lambda changes=False: history(values, changes=changes)


def test_lengths_by_hand(reference):
    assert memory_length(np.array([1.0, 0.0, 0.0])) == 1
    assert memory_length(np.array([0.5, 0.4, 0.1])) == 2
    assert memory_length(np.array([0.5, 0.3, 0.2])) == 3
    assert memory_length(np.zeros(4)) == 0
    told = reference("gradients")["linear_scalar"]
    curve = np.array(told["grad_norm_by_lag"])
    assert memory_length(curve) == told["memory_length_90"] + 1
    assert decay_rate(curve) == pytest.approx(np.log(0.8))
    assert decay_rate(np.array([1.0, 0.0])) is None


@given(st.lists(st.floats(0, 1e6), min_size=1, max_size=30), st.floats(1e-3, 1e3))
def test_lengths_do_not_depend_on_the_unit(curve, unit):
    found = memory_length(np.array(curve))
    assert 0 <= found <= len(curve)
    assert (found == 0) == (sum(curve) == 0)
    assert memory_length(np.array([*curve, 0.0])) == found
    if unit * sum(curve) > 1e-290:
        assert abs(memory_length(unit * np.array(curve)) - found) <= 1  # at 90 % rounding may decide


@pytest.mark.parametrize("changes", [False, True])
def test_an_autoregression_by_hand(past, changes):
    fitted = Autoregression(max_lag=2, lags=(1, 2), difference=False, shrink=False).fit(
        past(changes), horizon=3, rng=np.random.default_rng(0)
    )
    a, b = fitted.phi
    one, two = np.array([a, b]), np.array([a * a + b, a * b])
    three = np.array([a * two[0] + b * one[0], a * two[1] + b * one[1]])
    expected = np.array([one, two, three])
    expected = np.cumsum(expected, axis=0) if changes else expected
    np.testing.assert_allclose(differences(fitted, past(changes), 3), expected, atol=1e-9)
    told = memory_of(fitted, past(changes), 3)
    assert told["values"] == [memory_length(np.abs(row)) for row in expected]
    assert told["h"] == [1, 2, 3]
    shares = np.abs(expected) / np.abs(expected).sum(axis=1, keepdims=True)
    np.testing.assert_allclose(told["curves"], shares, rtol=1e-3)


def test_differences_of_a_random_walk_and_of_a_season(past, history):
    rng = np.random.default_rng(0)
    walk = Autoregression(difference=True, max_lag=0).fit(past(), horizon=2, rng=rng)
    np.testing.assert_allclose(differences(walk, past(), 2), [[1.0], [1.0]], atol=1e-9)
    seasonal = history(past().values, period=4)
    naive = SEASONAL_NAIVE.fit(seasonal, horizon=5, rng=rng)
    expected = np.zeros((5, 4))
    expected[range(5), [3, 2, 1, 0, 3]] = 1.0
    np.testing.assert_allclose(differences(naive, seasonal, 5), expected, atol=1e-9)
    mean = FromFunction("mean", lambda values, horizon: np.full(horizon, values.mean()))
    np.testing.assert_allclose(differences(mean, past(), 1), np.full((1, 160), 1 / 160), atol=1e-9)


def test_a_weighted_autoregression_is_looked_into_too(past):
    recipe = WeightedAutoregression()
    fitted = recipe.fit(past(), horizon=4, rng=np.random.default_rng(0))
    assert len(memory_of(fitted, past(), 4)["values"]) == 4


def moved(fitted, past, horizon, size=1e-2):
    """Differentiate by moving the newest 12 values, with the coefficients of the base left alone."""
    columns = []
    for lag in range(12):
        ends = []
        for sign in (size, -size):
            values = past.values.copy()
            values[-1 - lag] += sign
            ends.append(fitted.forecast(replace(past, values=values), horizon))
        columns.append((ends[0] - ends[1]) / (2 * size))
    slopes = np.array(columns).T
    return np.cumsum(slopes, axis=0) if past.changes else slopes


@pytest.mark.parametrize("changes", [False, True])
@pytest.mark.parametrize(
    "recipe",
    [
        Recurrent(**TINY, guarded=False, log=False),
        RecursiveRecurrent(**{**TINY, "one_step": Recurrent(guarded=False, log=False)}),
        TextbookRecurrent(**TINY),
    ],
    ids=lambda recipe: recipe.name,
)
def test_gradients_of_networks_are_what_moved_values_do(past, recipe, changes):
    fitted = recipe.fit(past(changes), horizon=3, rng=np.random.default_rng(1))
    pasts = [until(past(changes), 120, 3), past(changes)]
    found = fitted.gradients(pasts, 3).whole
    for i, one in enumerate(pasts):
        expected = moved(fitted, one, 3)
        np.testing.assert_allclose(found[i, :, :6], expected[:, :6], atol=2e-4)
        if not changes:
            np.testing.assert_allclose(expected[:, found.shape[2] :], 0.0, atol=1e-5)


def test_what_the_guard_leaves_of_a_network_on_an_autoregression(past):
    rng = np.random.default_rng(0)
    recipe = Recurrent(**TINY, autoregression=Autoregression(max_lag=2, difference=False, shrink=False))
    fitted = recipe.fit(past(), horizon=3, rng=rng)
    base = differences(recipe.autoregression.fit(past(), horizon=3, rng=rng), past(), 3)
    padded = np.pad(base, [(0, 0), (0, 6 - base.shape[1])])
    for share in (0.0, 0.5):
        found = replace(fitted, guard=np.full(3, share)).gradients([past()], 3)
        np.testing.assert_allclose(found.whole[0], padded + share * found.network[0], atol=1e-9)
    none = memory_of(replace(fitted, guard=np.zeros(3)), past(), 3)
    assert none["values"] == [memory_length(np.abs(row)) for row in base]
    assert len(none["network_values"]) == 3


def test_a_run_tells_it_of_the_last_fit(past):
    import forecastkit as fk

    plan = fk.BacktestPlan(horizon=3, origins=8, refit_every={"ar": 1})
    forecasts = fk.backtest(past().values, models=["naive", "ar"], plan=plan)
    told = ["memory" in fact for fact in forecasts.facts["ar"]]
    assert told == [False] * 7 + [True]
    assert len(forecasts.facts["ar"][-1]["memory"]["values"]) == 3
    assert "memory" not in str(forecasts.facts["naive"])


@dataclass(frozen=True)
class Opaque:
    """A network that forecasts, and cannot be differentiated; from an origin on its fits fail."""

    name: str = "opaque"
    family: str = "network"
    ends: int = 10**6

    def fit(self, history, *, horizon, rng):
        if len(history.values) >= self.ends:
            raise ArithmeticError("no further")
        return self

    def forecast(self, history, horizon):
        return np.full(horizon, history.values[-1])

    def gradients(self, histories, horizon):
        raise ZeroDivisionError("no derivative here")


def test_a_memory_that_cannot_be_told_leaves_its_reason(past):
    import forecastkit as fk
    from forecastkit.errors import UnpairedOriginsWarning
    from forecastkit.reporting.network_facts import memory_in

    plan = fk.BacktestPlan(horizon=3, origins=8, refit_every=4)
    y = past().values
    forecasts = fk.backtest(y, models=[Opaque()], plan=plan, store=False)
    assert forecasts.failures == ()
    assert forecasts.facts["opaque"][-1] == {"memory": {"unknown": "ZeroDivisionError: no derivative here"}}
    assert memory_in(forecasts.facts["opaque"], 3) is None
    with pytest.warns(UnpairedOriginsWarning, match="ArithmeticError: no further"):
        forecasts = fk.backtest(y, models=[Opaque(ends=len(y) - 6)], plan=plan, store=False)
    assert len(forecasts.failures) == 4
    assert "memory" not in str(forecasts.facts["opaque"])
