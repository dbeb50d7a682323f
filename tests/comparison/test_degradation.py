"""Skill horizons: the fixed sequence, its three ends, and the small loss cube."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from strategies import p_values

from forecastkit.comparison.adjustment import holm
from forecastkit.comparison.degradation import (
    SkillHorizon,
    describe_degradation,
    growth_exponent,
    half_skill_horizon,
    horizon_interval,
    linear_bound,
    plateau,
    predictability_horizon,
    significant_set,
    skill_horizon,
    stated_variance,
)
from forecastkit.comparison.resampling import resample
from forecastkit.comparison.significance import diebold_mariano

NAN = float("nan")


@pytest.mark.parametrize(
    ("p", "h", "limit", "text"),
    [
        ([0.01, 0.02, 0.2, 0.03], 2, "skill", "2"),
        ([0.2, 0.01, 0.01], 0, "skill", "0"),
        ([0.01, 0.05, 0.051], 2, "skill", "2"),
        ([0.01, 0.01], 2, "H", "at least 2"),
        ([0.01, NAN, 0.01], 1, "data", "at least 1"),
        ([NAN, 0.01], 0, "data", "at least 0"),
        ([0.01, 0.9, NAN], 1, "skill", "1"),
    ],
)
def test_by_hand(p, h, limit, text):
    found = skill_horizon(np.array(p), 0.05)
    assert found == SkillHorizon(h, limit)
    assert str(found) == text


@pytest.mark.parametrize("index", range(5))
def test_agrees_with_the_reference(index, reference):
    case = reference("degradation")["from_pvalues"][index]
    found = skill_horizon(np.array(case["p"]), 0.05)
    assert found.h == case["skill_horizon"]
    assert found.limit == ("H" if case["censored"] else "skill")


@pytest.mark.parametrize("model", ["ar", "rnn"])
def test_small_loss_cube(model, reference):
    """One-sided DM-HLN against naive, and the horizon at which it stops."""
    cube = reference("degradation")
    losses, naive = np.array(cube[f"{model}_loss"]), np.array(cube["naive_loss"])
    tests = [diebold_mariano(losses[:, h - 1] - naive[:, h - 1], h, 1, "less") for h in range(1, 9)]
    p = np.array([test.p_value for test in tests])
    assert p == pytest.approx(cube[model]["dm_p_less"], rel=1e-8)
    assert {test.reason for test in tests} == {""}
    assert set(cube[model]["variance_kind"]) == {"rectangular"}
    assert 1 - losses.mean(axis=0) / naive.mean(axis=0) == pytest.approx(cube[model]["skill"], rel=1e-8)
    assert skill_horizon(p, 0.05) == SkillHorizon(cube[model]["skill_horizon_fixed_sequence"], "skill")
    skill = 1 - losses.mean(axis=0) / naive.mean(axis=0)
    assert half_skill_horizon(skill) == cube[model]["half_skill_horizon"]


@given(p_values(), st.floats(0.001, 0.5))
def test_is_the_length_of_the_first_run_of_rejections(p, alpha):
    found = skill_horizon(p, alpha)
    assert (p[: found.h] <= alpha).all()
    if found.h == len(p):
        assert found.limit == "H"
    else:
        assert not p[found.h] <= alpha
        assert found.limit == ("data" if np.isnan(p[found.h]) else "skill")


class TestSignificantSet:
    def test_by_hand(self):
        """Holm over four: .01 * 4 = .04 and .012 * 3 = .036, raised to .04; .03 * 2 = .06."""
        assert significant_set(np.array([0.9, 0.01, 0.03, 0.012]), 0.05) == (2, 4)

    def test_steps_without_a_test_are_no_part_of_it(self):
        assert significant_set(np.array([NAN, 0.04, NAN]), 0.05) == (2,)
        assert significant_set(np.array([NAN, NAN]), 0.05) == ()

    def test_finds_skill_that_comes_late(self):
        """A seasonal model: nothing at h = 1, much at h = 12."""
        p = np.full(12, 0.8)
        p[11] = 0.001
        assert skill_horizon(p, 0.05).h == 0
        assert significant_set(p, 0.05) == (12,)

    @given(p_values())
    def test_is_what_holm_leaves(self, p):
        assert significant_set(p, 0.05) == tuple(h for h, a in enumerate(holm(p), start=1) if a <= 0.05)


class TestGrowth:
    def test_a_random_walk_has_exponent_one_and_noise_none(self):
        h = np.arange(1, 13.0)
        assert growth_exponent(np.stack([3 * h, 0 * h + 2, h**0.5])) == pytest.approx(
            [1.0, 0.0, 0.5], abs=1e-12
        )

    @pytest.mark.parametrize(
        ("ratio", "h"), [([0.5, 0.96, 0.99], 2), ([0.5, 0.6], None), ([1.0, 1.2], 1), ([0.96, 0.5, 0.97], 3)]
    )
    def test_plateau(self, ratio, h):
        assert plateau(np.array(ratio)) == h

    @pytest.mark.parametrize(
        ("skill", "h"), [([0.8, 0.5, 0.4], 3), ([0.8, 0.7], None), ([-0.1, -0.5], None), ([NAN, 0.2], None)]
    )
    def test_half_skill(self, skill, h):
        assert half_skill_horizon(np.array(skill)) == h

    def drawn(self, n=200):
        rng = np.random.default_rng(2)
        h = np.arange(1, 5.0)
        losses = {"climatology": 5.0 + 0 * h, "ar": h, "oracle": h / 1.1, "zero": 0 * h}
        return resample({m: x * rng.chisquare(4, size=(n, 1)) / 4 for m, x in losses.items()}, 1, rng=rng)

    def test_describes_a_model(self):
        found = describe_degradation(
            self.drawn(), "ar", np.array([0.8, 0.6, 0.4, 0.2]), climatology="climatology", oracle="oracle"
        )
        assert found.exponent == pytest.approx(1.0, abs=0.15)
        assert found.exponent_interval[0] <= found.exponent <= found.exponent_interval[1]
        assert (found.plateau, found.half_skill) == (None, 3)
        assert found.regret == pytest.approx([1.1] * 4, rel=0.15)

    def test_without_origins_or_losses_or_oracle(self):
        nothing = describe_degradation(self.drawn(0), "ar", np.full(4, NAN), climatology=None, oracle=None)
        assert (nothing.exponent, nothing.plateau, nothing.regret) == (None, None, None)
        perfect = describe_degradation(self.drawn(), "zero", np.ones(4), climatology="zero", oracle=None)
        assert (perfect.exponent, perfect.plateau) == (None, None)
        assert np.isnan(perfect.of_climatology).all()


class TestHorizonInterval:
    def test_clear_cases_do_not_move(self, rng):
        losses = {"ref": 4 + rng.normal(size=(100, 4)), "a": 1 + rng.normal(size=(100, 4))}
        losses["a"][:, 2:] += 6
        found = horizon_interval(
            resample(losses, 1, rng=rng), "a", ["ref"], np.array([1e-9, 1e-9, 0.9, 0.9]), 0.05
        )
        assert found == (2, 2)

    def test_holds_what_was_found_and_ends_where_tests_end(self, rng):
        losses = {"ref": 4 + rng.normal(size=(100, 3)), "a": 3.8 + rng.normal(size=(100, 3))}
        p = np.array([0.04, 0.06, NAN])
        low, high = horizon_interval(resample(losses, 1, rng=rng), "a", ["ref"], p, 0.05)
        assert low <= 1 <= high <= 2

    def test_too_few_blocks(self, rng):
        losses = {"ref": rng.normal(size=(20, 6)) ** 2, "a": rng.normal(size=(20, 6)) ** 2}
        assert horizon_interval(resample(losses, 1, rng=rng), "a", ["ref"], np.ones(6), 0.05) is None


class TestLinearBound:
    LEVELS = (0.025, 0.1, 0.9, 0.975)

    def test_reads_the_variance_of_the_fitted_ar(self):
        """AR(1) .8: sigma^2 sum psi_j^2 = 1, 1.64, 2.0496 at h = 1..3."""
        variance = np.array([1.0, 1.64, 2.0496])
        z = np.array([-1.959963984540054, -1.2815515655446004, 1.2815515655446004, 1.959963984540054])
        quantiles = 5 + np.sqrt(variance)[None, :, None] * z * np.ones((7, 1, 1))
        assert stated_variance(quantiles, self.LEVELS) == pytest.approx(variance, rel=1e-9)

    def test_other_quantiles_state_no_variance(self, rng):
        assert stated_variance(np.sort(rng.normal(size=(4, 3, 4)), axis=-1), self.LEVELS) is None
        assert stated_variance(np.full((4, 3, 4), NAN), self.LEVELS) is None
        assert stated_variance(np.zeros((4, 3, 2)), (0.1, 0.9)) is None

    def test_excess_and_limit(self):
        found = linear_bound(np.array([1.0, 1.9, 1.95]), {"ar": np.array([1.0, 3.8, 0.0])}, np.full(3, 2.0))
        assert found.excess["ar"] == pytest.approx([1.0, 2.0, 0.0])
        assert found.limit == 2
        assert linear_bound(np.array([1.0, 2.0]), {}, None).limit is None

    def test_chaos(self):
        """Logistic map, ln 2 per step: 1e-6 grows to 0.1 in 16.6 steps."""
        assert predictability_horizon(np.log(2), 0.1, 1e-6) == pytest.approx(16.6096, abs=1e-4)
