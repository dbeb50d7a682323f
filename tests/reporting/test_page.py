from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import replace
from functools import cache
from html.parser import HTMLParser
from importlib import resources
from typing import Any

import numpy as np
import pandas as pd
import pytest

import forecastkit as fk
from forecastkit.comparison.comparison import Comparison, conclude
from forecastkit.errors import UnpairedOriginsWarning
from forecastkit.reporting.document import document
from forecastkit.reporting.page import page, report_settings
from forecastkit.reporting.tables import DASH, cost_table, duel_table, error_table, p_text, skill_table
from forecastkit.reporting.words import verdict_details, verdict_sentence
from forecastkit.runs.blocks import Footprint
from forecastkit.series.series import Series
from forecastkit.series.transforms import find_transform

VOID = {"meta", "link", "br", "img", "input", "hr"}
HOSTILE = '<script>alert("1")</script>$x^2_{'


class Reader(HTMLParser):
    """Collects what a page holds, and fails where tags are not balanced."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.open: list[str] = []
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.text: dict[str, list[str]] = {}
        self.feed(text)
        self.close()
        assert self.open == []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        if self.open and data.strip():
            self.text.setdefault(self.open[-1], []).append(data.strip().replace("\xa0", " "))


def noise(n: int = 60, seed: int = 1, **told: Any) -> Series:
    return Series.from_array(np.cumsum(np.random.default_rng(seed).normal(size=n)), **told)


def fails(values: np.ndarray, horizon: int) -> np.ndarray:
    raise RuntimeError("no <b>luck</b>\nat all")


def fails_once(values: np.ndarray, horizon: int) -> np.ndarray:
    if len(values) == 50:
        raise RuntimeError("only here")
    return np.full(horizon, values[-1])


def half(values: np.ndarray, horizon: int) -> np.ndarray:
    return np.full(horizon, values[-1] / 2)


@pytest.fixture(scope="module")
def duel(planted: Callable[..., Any]) -> Comparison:
    rng = np.random.default_rng(5)
    errors: Mapping[str, Any] = {
        "naive": 3 * rng.normal(size=(40, 4)),
        "ar": rng.normal(size=(40, 4)),
        "lstm": 2 * rng.normal(size=(40, 4)),
    }
    members = {"lstm": np.stack([errors["lstm"] - 0.1, errors["lstm"] + 0.1])}
    families = {"naive": "reference", "ar": "ar", "lstm": "network"}
    forecasts = planted(errors, families, actual=rng.normal(size=(40, 4)), members=members)
    series = Series.from_array(rng.normal(size=len(forecasts.index)))
    return conclude(series, forecasts, transform=find_transform("none"), loss="squared")


def failing(models: Mapping[str, Any]) -> Comparison:
    with pytest.warns(UnpairedOriginsWarning):
        return fk.compare(noise(), models=models, horizon=3)


def observed() -> Comparison:
    dates = pd.DatetimeIndex(np.cumsum(np.arange(1, 61) % 3 + 1), name="d") + pd.Timedelta("10000D")
    series = Series.from_pandas(pd.Series(np.exp(noise().values / 9), index=pd.DatetimeIndex(dates)))
    assert series.spacing == "observations"
    return fk.compare(series, models=["ar"], horizon=2, transform="log-return")


CASES: dict[str, Callable[[], Comparison]] = {
    "usual": lambda: fk.compare(fk.load("synthetic:ar2?n=500&seed=3"), models=["ar", "drift"], horizon=6),
    "one step": lambda: fk.compare(noise(), models=["ar"], horizon=1),
    "one origin": lambda: fk.compare(noise(), models=["ar"], plan=fk.BacktestPlan(horizon=3, origins=1)),
    "few origins": lambda: fk.compare(noise(), models=["ar"], plan=fk.BacktestPlan(horizon=4, origins=6)),
    "no AR": lambda: fk.compare(noise(), models={"half": half}, horizon=2),
    "references only": lambda: fk.compare(noise(), models=["naive"], horizon=2),
    "all failed": lambda: failing({"boom": fails}),
    "AR dropped": lambda: failing({"ar": _Failing(), "half": half}),
    "failed once": lambda: failing({"ar": "ar", "once": fails_once}),
    "absolute": lambda: fk.compare(noise(), models=["ar"], horizon=2, loss="absolute"),
    "huge": lambda: fk.compare(Series.from_array(noise().values * 1e12), models=["ar"], horizon=2),
    "tiny": lambda: fk.compare(Series.from_array(noise().values * 1e-9), models=["ar"], horizon=2),
    "no reference error": lambda: fk.compare(
        Series.from_array(np.tile([1.0, 2.0, 4.0], 25), period=3), models={"half": half}, horizon=3
    ),
    "trading days": observed,
    "long": lambda: fk.compare(noise(400), models={"ar": "ar", "half": half}, horizon=96),
}


class _Failing:
    name, family = "ar", "ar"

    def fit(self, history: Any, *, horizon: int, rng: Any) -> Any:
        raise RuntimeError("never")


class Case:
    """A comparison with its page, written once."""

    def __init__(self, comparison: Comparison) -> None:
        self.comparison = comparison
        self.page = page(comparison)
        self.read = Reader(self.page)


@cache
def made(name: str) -> Case:
    return Case(CASES[name]())


@pytest.fixture(scope="module", params=CASES, ids=str)
def case(request: pytest.FixtureRequest) -> Case:
    return made(request.param)


def test_every_page_is_whole_small_and_needs_nothing(case: Case) -> None:
    text, read = case.page, case.read
    assert len(text.encode()) < 400_000
    assert {"script", "link", "img", "iframe", "object"}.isdisjoint(tag for tag, _ in read.tags)
    links = [value for _, attrs in read.tags for name, value in attrs.items() if name in ("src", "href")]
    assert all(str(value).startswith("#") for value in links)
    assert not re.search(r"url\((?!#)|@import|\son\w+=", text)
    judged = bool(case.comparison.scores.quantiles)
    apart = "How long it remembers, and how far it sees" in read.text["h2"]
    assert sum(tag == "svg" for tag, _ in read.tags) == 6 + 2 * judged + 2 * apart


def test_every_page_begins_with_name_and_verdict(case: Case) -> None:
    read = case.read
    assert read.text["h1"] == [case.comparison.series.name]
    assert read.text["h2"][:3] == ["Verdict", "Skill by horizon", "How the error grows"]
    assert verdict_sentence(case.comparison) in read.text["p"]


def test_no_page_shows_colours_of_figures_nan_or_minus_zero(case: Case) -> None:
    body = case.page[case.page.index("<body>") :]
    assert not re.search(r"#[0-9a-f]{6}\b(?!\w)", body.replace(case.comparison.series.fingerprint, ""))
    shown = [piece for tag in ("td", "b", "text", "dd") for piece in case.read.text.get(tag, [])]
    assert len(shown) > 10
    assert not [
        piece for piece in shown if re.search(r"\bnan\b|\binf\b|^[-\N{MINUS SIGN}]0(\.0*)?( %)?$", piece)
    ]


def test_equal_comparisons_give_equal_pages(duel: Comparison) -> None:
    assert page(duel) == page(duel)


def test_hostile_names_stay_text() -> None:
    models = {HOSTILE: half, "</text><img src=http://x>": half, "\x00\ud800": half, "ar": "ar"}
    series = noise(name=HOSTILE, unit="\"'><i>&{{ 7 * 7 }}")
    text = page(fk.compare(series, models=models, horizon=2))
    read = Reader(text)
    assert {"script", "img", "i"}.isdisjoint(tag for tag, _ in read.tags)
    assert read.text["h1"] == [HOSTILE]
    assert "{{ 7 * 7 }}" in text
    assert len(text.encode()) > 10_000


def test_table_of_errors_holds_the_scores(duel: Comparison) -> None:
    table = error_table(duel)
    assert table.columns == ("h", "naive", "ar", "lstm")
    for i, row in enumerate(table.rows):
        expected = np.sqrt(duel.scores.mse[:, i])
        assert row[0].text == str(i + 1)
        np.testing.assert_allclose([float(cell.text) for cell in row[1:]], expected, atol=0.006)
        assert [cell.strong for cell in row[1:]] == list(expected == expected.min())


def test_table_of_skill_holds_skill_and_tests(duel: Comparison) -> None:
    table = skill_table(duel)
    assert table is not None
    assert table.groups == (("", 2), ("ar", 3), ("lstm", 3))
    for i, row in enumerate(table.rows):
        test = duel.skill_tests["ar"][i]
        assert row[1].text == duel.best_reference[i]
        assert row[2].text == f"{100 * duel.skill['ar'][i]:.0f} %"
        assert (row[3].text, row[4].text) == (p_text(test.p_value), p_text(test.dm_p_value))
        assert row[3].hint.startswith("against naive")
        assert row[3].strong == (i + 1 in duel.skill_set["ar"])


def test_table_of_the_duel_names_the_better_one(duel: Comparison) -> None:
    table = duel_table(duel)
    assert table is not None
    assert [row[1].text for row in table.rows] == ["ar"] * 4
    assert [row[3].text for row in table.rows] == [p_text(p) for p in duel.duel_adjusted.tolist()]


def test_steps_without_a_test_say_why() -> None:
    table = skill_table(made("few origins").comparison)
    assert table is not None
    assert table.rows[0][3].text == "\N{EN DASH}"
    assert "not enough origins: 6" in table.rows[0][3].hint
    assert "No test of ar at h = 1 to 4: not enough origins." in table.notes


def test_costs_list_every_model_with_fits_and_seeds(duel: Comparison) -> None:
    rows = [[cell.text for cell in row] for row in cost_table(duel).rows]
    assert rows[0][:3] == ["naive", DASH, "1.500"]
    assert rows[2][:6] == ["lstm", "54 %", "1.500", "not measured", DASH, "0.028"]
    assert rows[2][6:] == ["1.000", "0.500", "1", "2"]


def test_peak_memory_stands_beside_seconds_in_every_part_of_the_report(duel: Comparison) -> None:
    found = {"ar": Footprint(1, None, 210_000_000), "lstm": Footprint(2, 400_000_000, 1_100_000_000)}
    result = replace(duel, forecasts=replace(duel.forecasts, footprints=found))
    rows = [[cell.text for cell in row][3:5] for row in cost_table(result).rows]
    assert rows == [["not measured", DASH], ["210 MB", DASH], ["1.1 GB", "400 MB"]]
    lstm = "1.1 GB (400 MB of it there before)"
    assert f"Peak memory of the process: ar 210 MB, lstm {lstm}." in verdict_details(result)
    assert "Peak memory was not measured." in verdict_details(duel)
    told = document(result)["peak_memory"]
    assert told["lstm"] == {"peak": 1_100_000_000, "before": 400_000_000}
    assert told["ar"] == {"peak": 210_000_000, "before": None}
    assert f"lstm 1.5 s (0.028 s a point of skill), peak memory {lstm}." in result.honesty["H-COST"].text
    assert result.honesty["H-COST"].facts["peak_memory"]["lstm"] == 1_100_000_000
    assert "ar 1.5 s" in duel.honesty["H-COST"].text
    assert duel.honesty["H-COST"].text.count("peak memory not measured") == 2


def test_settings_facts_and_provenance_are_there() -> None:
    said = made("usual").read.text
    assert made("usual").comparison.series.fingerprint in said["dd"]
    assert any("ar at every origin; drift once" in told for told in said["dd"])
    assert "Inside ar" in said["h2"]
    assert "levels" in said["dd"]
    assert any("Ljung-Box over 10 lags" in text for text in said["dd"])


def test_spacing_and_scale_are_said() -> None:
    said = made("trading days").read.text
    assert "the dates follow no fixed frequency: the horizon counts observations" in said["dd"]
    assert "log-return; scored: cumulative log return since the origin" in said["dd"]


def test_failures_are_counted_with_their_first_message() -> None:
    said = made("all failed").read.text
    assert {"28 of 28", "left out", "RuntimeError: no <b>luck</b>\nat all"} <= set(said["td"])
    assert "1 of 28" in made("failed once").read.text["td"]


def test_colours_are_readable_in_both_themes() -> None:
    style = (
        resources.files("forecastkit.reporting").joinpath("templates/report.css").read_text(encoding="utf-8")
    )
    light, dark = re.findall(r":root \{(.*?)\}", style, re.DOTALL)
    for theme in (light, dark):
        colours = dict(re.findall(r"--([\w-]+): (#[0-9a-f]{6})", theme))
        paper = colours.pop("paper")
        for name in set(colours) - {"rule", "tint"}:
            assert contrast(colours[name], paper) >= 4.5, name


def contrast(one: str, other: str) -> float:
    """Contrast ratio of WCAG 2."""
    bright, dim = sorted((luminance(one), luminance(other)), reverse=True)
    return (bright + 0.05) / (dim + 0.05)


def luminance(colour: str) -> float:
    parts = np.array([int(colour[i : i + 2], 16) for i in (1, 3, 5)]) / 255
    linear = np.where(parts <= 0.04045, parts / 12.92, ((parts + 0.055) / 1.055) ** 2.4)
    return float(linear @ [0.2126, 0.7152, 0.0722])


def test_covariates_are_named_with_those_who_used_them() -> None:
    rng = np.random.default_rng(4)
    days = pd.date_range("2024-01-01", periods=160)
    frame = pd.DataFrame({"y": rng.normal(size=160), "promo": rng.normal(size=160), "rain": 1.0}, index=days)
    result = fk.compare(frame, ["ar"], horizon=3, known=["promo", "calendar"], past="rain")
    said = dict(report_settings(result))
    assert said["Covariates known ahead"] == "promo, weekday Tue to Sun; used by ar"
    assert said["Covariates observed"] == "rain; used by no model"
