"""AR(p): the linear side of the question."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import Any, Literal

import numpy as np

from forecastkit.arrays import Cube, Indices, Matrix
from forecastkit.errors import PlanError, SeriesTooShortError, nearest
from forecastkit.models._ar_design import NestedLags, Terms, Trend, lags_to
from forecastkit.models._ar_facts import facts_of_fits, notes_on_fits, warn_if_constant
from forecastkit.models._ar_fits import Chooser, Fits
from forecastkit.models._ar_fitted import FittedAutoregression
from forecastkit.models._ar_gate import is_stationary
from forecastkit.models._ar_recursions import RECURSIONS
from forecastkit.models._ar_task import LOWERED, Ends, Estimator, Task, scale_of, task_of
from forecastkit.models._ar_validation import (
    choose_by_validation,
    squared_errors,
    validated_weights,
    validation_schedule,
)
from forecastkit.models._rolling_ols import one_thread
from forecastkit.models.ar_intervals import INTERVALS, Intervals, bands
from forecastkit.models.lags import CRITERIA, Criterion, default_max_lag
from forecastkit.models.protocol import QUANTILES, Answers, Family, History, Schedule, Windows


@dataclass(frozen=True, slots=True)
class Autoregression:
    """y_t = c + sum over i = 1..p of phi_i y_(t-i) + e_t by least squares, forecasts iterated.

    By default levels are modelled, with a constant, where a unit root is rejected (ADF, 5 %) and stationarity
    is not (KPSS, 1 %) on the data before the first origin; their forecasts are then drawn towards the last
    value as far as a validation on the end of these data advises, h by h. Elsewhere first differences are
    modelled without a constant, since an estimated drift harms long horizons more than it helps. All this is
    decided once per backtest. Changes (log returns) are modelled without a constant.

    Covariates known ahead are regressors too, those of the step itself (ARX); in differences they are
    differenced with the values. "yule-walker", "burg", and intervals other than "psi" leave them out.

    Rows of the regression that lack a value are left out; a value that is missing at the origin is replaced
    by its one-step forecast.

    Args:
        name: what the model is called.
        criterion: how the order is chosen at every fit, order 0 is possible: "aic", "aicc", "bic", "hqic",
            "fpe", or "cv", the squared error over the whole horizon at up to 200 origins inside the training
            part.
        max_lag: highest order; by default min(floor(10 log10 T), T // 5), T before the first origin.
        difference: True or False overrides the unit-root rule; "cv" takes what forecast the end of the data
            before the first origin better.
        trend: "n" none, "c" a constant, "ct" a constant and a line, all of the levels: differences take away
            one degree, so "c" leaves them none and "ct" a drift.
        lags: this set and no choice, such as (1, 2, 12).
        seasons: S > 0 adds the lags m, 2m .. S m of the period m to every order, m + 1 .. m + p to order p.
        dummies: whether every phase of the season has its own constant.
        estimator: "ols", "yule-walker" or "burg"; the latter two take plain lags only.
        shrink: whether forecasts of levels are drawn towards the last value; by default where the unit-root
            rule decided for levels.
        intervals: "psi" counts innovations only; "parameters" adds the variance of estimated coefficients;
            "bootstrap" draws series anew and estimates each, seconds where the others take milliseconds.
            The latter two take plain lags and at most a constant.
        default_refit: origins between two fits.
        weights: by h, the share of the forecast that is not the last value; settled by `prepare`.

    Raises:
        PlanError: an option is unknown, or two do not go together.
    Source: orders and coefficients agree with statsmodels `ar_select_order` and `AutoReg`.
    """

    name: str = "ar"
    criterion: Criterion | Literal["cv"] = "bic"
    max_lag: int | None = None
    difference: bool | Literal["cv"] | None = None
    trend: Trend = "c"
    lags: tuple[int, ...] | None = None
    seasons: int = 0
    dummies: bool = False
    estimator: Estimator = "ols"
    shrink: bool | None = None
    intervals: Intervals = "psi"
    default_refit: int | None = 1
    family: Family = "ar"
    weights: tuple[float, ...] = ()

    def __post_init__(self) -> None:
        _one_of("criterion", self.criterion, (*CRITERIA, "cv"))
        _one_of("trend", self.trend, ("n", "c", "ct"))
        _one_of("estimator", self.estimator, ("ols", *RECURSIONS))
        _one_of("intervals", self.intervals, INTERVALS)
        _one_of("difference", self.difference, (None, True, False, "cv"))
        if (self.max_lag or 0) < 0 or self.seasons < 0 or (self.lags and min(self.lags) < 1):
            raise PlanError(
                f"max_lag={self.max_lag}, seasons={self.seasons} and lags={self.lags} were given; numbers of "
                "lags are 0 or more, lags 1 or more."
            )
        special = self.lags or self.seasons or self.dummies or self.trend == "ct" or self.criterion == "cv"
        terms = self.lags or self.seasons or self.dummies or self.trend == "ct"
        if self.intervals != "psi" and (terms or self.estimator != "ols"):
            raise PlanError(
                f"Intervals {self.intervals!r} take plain lags, at most a constant, and estimator 'ols'. Use "
                "intervals 'psi', or conformal intervals, for anything else."
            )
        if self.estimator != "ols" and special:
            raise PlanError(
                f"Estimator {self.estimator!r} takes plain lags, chosen by an information criterion, and at "
                "most a constant. Use estimator 'ols' for anything else."
            )

    @property
    def covariates(self) -> tuple[str, ...]:
        """What is used of the covariates of a history."""
        return ("known",) if self.estimator == "ols" and self.intervals == "psi" else ()

    @property
    def takes_missing(self) -> bool:
        """Whether rows that lack a value are left out."""
        return self.estimator == "ols" and self.intervals == "psi"

    def prepare(self, history: History, *, horizon: int, rng: np.random.Generator) -> Autoregression:
        """Settle the highest order, levels or differences, and how far forecasts are drawn to the last value.

        What the recipe says already stays.
        """
        settled = self
        if settled.max_lag is None:
            lost = not (history.changes or self.difference is False)
            settled = replace(settled, max_lag=default_max_lag(len(history.values) - lost))
        if history.changes:
            return settled
        if self.difference is None:
            settled = replace(settled, difference=not is_stationary(history.values))
        if self.difference == "cv":
            settled = replace(settled, difference=settled._differences_forecast_better(history, horizon))
        shrink = self.difference is None if self.shrink is None else self.shrink
        if shrink and not settled.difference and not self.weights:
            settled = replace(settled, weights=settled._validated_weights(history, horizon))
        return settled

    def fit(self, history: History, *, horizon: int, rng: np.random.Generator) -> FittedAutoregression:
        """Choose the order, then estimate it on its own full sample.

        Raises:
            SeriesTooShortError: too few observations, or too few without missing values.
        """
        settled = self.prepare(history, horizon=horizon, rng=rng)
        whole = np.array([[0, len(history.values)]])
        task = settled._task(history, whole[0], horizon)
        with one_thread():
            fits = settled._fits(task, whole)
            facts = facts_of_fits(task, fits, whole)
        warn_if_constant(fits, float(history.values[-1]))
        return FittedAutoregression(
            fits,
            task.lags,
            task.terms,
            task.differenced,
            settled.weights,
            settled.intervals,
            None if settled.intervals == "psi" else task.values,
            facts=facts[0],
        )

    def forecast_origins(
        self, history: History, schedule: Schedule, *, horizon: int, rng: np.random.Generator
    ) -> Answers:
        """Serve a whole backtest: one factor that the windows update, then all origins at once.

        Raises:
            SeriesTooShortError: a training part is too short.
        """
        begin = time.perf_counter()
        settled = self.prepare(_part(history, schedule.fits[0], horizon), horizon=horizon, rng=rng)
        task = settled._task(history, schedule.fits[0], horizon)
        with one_thread():
            fits = settled._fits(task, schedule.fits)
            facts = facts_of_fits(task, fits, schedule.fits)
            fit_seconds = time.perf_counter() - begin
            ends = task.ends(fits, schedule.fit_of, schedule.origins[:, 1])
            path = ends.path()
            level = ends.level(path, settled.weights)
            quantiles = settled._quantiles(task, fits, schedule, ends, level)
        return Answers(
            mean=path if history.changes else level,
            facts=facts,
            quantiles=quantiles,
            notes=notes_on_fits(task, fits, facts, self.name),
            fit_seconds=fit_seconds,
        )

    def _task(self, history: History, first: Indices, horizon: int) -> Task:
        """Lay out a past; trend and covariates are scaled by the training part `first`."""
        differenced = bool(self.difference) and not history.changes
        start, stop = first.tolist()
        known = history.known if self.covariates else None
        if known is not None and differenced:
            known = np.diff(known, axis=0)
        trend = "n" if history.changes else LOWERED[self.trend] if differenced else self.trend
        trained = None if known is None else known[start : stop - differenced]
        shift, size = scale_of(trained, centred=trend != "n")
        period = history.period if self.dummies else 1
        terms = Terms(trend, period, history.start + start, stop - start, shift, size)
        if self.lags is not None:
            lags = NestedLags(self.lags, (len(self.lags),))
        else:
            lags = lags_to(self.max_lag or 0, period=history.period, seasons=self.seasons)
        return task_of(history, lags, terms, differenced=differenced, horizon=horizon)

    def _quantiles(self, task: Task, fits: Fits, schedule: Schedule, ends: Ends, level: Matrix) -> Cube:
        """Quantiles of every origin: shape (O, H, Q)."""
        if self.intervals == "psi":
            return ends.quantiles(level, QUANTILES)
        found = []
        for o, f in enumerate(schedule.fit_of.tolist()):
            start, stop = (schedule.fits[f] - [0, task.differenced]).tolist()
            band = partial(
                bands,
                self.intervals,
                task.values[start:stop],
                task.values[: schedule.origins[o, 1] - task.differenced],
                int(task.lags.reach[fits.p[f]]),
                constant=task.terms.trend != "n",
                integrated=task.integrated,
                last=float(ends.lasts[o]),
            )
            found.append(band(level=level[o], levels=QUANTILES))
        return np.array(found)

    def _fits(self, task: Task, windows: Windows) -> Fits:
        choose: Criterion | Chooser
        if self.criterion == "cv":
            choose = partial(choose_by_validation, horizon=task.horizon, cumulated=task.integrated)
        else:
            choose = self.criterion
        return task.fit(windows, choose, estimator=self.estimator, name=self.name)

    def _validated_weights(self, history: History, horizon: int) -> tuple[float, ...]:
        """How far to draw forecasts to the last value, from forecasts inside the training part."""
        found = self._forecast_inside(history, horizon)
        return validated_weights(history.values, *found) if found is not None else (1.0,)

    def _differences_forecast_better(self, history: History, horizon: int) -> bool:
        """Whether changes forecast the second half of the training part better than levels do."""
        mse = []
        for difference in (False, True):
            found = replace(self, difference=difference)._forecast_inside(history, horizon)
            if found is None:
                return not is_stationary(history.values)
            mse.append(np.nanmean(squared_errors(history.values, *found)))
        return bool(mse[1] < mse[0])

    def _forecast_inside(self, history: History, horizon: int) -> tuple[Indices, Matrix] | None:
        """Origins inside a past and what the recipe forecasts from them; None where it is too short."""
        schedule = validation_schedule(len(history.values), horizon)
        if schedule is None:
            return None
        plain = replace(self, shrink=False, weights=())
        try:
            answers = plain.forecast_origins(history, schedule, horizon=horizon, rng=np.random.default_rng(0))
        except SeriesTooShortError:  # half of the past is too short for these lags: nothing is validated
            return None
        return schedule.origins[:, 1], answers.mean


def _part(history: History, window: Indices, horizon: int) -> History:
    """What a history would be at the end of a window."""
    start, stop = window.tolist()
    known = None if history.known is None else history.known[start : stop + horizon]
    past = None if history.past is None else history.past[start:stop]
    return replace(
        history,
        values=history.values[start:stop],
        index=history.index[start:stop],
        start=history.start + start,
        known=known,
        past=past,
    )


def _one_of(what: str, given: Any, known: Sequence[Any]) -> None:
    if not any(given is one or (isinstance(given, str) and given == one) for one in known):
        texts = [one for one in known if isinstance(one, str)]
        raise PlanError(f"There is no {what} {given!r}. {nearest(str(given), texts)}")
