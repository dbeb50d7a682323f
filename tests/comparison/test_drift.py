"""A run against those before it."""

from __future__ import annotations

import json
from dataclasses import asdict, replace
from typing import Any

import numpy as np
import pytest
from summaries import OIL

from forecastkit.api import compare
from forecastkit.backtesting.plan import BacktestPlan
from forecastkit.comparison.drift import Summary, drift, from_memory, summarise
from forecastkit.errors import UnpairedOriginsWarning

BASE = replace(
    OIL,
    outcome="ar_enough",
    skill_horizon={"ar": 9, "lstm": 5},
    limit={"ar": "skill", "lstm": "skill"},
    findings={"H-A": ("pass", "fine"), "H-B": ("warn", "hm")},
    seconds={"ar": 1.0, "lstm": 9.0},
)


def changed(**what: Any) -> Summary:
    return replace(BASE, **what)


def test_against_the_run_before_and_the_median():
    earlier = [changed(skill_horizon={"ar": h, "lstm": 5}) for h in (8, 9, 3)]
    found = drift(changed(skill_horizon={"ar": 4, "lstm": 5}), earlier, against="yesterday")
    change = found.of("skill horizon", "ar")
    assert (change.now, change.before, change.usual, change.moved) == (4, 8, 8.0, True)
    assert not found.of("skill horizon", "lstm").moved
    assert [c.model for c in found.moved] == ["ar"]
    assert (found.against, found.remembered) == ("yesterday", 3)


def test_the_first_run_has_nothing_to_compare_with():
    assert drift(BASE, [], against="").changes == ()


def test_a_model_that_failed_has_no_horizon_and_has_moved():
    now = changed(skill_horizon={"lstm": 5}, dropped=("ar",))
    change = drift(now, [BASE], against="x").of("skill horizon", "ar")
    assert (change.now, change.before, change.state, change.moved) == (None, 9, "failed", True)


def test_crossover_findings_and_cost():
    now = changed(
        crossover="ar_throughout",
        crossing=None,
        findings={"H-A": ("fail", "no"), "H-C": ("warn", "new")},
        seconds={"ar": 1.0, "lstm": 20.0},
    )
    found = drift(now, [BASE], against="x")
    crossover, cost = found.of("crossover"), found.of("cost")
    assert (crossover.now, crossover.before, crossover.moved) == (None, 4, True)
    assert (cost.now, cost.usual, cost.moved) == (21.0, 10.0, True)
    assert found.new_findings == (("H-A", "fail", "no"), ("H-C", "warn", "new"))
    assert found.gone_findings == (("H-B", "warn", "hm"),)


def test_cost_moves_by_half_and_by_a_second():
    assert not drift(changed(seconds={"ar": 14.0}), [BASE], against="x").of("cost").moved
    fast = changed(seconds={"ar": 0.1})
    assert not drift(changed(seconds={"ar": 0.9}), [fast], against="x").of("cost").moved


def test_a_summary_goes_through_json_and_back():
    rng = np.random.default_rng(0)
    values = np.cumsum(rng.normal(size=90))
    plan = BacktestPlan(horizon=3, origins=30)

    def nothing(values, horizon):
        raise RuntimeError("no")

    with pytest.warns(UnpairedOriginsWarning):
        summary = summarise(compare(values, {"ar": "ar", "nothing": nothing}, plan=plan))
    assert summary.dropped == ("nothing",)
    assert summary.failures["nothing"].startswith("30 times, first: ")
    assert from_memory(json.loads(json.dumps(asdict(summary)))) == summary
