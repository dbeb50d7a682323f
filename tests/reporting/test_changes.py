"""What changed since the last run, in words."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from summaries import OIL

from forecastkit.comparison.drift import drift
from forecastkit.reporting.changes import Changes
from forecastkit.series.revisions import revised


def told(earlier: int = 1, explained: str = "", data: Any = None, **what: Any) -> Changes:
    now = replace(OIL, **what)
    return Changes(drift(now, [OIL] * earlier, against="1 March", revised=data, explained=explained))


@pytest.mark.parametrize(
    ("what", "sentence"),
    [
        ({"skill_horizon": {"ar": 4}}, "The skill horizon of ar fell from 9 to 4; usual is 9."),
        ({"skill_horizon": {"ar": 12}}, "The skill horizon of ar rose from 9 to 12; usual is 9."),
        (
            {"skill_horizon": {}, "dropped": ("ar",)},
            "The skill horizon of ar is not known now, it failed; it was 9; usual is 9.",
        ),
        (
            {"skill_horizon": {"ar": 9, "gru": 3}},
            "The skill horizon of gru is 3 and was not known before.",
        ),
        ({"crossing": 7}, "Crossover: the lead passes at h = 7; before: the lead passes at h = 4."),
        (
            {"crossing": None, "crossover": "ar_throughout"},
            "Crossover: the AR leads at every h; before: the lead passes at h = 4.",
        ),
        ({"findings": {"H-A": ("warn", "Weak.")}}, "New: H-A (warning). Weak."),
        ({"seconds": {"ar": 25.0}}, "Fitting and forecasting took 25.0 s; usual is 10.0 s."),
    ],
)
def test_each_move_has_its_sentence(what, sentence):
    assert told(**what).sentences == (sentence,)


def test_revised_values_are_named():
    old = {f"2026-{i:02d}": float(i) for i in range(1, 13)}
    found = told(data=revised(old, {**old, "2026-02": 2.5, "2026-05": 4.0}))
    assert found.sentences == (
        "The source was revised: 2 past values changed: 2026-02, 2026-05; the largest change is 1 (2026-05).",
    )
    many = told(data=revised(old, dict.fromkeys(old, 99.0)), explained="split 2 for 1 on 2026-03")
    assert many.sentences[0].startswith("The source was revised: 12 past values changed: 2026-01, 2026-02,")
    assert "2026-10 and 2 more;" in many.sentences[0]
    assert many.sentences[0].endswith("Explained by: split 2 for 1 on 2026-03.")


def test_against_which_runs():
    assert told().headline == "Compared with the run of 1 March, the only one before. Nothing moved."
    assert told(3, crossing=5).headline == (
        "Compared with the run of 1 March; usual is the median of the last 3 runs."
    )
    assert told(0).headline == "This is the first run with these settings: later ones are compared with it."
    assert told(0).table is None


def test_the_table_has_now_before_and_usual():
    table = told(skill_horizon={"ar": 4}, limit={"ar": "data"}, crossing=None, crossover="equal").table
    rows = [tuple(cell.text for cell in row) for row in table.rows]
    assert rows == [
        ("skill horizon of ar", "at least 4", "9", "9"),
        ("crossover", "equal at every h", "4", "4"),
        ("cost", "10.0 s", "10.0 s", "10.0 s"),
    ]
    assert [row[1].strong for row in table.rows] == [True, True, False]
    failed = told(skill_horizon={}, dropped=("ar",)).table
    assert failed.rows[0][1].text == "failed"


def test_the_document_has_gates_and_numbers():
    found = replace(told(crossing=5), tripped=("too far",)).document()
    assert found["gates_tripped"] == ("too far",)
    assert found["changes"][1]["now"] == 5
    assert found["sentences"] == ("Crossover: the lead passes at h = 5; before: the lead passes at h = 4.",)
