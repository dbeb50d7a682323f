"""What one coded check answers."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

Level = Literal["pass", "inform", "warn", "fail", "untested"]
WORST_FIRST: tuple[Level, ...] = ("fail", "warn", "inform", "pass", "untested")


@dataclass(frozen=True, slots=True)
class Finding:
    """What one check found.

    Args:
        code: such as "H-REVISE"; it never changes its meaning.
        level: "pass"; "inform", to be known; "warn", the claim is weaker; "fail", it does not hold;
            "untested", what the check needs was not given, and the text says what that is.
        text: one sentence or two, with the number that decided.
        do: what to do about it, "" where nothing is to be done.
        facts: the numbers behind it, JSON-ready.
    """

    code: str
    level: Level
    text: str
    do: str = ""
    facts: Mapping[str, Any] = field(default_factory=dict)


def percent(share: float) -> str:
    """Write a share in per cent with up to three figures.

    Example:
        >>> percent(0.0123), percent(float("nan"))
        ('1.23 %', '-')
    """
    return f"{100 * share:.3g} %" if math.isfinite(share) else "-"


def spans(horizons: Sequence[int]) -> str:
    """Write horizons in rising order as a range where they are one.

    Example:
        >>> spans([3, 4, 5]), spans([1, 3])
        ('h = 3 to 5', 'h = 1, 3')
    """
    low, high = horizons[0], horizons[-1]
    if len(horizons) > 1 and list(horizons) == list(range(low, high + 1)):
        return f"h = {low} to {high}"
    return "h = " + ", ".join(map(str, horizons))
