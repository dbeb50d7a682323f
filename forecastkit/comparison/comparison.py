"""Comparison: the verdict and its evidence."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from forecastkit.arrays import Cube, Matrix, Vector
from forecastkit.backtesting.forecasts import Forecasts
from forecastkit.comparison.adjustment import holm
from forecastkit.comparison.degradation import SkillHorizon, significant_set, skill_horizon
from forecastkit.comparison.honesty import Finding, audit
from forecastkit.comparison.significance import (
    AccuracyTest,
    diebold_mariano,
    equal_accuracy,
    loss_differential,
)
from forecastkit.comparison.verdict import Verdict, decide
from forecastkit.errors import DataError
from forecastkit.scoring.losses import Loss, mase_scale, pointwise_loss
from forecastkit.scoring.scores import Scores, score
from forecastkit.series.series import Series
from forecastkit.series.transforms import Transform

if TYPE_CHECKING:
    from matplotlib.figure import Figure

ALPHA = 0.05


@dataclass(frozen=True, slots=True)
class SkillTest:
    """One model against every reference at one h.

    Args:
        p_value: the largest of the one-sided p-values, one per reference: small where the model beats them
            all; None where a test could not be made.
        dm_p_value: the same by DM-HLN, which readers expect beside it.
        against: the reference that this p-value comes from, or that could not be tested against.
        reason: why there is no test.
    """

    p_value: float | None
    dm_p_value: float | None
    against: str
    reason: str = ""


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
        seed_spread: by network, smallest and largest average loss of a single seed, shape (2, H).
        costs: by model, seconds for fitting and forecasting.
        verdict: the outcome, None where the run has neither an AR nor a network.
        settings: what was asked.
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
    seed_spread: Mapping[str, Matrix]
    costs: Mapping[str, float]
    verdict: Verdict | None
    settings: Mapping[str, Any]

    def __repr__(self) -> str:
        from forecastkit.reporting.words import verdict_text

        return verdict_text(self)

    def _repr_html_(self) -> str:
        from forecastkit.reporting.fragment import comparison_fragment

        return comparison_fragment(self)

    @property
    def honesty(self) -> tuple[Finding, ...]:
        """What the coded checks found, see `audit`."""
        return audit(self)

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
    tests = {model: _against_references(losses, model, references, forecasts.step) for model in models}
    p_values = {model: np.array([_number(t.p_value) for t in tests[model]]) for model in models}
    horizons = {model: skill_horizon(p, ALPHA) for model, p in p_values.items()}
    skill_set = {model: significant_set(p, ALPHA) for model, p in p_values.items()}
    claimed = {model: _claimed(horizons[model], skill_set[model]) for model in models}
    spread = [name for name in forecasts.members if name in models and scores.n_origins]
    seed_spread = {name: _spread(forecasts, scores, name, loss) for name in spread}
    ar = next((m for m in models if forecasts.families[m] == "ar"), None)
    network = next((m for m in models if forecasts.families[m] == "network"), None)
    duel, duel_dm = _duel(losses, ar, network, forecasts.step)
    adjusted = holm(np.array([_number(t.p_value) for t in duel]))
    return Comparison(
        series=series,
        forecasts=forecasts,
        scores=scores,
        loss=loss,
        references=references,
        best_reference=tuple(references[i] for i in best),
        skill={model: _skill(scores.of(model, loss), floor) for model in models},
        skill_tests=tests,
        skill_horizon=horizons,
        skill_set=skill_set,
        claimed=claimed,
        duel=duel,
        duel_adjusted=adjusted,
        duel_dm=duel_dm,
        seed_spread=seed_spread,
        costs={m: forecasts.fit_seconds[m] + forecasts.forecast_seconds[m] for m in forecasts.models},
        verdict=_verdict(ar, network, losses, adjusted, claimed, p_values, seed_spread),
        settings=forecasts.settings,
    )


def _losses(forecasts: Forecasts, scores: Scores, loss: Loss) -> dict[str, Matrix]:
    """Pointwise losses on the common origins, (N, H) by model."""
    actual = forecasts.actual[scores.kept]
    return {m: pointwise_loss(actual, forecasts.of(m)[scores.kept], loss) for m in scores.models}


def _skill(curve: Vector, floor: Vector) -> Vector:
    """1 - curve / floor, NaN where the reference makes no error at all."""
    return np.where(floor > 0, 1 - curve / np.where(floor > 0, floor, 1.0), np.nan)


def _against_references(
    losses: Mapping[str, Matrix], model: str, references: tuple[str, ...], step: int
) -> tuple[SkillTest, ...]:
    return tuple(
        _against_all(losses[model][:, i], [(name, losses[name][:, i]) for name in references], i + 1, step)
        for i in range(losses[model].shape[1])
    )


def _against_all(loss: Vector, others: list[tuple[str, Vector]], h: int, step: int) -> SkillTest:
    """Test one model against every reference at one h: the largest p-value counts."""
    pairs = [(name, loss_differential(loss, other)) for name, other in others]
    tests = [(name, equal_accuracy(d, h, step, "less")) for name, d in pairs]
    dm = [_number(diebold_mariano(d, h, step, "less").p_value) for _, d in pairs]
    dm_p_value = None if np.isnan(dm).any() else max(dm)
    for name, test in tests:
        if test.p_value is None:
            return SkillTest(None, dm_p_value, name, test.reason)
    name, test = max(tests, key=lambda pair: _number(pair[1].p_value))
    return SkillTest(test.p_value, dm_p_value, name, test.reason)


def _duel(
    losses: Mapping[str, Matrix], ar: str | None, network: str | None, step: int
) -> tuple[tuple[AccuracyTest, ...], tuple[AccuracyTest, ...]]:
    if ar is None or network is None:
        return (), ()
    pairs = zip(losses[network].T, losses[ar].T, strict=True)
    columns = [(h, loss_differential(loss, other)) for h, (loss, other) in enumerate(pairs, start=1)]
    return (
        tuple(equal_accuracy(d, h, step, "two-sided") for h, d in columns),
        tuple(diebold_mariano(d, h, step, "two-sided") for h, d in columns),
    )


def _verdict(
    ar: str | None,
    network: str | None,
    losses: Mapping[str, Matrix],
    adjusted: Vector,
    claimed: Mapping[str, tuple[int, ...]],
    p_values: Mapping[str, Vector],
    seed_spread: Mapping[str, Matrix],
) -> Verdict | None:
    """Collect where one of the two is reliably better and has skill, and read the decision table."""
    asked = [name for name in (ar, network) if name]
    if not asked:
        return None
    better: dict[str, list[int]] = {name: [] for name in asked}
    noise = []
    if ar and network and len(losses[ar]):
        difference = (losses[network] - losses[ar]).mean(axis=0)
        spread = seed_spread.get(network)
        for i in np.flatnonzero(adjusted <= ALPHA):
            winner = network if difference[i] < 0 else ar
            if i + 1 not in claimed[winner]:
                continue
            if spread is not None and abs(difference[i]) < spread[1, i] - spread[0, i]:
                noise.append(int(i) + 1)
            else:
                better[winner].append(int(i) + 1)
    return decide(
        ar,
        network,
        claimed,
        enough=all(not np.isnan(p_values[name][0]) for name in asked),
        network_better=tuple(better.get(network or "", ())),
        ar_better=tuple(better.get(ar or "", ())),
        within_seed_noise=tuple(noise),
    )


def _spread(forecasts: Forecasts, scores: Scores, model: str, loss: Loss) -> Matrix:
    """Smallest and largest average loss of a single seed by h: shape (2, H)."""
    members: Cube = forecasts.members[model][:, scores.kept]
    averages = pointwise_loss(forecasts.actual[scores.kept], members, loss).mean(axis=1)
    return np.stack([averages.min(axis=0), averages.max(axis=0)])


def _claimed(horizon: SkillHorizon, skill_set: tuple[int, ...]) -> tuple[int, ...]:
    return tuple(sorted({*range(1, horizon.h + 1), *skill_set}))


def _number(p: float | None) -> float:
    return np.nan if p is None else p
