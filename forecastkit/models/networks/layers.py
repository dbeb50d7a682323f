"""Network definitions in plain Keras layers."""

from __future__ import annotations

import keras

from forecastkit.models.networks.spec import NetworkSpec
from forecastkit.models.networks.weights import Weights

CELLS = {"lstm": keras.layers.LSTM, "gru": keras.layers.GRU, "rnn": keras.layers.SimpleRNN}


POINT, QUANTILES = "point", "quantiles"
"""Names of the linear layers that answer from the last hidden state."""


def recurrent_layers(spec: NetworkSpec) -> list[keras.Layer]:
    """The recurrent layers alone, built, each answering its whole sequence of states."""
    layers = []
    for layer in range(spec.layers):
        made = CELLS[spec.cell](spec.units, return_sequences=True)
        made.build((None, spec.lookback, spec.units if layer else spec.channels))
        layers.append(made)
    return layers


def build_network(spec: NetworkSpec, weights: Weights) -> keras.Model:
    """Make the whole network as a Keras model, for any backend.

    Input (batch, lookback, channels), output (batch, horizon); with quantiles a list of that and
    (batch, horizon, levels). Dropout follows each recurrent layer.
    """
    inputs = keras.Input((spec.lookback, spec.channels))
    hidden = inputs
    for layer in range(spec.layers):
        recurrent = CELLS[spec.cell](
            spec.units, return_sequences=layer < spec.layers - 1, name=f"recurrent_{layer}"
        )
        hidden = keras.layers.Dropout(spec.dropout)(recurrent(hidden))
    outputs = [keras.layers.Dense(spec.horizon, name=POINT)(hidden)]
    if spec.quantiles:
        outputs.append(
            _rising(spec, keras.layers.Dense(spec.horizon * len(spec.quantiles), name=QUANTILES)(hidden))
        )
    network = keras.Model(inputs, outputs if spec.quantiles else outputs[0])
    layers = [
        *(f"recurrent_{layer}" for layer in range(spec.layers)),
        POINT,
        *([QUANTILES] if spec.quantiles else []),
    ]
    left = list(weights)
    for name in layers:
        own = network.get_layer(name)
        taken, left = left[: len(own.weights)], left[len(own.weights) :]
        own.set_weights(taken)
    return network


def _rising(spec: NetworkSpec, raw: keras.KerasTensor) -> keras.KerasTensor:
    """Lowest level, then increments through softplus: (batch, horizon, levels)."""
    raw = keras.layers.Reshape((spec.horizon, len(spec.quantiles)))(raw)
    steps = keras.ops.concatenate([raw[..., :1], keras.ops.softplus(raw[..., 1:])], axis=-1)
    return keras.ops.cumsum(steps, axis=-1)
