"""Exported runs: whole or not at all, and read back to the same bits."""

from __future__ import annotations

import json
import os
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

import forecastkit as fk
from forecastkit.archive import export_run
from forecastkit.errors import ReportError
from forecastkit.runs import folder as module
from forecastkit.runs.folder import COLUMNS, read_folder, write_whole

Y = np.random.default_rng(1).normal(size=60)
PLAN = fk.BacktestPlan(horizon=3, origins=12)
FILES = {"manifest.json", "series.csv", "forecasts.csv", "fits.json", "failures.json"}


@pytest.fixture
def run() -> str:
    return fk.backtest(fk.Series.from_array(Y, name='toy, "daily"'), "ar", plan=PLAN).run_id


def names(path: Path) -> set[str]:
    return {file.name for file in path.iterdir()}


@pytest.mark.parametrize("to", ["csv", "parquet"])
def test_every_bit_comes_back(run, to, tmp_path):
    place = tmp_path / "deep" / "run"
    export_run(run, place, to=to)
    assert names(place) == {name.replace("forecasts.csv", f"forecasts.{to}") for name in FILES}
    kept, read = fk.read_run(run), fk.read_run(place)
    assert read.forecasts.mean.tobytes() == kept.forecasts.mean.tobytes()
    assert read.forecasts.quantiles["ar"].tobytes() == kept.forecasts.quantiles["ar"].tobytes()
    assert read.forecasts.facts == kept.forecasts.facts
    assert read.forecasts.fit_seconds == kept.forecasts.fit_seconds
    assert set(read.forecasts.footprints) == {"naive", "climatology", "ar"}
    assert read.forecasts.footprints == kept.forecasts.footprints
    assert read.forecasts.run_id == run


def test_the_table_is_for_anyone(run, tmp_path):
    export_run(run, tmp_path / "run")
    table = pd.read_csv(tmp_path / "run" / "forecasts.csv")
    assert tuple(table.columns) == (*COLUMNS, "q0.025", "q0.1", "q0.9", "q0.975")
    assert len(table) == 3 * 12 * 3
    first = table.iloc[0]
    assert first[["series", "model"]].tolist() == ['toy, "daily"', "naive"]
    assert first[["seed", "origin", "cutoff", "h", "target_time"]].tolist() == [0, 46, 45, 1, 46]
    assert first["actual"] == Y[46]
    assert first["mean"] == Y[45]


def test_another_run_is_refused_and_the_same_one_replaced(run, tmp_path):
    export_run(run, tmp_path / "run")
    export_run(run, tmp_path / "run", to="parquet")
    assert "forecasts.csv" not in names(tmp_path / "run")
    other = fk.backtest(Y, "ar", plan=fk.BacktestPlan(horizon=2, origins=12)).run_id
    with pytest.raises(ReportError, match=rf"holds another run \({run}\)\. Choose another --out, or pass"):
        export_run(other, tmp_path / "run")
    export_run(other, tmp_path / "run", overwrite=True)
    assert json.loads((tmp_path / "run" / "manifest.json").read_text())["run"] == other
    assert names(tmp_path) == {"run"}


def test_a_folder_of_something_else_is_left_alone(run, tmp_path):
    (tmp_path / "thesis.txt").write_text("years of work")
    for overwrite in (False, True):
        with pytest.raises(ReportError, match=r"is not empty and holds no run"):
            export_run(run, tmp_path, overwrite=overwrite)
    with pytest.raises(ReportError, match=r"is a file"):
        export_run(run, tmp_path / "thesis.txt")
    assert names(tmp_path) == {"thesis.txt"}


def test_an_export_that_fails_leaves_what_was_there(run, tmp_path, monkeypatch):
    export_run(run, tmp_path / "run")
    before = (tmp_path / "run" / "forecasts.csv").read_bytes()

    def full(*_: object, **__: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(module, "_write_json", full)
    for place in ("run", "new"):
        with pytest.raises(ReportError, match=r"\(No space left on device\).*kept in the store"):
            export_run(run, tmp_path / place)
    assert names(tmp_path) == {"run"}
    assert (tmp_path / "run" / "forecasts.csv").read_bytes() == before


@pytest.mark.parametrize(
    ("file", "change", "said"),
    [
        ("manifest.json", lambda text: "{", "is damaged"),
        ("manifest.json", lambda text: text.replace('n": 2', 'n": 1', 1), "run schema 1"),
        ("fits.json", lambda text: "[]]", "is damaged"),
        ("forecasts.csv", lambda text: text.rstrip("\n")[:-1] + "\n", "forecasts of ar at origin"),
        ("forecasts.csv", lambda text: "".join(text.splitlines(keepends=True)[:-1]), "is damaged"),
        ("series.csv", lambda text: text.replace("\n0,", "\n0,1"), "not the one that the run was made on"),
    ],
)
def test_damage_is_told(run, file, change, said, tmp_path):
    export_run(run, tmp_path / "run")
    path = tmp_path / "run" / file
    path.write_text(change(path.read_text()))
    with pytest.raises(ReportError, match=said):
        read_folder(tmp_path / "run")


def test_no_run_there(run, tmp_path):
    with pytest.raises(ReportError, match=r"holds no run \(manifest.json is missing\)"):
        read_folder(tmp_path)
    export_run(run, tmp_path / "run")
    (tmp_path / "run" / "forecasts.csv").unlink()
    with pytest.raises(ReportError, match=r"forecasts\.csv is missing"):
        read_folder(tmp_path / "run")


def test_a_written_file_is_complete_or_as_it_was(tmp_path, monkeypatch):
    target = tmp_path / "x.json"
    write_whole(target, "ä" * 10_000)
    assert target.read_text(encoding="utf-8") == "ä" * 10_000

    def die(*_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(os, "replace", die)
    with pytest.raises(KeyboardInterrupt):
        write_whole(target, "new")
    assert target.read_text(encoding="utf-8") == "ä" * 10_000
