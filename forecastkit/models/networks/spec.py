"""What a network and its training are, as plain settings that need no Keras."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np

from forecastkit.arrays import Cube, Indices, Matrix, Vector

Cell = Literal["lstm", "gru", "rnn"]


@dataclass(frozen=True, slots=True)
class NetworkSpec:
    """What fixes a network's shape and training step; equal specs share one compiled step.

    Args:
        lookback: time steps of one input.
        channels: values per time step.
        horizon: outputs.
        units: width of each recurrent layer.
        dropout: share of units silenced in training, after each recurrent layer.
        loss: "squared" or "absolute" error, averaged over batch and horizon.
        batch: windows per step.
        weight_decay: decoupled decay per step, times the learning rate.
        cell: "lstm", "gru" or "rnn" (tanh).
        layers: recurrent layers, each fed by the one before.
        quantiles: rising levels in (0, 1) of a second head beside the point forecast, none where empty; its
            outputs never cross, and twice their pinball loss, averaged, is added to the error.
    """

    lookback: int
    channels: int
    horizon: int
    units: int
    dropout: float
    loss: Literal["squared", "absolute"]
    batch: int
    weight_decay: float
    cell: Cell = "lstm"
    layers: int = 1
    quantiles: tuple[float, ...] = ()


@dataclass(frozen=True, slots=True)
class Schedule:
    """How long and how fast to train.

    Args:
        epochs: passes over the windows.
        patience: epochs without a gain on the validation block before training ends.
        learning_rate: at the start; it falls to 0 along a cosine.
        plain: the rate stays, every epoch is run, and the last weights are kept instead of the best.
    """

    epochs: int
    patience: int
    learning_rate: float
    plain: bool = False

    def rates(self, first: int, steps: int) -> Vector:
        """Rates of one epoch, `first` counted from 0, of so many steps."""
        if self.plain:
            return np.full(steps, self.learning_rate)
        progress = (np.arange(steps) + first * steps) / (self.epochs * steps)
        return np.asarray(self.learning_rate * 0.5 * (1 + np.cos(np.pi * progress)))


@dataclass(frozen=True, slots=True, eq=False)
class Windowed:
    """Inputs as places in a series: the training step cuts the windows out, so that none is kept.

    Window i holds the `lookback` rows from `starts[i]` on; where `anchored`, less the newest of them.

    Args:
        series: shape (T, channels).
        starts: shape (N,), first row of each window.
        anchored: by channel.
    """

    series: Matrix
    starts: Indices
    anchored: tuple[bool, ...]

    @classmethod
    def of(cls, inputs: Cube) -> Windowed:
        """Take inputs (N, lookback, channels) that are there as a series of windows in a row."""
        n, lookback, channels = inputs.shape
        rows = np.reshape(inputs, (n * lookback, channels))
        return cls(rows, np.arange(n, dtype=np.int64) * lookback, (False,) * channels)

    def __len__(self) -> int:
        return len(self.starts)
