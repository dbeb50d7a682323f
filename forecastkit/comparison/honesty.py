"""The honesty audit: every coded check looks for one way in which a result can fool its reader.

A check is a function from a comparison under audit to a finding, or None where it does not apply. Its
docstring explains the failure with an example and gives the rule. A further check is a function in CHECKS.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING

from forecastkit.comparison.audited import Audited
from forecastkit.comparison.finding import WORST_FIRST, Finding, Level
from forecastkit.comparison.honesty_claims import (
    episodes,
    fading,
    falling_error,
    many_models,
    noise_claims,
    one_seed,
    overlapping,
)
from forecastkit.comparison.honesty_contest import baselines, tuned_unevenly, weak_ar, wrong_code
from forecastkit.comparison.honesty_design import costs, dropped_batch, one_split, revised_data, same_cells
from forecastkit.comparison.honesty_forecasts import (
    constant_forecasts,
    level_scores,
    mimic,
    percentage_errors,
    recursion,
)
from forecastkit.comparison.honesty_models import (
    fitted_before,
    lag_axis,
    looked_ahead,
    scaled_ahead,
    shuffled,
    tuned_on_test,
)
from forecastkit.errors import PlanError, nearest

if TYPE_CHECKING:
    from forecastkit.comparison.comparison import Comparison

Check = Callable[[Audited], Finding | None]
CHECKS: Mapping[str, Check] = {
    "H-SAMEORIGIN": same_cells,
    "H-DROPLAST": dropped_batch,
    "H-ONESPLIT": one_split,
    "H-OVERLAP": overlapping,
    "H-BASE": baselines,
    "H-ARWEAK": weak_ar,
    "H-SCALE": scaled_ahead,
    "H-POISON": looked_ahead,
    "H-PREFIT": fitted_before,
    "H-SHUFFLE": shuffled,
    "H-TESTTUNE": tuned_on_test,
    "H-TUNE": tuned_unevenly,
    "H-ONESEED": one_seed,
    "H-AXIS": lag_axis,
    "H-CONST": constant_forecasts,
    "H-MIMIC": mimic,
    "H-LEVEL": level_scores,
    "H-METRIC": percentage_errors,
    "H-RECUR": recursion,
    "H-KNOWN": wrong_code,
    "H-NOISE": falling_error,
    "H-FADE": fading,
    "H-REGIME": episodes,
    "H-MULTI": many_models,
    "H-PLACEBO": noise_claims,
    "H-COST": costs,
    "H-REVISE": revised_data,
}
"""From the cells that were scored, over data and models, to what is claimed."""


@dataclass(frozen=True, slots=True)
class Audit:
    """What the coded checks found in one comparison; printing it gives it in words.

    Args:
        series: its name.
        findings: in the order of `CHECKS`; checks that do not apply are absent.
    """

    series: str
    findings: tuple[Finding, ...]

    def __iter__(self) -> Iterator[Finding]:
        return iter(self.findings)

    def __repr__(self) -> str:
        from forecastkit.reporting.audit_words import audit_text

        return audit_text(self)

    def of(self, *levels: Level) -> tuple[Finding, ...]:
        """Findings of some levels."""
        return tuple(finding for finding in self.findings if finding.level in levels)

    @property
    def failed(self) -> tuple[Finding, ...]:
        """Findings under which the result does not hold."""
        return self.of("fail")

    @property
    def counts(self) -> Mapping[Level, int]:
        """How many findings there are of each level, the gravest first."""
        return {level: len(self.of(level)) for level in WORST_FIRST}

    def __getitem__(self, code: str) -> Finding:
        """Give the finding of one check.

        Raises:
            PlanError: the code is unknown, or its check does not apply here.
        """
        check_of(code)
        found = next((finding for finding in self.findings if finding.code == code), None)
        if found is None:
            raise PlanError(f"{code} does not apply to this comparison of {self.series!r}.")
        return found


@lru_cache(maxsize=8)
def audit(comparison: Comparison) -> Audit:
    """Make every check that applies, in the order of CHECKS."""
    case = Audited(comparison)
    found = (check(case) for check in CHECKS.values())
    return Audit(comparison.series.name, tuple(finding for finding in found if finding is not None))


def check_of(code: str) -> Check:
    """Give the check of a code.

    Raises:
        PlanError: there is none; the message lists the nearest.
    """
    if code not in CHECKS:
        raise PlanError(f"There is no check {code!r}. {nearest(code, CHECKS)}")
    return CHECKS[code]


def explain(code: str) -> str:
    """Tell the failure that a check looks for, with an example, and its rule.

    Raises:
        PlanError: there is no such check.

    Example:
        >>> explain("H-MIMIC").splitlines()[0]
        "H-MIMIC: the forecast is yesterday's value."
    """
    return inspect.getdoc(check_of(code.upper())) or ""
