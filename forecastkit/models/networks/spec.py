"""What a network and its training are, as plain settings that need no Keras."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal


@dataclass(frozen=True, slots=True)
class NetworkSpec:
    """What fixes a network's shape and training step; equal specs share one compiled step.

    Args:
        lookback: time steps of one input.
        channels: values per time step.
        horizon: outputs.
        units: width of the recurrent layer.
        dropout: share of units silenced in training.
        loss: "squared" or "absolute" error, averaged over batch and horizon.
        batch: windows per step.
        weight_decay: decoupled decay per step, times the learning rate.
    """

    lookback: int
    channels: int
    horizon: int
    units: int
    dropout: float
    loss: Literal["squared", "absolute"]
    batch: int
    weight_decay: float


@dataclass(frozen=True, slots=True)
class Schedule:
    """How long and how fast to train; the rate falls from `learning_rate` to 0 along a cosine."""

    epochs: int
    patience: int
    learning_rate: float
