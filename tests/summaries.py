"""The summary of a run, for what is told of changes."""

from __future__ import annotations

from forecastkit.comparison.drift import Summary

OIL = Summary(
    series="oil",
    first="2020",
    last="2026",
    observations=80,
    fingerprint="x",
    outcome="tie",
    skill_horizon={"ar": 9},
    limit={"ar": "skill"},
    crossover="crossover",
    crossing=4,
    findings={},
    seconds={"ar": 10.0},
)
