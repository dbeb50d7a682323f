"""One model on one series: turns origins into blocks of forecasts, and whatever it raises into failures."""

from __future__ import annotations

import time
import warnings
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from forecastkit.arrays import Cube, Indices, Matrix
from forecastkit.backtesting.plan import BacktestPlan
from forecastkit.backtesting.scored_scale import ScoredScale
from forecastkit.backtesting.seen import seen_history
from forecastkit.backtesting.selection import describe_selection
from forecastkit.errors import BackendError, FitError, ForecastKitWarning, ForecastShapeError
from forecastkit.models.effective_memory import memory_of
from forecastkit.models.protocol import (
    Answers,
    Fitted,
    Forecaster,
    History,
    Schedule,
    facts_of,
    family_of,
    forecast_many,
    prepare,
)
from forecastkit.pulse import tell_origin
from forecastkit.runs.blocks import Block, Failure
from forecastkit.seeds import spawn
from forecastkit.series.series import Series
from forecastkit.series.transforms import Transform

TOGETHER = 64
"""Origins forecast in one call: their histories stand in memory together."""


class Bench:
    """One model on one series: turns a seed and runs of origins that share a fit into blocks.

    Args:
        name: what the model is called in the result.
        recipe: the model.
        series: the data.
        plan: origins and refits.
        transform: what the model sees, and on which scale it is scored.
        seed: of the run.
        parts: the origins, split into runs that share one fit.
    """

    def __init__(
        self,
        name: str,
        recipe: Forecaster,
        series: Series,
        plan: BacktestPlan,
        transform: Transform,
        seed: int,
        parts: Sequence[Indices],
    ) -> None:
        self.name = name
        self.recipe = recipe
        self.series = series
        self.plan = plan
        self.transform = transform
        self.seed = seed
        self.parts = parts
        self.scale = ScoredScale(name, series, plan, transform)
        self.prepared: Forecaster | None = None

    def run(self, member: int, parts: Sequence[Indices]) -> list[Block]:
        """Make the blocks of consecutive fits; whatever a model raises is recorded.

        A recipe that serves a whole backtest in one call is asked so; it takes all parts at once. Where a
        fitted model offers `refit`, the next fit starts from it; the first one starts afresh.
        """
        fitted: Fitted | None = None
        blocks = self._serve(member) if hasattr(self.recipe, "forecast_origins") else []
        if not blocks:
            for part in parts:
                block, fitted = self._fit_and_forecast(member, part, fitted)
                blocks.append(block)
        return self._with_memory(self._with_selection(blocks), member, fitted)

    def _with_selection(self, blocks: list[Block]) -> list[Block]:
        """Tell with the first fit of a run what was chosen before it, and how well that forecast there."""
        first = blocks[0]
        if int(first.origins[0]) != int(self.parts[0][0]) or family_of(self.recipe) not in ("ar", "network"):
            return blocks
        try:
            past = self._history(self.plan.training_part(int(first.origins[0])))
            told = describe_selection(self.recipe, self.settled(), past, self.plan.horizon, first.facts)
        except Exception:  # anyone's code, which has failed before: its fits were recorded as failures
            return blocks
        return [replace(first, facts={**first.facts, "selection": told}), *blocks[1:]]

    def _with_memory(self, blocks: list[Block], member: int, fitted: Fitted | None) -> list[Block]:
        """Tell with the last fit of a run how many past values an autoregression or a network uses.

        Where that cannot be told the reason stands in its place; a fit that failed has told its own.
        """
        last = blocks[-1]
        origin = int(last.origins[0])
        if origin != int(self.parts[-1][0]) or family_of(self.recipe) not in ("ar", "network"):
            return blocks
        if len(last.failures) == len(last.origins):
            return blocks
        try:
            model = self._fit(member, origin) if fitted is None else fitted
            told = memory_of(model, self._history(self.plan.training_part(origin)), self.plan.horizon)
        except Exception as error:  # anyone's code, or a past too short to look into
            told = {"unknown": f"{type(error).__name__}: {error}"}
        return [*blocks[:-1], replace(last, facts={**last.facts, "memory": _plain_facts(told)})]

    def _fit_and_forecast(
        self, member: int, origins: Indices, last: Fitted | None
    ) -> tuple[Block, Fitted | None]:
        """Fit at the first of these origins and forecast from each."""
        start = time.perf_counter()
        origin = int(origins[0])
        blank = np.full((len(origins), self.plan.horizon), np.nan)
        try:
            fitted = self._fit(member, origin, last)
        except BackendError:
            raise
        except Exception as error:  # models are anyone's code: what they raise is kept, and the others go on
            failures = tuple(self._failure(member, int(t), error) for t in origins)
            seconds = time.perf_counter() - start
            return Block(self.name, member, origins, blank, None, failures, seconds), None
        fit_seconds = time.perf_counter() - start
        answers = [
            self._forecast(fitted, member, origins[i : i + TOGETHER])
            for i in range(0, len(origins), TOGETHER)
        ]
        block = Block(
            model=self.name,
            seed=member,
            origins=origins,
            mean=np.concatenate([mean for mean, _, _ in answers]),
            quantiles=_joined([(quantiles, len(mean)) for mean, quantiles, _ in answers]),
            failures=tuple(failure for _, _, failures in answers for failure in failures),
            fit_seconds=fit_seconds,
            forecast_seconds=time.perf_counter() - start - fit_seconds,
            facts=_plain_facts(facts_of(fitted)),
        )
        return block, fitted

    def _serve(self, member: int) -> list[Block]:
        """Ask for all origins in one call: one block per fit, none at all where that fails."""
        start = time.perf_counter()
        origins = np.concatenate(list(self.parts))
        try:
            recipe: Any = self.settled()
            rng = spawn(self.seed, self.name, member)
            history, schedule = self._whole(origins)
            answers: Answers = recipe.forecast_origins(history, schedule, horizon=self.plan.horizon, rng=rng)
            _check_shapes(answers, len(origins), self.plan.horizon, len(self.parts))
            alone = self._fit(member, int(origins[0])).forecast(
                self._history(self.plan.known_part(int(origins[0]))), self.plan.horizon
            )
        except BackendError:
            raise
        except Exception:  # what fails is met again, and recorded, when origins are served one by one
            return []
        if not _agree(answers.mean[0], np.asarray(alone, dtype=np.float64)):
            self._warn_of_disagreement("forecast_origins", int(origins[0]))
            return []
        for note in answers.notes:
            warnings.warn(note, ForecastKitWarning, stacklevel=2)
        return self._blocks(member, origins, answers, time.perf_counter() - start)

    def _whole(self, origins: Indices) -> tuple[History, Schedule]:
        """What a call for all origins is handed: the past of the last one, and who may see what of it."""
        history = self._history(slice(0, int(origins[-1])))
        lost = int(origins[-1]) - len(history.values)
        trained = [self.plan.training_part(int(part[0])) for part in self.parts]
        known = [self.plan.known_part(origin) for origin in origins.tolist()]
        schedule = Schedule(
            fits=np.array([(part.start, part.stop - lost) for part in trained], dtype=np.int64),
            origins=np.array([(part.start, part.stop - lost) for part in known], dtype=np.int64),
            fit_of=np.repeat(np.arange(len(self.parts)), [len(part) for part in self.parts]),
        )
        return history, schedule

    def _blocks(self, member: int, origins: Indices, answers: Answers, seconds: float) -> list[Block]:
        """Split what came for all origins into blocks; forecasts that are no numbers become failures."""
        pasts = self.scale.pasts(origins)
        mean, errors = self.scale.scored(answers.mean, answers.quantiles, pasts, origins)
        quantiles = self.scale.placed(answers.quantiles, pasts, np.isfinite(mean[:, 0]))
        facts = answers.facts or ({},) * len(self.parts)
        fitting = answers.fit_seconds / len(self.parts)
        blocks: list[Block] = []
        done = 0
        for part, told in zip(self.parts, facts, strict=True):
            rows = slice(done, done := done + len(part))
            blocks.append(
                Block(
                    model=self.name,
                    seed=member,
                    origins=part,
                    mean=mean[rows],
                    quantiles=None if quantiles is None else quantiles[rows],
                    failures=tuple(self._failure(member, t, errors[t]) for t in part.tolist() if t in errors),
                    fit_seconds=fitting,
                    forecast_seconds=(seconds - answers.fit_seconds) / len(self.parts),
                    facts=_plain_facts(told),
                )
            )
        return blocks

    def settled(self) -> Forecaster:
        """Settle once what is decided once, on the training data of the first origin."""
        if self.prepared is None:
            first = int(self.plan.origin_positions(len(self.series))[0])
            history = self._history(self.plan.training_part(first))
            rng = spawn(self.seed, self.name, "prepare")
            self.prepared = prepare(self.recipe, history, horizon=self.plan.horizon, rng=rng)
        return self.prepared

    def _fit(self, member: int, origin: int, last: Fitted | None = None) -> Fitted:
        tell_origin(origin)
        history = self._history(self.plan.training_part(origin))
        rng = spawn(self.seed, self.name, member, origin)
        refit: Callable[..., Fitted] | None = getattr(last, "refit", None)
        fit = self.settled().fit if refit is None else refit
        return fit(history, horizon=self.plan.horizon, rng=rng)

    def _history(self, part: slice) -> History:
        return seen_history(self.name, self.recipe, self.series, self.transform, part, self.plan.horizon)

    def _forecast(
        self, fitted: Fitted, member: int, origins: Indices
    ) -> tuple[Matrix, Cube | None, tuple[Failure, ...]]:
        """Forecast all origins together; where that fails, one by one, so that only the guilty are lost."""
        try:
            return (*self._paths(fitted, origins), ())
        except Exception as error:  # anyone's code: one failing origin may not cost the others
            if len(origins) == 1:
                blank = np.full((1, self.plan.horizon), np.nan)
                return blank, None, (self._failure(member, int(origins[0]), error),)
        answers = [self._forecast(fitted, member, origins[i : i + 1]) for i in range(len(origins))]
        mean = np.concatenate([answer[0] for answer in answers])
        quantiles = _joined([(answer[1], 1) for answer in answers])
        return mean, quantiles, tuple(failure for answer in answers for failure in answer[2])

    def _paths(self, fitted: Fitted, origins: Indices) -> tuple[Matrix, Cube | None]:
        horizon = self.plan.horizon
        histories = [self._history(self.plan.known_part(origin)) for origin in origins.tolist()]
        paths = forecast_many(fitted, histories, horizon)
        if paths.shape != (len(origins), horizon):
            raise ForecastShapeError(
                f"Model {self.name!r} answered shape {paths.shape[1:]} at origin {origins[0]}; ({horizon},) "
                "is needed: one number per step of the horizon.",
                model=self.name,
                origin=int(origins[0]),
            )
        self._check_alone(fitted, histories, paths, origins)
        levels, pasts = self.scale.levels(fitted, histories), self.scale.pasts(origins)
        mean, errors = self.scale.scored(paths, levels, pasts, origins)
        for error in errors.values():
            raise error
        return mean, self.scale.placed(levels, pasts, np.ones(len(pasts), dtype=np.bool_))

    def _check_alone(self, fitted: Fitted, histories: list[History], paths: Matrix, origins: Indices) -> None:
        """Ask the first origin alone: in a batch, later histories hold the future of earlier ones."""
        if len(histories) == 1 or not hasattr(fitted, "forecast_many"):
            return
        alone = np.asarray(fitted.forecast(histories[0], self.plan.horizon), dtype=np.float64)
        if not _agree(paths[0], alone):
            message = self._warn_of_disagreement("forecast_many", int(origins[0]))
            raise FitError(message, model=self.name, origin=int(origins[0]))

    def _warn_of_disagreement(self, call: str, origin: int) -> str:
        message = (
            f"Model {self.name!r} forecasts otherwise from origin {origin} alone than among others. Its "
            f"`{call}` must equal the loop over `forecast` and not look at later histories; it is asked one "
            "by one."
        )
        warnings.warn(message, ForecastKitWarning, stacklevel=2)
        return message

    def _failure(self, member: int, origin: int, error: Exception) -> Failure:
        return Failure(self.name, member, origin, type(error).__name__, str(error))


def _agree(one: Matrix, other: Matrix) -> bool:
    """Whether two answers for one origin are the same up to rounding."""
    size = np.max(np.abs(other), initial=0.0)
    return one.shape == other.shape and np.allclose(one, other, rtol=1e-9, atol=1e-9 * size, equal_nan=True)


def _check_shapes(answers: Answers, origins: int, horizon: int, fits: int) -> None:
    if answers.mean.shape != (origins, horizon) or len(answers.facts) not in (0, fits):
        raise ValueError(f"shape {answers.mean.shape} and {len(answers.facts)} facts came for all origins")


def _joined(parts: list[tuple[Cube | None, int]]) -> Cube | None:
    """Concatenate quantiles of neighbouring origins, NaN for those that have none; None where none has."""
    given = next((quantiles for quantiles, _ in parts if quantiles is not None), None)
    if given is None:
        return None
    return np.concatenate([np.full((n, *given.shape[1:]), np.nan) if q is None else q for q, n in parts])


def _plain_facts(facts: Any) -> dict[str, Any]:
    """Reduce facts to what a table or JSON can hold."""
    return {str(key): _plain(value) for key, value in facts.items()}


def _plain(value: Any) -> Any:
    value = value.item() if isinstance(value, np.generic) else value
    if isinstance(value, Mapping):
        return _plain_facts(value)
    if isinstance(value, list | tuple):
        return [_plain(item) for item in value]
    return value if isinstance(value, str | int | float | bool | None) else str(value)
