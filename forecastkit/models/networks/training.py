"""What comes of a training: the best weights of each network, and its losses epoch by epoch."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from forecastkit.models.networks.spec import Schedule
from forecastkit.models.networks.weights import Weights


@dataclass(frozen=True, slots=True, eq=False)
class Training:
    """Outcome of one fit.

    Args:
        weights: those of the best epoch.
        best_epoch: 0 for the untrained network.
        validation: loss on the validation block before training and after each epoch.
        training: mean loss of each epoch's steps, while it was trained.
        learning_rate: at the start of the training that succeeded.
    """

    weights: Weights
    best_epoch: int
    validation: list[float]
    training: list[float]
    learning_rate: float

    @property
    def failed(self) -> bool:
        """Whether a loss stopped being a number."""
        return not bool(np.isfinite(self.validation).all())


class Watch:
    """Losses of K networks epoch by epoch: keeps each one's best weights, and says when all have stopped."""

    def __init__(self, weights: Sequence[Weights], schedule: Schedule) -> None:
        self.weights = [[np.array(array) for array in network] for network in weights]
        self.schedule = schedule
        self.best = [0] * len(weights)
        self.stopped = [False] * len(weights)
        self.validation: list[list[float]] = [[] for _ in weights]
        self.training: list[list[float]] = [[] for _ in weights]

    @property
    def going(self) -> bool:
        """Whether a network still trains."""
        return not all(self.stopped)

    def see(self, validation: Any, training: Any, current: Callable[[], list[Any]]) -> None:
        """Take the losses after an epoch (training None: before the first), each of shape (K,)."""
        arrays: list[Any] = []
        for k in range(len(self.weights)):
            if self.stopped[k]:
                continue
            losses = self.validation[k]
            better = self.schedule.plain or not losses or validation[k] < losses[self.best[k]]
            losses.append(float(validation[k]))
            if training is not None:
                self.training[k].append(float(training[k]))
            if better and len(losses) > 1:
                arrays = arrays or current()
                self.best[k] = len(losses) - 1
                self.weights[k] = [array[k].copy() for array in arrays]
            waited = len(losses) - 1 - self.best[k]
            self.stopped[k] = waited >= self.schedule.patience or not np.isfinite(losses[-1])

    def trainings(self) -> list[Training]:
        """Give what came of each network."""
        rate = self.schedule.learning_rate
        told = zip(self.weights, self.best, self.validation, self.training, strict=True)
        return [Training(weights, best, valid, train, rate) for weights, best, valid, train in told]
