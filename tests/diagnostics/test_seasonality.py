"""Seasons and cycles: by hand, on real series, and on noise that has none."""

from __future__ import annotations

import numpy as np
import pytest
from statsmodels.tsa.seasonal import seasonal_decompose

from forecastkit.diagnostics.seasonality import decompose, find_cycles, seasonal_test
from forecastkit.errors import MissingValuesError, SeriesTooShortError


def test_decomposition_by_hand():
    """A line plus -1, 1: the moving average (y/2, y, y/2)/2 gives the line back."""
    found = decompose(np.arange(8.0) + np.resize([-1.0, 1.0], 8), 2)
    assert found.trend[1:-1] == pytest.approx(np.arange(1.0, 7.0), abs=1e-12)
    assert np.isnan(found.trend[[0, -1]]).all()
    assert found.season == pytest.approx(np.resize([-1.0, 1.0], 8), abs=1e-12)
    assert found.strength == pytest.approx(1.0)


@pytest.mark.parametrize("period", [4, 7, 12])
def test_decomposition_agrees_with_statsmodels(period, rng):
    values = rng.normal(size=96).cumsum() + np.resize(rng.normal(size=period), 96)
    found, theirs = decompose(values, period), seasonal_decompose(values, period=period)
    assert found.trend == pytest.approx(theirs.trend, rel=1e-10, nan_ok=True)
    assert found.season == pytest.approx(theirs.seasonal, abs=1e-10)
    assert found.remainder == pytest.approx(theirs.resid, abs=1e-10, nan_ok=True)


def test_strength_of_noise_is_near_zero_and_of_a_season_near_one(series_values):
    noise = [decompose(np.random.default_rng(seed).normal(size=120), 12).strength for seed in range(50)]
    assert np.mean(noise) < 0.06
    assert decompose(series_values("airpassengers_log"), 12).strength > 0.9
    assert decompose(np.full(12, 3.0), 4).strength == 0.0


def test_the_season_of_air_passengers(series_values):
    test = seasonal_test(series_values("airpassengers_log"), 12)
    assert test.rejected
    assert (test.lags, test.n) == (12, 144)
    assert not seasonal_test(series_values("airpassengers_log"), 5).rejected


def test_the_rule_of_m4_by_hand():
    """Deviations 1, -1, 1, -1, 1, -1, 1, -1 lean on no line: r_1 = -7/8, r_2 = 6/8 up to the small slope."""
    values = np.resize([1.0, -1.0], 8)
    line = np.linspace(-1, 1, 8)
    u = values - line * (line @ values) / (line @ line)
    r = [u[k:] @ u[:-k] / (u @ u) for k in (1, 2)]
    expected = r[1] / np.sqrt((1 + 2 * r[0] ** 2) / 8)
    assert seasonal_test(values, 2).statistic == pytest.approx(expected, rel=1e-10)


@pytest.mark.parametrize(("period", "n"), [(7, 100), (12, 120), (24, 200)])
def test_a_hidden_season_is_found(period, n, rng):
    wave = np.sin(2 * np.pi * np.arange(n) / period)
    cycles = find_cycles(wave + 0.4 * rng.normal(size=n) + 0.05 * np.arange(n))
    assert cycles[0].period == period
    assert 0.5 < cycles[0].correlation < 1


def test_a_day_and_a_week(rng):
    hours = np.arange(24 * 7 * 6)
    day, weekend = np.sin(2 * np.pi * hours / 24), (hours // 24 % 7 >= 5) * 2.0
    found = [cycle.period for cycle in find_cycles(day + weekend + 0.2 * rng.normal(size=len(hours)))]
    assert found[0] in (24, 168)
    assert 168 in found


def test_sunspots_return_after_ten_or_eleven_years(series_values):
    assert find_cycles(series_values("sunspot_year"))[0].period in (10, 11)


@pytest.mark.parametrize("phi", [0.0, 0.5, 0.9])
def test_noise_has_no_cycle(phi):
    found = 0
    for seed in range(200):
        noise = np.random.default_rng(seed).normal(size=200)
        for t in range(1, 200):
            noise[t] += phi * noise[t - 1]
        found += bool(find_cycles(noise[50:]))
    assert found <= 12


def test_too_short_constant_or_missing(rng):
    assert find_cycles(rng.normal(size=11)) == ()
    assert find_cycles(np.ones(50)) == ()
    assert find_cycles(np.arange(50.0)) == ()
    with pytest.raises(SeriesTooShortError, match="season 12 was given 35 values and needs 36"):
        decompose(rng.normal(size=35), 12)
    with pytest.raises(SeriesTooShortError, match="given 35 values and needs 36"):
        seasonal_test(rng.normal(size=35), 12)
    with pytest.raises(MissingValuesError):
        find_cycles(np.array([np.nan] * 20))
    assert seasonal_test(np.arange(40.0), 4).reason == "nothing is left beside a line"
