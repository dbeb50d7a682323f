"""Correlograms and tests of residuals: by hand, against R and against statsmodels."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from statsmodels.stats.diagnostic import acorr_breusch_godfrey, acorr_ljungbox, het_arch
from statsmodels.tsa.stattools import acf
from strategies import autoregressions

from forecastkit.diagnostics.autocorrelation import arch_lm, breusch_godfrey, correlogram, ljung_box
from forecastkit.errors import DataError, MissingValuesError, SeriesTooShortError
from forecastkit.series.windows import lag_matrix


def test_by_hand():
    """1, 2, 3, 4: deviations -1.5, -.5, .5, 1.5; r_1 = 1.25 / 5 = 0.25; Q = 4 * 6 * 0.0625 / 3 = 0.5."""
    result = ljung_box(np.array([1.0, 2.0, 3.0, 4.0]), lags=1)
    assert result.statistic == pytest.approx(0.5, rel=1e-14)
    assert result.p_value == pytest.approx(0.4795001221869535, rel=1e-12)  # chi-square(1) above 0.5
    assert result.degrees == (1,)


def test_agrees_with_r(reference, series_values):
    checked = 0
    for case in reference("residual_checks")["results"]:
        for box in case["box"]:
            if box["type"] != "Ljung-Box" or box["df"] <= 0:
                continue
            values = series_values(case["series"]) if box["on"] == "series" else np.array(case["resid"])
            result = ljung_box(values, box["lag"], fitted=box["fitdf"])
            assert result.statistic == pytest.approx(box["statistic"], rel=1e-8)
            assert result.p_value == pytest.approx(box["p"], rel=1e-8, abs=1e-14)
            assert result.degrees == (box["df"],)
            checked += 1
    assert checked >= 35


@pytest.mark.parametrize("seed", range(5))
def test_agrees_with_statsmodels(seed):
    values = np.random.default_rng(seed).normal(size=80).cumsum() * 10.0**seed
    theirs = acorr_ljungbox(values, [12], model_df=3).iloc[0]
    ours = ljung_box(values, 12, fitted=3)
    assert (ours.statistic, ours.p_value) == pytest.approx(
        (theirs["lb_stat"], theirs["lb_pvalue"]), rel=1e-10
    )


def test_unit_and_mean_do_not_matter(rng):
    values = rng.normal(size=50)
    assert ljung_box(1e6 * values - 3e5, 5).statistic == pytest.approx(
        ljung_box(values, 5).statistic, rel=1e-9
    )


def test_constant_residuals_carry_no_structure():
    result = ljung_box(np.full(30, 0.1), lags=5, fitted=2)
    assert (result.statistic, result.p_value, result.degrees) == (0.0, 1.0, (3,))


@pytest.mark.parametrize(("lags", "fitted"), [(5, 5), (3, 4), (20, 0), (0, 0)])
def test_lags_lie_between_fitted_and_length(lags, fitted, rng):
    with pytest.raises(SeriesTooShortError, match=f"was given 20 residuals, {lags} lags and {fitted} fitted"):
        ljung_box(rng.normal(size=20), lags, fitted=fitted)


def regression(values, p):
    """Residuals and regressors of an AR(p) with a constant."""
    design = np.column_stack([np.ones(len(values) - p), lag_matrix(values, p)])
    target = values[p:]
    return target - design @ np.linalg.lstsq(design, target, rcond=None)[0], design


@pytest.mark.parametrize("name", ["lynx_log10", "sunspot_year", "nile", "lh", "airpassengers_log"])
def test_correlogram_agrees_with_r(name, reference, series_values):
    known = reference("ar_estimation")["results"][name]
    found = correlogram(series_values(name), 20)
    assert found.acf == pytest.approx(np.array(known["acf20"])[-20:], rel=1e-8, abs=1e-12)
    assert found.pacf == pytest.approx(np.array(known["pacf20"]), rel=1e-8, abs=1e-12)


def test_bands(series_values):
    values = series_values("lh")
    found = correlogram(values, 12)
    theirs, ends = acf(values, nlags=12, alpha=0.05, bartlett_confint=True, fft=False, result_object=False)
    assert found.bartlett_band == pytest.approx((ends[:, 1] - theirs)[1:], rel=1e-12)
    assert found.white_noise_band == pytest.approx(1.959963984540054 / np.sqrt(48), rel=1e-14)
    assert found.bartlett_band[0] == found.white_noise_band
    assert found.last_lag == 1


def test_partial_autocorrelations_end_where_the_past_explains_everything():
    found = correlogram(np.resize([1.0, -1.0], 2000), 3)
    assert found.acf == pytest.approx([-0.9995, 0.999, -0.9985], abs=1e-12)
    assert np.isfinite(found.pacf).all()


@given(autoregressions())
def test_correlograms_do_not_depend_on_the_unit(values):
    one, other = correlogram(values, 8), correlogram(1e5 - 3e4 * values, 8)
    assert other.acf == pytest.approx(one.acf, rel=1e-7, abs=1e-9)
    assert other.pacf == pytest.approx(one.pacf, rel=1e-6, abs=1e-8)
    assert np.all(np.abs(one.pacf) <= 1)


def test_what_a_correlogram_refuses(rng):
    with pytest.raises(SeriesTooShortError, match="was given 5 values and 5 lags"):
        correlogram(rng.normal(size=5), 5)
    with pytest.raises(DataError, match="constant, so it has no autocorrelations"):
        correlogram(np.full(30, 2.5), 3)
    with pytest.raises(MissingValuesError, match="1 missing values, the first at position 2"):
        correlogram(np.array([1.0, 2.0, np.nan, 4.0]), 1)


def test_breusch_godfrey_agrees_with_r(reference, series_values):
    checked = 0
    for case in reference("residual_checks")["results"]:
        residuals, design = regression(series_values(case["series"]), case["p"])
        assert residuals == pytest.approx(np.array(case["resid"]), rel=1e-8, abs=1e-8)
        for known in case["bg"]:
            form = "chi2" if known["type"] == "Chisq" else "F"
            found = breusch_godfrey(residuals, design, known["order"], form=form)
            assert found.statistic == pytest.approx(known["statistic"], rel=1e-8)
            assert found.p_value == pytest.approx(known["p"], rel=1e-8)
            assert found.degrees == tuple(np.atleast_1d(known["df"]))
            checked += 1
    assert checked == 30


def test_robust_breusch_godfrey_keeps_its_size_where_the_plain_one_does_not():
    """Noise whose variance follows its past: no autocorrelation, but the plain test claims some."""
    plain = robust = 0
    for seed in range(200):
        noise, y = np.random.default_rng(seed).normal(size=300), np.zeros(300)
        for t in range(1, 300):
            y[t] = noise[t] * np.sqrt(0.3 + 0.7 * y[t - 1] ** 2)
        residuals, design = regression(y, 1)
        plain += breusch_godfrey(residuals, design, 4).rejected
        robust += breusch_godfrey(residuals, design, 4, form="robust").rejected
    assert plain > 40
    assert robust <= 20


def test_robust_breusch_godfrey_by_hand():
    """With a constant alone and one lag: clear e_(t-1) of its mean, times e_t, then N - SSR of 1 on that."""
    e = np.array([1.0, -2.0, 0.5, 1.5, -1.0])
    product = (np.array([0.0, 1.0, -2.0, 0.5, 1.5]) - 0.2) * e
    expected = product.sum() ** 2 / (product @ product)
    found = breusch_godfrey(e, np.ones((5, 1)), 1, form="robust")
    assert found.statistic == pytest.approx(expected, rel=1e-12)
    assert (found.degrees, found.n, found.lags) == ((1,), 5, 1)


def test_breusch_godfrey_does_not_depend_on_units(rng):
    residuals, design = regression(rng.normal(size=80).cumsum(), 2)
    known = breusch_godfrey(residuals, design, 3).statistic
    assert breusch_godfrey(1e-9 * residuals, design * [1.0, 1e9, 1e9], 3).statistic == pytest.approx(known)


def test_what_breusch_godfrey_refuses():
    with pytest.raises(SeriesTooShortError, match="10 rows, 3 regressors and 7 lags"):
        breusch_godfrey(np.arange(10.0), np.ones((10, 3)), 7)
    with pytest.raises(DataError, match="10 residuals and 9 rows"):
        breusch_godfrey(np.arange(10.0), np.ones((9, 1)), 1)
    with pytest.raises(MissingValuesError):
        breusch_godfrey(np.full(10, np.nan), np.ones((10, 1)), 1)
    found = breusch_godfrey(np.zeros(10), np.ones((10, 1)), 1)
    assert (found.p_value, found.reason) == (None, "the residuals are zero")


@pytest.mark.parametrize("lags", [1, 5])
def test_arch_agrees_with_statsmodels(lags, rng):
    values = rng.standard_t(4, size=120) * 1e-4
    found = arch_lm(values, lags)
    theirs = het_arch(values, nlags=lags, result_object=False)
    assert (found.statistic, found.p_value) == pytest.approx(theirs[:2], rel=1e-8)
    assert (found.degrees, found.n) == ((lags,), 120 - lags)


def test_arch_without_a_changing_size():
    assert arch_lm(np.resize([1.0, -1.0], 30), 2).reason == "all residuals are equally large"
    assert arch_lm(np.zeros(30), 2).reason == "all residuals are equally large"
    with pytest.raises(SeriesTooShortError, match="given 10 values and needs 11"):
        arch_lm(np.arange(10.0), 4)


def test_breusch_godfrey_agrees_with_statsmodels(rng):
    from statsmodels.regression.linear_model import OLS

    residuals, design = regression(rng.normal(size=100), 3)
    theirs = acorr_breusch_godfrey(
        OLS(residuals + design.sum(axis=1), design).fit(), nlags=5, result_object=False
    )
    found = breusch_godfrey(residuals, design, 5)
    assert (found.statistic, found.p_value) == pytest.approx(theirs[:2], rel=1e-8)
