"""Conformal intervals: ranks by hand, the delay rule, coverage, and what is said where errors are few."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from forecastkit.backtesting.intervals import adapt, conformal_quantiles, errors_needed, with_intervals
from forecastkit.errors import PlanError


def columns(errors, horizon=1):
    """Errors (O,) at every h, origins one by one; forecasts are zero."""
    actual = np.repeat(np.asarray(errors, dtype=np.float64)[:, None], horizon, axis=1)
    return np.zeros_like(actual), actual, np.arange(10, 10 + len(actual))


def last_row(errors, levels, **settings):
    """Quantiles at an origin that follows all of these errors, h = 1."""
    return conformal_quantiles(*columns([*errors, 0.0]), levels, **settings).values[-1, 0]


def test_signed_ranks_equal_the_reference(reference):
    case = reference("conformal")["signed"]
    low, high = case["alpha"] / 2, 1 - case["alpha"] / 2
    assert last_row(case["errors"], [low, high]).tolist() == [case["lower_q"], case["upper_q"]]


@pytest.mark.parametrize("alpha", ["0.05", "0.1", "0.2", "0.5"])
def test_symmetric_ranks_equal_the_reference(reference, alpha):
    case = reference("conformal")
    levels = [float(alpha) / 2, 1 - float(alpha) / 2]
    q = case["split"][alpha]["q"]
    assert last_row(case["scores"], levels, symmetric=True).tolist() == [-q, q]


def test_adaptive_levels_equal_the_reference_path(reference):
    case = reference("conformal")["aci"]
    path = [np.array([case["target"]])]
    for miss in case["miss"]:
        path.append(adapt(path[-1], path[0], np.array([miss]), case["gamma"]))
    np.testing.assert_allclose(np.concatenate(path), case["alpha_path"], atol=1e-15)


def test_each_horizon_waits_until_its_target_has_come():
    mean, actual, origins = columns(np.arange(1.0, 9.0), horizon=3)
    known = conformal_quantiles(mean, actual, origins, [0.25, 0.75]).past_errors
    assert known[:, 0].tolist() == [0, 1, 2, 3, 4, 5, 6, 7]
    assert known[:, 2].tolist() == [0, 0, 0, 1, 2, 3, 4, 5]


def test_origins_apart_overlap_less():
    mean, actual, _ = columns(np.arange(1.0, 6.0), horizon=4)
    known = conformal_quantiles(mean, actual, np.array([10, 13, 16, 19, 22]), [0.25, 0.75]).past_errors
    assert known[:, 2].tolist() == [0, 1, 2, 3, 4]  # 3 steps later the target of h = 3 has just come
    assert known[:, 3].tolist() == [0, 0, 1, 2, 3]


def test_quantiles_by_hand():
    # n = 3: level 1/4 takes rank 1, 3/4 rank 3; the median is the middle error
    assert last_row([5.0, -2.0, 1.0], [0.25, 0.5, 0.75]).tolist() == [-2.0, 1.0, 5.0]
    assert last_row([5.0, -2.0, 1.0, 9.0, 9.0, 9.0], [0.25, 0.75], window=3).tolist() == [9.0, 9.0]


@given(
    st.lists(st.floats(-100, 100), min_size=6, max_size=30),
    st.integers(0, 29),
    st.sampled_from([0.0, 0.05]),
    st.booleans(),
)
def test_what_comes_after_an_origin_changes_nothing(errors, at, gamma, symmetric):
    at = at % len(errors)
    mean, actual, origins = columns(errors, horizon=3)
    changed = actual.copy()
    for h in range(1, 4):
        changed[origins > origins[at] - h, h - 1] = 1e9
    settings = {"gamma": gamma, "symmetric": symmetric}
    before = conformal_quantiles(mean, actual, origins, [0.2, 0.5, 0.8], **settings).values[: at + 1]
    after = conformal_quantiles(mean, changed, origins, [0.2, 0.5, 0.8], **settings).values[: at + 1]
    assert before.tobytes() == after.tobytes()


def test_coverage_of_exchangeable_errors_is_nominal(rng):
    mean, actual, origins = columns(rng.standard_t(5, size=3000))
    for settings in ({}, {"symmetric": True}, {"window": 200}, {"gamma": 0.02}):
        found = conformal_quantiles(mean, actual, origins, [0.1, 0.9], **settings).values
        inside = (found[100:, 0, 0] <= actual[100:, 0]) & (actual[100:, 0] <= found[100:, 0, 1])
        assert inside.mean() == pytest.approx(0.8, abs=0.025)


def test_adaptive_levels_follow_a_break_that_fixed_ones_miss(rng):
    errors = np.concatenate([rng.normal(size=300), 3 * rng.normal(size=200)])
    mean, actual, origins = columns(errors)

    def coverage(**settings):
        found = conformal_quantiles(mean, actual, origins, [0.05, 0.95], **settings).values[300:, 0]
        return ((found[:, 0] <= errors[300:]) & (errors[300:] <= found[:, 1])).mean()

    assert coverage(gamma=0.05) > coverage() + 0.08
    assert coverage(gamma=0.05) == pytest.approx(0.9, abs=0.05)


def test_too_few_errors_give_an_infinite_bound_with_its_reason():
    found = conformal_quantiles(*columns(np.arange(40.0)), [0.025, 0.5, 0.975])
    assert found.needed == (39, 1, 39)
    assert found.values[38, 0].tolist() == [-np.inf, 18.5, np.inf]
    assert np.isfinite(found.values[39]).all()
    assert found.reason(39, 1, 0.975) is None
    assert found.reason(38, 1, 0.975) == (
        "38 errors at h = 1 were known at this origin; level 0.975 needs 39. Use more origins, or a level "
        "closer to one half."
    )
    assert not np.isnan(found.values).any()
    assert found.per_step[0] == 19.5


def test_a_failed_origin_is_no_error():
    mean, actual, origins = columns([1.0, 2.0, 3.0, 4.0])
    mean[1] = np.nan
    found = conformal_quantiles(mean, actual, origins, [0.25, 0.75])
    assert found.past_errors[:, 0].tolist() == [0, 1, 1, 2]


def test_errors_needed():
    assert [errors_needed(q) for q in (0.1, 0.9, 0.025)] == [9, 9, 39]


@pytest.mark.parametrize(
    "settings", [{"levels": [0.9, 0.1]}, {"levels": [0.0]}, {"window": 0}, {"gamma": 1.0}, {"levels": []}]
)
def test_settings_that_make_no_sense_are_refused(settings):
    with pytest.raises(PlanError, match="given"):
        conformal_quantiles(*columns([1.0, 2.0]), **{"levels": [0.5], **settings})


class TestWithIntervals:
    @pytest.fixture
    def made(self, planted, rng):
        errors = {name: rng.normal(size=(60, 2)) for name in ("naive", "ar", "other")}
        return planted(errors, {"naive": "reference", "ar": "ar", "other": "other"})

    def test_models_without_quantiles_get_them_where_errors_were_known(self, made):
        """80 % needs 9 errors: at h = 1 from the tenth origin on, at h = 2 one later."""
        found = with_intervals(made, "conformal")
        assert list(found.quantiles) == ["ar", "other"]
        eighty = np.isfinite(found.quantiles["ar"][:, :, found.levels.index(0.1)])
        assert eighty.argmax(axis=0).tolist() == [9, 10]
        values = conformal_quantiles(made.of("ar"), made.actual, made.origins).values
        known = np.isfinite(values)
        assert found.quantiles["ar"][known].tolist() == values[known].tolist()
        assert found.settings["notes"][0].startswith("Intervals of ar, other come from their own past errors")

    def test_adaptive_ones_move_and_own_ones_stay(self, made):
        fixed, adaptive = (with_intervals(made, name) for name in ("conformal", "adaptive"))
        assert (fixed.quantiles["ar"][-1] != adaptive.quantiles["ar"][-1]).any()
        again = with_intervals(fixed, "adaptive")
        assert again is fixed
        assert with_intervals(made, "own") is made

    def test_another_word_is_refused(self, made):
        with pytest.raises(PlanError, match="There are no intervals 'conformel'"):
            with_intervals(made, "conformel")
