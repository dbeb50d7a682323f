"""Giacomini-White, Clark-West and the fluctuation test: R's numbers, and what they refuse."""

from __future__ import annotations

import numpy as np
import pytest

from forecastkit.comparison.conditional import clark_west, fluctuation, giacomini_white, why_not_nested


@pytest.fixture(scope="module")
def forecasts(reference):
    known = reference("inference_misc")
    return tuple(np.array(known[key]) for key in ("y", "f1", "f2"))


def differential(forecasts):
    y, one, two = forecasts
    return (y - one) ** 2 - (y - two) ** 2


@pytest.mark.parametrize("h", [1, 4])
def test_giacomini_white_agrees_with_r(h, forecasts, reference):
    known = reference("inference_misc")["giacomini_white"][f"tau{h}"]
    test = giacomini_white(differential(forecasts), h)
    assert (test.n, test.degrees, test.reason) == (known["n"], 2, "")
    assert test.statistic == pytest.approx(known["statistic"], rel=1e-8)
    assert test.p_value == pytest.approx(known["p"], rel=1e-8)


@pytest.mark.parametrize("h", [1, 4])
def test_clark_west_agrees_with_r(h, forecasts, reference):
    known = reference("inference_misc")["clark_west"][f"h{h}"]
    test = clark_west(*forecasts, h)
    assert test.statistic == pytest.approx(known["statistic"], rel=1e-8)
    assert test.p_value == pytest.approx(known["p_one_sided"], rel=1e-8)


def test_fluctuation_agrees_with_r(forecasts, reference):
    known = reference("inference_misc")["fluctuation"]
    for level, value in zip((0.05, 0.1), known["cv_simulated"], strict=True):
        found = fluctuation(differential(forecasts), 1, level=level, rng=np.random.default_rng(0))
        assert found.window == known["window"]
        assert found.path == pytest.approx(known["statistic_path"], rel=1e-8)
        assert found.critical == pytest.approx(value, abs=0.03)  # both are simulated
    assert not found.changed


def test_a_flipped_ranking_is_seen(rng):
    d = np.repeat([-1.0, 1.0] * 4, 100) + 0.2 * rng.normal(size=800)
    assert fluctuation(d, 1, share=0.1, rng=rng).changed
    assert not fluctuation(d + 5.0, 1, share=0.1, rng=rng).changed


def test_a_known_advantage_is_seen_where_the_mean_shows_none(rng):
    """Whoever was better last time is better this time, half of the time each."""
    d = np.repeat(rng.choice([-1.0, 1.0], size=40), 5) + 0.1 * rng.normal(size=200)
    assert giacomini_white(d, 1).p_value < 0.01


class TestRefusals:
    def test_growing_windows(self, rng):
        test = giacomini_white(rng.normal(size=100), 1, bounded=False)
        assert test.p_value is None
        assert "needs bounded ones" in test.reason

    @pytest.mark.parametrize("n", [5, 20])
    def test_few_origins(self, n, rng):
        d = rng.normal(size=n)
        assert giacomini_white(d, 12).reason == f"not enough origins: {n} at overlap 12"
        assert clark_west(d, d + 1, d - 1, 12).reason == f"not enough origins: {n} at overlap 12"
        found = fluctuation(d, 12, rng=rng)
        assert (found.reason, found.path.shape) == (f"not enough origins: {n} at overlap 12", (0,))
        assert np.isnan(found.critical)

    def test_identical_and_constant(self, rng):
        y = rng.normal(size=60)
        assert clark_west(y, y + 1, y + 1, 1).reason == "the forecasts do not differ"
        assert giacomini_white(np.zeros(60), 1).reason == "the differential does not vary enough"
        for value in (0.0, 3.0):
            assert fluctuation(np.full(60, value), 1, rng=rng).reason == "the differential does not vary"

    def test_infinite_losses(self, rng):
        d = np.append(rng.normal(size=60), np.inf)
        assert giacomini_white(d, 1).reason == "a loss is too large to be a number"
        assert clark_west(d, d, d, 1).reason == "a forecast is too large to be a number"

    def test_who_contains_whom(self):
        assert why_not_nested("ar", "naive") == ""
        assert why_not_nested("network", "ar").startswith("a network does not contain the AR: no setting")
        assert "does not contain the naive" in why_not_nested("network", "naive")
        assert why_not_nested("other", "ar") == (
            "it needs a model that contains the other, such as ar against climatology or naive"
        )
