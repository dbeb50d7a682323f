"""Transforms: there and back, and no look ahead."""

from __future__ import annotations

import re

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from strategies import positive_vectors

from forecastkit.errors import DataError, PlanError
from forecastkit.series.fitted_scales import box_cox_lambda
from forecastkit.series.transforms import TRANSFORMS, find_transform

NAMES = ("none", "log", "log-return", "difference")
FITTED = (
    "box-cox",
    "standardise",
    "log+difference",
    "box-cox+standardise",
    "standardise+difference",
    "log+standardise",
)
names = st.sampled_from(NAMES)


def test_these_names():
    assert tuple(TRANSFORMS) == (*NAMES, "seasonal-difference", "box-cox", "standardise")


@pytest.mark.parametrize(
    ("name", "seen"),
    [
        ("none", [1.0, 2.0, 8.0]),
        ("log", [0.0, np.log(2), np.log(8)]),
        ("log-return", [np.log(2), np.log(4)]),
        ("difference", [1.0, 6.0]),
    ],
)
def test_what_the_models_see(name, seen):
    assert find_transform(name).forward(np.array([1.0, 2.0, 8.0])) == pytest.approx(seen, rel=1e-15)


@pytest.mark.parametrize(
    ("name", "scored"),
    [
        ("none", [0.1, 0.2]),
        ("log", [np.exp(0.1), np.exp(0.2)]),
        ("log-return", [0.1, 0.3]),
        ("difference", [4.1, 4.3]),
    ],
)
def test_what_a_path_becomes_after_a_last_value_of_four(name, scored):
    assert find_transform(name).backward(np.array([0.1, 0.2]), 4.0) == pytest.approx(scored, rel=1e-15)


def test_log_returns_are_scored_as_the_move_since_the_origin():
    actual = find_transform("log-return").actual(np.array([110.0, 121.0]), 100.0)
    assert actual == pytest.approx([np.log(1.1), np.log(1.21)], rel=1e-15)


@given(names, positive_vectors(min_size=2), st.data())
def test_backward_undoes_forward(name, values, data):
    """What the models would have to forecast, taken back, is what came."""
    transform = find_transform(name)
    origin = data.draw(st.integers(1, len(values) - 1))
    seen_later = transform.forward(values)[origin - transform.changes :]
    actual = transform.actual(values[origin:], values[origin - 1])
    assert transform.backward(seen_later, values[origin - 1]) == pytest.approx(
        actual, rel=1e-9, abs=1e-9 * values.max()
    )


@given(names, positive_vectors(min_size=2), st.data())
def test_actual_is_a_difference_on_the_scored_scale(name, values, data):
    """`scored` is the scale of MASE: moves on it are the moves that are scored."""
    transform = find_transform(name)
    origin = data.draw(st.integers(1, len(values) - 1))
    scored = transform.scored(values)
    reference = scored[origin - 1] if transform.relative else 0.0
    assert np.array_equal(transform.actual(values[origin:], values[origin - 1]), scored[origin:] - reference)


@given(names, positive_vectors(min_size=2), st.data())
def test_no_look_ahead(name, values, data):
    """What is seen of a prefix is bit for bit the prefix of what is seen of the whole."""
    transform = find_transform(name)
    stop = data.draw(st.integers(1 + transform.changes, len(values)))
    poisoned = np.concatenate([values[:stop], np.full(len(values) - stop, 1e9)])
    seen = transform.forward(values[:stop])
    assert np.array_equal(seen, transform.forward(values)[: len(seen)])
    assert np.array_equal(seen, transform.forward(poisoned)[: len(seen)])


@given(names, positive_vectors(min_size=3, max_size=3), positive_vectors(min_size=4, max_size=4))
def test_many_paths_at_once_equal_the_loop(name, one, last):
    transform = find_transform(name)
    paths = np.log(np.outer(last, one))
    together = transform.backward(paths, 2.0)
    assert together.shape == (4, 3)
    assert np.array_equal(together, [transform.backward(path, 2.0) for path in paths])


@given(names, st.lists(st.floats(-5, 5), min_size=1, max_size=8), st.floats(0.1, 100.0))
def test_place_is_backward_of_the_cumulated_path(name, path, last):
    """Quantiles of cumulated paths go through `place`, means through `backward`: both end on one scale."""
    transform = find_transform(name)
    moves = np.array(path)
    level = np.cumsum(moves) if transform.changes else moves
    assert np.array_equal(transform.place(level, last), transform.backward(moves, last))


@pytest.mark.parametrize("name", ["log", "log-return"])
@pytest.mark.parametrize("bad", [0.0, -1.5])
def test_logarithm_of_what_is_not_positive_is_refused(name, bad):
    with pytest.raises(DataError) as caught:
        find_transform(name).check(np.array([3.0, bad, -7.0]), "temperature")
    assert str(caught.value) == (
        f"Series 'temperature' has {bad:g} at position 1; transform '{name}' takes logarithms and needs "
        "every value above zero. Use transform 'difference' or 'none'."
    )


@pytest.mark.parametrize("name", ["none", "difference"])
def test_the_others_take_any_sign(name):
    assert find_transform(name).check(np.array([3.0, 0.0, -7.0]), "temperature") is None


def test_unknown_name_is_answered_with_the_nearest():
    with pytest.raises(PlanError, match=r"There is no transform 'log-returns'\. Did you mean log-return"):
        find_transform("log-returns")


prices = st.lists(st.floats(0.5, 50.0), min_size=8, max_size=30).map(np.array)


class TestFitted:
    @pytest.mark.parametrize("name", FITTED)
    @given(prices, st.data())
    def test_backward_undoes_forward(self, name, values, data):
        assume(np.ptp(values[:5]) > 0.1)
        transform = find_transform(name).fit(values[:5])
        origin = data.draw(st.integers(5, len(values) - 1))
        seen_later = transform.forward(values)[origin - transform.changes :]
        assert transform.backward(seen_later, values[origin - 1]) == pytest.approx(values[origin:], rel=1e-6)

    @pytest.mark.parametrize("name", FITTED)
    def test_the_fit_is_all_that_the_past_decides(self, name):
        values = np.random.default_rng(2).uniform(1, 9, size=40)
        poisoned = np.concatenate([values[:30], np.full(10, 1e9)])
        one, two = (find_transform(name).fit(x[:20]).forward(x[:30]) for x in (values, poisoned))
        assert one.tobytes() == two.tobytes()

    def test_lambda_equals_that_of_scipy(self):
        from scipy.stats import boxcox_normmax

        values = np.random.default_rng(3).gamma(3.0, size=300)
        assert box_cox_lambda(values) == pytest.approx(boxcox_normmax(values, method="mle"), abs=1e-5)

    def test_standardised_values_have_mean_zero_and_spread_one(self):
        values = np.array([1.0, 3.0, 5.0, 7.0])
        seen = find_transform("standardise").fit(values).forward(values)
        assert (seen.mean(), seen.std()) == pytest.approx((0.0, 1.0), abs=1e-15)

    def test_log_then_difference_by_hand(self):
        transform = find_transform("log+difference").fit(np.ones(3))
        assert transform.forward(np.array([1.0, 2.0, 8.0])) == pytest.approx([np.log(2), np.log(4)])
        assert transform.backward(np.log([2.0, 3.0]), 5.0) == pytest.approx([10.0, 30.0])
        assert (transform.changes, transform.relative, transform.positive) == (True, False, True)

    @pytest.mark.parametrize(
        "name", ["difference+log", "log-return+standardise", "none+log", "standardise+log"]
    )
    def test_what_cannot_be_joined_is_refused(self, name):
        with pytest.raises(PlanError, match=f"Transform '{re.escape(name)}'"):
            find_transform(name)

    def test_before_the_fit_nothing_is_seen(self):
        with pytest.raises(PlanError, match="used before it was fitted"):
            find_transform("box-cox").forward(np.ones(3))


class TestSeasonalDifference:
    def test_by_hand(self):
        """Season 2: changes against two steps ago; a path of three reaches beyond one season."""
        transform = find_transform("seasonal-difference").fit(np.ones(4), 2)
        past = np.array([1.0, 2.0, 4.0, 8.0])
        assert transform.forward(past).tolist() == [3.0, 6.0]
        assert transform.backward(np.array([1.0, 1.0, 1.0]), past).tolist() == [5.0, 9.0, 6.0]
        assert not transform.places_quantiles

    @given(
        st.lists(st.floats(0.5, 50.0), min_size=9, max_size=30).map(np.array), st.integers(2, 4), st.data()
    )
    def test_backward_undoes_forward(self, values, period, data):
        origin = data.draw(st.integers(period, len(values) - 1))
        for name in ("seasonal-difference", "log+seasonal-difference"):
            transform = find_transform(name).fit(values[:origin], period)
            path = transform.forward(values)[origin - period :]
            assert transform.backward(path, values[:origin]) == pytest.approx(values[origin:], rel=1e-9)

    def test_a_series_without_a_season_is_refused(self):
        with pytest.raises(PlanError, match=r"for a series without a season\. Give its period"):
            find_transform("seasonal-difference").fit(np.ones(4), 1)

    def test_a_past_of_less_than_a_season_is_refused(self):
        transform = find_transform("seasonal-difference").fit(np.ones(9), 4)
        with pytest.raises(PlanError, match="a season of 4 is needed"):
            transform.backward(np.ones(2), np.ones(3))


class TestUnbiased:
    def test_the_mean_of_a_lognormal(self):
        transform = find_transform("log+unbiased")
        path, spread = np.array([0.1, 0.5]), np.array([0.2, 0.8])
        assert transform.expected(path, spread, 1.0) == pytest.approx(np.exp(path + spread**2 / 2), rel=1e-9)
        assert transform.backward(path, 1.0) == pytest.approx(np.exp(path))

    def test_changes_are_added_up_first(self):
        transform = find_transform("log+difference+unbiased").fit(np.ones(3))
        found = transform.expected(np.array([0.1, 0.2]), np.array([0.3, 0.4]), np.array([9.0, 2.0]))
        assert found == pytest.approx(2 * np.exp([0.1 + 0.045, 0.3 + 0.08]), rel=1e-9)

    def test_without_spread_nothing_changes(self):
        transform = find_transform("box-cox+unbiased").fit(np.array([1.0, 2.0, 5.0, 3.0]))
        path = np.array([0.3, 0.9])
        assert transform.expected(path, np.zeros(2), 1.0) == pytest.approx(transform.backward(path, 1.0))

    @pytest.mark.parametrize("name", ["log-return+unbiased", "seasonal-difference+unbiased"])
    def test_where_no_mean_is_known_it_is_refused(self, name):
        with pytest.raises(PlanError, match=f"Transform '{re.escape(name)}'"):
            find_transform(name)
