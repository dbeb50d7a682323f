"""Run folders: what is finished survives, exactly; what is half-written does not."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from forecastkit.errors import ForecastKitWarning, ReportError
from forecastkit.runs import folder as module
from forecastkit.runs.blocks import Block, Failure
from forecastkit.runs.folder import COLUMNS, RunFolder, write_whole
from forecastkit.series.series import Series

LEVELS = (0.1, 0.9)
SETTINGS = {"plan": {"horizon": 3}, "seed": 0, "loss": "squared"}
NAN = float("nan")


@pytest.fixture
def series() -> Series:
    values = np.random.default_rng(1).normal(size=20) * 10.0 ** np.arange(-10, 10)
    return Series(
        values=values, index=pd.date_range("2024-01-01", periods=20, freq="D"), name="toy, daily", period=7
    )


def start(path: Path, series: Series, replace: bool = False, settings: dict | None = None) -> RunFolder:
    return RunFolder.start(path, settings or SETTINGS, series, LEVELS, replace=replace)


def make(model: str, first: int, seed: int = 0, fails: bool = False, quantiles: bool = True) -> Block:
    """Two origins; with `fails` the second one has no answer."""
    rng = np.random.default_rng([first, seed])
    mean = rng.normal(size=(2, 3)) * 10.0 ** rng.integers(-12, 12, size=(2, 3))
    limits = np.stack([mean - 1 / 3, mean + 2 / 3], axis=2) if quantiles else None
    failures = ()
    if fails:
        mean[1] = NAN
        limits = None if limits is None else np.concatenate([limits[:1], np.full((1, 3, 2), NAN)])
        failures = (Failure(model, seed, first + 1, "ValueError", 'said "no",\nand left'),)
    facts = {"p": np.int64(2), "share": np.float64(1 / 3), "modelled": "levels"}
    return Block(model, seed, np.array([first, first + 1]), mean, limits, failures, 0.1, 1 / 3, facts)


ACTUAL = np.array([[1 / 3, 2.0, 3e300], [0.1, -0.2, 1e-300]])
BLOCKS = (make("ar", 12), make("ar", 14, fails=True), make("lstm", 12, 1, quantiles=False))


def fill(run: RunFolder, series: Series, blocks: tuple[Block, ...] = BLOCKS) -> None:
    for block in blocks:
        run.append(block, series, ACTUAL)


def assert_same(found: Block, made: Block) -> None:
    assert found.key == made.key
    assert found.origins.tolist() == made.origins.tolist()
    assert np.array_equal(found.mean, made.mean, equal_nan=True)
    assert (found.quantiles is None) == (made.quantiles is None)
    if made.quantiles is not None:
        assert np.array_equal(found.quantiles, made.quantiles, equal_nan=True)
    assert found.failures == made.failures
    assert (found.fit_seconds, found.forecast_seconds) == (made.fit_seconds, made.forecast_seconds)
    assert dict(found.facts) == {"p": 2, "share": 1 / 3, "modelled": "levels"}


def names(path: Path) -> set[str]:
    return {file.name for file in path.iterdir()} - {".lock"}


class TestRoundTrip:
    def test_every_bit_comes_back(self, tmp_path, series):
        run = start(tmp_path / "deep" / "run", series)
        fill(run, series)
        found = RunFolder.read(run.path, LEVELS)
        assert list(found.blocks) == [("ar", 0, 12), ("ar", 0, 14), ("lstm", 1, 12)]
        for made in BLOCKS:
            assert_same(found.blocks[made.key], made)
        assert found.manifest == json.loads(json.dumps(run.manifest))

    def test_files(self, tmp_path, series):
        run = start(tmp_path / "run", series)
        fill(run, series)
        files = {"manifest.json", "series.csv", "forecasts.csv", "blocks.jsonl", "failures.json"}
        assert names(run.path) == files
        table = pd.read_csv(run.path / "forecasts.csv")
        assert tuple(table.columns) == (*COLUMNS, "q0.1", "q0.9")
        assert len(table) == 3 * 2 * 3
        first = table.iloc[0]
        assert first[["series", "model", "cutoff", "target_time"]].tolist() == [
            "toy, daily",
            "ar",
            "2024-01-12",
            "2024-01-13",
        ]
        assert (first["seed"], first["origin"], first["h"], first["actual"]) == (0, 12, 1, 1 / 3)
        assert table["mean"].isna().sum() == 3
        failures = json.loads((run.path / "failures.json").read_text())
        assert [(f["model"], f["origin"], f["message"]) for f in failures] == [
            ("ar", 15, 'said "no",\nand left')
        ]

    def test_the_series_is_kept_exactly(self, tmp_path, series):
        run = start(tmp_path / "run", series)
        lines = (run.path / "series.csv").read_text().splitlines()
        assert lines[0] == "ds,y"
        assert lines[1].split(",")[0] == "2024-01-01"
        assert [float(line.split(",")[1]) for line in lines[1:]] == series.values.tolist()

    def test_the_manifest_names_data_and_settings(self, tmp_path, series):
        manifest = json.loads((start(tmp_path / "run", series).path / "manifest.json").read_text())
        assert manifest["schema_version"] == 1
        assert manifest["settings"] == SETTINGS
        assert manifest["series"] == {
            "name": "toy, daily",
            "unit": "",
            "period": 7,
            "spacing": "regular",
            "frequency": "D",
            "index": "dates",
            "fingerprint": series.fingerprint,
            "missing": "error",
            "covariates": {"known": [], "past": []},
            "source": {},
        }
        assert len(manifest["key"]) == 64


class TestResume:
    def test_the_same_run_goes_on(self, tmp_path, series):
        fill(start(tmp_path, series), series, BLOCKS[:2])
        again = start(tmp_path, series)
        assert list(again.blocks) == [("ar", 0, 12), ("ar", 0, 14)]
        again.append(BLOCKS[2], series, ACTUAL)
        found = RunFolder.read(tmp_path, LEVELS)
        assert len(found.blocks) == 3
        for made in BLOCKS:
            assert_same(found.blocks[made.key], made)

    def test_resuming_changes_no_byte(self, tmp_path, series):
        fill(start(tmp_path, series), series)
        before = {name: (tmp_path / name).read_bytes() for name in names(tmp_path)}
        start(tmp_path, series)
        assert {name: (tmp_path / name).read_bytes() for name in names(tmp_path)} == before

    @pytest.mark.parametrize("torn", ["toy", '"toy, daily",lstm,1,14,2024-01-14,1,2024-', '"toy, dai'])
    def test_a_torn_row_is_dropped_with_its_unfinished_block(self, torn, tmp_path, series):
        fill(start(tmp_path, series), series, BLOCKS[:2])
        with (tmp_path / "forecasts.csv").open("a") as file:
            file.write('"toy, daily",lstm,1,12,2024-01-12,1,2024-01-13,0.5,0.25,,\n' + torn)
        again = start(tmp_path, series)
        assert list(again.blocks) == [("ar", 0, 12), ("ar", 0, 14)]
        assert "lstm" not in (tmp_path / "forecasts.csv").read_text()
        again.append(BLOCKS[2], series, ACTUAL)
        assert_same(RunFolder.read(tmp_path, LEVELS).blocks["lstm", 1, 12], BLOCKS[2])
        assert len(pd.read_csv(tmp_path / "forecasts.csv")) == 18

    @pytest.mark.parametrize("cut", [1, 30, -2])
    def test_a_torn_line_drops_its_block_only(self, cut, tmp_path, series):
        """Cut within the last line of blocks.jsonl: that block is computed again, the others stay."""
        fill(start(tmp_path, series), series)
        ledger = tmp_path / "blocks.jsonl"
        *whole, last = ledger.read_text().splitlines(keepends=True)
        ledger.write_text("".join(whole) + last[:cut])
        again = start(tmp_path, series)
        assert list(again.blocks) == [("ar", 0, 12), ("ar", 0, 14)]
        again.append(BLOCKS[2], series, ACTUAL)
        found = RunFolder.read(tmp_path, LEVELS)
        assert list(found.blocks) == [("ar", 0, 12), ("ar", 0, 14), ("lstm", 1, 12)]
        for made in BLOCKS:
            assert_same(found.blocks[made.key], made)

    def test_a_line_that_lost_its_newline_only(self, tmp_path, series):
        fill(start(tmp_path, series), series, BLOCKS[:1])
        ledger = tmp_path / "blocks.jsonl"
        ledger.write_text(ledger.read_text().rstrip("\n"))
        again = start(tmp_path, series)
        fill(again, series, tuple(block for block in BLOCKS if block.key not in again.blocks))
        assert set(RunFolder.read(tmp_path, LEVELS).blocks) == {block.key for block in BLOCKS}

    def test_interrupted_before_the_first_block(self, tmp_path, series):
        start(tmp_path, series)
        assert start(tmp_path, series).blocks == {}
        assert RunFolder.read(tmp_path, LEVELS).blocks == {}


class TestAnotherRun:
    @pytest.mark.parametrize(
        ("change", "said"),
        [
            ({"seed": 1}, "it differs in seed"),
            ({"seed": 1, "loss": "absolute"}, "it differs in seed, loss"),
            ({"plan": {"horizon": 4}}, "it differs in plan"),
        ],
    )
    def test_other_settings_are_refused_by_name(self, change, said, tmp_path, series):
        fill(start(tmp_path, series), series)
        with pytest.raises(ReportError) as caught:
            start(tmp_path, series, settings={**SETTINGS, **change})
        assert str(caught.value) == (
            f"{str(tmp_path)!r} holds another run: {said}. Choose another --out, or pass --overwrite "
            "to lose it."
        )
        assert len(RunFolder.read(tmp_path, LEVELS).blocks) == 3

    def test_other_data_are_refused(self, tmp_path, series):
        start(tmp_path, series)
        other = Series(values=series.values + 1, index=series.index, name=series.name, period=7)
        with pytest.raises(ReportError, match=r"holds another run: it differs in data\. "):
            start(tmp_path, other)

    def test_replace_begins_anew(self, tmp_path, series):
        fill(start(tmp_path, series), series)
        with pytest.warns(ForecastKitWarning, match="it differs in seed; it is begun anew"):
            run = start(tmp_path, series, replace=True, settings={**SETTINGS, "seed": 1})
        assert run.blocks == {}
        assert RunFolder.read(tmp_path, LEVELS).blocks == {}
        assert len((tmp_path / "forecasts.csv").read_text().splitlines()) == 1
        assert json.loads((tmp_path / "failures.json").read_text()) == []

    def test_replace_keeps_the_same_run(self, tmp_path, series):
        fill(start(tmp_path, series), series)
        assert len(start(tmp_path, series, replace=True).blocks) == 3

    @pytest.mark.parametrize("replace", [False, True])
    def test_a_folder_of_something_else_is_left_alone(self, replace, tmp_path, series):
        (tmp_path / "thesis.txt").write_text("years of work")
        with pytest.raises(ReportError) as caught:
            start(tmp_path, series, replace=replace)
        assert str(caught.value) == (
            f"{str(tmp_path)!r} is not empty and holds no run. Choose a new or empty folder with --out."
        )
        assert names(tmp_path) == {"thesis.txt"}


class TestUnusable:
    def test_a_folder_below_a_file(self, tmp_path, series):
        (tmp_path / "file").write_text("x")
        with pytest.raises(
            ReportError, match=r"run' cannot be written \(Not a directory\)\. Choose another --out"
        ):
            start(tmp_path / "file" / "run", series)

    def test_a_file_instead_of_a_folder(self, tmp_path, series):
        (tmp_path / "file").write_text("x")
        with pytest.raises(ReportError, match=r"file' cannot be written \(File exists\)"):
            start(tmp_path / "file", series)
        assert (tmp_path / "file").read_text() == "x"

    def test_a_disk_that_fills_up(self, tmp_path, series, monkeypatch):
        run = start(tmp_path, series)
        fill(run, series, BLOCKS[:1])

        def full(path: Path, text: str) -> None:
            raise OSError(28, "No space left on device")

        monkeypatch.setattr(module, "_append", full)
        with pytest.raises(
            ReportError, match=r"\(No space left on device\).*what was finished before is kept"
        ):
            run.append(BLOCKS[1], series, ACTUAL)
        monkeypatch.undo()
        assert list(start(tmp_path, series).blocks) == [("ar", 0, 12)]


class TestDamaged:
    def test_no_run_there(self, tmp_path):
        with pytest.raises(ReportError) as caught:
            RunFolder.read(tmp_path, LEVELS)
        assert str(caught.value) == (
            f"{str(tmp_path)!r} holds no run (manifest.json is missing). Give a folder that `forecastkit "
            "backtest --out` wrote."
        )

    def test_a_file_is_no_run(self, tmp_path):
        (tmp_path / "series.csv").write_text("y\n1\n")
        with pytest.raises(ReportError, match=r"series\.csv' holds no run"):
            RunFolder.read(tmp_path / "series.csv", LEVELS)

    @pytest.mark.parametrize("text", ["", '{"schema_version": 1, ', "[]", '{"schema_version": null}'])
    def test_a_damaged_manifest_cannot_be_read(self, text, tmp_path, series):
        run = start(tmp_path, series)
        (run.path / "manifest.json").write_text(text)
        with pytest.raises(ReportError, match=str(tmp_path)):
            RunFolder.read(tmp_path, LEVELS)

    @pytest.mark.parametrize("text", ["", '{"schema_version": 1, ', "[]"])
    def test_a_damaged_manifest_is_not_continued(self, text, tmp_path, series):
        start(tmp_path, series)
        (tmp_path / "manifest.json").write_text(text)
        with pytest.raises(ReportError, match=str(tmp_path)):
            start(tmp_path, series)

    def test_a_damaged_run_can_be_replaced(self, tmp_path, series):
        fill(start(tmp_path, series), series)
        (tmp_path / "manifest.json").write_text("{")
        with pytest.warns(ForecastKitWarning, match="is damaged"):
            assert start(tmp_path, series, replace=True).blocks == {}

    def test_a_damaged_ledger_is_not_continued(self, tmp_path, series):
        fill(start(tmp_path, series), series)
        ledger = tmp_path / "blocks.jsonl"
        ledger.write_text("nonsense\n" + ledger.read_text())
        with pytest.raises(ReportError, match="is damaged"):
            RunFolder.read(tmp_path, LEVELS)
        with pytest.raises(ReportError, match=str(tmp_path)):
            start(tmp_path, series)

    def test_another_schema_version(self, tmp_path, series):
        manifest = start(tmp_path, series).path / "manifest.json"
        manifest.write_text(json.dumps({**json.loads(manifest.read_text()), "schema_version": 99}))
        with pytest.raises(ReportError, match="was written with run schema 99; this version reads 1"):
            RunFolder.read(tmp_path, LEVELS)

    def test_forecasts_that_are_gone(self, tmp_path, series):
        fill(start(tmp_path, series), series)
        (tmp_path / "forecasts.csv").unlink()
        with pytest.raises(ReportError, match=r"forecasts\.csv is missing"):
            RunFolder.read(tmp_path, LEVELS)

    def test_a_listed_block_without_its_rows(self, tmp_path, series):
        fill(start(tmp_path, series), series)
        table = tmp_path / "forecasts.csv"
        table.write_text("".join(table.read_text().splitlines(keepends=True)[:-1]))
        assert len(RunFolder.read(tmp_path, LEVELS).blocks) == 2
        assert len(start(tmp_path, series).blocks) == 2

    def test_a_changed_digit_costs_its_block(self, tmp_path, series):
        fill(start(tmp_path, series), series)
        table = tmp_path / "forecasts.csv"
        text = table.read_text()
        table.write_text(text.rstrip("\n")[:-1] + "\n")
        assert len(start(tmp_path, series).blocks) == 2

    def test_interrupted_while_it_begins(self, tmp_path, series, monkeypatch):
        whole, written = module.write_whole, []

        def fails_at(count):
            def write(path, text):
                written.append(path.name)
                if len(written) == count:
                    raise KeyboardInterrupt
                whole(path, text)

            return write

        for count in range(1, 7):
            written.clear()
            monkeypatch.setattr(module, "write_whole", fails_at(count))
            with pytest.raises(KeyboardInterrupt):
                start(tmp_path / str(count), series)
            monkeypatch.setattr(module, "write_whole", whole)
            run = start(tmp_path / str(count), series)
            fill(run, series)
            assert len(RunFolder.read(run.path, LEVELS).blocks) == 3

    def test_another_process_is_kept_out(self, tmp_path, series):
        run = start(tmp_path, series)
        program = (
            "import sys; from filelock import FileLock\n"
            f"lock = FileLock({str(tmp_path / '.lock')!r}, blocking=False)\n"
            "try: lock.acquire()\nexcept Exception as error: print(type(error).__name__)\nelse: print('in')"
        )
        command = [sys.executable, "-c", program]
        assert subprocess.run(command, capture_output=True, text=True).stdout == "Timeout\n"
        run.close()
        assert subprocess.run(command, capture_output=True, text=True).stdout == "in\n"


class TestWholeOrNothing:
    def test_no_part_is_left(self, tmp_path, series):
        fill(start(tmp_path, series), series)
        assert [name for name in names(tmp_path) if name.endswith(".part")] == []

    def test_an_interrupted_write_leaves_what_was_there(self, tmp_path, monkeypatch):
        target = tmp_path / "failures.json"
        write_whole(target, "old")

        def die(*_: object) -> None:
            raise KeyboardInterrupt

        monkeypatch.setattr(os, "replace", die)
        with pytest.raises(KeyboardInterrupt):
            write_whole(target, "new")
        assert target.read_text() == "old"

    def test_a_written_file_is_complete(self, tmp_path):
        write_whole(tmp_path / "x.json", "ä" * 10_000)
        assert (tmp_path / "x.json").read_text(encoding="utf-8") == "ä" * 10_000
        assert names(tmp_path) == {"x.json"}
