"""Tests of equal accuracy: R's numbers, statsmodels' numbers, and what cannot be tested."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from statsmodels.tsa.stattools import diebold_mariano_test

from forecastkit.api import compare
from forecastkit.comparison.significance import (
    ESTIMATORS,
    diebold_mariano,
    equal_accuracy,
    ewc,
    ewp,
    loss_differential,
    newey_west,
    overlap,
)
from forecastkit.errors import PlanError
from forecastkit.models.autoregressive import Autoregression

WORDS = {"two.sided": "two-sided", "less": "less", "greater": "greater"}
WEIGHTS = {"acf": "rectangular", "bartlett": "bartlett"}


def differential(case: dict, power: int) -> np.ndarray:
    return np.abs(case["e1"]) ** power - np.abs(case["e2"]) ** power


@pytest.mark.parametrize(
    ("h", "step", "k"), [(1, 1, 1), (12, 1, 12), (12, 5, 3), (12, 12, 1), (13, 12, 2), (1, 9, 1)]
)
def test_overlap_is_h_over_step_rounded_up(h, step, k):
    assert overlap(h, step) == k


class TestDieboldMariano:
    def test_by_hand(self):
        """d = 1, 3, 1, 3, ...: mean 2, g_0 = 1, N = 10: t = 2 / sqrt(.1) * sqrt(9 * 10) / 10 = 6."""
        test = diebold_mariano(np.resize([1.0, 3.0], 10), 1)
        assert (test.method, test.degrees, test.n, test.reason) == ("DM-HLN", 9, 10, "")
        assert test.statistic == pytest.approx(6.0, rel=1e-14)
        assert test.p_value == pytest.approx(0.00020249932, rel=1e-7)  # t(9), two-sided

    @pytest.mark.parametrize("index", range(6))
    def test_agrees_with_r(self, index, reference):
        case = reference("dm_test")["cases"][index]
        checked = 0
        for known in case["tests"]:
            d = differential(case, known["power"])
            test = diebold_mariano(
                d, case["h"], alternative=WORDS[known["alternative"]], weights=WEIGHTS[known["varestimator"]]
            )
            if known["fell_back"]:
                bartlett = diebold_mariano(
                    d, case["h"], alternative=WORDS[known["alternative"]], weights="bartlett"
                )
                assert test.reason == "negative variance: Bartlett"
                assert test.statistic == bartlett.statistic
                continue
            assert test.statistic == pytest.approx(known["statistic"], rel=1e-8)
            assert test.p_value == pytest.approx(known["p"], rel=1e-8, abs=1e-14)
            checked += 1
        assert checked >= 6

    def test_negative_variance_falls_back_to_bartlett_and_says_so(self, reference):
        case = reference("dm_test")["negative_rectangular_variance"]
        d = differential(case, 2)
        test = diebold_mariano(d, case["h"])
        assert test.reason == "negative variance: Bartlett"
        assert test.statistic == pytest.approx(case["bartlett"]["statistic"], rel=1e-8)
        assert test.p_value == pytest.approx(case["bartlett"]["p"], rel=1e-8)
        assert test.statistic != pytest.approx(case["r_fallback_h1"]["statistic"], rel=1e-2)
        assert diebold_mariano(d, case["h"], weights="bartlett").reason == ""

    def test_fewer_overlaps_when_origins_stand_apart(self, rng):
        """h = 12 with origins 5 apart is h = 3 with origins 1 apart."""
        d = rng.normal(size=60) + 0.3
        apart, neighbours = diebold_mariano(d, 12, step=5), diebold_mariano(d, 3, step=1)
        assert (apart.statistic, apart.p_value) == (neighbours.statistic, neighbours.p_value)
        assert apart.statistic != diebold_mariano(d, 12).statistic


class TestEwc:
    def test_by_hand(self):
        """N = 10: nu = floor(.41 * 10^(2/3)) = 1 is too few; N = 12 gives 2."""
        assert ewc(np.arange(10.0), 1).p_value is None
        d = np.arange(12.0)
        c = [np.sqrt(2 / 12) * np.cos(np.pi * j * (np.arange(1, 13) - 0.5) / 12) for j in (1, 2)]
        variance = np.mean([(c[0] @ d) ** 2, (c[1] @ d) ** 2])
        test = ewc(d, 1)
        assert (test.method, test.degrees) == ("EWC", 2)
        assert test.statistic == pytest.approx(5.5 / np.sqrt(variance / 12), rel=1e-12)

    @pytest.mark.parametrize("capped", [True, False], ids=["capped", "uncapped"])
    @pytest.mark.parametrize("index", range(6))
    def test_agrees_with_the_reference(self, index, capped, reference):
        case = reference("dm_test")["cases"][index]
        known = reference("dm_fixed_smoothing")["cases"][index]["ewc_capped" if capped else "ewc_uncapped"]
        d = differential(case, 2)
        two = ewc(d, case["h"], capped=capped)
        less = ewc(d, case["h"], alternative="less", capped=capped)
        assert two.degrees == known["nu"]
        assert two.statistic == pytest.approx(known["statistic"], rel=1e-8)
        assert two.p_value == pytest.approx(known["p_two_sided"], rel=1e-8)
        assert less.p_value == pytest.approx(known["p_less"], rel=1e-8)

    @pytest.mark.parametrize(
        ("n", "h", "step", "nu"), [(200, 1, 1, 14), (200, 24, 1, 8), (200, 24, 4, 14), (40, 12, 1, 3)]
    )
    def test_degrees(self, n, h, step, nu, rng):
        """min(floor(.41 N^(2/3)), floor(N / ceil(h / step)))."""
        assert ewc(rng.normal(size=n), h, step).degrees == nu

    def test_a_shift_of_the_differential_leaves_the_variance(self, rng):
        """Cosines sum to zero, so the mean does not enter the variance."""
        d = rng.normal(size=80)
        one, two = ewc(d, 4), ewc(d + 7.0, 4)
        assert two.statistic / one.statistic == pytest.approx((d.mean() + 7) / d.mean(), rel=1e-9)


class TestDefault:
    @pytest.mark.parametrize(
        ("n", "h", "step", "method"),
        [
            (99, 1, 1, "DM-HLN"),
            (100, 1, 1, "EWC"),
            (99, 2, 1, "EWC"),
            (99, 4, 4, "DM-HLN"),
            (99, 5, 4, "EWC"),
        ],
    )
    def test_dm_at_the_first_step_of_small_samples_else_ewc(self, n, h, step, method, rng):
        d = rng.normal(size=n)
        test = equal_accuracy(d, h, step, "less")
        chosen = diebold_mariano if method == "DM-HLN" else ewc
        assert test == chosen(d, h, step, "less")
        assert test.method == method

    def test_size_on_overlapping_errors(self):
        """Two equally good forecasts with MA(5) errors: about one rejection in twenty at 5 %."""
        rng = np.random.default_rng(12)
        kernel = np.ones(6)
        rejections = 0
        for _ in range(400):
            one, two = (np.convolve(rng.normal(size=125), kernel, "valid") for _ in range(2))
            rejections += equal_accuracy(one**2 - two**2, 6).p_value <= 0.05
        assert 8 <= rejections <= 34


class TestByName:
    @pytest.mark.parametrize("index", range(6))
    def test_ewp_agrees_with_the_reference(self, index, reference):
        case = reference("dm_test")["cases"][index]
        known = reference("dm_fixed_smoothing")["cases"][index]["ewp"]
        test = ewp(differential(case, 2), case["h"])
        assert (test.degrees, test.method) == (2 * known["m"], "EWP")
        assert test.statistic == pytest.approx(known["statistic"], rel=1e-8)
        assert test.p_value == pytest.approx(known["p_two_sided"], rel=1e-8)

    @pytest.mark.parametrize(("n", "h"), [(40, 1), (60, 4), (120, 12)])
    def test_newey_west_agrees_with_statsmodels(self, n, h, rng):
        one, two = rng.normal(size=n), 1.2 * rng.normal(size=n)
        theirs = diebold_mariano_test(np.zeros(n), -one, -two, harvey_adj=False, horizon=h)
        test = newey_west(one**2 - two**2, h)
        assert test.statistic == pytest.approx(theirs.statistic, rel=1e-8)
        assert test.p_value == pytest.approx(theirs.pvalue, rel=1e-6)

    def test_every_name_is_its_method(self, rng):
        d = rng.normal(size=60)
        methods = {name: equal_accuracy(d, 4, estimator=name).method for name in ESTIMATORS}
        expected = {
            "ewc": "EWC",
            "dm-hln": "DM-HLN",
            "bartlett": "DM-HLN",
            "newey-west": "Newey-West",
            "ewp": "EWP",
        }
        assert methods == expected
        assert equal_accuracy(d, 4, estimator="bartlett") == diebold_mariano(d, 4, weights="bartlett")

    def test_an_unknown_name_is_refused(self):
        with pytest.raises(PlanError, match=r"no estimator 'ewcc'\. Did you mean ewc"):
            equal_accuracy(np.arange(50.0), 1, estimator="ewcc")


BOTH = pytest.mark.parametrize(
    "test", [diebold_mariano, ewc, ewp, newey_west], ids=["DM-HLN", "EWC", "EWP", "Newey-West"]
)


@BOTH
class TestGuards:
    @pytest.mark.parametrize(
        ("n", "h", "step"), [(9, 1, 1), (23, 12, 1), (12, 12, 1), (5, 24, 1), (9, 12, 12), (1, 1, 1)]
    )
    def test_too_few_origins(self, test, n, h, step, rng):
        """Fewer than max(10, 2 k) differentials."""
        result = test(rng.normal(size=n), h, step)
        assert (result.statistic, result.p_value, result.n) == (None, None, n)
        assert result.reason == f"not enough origins: {n} at overlap {overlap(h, step)}"
        assert result.p_value is None

    def test_just_enough_origins(self, test, rng):
        assert test(rng.normal(size=24), 12).p_value is not None
        assert test(rng.normal(size=12), 1).p_value is not None

    def test_identical_forecasts(self, test):
        result = test(np.zeros(50), 4)
        assert (result.statistic, result.p_value, result.reason) == (0.0, 1.0, "identical")

    @pytest.mark.parametrize("value", [0.1, -3e8, 1e-9])
    def test_constant_differential(self, test, value):
        result = test(np.full(50, value), 4)
        assert (result.statistic, result.p_value) == (None, None)
        assert result.reason == "the losses differ by the same amount at every origin"

    @given(st.integers(0, 1000), st.integers(12, 80), st.integers(1, 6))
    def test_sides_add_up_and_swap(self, test, seed, n, h):
        d = np.random.default_rng(seed).normal(size=n)
        less, greater, two = (test(d, h, 1, side) for side in ("less", "greater", "two-sided"))
        assert less.p_value + greater.p_value == pytest.approx(1.0, rel=1e-12)
        assert two.p_value == pytest.approx(2 * min(less.p_value, greater.p_value), rel=1e-12)
        assert (less.p_value < 0.5) == (d.mean() < 0)  # negative favours the first
        swapped = test(-d, h, 1, "greater")
        assert (swapped.statistic, swapped.p_value) == (-less.statistic, less.p_value)

    @given(st.integers(0, 1000), st.floats(1e-6, 1e6))
    def test_the_unit_of_the_loss_does_not_matter(self, test, seed, scale):
        d = np.random.default_rng(seed).normal(size=40)
        assert test(scale * d, 3).statistic == pytest.approx(test(d, 3).statistic, rel=1e-9)


def test_rounding_is_no_difference() -> None:
    rng = np.random.default_rng(0)
    loss = rng.normal(size=60) ** 2
    rounded = loss * (1 + 1e-15 * rng.normal(size=60))
    assert equal_accuracy(loss_differential(rounded, loss), 1).reason == "identical"
    assert loss_differential(loss + 1.0, loss) == pytest.approx(np.ones(60))


def test_an_ar_of_order_0_is_the_mean_and_no_skill_is_claimed() -> None:
    order_0 = Autoregression(max_lag=0, difference=False)
    result = compare(np.random.default_rng(24).normal(size=250), [order_0], horizon=3)
    assert [test.reason for test in result.skill_tests["ar"]] == ["identical"] * 3
    assert result.skill_horizon["ar"].h == 0
