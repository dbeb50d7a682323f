"""Snapshots: exact, immutable, inside their folder, and refused when damaged."""

from __future__ import annotations

import gzip
import json
from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from forecastkit.errors import DatasetNotFoundError, ReportError, SnapshotDamagedError
from forecastkit.sources.snapshots import Request, SnapshotStore, cache_folder, symbol_folder

NOW = datetime(2026, 3, 4, 12, 30, 15, 250_000, tzinfo=UTC)
ODD = [
    "^GSPC",
    "EUR=X",
    "A B",
    "..",
    ".",
    "../../etc",
    "A/B",
    'Q"UOTE',
    "O'NEIL",
    "ÄÖÜ",
    "日経",
    "CON",
    "%2E",
    "~",
    "a" * 300,
]


@pytest.fixture
def store(tmp_path: Path) -> SnapshotStore:
    return SnapshotStore(tmp_path / "inside" / "snapshots")


def bars(rng: np.random.Generator, days: int = 20) -> pd.DataFrame:
    values = rng.normal(size=(days, 2)) * 10.0 ** rng.integers(-9, 9, size=(days, 2))
    values[3, 1] = np.nan
    return pd.DataFrame(values, pd.date_range("2024-01-01", periods=days), columns=["open", "close"])


def keep(store: SnapshotStore, table: pd.DataFrame, symbol: str = "SPY", later: int = 0):
    moment = NOW + timedelta(seconds=later)
    return store.save(Request(symbol), table, {"fetched_at": moment.isoformat(timespec="milliseconds")})


def test_every_bit_comes_back(store, rng) -> None:
    table = bars(rng)
    snapshot = keep(store, table)
    again = store.table(store.find("SPY", snapshot.id))
    assert again.to_numpy().tobytes() == table.to_numpy().tobytes()
    assert (list(again.columns), again.index.tolist()) == (["open", "close"], table.index.tolist())
    assert (snapshot.fetched_at, snapshot.source) == (NOW, f"yahoo:SPY@{snapshot.id}")
    assert snapshot.id.startswith("20260304T123015250-")


def test_times_of_day_come_back_in_utc(store) -> None:
    index = pd.date_range("2024-03-30 22:00", periods=5, freq="h", tz="Europe/Berlin").tz_convert("UTC")
    table = pd.DataFrame({"close": np.arange(5.0)}, index=index)
    assert store.table(keep(store, table)).index.tolist() == index.tolist()


def test_a_snapshot_is_never_written_again(store, rng) -> None:
    table = bars(rng)
    snapshot = keep(store, table)
    before = {path: path.stat().st_mtime_ns for path in snapshot.path.parent.iterdir()}
    assert keep(store, table).id == snapshot.id
    assert {path: path.stat().st_mtime_ns for path in snapshot.path.parent.iterdir()} == before
    assert len(before) == 2


def test_equal_data_at_another_time_is_another_snapshot(store, rng) -> None:
    table = bars(rng)
    first, second = keep(store, table), keep(store, table, later=1)
    assert first.facts["sha256"] == second.facts["sha256"]
    assert [found.id for found in store.newest_first("SPY")] == [second.id, first.id]


@pytest.mark.parametrize("symbol", ODD)
def test_odd_symbols_stay_inside_and_come_back(store, rng, symbol: str) -> None:
    snapshot = keep(store, bars(rng), symbol)
    assert snapshot.path.resolve().parent.parent == store.root.resolve()
    assert [found.request.symbol for found in store.newest_first(symbol)] == [symbol]
    assert store.find(symbol, snapshot.id[-8:]).id == snapshot.id


@given(st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=60), st.text(max_size=20))
def test_folder_names_are_plain_and_distinct(symbol: str, other: str) -> None:
    name = symbol_folder(symbol)
    assert set(name) <= set("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789%_-")
    assert len(name) <= 120
    if all(not "\ud800" <= c <= "\udfff" for c in other):
        assert (symbol_folder(other) == name) == (other == symbol)


def flip(path: Path) -> None:
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 1
    path.write_bytes(bytes(content))


DAMAGES = {
    "a flipped bit": lambda path: flip(path.with_name(f"{path.stem}.csv.gz")),
    "half a file": lambda path: path.with_name(f"{path.stem}.csv.gz").write_bytes(b"\x1f\x8b\x08"),
    "no bars": lambda path: path.with_name(f"{path.stem}.csv.gz").unlink(),
    "another price": lambda path: path.with_name(f"{path.stem}.csv.gz").write_bytes(
        gzip.compress(b"ds,open,close\n2024-01-01,1,2\n")
    ),
    "another currency": lambda path: path.write_text(path.read_text().replace('"USD"', '"EUR"')),
    "no JSON": lambda path: path.write_text("{"),
    "another schema": lambda path: path.write_text(json.dumps({"schema_version": 99})),
}


@pytest.mark.parametrize("damage", DAMAGES)
def test_damage_is_found_and_refused(store, rng, damage: str) -> None:
    facts = {"fetched_at": NOW.isoformat(), "currency": "USD"}
    good = keep(store, bars(rng))
    bad = store.save(Request("SPY"), bars(rng), {**facts, "fetched_at": "2026-03-05T00:00:00+00:00"})
    DAMAGES[damage](bad.path)
    with pytest.raises(SnapshotDamagedError, match=rf"{bad.id} in .* is damaged .*--refresh"):
        store.table(next(store.newest_first("SPY")))
    assert [snapshot.id for snapshot, _ in store.intact("SPY")] == [good.id]


def test_listing_names_what_cannot_be_read(store, rng) -> None:
    first, second = keep(store, bars(rng), "B"), keep(store, bars(rng), "A")
    broken = keep(store, bars(rng), "C")
    broken.path.write_text("")
    found, damaged = store.all()
    assert [snapshot.id for snapshot in found] == [second.id, first.id]
    assert damaged == [broken.path]
    store.remove(broken.path)
    assert store.all()[1] == []
    assert not list(broken.path.parent.iterdir())


def test_unknown_ids_are_answered_with_the_known(store, rng) -> None:
    snapshot = keep(store, bars(rng))
    with pytest.raises(DatasetNotFoundError, match=f"Kept are: {snapshot.id}. Give one"):
        store.find("SPY", "00000000")
    with pytest.raises(DatasetNotFoundError, match="Kept are: none"):
        store.find("QQQ", snapshot.id)


def test_an_unwritable_cache_is_a_report_error(tmp_path, rng) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(ReportError, match=r"could not be kept in .* FORECASTKIT_CACHE"):
        keep(SnapshotStore(tmp_path / "file"), bars(rng))


def test_the_folder_can_be_chosen(monkeypatch) -> None:
    monkeypatch.setenv("FORECASTKIT_CACHE", "/somewhere/else")
    assert cache_folder() == Path("/somewhere/else")
    monkeypatch.delenv("FORECASTKIT_CACHE")
    assert cache_folder().name == "forecastkit"
