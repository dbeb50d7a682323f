"""Tests of linearity: by hand, against statsmodels, and on series whose answer is known."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from statsmodels.regression.linear_model import OLS
from statsmodels.tsa.stattools import bds as bds_of_statsmodels
from strategies import autoregressions

from forecastkit.diagnostics.linearity import bds, linearity_test, regress_on_lags
from forecastkit.errors import MissingValuesError, SeriesTooShortError


def simulate(step, seed, n=300):
    """y_t = step(y_(t-1), e_t), the first 100 values dropped."""
    y, noise = [0.0], np.random.default_rng(seed).normal(size=n + 100)
    for e in noise:
        y.append(step(y[-1], e))
    return np.array(y[101:])


def threshold(y, e):
    return (0.7 if y < 0 else -0.7) * y + e


def linear(y, e):
    return 0.6 * y + e


def test_regression_by_hand():
    """1, 2, 4, 8 on one lag: y_t = 2 y_(t-1) exactly."""
    fit = regress_on_lags(np.array([1.0, 2.0, 4.0, 8.0, 16.0]), 1)
    assert fit.coefficients == pytest.approx([0.0, 2.0], abs=1e-12)
    assert fit.residuals == pytest.approx(np.zeros(4), abs=1e-12)
    assert fit.p == 1


@given(autoregressions())
def test_regression_agrees_with_statsmodels(values):
    fit = regress_on_lags(1e4 + values, 3)
    theirs = OLS(fit.values[3:], fit.design).fit()
    assert fit.coefficients[1:] == pytest.approx(theirs.params[1:], rel=1e-6, abs=1e-8)
    assert fit.residuals == pytest.approx(theirs.resid, abs=1e-7)


@pytest.mark.parametrize(("terms", "columns"), [("tsay", 3), ("terasvirta", 7)])
def test_f_statistic_against_two_regressions(terms, columns, rng):
    """The F test of the added products, written out for two lags."""
    y = rng.normal(size=140)
    fit = regress_on_lags(y, 2)
    a, b = ((y[2 - i : -i] - y.mean()) / y.std() for i in (1, 2))
    products = [a * a, a * b, b * b]
    if terms == "terasvirta":
        products += [a * a * a, a * a * b, a * b * b, b * b * b]
    full = OLS(y[2:], np.column_stack([fit.design, *products])).fit()
    alone = OLS(y[2:], fit.design).fit()
    expected, p_value, _ = full.compare_f_test(alone)
    found = linearity_test(fit, terms)
    assert found.statistic == pytest.approx(expected, rel=1e-8)
    assert found.p_value == pytest.approx(p_value, rel=1e-8)
    assert (found.degrees, found.lags) == ((columns, 138 - 3 - columns), 2)


@pytest.mark.parametrize("terms", ["tsay", "terasvirta"])
def test_a_threshold_is_found_and_a_line_is_not(terms):
    found = [linearity_test(regress_on_lags(simulate(threshold, s), 2), terms) for s in range(40)]
    alone = [linearity_test(regress_on_lags(simulate(linear, s), 2), terms) for s in range(100)]
    assert sum(test.rejected for test in found) >= 38
    assert sum(test.rejected for test in alone) <= 10


def test_the_bootstrap_keeps_its_size_where_the_variance_changes():
    """Noise whose variance follows its past is linear in the mean; the plain F test claims it is not."""

    def volatile(y, e):
        return e * np.sqrt(0.3 + 0.7 * y**2)

    plain = bootstrapped = 0
    for seed in range(60):
        fit = regress_on_lags(simulate(volatile, seed, n=200), 1)
        plain += linearity_test(fit, "terasvirta").rejected
        drawn = linearity_test(fit, "terasvirta", rng=np.random.default_rng(seed), draws=59)
        bootstrapped += drawn.rejected
    assert plain >= 12
    assert bootstrapped <= 8


def test_the_bootstrap_is_repeatable_and_finds_a_threshold():
    fit = regress_on_lags(simulate(threshold, 3, n=150), 1)
    one, other = (linearity_test(fit, "tsay", rng=np.random.default_rng(1), draws=99) for _ in range(2))
    assert one == other
    assert one.p_value == 0.01
    assert one.statistic == linearity_test(fit, "tsay").statistic


def test_products_are_limited_by_the_length():
    assert linearity_test(regress_on_lags(simulate(linear, 0, n=400), 9), "tsay").lags == 5
    assert linearity_test(regress_on_lags(simulate(linear, 0, n=400), 9), "terasvirta").lags == 3
    assert linearity_test(regress_on_lags(simulate(linear, 0, n=60), 9), "tsay").lags == 1
    assert linearity_test(regress_on_lags(simulate(linear, 0, n=60), 0), "tsay").degrees == (1, 58)


@given(autoregressions(min_size=80), st.sampled_from(["tsay", "terasvirta"]))
def test_units_do_not_matter(values, terms):
    one = linearity_test(regress_on_lags(values, 2), terms)
    other = linearity_test(regress_on_lags(500 - 30 * values, 2), terms)
    assert other.statistic == pytest.approx(one.statistic, rel=1e-6, abs=1e-9)


def test_what_is_refused_or_not_tested(rng):
    with pytest.raises(SeriesTooShortError, match="given 8 values and needs 9"):
        regress_on_lags(rng.normal(size=8), 3)
    with pytest.raises(MissingValuesError):
        regress_on_lags(np.array([1.0, np.nan] * 8), 1)
    with pytest.raises(SeriesTooShortError, match="was given 29 rows for 1 lags and needs 32"):
        linearity_test(regress_on_lags(rng.normal(size=30), 1), "terasvirta")
    exact = linearity_test(regress_on_lags(np.resize([1.0, -1.0], 100), 1), "tsay")
    assert (exact.p_value, exact.reason) == (None, "an autoregression fits exactly")
    with pytest.raises(SeriesTooShortError, match="BDS test was given 19 values and needs 20"):
        bds(rng.normal(size=19))
    assert [test.reason for test in bds(np.ones(30))] == ["all residuals are equal"] * 2


@pytest.mark.parametrize("name", ["lynx_log10", "sunspot_year", "nile", "lh", "airpassengers_log"])
def test_bds_equals_statsmodels(name, series_values):
    residuals = regress_on_lags(series_values(name), 2).residuals
    statistics, p_values = bds_of_statsmodels(residuals, max_dim=5)
    found = bds(residuals, dimensions=5)
    assert [test.statistic for test in found] == pytest.approx(statistics, rel=1e-12)
    assert [test.p_value for test in found] == pytest.approx(p_values, rel=1e-9)


@pytest.mark.parametrize("seed", range(3))
def test_bds_equals_statsmodels_on_noise(seed):
    noise = np.random.default_rng(seed).standard_t(3, size=250)
    statistics, p_values = bds_of_statsmodels(noise, max_dim=3)
    found = bds(noise)
    assert [test.statistic for test in found] == pytest.approx(statistics, rel=1e-12)
    assert [test.p_value for test in found] == pytest.approx(p_values, rel=1e-9)


def test_shuffles_keep_the_size_of_bds_in_short_samples():
    noise = [np.random.default_rng(seed).normal(size=40) for seed in range(100)]
    shuffled = sum(bds(e, rng=np.random.default_rng(0), draws=59)[1].rejected for e in noise)
    normal = sum(bds(e)[1].rejected for e in noise)
    assert shuffled <= 11 < normal
