"""The paragraph behind a verdict, and the tables beside it."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from forecastkit.comparison.comparison import conclude
from forecastkit.comparison.verdict import CONDITIONS, RULES
from forecastkit.reporting.conclusion import (
    conclusion_tables,
    degradation_table,
    detectable_table,
    difference_table,
    rule_table,
    verdict_paragraph,
)
from forecastkit.reporting.document import document, to_json
from forecastkit.series.series import Series
from forecastkit.series.transforms import find_transform

KINDS = {
    "naive": "reference",
    "ar": "ar",
    "lstm": "network",
    "drift": "other",
    "oracle": "oracle",
    "ar-direct": "ar",
}


def noise(label, size, origins=120):
    return size * np.random.default_rng([3, label]).normal(size=(origins, 3))


@pytest.fixture(scope="module")
def judge(planted):
    def made(members=None, **sizes):
        errors = {name: noise(i, size) for i, (name, size) in enumerate(sizes.items())}
        for name, offsets in (members or {}).items():
            members = {name: np.stack([errors[name] + offset for offset in offsets])}
        forecasts = planted(errors, {name: KINDS[name] for name in errors}, members=members)
        series = Series.from_array(np.random.default_rng(0).normal(size=len(forecasts.index)).cumsum())
        return conclude(series, forecasts, transform=find_transform("none"), loss="squared")

    return made


@pytest.mark.parametrize(
    ("ar", "lstm", "outcome", "words"),
    [
        (1.0, 0.3, "rnn_worth_it", ["The skill of lstm over the best reference", "smaller than that of ar"]),
        (0.3, 1.0, "ar_enough", ["The skill of ar over the best reference", "smaller than that of lstm"]),
        (0.5, 0.5, "tie", ["Smallest difference between the two that these 120 origins show"]),
        (2.0, 2.1, "neither_beats_naive", ["Smallest skill that these 120 origins show four times in five"]),
    ],
)
def test_the_paragraph_says_effect_and_limits(judge, ar, lstm, outcome, words):
    result = judge(naive=2.0, ar=ar, lstm=lstm)
    assert result.verdict.outcome == outcome
    text = verdict_paragraph(result)
    for part in [*words, "at h = 1 to 3, on average, is ", "lstm takes 1 times the computing time of ar."]:
        assert part in text
    assert "the network was fitted with one seed" in text
    table = rule_table(result)
    strong = [row[0].text for row in table.rows if row[-1].strong]
    assert strong == [outcome.replace("_", " ")]


def test_seeds_are_told_apart(judge):
    result = judge(members={"lstm": (-0.1, 0.0, 0.1)}, naive=2.0, ar=1.0, lstm=0.4)
    assert (
        "One more lstm with a new seed would have a smaller loss than ar with chance 100 %"
        in verdict_paragraph(result)
    )


def test_a_last_step_that_is_the_first_is_told_once(judge):
    result = judge(members={"lstm": (-0.1, 0.0, 0.1)}, naive=2.0, ar=1.0, lstm=0.4)
    noise = result.seed_noise["lstm"]
    near = replace(result, seed_noise={"lstm": replace(noise, beats_ar=noise.beats_ar[:1])})
    assert "with chance 100 % at h = 1; the figures above" in verdict_paragraph(near)
    assert "with chance 100 % at h = 1 and 100 % at h = 3; the figures" in verdict_paragraph(result)


def test_tables_have_a_row_for_everything(judge):
    result = judge(naive=2.0, ar=1.0, lstm=0.4, oracle=0.9)
    when = [row[1].text for row in rule_table(result).rows]
    assert when[0] == f"{CONDITIONS['tests']}: no"
    assert [text == "otherwise" for text in when] == [not rule.answers for rule in RULES]
    detectable = detectable_table(result)
    assert (len(detectable.rows), len(detectable.columns)) == (3, 10)
    degraded = degradation_table(result)
    assert [row[0].text for row in degraded.rows] == ["ar", "lstm", "oracle"]
    assert degraded.rows[2][-1].text == "1.00 and 1.00"
    assert all(len(row) == len(degraded.columns) for row in degraded.rows)


def test_references_alone_have_nothing_to_conclude(judge):
    result = judge(naive=2.0)
    assert (conclusion_tables(result), verdict_paragraph(result)) == ([], "")


def test_the_document_holds_the_structured_verdict(judge):
    told = document(judge(naive=2.0, ar=1.0, lstm=0.4))
    assert told["verdict"]["model"] == "lstm"
    assert told["verdict"]["lead_interval"][0] < told["verdict"]["lead"] < told["verdict"]["lead_interval"][1]
    assert told["decision_table"][told["verdict"]["row"]]["outcome"] == told["verdict"]["outcome"]
    assert len(told["bands"]["skill"]["ar"]["low"]) == 3
    assert told["paragraph"] == told["details"][0]
    assert to_json(told)


def test_differences_stand_with_their_bands(judge):
    errors = {"naive": 2.0, "ar": 1.0, "lstm": 0.3, "ar-direct": 1.5}
    result = judge(**errors)
    table = difference_table(result)
    assert [group for group, _ in table.groups] == ["", "lstm less ar", "ar less ar-direct"]
    assert len(table.rows) == 3
    assert [(row[3].strong, row[6].strong) for row in table.rows] == [
        (True, False),
        (True, True),
        (True, True),
    ]
    squares = {name: noise(i, size)[:, 0] ** 2 for i, (name, size) in enumerate(errors.items())}
    assert float(table.rows[0][1].text.replace("\N{MINUS SIGN}", "-")) == pytest.approx(
        np.mean(squares["lstm"] - squares["ar"]), rel=6e-3
    )
    assert difference_table(judge(naive=2.0, ar=1.0)) is None
