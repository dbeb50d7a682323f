"""The training loop on tiny shapes: every cell, stacked layers and the quantile head."""

from dataclasses import replace

import numpy as np
import pytest
from scipy.special import ndtri

from forecastkit.models.networks.device import load_loop
from forecastkit.models.networks.spec import NetworkSpec, Schedule
from forecastkit.seeds import spawn

SPEC = NetworkSpec(
    lookback=5, channels=2, horizon=3, units=4, dropout=0.1, loss="squared", batch=16, weight_decay=1e-3
)
LEVELS = (0.1, 0.5, 0.9)


def pairs(n: int, seed: int) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(seed)
    inputs = rng.normal(size=(n, SPEC.lookback, SPEC.channels))
    return inputs, np.tanh(inputs[:, -1, :1]) + 0.1 * rng.normal(size=(n, SPEC.horizon))


@pytest.mark.parametrize(("cell", "layers"), [("lstm", 2), ("gru", 1), ("rnn", 1)])
def test_every_cell_learns_and_repeats_its_bits(cell: str, layers: int) -> None:
    loop = load_loop().loop_for(replace(SPEC, cell=cell, layers=layers))
    train, valid = pairs(160, 0), pairs(40, 1)
    first = loop.fit(train, valid, Schedule(12, 12, 2e-2), spawn(0))
    again = loop.fit(train, valid, Schedule(12, 12, 2e-2), spawn(0))
    assert min(first.validation) < 0.8 * first.validation[0]
    outputs = loop.forecast(first.weights, valid[0])
    assert outputs.shape == (40, 3)
    assert outputs.tobytes() == loop.forecast(again.weights, valid[0]).tobytes()


def test_untrained_quantiles_are_those_of_the_standard_normal() -> None:
    loop = load_loop().loop_for(replace(SPEC, quantiles=LEVELS))
    inputs, targets = pairs(32, 0)
    training = loop.fit((inputs, targets), (inputs, targets), Schedule(1, 1, 1e-12), spawn(0))
    levels = loop.quantiles(training.weights, inputs)
    assert levels.shape == (32, 3, 3)
    assert levels == pytest.approx(np.broadcast_to(ndtri(LEVELS), levels.shape), abs=1e-5)


def test_trained_quantiles_rise_and_cover() -> None:
    loop = load_loop().loop_for(replace(SPEC, quantiles=LEVELS, dropout=0.0))
    rng = np.random.default_rng(3)
    inputs = rng.normal(size=(400, SPEC.lookback, SPEC.channels))
    targets = 3.0 + rng.normal(size=(400, SPEC.horizon))
    fitted = loop.fit((inputs, targets), (inputs, targets), Schedule(40, 40, 3e-2), spawn(0))
    levels = loop.quantiles(fitted.weights, inputs)
    assert (np.diff(levels, axis=2) > 0).all()
    below = [float(np.mean(targets < levels[:, :, q])) for q in range(3)]
    assert below == pytest.approx(LEVELS, abs=0.06)
