"""Chaos: trajectories equal the references, the oracle knows the start and no noise."""

from __future__ import annotations

from math import log

import numpy as np
import pytest

from forecastkit.errors import PlanError
from forecastkit.sources.chaos import Logistic, Lorenz, MackeyGlass, predictability_horizon

SYSTEMS = (Logistic(), MackeyGlass(), Lorenz())


def test_the_logistic_map_equals_the_reference(reference):
    known = reference("oracles")["nonlinear"]["logistic_map_r4"]
    path = Logistic(start=(0.3,), burn_in=0).trajectory(10)
    assert path == pytest.approx(known["first10"], rel=1e-9)
    horizons = [predictability_horizon(log(2), delta, 0.1) for delta in (1e-6, 1e-3)]
    assert horizons == pytest.approx(list(known["predictability_horizon"].values()), rel=1e-12)


def test_lorenz_states_equal_the_reference(reference):
    known = reference("oracles")["nonlinear"]["lorenz63"]
    states = Lorenz(start=(1.0, 1.0, 1.0)).state_path(100)[[9, 49, 99]]
    assert states == pytest.approx(np.array(known["state_after_10_50_100"]), rel=1e-6)


def test_mackey_glass_equals_the_reference(reference):
    known = reference("oracles")["nonlinear"]["mackey_glass"]
    path = MackeyGlass(start=(known["history"],), burn_in=0).trajectory(30)
    assert path == pytest.approx(known["first30"], rel=1e-9)


@pytest.mark.parametrize("system", SYSTEMS, ids=lambda system: type(system).__name__)
def test_without_noise_the_forecast_is_exact(system):
    begun = system.begin(np.random.default_rng(1))
    values = begun.simulate(120, np.random.default_rng(1))
    assert np.array_equal(begun.optimal_forecast(values[:100], 20), values[100:])
    assert begun.optimal_mse(2).tolist() == [0.0, 0.0]


@pytest.mark.parametrize("system", SYSTEMS, ids=lambda system: type(system).__name__)
def test_other_seeds_begin_elsewhere(system):
    paths = [system.begin(np.random.default_rng(seed)).trajectory(50) for seed in (1, 2)]
    assert np.abs(paths[0] - paths[1]).max() > 0.1


def test_a_start_that_does_not_fit_is_refused():
    with pytest.raises(PlanError, match="a start of 3 numbers is needed"):
        Lorenz(start=(1.0, 2.0))
    with pytest.raises(PlanError, match="0 < start < 1 is needed"):
        Logistic(start=(2.0,)).trajectory(3)
    with pytest.raises(PlanError, match="no starting state"):
        Logistic().trajectory(3)
