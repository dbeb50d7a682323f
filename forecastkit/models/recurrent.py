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
FEW_WINDOWS = 500
SHORTEST_LOOKBACK = 4


@dataclass(frozen=True, slots=True)
class Recurrent:
    """An LSTM that corrects a naive or seasonal path, all horizons at once.

    forecast(h) = base(h) + scale(h) * network(h): the base is the last value, the last season, or the last
    season moved to the last value, whichever was closest in training; scale(h) is the base's root mean
    squared error at h in training; the network's last layer starts at zero. It sees the last `lookback`
    values as distances from the newest one and, where a unit root is rejected, as standardised levels too.
    The rate falls along a cosine; training stops early on the last block of the past, whose targets all
    follow the training targets. Several seeds are fitted and averaged.

    Args:
        name: what the model is called.
        seeds: networks in the ensemble.
        units: width; by default 32 below 1,000 observations, 64 above.
        lookback: values the network sees; by default 12 or 24 (48 from 800 observations on), one season at
            least, whichever does better on the validation block before the first origin.
        batch: windows per step; by default 32 below 500 windows, 64 above.
        epochs: passes over the windows; by default 120 below 500 windows, 60 above.
        patience: epochs without a gain on the validation block before training stops; by default epochs / 4.
        learning_rate, weight_decay, dropout: of the training.
        loss: the error that is minimised, the same that is scored.
        level_visible: True or False overrides the unit-root rule.
        default_refit: origins between two fits, None for one fit.
    """

    name: str = "lstm"
    seeds: int = 5
    units: int | None = None
    lookback: int | None = None
    batch: int | None = None
    epochs: int | None = None
    patience: int | None = None
    learning_rate: float = 4e-3
    weight_decay: float = 1e-3
    dropout: float = 0.1
    loss: Literal["squared", "absolute"] = "squared"
    level_visible: bool | None = None
    default_refit: int | None = None
    family: Family = "network"

    def prepare(self, history: History, *, horizon: int, rng: np.random.Generator) -> Recurrent:
        """Decide whether levels are shown to the network, and how far back it looks, unless that is settled.

        Each lookback that fits is tried once; the smallest loss relative to the base's on the validation
        block wins.
        """
        settled = self
        if settled.level_visible is None:
            settled = replace(settled, level_visible=not history.changes and adf(history.values).rejected)
        if settled.lookback is None:
            tried = [replace(settled, lookback=length) for length in self._lookbacks(history, horizon)]
            seed = int(rng.integers(2**31))
            losses = [
                recipe.fit(history, horizon=horizon, rng=np.random.default_rng(seed)).facts[
                    "validation_ratio"
                ]
                for recipe in tried
                if len(tried) > 1
            ]
            settled = tried[int(np.argmin(losses)) if losses else 0]
        return settled

    def fit(self, history: History, *, horizon: int, rng: np.random.Generator) -> FittedRecurrent:
        """Train one network.

        Raises:
            SeriesTooShortError: too few windows are left for training and validation.
            BackendError: TensorFlow is missing.
        """
        settled = self.prepare(history, horizon=horizon, rng=rng)
        lookback = settled.lookback or SHORTEST_LOOKBACK
        level = _level(history)
        held_out = _held_out(len(level), horizon)
        self._check_room(len(level), horizon, lookback, history.period)
        train_end = len(level) - held_out
        view = _View.fit(level[:train_end], lookback, horizon, history.period, bool(settled.level_visible))
        train = view.pairs(level[:train_end])
        valid = view.pairs(level[train_end - view.offset :])
        few = len(train[0]) < FEW_WINDOWS
        epochs = self.epochs or (120 if few else 60)
        spec = NetworkSpec(
            lookback=lookback,
            channels=train[0].shape[2],
            horizon=horizon,
            units=self.units or (32 if len(level) < 1000 else 64),
            dropout=self.dropout,
            loss=self.loss,
            batch=self.batch or (32 if few else 64),
            weight_decay=self.weight_decay,
        )
        schedule = Schedule(epochs, self.patience or max(1, epochs // 4), self.learning_rate)
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

    def _lookbacks(self, history: History, horizon: int) -> list[int]:
        """List the lookbacks to try: those that leave enough windows, at least one."""
        n = len(_level(history))
        wanted = {max(length, history.period) for length in (12, 24 if n < 800 else 48)}
        room = _room(n, horizon)
        return sorted({min(length, max(room, SHORTEST_LOOKBACK)) for length in wanted})

    def _check_room(self, n: int, horizon: int, lookback: int, period: int) -> None:
        missing = max(lookback, _reach(period)) - _room(n, horizon)
        if missing > 0:
            raise SeriesTooShortError(
                f"{n} observations are too few to train {self.name!r} at horizon {horizon} with lookback "
                f"{lookback} and period {period}: about {n + missing} are needed for windows to train and to "
                "validate on. Use a shorter horizon, fewer origins, or a longer series."
            )


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
        levels = [_level(history) for history in histories]
        shortest = min(len(level) for level in levels)
        if shortest < self.view.offset or horizon > self.spec.horizon:
            raise SeriesTooShortError(
                f"The network was trained on {self.view.offset} past values for {self.spec.horizon} steps; "
                f"it was given {shortest} values and asked for {horizon} steps. Fit it for this horizon, on "
                "a longer past."
            )
        windows = np.array([level[-self.view.offset :] for level in levels])
        outputs = load_loop().loop_for(self.spec).forecast(self.weights, self.view.inputs(windows))
        paths = (self.view.base_paths(windows) + self.view.scale * outputs)[:, :horizon]
        if not histories[0].changes:
            return np.asarray(paths)
        return np.diff(np.hstack([windows[:, -1:], paths]), axis=1)


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
        windows, targets = input_target_windows(level, max(lookback, _reach(period)), horizon)
        bases = ("naive",) if period == 1 else ("naive", "last season", "last season moved")
        sizes = {}
        for base in bases:
            errors = targets - _base_paths(windows, base, period, horizon)
            sizes[base] = np.sqrt(np.mean(errors**2, axis=0))
        best = min(bases, key=lambda base: float(np.mean(np.log(np.maximum(sizes[base], 1e-300)))))
        inputs = windows[:, -lookback:]
        return cls(
            lookback=lookback,
            horizon=horizon,
            period=period,
            base=best,
            scale=np.where(sizes[best] > 0, sizes[best], 1.0),
            distance=float(np.sqrt(np.mean((inputs - inputs[:, -1:]) ** 2))) or 1.0,
            centre=float(level.mean()),
            spread=float(level.std()) or 1.0,
            level_visible=level_visible,
        )

    @property
    def offset(self) -> int:
        """Values known before a window's targets."""
        return max(self.lookback, _reach(self.period))

    def inputs(self, windows: Matrix) -> Cube:
        """Turn windows (N, offset) into inputs (N, lookback, 1 or 2)."""
        seen = windows[:, -self.lookback :]
        views = [(seen - seen[:, -1:]) / self.distance]
        if self.level_visible:
            views.append((seen - self.centre) / self.spread)
        return np.stack(views, axis=-1)

    def base_paths(self, windows: Matrix) -> Matrix:
        """Continue windows (N, offset) by the base: (N, horizon)."""
        return _base_paths(windows, self.base, self.period, self.horizon)

    def pairs(self, level: Vector) -> tuple[Cube, Matrix]:
        """Inputs (N, lookback, channels) and scaled corrections (N, horizon) of every window."""
        windows, targets = input_target_windows(level, self.offset, self.horizon)
        return self.inputs(windows), (targets - self.base_paths(windows)) / self.scale


def _level(history: History) -> Vector:
    """Give the quantity whose path is scored: for changes their running sum, from 0."""
    if history.changes:
        return np.concatenate([[0.0], np.cumsum(history.values)])
    return history.values


def _reach(period: int) -> int:
    """Past values that the bases need."""
    return 1 if period == 1 else period + 1


def _held_out(n: int, horizon: int) -> int:
    """Last values that serve as validation targets only."""
    return horizon - 1 + max(8, (n - horizon) // 7)


def _room(n: int, horizon: int) -> int:
    """Longest past per window that leaves enough windows to train on."""
    return n - _held_out(n, horizon) - horizon - FEWEST_WINDOWS + 1


def _base_paths(windows: Matrix, base: str, period: int, horizon: int) -> Matrix:
    """Continue windows by the last value, the last season, or the last season moved to the last value."""
    last = windows[:, -1:]
    if base == "naive":
        return np.repeat(last, horizon, axis=1)
    season = windows[:, -period:][:, np.resize(np.arange(period), horizon)]
    return season if base == "last season" else np.asarray(season + last - windows[:, -period - 1 : -period])
