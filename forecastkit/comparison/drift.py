"""What a run says against the runs before it: skill, crossover, honesty, data and cost.

A run is remembered by a `Summary`, which goes through JSON and back. `drift` compares one with the run before
and with the median of the last ones, so that one odd night does not become the new usual.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from statistics import median
from typing import Any, Literal

from forecastkit.comparison.comparison import Comparison
from forecastkit.series.revisions import Revised
from forecastkit.series.series import label

Quantity = Literal["skill horizon", "crossover", "cost"]
COST_RATIO, COST_SECONDS = 1.5, 1.0
"""Clocks differ from night to night: costs have moved from this ratio and this many seconds on."""


@dataclass(frozen=True, slots=True)
class Summary:
    """What is remembered of one comparison, JSON-ready.

    Args:
        series: its name.
        first, last: dates of the data; `observations` how many; `fingerprint` its hash.
        outcome: of the verdict, "" for none.
        skill_horizon: by model, the last h with reliable skill.
        limit: by model, why the search ended there, as in `SkillHorizon`.
        crossover: what the average losses say, "" where network or AR is absent; `crossing` the first h of
            the new leader, None unless the lead passes once.
        findings: by code, level and text of each coded check.
        seconds: by model, for fitting and forecasting.
        failures: by model, failed fits and forecasts, with the first message.
        dropped: models that failed at more than 10 % of the origins.
    """

    series: str
    first: str
    last: str
    observations: int
    fingerprint: str
    outcome: str
    skill_horizon: Mapping[str, int]
    limit: Mapping[str, str]
    crossover: str
    crossing: int | None
    findings: Mapping[str, tuple[str, str]]
    seconds: Mapping[str, float]
    failures: Mapping[str, str] = field(default_factory=dict)
    dropped: tuple[str, ...] = ()

    @property
    def cost(self) -> float:
        """Seconds of all models."""
        return sum(self.seconds.values())


@dataclass(frozen=True, slots=True)
class Change:
    """One quantity now, at the run before, and usually.

    Args:
        quantity: what.
        model: of which model, "" where it belongs to the run.
        now, before: None where there is no number.
        usual: median of the earlier runs that have one, None where none has.
        state, state_before: in words, such as the outcome of a crossover.
        moved: whether it is worth a reader's time.
    """

    quantity: Quantity
    model: str
    now: float | None
    before: float | None
    usual: float | None
    state: str
    state_before: str
    moved: bool


@dataclass(frozen=True, slots=True)
class Drift:
    """A run against the runs before it.

    Args:
        series: its name.
        against: when the run before was made, "" where there was none.
        remembered: how many earlier runs the median is taken over.
        changes: by quantity.
        new_findings, gone_findings: code, level and text of warnings and failures that the run before did not
            have, or that are gone.
        revised: what the source changed in the past, None where the earlier data is not known.
        explained: splits and dividends that explain it, "" where nothing does.
    """

    series: str
    against: str = ""
    remembered: int = 0
    changes: tuple[Change, ...] = ()
    new_findings: tuple[tuple[str, str, str], ...] = ()
    gone_findings: tuple[tuple[str, str, str], ...] = ()
    revised: Revised | None = None
    explained: str = ""

    @property
    def moved(self) -> tuple[Change, ...]:
        """Changes worth a reader's time."""
        return tuple(change for change in self.changes if change.moved)

    def of(self, quantity: Quantity, model: str = "") -> Change | None:
        """Find the change of one quantity."""
        return next((c for c in self.changes if (c.quantity, c.model) == (quantity, model)), None)

    def document(self) -> dict[str, Any]:
        """Everything, JSON-ready."""
        return asdict(self)


def summarise(comparison: Comparison) -> Summary:
    """Take from a comparison what later runs are compared with."""
    series, crossover, verdict = comparison.series, comparison.crossover, comparison.verdict
    failures: dict[str, list[str]] = {}
    for failure in comparison.forecasts.failures:
        failures.setdefault(failure.model, []).append(failure.message)
    return Summary(
        series=series.name,
        first=label(series.index[0]),
        last=label(series.index[-1]),
        observations=len(series),
        fingerprint=series.fingerprint,
        outcome="" if verdict is None else verdict.outcome,
        skill_horizon={model: found.h for model, found in comparison.skill_horizon.items()},
        limit={model: found.limit for model, found in comparison.skill_horizon.items()},
        crossover="" if crossover is None else crossover.crossing.outcome,
        crossing=None if crossover is None else crossover.crossing.first,
        findings={found.code: (found.level, found.text) for found in comparison.honesty},
        seconds={model: float(seconds) for model, seconds in comparison.costs.items()},
        failures={model: f"{len(told)} times, first: {told[0]}" for model, told in failures.items()},
        dropped=comparison.scores.dropped,
    )


def from_memory(told: Mapping[str, Any]) -> Summary:
    """Read a summary back from JSON."""
    findings = {code: (level, text) for code, (level, text) in told["findings"].items()}
    return Summary(**{**told, "findings": findings, "dropped": tuple(told["dropped"])})


def drift(
    now: Summary,
    earlier: Sequence[Summary],
    *,
    against: str,
    revised: Revised | None = None,
    explained: str = "",
) -> Drift:
    """Compare a run with those before it.

    Args:
        now: this run.
        earlier: of the same series, newest first; the median is taken over all of them.
        against: when the newest of them was made.
        revised: what its data did not know yet, or knew otherwise.
        explained: what explains that, "" for nothing.
    """
    if not earlier:
        return Drift(now.series)
    before = earlier[0]
    new, gone = _alarming(now), _alarming(before)
    return Drift(
        series=now.series,
        against=against,
        remembered=len(earlier),
        changes=(
            *(_skill_change(model, now, earlier) for model in {**now.skill_horizon, **before.skill_horizon}),
            *([_crossover_change(now, earlier)] if now.crossover or before.crossover else []),
            _cost_change(now, earlier),
        ),
        new_findings=tuple(
            (code, *told) for code, told in new.items() if gone.get(code, ("",))[0] != told[0]
        ),
        gone_findings=tuple((code, *told) for code, told in gone.items() if code not in new),
        revised=revised,
        explained=explained,
    )


def _alarming(summary: Summary) -> dict[str, tuple[str, str]]:
    return {code: told for code, told in summary.findings.items() if told[0] in ("warn", "fail")}


def _usual(numbers: Sequence[float | None]) -> float | None:
    known = [number for number in numbers if number is not None]
    return float(median(known)) if known else None


def _skill_change(model: str, now: Summary, earlier: Sequence[Summary]) -> Change:
    """A model that failed and left the comparison has no skill horizon, which has moved."""
    horizons = [summary.skill_horizon.get(model) for summary in earlier]
    found = now.skill_horizon.get(model)
    return Change(
        "skill horizon",
        model,
        found,
        horizons[0],
        _usual(horizons),
        "failed" if model in now.dropped else now.limit.get(model, ""),
        "failed" if model in earlier[0].dropped else earlier[0].limit.get(model, ""),
        found != horizons[0],
    )


def _crossover_change(now: Summary, earlier: Sequence[Summary]) -> Change:
    before = earlier[0]
    return Change(
        "crossover",
        "",
        now.crossing,
        before.crossing,
        _usual([summary.crossing for summary in earlier]),
        now.crossover,
        before.crossover,
        (now.crossover, now.crossing) != (before.crossover, before.crossing),
    )


def _cost_change(now: Summary, earlier: Sequence[Summary]) -> Change:
    usual = _usual([summary.cost for summary in earlier]) or 0.0
    more, less = max(now.cost, usual), min(now.cost, usual)
    moved = more > COST_RATIO * less and more - less > COST_SECONDS
    return Change("cost", "", now.cost, earlier[0].cost, usual, "", "", moved)
