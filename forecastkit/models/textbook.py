"""lstm-textbook: the network that tutorials build, kept as a warning."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

import numpy as np

from forecastkit.arrays import Matrix, Vector
from forecastkit.errors import SeriesTooShortError
from forecastkit.models._net_windows import FEWEST_TRAINING, level_of, targets_of
from forecastkit.models.effective_memory import Gradients
from forecastkit.models.networks.device import Device, kernel_facts, network_loop
from forecastkit.models.networks.gradients import input_gradients
from forecastkit.models.networks.spec import NetworkSpec, Schedule
from forecastkit.models.protocol import Family, History


@dataclass(frozen=True, slots=True)
class TextbookRecurrent:
    """An LSTM as tutorials build it: standardised values in, the next values out, a fixed number of epochs.

    y = mean + sd network((window - mean) / sd). No base path, no early stopping, no scale by horizon, no
    guard: at h = 1 it is often many times worse than the last value, since it has to learn from noise what
    the last value says at once. It shows what the recipe of `lstm` is for.

    Args:
        name: what the model is called.
        seeds: networks in the ensemble.
        units, lookback, batch, epochs, learning_rate: as tutorials choose them; the rate stays constant.
        loss: the error that is minimised.
        device: "auto", "cpu" or "gpu".
        default_refit: origins between two fits, None for one fit.
    """

    name: str = "lstm-textbook"
    seeds: int = 5
    units: int = 50
    lookback: int = 30
    batch: int = 32
    epochs: int = 20
    learning_rate: float = 1e-3
    loss: Literal["squared", "absolute"] = "squared"
    device: Device = "auto"
    default_refit: int | None = None
    family: Family = "network"

    def fit(self, history: History, *, horizon: int, rng: np.random.Generator) -> FittedTextbook:
        """Train one network on every window.

        Raises:
            SeriesTooShortError: fewer than 16 windows.
            BackendError: TensorFlow is missing.
        """
        level = level_of(history)
        needed = self.lookback + horizon + FEWEST_TRAINING - 1
        if len(level) < needed:
            raise SeriesTooShortError(
                f"{len(level)} observations are too few to train {self.name!r} at horizon {horizon} with "
                f"lookback {self.lookback}: {needed} are needed. Use a shorter horizon, fewer origins, or a "
                "longer series."
            )
        mean, spread = float(level.mean()), float(level.std()) or 1.0
        scaled = (level - mean) / spread
        origins = np.arange(self.lookback, len(level) - horizon + 1)
        inputs = scaled[origins[:, None] + np.arange(-self.lookback, 0)][:, :, None]
        windows = (inputs, targets_of(scaled, origins, horizon))
        spec = NetworkSpec(self.lookback, 1, horizon, self.units, 0.0, self.loss, self.batch, 0.0)
        schedule = Schedule(self.epochs, self.epochs, self.learning_rate, plain=True)
        loop = network_loop(spec, self.device)
        training = loop.fit(windows, windows, schedule, rng)
        facts = {
            "lookback": self.lookback,
            "steps": self.lookback,
            "units": self.units,
            "windows": len(origins),
            "epochs": self.epochs,
            **kernel_facts(loop.processor, spec.cell),
            "parameters": sum(weight.size for weight in training.weights),
            "train_until": history.start + len(history.values),
            "fitted_until": history.start + len(history.values),
        }
        return FittedTextbook(spec, training.weights, mean, spread, facts, self.device)


@dataclass(frozen=True, slots=True, eq=False)
class FittedTextbook:
    """Trained weights with the mean and the spread of what they were trained on."""

    spec: NetworkSpec
    weights: list[Any]
    mean: float
    spread: float
    facts: Mapping[str, Any] = field(default_factory=dict)
    device: Device = "auto"

    def forecast(self, history: History, horizon: int) -> Vector:
        """Forecast from one history."""
        path: Vector = self.forecast_many([history], horizon)[0]
        return path

    def forecast_many(self, histories: Sequence[History], horizon: int) -> Matrix:
        """Forecast from many histories through one compiled call: shape (O, horizon).

        Raises:
            SeriesTooShortError: a history is shorter than the lookback, or the horizon longer than trained.
        """
        lookback = self.spec.lookback
        levels = [level_of(history) for history in histories]
        shortest = min(len(level) for level in levels)
        if shortest < lookback or horizon > self.spec.horizon:
            raise SeriesTooShortError(
                f"The network was trained on {lookback} past values for {self.spec.horizon} steps; it was "
                f"given {shortest} values and asked for {horizon} steps. Fit it for this horizon, on a "
                "longer past."
            )
        windows = np.array([level[-lookback:] for level in levels])
        inputs = ((windows - self.mean) / self.spread)[:, :, None]
        outputs = network_loop(self.spec, self.device).forecast(self.weights, inputs)[:, :horizon]
        paths: Matrix = self.mean + self.spread * outputs
        return np.diff(np.hstack([windows[:, -1:], paths]), axis=1) if histories[0].changes else paths

    def gradients(self, histories: Sequence[History], horizon: int) -> Gradients:
        """Differentiate forecasts by past values, see `Gradients`; all of them is the network."""
        windows = np.array([level_of(history)[-self.spec.lookback :] for history in histories])
        inputs = ((windows - self.mean) / self.spread)[:, :, None]
        _, pulled = input_gradients(self.spec, self.weights, inputs, self.weights[-2][:, :horizon].T)
        whole = pulled[:, :, ::-1, 0]
        return Gradients(np.cumsum(whole, axis=2) - 1.0 if histories[0].changes else whole)
