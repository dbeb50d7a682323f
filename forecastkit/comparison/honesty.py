"""The coded checks of a comparison: each looks for one way in which a result can fool its reader.

A check takes the comparison and returns a finding, or None where it does not apply. A further check is a
function in CHECKS.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Literal

from forecastkit.sources.revision import revision_sentence

if TYPE_CHECKING:
    from forecastkit.comparison.comparison import Comparison

Level = Literal["pass", "inform", "warn", "fail"]


@dataclass(frozen=True, slots=True)
class Finding:
    """What one check found.

    Args:
        code: such as "H-REVISE"; it never changes its meaning.
        level: "pass"; "inform", to be known; "warn", the claim is weaker; "fail", it does not hold.
        text: one sentence or two.
        facts: the numbers behind it, JSON-ready.
    """

    code: str
    level: Level
    text: str
    facts: Mapping[str, Any] = field(default_factory=dict)


def audit(comparison: Comparison) -> tuple[Finding, ...]:
    """Make every check that applies, in the order of CHECKS."""
    return tuple(finding for check in CHECKS if (finding := check(comparison)) is not None)


def revised_data(comparison: Comparison) -> Finding | None:
    """H-REVISE: the history is not what it was at the fetch before.

    Splits and dividends rescale an adjusted history and leave its returns alone: they inform. What they do
    not explain is a correction: it warns, for a result on the earlier data was a result on other data.
    """
    told = comparison.series.source.get("revision")
    if not told:
        return None
    level: Level = "pass"
    if told["kinds"]:
        level = "warn" if "correction" in told["kinds"] else "inform"
    return Finding("H-REVISE", level, revision_sentence(told), told)


CHECKS: tuple[Callable[[Comparison], Finding | None], ...] = (revised_data,)
