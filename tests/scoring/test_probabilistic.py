"""Scores of distributions: by hand, against reference values and scoringrules, and as properties."""

from __future__ import annotations

import numpy as np
import pytest
import scoringrules
from hypothesis import given
from hypothesis import strategies as st
from strategies import vectors

from forecastkit.errors import PlanError
from forecastkit.scoring.probabilistic import (
    coverage_interval,
    crps_of_normal,
    crps_of_quantiles,
    crps_of_samples,
    interval_score,
    pinball,
    pit_of_normal,
    weighted_quantile_loss,
)


@pytest.fixture(scope="module")
def known(reference) -> dict:
    return {
        name: np.array(value) if isinstance(value, list) else value
        for name, value in reference("scores").items()
    }


class TestAgainstReferenceValues:
    def test_pinball_and_its_means(self, known):
        losses = pinball(known["y"], known["quantiles"], known["taus"])
        assert losses == pytest.approx(known["pinball"], rel=1e-8)
        assert losses.mean(axis=0) == pytest.approx(known["mean_pinball_by_tau"], rel=1e-8)

    def test_weighted_quantile_loss(self, known):
        wql = weighted_quantile_loss(known["y"], known["quantiles"], known["taus"])
        assert wql == pytest.approx(known["wql_by_tau"], rel=1e-8)
        assert wql.mean() == pytest.approx(known["mean_wql"], rel=1e-8)

    def test_crps(self, known):
        y, ensemble = known["y"], known["ensemble"]
        biased, fair = (crps_of_samples(y, ensemble, fair=fair) for fair in (False, True))
        assert biased == pytest.approx(known["crps_ensemble_biased"], rel=1e-8)
        assert fair == pytest.approx(known["crps_ensemble_fair"], rel=1e-8)
        assert crps_of_normal(y, known["mu"], known["sd"]) == pytest.approx(known["crps_gaussian"], rel=1e-8)
        by_quantiles = crps_of_quantiles(y, known["quantiles"], known["taus"])
        assert by_quantiles == pytest.approx(known["crps_quantile_2mean"], rel=1e-8)

    def test_interval_and_pit(self, known):
        interval = {name: np.array(value) for name, value in known["interval80"].items()}
        score = interval_score(known["y"], interval["lower"], interval["upper"], 0.2)
        assert score == pytest.approx(interval["winkler"], rel=1e-8)
        pit = pit_of_normal(known["y"], known["mu"], known["sd"])
        assert pit == pytest.approx(known["pit_gaussian"], rel=1e-8, abs=1e-15)


class TestAgainstScoringrules:
    def test_all_at_once(self, rng):
        y, samples = rng.normal(size=(5, 7)), rng.normal(size=(5, 7, 11))
        fair = scoringrules.crps_ensemble(y, samples, estimator="fair")
        assert crps_of_samples(y, samples) == pytest.approx(fair, rel=1e-9)
        biased = scoringrules.crps_ensemble(y, samples, estimator="nrg")
        assert crps_of_samples(y, samples, fair=False) == pytest.approx(biased, rel=1e-9)
        lower, upper = y - 0.5 + samples[..., 0], y + 0.7
        theirs = scoringrules.interval_score(y, lower, upper, 0.1)
        assert interval_score(y, lower, upper, 0.1) == pytest.approx(theirs, rel=1e-12)
        theirs = scoringrules.quantile_score(y, samples[..., 0], 0.3)
        assert pinball(y, samples[..., :1], [0.3])[..., 0] == pytest.approx(theirs, rel=1e-12)


@given(vectors(max_size=8, low=-50, high=50), st.floats(0.01, 0.99), st.floats(-40, 40))
def test_the_quantile_minimises_its_loss(values, tau, other):
    """No other number has a smaller mean pinball loss than the empirical quantile."""
    best = np.quantile(values, tau, method="inverted_cdf")
    losses = [pinball(values, np.full((len(values), 1), q), [tau]).mean() for q in (best, other)]
    assert losses[0] <= losses[1] + 1e-9


@given(vectors(max_size=6, low=-50, high=50), st.floats(-50, 50), st.floats(0.1, 9), st.floats(-20, 20))
def test_crps_moves_with_the_unit(samples, y, a, b):
    samples = np.concatenate([samples, [0.0, 1.0]])
    score = crps_of_samples(np.array(y), samples)
    assert crps_of_samples(np.array(a * y + b), a * samples + b) == pytest.approx(a * score, abs=1e-7)


def test_one_member_has_no_fair_score():
    assert np.isnan(crps_of_samples(np.array([1.0]), np.array([[2.0]])))
    assert crps_of_samples(np.array([1.0]), np.array([[2.0]]), fair=False) == 1.0


def test_zero_series_have_no_weighted_loss():
    assert np.isnan(weighted_quantile_loss(np.zeros(3), np.ones((3, 1)), [0.5])).all()


@pytest.mark.parametrize("levels", [[0.0], [1.0], [80.0]])
def test_levels_lie_between_0_and_1(levels):
    with pytest.raises(PlanError, match="each lies between 0 and 1"):
        pinball(np.ones(1), np.ones((1, 1)), levels)


class TestCoverageInterval:
    def test_independent_hits_give_wilson(self):
        """20 of 25, no overlap: Wilson's interval from the formula, d = 1 as hits alternate."""
        hits = np.array([[1.0, 1.0, 1.0, 1.0, 0.0] * 5]).T
        low, high = coverage_interval(hits, [1])[0]
        z, n, p = 1.959963984540054, 25, 0.8
        middle = (p + z**2 / (2 * n)) / (1 + z**2 / n)
        reach = z * np.sqrt(p * (1 - p) / n + z**2 / (4 * n**2)) / (1 + z**2 / n)
        assert (low, high) == pytest.approx((middle - reach, middle + reach))

    def test_overlap_and_runs_widen_it(self):
        scattered = np.tile([1.0, 1.0, 1.0, 1.0, 0.0], 24)[:, None]
        runs = np.repeat([1.0, 1.0, 1.0, 1.0, 0.0], 24)[:, None]
        widths = [
            np.diff(coverage_interval(hits, [k]))[0, 0]
            for hits, k in ((scattered, 1), (scattered, 9), (runs, 9))
        ]
        assert widths[0] < widths[1] < widths[2]

    def test_all_hit_is_not_certainty(self):
        low, high = coverage_interval(np.ones((60, 1)), [6])[0]
        assert high == pytest.approx(1.0)
        assert low == pytest.approx(10 / (10 + 1.959963984540054**2))

    def test_too_few_origins_give_none(self):
        assert np.isnan(coverage_interval(np.ones((19, 2)), [1, 4])).tolist() == [
            [False, False],
            [True, True],
        ]

    def test_holds_the_true_coverage(self, rng):
        """Hits of an 80 % interval on errors that share 5 of 6 shocks with their neighbours."""
        held = 0
        for _ in range(200):
            errors = np.convolve(rng.normal(size=125), np.ones(6), "valid") / np.sqrt(6)
            low, high = coverage_interval((np.abs(errors) <= 1.2815515655446004)[:, None] * 1.0, [6])[0]
            held += low <= 0.8 <= high
        assert held >= 184
