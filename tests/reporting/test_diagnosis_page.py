"""The page of a diagnosis: complete, self-contained, the same every time; its tables, figures and JSON."""

from __future__ import annotations

import json
import re
from html.parser import HTMLParser

import numpy as np
import pytest

import forecastkit as fk
from forecastkit.diagnostics.outcome import HypothesisTest
from forecastkit.reporting.diagnosis_figures import _extremes, draw_correlogram, draw_series, draw_shocks
from forecastkit.reporting.diagnosis_page import diagnosis_document, diagnosis_page, render_diagnosis
from forecastkit.reporting.diagnosis_tables import outlier_table, root_table
from forecastkit.reporting.diagnosis_tables import test_table as other_table
from forecastkit.reporting.diagnosis_words import p_cell, p_said
from forecastkit.reporting.document import to_json
from forecastkit.reporting.terminal import text_table


@pytest.fixture(scope="module")
def found():
    return fk.diagnose(fk.load("co2"))


def test_page_needs_nothing_else(found):
    page = diagnosis_page(found)
    assert re.findall(r'(?:src|href)="(?!#)[^"]*"', page) == []
    assert "://" not in page
    assert len(page) < 400_000
    assert page.count("<svg") == 6
    assert page == diagnosis_page(found)
    parser = HTMLParser()
    parser.feed(page)
    for said in (
        "co2: diagnosis",
        "Is there anything to find?",
        "The season of 12 is strong",
        "Unit root or stationary",
    ):
        assert said in page


def test_names_are_escaped():
    series = fk.Series.from_array(np.random.default_rng(0).normal(size=60), name="<b>&", unit='"<i>')
    page = diagnosis_page(fk.diagnose(series))
    assert "<b>&<" not in page
    assert "&lt;b&gt;&amp;" in page


def test_document_says_what_the_page_says(found):
    told = json.loads(to_json(diagnosis_document(found)))
    assert (told["advice"], told["order"], told["differenced"]) == ("differences", found.fit.p, True)
    assert told["unit_roots"]["adf"]["statistic"] == found.roots.adf.statistic
    assert told["season"]["cycles"][0]["period"] == 12
    assert len(told["acf"]) == len(told["bartlett_band"]) == len(found.correlogram.acf)
    assert sorted(render_diagnosis(found)) == ["diagnosis.html", "diagnosis.json"]


def test_tables(found):
    assert [row[0].text for row in root_table(found).rows][:4] == ["ADF", "Phillips-Perron", "DF-GLS", "KPSS"]
    assert [row[5].text for row in root_table(found).rows] == ["differences"] * 6
    assert len(other_table(found).rows) == 11
    assert outlier_table(found) is None


def test_p_values_in_words():
    assert p_said(HypothesisTest("t", "n", 1.0, 0.1, 9, bound=">=")) == "p ≥ .1"
    assert p_said(HypothesisTest("t", "n", 1.0, 0.01, 9, bound="<=")) == "p ≤ .01"
    assert p_said(HypothesisTest("t", "n", None, None, 9, reason="why")) == "no test"
    assert p_cell(HypothesisTest("t", "n", 1.0, 0.25, 9)) == ".250"


def test_terminal_tables_fit_eighty_columns(found):
    for table in (root_table(found), other_table(found)):
        lines = text_table(table).splitlines()
        assert max(map(len, lines)) <= 80
        assert lines[0].split()[0] == "test"
    assert max(len(line) for line in repr(found).splitlines()[1:] if not line.startswith("- ")) <= 80


@pytest.mark.parametrize("draw", [draw_series, draw_correlogram, draw_shocks])
@pytest.mark.parametrize(("width", "pixels"), [("wide", 1000), ("narrow", 360)])
def test_figures_have_their_width(found, draw, width, pixels):
    assert draw(found, width=width).get_size_inches()[0] * 72 == pytest.approx(pixels)


def test_long_curves_keep_their_extremes(rng):
    values = rng.normal(size=5000)
    values[[123, 4321]] = 50.0, -50.0
    kept = _extremes(values, 400)
    assert {0, 123, 4321, 4999} <= set(kept.tolist())
    assert len(kept) <= 402
    assert _extremes(values[:100], 400).tolist() == list(range(100))


def test_notebooks_get_tables(found):
    html = found._repr_html_()
    assert html.count("<table>") == 2
    assert "autocorrelation is left" in html
    assert found.plot().axes[0].get_ylim()[1] > 0.5
