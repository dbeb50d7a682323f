"""Market data through the command line, in processes of their own: results, exit codes, one sentence each."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from pathlib import Path

import pytest
from loopback import DOWN, LIMITED, PAGE, UNKNOWN, Market, Reply, Yahoo, prices

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


def test_backtest_then_offline_then_from_the_snapshot(run, here, yahoo, tmp_path) -> None:
    yahoo.markets["AAA"] = Market(prices())
    first = run("backtest", "yahoo:AAA", *QUICK, "--json", "--out", "a")
    assert first.returncode == 0, first.stderr
    manifest = json.loads((tmp_path / "a/manifest.json").read_text())
    assert manifest["settings"]["transform"] == "log-return"
    snapshot = manifest["series"]["source"]["snapshot"]
    yahoo.requests = 0
    yahoo.markets["AAA"] = Market(prices(seed=4))
    again = run("backtest", "yahoo:AAA", "--offline", *QUICK, "--json", "--out", "b")
    named = here("backtest", snapshot, *QUICK, "--json", "--out", "c")
    mse = json.loads(first.stdout)["mse"]
    assert json.loads(again.stdout)["mse"] == mse == json.loads(named.stdout)["mse"]
    forecasts = [(tmp_path / folder / "forecasts.csv").read_bytes() for folder in "abc"]
    assert (len(set(forecasts)), yahoo.requests) == (1, 0)


def test_every_kind_of_history_in_one_command(run, yahoo) -> None:
    holes = prices()
    holes.iloc[[5, 17], :] = float("nan")
    yahoo.markets = {
        "NUL": Market(holes),
        "DIV": Market(prices(), dividends={"2019-03-15": 0.5}, splits={"2019-06-03": (2, 1)}),
        "7203.T": Market(prices(), zone="Asia/Tokyo", currency="JPY", opens="09:00"),
        "VOD.L": Market(prices(), zone="Europe/London", currency="GBp", opens="08:00"),
    }
    done = run("datasets", "fetch", "yahoo:" + ",".join(yahoo.markets), "--json")
    told = {found["request"]["symbol"]: found for found in json.loads(done.stdout)["snapshots"]}
    assert [found["rows"] for found in told.values()] == [300] * 4
    assert (told["DIV"]["dividends"], told["DIV"]["splits"]) == ({"2019-03-15": 0.5}, {"2019-06-03": 2.0})
    assert [found["zone"] for found in told.values()][1:] == [
        "America/New_York",
        "Asia/Tokyo",
        "Europe/London",
    ]
    assert [found["currency"] for found in told.values()] == ["USD", "USD", "JPY", "GBp"]
    assert {(found["first"], found["last"]) for found in told.values()} == {("2019-01-02", "2020-02-25")}


def test_two_commands_at_once_ask_once(yahoo, tmp_path) -> None:
    yahoo.markets["AAA"] = Market(prices())
    yahoo.before_reply = lambda: time.sleep(0.1)
    command = [sys.executable, "-m", "forecastkit", "datasets", "fetch", "yahoo:AAA", "--json"]
    running = [subprocess.Popen(command, stdout=subprocess.PIPE, cwd=tmp_path) for _ in range(2)]
    found = [json.loads(process.communicate(timeout=60)[0])["snapshots"][0] for process in running]
    assert sorted(snapshot["fetched"] for snapshot in found) == [False, True]
    assert len({snapshot["source"] for snapshot in found}) == 1
    assert (yahoo.charts, yahoo.most_at_once) == (["AAA", "AAA"], 1)


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


def test_exit_3_only_where_nothing_worked(here, yahoo, tmp_path) -> None:
    done = here("compare", "yahoo:CCC,DDD", *QUICK, "--out", "out")
    assert (done.returncode, done.stdout) == (3, "")
    assert done.stderr.startswith("Error: Yahoo does not know the symbol 'CCC'.")
    assert not (tmp_path / "out").exists()


FAULTS = {
    "LIM": (LIMITED, "RateLimitedError", "because of too many requests"),
    "DWN": (DOWN, "SourceDownError", "answered HTTP 503"),
    "PAG": (PAGE, "MalformedReplyError", "cannot be read"),
    "CUT": (Reply(200, '{"chart": {"res', short=50), "SourceDownError", "could not be reached"),
    "BAD": (Reply(200, '{"chart": {"res'), "MalformedReplyError", "cannot be read"),
    "NOT": (UNKNOWN, "UnknownSymbolError", "does not know the symbol"),
}


def test_every_fault_has_its_type_and_what_passes_is_sat_out(run, yahoo) -> None:
    yahoo.always = {symbol: reply for symbol, (reply, _, _) in FAULTS.items()}
    yahoo.markets = {"TWO": Market(prices()), "ONE": Market(prices())}
    yahoo.fail("TWO", [LIMITED] * 2)
    yahoo.fail("ONE", [DOWN])
    done = run("datasets", "fetch", "yahoo:" + ",".join([*FAULTS, "TWO", "ONE"]), "--json")
    assert done.returncode == 0
    assert "Traceback" not in done.stderr
    assert "Yahoo refused TWO because of too many requests. Try 2 of 2 follows in 0 s." in done.stderr
    told = json.loads(done.stdout)
    assert [found["request"]["symbol"] for found in told["snapshots"]] == ["TWO", "ONE"]
    for symbol, (_, kind, message) in FAULTS.items():
        failure = told["failures"][f"yahoo:{symbol}"]
        assert failure["error"] == kind
        assert message in failure["message"]
        assert f"Warning: yahoo:{symbol} was not fetched: {failure['message']}" in done.stderr


def test_an_unreachable_source_is_exit_3_and_one_sentence(run) -> None:
    nowhere = dict.fromkeys(("https_proxy", "HTTPS_PROXY"), "http://127.0.0.1:9")
    gone = run("datasets", "fetch", "yahoo:AAA", **nowhere)
    assert (gone.returncode, gone.stdout) == (3, "")
    assert gone.stderr.splitlines()[-1].startswith("Error: Yahoo could not be reached for AAA (")


def test_weekend_and_offline_miss(here, yahoo) -> None:
    yahoo.markets["AAA"] = Market(prices())
    weekend = here("datasets", "fetch", "yahoo:AAA", "--start", "2019-02-02", "--end", "2019-02-04")
    assert (weekend.returncode, "has no prices from 2019-02-02" in weekend.stderr) == (3, True)
    yahoo.requests = 0
    miss = here("compare", "yahoo:AAA", "--offline", *QUICK)
    assert (miss.returncode, "No snapshot of AAA" in miss.stderr, yahoo.requests) == (3, True, 0)


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
    assert "One snapshot would be deleted." in here("datasets", "snapshots", "prune", "--dry-run").stdout
    assert "One snapshot deleted." in here("datasets", "snapshots", "prune").stdout
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
    assert "One snapshot deleted." in here("datasets", "snapshots", "prune", "--damaged").stdout
