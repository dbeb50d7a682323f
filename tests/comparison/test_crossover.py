"""Where the lead passes: the reference cases, and what the band permits."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from forecastkit.comparison.bands import Band, difference_band
from forecastkit.comparison.crossover import Crossing, crossing, find_crossover, permitted_changes
from forecastkit.comparison.resampling import resample

WORDS = {
    "crossover": "crossover",
    "AR better throughout": "ar_throughout",
    "RNN better throughout": "rnn_throughout",
    "no single crossing": "no_single_crossing",
}


@pytest.mark.parametrize("index", range(5))
def test_agrees_with_the_reference(index, reference):
    case = reference("degradation")["from_pvalues"][index]
    found = crossing(np.array(case["mean_diff_rnn_minus_ar"], dtype=np.float64))
    assert (found.outcome, found.first) == (WORDS[case["outcome"]], case["crossover"])
    assert found.direction == case.get("direction")
    if "crossover_interpolated" in case:
        assert found.h == pytest.approx(case["crossover_interpolated"], rel=1e-8)


def test_small_loss_cube(reference):
    cube = reference("degradation")
    found = crossing(np.array(cube["mean_diff_rnn_minus_ar"]))
    assert found.first == cube["crossover_first_h_ar_better_to_the_end"]
    assert found.h == pytest.approx(cube["crossover_interpolated"], rel=1e-8)


@pytest.mark.parametrize(
    ("difference", "outcome", "first"),
    [
        ([0.0, 0.0], "equal", None),
        ([0.0, -1.0], "rnn_throughout", None),
        ([-1.0, 0.0, 1.0], "crossover", 3),
        ([1.0], "ar_throughout", None),
    ],
)
def test_zeros_leave_the_lead(difference, outcome, first):
    found = crossing(np.array(difference))
    assert (found.outcome, found.first) == (outcome, first)


def band(low, high):
    low, high = np.array(low, dtype=np.float64), np.array(high, dtype=np.float64)
    return Band((low + high) / 2, low, high, low, high)


def test_permitted_changes_by_hand():
    """Below zero for sure at h = 1, above for sure at h = 4: the change lies at 2, 3 or 4."""
    sure = band([-2, -1, -1, 1], [-1, 1, 1, 2])
    assert permitted_changes(sure, "rnn_then_ar") == (2, 3, 4)
    assert permitted_changes(sure, "ar_then_rnn") == ()
    assert permitted_changes(band([1, 1], [2, 2]), "rnn_then_ar") == ()


@given(st.integers(0, 500))
def test_a_crossing_inside_the_band_is_permitted(seed):
    rng = np.random.default_rng(seed)
    curve = rng.normal(size=6)
    found = crossing(curve)
    wide = band(curve - rng.random(6), curve + rng.random(6))
    if found.direction:
        assert found.first in permitted_changes(wide, found.direction)
        assert found.first - 1 <= found.h <= found.first


class TestFind:
    def drawn(self, scale, n=150):
        rng = np.random.default_rng(6)
        shape = (n, len(scale))
        losses = {"lstm": np.array(scale) * rng.chisquare(4, size=shape), "ar": rng.chisquare(4, size=shape)}
        return resample(losses, 1, rng=rng)

    def test_a_clear_crossing(self):
        drawn = self.drawn([0.3, 0.4, 2.0, 3.0])
        found = find_crossover(drawn, "lstm", "ar", difference_band(drawn, "lstm", "ar"), (1, 2, 3, 4))
        assert found.crossing == Crossing("crossover", 3, found.crossing.h, "rnn_then_ar")
        assert found.confidence_set == (3,)
        assert found.shares["crossover"] > 0.99
        assert found.interval[0] <= found.crossing.h <= found.interval[1]
        assert sum(found.shares.values()) == pytest.approx(1.0)

    def test_only_where_one_has_skill(self):
        drawn = self.drawn([0.3, 0.4, 2.0, 3.0])
        found = find_crossover(drawn, "lstm", "ar", difference_band(drawn, "lstm", "ar"), (1,))
        assert (found.confidence_set, found.reason) == (
            (),
            "neither model has skill where the lead could pass",
        )

    def test_one_leads_throughout(self):
        drawn = self.drawn([0.3, 0.3, 0.3, 0.3])
        found = find_crossover(drawn, "lstm", "ar", difference_band(drawn, "lstm", "ar"), (1, 2))
        assert (found.crossing.outcome, found.confidence_set, found.interval) == ("rnn_throughout", (), None)
        assert found.reason == ""

    def test_at_one_step_ahead_no_lead_can_pass(self):
        drawn = self.drawn([3.0])
        found = find_crossover(drawn, "lstm", "ar", difference_band(drawn, "lstm", "ar"), (1,))
        assert (found.crossing.outcome, found.confidence_set, found.interval) == ("ar_throughout", (), None)
        assert found.shares["ar_throughout"] > 0.99
        assert found.shares["crossover"] == 0.0

    def test_too_few_blocks(self):
        drawn = self.drawn([1.0] * 12, n=30)
        found = find_crossover(drawn, "lstm", "ar", None, (1,))
        assert found.shares is None
        assert found.reason == drawn.reason != ""
