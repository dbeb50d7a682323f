"""Gradients of recurrent layers by their inputs: one pass back through time, in double precision, by NumPy.

The training loop computes in single precision and needs gradients by weights; a diagnosis needs those by
inputs, exactly, for a few windows, where compiling a graph would take longer than the sums. Weights, gates
and biases are in Keras' order, as in `weights`.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, TypeAlias

import numpy as np
from scipy.special import expit

from forecastkit.arrays import Cube, Matrix
from forecastkit.models.networks.spec import Cell, NetworkSpec
from forecastkit.models.networks.weights import PER_LAYER

Array: TypeAlias = np.ndarray[Any, np.dtype[np.float64]]
States: TypeAlias = tuple[Array, ...]
Saved: TypeAlias = tuple[Array, ...]


def input_gradients(
    spec: NetworkSpec, weights: Sequence[Any], inputs: Cube, outputs: Matrix
) -> tuple[Matrix, Array]:
    """Differentiate linear outputs of the last hidden state by every input.

    Args:
        spec: of the network.
        weights: of its layers; those of heads are left alone.
        inputs: shape (N, steps, channels).
        outputs: coefficients of S outputs on the hidden state, shape (S, units); the identity gives the
            gradient of the state itself.

    Returns:
        last hidden states, shape (N, units), and gradients, shape (N, S, steps, channels).
    """
    sequence = np.asarray(inputs, dtype=np.float64)
    passes = []
    for layer in range(spec.layers):
        own = [np.asarray(w, dtype=np.float64) for w in weights[PER_LAYER * layer : PER_LAYER * (layer + 1)]]
        sequence, saved = _ahead(spec.cell, sequence, own)
        passes.append((own, saved))
    last: Matrix = sequence[:, -1]
    n, steps = sequence.shape[:2]
    above = np.zeros((n, len(outputs), steps, spec.units))
    above[:, :, -1] = outputs
    for own, saved in reversed(passes):
        above = _back(spec.cell, above, own, saved)
    return last, above


def _ahead(cell: Cell, inputs: Array, weights: Sequence[Array]) -> tuple[Array, list[Saved]]:
    """Run a layer, (N, L, inputs) -> (N, L, units), and keep what the way back needs."""
    kernel, recurrent, bias = weights
    outer, inner = (bias[0], bias[1]) if cell == "gru" else (bias, np.zeros(1))
    projected = inputs @ kernel + outer
    states: States = (np.zeros((len(inputs), len(recurrent))),) * (2 if cell == "lstm" else 1)
    hidden, saved = [], []
    for t in range(inputs.shape[1]):
        states, kept = AHEAD[cell](projected[:, t], states[0] @ recurrent + inner, states)
        hidden.append(states[0])
        saved.append(kept)
    return np.stack(hidden, axis=1), saved


def _back(cell: Cell, above: Array, weights: Sequence[Array], saved: list[Saved]) -> Array:
    """Pull gradients of the states, (N, S, L, units), back to the inputs: (N, S, L, inputs)."""
    kernel, recurrent, _ = weights
    states: States = (np.zeros_like(above[:, :, 0]),) * (2 if cell == "lstm" else 1)
    found = np.empty((*above.shape[:3], len(kernel)))
    for t in reversed(range(above.shape[2])):
        kept = tuple(part[:, None] for part in saved[t])
        outer, inner, direct = BACK[cell](kept, (states[0] + above[:, :, t], *states[1:]))
        found[:, :, t] = outer @ kernel.T
        states = (inner @ recurrent.T + direct[0], *direct[1:])
    return found


def _lstm_ahead(x: Array, r: Array, states: States) -> tuple[States, Saved]:
    i, f, g, o = np.split(x + r, 4, axis=-1)
    i, f, g, o = expit(i), expit(f), np.tanh(g), expit(o)
    memory = f * states[1] + i * g
    seen = np.tanh(memory)
    return (o * seen, memory), (i, f, g, o, states[1], seen)


def _lstm_back(kept: Saved, upstream: States) -> tuple[Array, Array, States]:
    (i, f, g, o, before, seen), (hidden, memory) = kept, upstream
    memory = memory + hidden * o * (1 - seen**2)
    gates = (
        memory * g * i * (1 - i),
        memory * before * f * (1 - f),
        memory * i * (1 - g**2),
        hidden * seen * o * (1 - o),
    )
    d = np.concatenate(gates, axis=-1)
    return d, d, (np.zeros(1), memory * f)


def _gru_ahead(x: Array, r: Array, states: States) -> tuple[States, Saved]:
    (hidden,) = states
    x_update, x_reset, x_candidate = np.split(x, 3, axis=-1)
    r_update, r_reset, inner = np.split(r, 3, axis=-1)
    update, reset = expit(x_update + r_update), expit(x_reset + r_reset)
    candidate = np.tanh(x_candidate + reset * inner)
    return (candidate + update * (hidden - candidate),), (update, reset, candidate, hidden, inner)


def _gru_back(kept: Saved, upstream: States) -> tuple[Array, Array, States]:
    (update, reset, candidate, before, inner), (hidden,) = kept, upstream
    d_candidate = hidden * (1 - update) * (1 - candidate**2)
    d_update = hidden * (before - candidate) * update * (1 - update)
    d_reset = d_candidate * inner * reset * (1 - reset)
    outer = np.concatenate([d_update, d_reset, d_candidate], axis=-1)
    return outer, np.concatenate([d_update, d_reset, d_candidate * reset], axis=-1), (hidden * update,)


def _rnn_ahead(x: Array, r: Array, states: States) -> tuple[States, Saved]:
    hidden = np.tanh(x + r)
    return (hidden,), (hidden,)


def _rnn_back(kept: Saved, upstream: States) -> tuple[Array, Array, States]:
    d = upstream[0] * (1 - kept[0] ** 2)
    return d, d, (np.zeros(1),)


AHEAD: dict[Cell, Callable[[Array, Array, States], tuple[States, Saved]]] = {
    "lstm": _lstm_ahead,
    "gru": _gru_ahead,
    "rnn": _rnn_ahead,
}
"""One time step: (projected input, recurrent part, states) -> (new states, what is kept)."""
BACK: dict[Cell, Callable[[Saved, States], tuple[Array, Array, States]]] = {
    "lstm": _lstm_back,
    "gru": _gru_back,
    "rnn": _rnn_back,
}
"""The same backwards: (what was kept, gradients of the new states) -> gradients of the projected input, of
the recurrent part, and of the old states by the direct way."""
