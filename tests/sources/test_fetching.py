"""Which snapshot serves: fresh, fixed, offline, refreshed, named; and two processes at once."""

from __future__ import annotations

import json
import os
import time
from concurrent.futures import ProcessPoolExecutor
from datetime import UTC, datetime, timedelta
from multiprocessing import get_context

import pandas as pd
import pytest
from loopback import Market, Yahoo, prices

from forecastkit.errors import DatasetNotFoundError, OfflineError, PlanError, SnapshotDamagedError
from forecastkit.sources import fetching
from forecastkit.sources.fetching import fetch, read_kept, symbols_in
from forecastkit.sources.snapshots import Request, Snapshot, SnapshotStore


@pytest.fixture
def spy(yahoo: Yahoo) -> Yahoo:
    yahoo.markets["SPY"] = Market(prices())
    return yahoo


def asked(yahoo: Yahoo) -> int:
    count, yahoo.requests = yahoo.requests, 0
    return count


def test_the_second_call_makes_no_request(spy) -> None:
    first = fetch("yahoo:SPY")
    assert (first.fetched, asked(spy) > 0) == (True, True)
    second = fetch("yahoo:spy")
    assert (second.fetched, asked(spy), second.snapshot.id) == (False, 0, first.snapshot.id)
    assert second.table.equals(first.table)


def test_other_ranges_are_other_requests(spy) -> None:
    fetch("yahoo:SPY", start="2019-03-01")
    assert fetch("yahoo:SPY", start="2019-04-01").fetched
    assert not fetch("yahoo:SPY", start="2019-03-01").fetched


def test_refresh_asks_anew_and_compares(spy) -> None:
    first = fetch("yahoo:SPY")
    bars = prices()
    bars.iloc[100, 3:5] *= 1.01
    spy.markets["SPY"] = Market(bars)
    second = fetch("yahoo:SPY", refresh=True)
    assert (second.fetched, first.snapshot.facts["revision"]) == (True, None)
    revision = second.snapshot.facts["revision"]
    assert (revision["against"], revision["kinds"]) == (first.snapshot.id, ["correction"])
    assert revision["first"] == f"{bars.index[100]:%Y-%m-%d}"
    assert fetch("yahoo:SPY", refresh=True).snapshot.facts["revision"]["kinds"] == []


def test_offline_takes_what_is_kept_and_nothing_else(spy) -> None:
    with pytest.raises(
        OfflineError, match=r"No snapshot of SPY .* Kept: none of this symbol\. Fetch it once"
    ):
        fetch("yahoo:SPY", offline=True)
    assert asked(spy) == 0
    kept = fetch("yahoo:SPY", start="2019-03-01")
    asked(spy)
    assert fetch("yahoo:SPY", start="2019-03-01", offline=True).snapshot.id == kept.snapshot.id
    assert fetch("yahoo:SPY", offline=True).snapshot.id == kept.snapshot.id  # no dates: whatever is kept
    with pytest.raises(OfflineError, match=f"from 2018-01-01 to today .* Kept: yahoo:SPY@{kept.snapshot.id}"):
        fetch("yahoo:SPY", start="2018-01-01", offline=True)
    assert asked(spy) == 0


def test_a_named_snapshot_is_read_for_ever(spy) -> None:
    first = fetch("yahoo:SPY")
    spy.markets["SPY"] = Market(prices(seed=9))
    fetch("yahoo:SPY", refresh=True)
    asked(spy)
    for source in (first.snapshot.source, f"yahoo:spy@{first.snapshot.id[-8:]}"):
        assert fetch(source).table.equals(first.table)
        assert fetch(source, offline=True).snapshot.id == first.snapshot.id
    assert asked(spy) == 0
    assert read_kept("yahoo:SPY").snapshot.id != first.snapshot.id
    with pytest.raises(PlanError, match="has its own range"):
        fetch(first.snapshot.source, start="2019-03-01")
    with pytest.raises(DatasetNotFoundError, match="No snapshot of 'QQQ' is kept"):
        read_kept("yahoo:QQQ")


def test_offline_and_refresh_exclude_each_other(spy) -> None:
    with pytest.raises(PlanError, match="offline and refresh were both asked for"):
        fetch("yahoo:SPY", offline=True, refresh=True)


def test_a_damaged_snapshot_is_refused_until_it_is_fetched_again(spy) -> None:
    first = fetch("yahoo:SPY")
    damaged = fetch("yahoo:SPY", refresh=True).snapshot
    packed = damaged.path.with_name(f"{damaged.id}.csv.gz")
    packed.write_bytes(packed.read_bytes()[:-20])
    for offline in (False, True):
        with pytest.raises(SnapshotDamagedError, match=f"{damaged.id} .* is damaged .*--refresh"):
            fetch("yahoo:SPY", offline=offline)
    third = fetch("yahoo:SPY", refresh=True)
    assert third.snapshot.facts["revision"]["against"] == first.snapshot.id
    assert fetch("yahoo:SPY").snapshot.id == third.snapshot.id


NOW = datetime(2026, 5, 6, 12, tzinfo=UTC)


@pytest.mark.parametrize(
    ("end", "hours", "fresh"),
    [
        (None, 23, True),
        (None, 25, False),
        ("2026-05-01", 99999, True),
        ("2026-05-05", 25, False),
        ("2027-01-01", 25, False),
    ],
)
def test_a_past_end_never_expires(tmp_path, end: str | None, hours: int, fresh: bool) -> None:
    moment = NOW - timedelta(hours=hours) if hours < 9999 else datetime(2026, 5, 3, tzinfo=UTC)
    snapshot = Snapshot("x", Request("SPY", end=end), {"fetched_at": moment.isoformat()}, tmp_path)
    assert fetching._is_fresh(snapshot, NOW) is fresh


def _fetch_elsewhere(_: int) -> tuple[str, bool]:
    from forecastkit.sources.fetching import fetch

    kept = fetch("yahoo:SPY")
    return kept.snapshot.id, kept.fetched


def test_two_processes_that_want_the_same_ask_once(spy) -> None:
    spy.before_reply = lambda: time.sleep(0.15)
    with ProcessPoolExecutor(2, mp_context=get_context("spawn")) as pool:
        found = list(pool.map(_fetch_elsewhere, range(2)))
    assert found[0][0] == found[1][0]
    assert sorted(fetched for _, fetched in found) == [False, True]
    assert (spy.most_at_once, spy.charts) == (1, ["SPY", "SPY"])  # one for the zone, one for the bars
    assert len(list(SnapshotStore().root.glob("yahoo-SPY/*.json"))) == 1


def test_symbols_are_split() -> None:
    assert symbols_in("yahoo:A, B,,A,yahoo:C") == ["yahoo:A", "yahoo:B", "yahoo:C"]
    assert symbols_in("yahoo:") == ["yahoo:"]


def test_the_sidecar_says_what_was_asked(spy) -> None:
    path = fetch("yahoo:SPY", start="2019-03-01", end="2019-04-01").snapshot.path
    told = json.loads(path.read_text())
    assert told["request"] == {"symbol": "SPY", "start": "2019-03-01", "end": "2019-04-01", "interval": "1d"}
    assert told["arguments"]["start"] == "2019-03-01"
    assert str(path).startswith(os.environ["FORECASTKIT_CACHE"])
    assert pd.Timestamp(told["fetched_at"]).tz is not None
