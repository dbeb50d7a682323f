"""Where does a model stop being useful?"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np

from forecastkit.arrays import Vector
from forecastkit.comparison.adjustment import holm


@dataclass(frozen=True, slots=True)
class SkillHorizon:
    """Last step up to which skill is reliably positive.

    Args:
        h: 0 where even the first step shows none.
        limit: why the search ended: "skill" (the next step shows none), "data" (the next step cannot be
            tested with so few origins, so the answer is "at least h"), "H" (no later step was asked for).
    """

    h: int
    limit: Literal["skill", "data", "H"]

    def __str__(self) -> str:
        return str(self.h) if self.limit == "skill" else f"at least {self.h}"


def skill_horizon(p_values: Vector, alpha: float) -> SkillHorizon:
    """Find the largest h such that every k <= h is significant.

    Testing h = 1, 2, ... in order and stopping at the first failure is a fixed-sequence procedure: the
    chance of claiming too much is at most alpha, with no further adjustment. "The last significant h" has no
    such bound.

    Args:
        p_values: one-sided, of "better than every reference" at h = 1..H, shape (H,); NaN: no test could be
            made.
        alpha: level.
    Source: Maurer, Hothorn & Lehmacher (1995).

    Example:
        >>> skill_horizon(np.array([0.01, 0.02, 0.2, 0.03]), 0.05)
        SkillHorizon(h=2, limit='skill')
    """
    for h, p in enumerate(p_values):
        if np.isnan(p):
            return SkillHorizon(h, "data")
        if p > alpha:
            return SkillHorizon(h, "skill")
    return SkillHorizon(len(p_values), "H")


def significant_set(p_values: Vector, alpha: float) -> tuple[int, ...]:
    """List the horizons that stay significant after Holm's adjustment, wherever they lie.

    Args:
        p_values: at h = 1..H, shape (H,); NaN: no test.
        alpha: chance of one false claim or more.

    Example:
        >>> significant_set(np.array([0.9, 0.001, 0.002]), 0.05)
        (2, 3)
    """
    adjusted = holm(p_values)
    return tuple(int(h) + 1 for h in np.flatnonzero(adjusted <= alpha))
