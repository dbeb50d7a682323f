"""Market data from Yahoo through yfinance, the only library that talks to it, and only here.

What was learned from yfinance 1.7: its `download()` hides errors behind empty frames, so `Ticker.history` is
called, with exceptions on; its response cache keeps error pages, so it is emptied before every try; session,
cookie and settings are global, so one request is in flight at a time, over all processes of this user.
"""

from __future__ import annotations

import logging
import re
import warnings
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from functools import cache
from importlib.metadata import version
from pathlib import Path
from typing import Any, NamedTuple
from urllib.parse import quote

import pandas as pd

from forecastkit.errors import (
    DataError,
    MalformedReplyError,
    NoDataError,
    PlanError,
    RateLimitedError,
    SourceDownError,
    SourceUnavailableError,
    UnknownSymbolError,
)
from forecastkit.sources.patience import Patience
from forecastkit.sources.snapshots import Request

logger = logging.getLogger(__name__)
EARLIEST = "1927-01-01"
"""Where "all there is" begins: without a start, yfinance would give one month."""

INTRADAY_DAYS = {"5m": 59, "15m": 59, "60m": 729}
"""How far back Yahoo keeps bars of less than a day."""

PINNED: Mapping[str, Any] = {
    "auto_adjust": True,
    "back_adjust": False,
    "actions": True,
    "prepost": False,
    "repair": False,
    "rounding": False,
    "keepna": True,
}
BASIS = "adjusted for splits and dividends"
COLUMNS = ("Open", "High", "Low", "Close", "Volume")
REFUSED = (401, 403)
OR_OFFLINE = "or use --offline with what was fetched before."
ISIN = re.compile(r"[A-Z]{2}[A-Z0-9]{9}[0-9]")


class Download(NamedTuple):
    """Bars as they came, and what is to be known about them, JSON-ready."""

    table: pd.DataFrame
    facts: dict[str, Any]


def check_request(symbol: str, start: str | None, end: str | None, interval: str) -> Request:
    """Turn what a user asked for into a request, or say what is wrong with it.

    Raises:
        PlanError: the symbol, a date or the interval cannot be.
    """
    symbol = symbol.strip().upper()
    if not symbol.strip(".") or not symbol.isprintable():
        raise PlanError(
            f"{symbol!r} is no symbol. Name one as Yahoo spells it, such as yahoo:SPY or yahoo:^GSPC."
        )
    if ISIN.fullmatch(symbol):
        raise PlanError(
            f"{symbol!r} is an ISIN, which names no exchange. Give the symbol as Yahoo spells it."
        )
    if interval != "1d" and interval not in INTRADAY_DAYS:
        known = ", ".join(("1d", *INTRADAY_DAYS))
        raise PlanError(f"interval {interval!r} was given; one of {known} is needed.")
    start, end = (None if day is None else _iso_date(day) for day in (start, end))
    if start is not None and end is not None and start >= end:
        raise PlanError(f"start {start} is not before end {end}. The end itself is not included.")
    return Request(symbol, start, end, interval)


def download(request: Request, *, folder: Path, patience: Patience) -> Download:
    """Ask Yahoo, with patience.

    Args:
        request: what is wanted.
        folder: where yfinance keeps its own small caches.
        patience: how often and after how long to ask again.

    Raises:
        UnknownSymbolError, NoDataError: at once; asking again would not help.
        RateLimitedError, SourceDownError, MalformedReplyError: after the last try.
    """
    import tenacity

    def told(state: tenacity.RetryCallState) -> None:
        error = state.outcome.exception() if state.outcome else None
        what = str(error).split(". ")[0]
        logger.warning(
            "%s. Try %d of %d follows in %.0f s.",
            what,
            state.attempt_number + 1,
            patience.tries,
            state.upcoming_sleep,
        )

    ask = tenacity.Retrying(
        retry=tenacity.retry_if_exception_type(SourceUnavailableError),
        stop=tenacity.stop_after_attempt(patience.tries),
        wait=lambda state: patience.seconds(
            state.attempt_number, state.outcome.exception() if state.outcome else None
        ),
        before_sleep=told,
        reraise=True,
    )
    return ask(_once, request, folder, patience.timeout)


def _once(request: Request, folder: Path, timeout: float) -> Download:
    """Ask once, and turn whatever goes wrong into one of this package's errors."""
    client, session = _client(str(folder))
    session.chart_status = None
    with _settings(client):
        try:
            ticker = client.Ticker(quote(request.symbol, safe=""), session=session)
            bars = ticker.history(**_range(request), interval=request.interval, timeout=timeout, **PINNED)
            meta = ticker.history_metadata
        except Exception as error:  # yfinance raises whatever its parsing meets; each case gets its type
            raise _typed(client, error, session.chart_status, request) from error
    if bars.empty:
        raise _nothing_there(request)
    try:
        return _understood(bars, meta, request, datetime.now(UTC))
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise _malformed(request, error) from error


@cache
def _client(folder: str) -> tuple[Any, Any]:
    """Import yfinance, give it a place for its caches, and a session that remembers what was answered."""
    import yfinance
    from curl_cffi.requests import Response, Session

    class Watched(Session[Response]):
        """A session that remembers the HTTP status of the last answer of the chart service."""

        chart_status: int | None = None

        def request(self, method: Any, url: str, *rest: Any, **options: Any) -> Response:
            response = super().request(method, url, *rest, **options)
            if "/finance/chart/" in url:
                self.chart_status = response.status_code
            return response

    yfinance.set_tz_cache_location(folder)
    logging.getLogger("yfinance").addHandler(logging.NullHandler())
    return yfinance, Watched(impersonate="chrome")


@contextmanager
def _settings(client: Any) -> Iterator[None]:
    """Turn exceptions on, forget cached answers, and be quiet about what yfinance itself uses."""
    hidden = client.config.debug.hide_exceptions
    client.config.debug.hide_exceptions = False
    client.data.YfData.cache_get.cache_clear()
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", DeprecationWarning)
            warnings.simplefilter("ignore", FutureWarning)
            yield
    finally:
        client.config.debug.hide_exceptions = hidden


def _range(request: Request) -> dict[str, str]:
    """Always a start: what yfinance does without one depends on the other arguments."""
    start = request.start or EARLIEST
    if request.interval in INTRADAY_DAYS:
        reach = datetime.now(UTC) - timedelta(days=INTRADAY_DAYS[request.interval])
        start = request.start or f"{reach:%Y-%m-%d}"
    return {"start": start} if request.end is None else {"start": start, "end": request.end}


def _typed(client: Any, error: Exception, status: int | None, request: Request) -> DataError:
    """Turn what yfinance raised into one of this package's errors; its own kinds and the status first."""
    known, symbol = client.exceptions, request.symbol
    if isinstance(error, known.YFRateLimitError) or status == 429:
        return RateLimitedError(
            f"Yahoo refused {symbol} because of too many requests. Wait some minutes, {OR_OFFLINE}"
        )
    if status is not None and (status in REFUSED or status >= 500):
        return SourceDownError(f"Yahoo answered HTTP {status} for {symbol}. Try again later, {OR_OFFLINE}")
    if isinstance(error, known.YFTzMissingError) or status == 404:
        return UnknownSymbolError(
            f"Yahoo does not know the symbol {symbol!r}. Look up how it spells it (indices begin with ^, "
            "currencies end with =X)."
        )
    if isinstance(error, known.YFPricesMissingError):
        return _nothing_there(request)
    if isinstance(error, OSError | known.YFException):
        reason = str(error).split(". See ")[0]
        return SourceDownError(
            f"Yahoo could not be reached for {symbol} ({reason}). Check the connection, {OR_OFFLINE}"
        )
    return _malformed(request, error)


def _malformed(request: Request, error: Exception) -> MalformedReplyError:
    return MalformedReplyError(
        f"Yahoo's answer for {request.symbol} cannot be read ({type(error).__name__}: {error}). "
        f"Try again later, {OR_OFFLINE}"
    )


def _nothing_there(request: Request) -> NoDataError:
    asked = f"from {request.start or 'the beginning'} to {request.end or 'today'}"
    return NoDataError(
        f"Yahoo knows {request.symbol} and has no prices {asked}. Ask for a range with trading days; the end "
        "itself is not included."
    )


def _understood(bars: pd.DataFrame, meta: Mapping[str, Any], request: Request, now: datetime) -> Download:
    """Keep bars under plain names on plain dates, and what `meta` says about them."""
    zone = str(bars.index.tz)
    events = {
        name: {f"{day:%Y-%m-%d}": float(amount) for day, amount in bars[column].items() if amount}
        for name, column in (("dividends", "Dividends"), ("splits", "Stock Splits"))
    }
    unfinished = _unfinished_day(bars, meta, now)
    if unfinished is not None:
        bars = bars[bars.index.strftime("%Y-%m-%d") != unfinished]
        if bars.empty:
            raise _nothing_there(request)
    daily = request.interval == "1d"
    index = bars.index.tz_localize(None).normalize() if daily else bars.index.tz_convert("UTC")
    table = bars[list(COLUMNS)].astype(float).set_axis(index).rename(columns=str.lower)
    return Download(
        table,
        {
            "origin": "yahoo",
            "fetched_at": now.isoformat(timespec="milliseconds"),
            "currency": meta["currency"],
            "zone": zone,
            "instrument": meta["instrumentType"],
            "exchange": meta.get("exchangeName"),
            "basis": BASIS,
            "arguments": {**PINNED, **_range(request), "interval": request.interval},
            "versions": {name: version(name) for name in ("forecastkit", "yfinance", "curl_cffi", "pandas")},
            "rows": len(table),
            "first": f"{bars.index[0]:%Y-%m-%d}",
            "last": f"{bars.index[-1]:%Y-%m-%d}",
            "unfinished": unfinished,
            **events,
        },
    )


def _unfinished_day(bars: pd.DataFrame, meta: Mapping[str, Any], now: datetime) -> str | None:
    """Name the last day where its session has not ended: its bar is still changing and is left out."""
    session = (meta.get("currentTradingPeriod") or {}).get("regular")
    last = f"{bars.index[-1]:%Y-%m-%d}"
    if session is None or f"{session['start']:%Y-%m-%d}" != last:
        return None
    return last if session["end"] > now else None


def _iso_date(day: str) -> str:
    try:
        return f"{datetime.fromisoformat(str(day)):%Y-%m-%d}"
    except ValueError as error:
        raise PlanError(f"{day!r} is no date. Write it as 2010-01-31.") from error
