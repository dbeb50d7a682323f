"""Derivatives of a corrected path by the values it was made from: base, window and hidden state together."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

import numpy as np

from forecastkit.arrays import Cube, Matrix
from forecastkit.models._net_windows import Seen
from forecastkit.models.effective_memory import Gradients
from forecastkit.models.networks.gradients import input_gradients
from forecastkit.models.protocol import History

if TYPE_CHECKING:
    from forecastkit.models.recurrent import FittedRecurrent

STEP = 1e-6
"""Levels are moved by this share of their spread; what a view does to them is linear or nearly so."""


def forecast_gradients(fitted: FittedRecurrent, histories: Sequence[History], horizon: int) -> Gradients:
    """Differentiate base + guard scale readout([hidden state, window]) by the values of each history.

    The base is taken with the coefficients of the newest history.
    """
    frame = fitted.frame
    seen = Seen.at_ends(histories, frame.view.lookback, fitted.spec.horizon)
    inputs = frame.view.inputs(seen)
    coefficients, units = fitted.readout.coefficients, fitted.spec.units
    _, pulled = input_gradients(fitted.spec, fitted.weights, inputs, coefficients[:units, :horizon].T)
    moved_inputs = _by_level(lambda moved: frame.view.inputs(moved).reshape(len(inputs), -1), seen)
    moved_windows = _by_level(frame.view.linear, seen)
    flat = pulled.reshape(*pulled.shape[:2], -1)
    corrections = np.matmul(flat, moved_inputs)
    corrections += np.matmul(coefficients[units:, :horizon].T, moved_windows)
    network: Cube = frame.scale[:horizon, None] * corrections[:, :, ::-1]
    if histories[0].changes:
        network = np.cumsum(network, axis=2)
    base: Cube = frame.base.by_lag(histories[-1], horizon)[None]
    lags = max(base.shape[2], network.shape[2])
    network = _padded(network, lags)
    return Gradients(_padded(base, lags) + fitted.guard[:horizon, None] * network, network)


def _by_level(view: Callable[[Seen], Matrix], seen: Seen) -> Cube:
    """Differentiate features of windows, (N, F), by each level, oldest first: (N, F, L)."""
    size = STEP * (float(np.std(seen.levels)) or 1.0)
    columns = []
    for place in range(seen.levels.shape[1]):
        ends = []
        for step in (size, -size):
            levels = seen.levels.copy()
            levels[:, place] += step
            ends.append(view(Seen(levels, seen.times, seen.covariates)))
        columns.append((ends[0] - ends[1]) / (2 * size))
    return np.stack(columns, axis=2)


def _padded(gradients: Cube, lags: int) -> Cube:
    """Fill up with zeros to this number of lags."""
    return np.pad(gradients, [(0, 0), (0, 0), (0, lags - gradients.shape[2])])
