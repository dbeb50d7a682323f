"""Nonlinear AR(1): the integral equation against reference values, closed forms and simulation."""

from __future__ import annotations

import numpy as np
import pytest

from forecastkit.errors import PlanError
from forecastkit.sources.markov import Lstar, Setar

PROCESSES = {"setar_2_1_1": Setar(), "lstar": Lstar()}
GRID = {"setar_2_1_1": 2e-5, "lstar": 1e-9}
"""Errors of the reference values: their grid straddles the jump of the SETAR."""


@pytest.mark.parametrize("name", PROCESSES)
def test_errors_and_moments_equal_the_reference(name, reference):
    known, process = reference("oracles")["nonlinear"][name], PROCESSES[name]
    mean, variance = process.stationary_moments()
    assert process.optimal_mse(12) == pytest.approx(known["oracle_mse_by_h"], abs=GRID[name])
    assert mean == pytest.approx(known["stationary_mean"], abs=GRID[name])
    assert variance == pytest.approx(known.get("stationary_var", variance), abs=GRID[name])


@pytest.mark.parametrize("name", PROCESSES)
def test_conditional_moments_equal_the_reference(name, reference):
    process = PROCESSES[name]
    for x, known in reference("oracles")["nonlinear"][name]["conditional"].items():
        steps = len(known["mean"])
        path = process.optimal_forecast(np.array([float(x)]), steps)
        assert path == pytest.approx(known["mean"], abs=GRID[name])
        assert process.conditional_variance(float(x), steps) == pytest.approx(known["var"], abs=GRID[name])


def test_two_steps_of_a_setar_in_closed_form():
    """From x = 2, g = 0: y_1 is standard normal, so m_2 = (1 - 0.8) / 2 + (0.4 - 0.7) / sqrt(2 pi)."""
    path = Setar().optimal_forecast(np.array([2.0]), 2)
    assert path == pytest.approx([0.0, 0.1 - 0.3 / np.sqrt(2 * np.pi)], abs=1e-12)


def test_a_linear_skeleton_gives_the_linear_forecast():
    """With equal regimes a SETAR is an AR(1) with mean c / (1 - phi) = 2."""
    process = Setar(c1=1.0, phi1=0.5, c2=1.0, phi2=0.5)
    path = process.optimal_forecast(np.array([4.0]), 5)
    assert path == pytest.approx(2 + 2 * 0.5 ** np.arange(1, 6), abs=1e-11)
    assert process.optimal_mse(5) == pytest.approx(np.cumsum(0.25 ** np.arange(5)), abs=1e-11)


@pytest.mark.parametrize("wrong", [{"phi1": 1.2}, {"phi1": -2.0, "phi2": -1.0}, {"sigma": 0.0}])
def test_an_unstable_setar_is_refused(wrong):
    with pytest.raises(PlanError, match="A synthetic process was given"):
        Setar(**wrong)


@pytest.mark.parametrize("wrong", [{"phi1": 1.0}, {"steepness": 0.0}, {"steepness": 1e6}])
def test_an_lstar_out_of_range_is_refused(wrong):
    with pytest.raises(PlanError, match="A synthetic process was given"):
        Lstar(**wrong)
