"""Comparison: the verdict and its evidence."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any, Literal

import numpy as np

from forecastkit.arrays import Cube, Matrix, Vector
from forecastkit.backtesting.forecasts import Forecasts
from forecastkit.comparison.adjustment import holm
from forecastkit.comparison.audited import Probes
from forecastkit.comparison.bands import Bands, all_bands
from forecastkit.comparison.contenders import choose_contenders
from forecastkit.comparison.crossover import Crossover, find_crossover
from forecastkit.comparison.degradation import (
    Degradation,
    LinearBound,
    SkillHorizon,
    describe_degradation,
    horizon_interval,
    linear_bound,
    significant_set,
    skill_horizon,
    stated_variance,
)
from forecastkit.comparison.direction import Direction, directions
from forecastkit.comparison.evidence import Evidence, judge
from forecastkit.comparison.honesty import Audit, audit
from forecastkit.comparison.many_models import (
    BenchmarkTest,
    ConfidenceSet,
    against_benchmark,
    confidence_set,
)
from forecastkit.comparison.pair import Pair
from forecastkit.comparison.resampling import Resample, resample
from forecastkit.comparison.seed_noise import SeedNoise, seed_noise
from forecastkit.comparison.significance import AccuracyTest
from forecastkit.comparison.skill import (
    ALPHA,
    SkillTest,
    claimed_horizons,
    duel_tests,
    numbers,
    skill_tests,
)
from forecastkit.comparison.verdict import Verdict
from forecastkit.errors import DataError
from forecastkit.scoring.losses import Loss, mase_scale, pointwise_loss
from forecastkit.scoring.scores import Scores, score
from forecastkit.seeds import spawn
from forecastkit.series.series import Series
from forecastkit.series.transforms import Transform, find_transform

if TYPE_CHECKING:
    from matplotlib.figure import Figure


@dataclass(frozen=True, slots=True, eq=False)
class Comparison:
    """The verdict and its evidence; printing it gives the verdict in words.

    Args:
        series: the data.
        forecasts: what every model said, and what came.
        scores: average losses over the common origins.
        loss: on which skill, tests and verdict stand.
        references: names of the reference forecasts.
        best_reference: by h, the reference with the smallest average loss.
        skill: by model, 1 - loss / loss of the best reference at h = 1..H.
        skill_tests: by model, one test per h.
        skill_horizon: by model, the last h up to which skill is reliable.
        skill_set: by model, every h that stays significant after Holm's adjustment, wherever it lies (a
            seasonal model may have skill at h = 12 only).
        claimed: by model, the h of either: skill horizon and skill set hold 5 % each, together at most 10 %.
        duel: two-sided tests of network against AR by h, empty where one of them is absent.
        duel_adjusted: their p-values after Holm's adjustment over h, NaN where there was no test.
        duel_dm: the same tests by DM-HLN.
        drawn: average losses over resampled sets of origins.
        bands: around error, skill and difference curves; empty where there are too few origins.
        degradation: by model, how its loss grows.
        linear: what the AR expects of itself, and how far each model is from that; None where it says none.
        crossover: where the lead passes between network and AR, None where one of them is absent.
        seed_noise: by network, a single run, the expected run and the ensemble.
        costs: by model, seconds for fitting and forecasting.
        verdict: the outcome, None where the run has neither an AR nor a network.
        settings: what was asked.
        probes: what a look beyond the forecasts found: proofs of no look-ahead, placebo, earlier data.
    """

    series: Series
    forecasts: Forecasts
    scores: Scores
    loss: Loss
    references: tuple[str, ...]
    best_reference: tuple[str, ...]
    skill: Mapping[str, Vector]
    skill_tests: Mapping[str, tuple[SkillTest, ...]]
    skill_horizon: Mapping[str, SkillHorizon]
    skill_set: Mapping[str, tuple[int, ...]]
    claimed: Mapping[str, tuple[int, ...]]
    duel: tuple[AccuracyTest, ...]
    duel_adjusted: Vector
    duel_dm: tuple[AccuracyTest, ...]
    drawn: Resample
    bands: Bands
    degradation: Mapping[str, Degradation]
    linear: LinearBound | None
    crossover: Crossover | None
    seed_noise: Mapping[str, SeedNoise]
    costs: Mapping[str, float]
    verdict: Verdict | None
    settings: Mapping[str, Any]
    probes: Probes = field(default_factory=Probes)

    def __repr__(self) -> str:
        from forecastkit.reporting.words import verdict_text

        return verdict_text(self)

    def _repr_html_(self) -> str:
        from forecastkit.reporting.fragment import comparison_fragment

        return comparison_fragment(self)

    @property
    def seed_spread(self) -> Mapping[str, Matrix]:
        """By network, smallest and largest average loss of a single seed, shape (2, H)."""
        return {name: noise.spread for name, noise in self.seed_noise.items()}

    @property
    def seconds_per_point(self) -> Mapping[str, float]:
        """By model, its seconds for each point (1 %) of average skill; NaN where it has none."""
        points = {model: 100 * float(np.mean(skill)) for model, skill in self.skill.items()}
        return {m: self.costs[m] / point if point > 0 else np.nan for m, point in points.items()}

    def pair(self, first: str, second: str) -> Pair:
        """Take two models apart: every test there is between them.

        `result.pair("lstm", "ar").fluctuation(6).changed` asks whether the ranking at h = 6 flipped.
        """
        return Pair(self, first, second)

    def confidence_set(
        self, h: int, *, size: float = 0.1, method: Literal["max", "R"] = "max", seed: int = 0
    ) -> ConfidenceSet:
        """Models that cannot be told from the best at h, with chance 1 - size, see `confidence_set`."""
        losses = {name: loss[:, h - 1] for name, loss in self.drawn.losses.items()}
        return confidence_set(losses, int(self.drawn.overlaps[h - 1]), size=size, method=method, seed=seed)

    def against(self, benchmark: str, h: int, *, seed: int = 0) -> BenchmarkTest:
        """Does any model beat this one at h (SPA), and which do (StepM), see `against_benchmark`."""
        losses = {name: loss[:, h - 1] for name, loss in self.drawn.losses.items()}
        return against_benchmark(losses, benchmark, int(self.drawn.overlaps[h - 1]), seed=seed)

    @property
    def transform(self) -> Transform:
        """How the models saw the series, its parameters not yet fitted."""
        return find_transform(self.settings.get("transform", "none"))

    @property
    def honesty(self) -> Audit:
        """What the coded checks found, see `audit`."""
        return audit(self)

    def direction(self, model: str) -> tuple[Direction, ...]:
        """How often a model calls the direction of the move to h = 1..H, against chance."""
        return directions(self, model)

    def plot(self) -> Figure:
        """Draw skill by horizon with matplotlib."""
        from forecastkit.reporting.figures import draw_skill

        return draw_skill(self)


def conclude(series: Series, forecasts: Forecasts, *, transform: Transform, loss: Loss) -> Comparison:
    """Turn forecasts into scores, tests, skill horizons and a verdict.

    Every model that is no reference is tested one-sided against every reference at every h; its p-value is
    the largest of these, so that it has to beat them all. Network and AR are tested against each other
    two-sided.

    Args:
        series: the data.
        forecasts: with at least one reference that stayed in the comparison.
        transform: of the run, for the scale of MASE.
        loss: "squared" or "absolute", the same for skill, tests and verdict.
    """
    before = transform.scored(series.values[: forecasts.origins[0]])
    scores = score(forecasts, mase_scale(before, series.period))
    references = tuple(m for m in scores.models if forecasts.families[m] == "reference")
    models = tuple(m for m in scores.models if m not in references)
    if not references:
        raise DataError(
            f"No reference could be scored on series {series.name!r}: "
            f"{forecasts.failures[0].message if forecasts.failures else 'none ran'} Look at the data."
        )
    losses = _losses(forecasts, scores, loss)
    curves = np.array([scores.of(name, loss) for name in references])
    best = curves.argmin(axis=0) if scores.n_origins else np.zeros(forecasts.horizon, dtype=np.int64)
    floor = np.take_along_axis(curves, best[None], axis=0)[0]
    skill = {model: _skill(scores.of(model, loss), floor) for model in models}
    drawn = resample(losses, forecasts.step, rng=spawn(int(forecasts.settings.get("seed", 0)), "bands"))
    tests = {model: skill_tests(losses, model, references, forecasts.step) for model in models}
    p_values = {model: numbers(tests[model]) for model in models}
    horizons = {
        model: replace(skill_horizon(p, ALPHA), interval=horizon_interval(drawn, model, references, p, ALPHA))
        for model, p in p_values.items()
    }
    skill_set = {model: significant_set(p, ALPHA) for model, p in p_values.items()}
    claimed = {model: claimed_horizons(horizons[model], skill_set[model]) for model in models}
    chosen = choose_contenders(forecasts, models)
    ar, network, direct = chosen.ar, chosen.network, chosen.direct
    duel, duel_dm = duel_tests(losses, network, ar, forecasts.step) if ar and network else ((), ())
    adjusted = holm(numbers(duel))
    bands = all_bands(
        drawn,
        models,
        references,
        duel=(network, ar) if ar and network else None,
        direct=(ar, direct) if ar and direct else None,
    )
    noise = {
        name: seed_noise(
            _member_losses(forecasts, scores, name, loss), drawn, name, ar, spawn(0, "seeds", name)
        )
        for name in forecasts.members
        if name in models and scores.n_origins
    }
    costs = {m: forecasts.fit_seconds[m] + forecasts.forecast_seconds[m] for m in forecasts.models}
    evidence = Evidence(
        ar, network, references, drawn, tests, claimed, duel, adjusted, noise, costs, _bounded(forecasts)
    )
    return Comparison(
        series=series,
        forecasts=forecasts,
        scores=scores,
        loss=loss,
        references=references,
        best_reference=tuple(references[i] for i in best),
        skill=skill,
        skill_tests=tests,
        skill_horizon=horizons,
        skill_set=skill_set,
        claimed=claimed,
        duel=duel,
        duel_adjusted=adjusted,
        duel_dm=duel_dm,
        drawn=drawn,
        bands=bands,
        degradation=_degradation(drawn, skill, forecasts),
        linear=_linear(forecasts, scores, transform, ar),
        crossover=_crossover(drawn, ar, network, bands, claimed),
        seed_noise=noise,
        costs=costs,
        verdict=judge(evidence),
        settings=forecasts.settings,
    )


def _losses(forecasts: Forecasts, scores: Scores, loss: Loss) -> dict[str, Matrix]:
    """Pointwise losses on the common origins, (N, H) by model."""
    actual = forecasts.actual[scores.kept]
    return {m: pointwise_loss(actual, forecasts.of(m)[scores.kept], loss) for m in scores.models}


def _skill(curve: Vector, floor: Vector) -> Vector:
    """1 - curve / floor, NaN where the reference makes no error at all."""
    return np.where(floor > 0, 1 - curve / np.where(floor > 0, floor, 1.0), np.nan)


def _bounded(forecasts: Forecasts) -> bool:
    """Whether no training window grows with the origin, as far as is known."""
    plan = forecasts.settings.get("plan")
    return plan is None or plan.get("train_window") is not None


def _member_losses(forecasts: Forecasts, scores: Scores, model: str, loss: Loss) -> Cube:
    """Losses of the single seeds on the common origins: shape (S, N, H)."""
    members: Cube = forecasts.members[model][:, scores.kept]
    return pointwise_loss(forecasts.actual[scores.kept], members, loss)


def _degradation(
    drawn: Resample, skill: Mapping[str, Vector], forecasts: Forecasts
) -> dict[str, Degradation]:
    climatology = "climatology" if "climatology" in drawn.losses else None
    oracle = next((m for m in drawn.losses if forecasts.families[m] == "oracle"), None)
    return {
        model: describe_degradation(drawn, model, curve, climatology=climatology, oracle=oracle)
        for model, curve in skill.items()
    }


def _linear(forecasts: Forecasts, scores: Scores, transform: Transform, ar: str | None) -> LinearBound | None:
    """What the AR expects of itself; None where it states no variance on the scored scale."""
    if ar is None or ar not in forecasts.quantiles or transform.name == "log" or not scores.n_origins:
        return None
    variance = stated_variance(forecasts.quantiles[ar][scores.kept], forecasts.levels)
    if variance is None:
        return None
    mse = {model: scores.of(model, "squared") for model in scores.models}
    judged = {model: curve for model, curve in mse.items() if forecasts.families[model] != "reference"}
    return linear_bound(variance, judged, mse.get("climatology"))


def _crossover(
    drawn: Resample,
    ar: str | None,
    network: str | None,
    bands: Bands,
    claimed: Mapping[str, tuple[int, ...]],
) -> Crossover | None:
    if ar is None or network is None or not drawn.n:
        return None
    return find_crossover(drawn, network, ar, bands.difference, {*claimed[ar], *claimed[network]})
