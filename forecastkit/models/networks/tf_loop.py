"""One compiled training loop per network shape; weights are reset between fits instead of building anew."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import keras
import numpy as np
import tensorflow as tf

from forecastkit.arrays import Cube, Matrix
from forecastkit.models.networks.layers import POINT, build_network
from forecastkit.models.networks.spec import NetworkSpec, Schedule

FORECAST_BATCH = 64
"""Windows per forecast call, padded: a fixed shape gives a window the same bits whatever stands beside it."""

tf.config.list_physical_devices()  # looks for devices now, while its messages are held back

Weights = list[np.ndarray[Any, np.dtype[np.float32]]]


@dataclass(frozen=True, slots=True, eq=False)
class Training:
    """Outcome of one fit: best weights, the epoch they come from (0: untrained), losses per epoch."""

    weights: Weights
    best_epoch: int
    validation: list[float]


class Loop:
    """A network of one shape with its compiled epoch, evaluation and forecast."""

    def __init__(self, spec: NetworkSpec) -> None:
        self.spec = spec
        self.network = build_network(spec, seed=0)
        self.optimizer = keras.optimizers.AdamW(
            learning_rate=1e-3, weight_decay=spec.weight_decay, global_clipnorm=1.0
        )
        self.optimizer.build(self.network.trainable_variables)
        windows = tf.TensorSpec([None, spec.lookback, spec.channels], tf.float32)
        targets = tf.TensorSpec([None, spec.horizon], tf.float32)
        order = tf.TensorSpec([None, spec.batch], tf.int32)
        rates = tf.TensorSpec([None], tf.float32)
        fixed = tf.TensorSpec([FORECAST_BATCH, spec.lookback, spec.channels], tf.float32)
        self._epoch = _compiled(self._epoch_steps, [windows, targets, order, rates])
        self._evaluate = _compiled(self._loss, [windows, targets])
        self._forecast = _compiled(self._apply, [fixed])
        hidden = keras.Model(self.network.inputs, self.network.get_layer(POINT).input)
        self._hidden = _compiled(hidden, [fixed])

    def fit(
        self,
        train: tuple[Cube, Matrix],
        valid: tuple[Cube, Matrix],
        schedule: Schedule,
        rng: np.random.Generator,
    ) -> Training:
        """Train from fresh weights; keep those of the best epoch on the validation block.

        Args:
            train: inputs (N, lookback, channels) and targets (N, horizon).
            valid: the same, later in time.
            schedule: epochs, patience and rate.
            rng: draws weights, batches and dropout.
        """
        self._reset(int(rng.integers(2**31)))
        inputs, targets = (tf.constant(part, tf.float32) for part in train)
        held_out = [tf.constant(part, tf.float32) for part in valid]
        steps = -(-len(train[0]) // self.spec.batch)
        best = Training(self.network.get_weights(), 0, [float(self._evaluate(*held_out))])
        losses = list(best.validation)
        for epoch in range(1, schedule.epochs + 1):
            order = np.resize(rng.permutation(len(train[0])), (steps, self.spec.batch)).astype(np.int32)
            rates = tf.constant(schedule.rates(epoch - 1, steps), tf.float32)
            self._epoch(inputs, targets, tf.constant(order), rates)
            losses.append(float(self._evaluate(*held_out)))
            if schedule.plain or losses[-1] < min(losses[:-1]):
                best = Training(self.network.get_weights(), epoch, losses)
            if epoch - best.best_epoch >= schedule.patience:
                break
        return Training(best.weights, best.best_epoch, losses)

    def forecast(self, weights: Weights, inputs: Cube) -> Matrix:
        """Run the network with these weights: (O, lookback, channels) -> (O, horizon)."""
        answers: Cube = self._in_parts(self._forecast, weights, inputs)
        return answers[:, :, 0]

    def quantiles(self, weights: Weights, inputs: Cube) -> Cube:
        """Run the quantile head: (O, lookback, channels) -> (O, horizon, levels), rising."""
        answers: Cube = self._in_parts(self._forecast, weights, inputs)
        return answers[:, :, 1:]

    def states(self, weights: Weights, inputs: Cube) -> Matrix:
        """Run the network up to its last hidden state: (O, lookback, channels) -> (O, units)."""
        hidden: Matrix = self._in_parts(self._hidden, weights, inputs)
        return hidden

    def _in_parts(self, function: Callable[..., Any], weights: Weights, inputs: Cube) -> Any:
        """Run a compiled function on parts of one fixed shape."""
        self.network.set_weights(weights)
        rows = []
        for start in range(0, len(inputs), FORECAST_BATCH):
            part = inputs[start : start + FORECAST_BATCH]
            padded = np.zeros((FORECAST_BATCH, *inputs.shape[1:]), dtype=np.float32)
            padded[: len(part)] = part
            rows.append(function(tf.constant(padded)).numpy()[: len(part)])
        return np.concatenate(rows).astype(np.float64)

    def _reset(self, seed: int) -> None:
        """Forget the last fit: fresh weights, an optimizer without memory, dropout from its own seed."""
        fresh = build_network(self.spec, seed)
        self.network.set_weights(fresh.get_weights())
        for layer, other in zip(self.network.layers, fresh.layers, strict=True):
            if hasattr(layer, "seed_generator"):  # a dropout of 0 has none
                layer.seed_generator.state.assign(other.seed_generator.state.value)
        for variable in self.optimizer.variables:
            variable.assign(tf.zeros_like(variable.value))

    def _apply(self, inputs: tf.Tensor, training: bool = False) -> tf.Tensor:
        """Point forecast and quantiles side by side: (batch, horizon, 1 + levels)."""
        outputs = self.network(inputs, training=training)
        if not self.spec.quantiles:
            return outputs[:, :, tf.newaxis]
        return tf.concat([outputs[0][:, :, tf.newaxis], outputs[1]], axis=2)

    def _loss(self, inputs: tf.Tensor, targets: tf.Tensor) -> tf.Tensor:
        return self._error(self._apply(inputs), targets)

    def _error(self, outputs: tf.Tensor, targets: tf.Tensor) -> tf.Tensor:
        """Error of the point forecast, and twice the pinball loss of the quantiles."""
        errors = targets[:, :, tf.newaxis] - outputs
        point = errors[:, :, 0]
        loss = tf.reduce_mean(tf.square(point) if self.spec.loss == "squared" else tf.abs(point))
        if self.spec.quantiles:
            levels = tf.constant(self.spec.quantiles, tf.float32)
            loss += 2.0 * tf.reduce_mean(
                tf.maximum(levels * errors[:, :, 1:], (levels - 1.0) * errors[:, :, 1:])
            )
        return loss

    def _epoch_steps(self, inputs: tf.Tensor, targets: tf.Tensor, order: tf.Tensor, rates: tf.Tensor) -> None:
        def step(i: tf.Tensor) -> tf.Tensor:
            rows = order[i]
            with tf.GradientTape() as tape:
                outputs = self._apply(tf.gather(inputs, rows), training=True)
                loss = self._error(outputs, tf.gather(targets, rows))
            variables = self.network.trainable_variables
            self.optimizer.learning_rate.assign(rates[i])
            self.optimizer.apply(tape.gradient(loss, variables), variables)
            return i + 1

        tf.while_loop(lambda i: i < tf.shape(order)[0], step, [tf.constant(0)], parallel_iterations=1)


def _compiled(function: Callable[..., Any], signature: list[tf.TensorSpec]) -> Callable[..., Any]:
    """Trace a function once for its shapes; nothing in it is rewritten, so it runs alike on every Python."""
    compiled: Callable[..., Any] = tf.function(function, input_signature=signature, autograph=False)
    return compiled


@lru_cache(maxsize=16)
def loop_for(spec: NetworkSpec) -> Loop:
    """Give the compiled loop of a shape, made at its first use."""
    return Loop(spec)
