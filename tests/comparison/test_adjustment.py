"""Adjusted p-values: by hand, R's numbers, statsmodels' numbers."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from statsmodels.stats.multitest import multipletests
from strategies import p_values

from forecastkit.comparison.adjustment import false_discovery_rate, holm


class TestHolm:
    def test_by_hand(self):
        """Smallest first: 3 * .01 = .03; 2 * .02 = .04; 1 * .035 = .035, raised to .04."""
        assert holm(np.array([0.02, 0.01, 0.035])) == pytest.approx([0.04, 0.03, 0.04], rel=1e-14)

    def test_agrees_with_r(self, reference):
        known = reference("p_adjust")
        assert holm(np.array(known["p"], dtype=np.float64)) == pytest.approx(
            known["adjusted"]["holm"], rel=1e-12
        )

    def test_absent_tests_are_not_counted(self):
        adjusted = holm(np.array([np.nan, 0.01, np.nan, 0.04]))
        assert adjusted == pytest.approx([np.nan, 0.02, np.nan, 0.04], rel=1e-14, nan_ok=True)

    def test_nothing_to_adjust(self):
        assert holm(np.array([])).shape == (0,)
        assert np.isnan(holm(np.array([np.nan, np.nan]))).tolist() == [True, True]

    @settings(max_examples=12)  # statsmodels collects garbage at every call
    @given(p_values())
    def test_agrees_with_statsmodels_and_keeps_the_order(self, p):
        adjusted, tested = holm(p), ~np.isnan(p)
        assert np.isnan(adjusted).tolist() == np.isnan(p).tolist()
        if tested.any():
            theirs = multipletests(p[tested], method="holm")[1]
            assert adjusted[tested] == pytest.approx(theirs, rel=1e-12, abs=1e-300)
            assert (adjusted[tested] >= p[tested]).all()
            assert (np.diff(adjusted[tested][np.argsort(p[tested], kind="stable")]) >= 0).all()


class TestFalseDiscoveryRate:
    def test_agrees_with_r(self, reference):
        known = reference("p_adjust")
        adjusted = false_discovery_rate(np.array(known["p"], dtype=np.float64))
        assert adjusted == pytest.approx(known["adjusted"]["BH"], rel=1e-12)

    def test_absent_tests_are_not_counted(self):
        adjusted = false_discovery_rate(np.array([np.nan, 0.01, np.nan, 0.04]))
        assert adjusted == pytest.approx([np.nan, 0.02, np.nan, 0.04], rel=1e-14, nan_ok=True)
        assert np.isnan(false_discovery_rate(np.array([np.nan]))).all()

    @given(p_values())
    def test_claims_no_less_than_holm(self, p):
        assert not (false_discovery_rate(p) > holm(p) + 1e-12).any()
