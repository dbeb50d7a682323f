"""Weights of a network as plain arrays: their shapes, and fresh ones."""

from __future__ import annotations

from typing import Any, TypeAlias

import numpy as np
from scipy.special import ndtri

from forecastkit.models._rolling_ols import one_thread
from forecastkit.models.networks.spec import NetworkSpec

Array32: TypeAlias = np.ndarray[Any, np.dtype[np.float32]]
Weights: TypeAlias = list[Array32]
GATES = {"lstm": 4, "gru": 3, "rnn": 1}
PER_LAYER = 3


def shapes(spec: NetworkSpec) -> list[tuple[int, ...]]:
    """Shapes in order: by layer input weights, recurrent weights and bias; then those of the heads."""
    gates = GATES[spec.cell] * spec.units
    found: list[tuple[int, ...]] = []
    for layer in range(spec.layers):
        bias = (2, gates) if spec.cell == "gru" else (gates,)
        found += [(spec.units if layer else spec.channels, gates), (spec.units, gates), bias]
    for width in (spec.horizon, spec.horizon * len(spec.quantiles)):
        found += [(spec.units, width), (width,)] if width else []
    return found


def parameter_count(spec: NetworkSpec) -> int:
    """How many numbers are trained."""
    return sum(int(np.prod(shape)) for shape in shapes(spec))


def draw_weights(spec: NetworkSpec, rng: np.random.Generator) -> Weights:
    """Draw fresh weights by Keras' rules, with heads of zeros: the untrained network answers zero.

    Input weights are uniform (Glorot & Bengio 2010), recurrent ones orthogonal by gates (Saxe et al. 2014);
    biases are 0, those of an LSTM's forget gates 1; the untrained quantiles are those of the standard normal.
    """
    drawn = [np.zeros(shape, dtype=np.float32) for shape in shapes(spec)]
    for layer in range(spec.layers):
        kernel, recurrent, bias = drawn[PER_LAYER * layer : PER_LAYER * (layer + 1)]
        limit = np.sqrt(6.0 / sum(kernel.shape))
        kernel[:] = rng.uniform(-limit, limit, kernel.shape)
        with one_thread():
            q, r = np.linalg.qr(rng.normal(size=recurrent.shape[::-1]))
        recurrent[:] = (q * np.sign(np.diag(r))).T
        if spec.cell == "lstm":
            bias[spec.units : 2 * spec.units] = 1.0
    if spec.quantiles:
        normal = ndtri(spec.quantiles)
        rise = np.log(np.expm1(np.diff(normal)))
        drawn[-1][:] = np.tile(np.concatenate([normal[:1], rise]), spec.horizon)
    return drawn
