"""Limits that turn a report into an alarm: each trips beyond its limit, and not at it."""

from dataclasses import replace

import pytest
from summaries import OIL

from forecastkit.comparison.drift import Summary, drift
from forecastkit.schedule.gates import CHECKS, tripped
from forecastkit.schedule.jobs import Gates
from forecastkit.series.revisions import revised

NOW = replace(
    OIL,
    skill_horizon={"ar": 6},
    crossing=6,
    seconds={"ar": 30.0},
    findings={"H-A": ("warn", "weak"), "H-B": ("fail", "leak")},
)
OLD, NEW = {"a": 1.0, "b": 2.0, "c": 3.0}, {"a": 1.5, "b": 2.5, "c": 3.0}


def found(gates: Gates, now: Summary = NOW, **more: str) -> list[tuple[str, str]]:
    gone = drift(now, [OIL], against="x", revised=revised(OLD, NEW), **more)
    return [(gate.gate, gate.text) for gate in tripped(gates, now, gone)]


@pytest.mark.parametrize(
    ("gate", "holds", "trips", "text"),
    [
        ("skill_horizon", {"ar": 6}, {"ar": 7}, "The skill horizon of ar is 6; at least 7 is asked for."),
        (
            "skill_horizon_lost",
            3,
            2,
            "The skill horizon of ar lost 3 steps against its usual 9; at most 2 are allowed.",
        ),
        ("crossover_moved", 2, 1, "The crossover moved from h = 4 to h = 6; at most 1 steps are allowed."),
        ("revised", 2, 1, "2 past values were revised, the first is a; at most 1 are allowed."),
        ("cost_ratio", 3.0, 2.9, "The run cost 3 times the usual seconds; at most 2.9 are allowed."),
        ("honesty", "off", "fail", "H-B: leak"),
    ],
)
def test_a_gate_holds_at_its_limit_and_trips_beyond(gate, holds, trips, text):
    calm = {"honesty": "off"}
    assert found(Gates(**{**calm, gate: holds})) == []
    assert found(Gates(**{**calm, gate: trips})) == [(gate, text)]


def test_honesty_warns_where_that_is_asked():
    assert [text for _, text in found(Gates(honesty="warn"))] == ["H-A: weak", "H-B: leak"]


def test_a_model_that_failed_trips_what_asks_for_its_skill():
    lost = replace(NOW, skill_horizon={}, dropped=("ar",), findings={})
    assert [gate for gate, _ in found(Gates(skill_horizon={"ar": 1}, skill_horizon_lost=3), lost)] == [
        "skill_horizon",
        "skill_horizon_lost",
    ]


def test_a_revision_that_is_explained_trips_nothing():
    assert found(Gates(revised=0, honesty="off"), explained="dividend 0.5 on 2026-01-02") == []


def test_a_crossover_that_vanishes_trips():
    gone = replace(NOW, crossover="ar_throughout", crossing=None, findings={})
    assert [gate for gate, _ in found(Gates(crossover_moved=5), gone)] == ["crossover_moved"]


def test_every_gate_has_its_check():
    assert list(CHECKS) == list(Gates.model_fields)
