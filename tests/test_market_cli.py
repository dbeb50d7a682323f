"""Market data through the command line, in processes of their own: results, exit codes, one sentence each."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from loopback import DOWN, LIMITED, PAGE, Market, Reply, Yahoo, prices

from forecastkit.cli import main

QUICK = ("--models", "ar", "--horizon", "3", "--origins", "20", "-q")


@pytest.fixture
def run(yahoo: Yahoo, tmp_path: Path):
    def call(*words: str, **environment: str) -> subprocess.CompletedProcess[str]:
        command = [sys.executable, "-m", "forecastkit", *words]
        given = {**os.environ, "FORECASTKIT_TRIES": "2", **environment}
        return subprocess.run(
            command, capture_output=True, text=True, cwd=tmp_path, env=given, timeout=120, check=False
        )

    return call


@pytest.fixture
def here(yahoo: Yahoo, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]):
    """The same commands in this process, where no exit code of a process is at stake."""
    monkeypatch.chdir(tmp_path)

    def call(*words: str) -> subprocess.CompletedProcess[str]:
        monkeypatch.setattr(sys, "argv", ["forecastkit", *words])
        with pytest.raises(SystemExit) as stop:
            main()
        return subprocess.CompletedProcess(words, int(stop.value.code or 0), *capsys.readouterr())

    return call


def test_compare_then_offline_then_from_the_snapshot(run, here, yahoo) -> None:
    yahoo.markets["AAA"] = Market(prices())
    first = run("compare", "yahoo:AAA", *QUICK, "--json")
    assert first.returncode == 0, first.stderr
    told = json.loads(first.stdout)
    assert told["settings"]["transform"] == "log-return"
    yahoo.requests = 0
    yahoo.markets["AAA"] = Market(prices(seed=4))
    snapshot = told["series"]["source"]["snapshot"]
    for call, *words in ((run, "yahoo:AAA", "--offline"), (here, snapshot)):
        again = json.loads(call("compare", *words, *QUICK, "--json", "--out", f"r{len(words)}").stdout)
        assert again["models"] == told["models"]
    assert yahoo.requests == 0


def test_several_symbols_with_one_unknown(run, yahoo, tmp_path) -> None:
    yahoo.markets = {"AAA": Market(prices(seed=1)), "BBB": Market(prices(seed=2))}
    done = run("compare", "yahoo:AAA,BBB,CCC", *QUICK, "--out", "out")
    assert done.returncode == 0, done.stderr
    assert "Warning: yahoo:CCC was not compared: Yahoo does not know the symbol 'CCC'." in done.stderr
    assert done.stdout.startswith("2 of 3 series were compared: ")
    told = json.loads((tmp_path / "out/report.json").read_text())
    assert list(told["series"]) == ["yahoo:AAA", "yahoo:BBB"]
    assert told["failures"]["yahoo:CCC"]["error"] == "UnknownSymbolError"
    page = (tmp_path / "out/index.html").read_text()
    for folder in ("yahoo-AAA", "yahoo-BBB"):
        assert f'href="{folder}/index.html"' in page
        assert (tmp_path / "out" / folder / "report.json").exists()
    assert "UnknownSymbolError" in page


def test_exit_3_only_where_nothing_worked(run, yahoo, tmp_path) -> None:
    done = run("compare", "yahoo:CCC,DDD", *QUICK, "--out", "out")
    assert (done.returncode, done.stdout) == (3, "")
    assert done.stderr.startswith("Error: Yahoo does not know the symbol 'CCC'.")
    assert not (tmp_path / "out").exists()


FAULTS = {
    "429 for ever": (LIMITED, "because of too many requests"),
    "503 for ever": (DOWN, "answered HTTP 503"),
    "HTML": (PAGE, "cannot be read"),
    "truncated": (Reply(200, '{"chart": {"res', short=50), "could not be reached"),
    "unknown": (None, "does not know the symbol"),
}


@pytest.mark.parametrize("case", FAULTS)
def test_faults_are_exit_3_and_one_sentence(run, yahoo, case: str) -> None:
    reply, message = FAULTS[case]
    if reply is not None:
        yahoo.always["BAD"] = reply
    done = run("datasets", "fetch", "yahoo:BAD")
    assert (done.returncode, done.stdout) == (3, "")
    assert message in done.stderr
    assert "Traceback" not in done.stderr


def test_faults_that_pass(run, yahoo) -> None:
    yahoo.markets["TMP"] = Market(prices())
    yahoo.fail("TMP", [LIMITED] * 2)
    done = run("datasets", "fetch", "yahoo:TMP")
    assert done.returncode == 0
    assert "too many requests. Try 2 of 2 follows in 0 s." in done.stderr
    assert done.stdout.startswith("TMP: 300 bars of 1d, 2019-01-02 to 2020-02-25, USD, America/New_York")


def test_weekend_unreachable_offline_miss(run, yahoo) -> None:
    yahoo.markets["AAA"] = Market(prices())
    weekend = run("datasets", "fetch", "yahoo:AAA", "--start", "2019-02-02", "--end", "2019-02-04")
    assert (weekend.returncode, "has no prices from 2019-02-02" in weekend.stderr) == (3, True)
    nowhere = dict.fromkeys(("https_proxy", "HTTPS_PROXY"), "http://127.0.0.1:9")
    gone = run("datasets", "fetch", "yahoo:AAA", **nowhere)
    assert (gone.returncode, "could not be reached" in gone.stderr) == (3, True)
    miss = run("datasets", "fetch", "yahoo:AAA", "--offline")
    assert (miss.returncode, "No snapshot of AAA" in miss.stderr) == (3, True)


def test_snapshots_are_listed_shown_compared_and_pruned(here, yahoo, tmp_path) -> None:
    yahoo.markets["^AAA"] = Market(prices())
    here("datasets", "fetch", "yahoo:^AAA")
    bars = prices()
    bars.iloc[50, 3:5] *= 1.02
    yahoo.markets["^AAA"] = Market(bars)
    fetched = here("datasets", "fetch", "yahoo:^AAA", "--refresh", "--json")
    newest = json.loads(fetched.stdout)["snapshots"][0]
    assert (newest["fetched"], newest["revision"]["kinds"]) == (True, ["correction"])
    old, new = (line.split()[0] for line in here("datasets", "snapshots", "list").stdout.splitlines())
    assert new == newest["source"]
    assert "1 of 300 days changed" in here("datasets", "snapshots", "diff", old, new).stdout
    assert json.loads(here("datasets", "snapshots", "show", old, "--json").stdout)["currency"] == "USD"
    assert "1 snapshots would be deleted." in here("datasets", "snapshots", "prune", "--dry-run").stdout
    assert "1 snapshots deleted." in here("datasets", "snapshots", "prune").stdout
    left = here("datasets", "snapshots", "list", "yahoo:^aaa").stdout.splitlines()
    assert [line.split()[0] for line in left] == [new]


def test_a_damaged_snapshot_is_refused_and_fetched_again(here, yahoo, tmp_path) -> None:
    yahoo.markets["AAA"] = Market(prices())
    here("datasets", "fetch", "yahoo:AAA")
    (packed,) = (tmp_path / "cache").rglob("*.csv.gz")
    packed.write_bytes(packed.read_bytes()[:-9])
    refused = here("compare", "yahoo:AAA", *QUICK)
    assert (refused.returncode, "is damaged" in refused.stderr) == (3, True)
    assert here("compare", "yahoo:AAA", *QUICK, "--refresh").returncode == 0
    assert "1 snapshots deleted." in here("datasets", "snapshots", "prune", "--damaged").stdout
