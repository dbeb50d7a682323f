"""Market prices as series: which snapshot serves a request, and which number of each day is taken."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict, replace

import numpy as np
import pandas as pd

from forecastkit.errors import DatasetNotFoundError, PlanError, nearest
from forecastkit.series.resampling import realised_volatility
from forecastkit.series.series import Series
from forecastkit.sources.fetching import Kept, fetch
from forecastkit.sources.patience import Patience
from forecastkit.sources.snapshots import SnapshotStore

FIELDS = {
    "close": "adjusted closing price",
    "open-to-close": "log return from open to close",
    "realised-volatility": "daily volatility from prices within the day",
}
CALENDARS = {"CURRENCY": "weekdays", "CRYPTOCURRENCY": "every day"}
VOLATILITY_INTERVAL = "60m"


def load_prices(
    source: str,
    *,
    field: str | None = None,
    interval: str | None = None,
    start: str | None = None,
    end: str | None = None,
    offline: bool = False,
    refresh: bool = False,
    store: SnapshotStore | None = None,
    patience: Patience | None = None,
) -> Series:
    """Load a price history from Yahoo, or from a snapshot of it.

    Args:
        source: "yahoo:SPY", or "yahoo:SPY@ID" for exactly one kept snapshot.
        field: "close", adjusted for splits and dividends; "open-to-close", log returns within the day; or
            "realised-volatility", from prices within the day.
        interval: length of a bar: "1d", or "60m", "15m", "5m" for realised volatility.
        start, end: ISO dates, the end exclusive; by default all there is.
        offline: use what is kept, and never the network.
        refresh: ask anew, even if what is kept is fresh.
        store: where snapshots are kept; by default this user's cache.
        patience: how often and after how long to ask again; by default from the environment.

    Returns:
        one value per trading day, nothing filled in; prices come with log-return as their transform.

    Raises:
        UnknownSymbolError, NoDataError, SourceUnavailableError: no data came; the type says why.
        SnapshotDamagedError: what is kept is not what was written.
        PlanError: what was asked cannot be.
    """
    field = field or "close"
    if field not in FIELDS:
        raise PlanError(f"There is no field {field!r}. {nearest(field, FIELDS)}")
    interval = interval or (VOLATILITY_INTERVAL if field == "realised-volatility" else "1d")
    _check_interval(field, interval)
    kept = fetch(
        source,
        interval=interval,
        start=start,
        end=end,
        offline=offline,
        refresh=refresh,
        store=store,
        patience=patience,
    )
    _check_interval(field, kept.snapshot.request.interval)  # a named snapshot brings its own
    return _series(kept, field)


def _check_interval(field: str, interval: str) -> None:
    if (field == "realised-volatility") == (interval == "1d"):
        raise PlanError(
            f"field {field!r} was asked for with interval {interval!r}. Realised volatility takes 60m, 15m "
            "or 5m; every other field takes 1d."
        )


def _series(kept: Kept, field: str) -> Series:
    facts, symbol = kept.snapshot.facts, kept.snapshot.request.symbol
    calendar = CALENDARS.get(facts["instrument"], "trading days")
    bars = kept.table if calendar != "weekdays" else kept.table[kept.table.index.day_of_week < 5]
    values = TAKE[field](bars, facts["zone"]).dropna()
    if values.empty:
        raise DatasetNotFoundError(f"{kept.snapshot.source} holds no {FIELDS[field]}. Fetch a longer range.")
    source = {
        "kind": "yahoo",
        "symbol": symbol,
        "snapshot": kept.snapshot.source,
        "field": field,
        "calendar": calendar,
        "without_price": int(bars["close"].isna().sum()),
        "on_weekends": len(kept.table) - len(bars),
        **{key: facts[key] for key in CARRIED},
        "request": asdict(kept.snapshot.request),
    }
    name = symbol if field == "close" else f"{symbol} {field}"
    index = pd.DatetimeIndex(values.index)
    series = Series(values.to_numpy(), index, name=name, spacing="observations")
    if field == "realised-volatility":
        return replace(realised_volatility(series), source=source)
    if calendar == "every day":
        series = Series.from_pandas(series.to_pandas(), period=1)
    if field == "open-to-close":
        return replace(series, unit="log return", source=source)
    unit = facts["currency"] or ""
    return replace(series, unit=unit, default_transform="log-return", source=source)


CARRIED = (
    "fetched_at",
    "currency",
    "zone",
    "exchange",
    "instrument",
    "basis",
    "arguments",
    "versions",
    "unfinished",
    "sha256",
    "revision",
)
"""What a series takes over from the sidecar of its snapshot."""


def _open_to_close(bars: pd.DataFrame, zone: str) -> pd.Series:
    prices = bars[["open", "close"]].where(bars[["open", "close"]] > 0)
    return np.log(prices["close"]) - np.log(prices["open"])


TAKE: dict[str, Callable[[pd.DataFrame, str], pd.Series]] = {
    "close": lambda bars, zone: bars["close"],
    "open-to-close": _open_to_close,
    "realised-volatility": lambda bars, zone: bars["close"].tz_convert(zone),
}
