"""Which snapshot serves a request for market data, and how it is made where there is none."""

from __future__ import annotations

import re
from dataclasses import asdict
from datetime import UTC, datetime, timedelta
from typing import Any, NamedTuple

import pandas as pd

from forecastkit.errors import DatasetNotFoundError, OfflineError, PlanError
from forecastkit.sources.apart import answer_of
from forecastkit.sources.market import check_request
from forecastkit.sources.patience import Patience, one_at_a_time
from forecastkit.sources.revision import compare_fetches
from forecastkit.sources.snapshots import Request, Snapshot, SnapshotStore

PREFIX = "yahoo:"
AT_ID = re.compile(r"(.+)@((?:\d{8}T\d{9}-)?[0-9a-f]{8})")
FRESH = timedelta(days=1)
"""How long a snapshot without a fixed end serves as the newest data."""


class Kept(NamedTuple):
    """A snapshot with its bars, and whether it was fetched just now."""

    snapshot: Snapshot
    table: pd.DataFrame
    fetched: bool


def symbols_in(source: str) -> list[str]:
    """Split "yahoo:AAA,BBB" into "yahoo:AAA" and "yahoo:BBB"; any other source is one.

    Example:
        >>> symbols_in("yahoo:SPY,^GSPC"), symbols_in("a,b.csv")
        (['yahoo:SPY', 'yahoo:^GSPC'], ['a,b.csv'])
    """
    if not source.startswith(PREFIX):
        return [source]
    names = [name.strip() for name in source.removeprefix(PREFIX).split(",")]
    return [PREFIX + name.removeprefix(PREFIX) for name in dict.fromkeys(names) if name] or [source]


def fetch(
    source: str,
    *,
    interval: str = "1d",
    start: str | None = None,
    end: str | None = None,
    offline: bool = False,
    refresh: bool = False,
    store: SnapshotStore | None = None,
    patience: Patience | None = None,
) -> Kept:
    """Find the snapshot that serves a request, and make it where there is none.

    A snapshot whose end lies in the past serves for ever, any other for a day. Offline, the newest of the
    request serves whatever its age; without dates, the newest of the symbol whatever its range.

    Args:
        source, interval, start, end, offline, refresh, store, patience: as in `load_prices`.

    Raises:
        as `load_prices`.
    """
    store, patience = store or SnapshotStore(), patience or Patience.from_environment()
    if AT_ID.fullmatch(source.removeprefix(PREFIX)):
        if start is not None or end is not None or refresh:
            raise PlanError(f"{source!r} has its own range. Leave start, end and refresh out.")
        return read_kept(source, store=store)
    if offline and refresh:
        raise PlanError("offline and refresh were both asked for. Leave one of them out.")
    request = check_request(source.removeprefix(PREFIX), start, end, interval)
    found = None if refresh else _serving(store, request, offline)
    if found is not None:
        return _read(store, found)
    with one_at_a_time(store.root, patience):
        found = None if refresh else _serving(store, request, offline)  # fetched meanwhile by another
        return _read(store, found) if found is not None else _ask(store, request, patience)


def read_kept(source: str, *, store: SnapshotStore | None = None) -> Kept:
    """Read one kept snapshot: that of "yahoo:SPY@ID", or the newest of "yahoo:SPY".

    Raises:
        DatasetNotFoundError: there is none.
        SnapshotDamagedError: it is not what was written.
    """
    store, name = store or SnapshotStore(), source.removeprefix(PREFIX)
    named = AT_ID.fullmatch(name)
    symbol = (named[1] if named else name).strip().upper()
    if named is not None:
        return _read(store, store.find(symbol, named[2]))
    newest = next(store.newest_first(symbol), None)
    if newest is None:
        raise DatasetNotFoundError(
            f"No snapshot of {symbol!r} is kept. Fetch one with `forecastkit datasets fetch yahoo:{symbol}`."
        )
    return _read(store, newest)


def _read(store: SnapshotStore, snapshot: Snapshot) -> Kept:
    return Kept(snapshot, store.table(snapshot), fetched=False)


def _ask(store: SnapshotStore, request: Request, patience: Patience) -> Kept:
    """Fetch, keep, and read back what was kept, so that a rerun starts from the same bits."""
    answer = answer_of(request, folder=store.root / "yfinance", patience=patience)
    revision = _revision(store, request, answer.table, answer.facts)
    snapshot = store.save(request, answer.table, {**answer.facts, "revision": revision})
    return Kept(snapshot, store.table(snapshot), fetched=True)


def _serving(store: SnapshotStore, request: Request, offline: bool) -> Snapshot | None:
    """Choose the snapshot that serves; offline there has to be one."""
    snapshots = store.newest_first(request.symbol)
    if not offline:
        newest = next((found for found in snapshots if found.request == request), None)
        return newest if newest is not None and _is_fresh(newest, datetime.now(UTC)) else None
    others = [found for found in snapshots if found.request.interval == request.interval]
    same = [found for found in others if found.request == request]
    chosen = same or (others if request.start is None and request.end is None else [])
    if chosen:
        return chosen[0]
    known = ", ".join(found.source for found in others[:5]) or "none of this symbol"
    raise OfflineError(
        f"No snapshot of {request.symbol} {_range_text(request)} is kept, and offline the network is not "
        f"used. Kept: {known}. Fetch it once without --offline."
    )


def _is_fresh(snapshot: Snapshot, now: datetime) -> bool:
    end, age = snapshot.request.end, now - snapshot.fetched_at
    return (end is not None and end < f"{snapshot.fetched_at:%Y-%m-%d}") or age < FRESH


def _revision(
    store: SnapshotStore, request: Request, table: pd.DataFrame, facts: dict[str, Any]
) -> dict[str, Any] | None:
    """Compare with the newest undamaged snapshot of the same symbol and interval."""
    for snapshot, earlier in store.intact(request.symbol):
        if snapshot.request.interval == request.interval:
            return asdict(compare_fetches(earlier, snapshot.facts, table, facts, against=snapshot.id))
    return None


def _range_text(request: Request) -> str:
    return f"from {request.start or 'the beginning'} to {request.end or 'today'} ({request.interval})"
