"""Forecasts made by anything: our own again, errors of R, many series, one origin, the command."""

from __future__ import annotations

import json
import re
import sys
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

import forecastkit as fk
from forecastkit.cli import main
from forecastkit.errors import DataError, ForecastFrameError, PlanError, UnknownModelError

PLAN = fk.BacktestPlan(horizon=3, origins=40)
SERIES = fk.load("synthetic:ar2?n=140&seed=3")


@pytest.fixture(scope="module")
def ours() -> fk.Comparison:
    return fk.compare(SERIES, {"ar": "ar", "flat": lambda values, h: np.full(h, values.mean())}, plan=PLAN)


def foreign(name: str, rng: np.random.Generator, origins: int, horizon: int = 4) -> pd.DataFrame:
    """Two models on white noise, one of them blind, in Nixtla's form."""
    y = rng.normal(size=origins + horizon + 20).round(6)
    rows = [(t, t + h, y[t + h - 1]) for t in range(20, 20 + origins) for h in range(1, horizon + 1)]
    frame = pd.DataFrame(rows, columns=["cutoff", "ds", "y"]).assign(unique_id=name)
    return frame.assign(near=frame.y * 0.5, blind=rng.normal(size=len(frame)))


def test_our_own_forecasts_come_back_as_they_were(ours):
    """The references stand in the frame, so nothing differs but what the frame cannot tell."""
    again = fk.evaluate(ours.forecasts.to_frame()).comparison
    assert again.forecasts.mean.tobytes() == ours.forecasts.mean.tobytes()
    assert again.skill["ar"].tolist() == ours.skill["ar"].tolist()
    assert again.skill_horizon == ours.skill_horizon
    assert repr(again).splitlines()[0] == repr(ours).splitlines()[0]


def test_references_from_the_history_are_those_of_a_backtest(ours):
    table = ours.forecasts.to_frame().query("model in ['ar', 'flat']")
    again = fk.evaluate(table, history=SERIES).comparison
    assert again.forecasts.mean[:2] == pytest.approx(ours.forecasts.mean[:2], rel=1e-14)
    assert again.skill["flat"] == pytest.approx(ours.skill["flat"], rel=1e-12)


@pytest.mark.parametrize(("name", "period"), [("lh", 1), ("nile", 1), ("airpassengers_log", 12)])
def test_errors_of_r(name, period, reference, series_values):
    """R's tsCV of naive() and snaive(): the same errors as our own references, from the same origins."""
    known = next(result for result in reference("tscv")["results"] if result["series"] == name)
    errors = {
        model: np.array(known[f"{of_r}_expanding"]["errors"], dtype=np.float64).T
        for model, of_r in (("naive", "naive"), ("seasonal-naive", "snaive"), ("ar2", "ar2"))
    }
    options = {"history": series_values(name), "layout": "tscv", "period": period}
    theirs = fk.evaluate(errors, roles={"ar2": "ar"}, **options).comparison.forecasts
    own = fk.evaluate({"ar2": errors["ar2"]}, **options).comparison.forecasts
    assert theirs.origins.tolist() == own.origins.tolist()
    for model in own.models:
        if model in errors:
            assert theirs.of(model) == pytest.approx(own.of(model), rel=1e-8)
    mae = np.abs(theirs.actual - theirs.of("ar2")).mean(axis=0)
    rows = theirs.origins - 1
    assert mae == pytest.approx(np.abs(errors["ar2"][rows]).mean(axis=0), rel=1e-8)


def test_roles_decide_whom_the_verdict_is_about(rng):
    frame = foreign("noise", rng, 60)
    result = fk.evaluate(frame, roles={"blind": "ar", "near": "network"}, period=1)
    assert (result.comparison.verdict.ar, result.comparison.verdict.network) == ("blind", "near")
    assert result.comparison.verdict.outcome == "rnn_worth_it"
    assert repr(result).startswith("near is worth it: it beats every reference")
    assert "Cost" not in repr(result)
    with pytest.raises(UnknownModelError, match="given to 'bline'"):
        fk.evaluate(frame, roles={"bline": "reference"})


def test_a_model_of_the_frame_can_be_a_reference(rng):
    result = fk.evaluate(foreign("noise", rng, 60), roles={"blind": "reference"}, period=1).comparison
    assert result.references == ("naive", "climatology", "blind")
    assert list(result.skill) == ["near"]


def test_several_series_are_judged_one_by_one(rng):
    frame = pd.concat([foreign("a", rng, 30), foreign("b", rng, 40), foreign("short", rng, 5)])
    result = fk.evaluate(frame, roles={"near": "ar"})
    assert list(result.comparisons) == ["a", "b"]
    assert result.refused["short"].startswith("Not enough origins: 'short' has 4 with references")
    lines = repr(result).splitlines()
    assert lines[0] == "2 of 3 series were judged: skill of the one model asked about in 2."
    assert lines[1].startswith(
        "- Not enough origins per series in 1 of 3 series. Such a set is judged across series"
    )
    with pytest.raises(DataError, match="comparisons of 2 series"):
        result.comparison  # noqa: B018


def test_one_origin_per_series_is_not_enough(rng):
    """As in M4: histories, one origin each."""
    frames = [foreign(name, rng, 1, 8) for name in ("H1", "H2", "H3")]
    histories = {name: pd.Series(rng.normal(size=20), index=range(1, 21)) for name in ("H1", "H2", "H3")}
    result = fk.evaluate(pd.concat(frames), history=histories)
    assert repr(result).startswith(
        "Not enough origins per series: 3 series with 1 origin each, and a test of one series needs 10. "
        "Such a set is judged across series, by a panel Diebold-Mariano test"
    )
    assert result.overall().cells.tolist() == [8] * 6


def test_skill_is_refused_with_its_reason(rng):
    result = fk.evaluate(foreign("H1", rng, 1))
    assert "The first: Skill of the forecasts of 'H1' is refused: there is one origin" in repr(result)
    with pytest.raises(DataError, match="Give the series up to each cutoff with history"):
        result.comparison  # noqa: B018


def test_accuracy_is_that_of_all_cells(rng):
    frame = foreign("a", rng, 30)
    frame.loc[7, "near"] = np.nan
    with pytest.warns(UserWarning, match="near lack forecasts"):
        found = fk.evaluate(frame).overall().set_index("model")
    error = frame.y - frame.near
    assert found.loc["near", "cells"] == 119
    assert found.loc["near", "mae"] == pytest.approx(error.abs().mean(), rel=1e-12)
    assert found.loc["near", "rmse"] == pytest.approx(np.sqrt((error**2).mean()), rel=1e-12)
    assert found.loc["near", "bias"] == pytest.approx(error.mean(), rel=1e-12)


def test_conformal_intervals_are_scored(rng):
    result = fk.evaluate(foreign("a", rng, 80), roles={"near": "ar"}, intervals="conformal").comparison
    assert list(result.scores.quantiles) == ["near", "blind"]
    assert "Intervals of near, blind come from their own past errors (conformal)" in repr(result)


def test_histories_as_a_frame(rng):
    frame = foreign("a", rng, 30)
    past = pd.DataFrame({"unique_id": ["a"] * 20 + ["z"] * 2, "ds": [*range(1, 21), 1, 2], "y": 0.5})
    assert fk.evaluate(frame, history=past).comparison.scores.n_origins == 30
    assert fk.evaluate(frame, history=past[:20].drop(columns="unique_id")).comparison.scores.n_origins == 30


@pytest.mark.parametrize(
    ("history", "error", "message"),
    [
        ({"b": np.arange(20.0)}, DataError, "The history lacks 1 of 1 series, the first is 'a'"),
        (pd.DataFrame({"x": [1.0]}), ForecastFrameError, "Its times"),
    ],
)
def test_histories_that_cannot_be(rng, history, error, message):
    with pytest.raises(error, match=message):
        fk.evaluate(foreign("a", rng, 30), history=history)


def test_one_history_for_two_series_is_refused(rng):
    frame = pd.concat([foreign("a", rng, 12), foreign("b", rng, 12)])
    with pytest.raises(DataError, match="One history was given for 2 series"):
        fk.evaluate(frame, history=np.arange(20.0))
    with pytest.raises(ForecastFrameError, match="The history names no series, the forecasts 2"):
        fk.evaluate(frame, history=pd.DataFrame({"ds": [1], "y": [1.0]}))


@pytest.mark.parametrize(
    ("options", "message"), [({"horizon": 0}, "horizon=0"), ({"loss": "mse"}, "no loss 'mse'")]
)
def test_options_that_cannot_be(rng, options, message):
    with pytest.raises(PlanError, match=message):
        fk.evaluate(foreign("a", rng, 12), **options)


class TestReports:
    def test_one_series(self, tmp_path, rng):
        result = fk.evaluate(foreign("a", rng, 30), roles={"near": "ar"})
        fk.report(result, tmp_path)
        assert {path.name for path in tmp_path.iterdir()} == {"index.html", "report.json", "accuracy.csv"}
        page = (tmp_path / "index.html").read_text()
        assert "made elsewhere, read as nixtla" in page
        assert "<h2>Costs</h2>" not in page

    def test_several_series(self, tmp_path, rng):
        frame = pd.concat([foreign("a/b", rng, 20), foreign("a b", rng, 20), foreign("short", rng, 3)])
        fk.report(fk.evaluate(frame, roles={"near": "ar"}), tmp_path)
        assert (tmp_path / "a-b" / "index.html").exists()
        assert (tmp_path / "a-b-2" / "index.html").exists()
        page = (tmp_path / "index.html").read_text()
        assert '<a href="a-b-2/index.html">a b</a>' in page
        assert not re.search(r'(src|href)="http', page)
        told = json.loads((tmp_path / "report.json").read_text())
        assert [row["outcome"] for row in told["series"]] == ["skill_found", "skill_found", ""]
        assert len(pd.read_csv(tmp_path / "summary.csv")) == 3


class TestCommand:
    def run(self, monkeypatch, *words: object) -> int:
        monkeypatch.setattr(sys, "argv", ["forecastkit", "evaluate", *map(str, words)])
        with pytest.raises(SystemExit) as stop:
            main()
        return stop.value.code or 0

    def test_a_file(self, tmp_path, monkeypatch, capsys, rng):
        foreign("a", rng, 30).to_csv(tmp_path / "made.csv", index=False)
        words = [
            tmp_path / "made.csv",
            "--roles",
            "near=ar,blind=network",
            "--out",
            tmp_path / "out",
            "--json",
        ]
        assert self.run(monkeypatch, *words) == 0
        told = json.loads(capsys.readouterr().out)
        assert told["comparison"]["verdict"]["outcome"] == "ar_enough"
        assert (tmp_path / "out" / "index.html").exists()

    def test_matrices_of_r_with_their_series(self, tmp_path, monkeypatch, capsys, rng):
        """As `write.csv(tsCV(...))` writes them, a file per model."""
        y = rng.normal(size=60)
        (tmp_path / "y.csv").write_text("y\n" + "\n".join(map(str, y)))
        for model, share in (("ar", 0.2), ("nn", 2.0)):
            errors = pd.DataFrame({f"h={h}": share * np.roll(y, -h) for h in (1, 2)}, index=range(1, 61))
            errors.iloc[-2:] = np.nan
            errors.to_csv(tmp_path / f"{model}.csv")
        words = [
            tmp_path / "ar.csv",
            tmp_path / "nn.csv",
            "--history",
            tmp_path / "y.csv",
            "--roles",
            "nn=network",
        ]
        assert self.run(monkeypatch, *words, "--out", tmp_path / "out") == 0
        assert capsys.readouterr().out.startswith("ar is enough: it beats every reference")

    def test_parquet_and_histories(self, tmp_path, monkeypatch, capsys, rng):
        foreign("a", rng, 30).to_parquet(tmp_path / "made.parquet")
        past = pd.DataFrame({"unique_id": "a", "ds": range(1, 21), "y": rng.normal(size=20)})
        past.to_csv(tmp_path / "past.csv", index=False)
        words = [tmp_path / "made.parquet", "--history", tmp_path / "past.csv", "--out", tmp_path / "out"]
        assert self.run(monkeypatch, *words) == 0
        assert "30 origins, 1 apart" in capsys.readouterr().out

    @pytest.mark.parametrize(
        ("text", "words", "code", "message"),
        [
            ("", [], 3, "could not be read as a table"),
            ("a,b\n", [], 3, "has no rows"),
            ("ds,cutoff,y,m\n1,1,2,3\n", [], 3, "cutoff 1 is not before its target 1"),
            ("ds,cutoff,y,m\n2,1,2,3\n", ["--roles", "x=ar"], 2, "forecasts nothing in the frame"),
            ("ds,cutoff,y,m\n2,1,2,3\n", ["--roles", "x"], 2, "is no list of pairs"),
        ],
    )
    def test_faults_have_their_exit_code(self, tmp_path, monkeypatch, capsys, text, words, code, message):
        path = Path(tmp_path / "made.csv")
        path.write_text(text)
        assert self.run(monkeypatch, path, *words, "--out", tmp_path / "out") == code
        assert message in capsys.readouterr().err

    def test_missing_and_ambiguous_files(self, tmp_path, monkeypatch, capsys):
        assert self.run(monkeypatch, tmp_path / "none.csv") == 3
        for name in ("x.csv", "x.csv.txt"):
            (tmp_path / name).write_text("h=1\n1\n")
        assert self.run(monkeypatch, tmp_path / "x.csv", tmp_path / "x.csv.txt") == 3
        assert "Each file names its model" in capsys.readouterr().err
