"""The coded checks: what they say, and when."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

import forecastkit as fk
from forecastkit.comparison.honesty import audit

Y = 20 + np.cumsum(np.random.default_rng(3).normal(size=80))
REVISION = {
    "against": "A",
    "days": 70,
    "changed": 3,
    "kinds": [],
    "first": "2024-01-02",
    "first_unexplained": "",
    "largest": 0.1,
    "largest_at": "2024-01-02",
    "largest_unexplained": 0.0,
    "added": 0,
    "removed": 0,
    "events": ["split 2 for 1 on 2024-03-01"],
}


@pytest.fixture(scope="module")
def plain() -> fk.Comparison:
    return fk.compare(fk.Series(Y, pd.RangeIndex(80)), ["ar"], plan=fk.BacktestPlan(horizon=2, origins=12))


def revised(result: fk.Comparison, kinds: list[str]) -> fk.Comparison:
    series = replace(result.series, source={"revision": {**REVISION, "kinds": kinds}})
    return replace(result, series=series)


def test_no_check_of_what_was_never_fetched(plain) -> None:
    assert "H-REVISE" not in [finding.code for finding in audit(plain)]


@pytest.mark.parametrize(
    ("kinds", "level", "words"),
    [
        ([], "pass", "nothing changed on the 70 days"),
        (["split"], "inform", "It is explained by: split 2 for 1 on 2024-03-01."),
        (["correction"], "warn", "No split or dividend explains it: a correction"),
        (["split", "correction"], "warn", "Only part is split: a correction"),
    ],
)
def test_revised_data(plain, kinds: list[str], level: str, words: str) -> None:
    finding = revised(plain, kinds).honesty["H-REVISE"]
    assert (finding.code, finding.level) == ("H-REVISE", level)
    assert words in finding.text
    assert finding.facts["against"] == "A"


def test_findings_are_in_the_document(plain) -> None:
    from forecastkit.reporting.document import document

    told = document(revised(plain, ["correction"]))["honesty"]
    assert ("H-REVISE", "warn") in [(finding["code"], finding["level"]) for finding in told]
