"""Gates of a job: limits that turn a report into an alarm."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass

from forecastkit.comparison.drift import Drift, Summary
from forecastkit.schedule.jobs import Gates

WORSE = {"warn": ("warn", "fail"), "fail": ("fail",), "off": ()}


@dataclass(frozen=True, slots=True)
class Tripped:
    """A gate that does not hold.

    Args:
        gate: its key in the jobs file.
        series: of which series.
        text: what was found and what was allowed.
    """

    gate: str
    series: str
    text: str


Check = Callable[[Gates, Summary, Drift], Iterable[str]]


def tripped(gates: Gates, summary: Summary, drift: Drift) -> tuple[Tripped, ...]:
    """Try every gate on one series.

    Args:
        gates: limits.
        summary: of this run.
        drift: against earlier runs; on the first run, the limits to drift hold.
    """
    return tuple(
        Tripped(name, summary.series, text)
        for name, check in CHECKS.items()
        for text in check(gates, summary, drift)
    )


def _skill(gates: Gates, summary: Summary, drift: Drift) -> Iterable[str]:
    for model, least in gates.skill_horizon.items():
        found = summary.skill_horizon.get(model)
        if found is None:
            yield f"{model} has no skill horizon, it failed; at least {least} is asked for."
        elif found < least:
            yield f"The skill horizon of {model} is {found}; at least {least} is asked for."


def _lost(gates: Gates, summary: Summary, drift: Drift) -> Iterable[str]:
    if gates.skill_horizon_lost is None:
        return
    for change in drift.changes:
        if change.quantity != "skill horizon" or change.usual is None:
            continue
        lost = change.usual - (change.now or 0.0)
        if lost > gates.skill_horizon_lost:
            yield (
                f"The skill horizon of {change.model} lost {lost:g} steps against its usual "
                f"{change.usual:g}; at most {gates.skill_horizon_lost} are allowed."
            )


def _crossover(gates: Gates, summary: Summary, drift: Drift) -> Iterable[str]:
    change = drift.of("crossover")
    if gates.crossover_moved is None or change is None or not change.moved:
        return
    if change.now is None or change.before is None:
        yield "The crossover came or went; it is allowed to move, not to vanish or to appear."
    elif abs(change.now - change.before) > gates.crossover_moved:
        yield (
            f"The crossover moved from h = {change.before:g} to h = {change.now:g}; at most "
            f"{gates.crossover_moved} steps are allowed."
        )


def _revised(gates: Gates, summary: Summary, drift: Drift) -> Iterable[str]:
    found = drift.revised
    if (
        gates.revised is not None
        and found is not None
        and not drift.explained
        and found.count > gates.revised
    ):
        yield (
            f"{found.count} past values were revised, the first is {found.first}; at most {gates.revised} "
            "are allowed."
        )


def _cost(gates: Gates, summary: Summary, drift: Drift) -> Iterable[str]:
    change = drift.of("cost")
    if gates.cost_ratio is None or change is None or not change.usual or change.now is None:
        return
    ratio = change.now / change.usual
    if ratio > gates.cost_ratio:
        yield f"The run cost {ratio:.3g} times the usual seconds; at most {gates.cost_ratio:g} are allowed."


def _honesty(gates: Gates, summary: Summary, drift: Drift) -> Iterable[str]:
    for code, (level, text) in summary.findings.items():
        if level in WORSE[gates.honesty]:
            yield f"{code}: {text}"


CHECKS: dict[str, Check] = {
    "skill_horizon": _skill,
    "skill_horizon_lost": _lost,
    "crossover_moved": _crossover,
    "revised": _revised,
    "cost_ratio": _cost,
    "honesty": _honesty,
}
