"""The compiled training loop: one per shape of network, for one network or a stack of equal ones at once."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import lru_cache
from typing import Any

import numpy as np
import tensorflow as tf

from forecastkit.arrays import Cube, Matrix, Vector
from forecastkit.errors import TrainingError
from forecastkit.models.networks.device import CPU, Processor
from forecastkit.models.networks.layers import recurrent_layers
from forecastkit.models.networks.spec import NetworkSpec, Schedule, Windowed
from forecastkit.models.networks.tf_cells import recur, run_ahead
from forecastkit.models.networks.training import Training, Watch
from forecastkit.models.networks.weights import PER_LAYER, Weights, draw_weights, shapes
from forecastkit.pulse import tell_epoch

ROWS, FEWEST, MOST = 32, 2, 16
"""Windows of a part, padded, and parts of a forecast call, at least and at most.

Every part is a matrix of its own in a stack of equal ones, so that the bits of a window depend neither on
its place nor on what stands beside it. A single matrix may be multiplied by another kernel: there are two.
"""
FUSED = (64, 512)
"""Windows of a call of a GPU's fused kernel, which takes no parts: few, and where there are more of them."""
CLIP = 1.0
DECAYS = (0.9, 0.999)
TINY = 1e-7
SLOWER = 4.0
PART, CALL, WEIGHT = 0.5, 5e-5, 5e-10
"""Seconds for which the compiled loop runs at once, about, by seconds per time step and per weight."""

for gpu in tf.config.list_physical_devices("GPU"):  # before anything touches it; messages are held back now
    tf.config.experimental.set_memory_growth(gpu, True)

Inputs = Cube | Windowed
Tensors = list[Any]


class Loop:
    """`stack` networks of one shape with their compiled epoch, evaluation and forecast.

    Args:
        spec: of every network.
        stack: how many are trained at once; each gets the gradients it would have alone.
        processor: where it runs, and whether by Keras' layers (which use a GPU's fused kernel).
    """

    def __init__(self, spec: NetworkSpec, stack: int = 1, processor: Processor = CPU) -> None:
        self.spec, self.stack, self.processor = spec, stack, processor
        self._layers = recurrent_layers(spec) if processor.keras_layers and stack == 1 else []
        with tf.device(processor.name):
            self._weights, *self._moments = (
                [tf.Variable(tf.zeros((stack, *shape)), trainable=False) for shape in shapes(spec)]
                for _ in range(3)
            )
        k, batch, ints, floats = stack, spec.batch, tf.int32, tf.float32
        data = [
            tf.TensorSpec([k, None, spec.channels], tf.float64),
            tf.TensorSpec([spec.channels], tf.float64),
            tf.TensorSpec([k, None], ints),
            tf.TensorSpec([k, None, spec.horizon], floats),
        ]
        order = tf.TensorSpec([k, None, batch], ints)
        kept = tf.TensorSpec([k, None, spec.layers, batch, spec.units], tf.bool)
        parts = tf.TensorSpec([None, None, spec.lookback, spec.channels], floats)
        given = [tf.TensorSpec((1, *shape), floats) for shape in shapes(spec)]
        self._epoch = _compiled(self._steps, [*data, order, kept, tf.TensorSpec([None, 2], floats)])
        self._evaluate = _compiled(self._losses, data)
        self._answer = _compiled(self._outputs, [given, parts])
        self._hidden = _compiled(self._last_states, [given, parts])

    def fit(
        self,
        train: tuple[Inputs, Matrix],
        valid: tuple[Inputs, Matrix],
        schedule: Schedule,
        rng: np.random.Generator,
        weights: Weights | None = None,
    ) -> Training:
        """Train one network; keep the weights of the best epoch on the validation block.

        A training whose loss stops being a number is repeated once from the same start at a quarter of the
        rate.

        Args:
            train: inputs (N, lookback, channels), there or as places in a series, and targets (N, horizon).
            valid: the same, later in time.
            schedule: epochs, patience and rate.
            rng: draws weights, batches and dropout.
            weights: to start from; by default fresh ones.

        Raises:
            TrainingError: no training came to a finite loss.
        """
        start = None if weights is None else [weights]
        (training,) = self.fit_many([train], [valid], schedule, [rng], start)
        if isinstance(training, TrainingError):
            raise training
        return training

    def fit_many(
        self,
        trains: Sequence[tuple[Inputs, Matrix]],
        valids: Sequence[tuple[Inputs, Matrix]],
        schedule: Schedule,
        rngs: Sequence[np.random.Generator],
        weights: Sequence[Weights] | None = None,
    ) -> list[Training | TrainingError]:
        """Train `stack` networks at once, each on its own data of equal shapes, as `fit` does one.

        An error takes the place of a network that came to no finite loss.
        """
        seeds = [int(rng.integers(2**31)) for rng in rngs]
        answers: list[Training | TrainingError] = []
        for i, training in enumerate(self._train(trains, valids, schedule, seeds, weights)):
            start = None if weights is None else [weights[i]]
            failed = training.failed
            answers.append(
                self._retry(trains[i], valids[i], schedule, seeds[i], start) if failed else training
            )
        return answers

    def forecast(self, weights: Weights, inputs: Cube) -> Matrix:
        """Run the network with these weights: (O, lookback, channels) -> (O, horizon)."""
        answers: Cube = self._in_parts(self._answer, weights, inputs)
        return answers[:, :, 0]

    def quantiles(self, weights: Weights, inputs: Cube) -> Cube:
        """Run the quantile head: (O, lookback, channels) -> (O, horizon, levels), rising."""
        answers: Cube = self._in_parts(self._answer, weights, inputs)
        return answers[:, :, 1:]

    def states(self, weights: Weights, inputs: Cube) -> Matrix:
        """Run the network up to its last hidden state: (O, lookback, channels) -> (O, units)."""
        hidden: Matrix = self._in_parts(self._hidden, weights, inputs)
        return hidden

    def _in_parts(self, function: Callable[..., Any], weights: Weights, inputs: Cube) -> Any:
        """Run a compiled function on windows in parts of one fixed shape, several at a call."""
        given = [tf.constant(array[np.newaxis]) for array in weights]
        rows, most = (FUSED[len(inputs) > FUSED[1]], 1) if self._layers else (ROWS, MOST)
        answers = []
        for start in range(0, len(inputs), rows * most):
            windows = inputs[start : start + rows * most]
            parts = min(most, max(FEWEST, -(-len(windows) // rows)))
            padded = np.zeros((parts * rows, *inputs.shape[1:]), dtype=np.float32)
            padded[: len(windows)] = windows
            with tf.device(self.processor.name):
                found = function(given, tf.constant(padded.reshape(parts, rows, *inputs.shape[1:]))).numpy()
            answers.append(found.reshape(parts * rows, *found.shape[2:])[: len(windows)])
        return np.concatenate(answers).astype(np.float64)

    def _retry(
        self,
        train: tuple[Inputs, Matrix],
        valid: tuple[Inputs, Matrix],
        schedule: Schedule,
        seed: int,
        weights: Sequence[Weights] | None,
    ) -> Training | TrainingError:
        slower = replace(schedule, learning_rate=schedule.learning_rate / SLOWER)
        alone = loop_for(self.spec, 1, self.processor)
        training = alone._train([train], [valid], slower, [seed], weights)[0]
        if training.failed:
            return TrainingError(
                f"The loss became no number at a rate of {schedule.learning_rate:g} and again "
                f"at {slower.learning_rate:g}. Look for outliers in the data, or use a smaller learning_rate."
            )
        return training

    def _train(
        self,
        trains: Sequence[tuple[Inputs, Matrix]],
        valids: Sequence[tuple[Inputs, Matrix]],
        schedule: Schedule,
        seeds: Sequence[int],
        weights: Sequence[Weights] | None,
    ) -> list[Training]:
        """Train once; a network whose loss is no number stops there, the others go on."""
        rngs = [np.random.default_rng(seed) for seed in seeds]
        fresh = [draw_weights(self.spec, rng) for rng in rngs]
        watch = Watch(fresh if weights is None else weights, schedule)
        try:
            with tf.device(self.processor.name):
                self._start(watch.weights)
                data, held_out = _tensors(trains), _tensors(valids)
                watch.see(self._evaluate(*held_out).numpy(), None, self._current)
                n, epoch = len(trains[0][1]), 0
                steps = -(-n // self.spec.batch)
                while epoch < schedule.epochs and watch.going:
                    order, kept = self._draw(rngs, n, steps)
                    rates = _adam_rates(schedule.rates(epoch, steps), epoch * steps)
                    losses = self._run_epoch(data, order, kept, rates) / steps
                    epoch += 1
                    watch.see(self._evaluate(*held_out).numpy(), losses, self._current)
                    tell_epoch(epoch, schedule.epochs)
        except (tf.errors.ResourceExhaustedError, MemoryError) as error:
            count = "a network" if self.stack == 1 else f"{self.stack} networks"
            raise TrainingError(
                f"There is not enough memory to train {count} of {self.spec.units} units on "
                f"batches of {self.spec.batch} windows of {self.spec.lookback} steps. Use a smaller batch, a "
                "shorter lookback, fewer units or fewer workers."
            ) from error
        return watch.trainings()

    def _run_epoch(self, data: Tensors, order: tf.Tensor, kept: tf.Tensor, rates: tf.Tensor) -> Any:
        """Run the steps of one epoch, in parts between which Ctrl-C is heard: losses summed, (K,)."""
        spec = self.spec
        each = spec.lookback * spec.layers * (CALL + WEIGHT * self.stack * spec.batch * spec.units**2)
        size = max(1, int(PART / each))
        parts = [slice(first, first + size) for first in range(0, len(rates), size)]
        return sum(self._epoch(*data, order[:, p], kept[:, p], rates[p]).numpy() for p in parts)

    def _start(self, weights: Sequence[Weights]) -> None:
        """Forget the last fit: these weights, an optimizer without memory."""
        for variable, *arrays in zip(self._weights, *weights, strict=True):
            variable.assign(np.stack(arrays))
        for variable in (moment for moments in self._moments for moment in moments):
            variable.assign(tf.zeros_like(variable))

    def _current(self) -> list[Any]:
        return [variable.numpy() for variable in self._weights]

    def _draw(self, rngs: Sequence[np.random.Generator], n: int, steps: int) -> tuple[tf.Tensor, tf.Tensor]:
        """Order of windows (K, steps, batch), and what dropout keeps (K, steps, layers, batch, units)."""
        spec = self.spec
        order = [np.resize(rng.permutation(n), (steps, spec.batch)) for rng in rngs]
        shape = (steps, spec.layers, spec.batch, spec.units)
        kept = [
            rng.random(shape, dtype=np.float32) >= spec.dropout if spec.dropout else np.ones(shape, bool)
            for rng in rngs
        ]
        return tf.constant(np.stack(order), tf.int32), tf.constant(np.stack(kept))

    def _steps(
        self,
        series: tf.Tensor,
        anchors: tf.Tensor,
        starts: tf.Tensor,
        targets: tf.Tensor,
        order: tf.Tensor,
        kept: tf.Tensor,
        rates: tf.Tensor,
    ) -> tf.Tensor:
        """One epoch: the loss of each network, summed over steps."""

        def step(i: tf.Tensor, total: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
            rows = order[:, i]
            windows = self._cut(series, anchors, tf.gather(starts, rows, batch_dims=1))
            wanted = tf.gather(targets, rows, batch_dims=1)
            with tf.GradientTape(watch_accessed_variables=False) as tape:
                weights = [tf.identity(variable) for variable in self._weights]
                tape.watch(weights)
                losses = self._error(self._outputs(weights, windows, kept[:, i]), wanted)
                loss = tf.reduce_sum(losses)
            self._update(weights, tape.gradient(loss, weights), rates[i])
            return i + 1, total + losses

        start = (tf.constant(0), tf.zeros([self.stack]))
        return tf.while_loop(lambda i, _: i < tf.shape(order)[1], step, start, parallel_iterations=1)[1]

    def _update(self, weights: Tensors, gradients: Tensors, rate: tf.Tensor) -> None:
        """AdamW (Loshchilov & Hutter 2019) after clipping each network's gradient to length 1."""
        squares = [tf.reduce_sum(tf.square(g), axis=range(1, len(g.shape))) for g in gradients]
        shrink = CLIP / tf.maximum(tf.sqrt(tf.add_n(squares)), CLIP)
        updates = zip(self._weights, weights, gradients, *self._moments, strict=True)
        for variable, weight, gradient, first, second in updates:
            gradient *= tf.reshape(shrink, [-1] + [1] * (len(gradient.shape) - 1))
            mean = first.assign(DECAYS[0] * first + (1 - DECAYS[0]) * gradient)
            size = second.assign(DECAYS[1] * second + (1 - DECAYS[1]) * tf.square(gradient))
            change = rate[1] * mean / (tf.sqrt(size) + TINY)
            variable.assign(weight * (1.0 - rate[0] * self.spec.weight_decay) - change)

    def _losses(
        self, series: tf.Tensor, anchors: tf.Tensor, starts: tf.Tensor, targets: tf.Tensor
    ) -> tf.Tensor:
        """Loss of each network on all windows."""
        windows = self._cut(series, anchors, starts)
        return self._error(self._outputs([v.value() for v in self._weights], windows), targets)

    def _cut(self, series: tf.Tensor, anchors: tf.Tensor, starts: tf.Tensor) -> tf.Tensor:
        """Windows (K, N, lookback, channels) of the series, less their newest value where anchored."""
        rows = starts[:, :, tf.newaxis] + tf.range(self.spec.lookback)
        windows = tf.gather(series, rows, batch_dims=1)
        return tf.cast(windows - anchors * windows[:, :, -1:], tf.float32)

    def _last_states(self, weights: Tensors, windows: tf.Tensor, kept: tf.Tensor | None = None) -> tf.Tensor:
        """Last hidden states (K, N, units), after dropout where units are kept by `kept`."""
        sequence = tf.transpose(windows, [2, 0, 1, 3])
        for layer in range(self.spec.layers):
            own = weights[PER_LAYER * layer : PER_LAYER * (layer + 1)]
            last = layer == self.spec.layers - 1
            if self._layers:
                sequence = self._by_keras(layer, sequence, own)
                sequence = sequence[-1] if last else sequence
            elif kept is None:
                sequence = run_ahead(self.spec.cell, sequence, own, every=not last)
            else:
                sequence = recur(self.spec.cell, sequence, own, every=not last)
            if kept is not None and self.spec.dropout:
                sequence *= tf.cast(kept[:, layer], tf.float32) / (1.0 - self.spec.dropout)
        return sequence

    def _by_keras(self, layer: int, sequence: tf.Tensor, weights: Tensors) -> tf.Tensor:
        """Run a recurrent layer of Keras, (L, 1, N, inputs) -> (L, 1, N, units)."""
        alone = tf.transpose(sequence[:, 0], [1, 0, 2])
        made = self._layers[layer]
        states, _ = made.stateless_call([w[0] for w in weights], made.non_trainable_variables, alone)
        return tf.transpose(states, [1, 0, 2])[:, tf.newaxis]

    def _outputs(self, weights: Tensors, windows: tf.Tensor, kept: tf.Tensor | None = None) -> tf.Tensor:
        """Point forecast and quantiles side by side: (K, N, horizon, 1 + levels)."""
        hidden = self._last_states(weights, windows, kept)
        heads = weights[PER_LAYER * self.spec.layers :]
        answers = (tf.matmul(hidden, heads[0]) + heads[1][:, tf.newaxis])[..., tf.newaxis]
        if not self.spec.quantiles:
            return answers
        raw = tf.matmul(hidden, heads[2]) + heads[3][:, tf.newaxis]
        raw = tf.reshape(raw, tf.concat([tf.shape(answers)[:3], [len(self.spec.quantiles)]], axis=0))
        rising = tf.concat([raw[..., :1], tf.nn.softplus(raw[..., 1:])], axis=-1)
        return tf.concat([answers, tf.cumsum(rising, axis=-1)], axis=-1)

    def _error(self, outputs: tf.Tensor, targets: tf.Tensor) -> tf.Tensor:
        """By network, error of the point forecast, and twice the pinball loss of the quantiles: (K,)."""
        errors = targets[..., tf.newaxis] - outputs
        point = errors[..., 0]
        loss = tf.reduce_mean(tf.square(point) if self.spec.loss == "squared" else tf.abs(point), axis=[1, 2])
        if self.spec.quantiles:
            levels, errors = tf.constant(self.spec.quantiles, tf.float32), errors[..., 1:]
            pinball = tf.maximum(levels * errors, (levels - 1.0) * errors)
            loss += 2.0 * tf.reduce_mean(pinball, axis=[1, 2, 3])
        return loss


def gpu_count() -> int:
    """GPUs that TensorFlow sees."""
    return len(tf.config.list_physical_devices("GPU"))


def _adam_rates(rates: Vector, done: int) -> tf.Tensor:
    """Rate, and rate with Adam's correction for its start, of each step: (steps, 2)."""
    t = done + 1 + np.arange(len(rates))
    correction = np.sqrt(1 - DECAYS[1] ** t) / (1 - DECAYS[0] ** t)
    return tf.constant(np.stack([rates, rates * correction], axis=1), tf.float32)


def _tensors(pairs: Sequence[tuple[Inputs, Matrix]]) -> list[tf.Tensor]:
    """Series, anchors, starts and targets of K data sets of equal shapes."""
    inputs = [given if isinstance(given, Windowed) else Windowed.of(given) for given, _ in pairs]
    return [
        tf.constant(np.stack([source.series for source in inputs]), tf.float64),
        tf.constant(np.array(inputs[0].anchored), tf.float64),
        tf.constant(np.stack([source.starts for source in inputs]), tf.int32),
        tf.constant(np.stack([targets for _, targets in pairs]), tf.float32),
    ]


def _compiled(function: Callable[..., Any], signature: list[Any]) -> Callable[..., Any]:
    """Trace a function once for its shapes; nothing in it is rewritten, so it runs alike on every Python."""
    compiled: Callable[..., Any] = tf.function(function, input_signature=signature, autograph=False)
    return compiled


@lru_cache(maxsize=16)
def loop_for(spec: NetworkSpec, stack: int = 1, processor: Processor = CPU) -> Loop:
    """Give the compiled loop of a shape, made at its first use."""
    return Loop(spec, stack, processor)
