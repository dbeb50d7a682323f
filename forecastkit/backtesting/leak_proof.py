"""Proof that a model does not look ahead: its future is poisoned, its forecasts must stay as they were."""

from __future__ import annotations

import hashlib
import json
import warnings
from collections.abc import Mapping, Sequence
from dataclasses import replace
from functools import cached_property
from typing import Any

import numpy as np

from forecastkit.arrays import Matrix
from forecastkit.backtesting.carried import carried_data
from forecastkit.backtesting.certificate import Certificate, Proof
from forecastkit.backtesting.plan import FEWEST_TRAINING
from forecastkit.backtesting.poison import (
    POISONS,
    autoregression,
    follows,
    news,
    poisoned,
    regenerated,
)
from forecastkit.backtesting.request import canonical, package_versions
from forecastkit.errors import FitError, ForecastKitError, SeriesTooShortError
from forecastkit.models.protocol import (
    Forecaster,
    History,
    Schedule,
    as_forecaster,
    family_of,
    forecast_many,
    prepare,
)
from forecastkit.models.registry import find_model
from forecastkit.seeds import spawn
from forecastkit.series.series import Series
from forecastkit.series.transforms import Transform, find_transform
from forecastkit.sources.objects import as_series

FOLLOWS = 5.0
REGENERATED_ORIGINS = 24


def prove_no_leak(
    model: Any,
    series: Any,
    *,
    horizon: int = 6,
    transform: str | None = None,
    built: bool = False,
    seed: int = 0,
    tolerance: float = 0.0,
) -> Certificate:
    """Poison what follows an origin in every way there is, and see that forecasts from it stay the same.

    At three origins (half, three quarters, end) the model is asked in every way that it offers: alone, many
    origins in one call, a whole backtest in one call. The future of each origin is replaced by noise of ten
    standard deviations, by NaN, and by its million-fold; batches are permuted; origins are asked backwards.
    Then it forecasts from a past that was regenerated after a shared beginning: forecasts must not be
    correlated with the news of the series as it was (z above 5), which only a model that kept the series
    can follow.

    Args:
        model: a registered name, a recipe, or a function (values, horizon).
        series: a Series, or what `compare` takes.
        horizon: steps ahead.
        transform: as in `compare`.
        built: whether `model` is a function that makes the model from a Series; it is then made anew from
            every poisoned series, so that what is prepared beforehand (a scaler, a search) is proved too.
        seed: of all randomness.
        tolerance: relative difference that is let pass; 0 asks for the same bits, as a CPU gives them; 1e-6
            suits a GPU.

    Returns:
        a certificate; printing it gives it in words. An object fitted beforehand cannot be certified.

    Raises:
        SeriesTooShortError: the series is too short for three origins.
        UnknownModelError: no model has this name.
        FitError: the model fails on this series.

    Example:
        >>> prove_no_leak("naive", np.sin(np.arange(120.0))).outcome
        'certified'
    """
    data = as_series(series)
    chosen = find_transform(data.default_transform if transform is None else transform)
    case = _Case(model, data, chosen, horizon, built, seed, tolerance)
    try:
        return case.certificate()
    except ForecastKitError:
        raise
    except Exception as error:  # anyone's code: what fails cannot be proved
        raise FitError(
            f"Model {case.recipe.name!r} raised {error!r} on series {data.name!r}; what fails cannot be "
            "proved. Look at the model: `check_forecaster` tells which promise it breaks.",
            model=case.recipe.name,
            origin=int(case.origins[0]),
        ) from error


class _Case:
    """One model on one series, with the three origins at which it is asked."""

    def __init__(
        self,
        model: Any,
        series: Series,
        transform: Transform,
        horizon: int,
        built: bool,
        seed: int,
        tolerance: float,
    ) -> None:
        first = max(len(series) // 2, FEWEST_TRAINING + 1)
        last = len(series) - horizon
        if horizon < 1 or last < first + 2:
            raise SeriesTooShortError(
                f"Series {series.name!r} has {len(series)} observations; a proof at horizon {horizon} needs "
                f"{first + 2 + horizon}: 25 to fit, three origins, and what follows the last. Use a shorter "
                "horizon, or a longer series."
            )
        self.model, self.series, self.built = model, series, built
        self.transform = transform.fit(series.values[:first], series.period)
        self.horizon, self.seed, self.tolerance = horizon, seed, tolerance
        self.origins = np.array([first, (first + last) // 2, last], dtype=np.int64)
        self.recipe = self._recipe(series)

    def certificate(self) -> Certificate:
        """Do everything to the model, and write down what came of it."""
        with warnings.catch_warnings(), np.errstate(all="ignore"):
            warnings.simplefilter("ignore")  # what models say of nonsense is no news
            base = self._answers(self.series)
            proofs = [
                *(self._poisoned(name, base) for name in POISONS),
                self._regenerated(),
                self._batch(),
                self._order(base["alone"]),
            ]
            order_matters = self._order_matters()
        return Certificate(
            model=self.recipe.name,
            recipe=_hash_text(json.dumps(canonical(self.recipe), sort_keys=True)),
            series=self.series.name,
            data=self.series.fingerprint,
            transform=self.transform.name,
            horizon=self.horizon,
            seed=self.seed,
            origins=tuple(self.origins.tolist()),
            forecasts=_digest(base["alone"]),
            proofs=tuple(proofs),
            carries=() if self.built else tuple(carried_data(self.recipe)),
            built=self.built,
            order_matters=order_matters,
            versions=package_versions(),
        )

    @cached_property
    def settled(self) -> Forecaster:
        """The recipe with what it decides once, on the data before the first origin."""
        return self._settled(self.recipe, self.series)

    @cached_property
    def fitted(self) -> Any:
        """Fitted on the data before the first origin."""
        return self._fit(self.settled, self.series, int(self.origins[0]))

    def _recipe(self, series: Series) -> Forecaster:
        """Make the recipe: from its name, from a series where it is built from one, or take it as it is."""
        model = self.model(series) if self.built else self.model
        if isinstance(model, str):
            return find_model(model, process=self.series.process)
        return as_forecaster(model, str(getattr(self.model, "__name__", "model")))

    def _answers(self, series: Series, *, again: bool = True) -> dict[str, Matrix]:
        """Ask in every way the model offers: by way, shape (3, H).

        Args:
            series: poisoned or not.
            again: whether to ask alone too, which no poison can change unless the model is made anew.
        """
        recipe = self._recipe(series) if self.built else self.recipe
        settled = self._settled(recipe, series) if self.built else self.settled
        answers = {"alone": self._alone(settled, series, range(3))} if again else {}
        whole = getattr(settled, "forecast_origins", None)
        if whole is not None:
            history, schedule = self._whole(series)
            rng = spawn(self.seed, recipe.name, 0)
            answers["whole"] = np.asarray(whole(history, schedule, horizon=self.horizon, rng=rng).mean)
        fitted = self._fit(settled, series, int(self.origins[0])) if self.built else self.fitted
        if hasattr(fitted, "forecast_many"):
            histories = [self._history(series, origin) for origin in self.origins.tolist()]
            answers["many"] = forecast_many(fitted, histories, self.horizon)
        return answers

    def _poisoned(self, name: str, base: Mapping[str, Matrix]) -> Proof:
        """Replace what follows each origin, and compare the forecasts from it and before."""
        ways = sorted(base)
        for row, origin in enumerate(self.origins.tolist()):
            series = poisoned(name, self.series, origin, spawn(self.seed, "poison", name, origin))
            try:
                found = self._answers(series, again=self.built)
            except Exception:  # a model may refuse NaN or huge numbers; it is then asked one by one
                if self.built:
                    return Proof(name, None, f"the model cannot be made from a series with {name} in it")
                continue
            for way, paths in found.items():
                if not self._same(paths[: row + 1], base[way][: row + 1]):
                    where = f"asked {way}, a changed future after origin {origin} changes its forecasts"
                    return Proof(name, False, where, _digest(paths[: row + 1]))
        joined = np.concatenate([base[way] for way in ways])
        return Proof(name, True, f"the same forecasts, asked {', '.join(ways)}", _digest(joined))

    def _regenerated(self) -> Proof:
        """Forecast from a regenerated past, and see whether the old future is followed all the same."""
        values, first, last = self.series.values, int(self.origins[0]), int(self.origins[-1])
        seen = self.transform.forward(values)
        lost = len(values) - len(seen)
        lags = min(max(4, self.series.period + 1), first // 5)
        coefficients = autoregression(seen[: first - lost], lags)
        unexpected = news(seen, coefficients)
        rng = spawn(self.seed, "regenerate")
        told, came = [], []
        for origin in np.unique(np.linspace(first, last, REGENERATED_ORIGINS).astype(int)).tolist():
            history = self._history(regenerated(self.series, origin, self.horizon, rng), origin)
            path = np.asarray(self.fitted.forecast(history, self.horizon), dtype=np.float64)
            told.append(news(np.concatenate([history.values[-lags:], path]), coefficients))
            came.append(unexpected[origin - lost - lags : origin - lost - lags + self.horizon])
        z = follows(np.concatenate(told), np.concatenate(came))
        digest = _digest(np.array(told))
        text = f"correlation with the news of the old future z = {z:.1f} ({FOLLOWS:g} fails)"
        return Proof("regenerated", z <= FOLLOWS, text, digest)

    def _batch(self) -> Proof:
        """Ask for many origins in order, permuted and one by one."""
        fitted = self.fitted
        if not hasattr(fitted, "forecast_many"):
            return Proof("batch", None, "the model is asked one origin at a time")
        origins = np.unique(np.linspace(self.origins[0], self.origins[-1], 64).astype(int)).tolist()
        histories = [self._history(self.series, origin) for origin in origins]
        together = forecast_many(fitted, histories, self.horizon)
        order = spawn(self.seed, "batch").permutation(len(histories))
        mixed = forecast_many(fitted, [histories[i] for i in order], self.horizon)
        single = np.array([fitted.forecast(history, self.horizon) for history in histories])
        for what, paths, wanted in (("permuted", mixed, together[order]), ("alone", single, together)):
            if paths.shape != wanted.shape or not np.allclose(
                paths, wanted, rtol=1e-9, atol=0, equal_nan=True
            ):
                text = f"{len(origins)} origins forecast together differ from those {what}"
                return Proof("batch", False, text, _digest(together))
        return Proof("batch", True, f"{len(origins)} origins together, permuted and alone", _digest(together))

    def _order(self, alone: Matrix) -> Proof:
        """Ask the last origin first: what was seen at a later one must not come back."""
        backwards = self._alone(self.settled, self.series, (2, 1, 0))
        if not self._same(backwards, alone):
            return Proof(
                "order", False, "asked backwards, its forecasts differ: it remembers", _digest(backwards)
            )
        return Proof("order", True, "the same forecasts, asked backwards", _digest(backwards))

    def _order_matters(self) -> bool | None:
        """Whether a network forecasts otherwise from the same values in another order."""
        if family_of(self.recipe) != "network":
            return None
        first = int(self.origins[0])
        history = self._history(self.series, first)
        mixed = history.values.copy()
        window = slice(max(0, len(mixed) - 65), len(mixed) - 1)
        mixed[window] = spawn(self.seed, "window").permutation(mixed[window])
        other = self.fitted.forecast(replace(history, values=mixed), self.horizon)
        return not np.array_equal(other, self.fitted.forecast(history, self.horizon))

    def _alone(self, settled: Forecaster, series: Series, order: Sequence[int]) -> Matrix:
        """Fit at each origin and forecast from it, one after the other in some order: shape (3, H)."""
        paths = np.empty((3, self.horizon))
        for row in order:
            origin = int(self.origins[row])
            fitted = self._fit(settled, series, origin)
            paths[row] = fitted.forecast(self._history(series, origin), self.horizon)
        return paths

    def _settled(self, recipe: Forecaster, series: Series) -> Forecaster:
        rng = spawn(self.seed, recipe.name, "prepare")
        return prepare(recipe, self._history(series, int(self.origins[0])), horizon=self.horizon, rng=rng)

    def _fit(self, settled: Forecaster, series: Series, origin: int) -> Any:
        rng = spawn(self.seed, settled.name, 0, origin)
        return settled.fit(self._history(series, origin), horizon=self.horizon, rng=rng)

    def _history(self, series: Series, stop: int) -> History:
        seen = np.array(self.transform.forward(series.values[:stop].copy()))
        seen.flags.writeable = False
        first = stop - len(seen)
        return History(
            seen,
            series.index[first:stop],
            series.period,
            self.transform.changes,
            first,
            known=None if series.known is None else series.known[first : stop + self.horizon].copy(),
            past=None if series.past is None else series.past[first:stop].copy(),
        )

    def _whole(self, series: Series) -> tuple[History, Schedule]:
        """The past of the last origin, and who may see what of it."""
        history = self._history(series, int(self.origins[-1]))
        stops = self.origins - (int(self.origins[-1]) - len(history.values))
        windows = np.column_stack([np.zeros(3, dtype=np.int64), stops])
        return history, Schedule(windows, windows, np.arange(3))

    def _same(self, paths: Matrix, wanted: Matrix) -> bool:
        if paths.shape != wanted.shape:
            return False
        if self.tolerance == 0:
            return paths.tobytes() == wanted.tobytes()
        return bool(np.allclose(paths, wanted, rtol=self.tolerance, atol=0, equal_nan=True))


def _hash_text(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()


def _digest(paths: Matrix) -> str:
    return hashlib.sha256(np.ascontiguousarray(paths, dtype=np.float64).tobytes()).hexdigest()
