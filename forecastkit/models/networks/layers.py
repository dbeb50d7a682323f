"""Network definitions in plain Keras layers."""

from __future__ import annotations

import keras
import numpy as np
from scipy.special import ndtri

from forecastkit.models.networks.spec import NetworkSpec

CELLS = {"lstm": keras.layers.LSTM, "gru": keras.layers.GRU, "rnn": keras.layers.SimpleRNN}
POINT = "point"
"""Name of the linear layer that answers the point forecast from the last hidden state."""


def build_network(spec: NetworkSpec, seed: int) -> keras.Model:
    """Make recurrent layers -> linear head, the head all zeros, so that the untrained network answers zero.

    Input (batch, lookback, channels), output (batch, horizon); with quantiles a list of that and
    (batch, horizon, levels), which untrained are those of the standard normal. Dropout follows each recurrent
    layer. Weights are drawn from `seed`.
    """
    inputs = keras.Input((spec.lookback, spec.channels))
    hidden = inputs
    for layer in range(spec.layers):
        hidden = CELLS[spec.cell](
            spec.units,
            return_sequences=layer < spec.layers - 1,
            kernel_initializer=keras.initializers.GlorotUniform(seed=seed + 3 * layer),
            recurrent_initializer=keras.initializers.Orthogonal(seed=seed + 3 * layer + 1),
        )(hidden)
        hidden = keras.layers.Dropout(spec.dropout, seed=seed + 3 * layer + 2)(hidden)
    point = keras.layers.Dense(spec.horizon, kernel_initializer="zeros", name=POINT)(hidden)
    return keras.Model(inputs, [point, _quantile_head(spec, hidden)] if spec.quantiles else point)


def _quantile_head(spec: NetworkSpec, hidden: keras.KerasTensor) -> keras.KerasTensor:
    """Lowest level, then increments through softplus: (batch, horizon, levels), rising."""
    levels = len(spec.quantiles)
    normal = ndtri(spec.quantiles)
    start = np.concatenate([normal[:1], np.log(np.expm1(np.diff(normal)))])
    bias = keras.initializers.Constant(np.tile(start, spec.horizon).astype(np.float32))
    raw = keras.layers.Dense(spec.horizon * levels, kernel_initializer="zeros", bias_initializer=bias)(hidden)
    raw = keras.layers.Reshape((spec.horizon, levels))(raw)
    steps = keras.ops.concatenate([raw[..., :1], keras.ops.softplus(raw[..., 1:])], axis=-1)
    return keras.ops.cumsum(steps, axis=-1)
