"""GARCH and bilinear: variance and mean forecasts against reference values and by hand."""

from __future__ import annotations

import numpy as np
import pytest

from forecastkit.errors import PlanError
from forecastkit.sources.volatility import Bilinear, Garch


def test_variance_forecasts_of_a_garch_equal_the_reference(reference):
    """A past whose next variance is 2: 0.1 + 0.1 y^2 + 0.8 * 1 with y^2 = 11."""
    known = reference("oracles")["linear"]["garch11"]
    process = Garch(omega=known["omega"], alpha=known["alpha"], beta=known["beta"])
    forecast = process.variance_forecast(np.array([np.sqrt(11.0)]), len(known["var_forecast_by_h"]))
    assert forecast == pytest.approx(known["var_forecast_by_h"], rel=1e-12)
    assert process.variance == pytest.approx(known["unconditional"], rel=1e-12)
    assert process.optimal_forecast(np.array([3.0]), 2).tolist() == [0.0, 0.0]


def test_variance_forecasts_are_unbiased():
    process = Garch()
    values = process.simulate(6000, np.random.default_rng(1))
    origins = range(400, 5900, 5)
    ratio = np.array(
        [values[t : t + 3] ** 2 / process.variance_forecast(values[t - 400 : t], 3) for t in origins]
    )
    assert ratio.mean(axis=0) == pytest.approx(np.ones(3), abs=5 * ratio.std() / np.sqrt(len(ratio)))


def test_bilinear_forecasts_equal_the_reference(reference):
    known = reference("oracles")["linear"]["bilinear_1_0_1_1"]
    process = Bilinear(a=known["a"], b=known["b"])
    path = process.forecast_from(known["state"]["y"], known["state"]["e"], len(known["oracle_mean_by_h"]))
    assert path == pytest.approx(known["oracle_mean_by_h"], rel=1e-12)
    assert process.mean == pytest.approx(known["mean"], rel=1e-12)


def test_the_last_shock_of_a_bilinear_process_is_recovered():
    process = Bilinear()
    values = process.simulate(600, np.random.default_rng(8))
    shocks = np.random.default_rng(8).normal(size=1100)[500:]
    path = process.optimal_forecast(values[:500], 3)
    assert path == pytest.approx(process.forecast_from(values[499], shocks[499], 3), abs=1e-9)


@pytest.mark.parametrize("wrong", [{"alpha": 0.3, "beta": 0.7}, {"omega": 0.0}, {"alpha": -0.1}])
def test_a_garch_without_a_variance_is_refused(wrong):
    with pytest.raises(PlanError, match=r"alpha \+ beta < 1 is needed"):
        Garch(**wrong)


def test_a_bilinear_process_without_a_variance_is_refused():
    with pytest.raises(PlanError, match=r"a\^2 \+ b\^2 sigma\^2 < 1 is needed"):
        Bilinear(a=0.9, b=0.5)
