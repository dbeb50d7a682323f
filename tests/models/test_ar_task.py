"""Options of the autoregression: regressors against plain least squares, and one call against the loop."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from statsmodels.tsa.ar_model import AutoReg

from forecastkit.errors import DataError, PlanError, SeriesTooShortError
from forecastkit.models.autoregressive import Autoregression
from forecastkit.models.protocol import History, Schedule

RNG = np.random.default_rng(0)
HORIZON = 5


def series(n: int = 160, season: int = 6) -> np.ndarray:
    values = np.random.default_rng(3).normal(size=n)
    for t in range(season, n):
        values[t] += 0.4 * values[t - 1] + 0.4 * values[t - season]
    return 50 + values


def past(values: np.ndarray, known: np.ndarray | None = None) -> History:
    return History(values, pd.RangeIndex(len(values)), 6, known=known)


def fitted(values: np.ndarray, known: np.ndarray | None = None, **settings):
    recipe = Autoregression(difference=False, **settings)
    return recipe.fit(past(values, known), horizon=HORIZON, rng=RNG)


def schedule(origins: np.ndarray, window: int | None, every: int = 1) -> Schedule:
    windows = np.stack([np.zeros_like(origins) if window is None else origins - window, origins], axis=1)
    return Schedule(windows[::every], windows, np.arange(len(origins)) // every)


OPTIONS = {
    "aic": {"criterion": "aic"},
    "cv": {"criterion": "cv", "max_lag": 4},
    "line": {"trend": "ct"},
    "none": {"trend": "n"},
    "differences": {"difference": True},
    "drift": {"difference": True, "trend": "ct"},
    "default": {"difference": None},
    "compared": {"difference": "cv"},
    "seasonal": {"seasons": 2, "max_lag": 3},
    "dummies": {"dummies": True},
    "set": {"lags": (1, 6, 7)},
    "yule-walker": {"estimator": "yule-walker"},
    "burg": {"estimator": "burg", "criterion": "aicc"},
    "shrunk": {"shrink": True},
}


@pytest.mark.parametrize("missing", [False, True])
@pytest.mark.parametrize("window", [None, 90])
@pytest.mark.parametrize("option", OPTIONS)
def test_one_call_equals_the_loop_and_knows_no_future(option, window, missing) -> None:
    values, origins = series(), np.arange(120, 136)
    if missing:
        values[[40, 41, 117, 125]] = np.nan
        if option in ("yule-walker", "burg", "compared"):
            pytest.skip("takes no gaps, or decides on them")
    told = {"difference": False, **OPTIONS[option]}
    first = values[:120] if window is None else values[120 - window : 120]
    recipe = Autoregression(**told).prepare(past(first), horizon=HORIZON, rng=RNG)

    def serve(given: np.ndarray):
        return recipe.forecast_origins(past(given), schedule(origins, window, 2), horizon=HORIZON, rng=RNG)

    answers = serve(values[:135])
    for o in range(0, 16, 5):
        fit_at, origin = int(origins[o // 2 * 2]), int(origins[o])
        begin = 0 if window is None else fit_at - window
        one = recipe.fit(replace(past(values[begin:fit_at]), start=begin), horizon=HORIZON, rng=RNG)
        begin = 0 if window is None else origin - window
        history = replace(past(values[begin:origin]), start=begin)
        path = one.forecast(history, HORIZON)
        assert answers.mean[o] == pytest.approx(path, rel=1e-12)
        levels = one.forecast_quantiles(history, HORIZON, (0.025, 0.1, 0.9, 0.975))
        assert answers.quantiles[o] == pytest.approx(levels, rel=1e-8)
    for poison in (1e9, np.nan):
        poisoned = values[:135].copy()
        poisoned[127:] = poison
        assert serve(poisoned).mean[:8].tobytes() == answers.mean[:8].tobytes()


class TestRegressors:
    def test_a_line_and_a_constant(self) -> None:
        values = series() + np.arange(160) / 9
        ours = fitted(values, trend="ct", lags=(1, 2))
        theirs = AutoReg(values, 2, trend="ct").fit()
        assert ours.phi == pytest.approx(theirs.params[2:], rel=1e-8)
        assert ours.forecast(past(values), HORIZON) == pytest.approx(theirs.forecast(HORIZON), rel=1e-8)

    def test_dummies(self) -> None:
        values = series() + np.resize([0.0, 3.0, 1.0, 4.0, 1.0, 5.0], 160)
        ours = fitted(values, dummies=True, lags=(1, 2))
        theirs = AutoReg(values, 2, seasonal=True, period=6).fit()
        assert ours.phi == pytest.approx(theirs.params[-2:], rel=1e-8)
        assert ours.forecast(past(values), HORIZON) == pytest.approx(theirs.forecast(HORIZON), rel=1e-8)

    def test_a_set_of_lags(self) -> None:
        values = series()
        ours, theirs = fitted(values, lags=(1, 6, 7)), AutoReg(values, [1, 6, 7]).fit()
        assert ours.phi[[0, 5, 6]] == pytest.approx(theirs.params[1:], rel=1e-8)
        assert ours.forecast(past(values), HORIZON) == pytest.approx(theirs.forecast(HORIZON), rel=1e-8)

    def test_covariates_known_ahead(self) -> None:
        known = np.random.default_rng(5).normal(size=(160 + HORIZON, 2)) * [1.0, 30.0] + 7
        values = series() + known[:160] @ [2.0, -0.1]
        ours, theirs = fitted(values, known, lags=(1, 2)), AutoReg(values, 2, exog=known[:160]).fit()
        assert ours.phi == pytest.approx(theirs.params[1:3], rel=1e-8)
        expected = theirs.forecast(HORIZON, exog=known[160:])
        assert ours.forecast(past(values, known), HORIZON) == pytest.approx(expected, rel=1e-8)
        with pytest.raises(DataError, match="made for 2 covariates known ahead; the history has 0"):
            ours.forecast(past(values), HORIZON)

    def test_seasonal_lags_are_found(self) -> None:
        chosen = fitted(series(400), seasons=1, max_lag=3, criterion="aic")
        assert chosen.phi[5] == pytest.approx(0.4, abs=0.1)


class TestMissing:
    def test_rows_that_lack_a_value_are_left_out(self) -> None:
        values = series()
        values[[30, 31, 90]] = np.nan
        ours = fitted(values, lags=(1, 2))
        rows = np.column_stack([np.ones(158), values[1:-1], values[:-2], values[2:]])
        rows = rows[np.isfinite(rows).all(axis=1)]
        expected = np.linalg.lstsq(rows[:, :3], rows[:, 3])[0]
        assert [ours.constant, *ours.phi] == pytest.approx(expected, rel=1e-8)

    def test_a_missing_last_value_is_replaced_by_its_forecast(self) -> None:
        values = series()
        ours = fitted(values, lags=(1, 2))
        before = ours.forecast(past(values[:-1]), HORIZON + 1)
        gap = values.copy()
        gap[-1] = np.nan
        assert ours.forecast(past(gap), HORIZON) == pytest.approx(before[1:], rel=1e-12)

    def test_too_few_complete_rows(self) -> None:
        values = series()
        values[::3] = np.nan
        with pytest.raises(SeriesTooShortError, match="complete rows"):
            fitted(values, lags=(1, 2, 3))


class TestGuards:
    def test_notes_on_orders_at_their_maximum_and_on_constant_parts(self) -> None:
        values, origins = series(), np.arange(120, 136)
        recipe = Autoregression(difference=False, max_lag=1, criterion="aic")
        seasonal = np.convolve(values, [1.0, 0.9, 0.8])[2:-2]
        notes = recipe.forecast_origins(
            past(seasonal), schedule(origins, None), horizon=HORIZON, rng=RNG
        ).notes
        assert "chose its highest order 1 at 16 of 16 fits" in notes[0]
        flat = np.concatenate([np.full(70, 2.0), values])
        notes = recipe.forecast_origins(past(flat), schedule(origins, 40), horizon=HORIZON, rng=RNG).notes
        assert all("constant" not in note for note in notes)
        early = np.arange(50, 66)
        notes = recipe.forecast_origins(past(flat), schedule(early, 40), horizon=HORIZON, rng=RNG).notes
        assert "met 16 of 16 training parts that are constant" in notes[0]

    def test_an_explosive_fit_is_told(self) -> None:
        values = 1.2 ** np.arange(100) + np.random.default_rng(1).normal(size=100)
        answers = Autoregression(difference=False, lags=(1,)).forecast_origins(
            past(values), schedule(np.arange(80, 96), None), horizon=30, rng=RNG
        )
        assert answers.facts[0]["largest_modulus"] == pytest.approx(1.2, abs=0.01)
        assert any("explosive at 16 of 16 fits" in note for note in answers.notes)

    @pytest.mark.parametrize(
        ("settings", "message"),
        [
            ({"criterion": "bik"}, "no criterion 'bik'. Did you mean bic"),
            ({"trend": "tc"}, "no trend 'tc'"),
            ({"estimator": "mle"}, "no estimator 'mle'"),
            ({"max_lag": -1}, "numbers of lags are 0 or more"),
            ({"estimator": "burg", "seasons": 1}, "'burg' takes plain lags"),
        ],
    )
    def test_what_cannot_be(self, settings, message) -> None:
        with pytest.raises(PlanError, match=message):
            Autoregression(**settings)
