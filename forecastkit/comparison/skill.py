"""Does a model beat every reference, at which h, and what could the test have seen?"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from forecastkit.arrays import Matrix, Vector
from forecastkit.comparison.degradation import SkillHorizon
from forecastkit.comparison.power import detectable_skill
from forecastkit.comparison.significance import (
    AccuracyTest,
    diebold_mariano,
    equal_accuracy,
    loss_differential,
)

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
        detectable: smallest true skill over the best reference that this test finds with chance 80 %; None
            where there is no test, or nothing differs.
    """

    p_value: float | None
    dm_p_value: float | None
    against: str
    reason: str = ""
    detectable: float | None = None


def skill_tests(
    losses: Mapping[str, Matrix], model: str, references: tuple[str, ...], step: int
) -> tuple[SkillTest, ...]:
    """Test one model one-sided against every reference at every h: it has to beat them all.

    Args:
        losses: by model, shape (N, H), rows in time order.
        model, references: names.
        step: observations between two origins.
    """
    return tuple(
        _against_all(losses[model][:, i], [(name, losses[name][:, i]) for name in references], i + 1, step)
        for i in range(losses[model].shape[1])
    )


def duel_tests(
    losses: Mapping[str, Matrix], model: str, other: str, step: int
) -> tuple[tuple[AccuracyTest, ...], tuple[AccuracyTest, ...]]:
    """Test two models against each other two-sided at every h: by the default method, and by DM-HLN.

    Args:
        losses: by model, shape (N, H), rows in time order.
        model, other: names; a negative statistic favours `model`.
        step: observations between two origins.
    """
    pairs = zip(losses[model].T, losses[other].T, strict=True)
    columns = [(h, loss_differential(loss, against)) for h, (loss, against) in enumerate(pairs, start=1)]
    return (
        tuple(equal_accuracy(d, h, step, "two-sided") for h, d in columns),
        tuple(diebold_mariano(d, h, step, "two-sided") for h, d in columns),
    )


def claimed_horizons(horizon: SkillHorizon, skill_set: tuple[int, ...]) -> tuple[int, ...]:
    """List every h at which skill is claimed: up to the skill horizon, or in the set after adjustment."""
    return tuple(sorted({*range(1, horizon.h + 1), *skill_set}))


def numbers(tests: tuple[SkillTest, ...] | tuple[AccuracyTest, ...]) -> Vector:
    """Collect p-values by h, shape (H,); NaN where there is no test."""
    return np.array([np.nan if test.p_value is None else test.p_value for test in tests], dtype=np.float64)


def _against_all(loss: Vector, others: list[tuple[str, Vector]], h: int, step: int) -> SkillTest:
    """Test one model against every reference at one h: the largest p-value counts."""
    pairs = [(name, loss_differential(loss, other)) for name, other in others]
    tests = tuple(equal_accuracy(d, h, step, "less") for _, d in pairs)
    dm = numbers(tuple(diebold_mariano(d, h, step, "less") for _, d in pairs))
    dm_p_value = None if np.isnan(dm).any() else float(dm.max())
    p_values = numbers(tests)
    if np.isnan(p_values).any():
        first = int(np.argmax(np.isnan(p_values)))
        return SkillTest(None, dm_p_value, pairs[first][0], tests[first].reason)
    hardest = int(np.argmax(p_values))
    least = _detectable(tests, [float(other.mean()) for _, other in others])
    return SkillTest(float(p_values[hardest]), dm_p_value, pairs[hardest][0], tests[hardest].reason, least)


def _detectable(tests: tuple[AccuracyTest, ...], averages: list[float]) -> float | None:
    """Smallest skill over the best reference that beats them all: the hardest one decides."""
    best = min(averages)
    if not best > 0:
        return None
    needed = [
        detectable_skill(test, best, ALPHA) - (average - best) / best
        for test, average in zip(tests, averages, strict=True)
    ]
    return None if np.isnan(needed).any() else max(needed)
