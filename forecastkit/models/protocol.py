"""What a model is: a frozen recipe that is fitted on a past and then forecasts from the end of a past."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal, Protocol, TypeAlias, runtime_checkable

import numpy as np
import pandas as pd

from forecastkit.arrays import Cube, Indices, Matrix, Vector
from forecastkit.errors import PlanError

Family = Literal["reference", "ar", "network", "oracle", "other"]
Windows: TypeAlias = np.ndarray[tuple[int, int], np.dtype[np.int64]]
QUANTILES = (0.025, 0.1, 0.9, 0.975)
"""Levels asked of models that know their own uncertainty: the limits of the 80 % and 95 % intervals."""


@dataclass(frozen=True, slots=True)
class History:
    """All that a model may see at an origin; always a copy, never a view of the whole series.

    Args:
        values: shape (T,), read-only; NaN for what is missing only where the recipe takes it.
        index: shape (T,).
        period: season length in observations, 1 for none.
        changes: the values are changes of the scored quantity (log returns), so "no change" is a forecast of
            zeros and paths are cumulated before scoring.
        start: observations of the series before the first of these: where trend and season stand.
        known: covariates known ahead, shape (T + H, K): those of the values, then those of the H steps that
            are forecast. None where the series has none.
        past: covariates observed up to the origin, shape (T, K). None where the series has none.
    """

    values: Vector
    index: pd.Index
    period: int = 1
    changes: bool = False
    start: int = 0
    known: Matrix | None = None
    past: Matrix | None = None


@dataclass(frozen=True, slots=True, eq=False)
class Schedule:
    """Which part of one past each fit and each forecast of a backtest may use, as positions in its values.

    Args:
        fits: shape (F, 2), first position of each training part and one past its last; neither falls.
        origins: shape (O, 2), the same of what is known to each forecast.
        fit_of: shape (O,), the fit that serves each origin.
    """

    fits: Windows
    origins: Windows
    fit_of: Indices


@dataclass(frozen=True, slots=True, eq=False)
class Answers:
    """What a recipe that serves a whole backtest in one call answers.

    Args:
        mean: shape (O, H), as `forecast` gives it.
        facts: one mapping per fit.
        quantiles: shape (O, H, Q) at QUANTILES, as `forecast_quantiles` gives them.
        notes: what the user should be warned of.
        fit_seconds: share of the time that went into the fits.
    """

    mean: Matrix
    facts: tuple[Mapping[str, Any], ...] = ()
    quantiles: Cube | None = None
    notes: tuple[str, ...] = ()
    fit_seconds: float = 0.0


@runtime_checkable
class Fitted(Protocol):
    """A fitted model.

    It may also offer `forecast_many(histories, horizon) -> (O, H)`, equal to the loop over `forecast`;
    `refit(history, *, horizon, rng) -> Fitted`, which starts from this fit (the recipe then says `warm`);
    `forecast_quantiles(history, horizon, levels) -> (H, Q)`, for changes the quantiles of the cumulated
    path, and `forecast_quantiles_many(histories, horizon, levels) -> (O, H, Q)`, equal to the loop over it;
    `gradients(histories, horizon)`, derivatives of its forecasts by past values (`Gradients` of
    `effective_memory`); and `facts`, a mapping of short names to numbers or words that describe the fit, such
    as the order chosen.
    """

    def forecast(self, history: History, horizon: int) -> Vector:
        """Forecast (H,) from the end of a history, which may be newer than the fit."""
        ...


@runtime_checkable
class Forecaster(Protocol):
    """A recipe; never changed by `fit`.

    It may also carry `seeds` (the runner fits once per seed and averages the forecasts; default 1),
    `default_refit` (origins between two fits when the plan names none, a share below 1 for as many as add
    this share of the first training part, None for once; default 1), `family`
    ("reference", "ar", "network", "oracle" or "other"), `covariates` (those of "known" and "past" that it
    uses, for the report; default none), `takes_missing` (whether a history may hold NaN; default False, and
    the model is not asked where one does), and `prepare(history, *, horizon, rng)`, which settles, on the
    data before the first origin, what is decided once per backtest.

    `expected_seconds(observations, horizon)` tells how long one fit takes on one core (default 0): slow ones
    go to worker processes where there are any. `warm = True` says that its fitted models offer `refit`: they
    are refitted in chains of 8, each of which starts afresh.

    A recipe that does many origins at once faster than one by one may offer `forecast_origins(history,
    schedule, *, horizon, rng) -> Answers`. It is handed the past of the last origin and must use, for each
    fit and each forecast, the part that `schedule` names and nothing after it: replacing what follows an
    origin must leave its forecast as it was, bit for bit. The first origin is asked alone too, by `fit` and
    `forecast`; where the two differ, `forecast_origins` is not used. A fit or an origin that fails makes it
    raise; the origins are then served one by one.
    """

    @property
    def name(self) -> str:
        """What the model is called in tables and pictures."""
        ...

    def fit(self, history: History, *, horizon: int, rng: np.random.Generator) -> Fitted:
        """Estimate on a history; all randomness comes from `rng`."""
        ...


@dataclass(frozen=True, slots=True)
class FromFunction:
    """A model made of any function (values, horizon) -> (horizon,)."""

    name: str
    function: Callable[[Vector, int], Vector]
    family: Family = "other"
    default_refit: int | None = None

    def fit(self, history: History, *, horizon: int, rng: np.random.Generator) -> FromFunction:
        """Learn nothing."""
        return self

    def forecast(self, history: History, horizon: int) -> Vector:
        """Call the function."""
        return self.function(history.values, horizon)


def as_forecaster(model: Any, name: str) -> Forecaster:
    """Take a recipe as it is, and make a model of a function.

    Raises:
        PlanError: the object is neither.
    """
    if isinstance(model, type):
        raise PlanError(
            f"Model {name!r} is the class {model.__name__}. Give an instance: {model.__name__}()."
        )
    if isinstance(model, Forecaster):
        return model
    if callable(model):
        return FromFunction(name, model)
    raise PlanError(
        f"Model {name!r} is a {type(model).__name__}. Needed: a registered name, a function (values, "
        "horizon), or an object with `name` and `fit(history, *, horizon, rng)`."
    )


def family_of(model: Forecaster) -> Family:
    """What kind of model a recipe says it is."""
    family: Family = getattr(model, "family", "other")
    return family


def seeds_of(model: Forecaster) -> int:
    """How many seeds a recipe wants fitted."""
    return int(getattr(model, "seeds", 1))


def covariates_of(model: Forecaster) -> tuple[str, ...]:
    """Which covariates of a history a recipe says it uses, of "known" and "past"."""
    return tuple(getattr(model, "covariates", ()))


def takes_missing(model: Forecaster) -> bool:
    """Whether a recipe says that its histories may hold NaN."""
    return bool(getattr(model, "takes_missing", False))


def prepare(model: Forecaster, history: History, *, horizon: int, rng: np.random.Generator) -> Forecaster:
    """Let a recipe settle what is decided once per backtest, on the training data of the first origin."""
    settle: Callable[..., Forecaster] | None = getattr(model, "prepare", None)
    return model if settle is None else settle(history, horizon=horizon, rng=rng)


def forecast_many(fitted: Fitted, histories: Sequence[History], horizon: int) -> Matrix:
    """Forecast from several histories, in one call where the model offers it: shape (O, H)."""
    many: Callable[[Sequence[History], int], Matrix] | None = getattr(fitted, "forecast_many", None)
    if many is not None:
        return np.asarray(many(histories, horizon), dtype=np.float64)
    return np.array([fitted.forecast(history, horizon) for history in histories], dtype=np.float64)


def forecast_quantiles(fitted: Fitted, histories: Sequence[History], horizon: int) -> Cube | None:
    """Ask a model for its own quantiles at QUANTILES: shape (O, H, Q), None where it offers none."""
    quantiles: Callable[[History, int, Sequence[float]], Matrix] | None = getattr(
        fitted, "forecast_quantiles", None
    )
    if quantiles is None:
        return None
    many: Callable[..., Cube] | None = getattr(fitted, "forecast_quantiles_many", None)
    if many is not None:
        return np.asarray(many(histories, horizon, QUANTILES), dtype=np.float64)
    return np.array([quantiles(history, horizon, QUANTILES) for history in histories], dtype=np.float64)


def facts_of(fitted: Fitted) -> Mapping[str, Any]:
    """What a fitted model tells about itself."""
    facts: Mapping[str, Any] = getattr(fitted, "facts", {})
    return facts
