"""What reports say about market data."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

import forecastkit as fk
from forecastkit.errors import UnknownSymbolError
from forecastkit.reporting.audit_words import finding_pairs
from forecastkit.reporting.market import market_pairs
from forecastkit.reporting.page import page
from forecastkit.reporting.report_markdown import report_markdown
from forecastkit.reporting.several import several_document, several_page, several_text

SOURCE = {
    "kind": "yahoo",
    "symbol": "SPY",
    "snapshot": "yahoo:SPY@20260101T000000000-00000000",
    "field": "close",
    "resampled": "weekly, last observation",
    "calendar": "trading days",
    "without_price": 2,
    "on_weekends": 0,
    "unfinished": "2026-01-05",
    "fetched_at": "2026-01-05T15:04:05.000+00:00",
    "instrument": "ETF",
    "exchange": "PCX",
    "basis": "adjusted for splits and dividends",
    "currency": "USD",
    "zone": "America/New_York",
    "request": {"interval": "1d"},
    "revision": {
        "against": "A", "days": 70, "changed": 1, "kinds": ["correction"], "first": "2024-01-02",
        "first_unexplained": "2024-01-02", "largest": 0.1, "largest_at": "2024-01-02",
        "largest_unexplained": 0.1, "added": 0, "removed": 0, "events": [],
    },
}  # fmt: skip


@pytest.fixture(scope="module")
def result() -> fk.Comparison:
    values = 20 + np.cumsum(np.random.default_rng(3).normal(size=80))
    made = fk.compare(values, ["ar"], plan=fk.BacktestPlan(horizon=2, origins=12))
    return replace(made, series=replace(made.series, name="SPY", source=SOURCE))


def test_pairs_name_what_a_reader_needs(result) -> None:
    told = dict(market_pairs(result))
    assert told["Symbol"] == "SPY at Yahoo (etf, PCX)"
    assert told["Snapshot"].startswith("yahoo:SPY@20260101T000000000-00000000; loading this name repeats")
    assert told["Values"] == "close, weekly, last observation"
    assert told["Prices"] == "adjusted for splits and dividends, in USD, from bars of one day"
    assert told["Left out"] == "2 bars without a price; 2026-01-05, whose session had not ended"
    assert "H-REVISE (warning)" in dict(finding_pairs(result))


def test_other_series_have_no_such_section(result) -> None:
    plain = replace(result, series=fk.Series(result.series.values, pd.RangeIndex(80)))
    assert market_pairs(plain) == ()
    assert 'id="data"' not in page(plain)


def test_page_and_markdown_show_the_revision(result) -> None:
    text = page(result)
    assert "<p><b>H-REVISE</b> <span>warning</span> the history is not what it was" in text
    assert "1 of 70 days changed, the first is 2024-01-02" in text
    assert "H-REVISE (warning): Against snapshot A" in str(report_markdown(result)["report.md"])


def test_several_name_what_failed_and_what_was_revised(result) -> None:
    failures = {"yahoo:NO": UnknownSymbolError("No such symbol.")}
    text = several_text({"yahoo:SPY": result}, failures)
    assert text.startswith("1 of 2 series were compared: neither beats naive in 1.")
    assert "H-REVISE: Against snapshot A" in text
    assert text.endswith("yahoo:NO: not compared (UnknownSymbolError). No such symbol.")
    told = several_document({"yahoo:SPY": result}, failures)
    assert told["failures"] == {"yahoo:NO": {"error": "UnknownSymbolError", "message": "No such symbol."}}
    found = {finding["code"]: finding["level"] for finding in told["series"]["yahoo:SPY"]["honesty"]}
    assert found["H-REVISE"] == "warn"
    html = several_page({"yahoo:SPY": result}, failures, {"yahoo:SPY": "yahoo-SPY"})
    assert '<a href="yahoo-SPY/index.html">' in html
    assert "yahoo:NO is missing: No such symbol." in html
