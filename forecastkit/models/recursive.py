"""lstm-recursive: a network for one step, fed back its own forecasts."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Literal

import numpy as np
import pandas as pd

from forecastkit.arrays import Matrix, Vector
from forecastkit.models.effective_memory import Gradients
from forecastkit.models.networks.device import Device
from forecastkit.models.protocol import Family, History
from forecastkit.models.recurrent import FittedRecurrent, Recurrent

ONE_STEP = Recurrent()


@dataclass(frozen=True, slots=True)
class RecursiveRecurrent:
    """The network of `lstm` for h = 1, whose forecast is appended to the past and read again, H times.

    What the direct network of `lstm` pays in variance, one head for every h, this one pays in errors that
    feed themselves; like the iterated and the direct autoregression, neither is better everywhere.

    Args:
        name: what the model is called.
        seeds: networks in the ensemble.
        units, lookback, batch, epochs: of the network, see `Recurrent`.
        loss: the error that is minimised.
        device: "auto", "cpu" or "gpu".
        one_step: recipe of the network.
        default_refit: origins between two fits, a share of the first training part, or None for one fit.
        selection: what the selection of a shape cost, told by `prepare`.
    """

    name: str = "lstm-recursive"
    seeds: int = 5
    units: int | None = None
    lookback: int | None = None
    batch: int | None = None
    epochs: int | None = None
    loss: Literal["squared", "absolute"] = "squared"
    device: Device = "auto"
    one_step: Recurrent = ONE_STEP
    default_refit: float | None = 0.1
    family: Family = "network"
    selection: Mapping[str, Any] = field(default_factory=dict, compare=False)

    def prepare(self, history: History, *, horizon: int, rng: np.random.Generator) -> RecursiveRecurrent:
        """Settle what `lstm` settles, at horizon 1."""
        stated = {
            name: getattr(self, name)
            for name in ("units", "lookback", "batch", "epochs", "device")
            if getattr(self, name) is not None
        }
        recipe = replace(self.one_step, name=self.name, loss=self.loss, **stated)
        settled = recipe.prepare(history, horizon=1, rng=rng)
        return replace(self, one_step=settled, selection=settled.selection)

    def fit(self, history: History, *, horizon: int, rng: np.random.Generator) -> FittedRecursive:
        """Train one network for one step.

        Raises:
            SeriesTooShortError: too few windows are left to train, to stop and to guard it.
            BackendError: TensorFlow is missing.
        """
        settled = self.prepare(history, horizon=horizon, rng=rng)
        return FittedRecursive(settled.one_step.fit(history, horizon=1, rng=rng))

    @property
    def warm(self) -> bool:
        """Whether refits go on from the weights of the fit before."""
        return self.one_step.warm

    def expected_seconds(self, observations: int, horizon: int) -> float:
        """Seconds of one fit on one core."""
        return self.one_step.expected_seconds(observations, 1)


@dataclass(frozen=True, slots=True, eq=False)
class FittedRecursive:
    """A network for one step."""

    step: FittedRecurrent

    def refit(self, history: History, *, horizon: int, rng: np.random.Generator) -> FittedRecursive:
        """Train the network on from its weights, on a longer past."""
        return FittedRecursive(self.step.refit(history, horizon=1, rng=rng))

    @property
    def facts(self) -> Mapping[str, Any]:
        """About the fit."""
        return self.step.facts

    def forecast(self, history: History, horizon: int) -> Vector:
        """Forecast from one history."""
        path: Vector = self.forecast_many([history], horizon)[0]
        return path

    def forecast_many(self, histories: Sequence[History], horizon: int) -> Matrix:
        """Take one step from every history, append it, and take the next: shape (O, horizon).

        Raises:
            SeriesTooShortError: a history is shorter than the lookback.
        """
        pasts, paths = list(histories), np.empty((len(histories), horizon))
        for h in range(horizon):
            paths[:, h] = self.step.forecast_many(pasts, 1)[:, 0]
            pasts = [_longer(past, value) for past, value in zip(pasts, paths[:, h], strict=True)]
        return paths

    def gradients(self, histories: Sequence[History], horizon: int) -> Gradients:
        """Differentiate the last of `horizon` steps through all steps before it, see `Gradients`."""
        pasts = list(histories)
        parts: list[Matrix] = []
        for h in range(horizon):
            step = self.step.gradients(pasts, 1).whole[:, 0]
            fed = min(h, step.shape[1])
            known = np.pad(step[:, fed:], [(0, 0), (0, fed)])
            parts.append(known + sum(step[:, lag, None] * parts[h - 1 - lag] for lag in range(fed)))
            answers = self.step.forecast_many(pasts, 1)[:, 0]
            pasts = [_longer(past, value) for past, value in zip(pasts, answers, strict=True)]
        found = np.stack(parts, axis=1)
        return Gradients(np.cumsum(found, axis=1) if histories[0].changes else found)


def _longer(history: History, value: float) -> History:
    """The history one observation later, had `value` come; covariates of the past stay what they were."""
    past = history.past
    return replace(
        history,
        values=np.append(history.values, value),
        index=pd.RangeIndex(len(history.values) + 1),
        past=None if past is None else np.vstack([past, past[-1:]]),
    )
