"""ar-weighted: what is tried, what the guard does, and equality with least squares."""

import numpy as np
import pytest

from forecastkit.errors import SeriesTooShortError
from forecastkit.models._ar_variants import Equation, Variant, is_seasonal, variants
from forecastkit.models.weighted import WeightedAutoregression


def fit(history, horizon=12):
    return WeightedAutoregression().fit(history, horizon=horizon, rng=np.random.default_rng(0))


def test_variants_follow_from_the_period_alone():
    found = variants(np.ones(900), 24)
    assert len(found) == 18
    wide = {v.lags for v in found if len(v.lags) == 43}
    assert wide == {(*range(1, 26), *(24 * k + s for k in range(2, 8) for s in (-1, 0, 1)))}
    assert {v.difference for v in found} == {0, 24, 168}
    assert {v.log for v in variants(-np.ones(900), 24)} == {False}
    noise = np.random.default_rng(1).normal(size=301)
    moves = noise[1:] + 0.7 * noise[:-1]
    assert {(v.difference, v.constant) for v in variants(moves, 1, changes=True)} == {(0, False)}


def test_a_short_series_gets_the_lag_sets_it_can_carry():
    assert {max(v.lags) for v in variants(np.ones(120), 12)} == {13}
    assert variants(np.ones(20), 12) == []


def test_an_equation_is_least_squares(rng):
    values = 50 + np.cumsum(rng.normal(size=300)) * 0.2
    equation = Equation.fit(values, Variant((1, 2, 5), False, 0))
    design = np.column_stack([np.ones(295), values[4:-1], values[3:-2], values[:-5]])
    expected = np.linalg.lstsq(design, values[5:], rcond=None)[0]
    np.testing.assert_allclose(equation.phi, expected[1:], atol=1e-3)  # the ridge of 1e-6
    path = equation.paths(values, np.array([len(values)]), 1)
    assert path[0, 0] == pytest.approx(expected @ [1, values[-1], values[-2], values[-5]], abs=1e-3)


def test_a_seasonal_difference_of_logs_is_undone():
    t = np.arange(200)
    values = np.exp(0.01 * t + np.sin(2 * np.pi * t / 4))  # grows by exp(0.04) a season, exactly
    equation = Equation(Variant((1,), True, 4), 0.04, np.zeros(1))
    path = equation.paths(values[:100], np.array([100]), 12)
    np.testing.assert_allclose(path[0], values[100:112], rtol=1e-12)


def test_a_batch_of_origins_equals_each_alone(rng):
    values = 10 + rng.normal(size=200)
    equation = Equation.fit(values, Variant(tuple(range(1, 14)), False, 12))
    origins = np.array([60, 100, 200])
    together = equation.paths(values, origins, 8)
    alone = [equation.paths(values, origins[i : i + 1], 8)[0] for i in range(3)]
    assert together.tobytes() == np.array(alone).tobytes()


@pytest.mark.parametrize("period", [1, 12])
def test_a_random_walk_is_left_to_naive_whatever_season_is_stated(history, period):
    for seed in range(8):
        known = history(np.random.default_rng(seed).normal(size=400).cumsum(), period=period)
        assert fit(known).forecast(known, 24).tolist() == [known.values[-1]] * 24


def test_a_season_is_seen_in_changes_and_believed_where_it_cannot_be_tested(rng):
    season = np.resize([0.0, 2.0, 1.0, 5.0], 80)
    walk = rng.normal(size=80).cumsum()
    assert is_seasonal(walk + season, 4)
    assert not is_seasonal(walk, 4)
    assert is_seasonal(walk[:8], 4)
    assert not is_seasonal(season, 1)
    assert not is_seasonal(np.arange(80.0), 4)


def test_a_season_with_memory_is_forecast_better_than_by_the_last_season(history, rng):
    t = np.arange(460)
    noise = np.zeros(460)
    for i in range(1, 460):
        noise[i] = 0.8 * noise[i - 1] + rng.normal()
    values = 100 + 10 * np.sin(2 * np.pi * t / 12) + noise
    known = history(values[:448], period=12)
    fitted = fit(known)
    error = np.abs(values[448:] - fitted.forecast(known, 12)).mean()
    assert error < 0.9 * np.abs(values[448:] - values[436:448]).mean()
    assert fitted.facts["variants"] > 3


def test_the_guard_leaves_what_repeats_exactly_to_the_base(history):
    values = np.tile([1.0, 5.0, 2.0, 8.0], 40)
    fitted = fit(history(values, period=4), horizon=4)
    assert fitted.parts == ()
    assert fitted.facts["strongest"] == "base"
    assert fitted.forecast(history(values, period=4), 6).tolist() == [1, 5, 2, 8, 1, 5]


def test_a_value_that_turns_negative_drops_the_logarithms(history, rng):
    values = np.exp(rng.normal(size=300).cumsum() * 0.1 + np.sin(np.arange(300) * np.pi / 6))
    fitted = fit(history(values, period=12))
    later = np.append(values, [-1.0, 1.0])
    assert np.isfinite(fitted.forecast(history(later, period=12), 12)).all()
    recipe = WeightedAutoregression(weights=((Variant((1,), True, 0), 1.0),), shrink=1.0)
    refitted = recipe.fit(history(later, period=12), horizon=12, rng=rng)
    assert refitted.forecast(history(later, period=12), 12).tolist() == later[-12:].tolist()


def test_short_and_constant_series_get_the_base(history):
    assert fit(history([3.0] * 50)).forecast(history([3.0] * 50), 2).tolist() == [3.0, 3.0]
    assert fit(history([1.0, 2.0, 3.0])).forecast(history([1.0, 2.0, 3.0]), 2).tolist() == [3.0, 3.0]
    with pytest.raises(SeriesTooShortError, match="hold no whole season of 12"):
        fit(history([1.0, 2.0, 5.0], period=12))
