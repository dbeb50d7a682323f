"""The autoregression: statsmodels' coefficients, forecasts and standard errors."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from statsmodels.tsa.ar_model import AutoReg
from strategies import autoregressions

from forecastkit.diagnostics.autocorrelation import ljung_box
from forecastkit.diagnostics.stationarity import adf
from forecastkit.errors import ForecastKitWarning, SeriesTooShortError
from forecastkit.models._ar_design import Terms, lags_to
from forecastkit.models._ar_fits import Fits
from forecastkit.models._ar_fitted import FittedAutoregression
from forecastkit.models.autoregressive import Autoregression
from forecastkit.models.lags import default_max_lag
from forecastkit.models.protocol import History
from forecastkit.series.recursions import psi_weights

NAMES = ("lynx_log10", "sunspot_year", "nile", "lh", "airpassengers_log")
LEVELS = (0.025, 0.1, 0.5, 0.9, 0.975)
UPPER = 1.959963984540054


def fit(past: History, horizon: int = 12, **settings) -> FittedAutoregression:
    return Autoregression(**settings).fit(past, horizon=horizon, rng=np.random.default_rng(0))


def settle(recipe: Autoregression, past: History) -> Autoregression:
    return recipe.prepare(past, horizon=12, rng=np.random.default_rng(0))


def spread(fitted: FittedAutoregression, past: History, horizon: int) -> np.ndarray:
    """Standard error at h = 1..horizon, read off the 97.5 % quantile."""
    quantiles = fitted.forecast_quantiles(past, horizon, (0.5, 0.975))
    return (quantiles[:, 1] - quantiles[:, 0]) / UPPER


@pytest.mark.parametrize("name", NAMES)
class TestAgainstReference:
    def test_coefficients_forecasts_and_psi(self, name, reference, series_values, history):
        known = reference("ar_selection")["results"][name]
        past = history(series_values(name))
        fitted, refit = fit(past, difference=False, max_lag=known["maxlag"]), known["bic_fit"]
        assert fitted.facts["p"] == refit["p"]
        assert fitted.constant == pytest.approx(refit["const"], rel=1e-8)
        assert fitted.phi == pytest.approx(refit["phi"], rel=1e-8)
        assert fitted.forecast(past, 12) == pytest.approx(refit["forecast"], rel=1e-8)
        assert psi_weights(fitted.phi, 12) == pytest.approx(refit["psi"][:12], rel=1e-8)

    def test_standard_errors(self, name, reference, series_values, history):
        """The reference divides SSR by N; sigma2 divides by N - k, so it is larger by N / (N - k)."""
        values = series_values(name)
        known = reference("ar_selection")["results"][name]
        past, refit = history(values), known["bic_fit"]
        fitted = fit(past, difference=False, max_lag=known["maxlag"])
        rows, regressors = len(values) - refit["p"], refit["p"] + 1
        factor = rows / (rows - regressors)
        assert fitted.sigma2 == pytest.approx(refit["sigma2_ml"] * factor, rel=1e-8)
        assert spread(fitted, past, 12) == pytest.approx(np.array(refit["se"]) * np.sqrt(factor), rel=1e-8)


@pytest.mark.parametrize("seed", range(6))
class TestAgainstStatsmodels:
    def values(self, seed: int) -> np.ndarray:
        noise = np.random.default_rng(seed).normal(size=150)
        for t in range(2, 150):
            noise[t] += 0.6 * noise[t - 1] + 0.25 * noise[t - 2]
        return 40 + 3 * noise

    def test_levels_with_a_constant(self, seed, history):
        values = self.values(seed)
        past = history(values)
        ours = fit(past, difference=False)
        theirs = AutoReg(values, ours.facts["p"], trend="c").fit()
        assert ours.facts["p"] >= 1
        assert [ours.constant, *ours.phi] == pytest.approx(theirs.params, rel=1e-8)
        assert ours.forecast(past, 24) == pytest.approx(theirs.forecast(24), rel=1e-8)
        rows, regressors = len(theirs.resid), ours.facts["p"] + 1
        se = theirs.get_prediction(150, 173).se_mean * np.sqrt(rows / (rows - regressors))
        assert spread(ours, past, 24) == pytest.approx(se, rel=1e-8)

    def test_differences_without_a_constant(self, seed, history):
        values = self.values(seed).cumsum()
        past = history(values)
        ours = fit(past, difference=True)
        theirs = AutoReg(np.diff(values), ours.facts["p"], trend="n").fit()
        assert ours.facts["p"] >= 1
        assert (ours.constant, ours.differenced) == (0.0, True)
        assert ours.phi == pytest.approx(theirs.params, rel=1e-8)
        assert ours.forecast(past, 24) == pytest.approx(values[-1] + np.cumsum(theirs.forecast(24)), rel=1e-8)
        rows, regressors = len(theirs.resid), ours.facts["p"]
        assert ours.sigma2 == pytest.approx(theirs.sigma2 * rows / (rows - regressors), rel=1e-8)

    def test_differences_have_the_psi_weights_of_the_level(self, seed, history):
        """An AR(p) of changes is an AR(p + 1) of levels: coefficients of (1 - phi(L)) (1 - L)."""
        values = self.values(seed).cumsum()
        past = history(values)
        fitted = fit(past, difference=True)
        polynomial = np.convolve(np.concatenate([[1.0], -fitted.phi]), [1.0, -1.0])
        psi = psi_weights(-polynomial[1:], 24)
        expected = np.sqrt(fitted.sigma2 * np.cumsum(psi**2))
        assert spread(fitted, past, 24) == pytest.approx(expected, rel=1e-8)


class TestQuantiles:
    def test_random_walk_by_hand(self, history):
        """Order 0 of changes: s.e. sigma sqrt(h) around the last value."""
        values = np.random.default_rng(1).normal(size=80).cumsum()
        past = history(values)
        fitted = fit(past, difference=True)
        assert fitted.facts["p"] == 0
        sigma = np.sqrt(np.mean(np.diff(values) ** 2) * 79 / 79)
        quantiles = fitted.forecast_quantiles(past, 4, (0.025, 0.975))
        band = UPPER * sigma * np.sqrt([1, 2, 3, 4])
        assert quantiles == pytest.approx(np.stack([values[-1] - band, values[-1] + band], axis=1), rel=1e-10)

    @given(autoregressions(), st.booleans(), st.booleans())
    def test_ordered_symmetric_and_widening(self, values, difference, changes):
        past = History(values, pd.RangeIndex(len(values)), 1, changes)
        fitted = fit(past, difference=difference)
        quantiles = fitted.forecast_quantiles(past, 8, LEVELS)
        assert quantiles.shape == (8, 5)
        assert (np.diff(quantiles, axis=1) > 0).all()
        path = fitted.forecast(past, 8)
        middle = np.cumsum(path) if changes else path
        assert quantiles[:, 2] == pytest.approx(middle, abs=1e-9)
        assert quantiles[:, 4] - quantiles[:, 2] == pytest.approx(quantiles[:, 2] - quantiles[:, 0], rel=1e-6)
        assert (np.diff(quantiles[:, 4] - quantiles[:, 0]) > -1e-9).all()


@given(autoregressions(), st.booleans(), st.floats(0.05, 50), st.booleans(), st.floats(-1000, 1000))
def test_equivariance(values, difference, size, flip, b):
    """A forecast of a y + b is a times the forecast of y, plus b; a negative a swaps the quantiles."""
    a = -size if flip else size
    index = pd.RangeIndex(len(values))
    plain, moved = History(values, index), History(a * values + b, index)
    one, two = fit(plain, difference=difference), fit(moved, difference=difference)
    if one.facts["p"] != two.facts["p"]:  # two orders within rounding of each other
        return
    tolerance = 1e-7 * (size + abs(b))
    assert two.forecast(moved, 8) == pytest.approx(a * one.forecast(plain, 8) + b, abs=tolerance)
    assert two.sigma2 == pytest.approx(a**2 * one.sigma2, rel=1e-6)
    levels = (0.9, 0.1) if flip else (0.1, 0.9)
    expected = a * one.forecast_quantiles(plain, 8, levels) + b
    assert two.forecast_quantiles(moved, 8, (0.1, 0.9)) == pytest.approx(expected, abs=tolerance)


@given(autoregressions())
def test_changes_are_the_differences_of_their_sum(values):
    """Seen as log returns or as the differences of a level, the same path comes out."""
    level = np.concatenate([[5.0], 5.0 + np.cumsum(values)])
    as_changes = History(np.diff(level), pd.RangeIndex(len(values)), 1, True)
    as_level = History(level, pd.RangeIndex(len(level)))
    one, two = fit(as_changes), fit(as_level, difference=True)
    assert one.facts == two.facts
    assert level[-1] + np.cumsum(one.forecast(as_changes, 8)) == pytest.approx(
        two.forecast(as_level, 8), rel=1e-12
    )
    assert level[-1] + one.forecast_quantiles(as_changes, 8, LEVELS) == pytest.approx(
        two.forecast_quantiles(as_level, 8, LEVELS), rel=1e-12
    )


class TestForecast:
    FITTED = FittedAutoregression(
        Fits(
            p=np.array([2]),
            phi=np.array([[0.5, 0.25]]),
            gamma=np.array([[1.0]]),
            sigma2=np.array([4.0]),
            centre=np.zeros(1),
            constant=np.array([False]),
        ),
        lags_to(2),
        Terms("c"),
    )

    def test_recursion_by_hand(self, history):
        """1 + .5 * 8 + .25 * 4 = 6; 1 + .5 * 6 + .25 * 8 = 6; 1 + .5 * 6 + .25 * 6 = 5.5."""
        assert self.FITTED.forecast(history([100.0, 4.0, 8.0]), 3).tolist() == [6.0, 6.0, 5.5]

    def test_standard_errors_by_hand(self, history):
        """psi = 1, .5, .5: variances 4, 5, 6."""
        assert spread(self.FITTED, history([4.0, 8.0]), 3) ** 2 == pytest.approx([4.0, 5.0, 6.0], rel=1e-12)

    def test_a_newer_history_counts_through_its_last_values_only(self, history):
        fitted = fit(history(np.random.default_rng(2).normal(size=100)), difference=False, max_lag=3)
        long, short = history([9.0, 9.0, 1.0, 2.0, 3.0, 4.0]), history([1.0, 2.0, 3.0, 4.0])
        assert fitted.forecast(long, 5).tolist() == fitted.forecast(short, 5).tolist()

    def test_shorter_than_the_order(self, history):
        with pytest.raises(SeriesTooShortError, match=r"AR\(2\) needs the last 2 values; the history has 1"):
            self.FITTED.forecast(history([1.0]), 3)

    def test_order_zero_forecasts_the_mean(self, history):
        values = np.random.default_rng(4).normal(size=200)
        fitted = fit(history(values), difference=False)
        assert fitted.facts["p"] == 0
        assert fitted.forecast(history(values), 3) == pytest.approx([values.mean()] * 3, rel=1e-12)


class TestOrder:
    def test_default_highest_order_and_criterion(self, series_values, history):
        """BIC over 0..24 for 309 values; the order is that of the selection on the same values."""
        values = series_values("sunspot_year")
        fitted = fit(history(values), difference=False)
        assert fitted.facts["max_lag"] == default_max_lag(289) == 24
        assert fitted.facts["p"] == 9

    def test_the_criterion_is_used(self, series_values, history):
        past = history(series_values("nile"))
        orders = [fit(past, difference=False, max_lag=12, criterion=c).facts["p"] for c in ("bic", "aic")]
        assert orders == [1, 2]

    def test_facts_tell_the_highest_order_that_was_tried(self, series_values, history):
        assert fit(history(series_values("nile")), difference=False, max_lag=3).facts["max_lag"] == 3

    def test_facts_tell_whether_residuals_are_clean(self, series_values, history):
        values = series_values("nile")
        fitted = fit(history(values), difference=False)
        residuals = AutoReg(values, fitted.facts["p"], trend="c").fit().resid
        assert (fitted.facts["modelled"], fitted.facts["ljung_box_lags"]) == ("levels", 10)
        expected = ljung_box(residuals, 10, fitted=fitted.facts["p"]).p_value
        assert fitted.facts["ljung_box_p"] == pytest.approx(expected, rel=1e-6)

    def test_residuals_are_pooled_over_two_seasons(self, series_values, history):
        facts = fit(history(series_values("airpassengers_log"), period=12), difference=True).facts
        assert (facts["modelled"], facts["ljung_box_lags"]) == ("changes", 24)


class TestUnitRootRule:
    def test_levels_where_a_unit_root_is_rejected(self, rng, history):
        past = history(rng.normal(size=120))
        assert adf(past.values).rejected
        assert settle(Autoregression(), past).difference is False
        assert fit(past).facts["modelled"] == "levels"

    def test_differences_elsewhere(self, rng, history):
        past = history(rng.normal(size=120).cumsum())
        assert not adf(past.values).rejected
        assert settle(Autoregression(), past).difference is True
        assert fit(past).facts["modelled"] == "changes"

    @pytest.mark.parametrize("difference", [True, False])
    def test_what_is_settled_stays(self, difference, rng, history):
        settled = settle(Autoregression(difference=difference), history(rng.normal(size=120)))
        assert settled == Autoregression(difference=difference, max_lag=20)

    def test_changes_are_not_differenced_again(self, rng, history):
        past = history(rng.normal(size=120).cumsum(), changes=True)
        assert settle(Autoregression(), past).difference is None
        assert fit(past).phi[0] == pytest.approx(AutoReg(past.values, 1, trend="n").fit().params[0], abs=0.2)


class TestTooShort:
    @pytest.mark.parametrize(
        ("settings", "fewest"),
        [
            ({"difference": False}, 12),
            ({"difference": True}, 13),
            ({"difference": False, "max_lag": 10}, 23),
            ({"difference": True, "max_lag": 10}, 24),
        ],
    )
    def test_the_message_names_how_many_are_needed(self, settings, fewest, rng, history):
        values = rng.normal(size=30)
        assert fit(history(values[:fewest]), **settings).sigma2 > 0
        with pytest.raises(SeriesTooShortError) as caught:
            fit(history(values[: fewest - 1]), **settings)
        assert str(caught.value) == (
            f"{fewest - 1} observations are too few to fit 'ar'; at least {fewest} are needed. Use fewer "
            "origins or a shorter horizon."
        )


@pytest.mark.parametrize("difference", [True, False], ids=["differences", "levels"])
class TestWithoutNoise:
    def test_a_line_is_continued(self, difference, history):
        past = history(3.0 + 2.0 * np.arange(40))
        assert fit(past, difference=difference).forecast(past, 3) == pytest.approx(
            [83.0, 85.0, 87.0], rel=1e-9
        )

    def test_a_constant_is_continued(self, difference, history):
        past = history(np.full(40, 0.1))
        with pytest.warns(ForecastKitWarning, match="constant"):
            fitted = fit(past, difference=difference)
        assert fitted.forecast(past, 3) == pytest.approx([0.1] * 3, rel=1e-12)

    def test_ups_and_downs_are_continued(self, difference, history):
        past = history(np.resize([1.0, -1.0], 40))
        assert fit(past, difference=difference).forecast(past, 3) == pytest.approx([1.0, -1.0, 1.0], rel=1e-9)

    def test_a_season_is_continued(self, difference, history):
        past = history(np.resize([1.0, 2.0, 4.0, 8.0], 42))
        assert fit(past, difference=difference).forecast(past, 4) == pytest.approx(
            [4.0, 8.0, 1.0, 2.0], rel=1e-8
        )
