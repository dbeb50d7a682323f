"""Quantiles that count the estimation of coefficients: against statsmodels, by hand, and what they imply."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from statsmodels.tsa.ar_model import AutoReg

from forecastkit.backtesting.plan import BacktestPlan
from forecastkit.backtesting.runner import run_backtest
from forecastkit.errors import PlanError, SeriesTooShortError
from forecastkit.models._ar_estimates import estimate
from forecastkit.models.ar_intervals import (
    bootstrap_paths,
    bootstrap_quantiles,
    forecast_variance,
    gaussian_quantiles,
    largest_root,
)
from forecastkit.models.autoregressive import Autoregression
from forecastkit.models.protocol import History
from forecastkit.series.series import Series
from forecastkit.series.transforms import TRANSFORMS

LEVELS = (0.025, 0.1, 0.5, 0.9, 0.975)


@pytest.fixture
def values(rng) -> np.ndarray:
    noise = rng.normal(size=300)
    series = np.zeros(300)
    for t in range(2, 300):
        series[t] = 0.9 * series[t - 1] - 0.3 * series[t - 2] + noise[t]
    return 5 + series[100:]


@pytest.mark.parametrize("trend", ["c", "n"])
def test_estimates_equal_statsmodels(values, trend):
    fit = estimate(values[None], 3, constant=trend == "c")
    theirs = AutoReg(values, 3, trend=trend).fit()
    freed = len(theirs.resid) / (len(theirs.resid) - len(theirs.params))
    found = np.concatenate([fit.constant if trend == "c" else [], fit.phi[0]])
    np.testing.assert_allclose(found, theirs.params, rtol=1e-8)
    np.testing.assert_allclose(fit.covariance[0], theirs.cov_params() * freed, rtol=1e-7)
    np.testing.assert_allclose(fit.residuals[0], theirs.resid, atol=1e-10)
    assert fit.sigma2[0] == pytest.approx(theirs.sigma2 * freed, rel=1e-8)


def test_variance_by_innovations_equals_statsmodels(values):
    forecast, innovations, _ = forecast_variance(values, 2, 12)
    theirs = AutoReg(values, 2).fit()
    predicted = theirs.get_prediction(len(values), len(values) + 11)
    np.testing.assert_allclose(forecast, predicted.predicted_mean, rtol=1e-8)
    freed = len(theirs.resid) / (len(theirs.resid) - 3)
    np.testing.assert_allclose(innovations, predicted.se_mean**2 * freed, rtol=1e-8)


def test_variance_by_parameters_is_the_derivative_times_the_covariance(values):
    p, horizon = 2, 6
    fit = estimate(values[None], p)
    found = np.concatenate([fit.constant, fit.phi[0]])

    def path(theta):
        known = list(values[-p:])
        for _ in range(horizon):
            known.append(theta[0] + theta[1] * known[-1] + theta[2] * known[-2])
        return np.array(known[p:])

    step = 1e-6
    slopes = np.array([(path(found + step * e) - path(found - step * e)) / (2 * step) for e in np.eye(3)])
    expected = np.einsum("ih,ij,jh->h", slopes, fit.covariance[0], slopes)
    np.testing.assert_allclose(forecast_variance(values, p, horizon)[2], expected, rtol=1e-6)


def test_a_known_random_walk_has_variance_sigma2_h(rng):
    changes = rng.normal(size=500)
    forecast, innovations, parameters = forecast_variance(changes, 0, 5, constant=False, integrated=True)
    np.testing.assert_allclose(innovations, np.mean(changes**2) * np.arange(1, 6))
    assert forecast.tolist() == parameters.tolist() == [0.0] * 5


@given(st.floats(-50, 50), st.floats(0.1, 20))
def test_quantiles_move_and_stretch_with_the_series(shift, size):
    rng = np.random.default_rng(3)
    values = np.convolve(rng.normal(size=80), [1, 0.5, 0.25])[:80]
    for make in (
        lambda v: gaussian_quantiles(v, 1, 4, LEVELS),
        lambda v: bootstrap_quantiles(v, 1, 4, LEVELS, np.random.default_rng(1), draws=39),
    ):
        np.testing.assert_allclose(
            make(size * values + shift), size * make(values) + shift, rtol=1e-6, atol=1e-6
        )


def test_parameters_widen_the_band(values):
    plain = gaussian_quantiles(values, 2, 24, LEVELS, parameters=False)
    whole = gaussian_quantiles(values, 2, 24, LEVELS)
    assert (np.diff(whole[:, [0, 4]]) > np.diff(plain[:, [0, 4]])).all()
    np.testing.assert_allclose(whole[:, 2], plain[:, 2])


def test_the_bootstrap_agrees_with_the_normal_band_on_a_long_series(rng):
    noise = rng.normal(size=1500)
    values = np.zeros(1500)
    for t in range(1, 1500):
        values[t] = 0.5 * values[t - 1] + noise[t]
    band = bootstrap_quantiles(values, 1, 3, LEVELS, rng, draws=999)
    np.testing.assert_allclose(band, gaussian_quantiles(values, 1, 3, LEVELS), atol=0.25)


def test_bias_near_the_unit_circle_is_corrected(rng):
    found = []
    for _ in range(20):
        noise = rng.normal(size=120)
        values = np.zeros(120)
        for t in range(1, 120):
            values[t] = 0.97 * values[t - 1] + noise[t]
        paths = bootstrap_paths(values, 1, 20, rng, draws=99)
        found.append(np.var(paths[:, -1]) / forecast_variance(values, 1, 20)[1][-1])
    assert np.median(found) > 1.15  # plain psi is too narrow by its downward bias


def test_the_same_stream_gives_the_same_bits(values):
    one, two = (bootstrap_paths(values, 2, 5, np.random.default_rng(4), draws=50) for _ in range(2))
    assert one.tobytes() == two.tobytes()


def test_a_newer_end_moves_the_forecast_not_the_coefficients(values):
    newer = np.append(values, [9.0, 3.0])
    theirs = AutoReg(values, 2).fit().params
    path = forecast_variance(values, 2, 1, known=newer)[0]
    assert path[0] == pytest.approx(theirs @ [1, 3.0, 9.0])
    middle = bootstrap_quantiles(values, 2, 1, [0.5], np.random.default_rng(0), known=newer)
    assert middle[0, 0] == pytest.approx(path[0], abs=0.3)


def test_largest_root():
    assert largest_root(np.array([0.5])) == pytest.approx(0.5)
    assert largest_root(np.array([1.2, -0.36])) == pytest.approx(0.6)
    assert largest_root(np.zeros(2)) == 0.0


@pytest.mark.parametrize("kind", ["parameters", "bootstrap"])
@pytest.mark.parametrize("difference", [False, True])
def test_intervals_count_the_estimation_and_equal_the_loop(kind, difference):
    plan = BacktestPlan(horizon=6, origins=4, step=5, refit_every=2)
    series = Series.from_array(np.cumsum(np.random.default_rng(5).normal(size=120)) * 0.3)
    widths = {}
    for intervals in ("psi", kind):
        recipe = Autoregression(difference=difference, max_lag=2, criterion="aic", intervals=intervals)
        result = run_backtest(series, {"ar": recipe}, plan, transform=TRANSFORMS["none"])
        quantiles = result.quantiles["ar"]
        widths[intervals] = quantiles[..., -1] - quantiles[..., 0]
        last = int(result.origins[2])
        history = History(series.values[:last], series.index[:last])
        fitted = recipe.fit(history, horizon=6, rng=np.random.default_rng(0))
        alone = fitted.forecast_quantiles(history, 6, result.levels)
        np.testing.assert_allclose(alone, quantiles[2], rtol=1e-9)
    assert (widths[kind].mean(axis=0) > widths["psi"].mean(axis=0) * 0.9).all()
    if kind == "parameters" and not difference:
        assert (widths[kind] > widths["psi"]).all()


def test_intervals_take_plain_lags_only():
    with pytest.raises(PlanError, match="Intervals 'bootstrap' take plain lags"):
        Autoregression(intervals="bootstrap", seasons=1)


def test_too_short_a_series_is_refused():
    with pytest.raises(SeriesTooShortError, match=r"6 observations cannot estimate AR\(2\); 7 are needed"):
        estimate(np.zeros((1, 6)), 2)
