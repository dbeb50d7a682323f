"""The unit-root test: statsmodels' numbers, and an answer where there is no test."""

from __future__ import annotations

import warnings

import numpy as np
import pytest
from statsmodels.tsa.stattools import adfuller

from forecastkit.diagnostics.stationarity import UnitRootTest, adf


@pytest.mark.parametrize("name", ["lynx_log10", "sunspot_year", "nile", "lh", "airpassengers_log"])
def test_agrees_with_the_reference(name, reference, series_values):
    known = reference("unit_root_python")["results"][name]["adf_c_aic"]
    test = adf(series_values(name))
    assert test.statistic == pytest.approx(known["stat"], rel=1e-8)
    assert test.p_value == pytest.approx(known["p"], rel=1e-8)
    assert (test.lags, test.n, test.reason) == (known["lags"], known["nobs"], "")
    assert test.rejected == (known["p"] < 0.05)


@pytest.mark.parametrize(("seed", "rejected"), [(0, True), (1, True), (4, False), (5, False)])
def test_agrees_with_statsmodels(seed, rejected):
    noise = np.random.default_rng(seed).normal(size=150)
    values = noise if rejected else noise.cumsum()
    theirs = adfuller(values, regression="c", autolag="AIC", result_object=True)
    ours = adf(values)
    assert (ours.statistic, ours.p_value) == pytest.approx((theirs.statistic, theirs.pvalue), rel=1e-12)
    assert ours.rejected == rejected


def test_constant_series():
    assert adf(np.full(50, 3.3)) == UnitRootTest(None, None, 0, 50, "the series is constant")
    assert not adf(np.full(50, 3.3)).rejected


def test_short_series(rng):
    assert adf(rng.normal(size=14)) == UnitRootTest(None, None, 0, 14, "fewer than 15 observations")
    assert adf(rng.normal(size=15)).reason == ""


@pytest.mark.parametrize(
    "values",
    [np.arange(50.0), np.resize([1.0, -1.0], 50), np.resize([1.0, 2.0, 4.0, 3.0], 60)],
    ids=["line", "alternating", "season"],
)
def test_an_exact_autoregression_cannot_be_tested(values):
    """Without noise the statistic is a ratio of rounding errors: no test, said quietly."""
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        test = adf(values)
    assert (test.p_value, test.reason) == (None, "the series fits an autoregression exactly")


def test_a_series_that_moves_once_cannot_be_tested():
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        test = adf(np.eye(50)[49])
    assert (test.statistic, test.p_value) == (None, None)


def test_rejects_below_five_per_cent():
    assert UnitRootTest(-3.0, 0.049, 1, 100).rejected
    assert not UnitRootTest(-3.0, 0.05, 1, 100).rejected
