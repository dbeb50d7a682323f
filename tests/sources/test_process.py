"""Every process: its best forecast has the error it promises, and looks at nothing but the past."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from forecastkit.seeds import spawn
from forecastkit.sources.chaos import Chaos
from forecastkit.sources.synthetic import PROCESSES

HORIZON = 6
KNOWN = 150


def observed(name):
    """The process as drawn here: chaos seen through noise with a short burn-in, a break before the end."""
    process = PROCESSES[name]
    if isinstance(process, Chaos):
        return replace(process, noise=0.1, burn_in=20)
    return replace(process, at=KNOWN - 40) if name == "break" else process


def squared_errors(name, repetitions):
    """Squared errors of the best forecast from one origin of each of many series, (R, H)."""
    errors = []
    for repetition in range(repetitions):
        rng = spawn(7, name, repetition)
        process = observed(name).begin(rng)
        values = process.simulate(KNOWN + HORIZON, rng)
        errors.append(values[KNOWN:] - process.optimal_forecast(values[:KNOWN], HORIZON))
    return np.square(errors)


@pytest.mark.parametrize("name", PROCESSES)
def test_the_error_of_the_best_forecast_is_what_it_promises(name):
    """Within 5 standard errors of the mean over 250 series, at every h."""
    found = squared_errors(name, 250)
    standard_error = found.std(axis=0, ddof=1) / np.sqrt(len(found))
    promised = observed(name).optimal_mse(HORIZON)
    assert np.all(np.abs(found.mean(axis=0) - promised) <= 5 * standard_error)
    assert promised.shape == (HORIZON,)


@pytest.mark.parametrize("name", PROCESSES)
def test_the_best_forecast_sees_the_past_only(name):
    process = observed(name).begin(np.random.default_rng(5))
    values = process.simulate(200, np.random.default_rng(5))
    poisoned = values.copy()
    poisoned[KNOWN:] = 1e9
    paths = [process.optimal_forecast(one[:KNOWN], HORIZON) for one in (values, poisoned)]
    assert paths[0].tobytes() == paths[1].tobytes()
    assert paths[0].shape == (HORIZON,)
    assert np.isfinite(paths[0]).all()


@pytest.mark.parametrize("name", PROCESSES)
def test_a_window_of_the_past_with_its_position_is_enough(name):
    """The last 120 of 150 values: memory fades everywhere, slowest in the long-memory process."""
    process = observed(name).begin(np.random.default_rng(6))
    values = process.simulate(KNOWN, np.random.default_rng(6))
    whole = process.optimal_forecast(values, HORIZON)
    window = process.optimal_forecast(values[30:], HORIZON, start=30)
    assert window == pytest.approx(whole, abs=0.05 if name == "arfima" else 1e-6)


@pytest.mark.parametrize("name", PROCESSES)
def test_the_error_never_shrinks_with_h(name):
    mse = observed(name).optimal_mse(40)
    assert np.all(np.diff(mse) >= -1e-12)
    assert len(PROCESSES[name].about) > 10
