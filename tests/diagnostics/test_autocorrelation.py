"""Ljung-Box: by hand, against R and against statsmodels."""

from __future__ import annotations

import numpy as np
import pytest
from statsmodels.stats.diagnostic import acorr_ljungbox

from forecastkit.diagnostics.autocorrelation import ljung_box
from forecastkit.errors import SeriesTooShortError


def test_by_hand():
    """1, 2, 3, 4: deviations -1.5, -.5, .5, 1.5; r_1 = 1.25 / 5 = 0.25; Q = 4 * 6 * 0.0625 / 3 = 0.5."""
    result = ljung_box(np.array([1.0, 2.0, 3.0, 4.0]), lags=1)
    assert result.statistic == pytest.approx(0.5, rel=1e-14)
    assert result.p_value == pytest.approx(0.4795001221869535, rel=1e-12)  # chi-square(1) above 0.5
    assert result.degrees == 1


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
            assert result.degrees == box["df"]
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
    assert (result.statistic, result.p_value, result.degrees) == (0.0, 1.0, 3)


@pytest.mark.parametrize(("lags", "fitted"), [(5, 5), (3, 4), (20, 0), (0, 0)])
def test_lags_lie_between_fitted_and_length(lags, fitted, rng):
    with pytest.raises(SeriesTooShortError, match=f"was given 20 residuals, {lags} lags and {fitted} fitted"):
        ljung_box(rng.normal(size=20), lags, fitted=fitted)
