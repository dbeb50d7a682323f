"""Gradients of recurrent layers by their inputs, against reference values and small changes of the inputs."""

import numpy as np
import pytest

from forecastkit.models.effective_memory import decay_rate, memory_length
from forecastkit.models.networks.gradients import input_gradients
from forecastkit.models.networks.spec import NetworkSpec
from forecastkit.models.networks.weights import draw_weights


def spec_of(cell: str, *, lookback: int = 24, channels: int = 1, units: int = 4, layers: int = 1):
    return NetworkSpec(lookback, channels, 3, units, 0.0, "squared", 8, 0.0, cell=cell, layers=layers)


@pytest.mark.parametrize(("name", "cell"), [("simple_rnn_tanh", "rnn"), ("lstm", "lstm"), ("gru", "gru")])
def test_they_are_those_of_the_reference(reference, name, cell):
    told = reference("gradients")
    expected = told["cells"][name]
    inputs = np.array(told["x"])[None, :, None]
    weights = [np.array(weight) for weight in expected["weights"]]
    states, found = input_gradients(spec_of(cell), weights, inputs, np.eye(4))
    by_input = found[0, :, :, 0]
    curve = np.linalg.norm(by_input, axis=0)[::-1]
    np.testing.assert_allclose(states[0], expected["h_T"], rtol=1e-12)
    np.testing.assert_allclose(curve, expected["grad_norm_by_lag"], rtol=1e-10)
    np.testing.assert_allclose(by_input.sum(axis=0), expected["grad_of_sum_h_wrt_x"], rtol=1e-10)
    assert memory_length(curve) == expected["memory_length_90"] + 1
    assert decay_rate(curve) == pytest.approx(expected["decay_rate_log_per_step"], rel=1e-9)


@pytest.mark.parametrize("cell", ["lstm", "gru", "rnn"])
@pytest.mark.parametrize("layers", [1, 2])
def test_they_are_what_small_changes_do(rng, cell, layers):
    spec = spec_of(cell, lookback=5, channels=2, layers=layers)
    weights = [weight.astype(np.float64) for weight in draw_weights(spec, rng)]
    inputs, outputs = rng.normal(size=(3, 5, 2)), rng.normal(size=(6, 4))
    _, found = input_gradients(spec, weights, inputs, outputs)
    step = 1e-6
    for t in range(5):
        for channel in range(2):
            ends = []
            for sign in (1, -1):
                moved = inputs.copy()
                moved[:, t, channel] += sign * step
                ends.append(input_gradients(spec, weights, moved, outputs)[0] @ outputs.T)
            slope = (ends[0] - ends[1]) / (2 * step)
            np.testing.assert_allclose(found[:, :, t, channel], slope, atol=1e-8)
