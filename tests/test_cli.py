"""The command line: exit codes, messages without tracebacks, nothing half-written, Ctrl-C and resume."""

import json
import signal
import sqlite3
import subprocess
import sys
import time
from contextlib import closing
from pathlib import Path

import numpy as np
import pytest

from forecastkit.api import DEFAULT_MODELS
from forecastkit.cli import COMMANDS
from forecastkit.cli.compare import command as compare
from forecastkit.models.registry import MODELS

QUICK = ["synthetic:ar2?n=400", "--horizon", "4", "--origins", "150", "--models", "naive,ar"]


@pytest.fixture(autouse=True)
def in_empty_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


def write_csv(path: str, rows: list[str]) -> None:
    Path(path).write_text("\n".join(["ds,y", *rows]) + "\n")


def daily(values: list[object]) -> list[str]:
    start = np.datetime64("2024-01-01")
    return [f"{start + np.timedelta64(i, 'D')},{value}" for i, value in enumerate(values)]


GOOD = (np.cumsum(np.random.default_rng(0).normal(size=90)) + 30).round(3).tolist()


def test_compare_prints_the_verdict_and_writes_the_report(run) -> None:
    code, out, err = run("compare", *QUICK, "--out", "r")
    assert code == 0
    assert out.startswith("ar beats every reference up to h = 3; no network was compared.\n")
    assert err.endswith("Report: r/index.html\n")
    told = json.loads(Path("r/report.json").read_text())
    assert told["verdict"]["outcome"] == "skill_found"
    assert told["schema_version"] == 1
    assert "<html" in Path("r/index.html").read_text()
    assert not list(Path("r").rglob("*.part"))


def test_compare_json_is_the_report(run) -> None:
    code, out, _ = run("compare", *QUICK, "--json")
    assert code == 0
    folder = Path("reports/ar2-n400-seed0")
    assert json.loads(out) == json.loads((folder / "report.json").read_text())


def test_backtest_then_report(run) -> None:
    code, out, _ = run("backtest", *QUICK, "--step", "2", "--refit-every", "ar=5", "--out", "runs/a")
    assert code == 0
    assert "150 of 150 origins are common to all models." in out
    manifest = json.loads(Path("runs/a/manifest.json").read_text())
    assert manifest["settings"]["plan"]["refit_every"] == {"ar": 5}
    assert sorted(p.name for p in Path("runs/a").iterdir()) == [
        "failures.json",
        "fits.json",
        "forecasts.csv",
        "manifest.json",
        "series.csv",
    ]
    code, out, _ = run("report", "runs/a", "--format", "html", "--out", "pages")
    assert (code, [p.name for p in Path("pages").iterdir()]) == (0, ["index.html"])


def test_a_repeated_backtest_computes_nothing_and_another_is_refused(run) -> None:
    run("backtest", *QUICK, "--out", "a")
    before = Path("a/fits.json").read_text()
    assert run("backtest", *QUICK, "--out", "a")[0] == 0
    assert Path("a/fits.json").read_text() == before  # the same seconds: nothing was computed
    assert run("backtest", *QUICK, "--out", "a", "--fresh")[0] == 0
    assert Path("a/fits.json").read_text() != before
    code, _, err = run("backtest", *QUICK, "--seed", "1", "--out", "a")
    assert code == 6
    assert "). Choose another --out, or pass --overwrite to lose it." in err
    assert run("backtest", *QUICK, "--seed", "1", "--out", "a", "--overwrite")[0] == 0


@pytest.mark.parametrize("name", ["sunspots", "co2", "wti"])
def test_datasets(run, name: str) -> None:
    assert name in run("datasets")[1]
    assert f"name         {name}" in run("datasets", "show", name)[1]
    assert json.loads(run("datasets", "--json")[1])["datasets"][name]["licence"] == "public domain"
    assert json.loads(run("datasets", "show", name, "--json")[1])["name"] == name


def test_models_by_default_are_those_of_python() -> None:
    (models,) = [option for option in compare.params if option.name == "models"]
    assert models.default == ",".join(DEFAULT_MODELS)


def test_models_lists_every_name(run) -> None:
    named = [line.split()[0] for line in run("models")[1].splitlines() if not line.startswith(" ")]
    assert named[-len(MODELS) :] == list(MODELS)


def test_diagnose_prints_the_findings_and_writes_the_page(run) -> None:
    code, out, err = run("diagnose", "sunspots", "--out", "d")
    assert code == 0
    assert out.startswith("There may be something for a network to find")
    assert err.endswith("Diagnosis: d/diagnosis.html\n")
    code, told, _ = run("diagnose", "sunspots", "--out", "d", "--json")
    assert told == Path("d/diagnosis.json").read_text()
    assert json.loads(told)["season"]["cycles"][0]["period"] == 11


@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_has_help(run, command: str) -> None:
    code, out, _ = run(command, "--help")
    assert code == 0
    assert "Usage:" in out


BAD_INPUT = {
    "missing file": (["nowhere.csv"], None, 3, "There is no file 'nowhere.csv'"),
    "unknown dataset": (["sunspotz"], None, 3, "Did you mean sunspots"),
    "empty file": (["bad.csv"], "", 3, "bad.csv is empty"),
    "wrong column": (["bad.csv", "--column", "z"], daily(GOOD), 3, "has no column 'z'"),
    "text": (["bad.csv"], daily([*GOOD[:5], "n/a?", *GOOD[5:]]), 3, "the first is 'n/a?' in data row 6"),
    "NaN": (["bad.csv"], daily([*GOOD[:5], "", *GOOD[5:]]), 3, "1 missing values, the first at position 5"),
    "inf": (
        ["bad.csv"],
        daily([*GOOD[:5], "inf", *GOOD[5:]]),
        3,
        "1 infinite values, the first at position 5",
    ),
    "duplicate dates": (["bad.csv"], [*daily(GOOD), daily(GOOD)[-1]], 3, "1 duplicate dates"),
    "unsorted dates": (["bad.csv"], [*daily(GOOD)[5:], *daily(GOOD)[:5]], 3, "out of order"),
    "gap": (
        ["bad.csv", "--frequency", "D"],
        daily(GOOD)[:20] + daily(GOOD)[22:],
        3,
        "the first is 2024-01-21",
    ),
    "constant": (["bad.csv"], daily([5] * 90), 3, "is constant (5)"),
    "too short": (["bad.csv"], daily(GOOD[:40]), 3, "has 40 observations; horizon 24"),
    "too many origins": (["bad.csv", "--origins", "60"], daily(GOOD), 3, "Use origins=42 or fewer"),
    "horizon 0": (["bad.csv", "--horizon", "0"], daily(GOOD), 2, "horizon is 0"),
    "unknown model": (
        ["bad.csv", "--models", "naive,arr"],
        daily(GOOD),
        2,
        "There is no model 'arr'. Did you mean ar or ar-direct?",
    ),
    "unknown transform": (["bad.csv", "--transform", "logs"], daily(GOOD), 2, "Did you mean log"),
    "log of zero": (["bad.csv", "--transform", "log"], daily([0, *GOOD]), 3, "needs every value above zero"),
    "unknown loss": (["bad.csv", "--loss", "mse"], daily(GOOD), 2, "There is no loss 'mse'"),
    "refit of a model not asked for": (
        ["bad.csv", "--refit-every", "lstm=2"],
        daily(GOOD),
        2,
        "names 'lstm'",
    ),
    "odd refit policy": (["bad.csv", "--refit-every", "often"], daily(GOOD), 2, "'often' is no policy"),
    "column of a dataset": (
        ["sunspots", "--column", "y"],
        None,
        2,
        "is no file, so column cannot be chosen",
    ),
    "odd synthetic": (["synthetic:ar2?m=3"], None, 2, "has no parameter 'm'"),
    "unreadable date": (["bad.csv"], ["last Monday,1", "01/01/2025,2"], 3, "does not read as ISO 8601"),
}


@pytest.mark.parametrize("case", BAD_INPUT)
def test_bad_input_gets_one_sentence_and_leaves_nothing(run, case: str) -> None:
    words, rows, expected, message = BAD_INPUT[case]
    if rows == "":
        Path("bad.csv").write_text("")
    elif rows is not None:
        write_csv("bad.csv", rows)
    models = [] if "--models" in words else ["--models", "naive,ar"]
    code, out, err = run("compare", *words, *models, "--out", "result")
    assert (code, out) == (expected, "")
    assert message in err
    assert "Traceback" not in err
    assert not Path("result").exists()


def test_unknown_command_names_the_nearest(run) -> None:
    code, _, err = run("cmpare")
    assert code == 2
    assert "Did you mean compare" in err


def test_an_unwritable_place_is_exit_6(run) -> None:
    Path("file").write_text("")
    code, _, err = run("compare", *QUICK, "--out", "file/below")
    assert code == 6
    assert "could not be written" in err


def test_a_report_of_nothing_is_exit_6(run) -> None:
    code, _, err = run("report", "nowhere")
    assert code == 6
    assert "There is no run 'nowhere'" in err
    Path("folder").mkdir()
    code, _, err = run("report", "folder")
    assert code == 6
    assert "holds no run (manifest.json is missing)" in err


def test_an_unfinished_run_is_named_so_and_can_be_resumed(run, store_of_its_own) -> None:
    run("backtest", *QUICK)
    with sqlite3.connect(store_of_its_own) as store:
        store.execute("DELETE FROM blocks WHERE key = (SELECT key FROM tasks WHERE model = 'ar')")
        store.execute("UPDATE runs SET finished = NULL")
    code, _, err = run("report", "last")
    assert code == 6
    assert "is unfinished: 450 of 600 forecast paths are there" in err
    assert "3 of 4 tasks" in run("runs", "list")[1]
    code, out, _ = run("runs", "resume", "last")
    assert code == 0
    assert out.startswith("ar beats every reference up to h = 3")
    assert run("report", "last")[1] == out


def test_a_model_that_fails_too_often_is_exit_4_with_a_report(run) -> None:
    write_csv("short.csv", daily(GOOD[:70]))
    words = ("short.csv", "--horizon", "20", "--origins", "12", "--models", "ar,lstm", "--seeds", "1")
    code, out, err = run("compare", *words, "--out", "r")
    assert code == 4
    assert "lstm failed at more than 10 % of the origins" in err
    assert "lstm failed at 12 of 12 origins and left the comparison" in out
    assert Path("r/index.html").exists()


def test_ctrl_c_keeps_what_is_finished_and_the_same_command_goes_on() -> None:
    words = ["backtest", "synthetic:ar2?n=600", "--models", "ar-direct", "--horizon", "12", "-q"]
    command = [sys.executable, "-m", "forecastkit", *words, "--store", "runs.db"]
    process = subprocess.Popen(command, stderr=subprocess.PIPE, stdout=subprocess.DEVNULL, text=True)
    for _ in range(2400):
        if Path("runs.db").exists() and kept("runs.db") > 5:
            break
        time.sleep(0.05)
    process.send_signal(signal.SIGINT)
    _, err = process.communicate(timeout=120)
    assert process.returncode == 130
    assert err == "\nInterrupted: what is finished is kept; the same command goes on from there.\n"
    before = kept("runs.db")
    assert 5 < before < 253
    done = subprocess.run([*command, "--out", "a"], capture_output=True, text=True, check=True)
    assert "250 of 250 origins are common" in done.stdout
    assert kept("runs.db") == 253
    subprocess.run([*command[:-2], "--no-store", "--out", "b"], check=True, capture_output=True)
    assert Path("a/forecasts.csv").read_bytes() == Path("b/forecasts.csv").read_bytes()


def kept(path: str) -> int:
    """How many tasks a store has."""
    try:
        with closing(sqlite3.connect(f"file:{path}?mode=ro", uri=True)) as store:
            return int(store.execute("SELECT count(*) FROM blocks").fetchone()[0])
    except sqlite3.OperationalError:  # it is just being made
        return 0
