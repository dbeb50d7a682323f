"""Recurrent layers of K networks at once for processors: one product a step, one pass back through time.

A layer's input and recurrent weights carry a leading axis of networks, (K, inputs, gates) and (K, units,
gates), in Keras' order of gates, so that weights move between this and a plain Keras layer as they are. Each
network's numbers are those it would have alone; one network is K = 1.

Hidden state, input and a one for the bias stand side by side, (K, B, units + inputs + 1), and so do their
weights, so that one product gives all gates: a product by the few columns of an input alone takes long.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, TypeAlias

import tensorflow as tf

from forecastkit.models.networks.spec import Cell

Tensors: TypeAlias = tuple[tf.Tensor, ...]
UNROLLED = (4, 2, 1)
"""Time steps in one round of a loop: each round has costs of its own."""


def recur(cell: Cell, inputs: tf.Tensor, weights: list[tf.Tensor], *, every: bool) -> tf.Tensor:
    """Run one layer over a sequence, with its gradient.

    Args:
        cell: "lstm", "gru" or "rnn".
        inputs: shape (L, K, B, inputs), fixed.
        weights: input weights (K, inputs, gates), recurrent weights (K, units, gates), and the bias
            (K, gates), for a GRU (K, 2, gates).
        every: whether every state is answered, or the last alone.

    Returns:
        hidden states, shape (L, K, B, units), or the last one, shape (K, B, units).
    """
    scan = _scan(CELLS[cell], weights[1].shape[1], every)
    return scan(_with_ones(inputs), _packed(cell, weights))


def run_ahead(cell: Cell, inputs: tf.Tensor, weights: list[tf.Tensor], *, every: bool) -> tf.Tensor:
    """Run one layer as `recur` does, keeping nothing for a gradient.

    K and B need not be fixed, and the weights may be those of one network for K parts of its inputs.
    """
    steps, units, step = inputs.shape[0], weights[1].shape[1], CELLS[cell]
    given, packed = _with_ones(inputs), _packed(cell, weights)
    blank = tf.zeros([tf.shape(inputs)[1], tf.shape(inputs)[2], units])
    hidden = tf.TensorArray(tf.float32, size=steps if every else 0)

    def ahead(t: tf.Tensor, states: Tensors, hidden: tf.TensorArray) -> Any:
        new, _ = step.ahead(tf.matmul(tf.concat([states[0], given[t]], axis=-1), packed), states)
        return t + 1, new, hidden.write(t, new[0]) if every else hidden

    _, states, hidden = _while(steps, ahead, (tf.constant(0), (blank,) * step.memories, hidden))
    answer: tf.Tensor = hidden.stack() if every else states[0]
    return answer


def _with_ones(inputs: tf.Tensor) -> tf.Tensor:
    """(L, K, B, inputs) -> (L, K, B, inputs + 1), the last of them 1."""
    return tf.pad(inputs, [[0, 0], [0, 0], [0, 0], [0, 1]], constant_values=1.0)


def _packed(cell: Cell, weights: list[tf.Tensor]) -> tf.Tensor:
    """Recurrent weights, input weights and bias below each other: (K, units + inputs + 1, blocks x units).

    The blocks are Keras' gates; of a GRU update, reset, candidate by the input, candidate by the state.
    """
    kernel, recurrent, bias = weights
    if cell == "gru":
        units = recurrent.shape[1]
        apart, outer, inner = 2 * units, bias[:, 0], bias[:, 1]
        kernel = tf.pad(kernel, [[0, 0], [0, 0], [0, units]])
        blank = tf.zeros_like(recurrent[..., :units])
        recurrent = tf.concat([recurrent[..., :apart], blank, recurrent[..., apart:]], axis=-1)
        bias = tf.concat([outer[:, :apart] + inner[:, :apart], outer[:, apart:], inner[:, apart:]], axis=-1)
    return tf.concat([recurrent, kernel, bias[:, tf.newaxis]], axis=1)


@dataclass(frozen=True, slots=True)
class Step:
    """One time step of a cell, forwards and backwards.

    Args:
        memories: states that are carried, the hidden state first.
        saved: how many arrays (K, B, units) `ahead` keeps for `back`.
        ahead: (blocks of the product side by side, states) -> (new states, what is kept).
        back: (what was kept, gradients of the new states) -> gradients of the blocks, and of the old states
            by the direct way (None where there is none).
    """

    memories: int
    saved: int
    ahead: Callable[[tf.Tensor, Tensors], tuple[Tensors, Tensors]]
    back: Callable[[Tensors, Tensors], tuple[list[tf.Tensor], tuple[Any, ...]]]


def _lstm_ahead(z: tf.Tensor, states: Tensors) -> tuple[Tensors, Tensors]:
    i, f, g, o = tf.split(z, 4, axis=-1)
    i, f, g, o = tf.sigmoid(i), tf.sigmoid(f), tf.tanh(g), tf.sigmoid(o)
    memory = f * states[1] + i * g
    seen = tf.tanh(memory)
    return (o * seen, memory), (i, f, g, o, states[1], seen)


def _lstm_back(kept: Tensors, upstream: Tensors) -> tuple[list[tf.Tensor], tuple[Any, ...]]:
    (i, f, g, o, before, seen), (d_hidden, d_memory) = kept, upstream
    d_memory += _tanh_back(seen, d_hidden * o)
    blocks = [
        _sigmoid_back(i, d_memory * g),
        _sigmoid_back(f, d_memory * before),
        _tanh_back(g, d_memory * i),
        _sigmoid_back(o, d_hidden * seen),
    ]
    return blocks, (None, d_memory * f)


def _gru_ahead(z: tf.Tensor, states: Tensors) -> tuple[Tensors, Tensors]:
    update, reset, outer, inner = tf.split(z, 4, axis=-1)
    update, reset = tf.sigmoid(update), tf.sigmoid(reset)
    candidate = tf.tanh(outer + reset * inner)
    hidden = candidate + update * (states[0] - candidate)
    return (hidden,), (update, reset, candidate, states[0], inner)


def _gru_back(kept: Tensors, upstream: Tensors) -> tuple[list[tf.Tensor], tuple[Any, ...]]:
    (update, reset, candidate, before, inner), (d_hidden,) = kept, upstream
    direct = d_hidden * update
    d_candidate = _tanh_back(candidate, d_hidden - direct)
    blocks = [
        _sigmoid_back(update, d_hidden * (before - candidate)),
        _sigmoid_back(reset, d_candidate * inner),
        d_candidate,
        d_candidate * reset,
    ]
    return blocks, (direct,)


def _rnn_ahead(z: tf.Tensor, states: Tensors) -> tuple[Tensors, Tensors]:
    hidden = tf.tanh(z)
    return (hidden,), (hidden,)


def _rnn_back(kept: Tensors, upstream: Tensors) -> tuple[list[tf.Tensor], tuple[Any, ...]]:
    return [_tanh_back(kept[0], upstream[0])], (None,)


def _sigmoid_back(y: tf.Tensor, above: tf.Tensor) -> tf.Tensor:
    """Pull a gradient back through a sigmoid that answered y, in one pass: above y (1 - y)."""
    return tf.raw_ops.SigmoidGrad(y=y, dy=above)


def _tanh_back(y: tf.Tensor, above: tf.Tensor) -> tf.Tensor:
    """Pull a gradient back through a tanh that answered y, in one pass: above (1 - y^2)."""
    return tf.raw_ops.TanhGrad(y=y, dy=above)


CELLS: dict[Cell, Step] = {
    "lstm": Step(2, 6, _lstm_ahead, _lstm_back),
    "gru": Step(1, 5, _gru_ahead, _gru_back),
    "rnn": Step(1, 1, _rnn_ahead, _rnn_back),
}


def _scan(cell: Step, units: int, every: bool) -> Callable[[tf.Tensor, tf.Tensor], tf.Tensor]:
    """Make the loop over time of a cell, with its gradient."""

    def run(inputs: tf.Tensor, packed: tf.Tensor) -> Any:
        steps, networks, batch, width = inputs.shape
        blank = tf.zeros([networks, batch, units])

        def store(columns: int) -> tf.TensorArray:
            shape = [networks, batch, columns]
            return tf.TensorArray(tf.float32, size=steps, element_shape=shape, clear_after_read=False)

        given, nothing = store(width).unstack(inputs), store(units)

        def ahead(t: tf.Tensor, states: Tensors, entered: tf.TensorArray, kept: Any, hidden: Any) -> Any:
            entering = tf.concat([states[0], given.read(t)], axis=-1)
            new, keep = cell.ahead(tf.matmul(entering, packed), states)
            kept = tuple(array.write(t, value) for array, value in zip(kept, keep, strict=True))
            hidden = hidden.write(t, new[0]) if every else hidden
            return t + 1, new, entered.write(t, entering), kept, hidden

        kept = tuple(store(units) for _ in range(cell.saved))
        start = (tf.constant(0), (blank,) * cell.memories, store(units + width), kept, nothing)
        _, states, entered, kept, hidden = _while(steps, ahead, start)

        def gradient(upstream: tf.Tensor) -> Tensors:
            above = store(units).unstack(upstream) if every else nothing
            turned = tf.transpose(packed[:, :units], [0, 2, 1])

            def back(t: tf.Tensor, states: Tensors, d_packed: tf.Tensor, pulled: tf.TensorArray) -> Any:
                at = steps - 1 - t
                first = states[0] + above.read(at) if every else states[0]
                blocks, direct = cell.back(tuple(array.read(at) for array in kept), (first, *states[1:]))
                d = tf.concat(blocks, axis=-1)
                first = tf.matmul(d, turned)
                first = first if direct[0] is None else first + direct[0]
                d_packed += tf.matmul(entered.read(at), d, transpose_a=True)
                return t + 1, (first, *direct[1:]), d_packed, pulled.write(at, d)

            states = (blank if every else upstream, *[blank] * (cell.memories - 1))
            start = (tf.constant(0), states, tf.zeros_like(packed), store(packed.shape[2]))
            _, _, d_packed, pulled = _while(steps, back, start)
            rows = tf.reshape(tf.transpose(pulled.stack(), [1, 0, 2, 3]), [networks, steps * batch, -1])
            d_inputs = tf.matmul(rows, packed[:, units:], transpose_b=True)
            d_inputs = tf.transpose(tf.reshape(d_inputs, [networks, steps, batch, width]), [1, 0, 2, 3])
            return d_inputs, d_packed

        return hidden.stack() if every else states[0], gradient

    scan: Callable[[tf.Tensor, tf.Tensor], tf.Tensor] = tf.custom_gradient(run)
    return scan


def _while(steps: int, body: Callable[..., Any], start: tuple[Any, ...]) -> Any:
    """Run a body for each time step, several steps in a round of the loop where that comes out even."""
    times = next(times for times in UNROLLED if steps % times == 0)

    def several(*state: Any) -> Any:
        for _ in range(times):
            state = body(*state)
        return state

    return tf.while_loop(
        lambda t, *_: t < steps, several, start, maximum_iterations=steps // times, parallel_iterations=1
    )
