"""Breaks and outliers: by hand, planted, and absent."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.stats import kstwobign

from forecastkit.diagnostics.stability import find_outliers, mean_break, variance_break
from forecastkit.errors import MissingValuesError, SeriesTooShortError


def test_mean_break_by_hand():
    """Ten zeros, ten ones: deviations sum to -5 after the tenth, their own deviation is .5: 10 / sqrt(20)."""
    found = mean_break(np.repeat([0.0, 1.0], 10))
    assert found.test.statistic == pytest.approx(10 / np.sqrt(20), rel=1e-12)
    assert found.test.p_value == pytest.approx(kstwobign.sf(10 / np.sqrt(20)), rel=1e-10)
    assert (found.position, found.before, found.after) == (10, 0.0, 1.0)


def test_memory_widens_what_counts_as_chance():
    values = np.repeat([0.0, 1.0], 10)
    assert mean_break(values, memory=2.0).test.statistic == pytest.approx(5 / np.sqrt(20), rel=1e-12)
    assert not mean_break(values, memory=2.0).test.rejected


def test_the_nile_falls_after_1898(series_values):
    found = mean_break(series_values("nile"), memory=1.5)
    assert found.test.rejected
    assert 1871 + found.position == 1899
    assert found.before == pytest.approx(1097.75, abs=0.01)
    assert found.after == pytest.approx(849.97, abs=0.01)


def test_a_planted_change_of_variance_is_found(rng):
    values = rng.normal(size=300) * np.repeat([1.0, 3.0], 150)
    found = variance_break(values)
    assert found.test.rejected
    assert abs(found.position - 150) < 15
    assert 2.5 < found.after / found.before < 3.5


def test_size_of_both_tests():
    noise = [np.random.default_rng(seed).normal(size=200) for seed in range(200)]
    heavy = [np.random.default_rng(seed).standard_t(5, size=200) for seed in range(200)]
    assert sum(mean_break(e).test.rejected for e in noise) <= 17
    assert sum(variance_break(e).test.rejected for e in noise) <= 17
    assert sum(variance_break(e).test.rejected for e in heavy) <= 17


def test_planted_outliers_are_found_in_order(rng):
    values = rng.normal(size=200)
    values[[20, 90]] = 30.0, -60.0
    assert [o.position for o in find_outliers(values)] == [90, 20]
    assert find_outliers(values)[0].score < -40


def test_outliers_by_hand():
    """Median 3, MAD 1: 100 lies 97 / 1.4826 robust deviations away; the quantile at 1 - .01 / 2 is 2.58."""
    (found,) = find_outliers(np.array([1.0, 2.0, 3.0, 4.0, 100.0]))
    assert (found.position, found.score) == (4, pytest.approx(97 / 1.4826, rel=1e-12))


def test_normal_noise_has_outliers_in_few_samples():
    found = [find_outliers(np.random.default_rng(seed).normal(size=100)) for seed in range(100)]
    assert sum(map(bool, found)) <= 18


def test_constant_short_or_missing(rng):
    assert mean_break(np.full(30, 2.0)).test.reason == "the values are constant"
    assert variance_break(np.resize([1.0, -1.0], 30)).test.reason == "all residuals are equally large"
    assert variance_break(np.zeros(30)).position is None
    assert find_outliers(np.array([0.0] * 9 + [5.0])) == ()
    for test in (mean_break, variance_break):
        with pytest.raises(SeriesTooShortError, match="given 19 values and needs 20"):
            test(rng.normal(size=19))
        with pytest.raises(MissingValuesError):
            test(np.full(30, np.nan))
