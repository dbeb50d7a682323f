"""Network definitions in plain Keras layers."""

from __future__ import annotations

import keras

from forecastkit.models.networks.spec import NetworkSpec


def build_network(spec: NetworkSpec, seed: int) -> keras.Model:
    """Make LSTM -> dropout -> linear head, the head all zeros, so that the untrained network answers zero.

    Input (batch, lookback, channels), output (batch, horizon); weights are drawn from `seed`.
    """
    inputs = keras.Input((spec.lookback, spec.channels))
    hidden = keras.layers.LSTM(
        spec.units,
        kernel_initializer=keras.initializers.GlorotUniform(seed=seed),
        recurrent_initializer=keras.initializers.Orthogonal(seed=seed + 1),
    )(inputs)
    hidden = keras.layers.Dropout(spec.dropout, seed=seed + 2)(hidden)
    outputs = keras.layers.Dense(spec.horizon, kernel_initializer="zeros")(hidden)
    return keras.Model(inputs, outputs)
