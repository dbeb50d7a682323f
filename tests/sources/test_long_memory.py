"""Fractional noise: closed forms, exact draws, exact projections."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.linalg import solve, toeplitz

from forecastkit.errors import PlanError
from forecastkit.sources.long_memory import Arfima

PROCESS = Arfima(d=0.3)


def test_errors_and_variance_equal_the_reference(reference):
    known = reference("oracles")["linear"]["arfima0d0"]
    assert PROCESS.optimal_mse(24) == pytest.approx(known["mse_by_h_infinite_past"][:24], rel=1e-12)
    assert PROCESS.variance == pytest.approx(known["variance"], rel=1e-12)


@pytest.mark.parametrize("d", [0.1, 0.3, 0.45])
def test_the_forecast_solves_the_normal_equations(d):
    """Projection on 40 values by the autocovariances, each h on its own."""
    process, values = Arfima(d=d), np.random.default_rng(2).normal(size=40)
    covariances = process.autocovariances(60)
    weights = [
        solve(toeplitz(covariances[:40]), covariances[h : h + 40][::-1], assume_a="pos") for h in range(1, 9)
    ]
    assert process.optimal_forecast(values, 8) == pytest.approx(np.array(weights) @ values, rel=1e-9)


def test_draws_have_the_autocovariances():
    draws = np.array([PROCESS.simulate(8, np.random.default_rng(seed)) for seed in range(20_000)])
    found = np.array([np.mean(draws[:, 0] * draws[:, k]) for k in range(8)])
    assert found == pytest.approx(PROCESS.autocovariances(7), abs=5 * PROCESS.variance / np.sqrt(10_000))


@pytest.mark.parametrize("d", [0.0, 0.5, -0.2])
def test_d_lies_between_zero_and_a_half(d):
    with pytest.raises(PlanError, match="0 < d < 1/2 and sigma > 0 is needed"):
        Arfima(d=d)
