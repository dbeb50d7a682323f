"""Reference forecasts by hand, and against R."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from strategies import vectors

from forecastkit.errors import SeriesTooShortError
from forecastkit.models.baselines import (
    CLIMATOLOGY,
    DRIFT,
    NAIVE,
    SEASONAL_CLIMATOLOGY,
    SEASONAL_NAIVE,
    Baseline,
    climatology,
    drift,
    naive,
    references,
    seasonal_climatology,
    seasonal_naive,
)
from forecastkit.models.protocol import History

ALL = (NAIVE, CLIMATOLOGY, SEASONAL_NAIVE, SEASONAL_CLIMATOLOGY, DRIFT)


def run(model: Baseline, past: History, horizon: int) -> list[float]:
    return model.fit(past, horizon=horizon, rng=np.random.default_rng(0)).forecast(past, horizon).tolist()


class TestByHand:
    def test_levels(self, history):
        past = history([1.0, 5.0, 3.0, 7.0])
        assert run(NAIVE, past, 3) == [7.0, 7.0, 7.0]
        assert run(CLIMATOLOGY, past, 2) == [4.0, 4.0]
        assert run(DRIFT, past, 3) == [9.0, 11.0, 13.0]  # slope (7 - 1) / 3

    def test_changes(self, history):
        """No change, and the mean change, which cumulates to the drift of the level."""
        past = history([1.0, -2.0, 4.0], changes=True)
        assert run(NAIVE, past, 2) == [0.0, 0.0]
        assert run(CLIMATOLOGY, past, 2) == [1.0, 1.0]
        assert run(DRIFT, past, 2) == [1.0, 1.0]

    def test_last_season_is_repeated_from_its_first_phase(self, history):
        past = history([1.0, 2.0, 3.0, 4.0, 5.0, 6.0, 7.0], period=3)
        assert run(SEASONAL_NAIVE, past, 7) == [5.0, 6.0, 7.0, 5.0, 6.0, 7.0, 5.0]

    def test_means_by_phase(self, history):
        """Seven values, season 3: the next one belongs to 2 and 5, then 3 and 6, then 1, 4 and 7."""
        past = history([1.0, 2.0, 3.0, 4.0, 5.0, 6.0, 7.0], period=3)
        assert run(SEASONAL_CLIMATOLOGY, past, 4) == [3.5, 4.5, 4.0, 3.5]

    def test_a_perfect_season_is_continued(self, history):
        season = [10.0, 20.0, 40.0, 30.0]
        past = history(np.resize(season, 14), period=4)
        assert run(SEASONAL_NAIVE, past, 4) == run(SEASONAL_CLIMATOLOGY, past, 4) == [40.0, 30.0, 10.0, 20.0]

    def test_seasonal_forms_without_a_season_are_the_plain_ones(self, history):
        past = history([1.0, 5.0, 3.0, 7.0], period=1)
        assert run(SEASONAL_NAIVE, past, 2) == run(NAIVE, past, 2) == [7.0, 7.0]
        assert run(SEASONAL_CLIMATOLOGY, past, 2) == run(CLIMATOLOGY, past, 2) == [4.0, 4.0]

    def test_exactly_one_season_is_enough(self, history):
        past = history([1.0, 2.0, 3.0], period=3)
        assert run(SEASONAL_NAIVE, past, 4) == run(SEASONAL_CLIMATOLOGY, past, 4) == [1.0, 2.0, 3.0, 1.0]

    @pytest.mark.parametrize("model", [SEASONAL_NAIVE, SEASONAL_CLIMATOLOGY], ids=lambda m: m.name)
    def test_less_than_one_season(self, model, history):
        with pytest.raises(
            SeriesTooShortError, match="A history of 3 observations holds no whole season of 12"
        ):
            run(model, history([1.0, 2.0, 3.0], period=12), 2)

    def test_one_observation(self, history):
        assert [run(model, history([6.0]), 2) for model in (NAIVE, CLIMATOLOGY, DRIFT)] == [[6.0, 6.0]] * 3


@pytest.mark.parametrize(
    ("model", "theirs"),
    [(NAIVE, "naive"), (SEASONAL_NAIVE, "snaive"), (DRIFT, "drift"), (CLIMATOLOGY, "mean")],
)
@pytest.mark.parametrize("name", ["lynx_log10", "sunspot_year", "nile", "lh", "airpassengers_log"])
def test_agrees_with_r(model, theirs, name, reference, series_values, history):
    known = reference("accuracy")["results"][name]
    past = history(series_values(name)[: known["n_train"]], period=known["m"])
    assert run(model, past, known["h"]) == pytest.approx(known[theirs]["mean"], rel=1e-8)


@pytest.mark.parametrize(("model", "row"), [(NAIVE, "naive_expanding"), (SEASONAL_NAIVE, "snaive_expanding")])
@pytest.mark.parametrize(("case", "period"), [(0, 1), (1, 1), (2, 12)])
def test_rolling_errors_agree_with_r(model, row, case, period, reference, series_values, history):
    known = reference("tscv")["results"][case]
    values = series_values(known["series"])
    checked = 0
    for k, column in enumerate(known[row]["errors"]):
        for i, error in enumerate(column, start=1):
            if error is not None:
                forecast = run(model, history(values[:i], period=period), 4)
                assert values[i + k] - forecast[k] == pytest.approx(error, abs=1e-9 * abs(values).max())
                checked += 1
    assert checked == sum(known[row]["n_by_h"])


def test_references_are_two_and_their_seasonal_forms():
    assert [model.name for model in references(1)] == ["naive", "climatology"]
    assert [model.name for model in references(12)] == [
        "naive",
        "climatology",
        "seasonal-naive",
        "seasonal-climatology",
    ]
    assert {model.family for model in references(12)} == {"reference"}


def test_drift_is_no_reference():
    assert DRIFT.family == "other"


@given(
    st.sampled_from(ALL),
    vectors(min_size=4, low=-100, high=100),
    st.floats(0.1, 10).flatmap(lambda a: st.sampled_from([a, -a])),
    st.floats(-100, 100),
)
def test_equivariance(model, values, a, b):
    """A forecast of a y + b is a times the forecast of y, plus b."""
    index = np.arange(len(values))
    plain = run(model, History(values, index, 4), 6)
    moved = run(model, History(a * values + b, index, 4), 6)
    assert moved == pytest.approx([a * value + b for value in plain], abs=1e-9)


@given(vectors(min_size=1, low=-100, high=100))
def test_mean_change_cumulates_to_the_drift_of_the_level(changes):
    level = np.concatenate([[0.0], np.cumsum(changes)])
    by_change = np.cumsum(run(DRIFT, History(changes, np.arange(len(changes)), 1, True), 5))
    by_level = run(DRIFT, History(level, np.arange(len(level))), 5)
    assert level[-1] + by_change == pytest.approx(by_level, abs=1e-8)


def test_what_is_missing_is_stepped_over() -> None:
    values = np.array([1.0, 10, 3, np.nan, 5, np.nan])
    assert naive(values, 1, False, 2).tolist() == [5, 5]
    assert seasonal_naive(values, 2, False, 3).tolist() == [5, 10, 5]
    assert climatology(values, 1, False, 1).tolist() == [4.75]
    assert seasonal_climatology(values, 2, False, 2).tolist() == [3, 10]
    assert drift(values, 1, False, 2).tolist() == [7, 8]
    assert drift(values, 1, True, 1).tolist() == [4.75]
    with pytest.raises(SeriesTooShortError, match="holds no value"):
        naive(np.full(3, np.nan), 1, False, 1)
    with pytest.raises(SeriesTooShortError, match="2 observations holds no whole season of 2"):
        seasonal_naive(np.array([1.0, np.nan]), 2, False, 1)
