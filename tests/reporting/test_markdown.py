"""Markdown with figures, and CSV: complete, escaped, the same numbers as the page."""

from __future__ import annotations

import io
import struct

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

import forecastkit as fk
from forecastkit.errors import PlanError
from forecastkit.reporting.diagnosis_page import render_diagnosis
from forecastkit.reporting.markdown import escaped
from forecastkit.reporting.render import render
from forecastkit.reporting.tables import error_table


@pytest.fixture(scope="module")
def result():
    plan = fk.BacktestPlan(horizon=4, origins=60)
    return fk.compare(fk.load("synthetic:ar2?n=300", name="a|b_c"), models=["ar"], plan=plan)


@pytest.fixture(scope="module")
def files(result):
    return render(result, ["md", "csv"])


def test_files(files):
    assert sorted(files) == [
        "figures/calibration.png",
        "figures/error.png",
        "figures/fans.png",
        "figures/memory.png",
        "figures/skill.png",
        "forecasts.csv",
        "report.md",
        "scores.csv",
        "skill.csv",
    ]


def test_figures_are_png_at_twice_the_width_and_repeatable(result, files):
    for name in ("skill", "error", "fans"):
        content = files[f"figures/{name}.png"]
        assert content[:8] == b"\x89PNG\r\n\x1a\n"
        assert struct.unpack(">I", content[16:20])[0] == 2000
        assert f"](figures/{name}.png)" in files["report.md"]
    assert render(result, ["md"])["figures/skill.png"] == files["figures/skill.png"]


def test_tables_have_their_columns_and_numbers(result, files):
    text = files["report.md"]
    assert text.startswith("# a\\|b\\_c\n")
    table = error_table(result)
    rows = [line for line in text.split(f"### {escaped(table.caption)}\n\n")[1].split("\n\n")[0].splitlines()]
    assert len(rows) == 2 + len(table.rows)
    assert {row.count("|") for row in rows} == {len(table.columns) + 1}
    assert table.rows[0][1].text.replace("\N{MINUS SIGN}", "") in rows[2]


def test_csv_holds_the_numbers(result, files):
    skill = pd.read_csv(io.StringIO(files["skill.csv"]))
    ours = skill[skill["model"] == "ar"]
    assert ours["skill"].to_numpy() == pytest.approx(result.skill["ar"], rel=1e-12)
    assert ours["claimed"].sum() == len(result.claimed["ar"])
    assert len(pd.read_csv(io.StringIO(files["forecasts.csv"]))) == len(result.forecasts.to_frame())


def test_a_diagnosis_in_every_format():
    files = render_diagnosis(
        fk.diagnose(np.random.default_rng(0).normal(size=80)), ["md", "csv", "json", "html"]
    )
    assert {"diagnosis.md", "tests.csv", "diagnosis.json", "diagnosis.html", "figures/series.png"} <= set(
        files
    )
    tests = pd.read_csv(io.StringIO(files["tests.csv"]))
    assert tests["name"].tolist()[:4] == ["ADF", "Phillips-Perron", "DF-GLS", "KPSS"]
    with pytest.raises(PlanError, match="no report format 'pdf'"):
        render_diagnosis(fk.diagnose(np.random.default_rng(0).normal(size=80)), ["pdf"])


@given(st.text(max_size=30))
def test_escaped_text_stays_on_one_line_and_keeps_its_words(text):
    written = escaped(text)
    assert len(written.splitlines()) <= 1
    plain = "".join(
        written[i] for i in range(len(written)) if not (written[i] == "\\" and _escapes(written, i))
    )
    assert plain == " ".join(text.split())


def _escapes(text: str, i: int) -> bool:
    """Whether the backslash at i stands before another character rather than behind one."""
    return (i - len(text[:i].rstrip("\\"))) % 2 == 0
