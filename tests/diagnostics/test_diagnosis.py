"""The diagnosis as a whole: what it finds where the answer is known, and what it refuses."""

from __future__ import annotations

import numpy as np
import pytest

import forecastkit as fk
from forecastkit.diagnostics.diagnosis import pooled_lags
from forecastkit.errors import DataError, MissingValuesError, SeriesTooShortError


@pytest.fixture(scope="module")
def sunspots():
    return fk.diagnose(fk.load("sunspots"))


@pytest.fixture(scope="module")
def co2():
    return fk.diagnose(fk.load("co2"))


def test_sunspots(sunspots):
    assert (sunspots.cycles[0].period, sunspots.season, sunspots.nonlinearity) == (11, None, "mean")
    assert sunspots.roots.differ
    assert "1956-01-01" in repr(sunspots)


def test_co2(co2):
    assert (co2.roots.advice, co2.cycles[0].period) == ("differences", 12)
    assert co2.strength > 0.95
    assert co2.season.rejected
    assert "The season of 12 is strong" in repr(co2)


def test_a_linear_process_holds_nothing_and_a_threshold_does():
    linear = [fk.diagnose(fk.load(f"synthetic:ar2?n=300&seed={seed}")).nonlinearity for seed in range(12)]
    assert linear.count("mean") <= 2
    values = np.zeros(400)
    for t, e in enumerate(np.random.default_rng(1).normal(size=399), start=1):
        values[t] = (0.7 if values[t - 1] < 0 else -0.7) * values[t - 1] + e
    assert fk.diagnose(values).nonlinearity == "mean"


def test_returns_hold_something_in_the_variance_only():
    found = fk.diagnose(fk.load("wti"), transform="log-return")
    assert (found.nonlinearity, found.roots.advice, found.transform) == ("variance", "levels", "log-return")
    assert found.arch.rejected
    assert len(found.values) == len(found.series) - 1


def test_random_walk_and_white_noise():
    noise = np.random.default_rng(3).normal(size=200)
    assert not fk.diagnose(noise).roots.differ
    assert fk.diagnose(noise).fit.p == 0
    assert fk.diagnose(noise.cumsum()).roots.differ


def test_equal_seeds_give_equal_findings(sunspots):
    again = fk.diagnose(fk.load("sunspots"))
    assert repr(again) == repr(sunspots)
    assert again.linearity_tests == sunspots.linearity_tests


def test_an_exact_series_leaves_nothing_to_test():
    found = fk.diagnose(np.resize([1.0, 4.0, 2.0], 90))
    assert found.exact
    assert (found.nonlinearity, found.outliers) == ("untested", ())
    assert repr(found).startswith("An autoregression fits the series exactly")


def test_shocks_are_placed_in_the_series(rng):
    values = rng.normal(size=120)
    values[77] = 25.0
    found = fk.diagnose(values)
    assert found.position(found.outliers[0].position) == 77
    walk = values.cumsum()
    found = fk.diagnose(walk)
    assert found.roots.differ
    assert found.position(found.outliers[0].position) == 77


def test_what_is_refused(rng):
    with pytest.raises(SeriesTooShortError, match="leaves 39 values to diagnose; 40 are needed"):
        fk.diagnose(rng.normal(size=39))
    with pytest.raises(DataError, match="is constant, so there is nothing to diagnose"):
        fk.diagnose(np.full(60, 4.0))
    with pytest.raises(MissingValuesError):
        fk.diagnose([1.0, np.nan] * 30)
    assert fk.diagnose(rng.normal(size=40)).fit.p <= 4


def test_pooled_lags():
    assert [pooled_lags(*case) for case in ((200, 1), (30, 1), (200, 12), (60, 12))] == [10, 6, 24, 12]
