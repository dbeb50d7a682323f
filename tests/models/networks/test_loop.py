"""The training loop on tiny shapes: every cell, stacked layers and the quantile head."""

from dataclasses import replace

import numpy as np
import pytest
from scipy.special import ndtri

from forecastkit.errors import TrainingError
from forecastkit.models.networks.device import CPU, Processor, load_loop
from forecastkit.models.networks.spec import NetworkSpec, Schedule, Windowed
from forecastkit.models.networks.weights import draw_weights, parameter_count
from forecastkit.seeds import spawn

SPEC = NetworkSpec(
    lookback=5, channels=2, horizon=3, units=4, dropout=0.1, loss="squared", batch=16, weight_decay=1e-3
)
LEVELS = (0.1, 0.5, 0.9)
SIZES = (1, 2, 3, 7, 63, 64, 65, 250, 700)
STACKED = 2e-5
"""Products of stacked matrices may add in another order: float32 rounding, carried on by the training."""


def pairs(n: int, seed: int) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(seed)
    inputs = rng.normal(size=(n, SPEC.lookback, SPEC.channels))
    return inputs, np.tanh(inputs[:, -1, :1]) + 0.1 * rng.normal(size=(n, SPEC.horizon))


@pytest.mark.parametrize(("cell", "layers"), [("lstm", 2), ("gru", 1)])
def test_every_cell_learns_and_repeats_its_bits(cell: str, layers: int) -> None:
    loop = load_loop().loop_for(replace(SPEC, cell=cell, layers=layers))
    train, valid = pairs(160, 0), pairs(40, 1)
    first = loop.fit(train, valid, Schedule(12, 12, 2e-2), spawn(0))
    again = loop.fit(train, valid, Schedule(12, 12, 2e-2), spawn(0))
    assert min(first.validation) < 0.8 * first.validation[0]
    outputs = loop.forecast(first.weights, valid[0])
    assert outputs.shape == (40, 3)
    assert outputs.tobytes() == loop.forecast(again.weights, valid[0]).tobytes()


@pytest.mark.parametrize("cell", ["lstm", "gru", "rnn"])
def test_it_answers_what_the_keras_model_answers(cell: str) -> None:
    from forecastkit.models.networks.layers import build_network

    spec = replace(SPEC, cell=cell, layers=2, quantiles=LEVELS)
    rng = np.random.default_rng(5)
    weights = [w + 0.1 * rng.normal(size=w.shape).astype(np.float32) for w in draw_weights(spec, rng)]
    inputs = pairs(20, 0)[0]
    point, levels = build_network(spec, weights)(inputs.astype(np.float32), training=False)
    loop = load_loop().loop_for(spec)
    assert loop.forecast(weights, inputs) == pytest.approx(point.numpy(), abs=2e-6)
    assert loop.quantiles(weights, inputs) == pytest.approx(levels.numpy(), abs=2e-6)
    assert loop.states(weights, inputs).shape == (20, spec.units)
    assert sum(w.size for w in weights) == parameter_count(spec)


@pytest.mark.parametrize(
    ("cell", "layers", "units", "lookback"),
    [("lstm", 1, 64, 8), ("lstm", 2, 4, 5), ("gru", 1, 5, 12), ("rnn", 1, 1, 5)],
)
def test_a_window_has_the_same_bits_wherever_it_stands(cell: str, layers: int, units: int, lookback: int):
    spec = replace(SPEC, cell=cell, layers=layers, units=units, lookback=lookback, quantiles=LEVELS)
    rng, loop = np.random.default_rng(5), load_loop().loop_for(spec)
    weights = [w + 0.1 * rng.normal(size=w.shape).astype(np.float32) for w in draw_weights(spec, rng)]
    inputs = rng.normal(size=(max(SIZES), lookback, spec.channels))
    for answer in (loop.states, loop.quantiles):
        alone = np.concatenate([answer(weights, inputs[i : i + 1]) for i in range(250)])
        together = answer(weights, inputs)
        assert alone.tobytes() == together[:250].tobytes()
        for size in SIZES:
            places = rng.permutation(len(inputs))[:size]
            assert answer(weights, inputs[places]).tobytes() == together[places].tobytes()


@pytest.mark.parametrize("cell", ["lstm", "gru", "rnn"])
def test_keras_layers_as_on_a_gpu_train_alike(cell: str) -> None:
    spec, train, valid = replace(SPEC, cell=cell, layers=2), pairs(48, 0), pairs(20, 1)
    losses = [
        load_loop().loop_for(spec, 1, processor).fit(train, valid, Schedule(2, 2, 2e-2), spawn(0)).validation
        for processor in (CPU, Processor(CPU.name, keras_layers=True))
    ]
    assert losses[0] == pytest.approx(losses[1], rel=1e-5)


def test_a_stack_trains_each_network_as_it_would_alone() -> None:
    spec = replace(SPEC, quantiles=LEVELS)
    trains, valids = [pairs(48, i) for i in range(3)], [pairs(20, 10 + i) for i in range(3)]
    module, schedule = load_loop(), Schedule(6, 2, 2e-2)
    stacked = module.loop_for(spec, 3).fit_many(trains, valids, schedule, [spawn(i) for i in range(3)])
    for i in range(3):
        alone = module.loop_for(spec).fit(trains[i], valids[i], schedule, spawn(i))
        assert stacked[i].best_epoch == alone.best_epoch
        assert stacked[i].validation == pytest.approx(alone.validation, rel=STACKED)
        for one, other in zip(stacked[i].weights, alone.weights, strict=True):
            assert one == pytest.approx(other, abs=STACKED)


def test_a_network_without_a_finite_loss_costs_its_neighbours_nothing() -> None:
    trains, valids = [pairs(48, i) for i in range(3)], [pairs(20, 10 + i) for i in range(3)]
    loop, schedule = load_loop().loop_for(SPEC, 3), Schedule(2, 2, 2e-2)
    sound = loop.fit_many(trains, valids, schedule, [spawn(i) for i in range(3)])
    trains[1] = (np.full_like(trains[1][0], np.nan), trains[1][1])
    mixed = loop.fit_many(trains, valids, schedule, [spawn(i) for i in range(3)])
    assert isinstance(mixed[1], TrainingError)
    assert [mixed[i].validation for i in (0, 2)] == [sound[i].validation for i in (0, 2)]


def test_windows_cut_from_a_series_are_the_windows_that_were_there() -> None:
    series = np.random.default_rng(0).normal(size=(60, 2))
    starts = np.arange(50)
    rows = starts[:, None] + np.arange(SPEC.lookback)
    there = series[rows]
    there[:, :, 0] -= there[:, -1:, 0]
    targets = np.random.default_rng(1).normal(size=(50, SPEC.horizon))
    loop = load_loop().loop_for(SPEC)
    cut = Windowed(series, starts, (True, False))
    first, second = (
        loop.fit((inputs, targets), (inputs, targets), Schedule(2, 2, 1e-2), spawn(0))
        for inputs in (cut, there)
    )
    assert first.validation == second.validation
    assert len(first.training) == 2


def test_training_goes_on_from_given_weights() -> None:
    loop, (train, valid) = load_loop().loop_for(SPEC), (pairs(64, 0), pairs(20, 1))
    cold = loop.fit(train, valid, Schedule(8, 8, 2e-2), spawn(0))
    warm = loop.fit(train, valid, Schedule(1, 1, 1e-3), spawn(1), cold.weights)
    assert warm.validation[0] == cold.validation[cold.best_epoch]


def test_a_loss_that_is_no_number_is_tried_slower_then_told() -> None:
    loop, (train, valid) = load_loop().loop_for(replace(SPEC, dropout=0.0)), (pairs(64, 0), pairs(20, 1))
    bad = (np.where(train[0] > 2, np.nan, train[0]), train[1])
    with pytest.raises(TrainingError, match=r"at a rate of 0.02 and again at 0.005"):
        loop.fit(bad, valid, Schedule(3, 3, 2e-2), spawn(0))
    monstrous = (train[0], train[1] * 1e18)
    assert loop.fit(train, monstrous, Schedule(1, 1, 1e-2), spawn(0)).learning_rate == 1e-2


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
