"""Recurrent networks: the nonlinear side of the question."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Literal

import numpy as np

from forecastkit.arrays import Cube, Matrix, Vector
from forecastkit.diagnostics.stationarity import adf
from forecastkit.errors import SeriesTooShortError
from forecastkit.models._net_gradients import forecast_gradients
from forecastkit.models._net_guard import guard_weights, nothing_is_found
from forecastkit.models._net_learning import Learner, Lesson, learn
from forecastkit.models._net_lessons import Block, Frame, Lessons, past_of
from forecastkit.models._net_quantiles import SpreadReadout, spread_around, spread_features
from forecastkit.models._net_readout import Readout, choose_penalties, solve_readout
from forecastkit.models._net_shapes import NARROW, SHORTEST, Shape, Wishes, search
from forecastkit.models._net_windows import Seen, check_room, level_of
from forecastkit.models.autoregressive import Autoregression
from forecastkit.models.effective_memory import Gradients
from forecastkit.models.networks.device import Device, kernel_facts, network_loop
from forecastkit.models.networks.spec import Cell, NetworkSpec, Schedule
from forecastkit.models.networks.weights import shapes
from forecastkit.models.protocol import Family, History

FEW_WINDOWS = 500
"""Windows below which batches are smaller and epochs more."""
EPOCHS, FEWEST_EPOCHS, MOST_EPOCHS = 40, 12, 120
"""Usual passes over the windows; fewer where there are many windows, more where there are few."""
PASSED = 100_000
"""Windows that are passed in all where there are many: a rate that is to fall has to reach its end."""
COOLER = 4.0
"""A warm refit starts at the learning rate divided by this."""
USUAL_LOOKBACK, STARTING_SECONDS = 24, 1.0
SECONDS_PER_STEP, SECONDS_PER_WEIGHT = 1.5e-6, 6e-10
"""Measured on one core: per window and time step of training, and more with the square of the width."""
SHARE = 3
"""The selection trains each shape for one in so many epochs."""


@dataclass(frozen=True, slots=True)
class Recurrent:
    """A recurrent network that corrects a base path, all horizons at once.

    forecast(h) = base(h) + guard(h) scale(h) correction(h). The base is the last value, the last season, or
    the last season moved to the last value, whichever was closest in training; or the path of an
    autoregression, cross-fitted where it trains. scale(h) is the size of the base's errors at h in training.
    The network sees the last values as distances from the newest one and, where a unit root is rejected, as
    standardised levels too, and the phase of the season. Its last layer starts at zero; the rate falls along
    a cosine; training stops early on a block of the past whose targets follow all training targets. The last
    layer is then solved by ridge regression on the hidden state and the window, with the penalty that does
    best on the same block. guard(h) comes from a third block, later still: 0 where the correction cannot be
    told from none; what it judges was solved on all windows before it. When both are chosen, the last layer
    is solved on every target that is known.
    Several seeds are fitted and averaged.

    Args:
        name: what the model is called.
        seeds: networks in the ensemble.
        cell: "lstm", "gru" or "rnn".
        layers: recurrent layers on top of each other.
        autoregression: whose path is corrected; None for the last value or season.
        units: width; by default 32, or what the selection finds.
        lookback: values the network sees, by default what the selection finds.
        fold: values in one time step of the network, by default 1 or, where the selection finds so, a season.
        log: whether the network sees logarithms, by default what the selection finds for positive series.
        tries: shapes that the selection may try, each for a third of the epochs.
        batch: windows per step; by default 32 below 500 windows, 64 above.
        epochs: passes over the windows; by default 120 below 500 windows, 40 above, fewer from 2,500 on.
        patience: epochs without a gain on the stopping block before training ends; by default epochs / 4.
        learning_rate, weight_decay, dropout: of the training.
        loss: the error that is minimised, the same that is scored.
        level_visible: True or False overrides the unit-root rule.
        warm_epochs: of a refit that starts from the weights of the fit before; 0 starts afresh each time.
        device: "auto" for a GPU where there is one, "cpu" or "gpu".
        guarded: False takes every correction as it is.
        default_refit: origins between two fits, a share of the first training part, or None for one fit.
        covariates: of a history that are shown to the network.
        selection: what the selection cost, told by `prepare`.
    """

    name: str = "lstm"
    seeds: int = 5
    cell: Cell = "lstm"
    layers: int = 1
    autoregression: Autoregression | None = None
    units: int | None = None
    lookback: int | None = None
    fold: int | None = None
    log: bool | None = None
    tries: int = 3
    batch: int | None = None
    epochs: int | None = None
    patience: int | None = None
    learning_rate: float = 4e-3
    weight_decay: float = 1e-3
    dropout: float = 0.1
    loss: Literal["squared", "absolute"] = "squared"
    level_visible: bool | None = None
    warm_epochs: int = 4
    device: Device = "auto"
    guarded: bool = True
    default_refit: float | None = 0.1
    family: Family = "network"
    covariates: tuple[str, ...] = ("known", "past")
    selection: Mapping[str, Any] = field(default_factory=dict, compare=False)

    def prepare(self, history: History, *, horizon: int, rng: np.random.Generator) -> Recurrent:
        """Settle on the data before the first origin what is decided once: levels, base, and shape.

        Each shape that fits is trained once, for a third of the epochs; the one whose errors on the stopping
        block are smallest beside the base's wins.
        """
        return learn(self.settling(history, horizon=horizon, rng=rng))

    def settling(self, history: History, *, horizon: int, rng: np.random.Generator) -> Learner[Recurrent]:
        """Do what `prepare` does, asking for the trainings."""
        begin = time.perf_counter()
        settled = self
        if settled.level_visible is None:
            settled = replace(settled, level_visible=not history.changes and adf(history.values).rejected)
        if settled.autoregression is not None:
            path = settled.autoregression.prepare(history, horizon=horizon, rng=rng)
            settled = replace(settled, autoregression=path)
        seed = int(rng.integers(2**31))

        def error(shape: Shape) -> Learner[float]:
            short = replace(settled, guarded=False, epochs=-(-settled._epochs(len(history.values)) // SHARE))
            fitted = yield from short._learn(shape, history, horizon, np.random.default_rng(seed))
            return float(fitted.facts["validation_ratio"])

        wishes = Wishes(self.lookback, self.fold, self.units, self.log)
        shape, tried = yield from search(history, horizon, wishes, error, self.tries)
        settled = replace(
            settled, lookback=shape.lookback, fold=shape.fold, units=shape.units, log=shape.log, tries=1
        )
        until = history.start + len(history.values)
        told = {"configurations": tried, "seconds": time.perf_counter() - begin, "until": until}
        return replace(settled, selection=told) if tried else settled

    def fit(self, history: History, *, horizon: int, rng: np.random.Generator) -> FittedRecurrent:
        """Train one network.

        Raises:
            SeriesTooShortError: too few windows are left to train, to stop and to guard it.
            BackendError: TensorFlow is missing.
        """
        return learn(self.learning(history, horizon=horizon, rng=rng))

    def learning(
        self, history: History, *, horizon: int, rng: np.random.Generator
    ) -> Learner[FittedRecurrent]:
        """Do what `fit` does, asking for the trainings."""
        settled = yield from self.settling(history, horizon=horizon, rng=rng)
        shape = Shape(
            settled.lookback or SHORTEST, settled.fold or 1, settled.units or NARROW, bool(settled.log)
        )
        return (yield from settled._learn(shape, history, horizon, rng))

    @property
    def warm(self) -> bool:
        """Whether refits go on from the weights of the fit before."""
        return self.warm_epochs > 0

    def expected_seconds(self, observations: int, horizon: int) -> float:
        """Seconds of one fit on one core, by time steps trained on."""
        units, lookback = self.units or NARROW, self.lookback or USUAL_LOOKBACK
        each = SECONDS_PER_STEP + SECONDS_PER_WEIGHT * units**2
        epochs = self._epochs(observations)
        return STARTING_SECONDS + epochs * observations * lookback / (self.fold or 1) * each * self.layers

    def _learn(
        self,
        shape: Shape,
        history: History,
        horizon: int,
        rng: np.random.Generator,
        start: FittedRecurrent | None = None,
    ) -> Learner[FittedRecurrent]:
        n = len(history.values) + history.changes
        check_room(self.name, n, past_of(shape, history), horizon)
        lessons = Lessons.of(
            history,
            horizon,
            shape,
            level_visible=bool(self.level_visible),
            autoregression=self.autoregression,
        )
        train, later = lessons.train, lessons.later
        stop, guard = lessons.rows
        spec = self._spec(shape, train)
        loop = network_loop(spec, self.device)
        weights, schedule = self._start(start, spec, len(train.targets))
        given = (train.inputs, train.targets), (later.inputs[stop], later.targets[stop])
        training = yield Lesson(spec, self.device, *given, schedule, rng, weights)
        seen = [
            np.hstack([loop.states(training.weights, block.inputs), block.linear]) for block in (train, later)
        ]
        absolute = self.loss == "absolute"
        held_out = seen[1][stop], later.targets[stop]
        penalties = choose_penalties((seen[0], train.targets), held_out, absolute=absolute)
        known = np.concatenate(seen), np.concatenate([train.targets, later.targets])

        def solved(windows: int | None) -> Readout:
            return solve_readout(known[0][:windows], known[1][:windows], penalties, absolute=absolute)

        trained = solved(len(train.targets))
        corrections = solved(len(train.targets) + stop.stop).apply(seen[1][guard])
        trust = self._trust(history, lessons, corrections)
        spread = spread_around(lessons, seen, trained, trust)
        facts = {
            **lessons.facts(history),
            "units": spec.units,
            "parameters": sum(weight.size for weight in training.weights),
            "best_epoch": training.best_epoch,
            "epochs": len(training.validation) - 1,
            "training_loss": rounded(training.training),
            "validation_loss": rounded(training.validation),
            "refit": "cold" if weights is None else f"warm, {schedule.epochs} epochs",
            "learning_rate": training.learning_rate,
            **kernel_facts(loop.processor, spec.cell),
            "validation_ratio": error_ratio(held_out[1], trained.apply(held_out[0]), absolute=absolute),
            **({"guard": [round(float(share), 4) for share in trust]} if self.guarded else {}),
            "guard_error": lessons.guarded_error(history, trust * corrections),
        }
        recipe = replace(self, lookback=shape.lookback, fold=shape.fold, units=shape.units, log=shape.log)
        return FittedRecurrent(
            spec, training.weights, lessons.frame, solved(None), trust, spread, facts, recipe
        )

    def _start(
        self, start: FittedRecurrent | None, spec: NetworkSpec, windows: int
    ) -> tuple[list[Any] | None, Schedule]:
        """Weights to start from, and how long to train: a few epochs where they were trained before."""
        if start is not None and self.warm_epochs and shapes(start.spec) == shapes(spec):
            schedule = Schedule(self.warm_epochs, self.warm_epochs, self.learning_rate / COOLER)
            return start.weights, schedule
        epochs = self._epochs(windows)
        return None, Schedule(epochs, self.patience or max(1, epochs // 4), self.learning_rate)

    def _trust(self, history: History, lessons: Lessons, corrections: Matrix) -> Vector:
        """Weigh the corrections by h on the guard's block."""
        horizon = corrections.shape[1]
        if not self.guarded:
            return np.ones(horizon)
        weights = guard_weights(lessons.later.targets[lessons.rows[1]], corrections)
        if weights.any() and nothing_is_found(history, lessons.split, horizon):
            return np.zeros(horizon)
        return weights

    def _spec(self, shape: Shape, train: Block) -> NetworkSpec:
        return NetworkSpec(
            lookback=train.inputs.shape[1],
            channels=train.inputs.shape[2],
            horizon=train.targets.shape[1],
            units=shape.units,
            dropout=self.dropout,
            loss=self.loss,
            batch=self.batch or (32 if len(train.targets) < FEW_WINDOWS else 64),
            weight_decay=self.weight_decay,
            cell=self.cell,
            layers=self.layers,
        )

    def _epochs(self, windows: int) -> int:
        if windows < FEW_WINDOWS:
            return self.epochs or MOST_EPOCHS
        return self.epochs or min(EPOCHS, max(FEWEST_EPOCHS, PASSED // windows))


@dataclass(frozen=True, slots=True, eq=False)
class FittedRecurrent:
    """Trained weights with all that turns a past into an input and an output into a path.

    Args:
        spec: of the network.
        weights: of its layers.
        frame: base, view and scales.
        readout: the last layer, solved.
        guard: share of the correction that is taken by h, shape (H,).
        spread: of the errors that are left.
        facts: about the fit.
        recipe: that was fitted, with everything settled.
    """

    spec: NetworkSpec
    weights: list[Any]
    frame: Frame
    readout: Readout
    guard: Vector
    spread: SpreadReadout
    facts: Mapping[str, Any] = field(default_factory=dict)
    recipe: Recurrent = field(default_factory=Recurrent)

    def refit(self, history: History, *, horizon: int, rng: np.random.Generator) -> FittedRecurrent:
        """Train on from these weights for a few epochs on a longer past; scales, readout and guard are new.

        Raises:
            SeriesTooShortError: too few windows are left to train, to stop and to guard it.
        """
        recipe = self.recipe
        shape = Shape(recipe.lookback or SHORTEST, recipe.fold or 1, recipe.units or NARROW, bool(recipe.log))
        return learn(recipe._learn(shape, history, horizon, rng, self))

    def forecast(self, history: History, horizon: int) -> Vector:
        """Forecast from one history."""
        path: Vector = self.forecast_many([history], horizon)[0]
        return path

    def forecast_many(self, histories: Sequence[History], horizon: int) -> Matrix:
        """Forecast from many histories through one compiled call: shape (O, horizon).

        Raises:
            SeriesTooShortError: a history is shorter than the lookback, or the horizon longer than trained.
        """
        shortest = min(len(history.values) + history.changes for history in histories)
        if shortest < self.frame.past or horizon > self.spec.horizon:
            raise SeriesTooShortError(
                f"The network was trained on {self.frame.past} past values for {self.spec.horizon} steps; "
                f"it was given {shortest} values and asked for {horizon} steps. Fit it for this horizon, on "
                "a longer past."
            )
        paths = self.frame.base.ahead(histories, horizon)
        if self.guard.any():
            corrections = self.readout.apply(self._seen(histories)[0])
            paths = paths + (self.guard * self.frame.scale * corrections)[:, :horizon]
        if not histories[0].changes:
            return np.asarray(paths)
        last = np.array([level_of(history)[-1:] for history in histories])
        return np.diff(np.hstack([last, paths]), axis=1)

    def forecast_quantiles(self, history: History, horizon: int, levels: Sequence[float]) -> Matrix:
        """Quantiles from one history, shape (horizon, Q); for changes, of the cumulated path."""
        quantiles: Matrix = self.forecast_quantiles_many([history], horizon, levels)[0]
        return quantiles

    def forecast_quantiles_many(
        self, histories: Sequence[History], horizon: int, levels: Sequence[float]
    ) -> Cube:
        """Quantiles from many histories, the forecast plus those of its error: shape (O, horizon, Q).

        Raises:
            SeriesTooShortError: as `forecast_many`.
        """
        paths = self.forecast_many(histories, horizon)
        if histories[0].changes:
            paths = np.cumsum(paths, axis=1)
        features = spread_features(*self._seen(histories), self.frame.view)
        errors = self.frame.scale[:, None] * self.spread.quantiles(features, levels)
        return np.asarray(paths[:, :, None] + errors[:, :horizon])

    def gradients(self, histories: Sequence[History], horizon: int) -> Gradients:
        """Differentiate forecasts by past values, see `Gradients`; the base is that of the newest history."""
        return forecast_gradients(self, histories, horizon)

    def _seen(self, histories: Sequence[History]) -> tuple[Matrix, Matrix]:
        """What the readout is given, hidden state and window, and the window alone."""
        seen = Seen.at_ends(histories, self.frame.view.lookback, self.spec.horizon)
        loop = network_loop(self.spec, self.recipe.device)
        linear = self.frame.view.linear(seen)
        return np.hstack([loop.states(self.weights, self.frame.view.inputs(seen)), linear]), linear


def rounded(losses: Sequence[float]) -> list[float]:
    """Losses to five digits, for a curve."""
    return [float(f"{loss:.5g}") for loss in losses]


def error_ratio(targets: Matrix, corrections: Matrix, *, absolute: bool) -> float:
    """Loss with the corrections over loss without, geometric mean over h."""
    size = (lambda errors: np.mean(np.abs(errors), axis=0)) if absolute else _mean_square
    after, before = size(targets - corrections), size(targets)
    return float(np.exp(np.mean(np.log(np.maximum(after, 1e-300) / np.maximum(before, 1e-300)))))


def _mean_square(errors: Matrix) -> Vector:
    return np.asarray(np.mean(errors**2, axis=0))
