"""What could have been found: by simulation, by hand, and the way back."""

from __future__ import annotations

import numpy as np
import pytest

from forecastkit.comparison.power import detectable_skill, origins_needed
from forecastkit.comparison.significance import AccuracyTest, ewc


def test_a_skill_of_that_size_is_found_four_times_in_five():
    """N(0, 1) differentials around -delta: the share of rejections is the power asked for."""
    rng = np.random.default_rng(8)
    delta = np.mean([detectable_skill(ewc(rng.normal(size=200), 1), 1.0, 0.05) for _ in range(200)])
    found = [ewc(rng.normal(size=200) - delta, 1, 1, "less").p_value <= 0.05 for _ in range(400)]
    assert np.mean(found) == pytest.approx(0.8, abs=0.06)


def test_by_hand():
    """Normal limit: (1.645 + 0.842) * 0.1 / 2 = 0.124; with 14 degrees a little more."""
    test = AccuracyTest("EWC", -2.0, 0.03, 14, 200, standard_error=0.1)
    assert 0.124 < detectable_skill(test, 2.0, 0.05) < 0.135
    assert detectable_skill(test, 2.0, 0.05, power=0.5) < 0.1
    large = AccuracyTest("DM-HLN", -2.0, 0.03, 100_000, 100_001, standard_error=0.1)
    assert detectable_skill(large, 2.0, 0.05) == pytest.approx(0.12432, abs=1e-4)


def test_origins_needed_is_the_way_back(rng):
    test = ewc(rng.normal(size=200), 4)
    skill = detectable_skill(test, 1.0, 0.05)
    assert origins_needed(skill * 1.0001, test, 1.0, 4, 0.05) == pytest.approx(200, abs=25)
    few, many = (origins_needed(s, test, 1.0, 4, 0.05) for s in (2 * skill, skill / 2))
    assert few < 200 < many
    assert many == pytest.approx(800, rel=0.15)


def test_what_has_no_answer():
    untested = AccuracyTest("EWC", None, None, 0, 8, "not enough origins: 8 at overlap 1")
    tested = AccuracyTest("EWC", -1.0, 0.2, 5, 60, standard_error=1.0)
    assert np.isnan(detectable_skill(untested, 1.0, 0.05))
    assert np.isnan(detectable_skill(tested, 0.0, 0.05))
    assert origins_needed(0.1, untested, 1.0, 1, 0.05) is None
    assert origins_needed(0.0, tested, 1.0, 1, 0.05) is None
    assert origins_needed(1e-9, tested, 1.0, 1, 0.05) is None
