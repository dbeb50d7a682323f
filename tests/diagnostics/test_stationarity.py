"""Unit roots and stationarity: the numbers of R, statsmodels and arch, and answers where there is no test."""

from __future__ import annotations

import warnings

import numpy as np
import pytest
from statsmodels.tsa.stattools import adfuller

from forecastkit.diagnostics.outcome import HypothesisTest
from forecastkit.diagnostics.stationarity import adf, dfgls, kpss, phillips_perron
from forecastkit.errors import MissingValuesError, SeriesTooShortError

NAMES = ["lynx_log10", "sunspot_year", "nile", "lh", "airpassengers_log"]


@pytest.mark.parametrize("name", NAMES)
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


@pytest.mark.parametrize("test", [adf, dfgls, kpss, phillips_perron])
def test_constant_short_or_missing(test, rng):
    constant = test(np.full(50, 3.3))
    assert (constant.statistic, constant.p_value, constant.n) == (None, None, 50)
    assert (constant.reason, constant.rejected) == ("the series is constant", False)
    assert test(rng.normal(size=14)).reason == "fewer than 15 observations"
    assert test(rng.normal(size=15)).reason == ""
    with pytest.raises(MissingValuesError):
        test(np.array([1.0, np.nan] * 20))


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
    assert HypothesisTest("t", "none", -3.0, 0.049, 100).rejected
    assert not HypothesisTest("t", "none", -3.0, 0.05, 100).rejected


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize(("trend", "drawn"), [("n", "none"), ("c", "drift"), ("ct", "trend")])
def test_adf_with_given_lags_agrees_with_r(name, trend, drawn, reference, series_values):
    known = reference("unit_root")["results"][name]
    for lags in (0, 1, 4):
        found = adf(series_values(name), trend=trend, lags=lags)
        assert found.statistic == pytest.approx(known[f"ur.df_{drawn}_lags{lags}"], rel=1e-8)
        assert found.lags == lags


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("trend", ["c", "ct"])
def test_all_tests_agree_with_python(name, trend, reference, series_values):
    known, values = reference("unit_root_python")["results"][name], series_values(name)

    def agrees(found, entry, p="p"):
        assert (found.statistic, found.p_value) == pytest.approx((entry["stat"], entry[p]), rel=1e-8)
        assert found.lags == entry.get("lags", found.lags)

    agrees(adf(values, trend=trend), known[f"adf_{trend}_aic"])
    agrees(adf(values, trend=trend, lags=2), known[f"adf_{trend}_lag2"])
    agrees(kpss(values, trend=trend), known[f"kpss_{trend}_auto"], "p_clipped")
    legacy = known[f"kpss_{trend}_legacy"]
    agrees(kpss(values, trend=trend, lags=legacy["lags"]), legacy, "p_clipped")
    agrees(phillips_perron(values, trend=trend), known[f"pp_{trend}"])
    agrees(dfgls(values, trend=trend, lags=1), known[f"dfgls_{trend}_lag1"])


@pytest.mark.parametrize("name", NAMES)
def test_kpss_dfgls_and_adf_agree_with_r(name, reference, series_values):
    known, values = reference("unit_root")["results"][name], series_values(name)
    for trend, title in (("c", "Level"), ("ct", "Trend")):
        for length in ("short", "long"):
            entry = known[f"kpss_{title}_{length}"]
            found = kpss(values, trend=trend, lags=entry["lags"])
            assert found.statistic == pytest.approx(entry["statistic"], rel=1e-8)
            assert found.p_value == pytest.approx(entry["p"], rel=1e-8)
            assert found.bound == {0.01: "<=", 0.1: ">="}.get(entry["p"], "")
    for trend, drawn in (("c", "constant"), ("ct", "trend")):
        for lags in (1, 4):
            entry = known[f"dfgls_{drawn}_lags{lags}"]
            assert dfgls(values, trend=trend, lags=lags).statistic == pytest.approx(entry, rel=1e-8)
    entry = known["adf.test"]
    assert adf(values, trend="ct", lags=entry["lags"]).statistic == pytest.approx(
        entry["statistic"], rel=1e-8
    )


@pytest.mark.parametrize("trend", ["c", "ct"])
@pytest.mark.parametrize("seed", [0, 1])
def test_dfgls_and_phillips_perron_agree_with_arch(seed, trend):
    from arch.unitroot import DFGLS, PhillipsPerron

    values = np.random.default_rng(seed).normal(size=140).cumsum() * (1 - 0.5 * seed)
    for found, theirs in (
        (dfgls(values, trend=trend), DFGLS(values, trend=trend)),
        (phillips_perron(values, trend=trend), PhillipsPerron(values, trend=trend)),
    ):
        assert found.lags == theirs.lags
        assert (found.statistic, found.p_value) == pytest.approx((theirs.stat, theirs.pvalue), rel=1e-8)
        assert found.n == theirs.nobs


def test_lags_must_fit(rng):
    values = rng.normal(size=20)
    with pytest.raises(SeriesTooShortError, match="20 observations and 9 lags; at most 8"):
        adf(values, lags=9)
    with pytest.raises(SeriesTooShortError, match="at most 9 lags fit"):
        dfgls(values, lags=10)
    with pytest.raises(SeriesTooShortError, match="KPSS was given 20 observations and 21 lags"):
        kpss(values, lags=21)
    with pytest.raises(SeriesTooShortError, match="Phillips-Perron was given 20 observations and 20 lags"):
        phillips_perron(values, lags=20)


def test_an_exact_line_is_no_case_for_kpss():
    assert kpss(np.arange(40.0), trend="ct").reason == "the series is an exact line"
    assert kpss(np.arange(40.0)).rejected


def test_size_and_power_of_the_four():
    """On random walks and white noise, tests of a unit root and of stationarity answer the opposite."""
    walks = [np.random.default_rng(seed).normal(size=120).cumsum() for seed in range(60)]
    noise = [np.random.default_rng(seed).normal(size=120) for seed in range(60)]
    for test in (adf, dfgls, phillips_perron):
        assert sum(test(y).rejected for y in walks) <= 8
        assert sum(test(y).rejected for y in noise) >= 45
    assert sum(kpss(y).rejected for y in walks) >= 45
    assert sum(kpss(y).rejected for y in noise) <= 8


@pytest.mark.parametrize("trend", ["c", "ct"])
@pytest.mark.parametrize("test", [adf, dfgls, kpss, phillips_perron])
def test_unit_and_offset_do_not_matter(test, trend, rng):
    """An offset of 1e6 changes the fifth digit of arch's statistics; here it must not matter."""
    values = rng.normal(size=140).cumsum()
    one, other = test(values, trend=trend), test(1e6 + 40 * values, trend=trend)
    assert other.lags == one.lags
    assert other.statistic == pytest.approx(one.statistic, rel=1e-7)
