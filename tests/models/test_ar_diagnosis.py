"""The AR taken apart: against statsmodels, against closed forms, and what it says in words."""

from dataclasses import replace

import numpy as np
import pytest
from statsmodels.regression.linear_model import OLS
from statsmodels.tsa.ar_model import AutoReg

import forecastkit as fk
from forecastkit.errors import DataError, SeriesTooShortError
from forecastkit.models.ar_diagnosis import diagnose_ar
from forecastkit.reporting.ar_words import summary_words
from forecastkit.series.series import Series


@pytest.fixture
def values(rng) -> np.ndarray:
    noise = rng.normal(size=600)
    series = np.zeros(600)
    for t in range(2, 600):
        series[t] = 1.2 * series[t - 1] - 0.4 * series[t - 2] + noise[t]
    return 10 + series[100:]


def test_coefficients_and_both_errors_equal_statsmodels(values):
    found = diagnose_ar(values, p=2, difference=False)
    theirs = AutoReg(values, 2).fit()
    np.testing.assert_allclose([c.estimate for c in found.coefficients], theirs.params, rtol=1e-8)
    freed = len(theirs.resid) / (len(theirs.resid) - 3)
    np.testing.assert_allclose([c.error for c in found.coefficients], theirs.bse * np.sqrt(freed), rtol=1e-8)
    design = np.column_stack([np.ones(498), values[1:-1], values[:-2]])
    robust = OLS(values[2:], design).fit(cov_type="HAC", cov_kwds={"maxlags": 5, "use_correction": True})
    np.testing.assert_allclose([c.hac_error for c in found.coefficients], robust.bse, rtol=1e-8)
    assert [c.name for c in found.coefficients] == ["constant", "lag 1", "lag 2"]


def test_roots_of_an_ar2_by_hand():
    rng = np.random.default_rng(1)
    found = diagnose_ar(rng.normal(size=300), p=2, difference=False)
    one, two = found.phi
    disc = one**2 + 4 * two
    moduli = [abs((one + s * np.sqrt(complex(disc))) / 2) for s in (1, -1)]
    assert found.modulus == pytest.approx(max(moduli))
    for root in found.roots:
        z = complex(root.real, root.imaginary)
        assert abs(z**2 - one * z - two) < 1e-12
    assert found.half_life == pytest.approx(np.log(0.5) / np.log(max(moduli)))


def test_memory_of_an_ar1_by_its_closed_form(rng):
    noise = rng.normal(size=400)
    series = np.zeros(400)
    for t in range(1, 400):
        series[t] = 0.8 * series[t - 1] + noise[t]
    found = diagnose_ar(series, p=1, difference=False, horizon=10)
    (phi,) = found.phi
    np.testing.assert_allclose(found.impulse, phi ** np.arange(11))
    steps = np.arange(1, 11)
    np.testing.assert_allclose(found.error, found.sigma * np.sqrt((1 - phi ** (2 * steps)) / (1 - phi**2)))
    assert found.spread == pytest.approx(found.sigma / np.sqrt(1 - phi**2))
    assert found.limit == int(np.ceil(np.log(0.05) / (2 * np.log(phi))))


def test_a_random_walk_has_no_limit(rng):
    found = diagnose_ar(np.cumsum(rng.normal(size=500)), horizon=9)
    assert found.differenced
    assert not found.constant
    assert found.limit is None
    assert found.spread is None
    if found.p == 0:
        np.testing.assert_allclose(found.error, found.sigma * np.sqrt(np.arange(1, 10)))
    assert "no h at which the level is forgotten" in str(found)


def test_an_explosive_fit_is_said():
    found = diagnose_ar(1.1 ** np.arange(40) + np.sin(np.arange(40)), p=1, difference=False)
    assert found.modulus > 1
    assert found.half_life is None
    assert found.limit is None
    assert "forecasts explode" in summary_words(found)[1]


def test_it_draws_itself(values):
    assert len(diagnose_ar(values, p=1).plot(width="narrow").axes) == 4


def test_it_prints_in_eighty_columns(values):
    text = str(diagnose_ar(values, period=12))
    assert max(map(len, text.splitlines())) <= 80
    for part in ("HAC s.e.", "inverse root", "BIC", "Ljung-Box", "impulse", "PACF"):
        assert part in text


def test_as_a_dictionary_it_holds_every_part(values):
    content = diagnose_ar(values, p=2, difference=False).to_dict()
    assert content["p"] == 2
    assert len(content["residual_tests"]) == 5
    assert {"roots", "orders", "acf", "pacf", "impulse", "error", "limit", "half_life"} <= content.keys()


def test_what_cannot_be_estimated_is_refused():
    with pytest.raises(DataError, match="series is constant"):
        diagnose_ar(np.ones(50))
    with pytest.raises(SeriesTooShortError, match="was given 20 values; 30 are needed"):
        diagnose_ar(np.arange(20.0))


def test_a_series_brings_its_period_and_its_transform():
    walk = np.exp(np.random.default_rng(3).normal(size=200).cumsum() / 50)
    prices = replace(Series.from_array(walk, period=5), default_transform="log-return")
    found = fk.diagnose_ar(prices)
    alone = diagnose_ar(np.diff(np.log(walk)), period=5, difference=False, constant=False)
    assert (found.differenced, found.constant, found.n) == (False, False, 199)
    assert found.to_dict()["residual_tests"] == alone.to_dict()["residual_tests"]
    assert fk.diagnose_ar(prices, transform="none").differenced
