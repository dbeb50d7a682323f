"""What the coded checks look at: a comparison, with the quantities that several of them need."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np

from forecastkit.arrays import Indices, Matrix, Vector
from forecastkit.backtesting.certificate import Certificate
from forecastkit.comparison.placebo import Placebo
from forecastkit.diagnostics.outcome import LEVEL
from forecastkit.diagnostics.stationarity import adf

if TYPE_CHECKING:
    from forecastkit.comparison.comparison import Comparison

ENOUGH = 40
"""Observations before the first origin from which a unit root is tested there too."""
OURS = "forecastkit."


@dataclass(frozen=True, slots=True)
class Probes:
    """What only a look beyond the forecasts can tell.

    Args:
        certificates: by model, of `prove_no_leak`.
        placebo: the same comparison on noise.
        previous: how the data differ from those of an earlier report, see `against_previous`.
    """

    certificates: Mapping[str, Certificate] = field(default_factory=dict)
    placebo: Placebo | None = None
    previous: Mapping[str, Any] | None = None


class Audited:
    """One comparison under audit.

    Args:
        comparison: the result.
    """

    def __init__(self, comparison: Comparison) -> None:
        self.comparison = comparison
        self.forecasts = comparison.forecasts
        self.series = comparison.series
        self.kept = comparison.scores.kept
        self.probes = comparison.probes
        self.horizon = comparison.forecasts.horizon
        self.n = comparison.scores.n_origins

    @property
    def made_here(self) -> bool:
        """Whether this package ran the models, so that it knows how; foreign forecasts come as they are."""
        return "plan" in self.comparison.settings

    @property
    def models(self) -> tuple[str, ...]:
        """Models that are judged: all but the references and the oracle."""
        families = self.forecasts.families
        return tuple(model for model in self.comparison.skill if families[model] != "oracle")

    @property
    def networks(self) -> tuple[str, ...]:
        """Models of the family of networks."""
        return tuple(m for m in self.models if self.forecasts.families[m] == "network")

    @property
    def ar(self) -> str | None:
        """The AR in question."""
        verdict = self.comparison.verdict
        return None if verdict is None else verdict.ar

    @property
    def network(self) -> str | None:
        """The network in question."""
        verdict = self.comparison.verdict
        return None if verdict is None else verdict.network

    @property
    def origins(self) -> Indices:
        """Origins that every model served, shape (N,)."""
        return self.forecasts.origins[self.kept]

    @property
    def actual(self) -> Matrix:
        """What came at these origins, on the scored scale, shape (N, H)."""
        return self.forecasts.actual[self.kept]

    def paths(self, model: str) -> Matrix:
        """Forecasts of one model at these origins, on the scored scale, shape (N, H)."""
        paths: Matrix = self.forecasts.of(model)[self.kept]
        return paths

    @cached_property
    def level(self) -> Vector:
        """The series on a scale whose differences are the scored moves, shape (T,)."""
        return np.asarray(self.comparison.transform.scored(self.series.values))

    @cached_property
    def last(self) -> Vector:
        """Last value known at each origin, on that scale, shape (N,)."""
        return self.level[self.origins - 1]

    def level_paths(self, model: str) -> Matrix:
        """Forecasts of one model on that scale, shape (N, H)."""
        paths = self.paths(model)
        return paths + self.last[:, None] if self.comparison.transform.relative else paths

    def ahead(self, steps: int) -> Vector:
        """Values that came `steps` after each origin; 0 gives the last known one, shape (N,)."""
        return self.level[np.maximum(self.origins - 1 + steps, 0)]

    @cached_property
    def consecutive(self) -> bool:
        """Whether each origin follows the one before by one observation."""
        return self.n > 1 and bool((np.diff(self.origins) == 1).all())

    @cached_property
    def unit_root_p(self) -> float:
        """Larger p-value of ADF on what was known at the first origin, where that is enough, and on all."""
        first = int(self.forecasts.origins[0])
        parts = [self.level, *([self.level[:first]] if first >= ENOUGH else [])]
        tests = [adf(part[np.isfinite(part)]) for part in parts]
        return max(1.0 if test.p_value is None else test.p_value for test in tests)

    @property
    def wanders(self) -> bool:
        """Whether a unit root is not rejected: the last value is then hard or impossible to beat."""
        return self.unit_root_p >= LEVEL

    def shipped(self, model: str) -> bool:
        """Whether a model of this package made these forecasts here; tests prove what its code does."""
        told = self.comparison.settings.get("models", {}).get(model, {}).get("settings", {})
        return str(told.get("class", "")).startswith(OURS)

    def foreign(self, models: tuple[str, ...] | None = None) -> tuple[str, ...]:
        """Those of some models that are not this package's own."""
        chosen = self.models if models is None else models
        return tuple(model for model in chosen if not self.shipped(model))

    def facts(self, model: str) -> tuple[Mapping[str, Any], ...]:
        """What the fits of a model tell about themselves."""
        return self.forecasts.facts.get(model, ())

    def fit_stops(self, model: str) -> list[int]:
        """One past the last observation that each of these fits could use, by the plan.

        A fit tells nothing where all of its origins failed. Where the fits cannot be told apart, that of the
        first one; of the last one if some failed, so that a failure accuses nobody.
        """
        plan, told = self.comparison.settings.get("plan", {}), self.facts(model)
        gap = int(plan.get("gap", 0)) if plan else 0
        every = self.comparison.settings.get("models", {}).get(model, {}).get("refit_every")
        origins = self.forecasts.origins.tolist()
        length = len(origins) if every is None else int(every)
        parts = [origins[i : i + length] for i in range(0, len(origins), length)]
        failed = {(one.seed, one.origin) for one in self.forecasts.failures if one.model == model}
        seeds = range(len(self.forecasts.members.get(model, (0,))))
        stops = [part[0] - gap for seed in seeds for part in parts if not {(seed, t) for t in part} <= failed]
        unclear = parts[-1 if failed else 0][0] - gap
        return stops if len(stops) == len(told) else [unclear] * len(told)

    def selection(self, model: str) -> Mapping[str, Any]:
        """What a model tells of the search behind its settings; empty where it searched nothing."""
        told: Mapping[str, Mapping[str, Any]] = getattr(self.forecasts, "selection", {})
        return told.get(model, {})
