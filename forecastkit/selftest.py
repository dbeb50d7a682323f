"""Models against known truth: is every one as far from the best forecast there is as it should be?

On a process whose parameters are known the best forecast is known too. A model with an index off by one, a
wrong sign or a leak still runs; beside the best forecast, on the same cells, it stands where it cannot stand.
"""

from __future__ import annotations

import time
import warnings
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from forecastkit.api import backtest
from forecastkit.arrays import Vector
from forecastkit.backtesting.plan import BacktestPlan
from forecastkit.errors import ForecastKitWarning, PlanError
from forecastkit.models.oracle import ORACLE
from forecastkit.models.protocol import Family, Forecaster, as_forecaster, family_of
from forecastkit.models.registry import find_model, model_names
from forecastkit.sources.loading import load
from forecastkit.sources.synthetic import find_process
from forecastkit.tasks import TaskFailure, map_tasks
from forecastkit.workers import InProcess, affordable_workers

HORIZONS = (1, 2, 5, 12)
FAR = 10_000
MANY = 4
"""Models from which worker processes pay for their start."""
LOWEST, LOWEST_OF_ONE = 0.97, 0.90
"""Nobody beats the best forecast but by sampling error: of many series, and of one short one, on which an
autoregression that is right is between 0.95 and 1.09 of the best at h = 12 (40 seeds)."""


@dataclass(frozen=True, slots=True)
class Band:
    """Where the error of a model has to lie on one process: RMSE over that of the best forecast, by h.

    Args:
        process: name of the synthetic process.
        low, high: at HORIZONS.
    """

    process: str
    low: tuple[float, ...]
    high: tuple[float, ...]


@dataclass(frozen=True, slots=True)
class Effort:
    """How much is done.

    Args:
        n: observations of each series.
        series: seeds 0, 1, ... pooled.
        of_networks: the same for networks, each of which is trained once a series.
        settings: that networks take over.
        slack: factor by which bands of networks are widened, for a network that is trained less.
        floor: lower end of the bands of networks.
    """

    n: int
    series: int
    of_networks: int
    settings: Mapping[str, Any]
    slack: float
    floor: float


HASTY = {"seeds": 1, "epochs": 12, "units": 16, "lookback": 12, "tries": 1, "guarded": False}
"""A network that is hardly trained, and without a guard, which would take none of it."""
QUICK = Effort(400, 8, 1, HASTY, 1.3, LOWEST_OF_ONE)
FULL = Effort(800, 20, 4, {"seeds": 2, "tries": 1}, 1.0, LOWEST)


@dataclass(frozen=True, slots=True)
class Row:
    """One model on one process.

    Args:
        model, process: names.
        series: pooled.
        ratio: RMSE over that of the best forecast at HORIZONS, on the same cells.
        band: where it has to lie.
        failure: why there is no ratio.
    """

    model: str
    process: str
    series: int
    ratio: tuple[float, ...]
    band: Band
    failure: str = ""

    @property
    def inside(self) -> bool:
        """Whether the ratio lies in its band at every h."""
        ends = zip(self.band.low, self.ratio, self.band.high, strict=True)
        return not self.failure and all(low - 1e-9 <= found <= high + 1e-9 for low, found, high in ends)


@dataclass(frozen=True, slots=True)
class SelfTest:
    """What the self-test found; printing it gives a line for every model and process."""

    rows: tuple[Row, ...]
    seconds: float

    @property
    def outside(self) -> tuple[Row, ...]:
        """Models that are not where they should be."""
        return tuple(row for row in self.rows if not row.inside)

    def __repr__(self) -> str:
        width = max(len("model"), *(len(row.model) for row in self.rows)) + 2
        heads = "".join(f"{f'h = {h}':>20}" for h in HORIZONS)
        lines = [f"{'model'.ljust(width)}{'process':<18}series{heads}"]
        for row in self.rows:
            cells = (
                f"{found:.3f} ({low:.2f}-{high:.2f})"
                for low, found, high in zip(row.band.low, row.ratio, row.band.high, strict=True)
            )
            told = row.failure or "".join(f"{cell:>20}" for cell in cells)
            mark = "" if row.inside else "  OUTSIDE"
            lines.append(f"{row.model.ljust(width)}{row.process:<18}{row.series:>6}{told}{mark}")
        count = len(self.outside)
        lines.append("RMSE over that of the forecast with the true parameters, on the same cells (band).")
        lines.append(
            f"{count} of {len(self.rows)} outside their bands; {self.seconds:.0f} s."
            if count
            else f"All {len(self.rows)} inside their bands; {self.seconds:.0f} s."
        )
        return "\n".join(lines)


def run_selftest(
    models: Sequence[str] | Mapping[str, Any] | None = None,
    *,
    quick: bool = False,
    workers: int = 2,
    progress: Callable[[str], None] | None = None,
) -> SelfTest:
    """Compare models with the forecast that knows the true parameters, on the same cells of fixed series.

    Args:
        models: registered names, all of them by default; or one's own by name, which have to stand where
            `ar` stands, or where networks stand if they say that they are one.
        quick: shorter and fewer series, and networks that are hardly trained.
        workers: processes, where there are many registered models.
        progress: called with the name of each model that is done.

    Raises:
        UnknownModelError: no model has this name.
        PlanError: no model was given.
    """
    start = time.monotonic()
    effort = QUICK if quick else FULL
    recipes = _recipes(model_names() if models is None else models, effort)
    if not recipes:
        raise PlanError("No model was given. Name one or more, such as ar.")
    tasks: dict[tuple[str, Band], tuple[Forecaster, str, int, int]] = {}
    for network in (True, False):  # what takes longest begins first
        for name, recipe in recipes.items():
            if (family_of(recipe) == "network") == network:
                series = effort.of_networks if network else effort.series
                for band in bands_of(name, family_of(recipe), effort):
                    tasks[name, band] = (recipe, band.process, effort.n, series)
    own = isinstance(models, Mapping)  # anyone's code need not travel to other processes
    several = 1 if own or len(recipes) < MANY else affordable_workers(workers)
    found = map_tasks(
        _errors,
        tasks,
        workers=several,
        make_executor=None if several > 1 else InProcess,
        on_result=None if progress is None else lambda key, _: progress(key[0]),
    )
    rows = [
        _row(name, band, found[name, band], tasks[name, band][-1])
        for name, recipe in recipes.items()
        for band in bands_of(name, family_of(recipe), effort)
    ]
    return SelfTest(tuple(rows), time.monotonic() - start)


def bands_of(name: str, family: Family, effort: Effort) -> tuple[Band, ...]:
    """Where a model has to stand, by process: references at their closed forms, the others near the best.

    Bands of references are closed forms give or take 6 %, 12 % on short series, for sampling; so is that of
    the oracle, whose own error is held against the variance that the process has. An autoregression may be 4
    % above the best forecast (one that is weighted pays for its weights), a network 12 %; one without base,
    guard or early stopping, more.
    """
    wide = 0.12 if effort is QUICK else 0.06
    if name in REFERENCES:
        return tuple(
            Band(
                process,
                tuple(r * (1 - wide) if r > 1 else LOWEST for r in at),
                tuple(r * (1 + wide) for r in at),
            )
            for process, at in REFERENCES[name]().items()
        )
    if family == "oracle":
        about = ((1 - wide,) * len(HORIZONS), (1 + wide,) * len(HORIZONS))
        return (Band("ar2", *about), Band("seasonal-ar", *about))
    if family == "network":
        high = tuple(reach * effort.slack for reach in NETWORKS.get(name, NETWORK))
        return (Band("ar2", (effort.floor,) * len(HORIZONS), high),)
    return tuple(
        Band(process, (LOWEST,) * len(HORIZONS), high)
        for process, high in AUTOREGRESSIONS.get(name, AR).items()
    )


def _of_naive() -> dict[str, Vector]:
    """Naive: exact on a random walk; on a stationary process sqrt(2 (g_0 - g_h)) over the best."""
    return {
        "random-walk": np.ones(len(HORIZONS)),
        "ar2": np.sqrt(2 * (_spread() - _covariances())) / _best("ar2"),
    }


def _of_climatology() -> dict[str, Vector]:
    return {"white-noise": np.ones(len(HORIZONS)), "ar2": np.sqrt(_spread()) / _best("ar2")}


def _spread() -> float:
    """Variance g_0 of the process."""
    return float(find_process("ar2").optimal_mse(FAR)[-1])


def _covariances() -> Vector:
    """Autocovariances g_h of the AR(2) at HORIZONS, by Yule and Walker: g_h = 1.2 g_(h-1) - 0.4 g_(h-2)."""
    first, second = find_process("ar2").phi  # type: ignore[attr-defined]
    g = [_spread(), _spread() * first / (1 - second)]
    for _ in range(2, max(HORIZONS) + 1):
        g.append(first * g[-1] + second * g[-2])
    return np.array([g[h] for h in HORIZONS])


def _best(process: str) -> Vector:
    return np.asarray(np.sqrt(find_process(process).optimal_mse(max(HORIZONS))[np.array(HORIZONS) - 1]))


REFERENCES: Mapping[str, Callable[[], Mapping[str, Vector]]] = {
    "naive": _of_naive,
    "climatology": _of_climatology,
    "drift": lambda: {"random-walk": np.ones(len(HORIZONS))},
    "seasonal-naive": lambda: {"seasonal": np.full(len(HORIZONS), np.sqrt(2))},
    "seasonal-climatology": lambda: {"seasonal": np.ones(len(HORIZONS))},
}
AR: Mapping[str, tuple[float, ...]] = {
    "ar2": (1.03, 1.04, 1.04, 1.04),
    "random-walk": (1.03, 1.04, 1.06, 1.10),
    "white-noise": (1.03, 1.03, 1.03, 1.03),
}
AUTOREGRESSIONS: Mapping[str, Mapping[str, tuple[float, ...]]] = {
    "ar-weighted": {
        "ar2": (1.04, 1.06, 1.10, 1.12),
        "random-walk": (1.03, 1.04, 1.06, 1.10),
        "white-noise": (1.06, 1.06, 1.06, 1.06),
    }
}
NETWORK = (1.12, 1.12, 1.12, 1.12)
NETWORKS: Mapping[str, tuple[float, ...]] = {"lstm-textbook": (1.6, 1.5, 1.3, 1.2)}


def _recipes(models: Sequence[str] | Mapping[str, Any], effort: Effort) -> dict[str, Forecaster]:
    named = models if isinstance(models, Mapping) else {name: name for name in models}
    made: dict[str, Forecaster] = {}
    for name, model in named.items():
        if not isinstance(model, str):
            made[name] = as_forecaster(model, name)
            continue
        recipe = find_model(model)
        made[name] = find_model(model, **effort.settings) if family_of(recipe) == "network" else recipe
    return made


def _errors(recipe: Forecaster, process: str, n: int, series: int) -> tuple[Vector, Vector]:
    """Mean squared errors of a model and of the best forecast at HORIZONS, pooled over series.

    The oracle itself is held against the variance that its process has.
    """
    here, pooled = "model under test", []
    plan = BacktestPlan(horizon=max(HORIZONS))
    for seed in range(series):
        data = load(f"synthetic:{process}?n={n}&seed={seed}")
        known = family_of(recipe) == "oracle"
        model = find_model(ORACLE, process=data.process) if known else recipe
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", ForecastKitWarning)
            made = backtest(data, {here: model}, plan=plan, store=False)
        mse, best = (np.mean((made.actual - made.of(m)) ** 2, axis=0) for m in (here, ORACLE))
        pooled.append((mse, find_process(process).optimal_mse(plan.horizon) if known else best))
    mse, best = np.mean(pooled, axis=0)[:, np.array(HORIZONS) - 1]
    return mse, best


def _row(name: str, band: Band, found: Any, series: int) -> Row:
    none = (float("nan"),) * len(HORIZONS)
    if isinstance(found, TaskFailure):
        return Row(name, band.process, series, none, band, f"  {found.error}: {found.message}")
    model, best = found
    if not np.isfinite(model).all():
        return Row(name, band.process, series, none, band, "  it failed at some origins")
    return Row(name, band.process, series, tuple(np.sqrt(model / best).tolist()), band)
