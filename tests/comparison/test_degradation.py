"""Skill horizons: the fixed sequence, its three ends, and the small loss cube."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from strategies import p_values

from forecastkit.comparison.adjustment import holm
from forecastkit.comparison.degradation import SkillHorizon, significant_set, skill_horizon
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
