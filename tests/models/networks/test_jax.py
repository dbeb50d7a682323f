"""The same network definitions on another backend: plain Keras layers, trained by `fit()` on JAX."""

import os
import subprocess
import sys
from importlib.util import find_spec

import pytest

PROGRAM = """
import keras, numpy as np
from forecastkit.models.networks.layers import build_network
from forecastkit.models.networks.spec import NetworkSpec
from forecastkit.models.networks.weights import draw_weights
from forecastkit.seeds import spawn

assert keras.backend.backend() == "jax"
rng = np.random.default_rng(0)
inputs = rng.normal(size=(160, 5, 2)).astype("float32")
targets = np.tanh(inputs[:, -1, :1]) + 0.1 * rng.normal(size=(160, 3)).astype("float32")
for cell in ("lstm", "gru", "rnn"):
    spec = NetworkSpec(5, 2, 3, 4, 0.1, "squared", 16, 1e-3, cell=cell, layers=2 if cell == "lstm" else 1)
    network = build_network(spec, draw_weights(spec, spawn(0)))
    assert not network.predict(inputs, verbose=0).any()
    network.compile(keras.optimizers.AdamW(2e-2, weight_decay=1e-3, clipnorm=1.0), "mse")
    losses = network.fit(inputs, targets, epochs=6, batch_size=16, verbose=0).history["loss"]
    assert losses[-1] < 0.7 * losses[0], (cell, losses)
print("trained on", keras.backend.backend())
"""


@pytest.mark.skipif(find_spec("jax") is None, reason="JAX is not installed: `uv pip install jax`, 380 MB")
def test_the_same_networks_train_on_jax() -> None:
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM],
        env={**os.environ, "KERAS_BACKEND": "jax"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.stdout == "trained on jax\n", done.stderr
