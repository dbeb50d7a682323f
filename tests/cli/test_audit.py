"""`forecastkit audit`, `--strict`, `--placebo`, and what a second report says of changed data."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from forecastkit.comparison.honesty import CHECKS

QUICK = ["synthetic:ar2?n=200", "--horizon", "3", "--origins", "40", "--models", "ar", "-q"]


@pytest.fixture(autouse=True)
def in_empty_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


def one_step_paths() -> pd.DataFrame:
    """Forecasts of a stationary series whose "paths" are one-step forecasts."""
    rng = np.random.default_rng(0)
    y = np.zeros(220)
    for t in range(1, 220):
        y[t] = 0.8 * y[t - 1] + rng.normal()
    days = pd.date_range("2024-01-01", periods=220)
    rows = [
        (days[t - 1], days[t + h - 1], "fake", y[t + h - 1], 0.8 * y[t + h - 2])
        for t in range(100, 217)
        for h in (1, 2, 3)
    ]
    return pd.DataFrame(rows, columns=["cutoff", "target_time", "model", "actual", "mean"])


def test_a_run_is_audited_from_its_folder_or_the_store(run) -> None:
    run("backtest", *QUICK, "--out", "r")
    code, out, _ = run("audit", "r", "--strict")
    assert code == 0
    assert out.startswith("No check of honesty failed: ")
    assert "H-SAMEORIGIN (passed): 4 models, all scored on the same 40 origins" in out
    code, told, _ = run("audit", "r", "--json")
    findings = {finding["code"]: finding["level"] for finding in json.loads(told)["ar2-n200-seed0"]}
    assert set(findings) <= set(CHECKS)
    assert findings["H-BASE"] == "pass"
    run("compare", *QUICK, "--out", "pages")
    assert run("audit", "last")[1].startswith("No check of honesty failed: ")


def test_strict_makes_a_failed_check_exit_5_with_the_report_written(run) -> None:
    one_step_paths().to_csv("made.csv", index=False)
    code, out, err = run("evaluate", "made.csv", "--strict", "--out", "r")
    assert code == 5
    assert "H-RECUR, H-KNOWN failed. `forecastkit audit --explain H-RECUR` says why." in err
    assert "Do not rely on this result: H-RECUR" in out
    assert Path("r/index.html").exists()
    assert run("evaluate", "made.csv", "--out", "r")[0] == 0
    code, out, _ = run("audit", "made.csv", "--strict")
    assert code == 5
    assert "H-SCALE (not tested): Whether a future multiplied by a million" in out


def test_explanations_tell_the_failure_its_example_and_the_rule(run) -> None:
    code, out, _ = run("audit", "--explain", "h-mimic")
    assert code == 0
    assert out.startswith("H-MIMIC: the forecast is yesterday's value.\n\n")
    assert max(map(len, out.splitlines())) <= 80
    listed = run("audit", "--explain", "codes")[1].splitlines()
    assert [line.split()[0] for line in listed] == list(CHECKS)
    code, _, err = run("audit", "--explain", "H-MIMICK")
    assert code == 2
    assert "Did you mean H-MIMIC or" in err


@pytest.mark.parametrize("code", CHECKS)
def test_every_check_explains_itself(code: str) -> None:
    from forecastkit.comparison.honesty import explain

    text = " ".join(explain(code).split())
    assert text.startswith(f"{code}: ")
    assert "Example: " in text
    assert "Rule: " in text


def test_nothing_to_audit_is_a_usage_error(run) -> None:
    code, _, err = run("audit")
    assert code == 2
    assert "Give a run, files of forecasts, or --explain CODE." in err


def test_placebo_is_told_in_the_report(run) -> None:
    run("compare", *QUICK, "--placebo", "2", "--out", "r")
    told = {finding["code"]: finding for finding in json.loads(Path("r/report.json").read_text())["honesty"]}
    assert told["H-PLACEBO"]["facts"]["runs"] == 2


def test_a_second_report_says_whether_the_data_changed(run) -> None:
    rng = np.random.default_rng(1)
    values = 20 + np.cumsum(rng.normal(size=90)).round(3)

    def compare(numbers: np.ndarray) -> dict:
        days = pd.date_range("2024-01-01", periods=len(numbers))
        pd.DataFrame({"ds": days, "y": numbers}).to_csv("y.csv", index=False)
        run("compare", "y.csv", "--horizon", "2", "--origins", "20", "--models", "ar", "-q", "--out", "r")
        findings = json.loads(Path("r/report.json").read_text())["honesty"]
        return next((finding for finding in findings if finding["code"] == "H-REVISE"), {})

    assert compare(values[:80]) == {}
    longer = compare(values)
    assert (longer["level"], longer["facts"]["added"]) == ("pass", 10)
    changed = values.copy()
    changed[50] += 1
    revised = compare(changed)
    assert revised["level"] == "warn"
    assert "the first that differs is at 2024-02-15 to 2024-02-22" in revised["text"]
