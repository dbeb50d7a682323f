"""Recurrent layers of K networks at once for processors: packed gates, one pass back through time.

A layer's input and recurrent weights carry a leading axis of networks, (K, inputs, gates) and (K, units,
gates), in Keras' order of gates, so that weights move between this and a plain Keras layer as they are. Each
network's numbers are those it would have alone; one network is K = 1.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, TypeAlias

import tensorflow as tf

from forecastkit.models.networks.spec import Cell

Tensors: TypeAlias = tuple[tf.Tensor, ...]


def recur(cell: Cell, inputs: tf.Tensor, weights: list[tf.Tensor]) -> tf.Tensor:
    """Run one layer over a sequence.

    Args:
        cell: "lstm", "gru" or "rnn".
        inputs: shape (L, K, B, inputs).
        weights: input weights (K, inputs, gates), recurrent weights (K, units, gates), and the bias
            (K, gates), for a GRU (K, 2, gates).

    Returns:
        hidden states, shape (L, K, B, units).
    """
    kernel, recurrent, bias = weights
    if cell == "lstm":
        kernel, recurrent, bias = (_sigmoids_first(weight) for weight in weights)
    outer, inner = (bias[:, :1], bias[:, 1:]) if cell == "gru" else (bias[:, tf.newaxis], None)
    steps, networks, batch = inputs.shape[0], kernel.shape[0], tf.shape(inputs)[2]
    rows = tf.matmul(_by_network(inputs), kernel) + outer
    projected = tf.transpose(tf.reshape(rows, [networks, steps, batch, kernel.shape[2]]), [1, 0, 2, 3])
    states: tf.Tensor = _scan(CELLS[cell])(projected, recurrent, inner)
    return states


def run_ahead(cell: Cell, inputs: tf.Tensor, weights: list[tf.Tensor], *, every: bool) -> tf.Tensor:
    """Run one layer as `recur` does, keeping nothing for a gradient.

    Args:
        cell: "lstm", "gru" or "rnn".
        inputs: shape (L, K, B, inputs).
        weights: as of `recur`, of K networks, or of one network for K parts of its inputs.
        every: whether every state is answered, or the last alone.

    Returns:
        hidden states, shape (L, K, B, units), or the last one, shape (K, B, units).
    """
    kernel, recurrent, bias = weights
    if cell == "lstm":
        kernel, recurrent, bias = (_sigmoids_first(weight) for weight in weights)
    outer, inner = (bias[:, :1], bias[:, 1:]) if cell == "gru" else (bias[:, tf.newaxis], None)
    steps, units, step = inputs.shape[0], recurrent.shape[1], CELLS[cell]
    blank = tf.zeros([tf.shape(inputs)[1], tf.shape(inputs)[2], units])
    hidden = tf.TensorArray(tf.float32, size=steps if every else 0)

    def ahead(t: tf.Tensor, states: Tensors, hidden: tf.TensorArray) -> Any:
        recurred = tf.matmul(states[0], recurrent)
        recurred = recurred if inner is None else recurred + inner
        new, _ = step.ahead(tf.matmul(inputs[t], kernel) + outer, recurred, states)
        return t + 1, new, hidden.write(t, new[0]) if every else hidden

    _, states, hidden = _while(steps, ahead, (tf.constant(0), (blank,) * step.memories, hidden))
    answer: tf.Tensor = hidden.stack() if every else states[0]
    return answer


def _sigmoids_first(weight: tf.Tensor) -> tf.Tensor:
    """Keras' input, forget, candidate, output -> input, forget, output, candidate."""
    i, f, g, o = tf.split(weight, 4, axis=-1)
    return tf.concat([i, f, o, g], axis=-1)


@dataclass(frozen=True, slots=True)
class Step:
    """One time step of a cell, forwards and backwards.

    Args:
        memories: states that are carried, the hidden state first.
        saved: widths, in units, of what `ahead` keeps for `back`.
        ahead: (projected input, recurrent part, states) -> (new states, what is kept).
        back: (what was kept, gradients of the new states) -> gradients of the projected input, of the
            recurrent part, and of the old states by the direct way (None where there is none).
    """

    memories: int
    saved: tuple[int, ...]
    ahead: Callable[[tf.Tensor, tf.Tensor, Tensors], tuple[Tensors, Tensors]]
    back: Callable[[Tensors, Tensors], tuple[tf.Tensor, tf.Tensor, tuple[Any, ...]]]


def _lstm_ahead(x: tf.Tensor, r: tf.Tensor, states: Tensors) -> tuple[Tensors, Tensors]:
    z, memory = x + r, states[1]
    units = memory.shape[-1]
    gates, candidate = tf.sigmoid(z[..., : 3 * units]), tf.tanh(z[..., 3 * units :])
    i, f, o = tf.split(gates, 3, axis=-1)
    new = f * memory + i * candidate
    seen = tf.tanh(new)
    return (o * seen, new), (gates, candidate, memory, seen)


def _lstm_back(kept: Tensors, upstream: Tensors) -> tuple[tf.Tensor, tf.Tensor, tuple[Any, ...]]:
    (gates, candidate, memory, seen), (d_hidden, d_memory) = kept, upstream
    i, f, o = tf.split(gates, 3, axis=-1)
    d_memory += d_hidden * o * (1.0 - seen * seen)
    d_gates = tf.concat([d_memory * candidate, d_memory * memory, d_hidden * seen], axis=-1)
    d = tf.concat([d_gates * (gates * (1.0 - gates)), d_memory * i * (1.0 - candidate * candidate)], axis=-1)
    return d, d, (None, d_memory * f)


def _gru_ahead(x: tf.Tensor, r: tf.Tensor, states: Tensors) -> tuple[Tensors, Tensors]:
    (hidden,) = states
    units = hidden.shape[-1]
    gates = tf.sigmoid(x[..., : 2 * units] + r[..., : 2 * units])
    update, reset = tf.split(gates, 2, axis=-1)
    inner = r[..., 2 * units :]
    candidate = tf.tanh(x[..., 2 * units :] + reset * inner)
    return (candidate + update * (hidden - candidate),), (gates, candidate, hidden, inner)


def _gru_back(kept: Tensors, upstream: Tensors) -> tuple[tf.Tensor, tf.Tensor, tuple[Any, ...]]:
    (gates, candidate, hidden, inner), (d_hidden,) = kept, upstream
    update, reset = tf.split(gates, 2, axis=-1)
    d_candidate = d_hidden * (1.0 - update) * (1.0 - candidate * candidate)
    d_gates = tf.concat([d_hidden * (hidden - candidate), d_candidate * inner], axis=-1)
    d_gates *= gates * (1.0 - gates)
    d_inner = tf.concat([d_gates, d_candidate * reset], axis=-1)
    return tf.concat([d_gates, d_candidate], axis=-1), d_inner, (d_hidden * update,)


def _rnn_ahead(x: tf.Tensor, r: tf.Tensor, states: Tensors) -> tuple[Tensors, Tensors]:
    hidden = tf.tanh(x + r)
    return (hidden,), (hidden,)


def _rnn_back(kept: Tensors, upstream: Tensors) -> tuple[tf.Tensor, tf.Tensor, tuple[Any, ...]]:
    d = upstream[0] * (1.0 - kept[0] * kept[0])
    return d, d, (None,)


CELLS: dict[Cell, Step] = {
    "lstm": Step(2, (3, 1, 1, 1), _lstm_ahead, _lstm_back),
    "gru": Step(1, (2, 1, 1, 1), _gru_ahead, _gru_back),
    "rnn": Step(1, (1,), _rnn_ahead, _rnn_back),
}


def _scan(cell: Step) -> Callable[..., tf.Tensor]:
    """Make the loop over time of a cell, with its gradient: the weights' come from one product at the end."""

    def run(projected: tf.Tensor, recurrent: tf.Tensor, *inner: tf.Tensor) -> Any:
        steps, units = projected.shape[0], recurrent.shape[1]
        blank = tf.zeros_like(projected[0, :, :, :units])

        def store(width: int) -> tf.TensorArray:
            shape = [*projected.shape[1:3], width]
            return tf.TensorArray(tf.float32, size=steps, element_shape=shape, clear_after_read=False)

        given = store(projected.shape[3]).unstack(projected)

        def ahead(t: tf.Tensor, states: Tensors, hidden: tf.TensorArray, kept: Any) -> Any:
            recurred = tf.matmul(states[0], recurrent)
            new, keep = cell.ahead(given.read(t), recurred + inner[0] if inner else recurred, states)
            kept = tuple(array.write(t, value) for array, value in zip(kept, keep, strict=True))
            return t + 1, new, hidden.write(t, new[0]), kept

        kept = tuple(store(width * units) for width in cell.saved)
        start = (tf.constant(0), (blank,) * cell.memories, store(units), kept)
        _, _, hidden, kept = _while(steps, ahead, start)
        outputs = hidden.stack()

        def gradient(upstream: tf.Tensor) -> Tensors:
            above = store(units).unstack(upstream)

            def back(t: tf.Tensor, states: Tensors, d_outer: tf.TensorArray, d_inner: tf.TensorArray) -> Any:
                at = steps - 1 - t
                read = tuple(array.read(at) for array in kept)
                outer, recurred, direct = cell.back(read, (states[0] + above.read(at), *states[1:]))
                first = tf.matmul(recurred, recurrent, transpose_b=True)
                first = first if direct[0] is None else first + direct[0]
                return t + 1, (first, *direct[1:]), d_outer.write(at, outer), d_inner.write(at, recurred)

            width = projected.shape[3]
            start = (tf.constant(0), (blank,) * cell.memories, store(width), store(width))
            _, _, d_outer, d_inner = _while(steps, back, start)
            pulled = _by_network(d_inner.stack())
            entered = _by_network(tf.concat([blank[tf.newaxis], outputs[:-1]], axis=0))
            d_weights = tf.matmul(entered, pulled, transpose_a=True)
            d_bias = (tf.reduce_sum(pulled, axis=1, keepdims=True),) if inner else ()
            return (d_outer.stack(), d_weights, *d_bias)

        return outputs, gradient

    scan = tf.custom_gradient(run)
    return lambda projected, recurrent, inner: scan(
        projected, recurrent, *(() if inner is None else (inner,))
    )


def _while(steps: int, body: Callable[..., Any], start: tuple[Any, ...]) -> Any:
    return tf.while_loop(
        lambda t, *_: t < steps, body, start, maximum_iterations=steps, parallel_iterations=1
    )


def _by_network(sequence: tf.Tensor) -> tf.Tensor:
    """(L, K, B, width) -> (K, L * B, width)."""
    rows = tf.transpose(sequence, [1, 0, 2, 3])
    return tf.reshape(rows, [rows.shape[0], -1, rows.shape[3]])
