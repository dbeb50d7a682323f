"""Recurrent networks: the nonlinear side of the question."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Literal

import numpy as np

from forecastkit.arrays import Cube, Matrix, Vector
from forecastkit.diagnostics.stationarity import adf
from forecastkit.errors import SeriesTooShortError
from forecastkit.models.networks.device import load_loop
from forecastkit.models.networks.spec import NetworkSpec, Schedule
from forecastkit.models.protocol import Family, History
from forecastkit.series.windows import input_target_windows

FEWEST_WINDOWS = 16
SHORTEST_LOOKBACK = 4


@dataclass(frozen=True, slots=True)
class Recurrent:
    """An LSTM that corrects a naive or seasonal-naive path, all horizons at once.

    forecast(h) = base(h) + scale(h) * network(h): the base is the last value, or the last season where that
    is closer in training; scale(h) is the base's root mean squared error at h in training; the network's last
    layer starts at zero. It sees the last `lookback` values as distances from the newest one and, where a
    unit root is rejected, as standardised levels too. The rate falls along a cosine; training stops early on
    the last block of the past, whose targets all follow the training targets. Several seeds are fitted and
    averaged.

    Args:
        name: what the model is called.
        seeds: networks in the ensemble.
        units: width; by default 32 below 1,000 observations, 64 above.
        lookback: values the network sees; by default 24 below 800 observations, 48 above, one season at
            least.
        epochs, patience, batch, learning_rate, weight_decay, dropout: of the training.
        loss: the error that is minimised, the same that is scored.
        level_visible: True or False overrides the unit-root rule.
        default_refit: origins between two fits, None for one fit.
    """

    name: str = "lstm"
    seeds: int = 5
    units: int | None = None
    lookback: int | None = None
    epochs: int = 60
    patience: int = 10
    batch: int = 64
    learning_rate: float = 4e-3
    weight_decay: float = 1e-3
    dropout: float = 0.1
    loss: Literal["squared", "absolute"] = "squared"
    level_visible: bool | None = None
    default_refit: int | None = None
    family: Family = "network"

    def prepare(self, history: History, horizon: int) -> Recurrent:
        """Decide whether levels are shown to the network, unless that is settled."""
        if self.level_visible is not None:
            return self
        return replace(self, level_visible=not history.changes and adf(history.values).rejected)

    def fit(self, history: History, *, horizon: int, rng: np.random.Generator) -> FittedRecurrent:
        """Train one network.

        Raises:
            SeriesTooShortError: too few windows are left for training and validation.
            BackendError: TensorFlow is missing.
        """
        settled = self.prepare(history, horizon)
        level = _level(history)
        lookback, held_out = self._split(len(level), horizon, history.period)
        train_end = len(level) - held_out
        view = _View.fit(level[:train_end], lookback, horizon, history.period, bool(settled.level_visible))
        train = view.pairs(level[:train_end])
        valid = view.pairs(level[train_end - view.offset :])
        spec = NetworkSpec(
            lookback=lookback,
            channels=train[0].shape[2],
            horizon=horizon,
            units=self.units or (32 if len(level) < 1000 else 64),
            dropout=self.dropout,
            loss=self.loss,
            batch=self.batch,
            weight_decay=self.weight_decay,
        )
        schedule = Schedule(self.epochs, self.patience, self.learning_rate)
        training = load_loop().loop_for(spec).fit(train, valid, schedule, rng)
        facts = {
            "lookback": lookback,
            "units": spec.units,
            "base": view.base,
            "level_visible": view.level_visible,
            "windows": len(train[0]),
            "validation_windows": len(valid[0]),
            "best_epoch": training.best_epoch,
            "epochs": len(training.validation) - 1,
            "validation_ratio": training.validation[training.best_epoch]
            / max(training.validation[0], 1e-300),
        }
        return FittedRecurrent(spec, training.weights, view, facts)

    def _split(self, n: int, horizon: int, period: int) -> tuple[int, int]:
        """Choose the lookback, and how many last values hold validation targets only."""
        wanted = self.lookback or max(24 if n < 800 else 48, period)
        held_out = horizon - 1 + max(8, (n - horizon) // 7)
        room = n - held_out - horizon - FEWEST_WINDOWS + 1
        lookback = wanted if self.lookback else min(wanted, room)
        if lookback < SHORTEST_LOOKBACK or lookback > room:
            needed = n + max(lookback, SHORTEST_LOOKBACK) - room
            raise SeriesTooShortError(
                f"{n} observations are too few to train {self.name!r} at horizon {horizon}: about {needed} "
                "are needed for windows to train and to validate on. Use a shorter horizon, fewer origins, "
                "or a longer series."
            )
        return lookback, held_out


@dataclass(frozen=True, slots=True, eq=False)
class FittedRecurrent:
    """Trained weights with the view they were trained on."""

    spec: NetworkSpec
    weights: list[Any]
    view: _View
    facts: Mapping[str, Any] = field(default_factory=dict)

    def forecast(self, history: History, horizon: int) -> Vector:
        """Forecast from one history."""
        path: Vector = self.forecast_many([history], horizon)[0]
        return path

    def forecast_many(self, histories: Sequence[History], horizon: int) -> Matrix:
        """Forecast from many histories through one compiled call: shape (O, horizon).

        Raises:
            SeriesTooShortError: a history is shorter than the lookback, or the horizon longer than trained.
        """
        lookback, trained = self.spec.lookback, self.spec.horizon
        levels = [_level(history) for history in histories]
        shortest = min(len(level) for level in levels)
        if shortest < self.view.offset or horizon > trained:
            raise SeriesTooShortError(
                f"The network was trained on {lookback} past values for {trained} steps; it was given "
                f"{shortest} values and asked for {horizon} steps. Fit it for this horizon, on a longer past."
            )
        windows = np.array([level[-lookback:] for level in levels])
        outputs = load_loop().loop_for(self.spec).forecast(self.weights, self.view.channels(windows))
        bases = np.array([_base_path(level, self.view.base, self.view.period, trained) for level in levels])
        paths = (bases + self.view.scale * outputs)[:, :horizon]
        if not histories[0].changes:
            return np.asarray(paths)
        newest = np.array([[level[-1]] for level in levels])
        return np.diff(np.hstack([newest, paths]), axis=1)


@dataclass(frozen=True, slots=True, eq=False)
class _View:
    """How levels become inputs and targets: everything in it is estimated on the training values alone."""

    lookback: int
    horizon: int
    period: int
    base: str
    scale: Vector
    distance: float
    centre: float
    spread: float
    level_visible: bool

    @classmethod
    def fit(cls, level: Vector, lookback: int, horizon: int, period: int, level_visible: bool) -> _View:
        offset = max(lookback, period)
        errors = {base: _base_errors(level, base, offset, horizon, period) for base in _bases(period)}
        sizes = {base: np.sqrt(np.mean(error**2, axis=0)) for base, error in errors.items()}
        base = min(sizes, key=lambda name: float(np.mean(np.log(np.maximum(sizes[name], 1e-300)))))
        inputs, _ = input_target_windows(level, lookback, horizon)
        return cls(
            lookback=lookback,
            horizon=horizon,
            period=period,
            base=base,
            scale=np.where(sizes[base] > 0, sizes[base], 1.0),
            distance=float(np.sqrt(np.mean((inputs - inputs[:, -1:]) ** 2))) or 1.0,
            centre=float(level.mean()),
            spread=float(level.std()) or 1.0,
            level_visible=level_visible,
        )

    @property
    def offset(self) -> int:
        """Values known before the first window's targets."""
        return max(self.lookback, self.period)

    def channels(self, windows: Matrix) -> Cube:
        """Turn windows (N, lookback) into inputs (N, lookback, 1 or 2)."""
        views = [(windows - windows[:, -1:]) / self.distance]
        if self.level_visible:
            views.append((windows - self.centre) / self.spread)
        return np.stack(views, axis=-1)

    def pairs(self, level: Vector) -> tuple[Cube, Matrix]:
        """Inputs (N, lookback, channels) and scaled corrections (N, horizon) of every window."""
        inputs, _ = input_target_windows(level[self.offset - self.lookback :], self.lookback, self.horizon)
        errors = _base_errors(level, self.base, self.offset, self.horizon, self.period)
        return self.channels(inputs), errors / self.scale


def _level(history: History) -> Vector:
    """Give the quantity whose path is scored: for changes their running sum, from 0."""
    if history.changes:
        return np.concatenate([[0.0], np.cumsum(history.values)])
    return history.values


def _bases(period: int) -> tuple[str, ...]:
    return ("naive", "seasonal-naive") if period > 1 else ("naive",)


def _base_path(level: Vector, base: str, period: int, horizon: int) -> Vector:
    """Repeat the last value or the last season: the base's level at 1..horizon."""
    return np.resize(level[-(period if base == "seasonal-naive" else 1) :], horizon)


def _base_errors(level: Vector, base: str, offset: int, horizon: int, period: int) -> Matrix:
    """Errors (N, horizon) of the base at every position from `offset` on: actual minus base."""
    reach = period if base == "seasonal-naive" else 1
    seasons, targets = input_target_windows(level[offset - reach :], reach, horizon)
    return np.asarray(targets - seasons[:, np.resize(np.arange(reach), horizon)])
