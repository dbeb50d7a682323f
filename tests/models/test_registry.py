"""Names -> recipes, those of other packages included."""

from __future__ import annotations

from dataclasses import dataclass

import pytest

from forecastkit.errors import UnknownModelError
from forecastkit.models import registry
from forecastkit.models.autoregressive import Autoregression
from forecastkit.models.baselines import NAIVE
from forecastkit.models.recurrent import Recurrent

NAMES = [
    "naive",
    "climatology",
    "seasonal-naive",
    "seasonal-climatology",
    "drift",
    "ar",
    "ar-direct",
    "ar-weighted",
    "lstm",
    "lstm-on-ar",
    "gru",
    "rnn",
    "lstm-stacked",
    "lstm-recursive",
    "lstm-textbook",
    "oracle",
]


@dataclass(frozen=True)
class Theirs:
    name: str = "theirs"
    seeds: int = 1

    def fit(self, history, *, horizon, rng):
        return self


class Plain:
    name = "plain"

    def fit(self, history, *, horizon, rng):
        return self


@dataclass(frozen=True)
class Point:
    """An entry point, as importlib.metadata gives it."""

    name: str
    recipe: type

    def load(self):
        return self.recipe


@pytest.fixture
def others(monkeypatch):
    points = [Point("theirs", Theirs), Point("plain", Plain), Point("ar", Theirs)]
    monkeypatch.setattr(
        registry, "entry_points", lambda group: points if group == "forecastkit.models" else []
    )


def test_bundled_names():
    assert registry.model_names() == NAMES
    assert min(len(entry.about) for entry in registry.MODELS.values()) > 10


@pytest.mark.parametrize("name", NAMES)
def test_a_recipe_bears_its_registered_name(name):
    assert registry.find_model(name).name == name


def test_settings_go_to_recipes_that_have_them():
    assert registry.find_model("lstm", seeds=3, loss="absolute") == Recurrent(seeds=3, loss="absolute")
    assert registry.find_model("ar", seeds=3, loss="absolute") == Autoregression()
    assert registry.find_model("naive", seeds=3) == NAIVE


def test_unknown_name_is_answered_with_the_nearest():
    with pytest.raises(UnknownModelError) as caught:
        registry.find_model("seasonal_naive")
    assert str(caught.value) == (
        "There is no model 'seasonal_naive'. Did you mean seasonal-naive or seasonal-climatology or naive?"
    )


class TestOtherPackages:
    def test_their_names_come_last(self, others):
        assert registry.model_names() == [*NAMES, "theirs", "plain"]

    def test_their_recipes_take_settings_too(self, others):
        assert registry.find_model("theirs", seeds=4) == Theirs(seeds=4)
        assert registry.find_model("plain", seeds=4).name == "plain"

    def test_they_cannot_replace_a_bundled_model(self, others):
        assert registry.find_model("ar") == Autoregression()

    def test_they_are_among_the_nearest_names(self, others):
        with pytest.raises(UnknownModelError, match=r"Did you mean theirs\?"):
            registry.find_model("their")
