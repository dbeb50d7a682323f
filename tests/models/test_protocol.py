"""What counts as a model, and what the rest may assume of one."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import pytest

from forecastkit.errors import PlanError
from forecastkit.models.autoregressive import Autoregression
from forecastkit.models.baselines import NAIVE
from forecastkit.models.protocol import (
    QUANTILES,
    Fitted,
    Forecaster,
    FromFunction,
    as_forecaster,
    facts_of,
    family_of,
    forecast_many,
    forecast_quantiles,
    prepare,
    seeds_of,
)
from forecastkit.models.recurrent import Recurrent


def last_two(values: np.ndarray, horizon: int) -> np.ndarray:
    return np.resize(values[-2:], horizon)


@dataclass(frozen=True)
class Full:
    """Offers everything that is optional."""

    name: str = "full"
    seeds: int = 3
    family: str = "network"
    facts: Any = None

    def prepare(self, history: Any, *, horizon: int, rng: np.random.Generator) -> Full:
        return Full(name=f"{len(history.values)} values, horizon {horizon}")

    def fit(self, history: Any, *, horizon: int, rng: np.random.Generator) -> Full:
        return Full(facts={"p": 2})

    def forecast(self, history: Any, horizon: int) -> np.ndarray:
        return np.zeros(horizon)

    def forecast_many(self, histories: Any, horizon: int) -> list[list[int]]:
        return [[len(history.values)] * horizon for history in histories]

    def forecast_quantiles(self, history: Any, horizon: int, levels: Any) -> np.ndarray:
        return np.tile(levels, (horizon, 1)) + len(history.values)


class TestAsForecaster:
    def test_a_function_becomes_a_model_that_learns_nothing(self, history):
        model = as_forecaster(last_two, "pair")
        past = history([1.0, 2.0, 3.0])
        fitted = model.fit(past, horizon=3, rng=np.random.default_rng(0))
        assert isinstance(model, FromFunction)
        assert (model.name, family_of(model), model.default_refit) == ("pair", "other", None)
        assert fitted.forecast(past, 3).tolist() == [2.0, 3.0, 2.0]

    def test_a_recipe_is_taken_as_it_is(self):
        recipe = Autoregression(max_lag=3)
        assert as_forecaster(recipe, "mine") is recipe
        assert recipe.name == "ar"

    @pytest.mark.parametrize(("thing", "kind"), [(7, "int"), (None, "NoneType"), ([1, 2], "list")])
    def test_anything_else_is_refused(self, thing, kind):
        with pytest.raises(PlanError) as caught:
            as_forecaster(thing, "mine")
        assert str(caught.value) == (
            f"Model 'mine' is a {kind}. Needed: a registered name, a function (values, horizon), or an "
            "object with `name` and `fit(history, *, horizon, rng)`."
        )


class TestDefaults:
    def test_of_a_recipe_that_offers_nothing(self, history):
        model, past = as_forecaster(last_two, "pair"), history([1.0, 2.0])
        assert seeds_of(model) == 1
        assert prepare(model, past, horizon=3, rng=np.random.default_rng(0)) is model
        assert facts_of(model) == {}
        assert forecast_quantiles(model, [past], 3) is None

    def test_of_one_that_offers_all(self, history):
        recipe, past = Full(), history([1.0, 2.0])
        fitted = recipe.fit(past, horizon=3, rng=np.random.default_rng(0))
        assert (seeds_of(recipe), family_of(recipe)) == (3, "network")
        settled = prepare(recipe, past, horizon=3, rng=np.random.default_rng(0))
        assert settled.name == "2 values, horizon 3"
        assert facts_of(fitted) == {"p": 2}
        assert forecast_quantiles(fitted, [past, past], 3).shape == (2, 3, len(QUANTILES))
        assert forecast_quantiles(fitted, [past], 1)[0, 0].tolist() == [2.025, 2.1, 2.9, 2.975]

    @pytest.mark.parametrize(
        ("model", "family", "seeds", "refit"),
        [
            (NAIVE, "reference", 1, None),
            (Autoregression(), "ar", 1, 1),
            (Recurrent(seeds=4), "network", 4, 0.1),
        ],
    )
    def test_of_the_bundled_recipes(self, model, family, seeds, refit):
        assert (family_of(model), seeds_of(model), model.default_refit) == (family, seeds, refit)


class TestForecastMany:
    def test_falls_back_to_the_loop(self, history):
        histories = [history([1.0, 2.0]), history([1.0, 2.0, 5.0])]
        model = as_forecaster(last_two, "pair")
        assert forecast_many(model, histories, 3).tolist() == [[1.0, 2.0, 1.0], [2.0, 5.0, 2.0]]

    def test_uses_what_the_model_offers(self, history):
        table = forecast_many(Full(), [history([1.0, 2.0]), history([1.0])], 2)
        assert (table.tolist(), table.dtype) == ([[2.0, 2.0], [1.0, 1.0]], np.float64)


def test_protocols_can_be_asked():
    assert isinstance(NAIVE, Forecaster)
    assert isinstance(NAIVE, Fitted)
    assert not isinstance(last_two, Forecaster)
    assert QUANTILES == (0.025, 0.1, 0.9, 0.975)
