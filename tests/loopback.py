"""A TLS server on the loopback address that answers as Yahoo does, for the real client behind a proxy.

Every reply is generated here; the shapes (keys, nulls, events, error objects) are those of recorded replies.
"""

from __future__ import annotations

import json
import socket
import ssl
import threading
from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, unquote, urlsplit

import numpy as np
import pandas as pd
import trustme

HOSTS = ("query1.finance.yahoo.com", "query2.finance.yahoo.com", "fc.yahoo.com", "guce.yahoo.com")
CHART = "/v8/finance/chart/"
NOT_FOUND = {
    "chart": {
        "result": None,
        "error": {"code": "Not Found", "description": "No data found, symbol may be delisted"},
    }
}


@dataclass(frozen=True)
class Reply:
    """An HTTP reply; `short` announces that many bytes more than are sent."""

    status: int
    body: str
    kind: str = "application/json"
    short: int = 0


LIMITED = Reply(429, "Too Many Requests\r\n", "text/html")
DOWN = Reply(503, "<html><body>Service Unavailable</body></html>", "text/html")
PAGE = Reply(200, "<html><body>We will be back soon</body></html>", "text/html")
UNKNOWN = Reply(404, json.dumps(NOT_FOUND))


@dataclass
class Market:
    """What the server knows of one symbol: bars, events, and what its `meta` says."""

    bars: pd.DataFrame
    zone: str = "America/New_York"
    currency: str | None = "USD"
    instrument: str = "EQUITY"
    dividends: Mapping[str, float] = field(default_factory=dict)
    splits: Mapping[str, tuple[int, int]] = field(default_factory=dict)
    opens: str = "09:30"
    session_end: str | None = None

    def chart(self, query: Mapping[str, list[str]]) -> Reply:
        """Answer /v8/finance/chart/SYMBOL for a range of seconds, or for the last day."""
        stamps = self._stamps()
        first, last = (
            int(query.get("period1", ["-9" + "9" * 11])[0]),
            int(query.get("period2", ["9" * 12])[0]),
        )
        chosen = (stamps >= first) & (stamps < last)
        if "range" in query:
            chosen = np.arange(len(stamps)) == len(stamps) - 1
        bars, stamps = self.bars[chosen], stamps[chosen]
        result: dict[str, Any] = {"meta": self._meta(query), "indicators": {"quote": [{}], "adjclose": [{}]}}
        if len(bars):
            columns = ("open", "high", "low", "close", "volume")
            result["timestamp"] = stamps.tolist()
            result["indicators"]["quote"] = [{c: _nulls(bars[c]) for c in columns}]
            result["indicators"]["adjclose"] = [{"adjclose": _nulls(bars["adjclose"])}]
        if query["interval"][0] != "1d":
            del result["indicators"]["adjclose"]
        events = self._events(first, last)
        if events:
            result["events"] = events
        return Reply(200, json.dumps({"chart": {"result": [result], "error": None}}))

    def _stamps(self) -> np.ndarray:
        index = self.bars.index
        if (index == index.normalize()).all():
            index = index + pd.Timedelta(self.opens + ":00")
        seconds = index.tz_localize(self.zone).tz_convert("UTC").tz_localize(None)
        return seconds.to_numpy().astype("datetime64[s]").astype(np.int64)

    def _meta(self, query: Mapping[str, list[str]]) -> dict[str, Any]:
        end = pd.Timestamp(self.session_end or f"{self.bars.index[-1].date()} 16:00", tz=self.zone)
        start = end.normalize() + pd.Timedelta(self.opens + ":00")
        period = {
            name: {
                "timezone": "EST",
                "start": int(start.timestamp()),
                "end": int(end.timestamp()),
                "gmtoffset": -18000,
            }
            for name in ("pre", "regular", "post")
        }
        meta = {
            "currency": self.currency,
            "symbol": "TEST",
            "exchangeName": "TST",
            "instrumentType": self.instrument,
            "firstTradeDate": 728317800,
            "regularMarketTime": int(end.timestamp()),
            "hasPrePostMarketData": False,
            "gmtoffset": -18000,
            "timezone": "EST",
            "exchangeTimezoneName": self.zone,
            "priceHint": 2,
            "currentTradingPeriod": period,
            "dataGranularity": query["interval"][0],
            "range": "",
            "validRanges": ["1d", "5d", "1mo", "max"],
        }
        if query["interval"][0] != "1d":
            days = sorted(set(self.bars.index.date))
            meta["tradingPeriods"] = [
                [
                    {
                        "timezone": "EST",
                        "gmtoffset": -18000,
                        "start": int(pd.Timestamp(f"{day} {self.opens}", tz=self.zone).timestamp()),
                        "end": int(pd.Timestamp(f"{day} 16:00", tz=self.zone).timestamp()),
                    }
                ]
                for day in days
            ]
        return meta

    def _events(self, first: int, last: int) -> dict[str, Any]:
        def at(day: str) -> int:
            return int(pd.Timestamp(f"{day} {self.opens}", tz=self.zone).timestamp())

        found: dict[str, Any] = defaultdict(dict)
        for day, amount in self.dividends.items():
            if first <= at(day) < last:
                found["dividends"][str(at(day))] = {"amount": amount, "date": at(day)}
        for day, (up, down) in self.splits.items():
            if first <= at(day) < last:
                told = {"date": at(day), "numerator": up, "denominator": down, "splitRatio": f"{up}:{down}"}
                found["splits"][str(at(day))] = told
        return found


def prices(
    first: str = "2019-01-02",
    days: int = 300,
    *,
    seed: int = 0,
    frequency: str = "B",
    level: float = 100.0,
    adjust: float = 1.0,
) -> pd.DataFrame:
    """Make bars: a random walk in logarithms, with a range around it."""
    rng = np.random.default_rng(seed)
    close = level * np.exp(np.cumsum(rng.normal(0.0003, 0.012, days)))
    opening = close * np.exp(rng.normal(0, 0.004, days))
    top, bottom = np.maximum(close, opening) * 1.003, np.minimum(close, opening) * 0.997
    table = {"open": opening, "high": top, "low": bottom, "close": close, "adjclose": close * adjust}
    bars = pd.DataFrame(table, index=pd.date_range(first, periods=days, freq=frequency)).round(6)
    bars["volume"] = rng.integers(1_000_000, 2_000_000, days)
    return bars


def _nulls(column: pd.Series) -> list[float | None]:
    return [None if pd.isna(value) else value for value in column.tolist()]


class Yahoo:
    """The server: `markets` by symbol, and faults that are answered before anything good.

    `faults[SYMBOL]` is a list of replies, one taken per chart request; that in `always[SYMBOL]` never ends.
    """

    def __init__(self, folder: Path) -> None:
        authority = trustme.CA()
        self.ca = folder / "ca.pem"
        authority.cert_pem.write_to_path(str(self.ca))
        self._tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        authority.issue_cert(*HOSTS).configure_cert(self._tls)
        self._tls.set_alpn_protocols(["http/1.1"])
        self._listener = socket.create_server(("127.0.0.1", 0))
        self._lock = threading.Lock()
        self.reset()
        threading.Thread(target=self._accept, daemon=True).start()

    def reset(self) -> None:
        """Forget all markets, faults and requests."""
        self.markets: dict[str, Market] = {}
        self.faults: dict[str, list[Reply]] = {}
        self.always: dict[str, Reply] = {}
        self.charts: list[str] = []
        self.requests = 0
        self.foreign: list[str] = []
        self.at_once = 0
        self.most_at_once = 0
        self.before_reply: Callable[[], object] = lambda: None

    @property
    def environment(self) -> dict[str, str]:
        """What leads a client here and lets it trust the certificate."""
        proxy = f"http://127.0.0.1:{self._listener.getsockname()[1]}"
        trusted = dict.fromkeys(("SSL_CERT_FILE", "CURL_CA_BUNDLE", "REQUESTS_CA_BUNDLE"), str(self.ca))
        return {"https_proxy": proxy, "HTTPS_PROXY": proxy, "no_proxy": "", "NO_PROXY": "", **trusted}

    def fail(self, symbol: str, replies: Sequence[Reply]) -> None:
        """Answer the next chart requests of a symbol with these."""
        self.faults[symbol] = list(replies)

    def close(self) -> None:
        """Take no more connections."""
        self._listener.close()

    def _accept(self) -> None:
        while True:
            try:
                connection, _ = self._listener.accept()
            except OSError:
                return
            threading.Thread(target=self._tunnel, args=(connection,), daemon=True).start()

    def _tunnel(self, connection: socket.socket) -> None:
        """Answer CONNECT, then speak TLS as the host that was asked for."""
        try:
            with connection:
                request = _head(connection)
                host = request.split()[1].rsplit(":", 1)[0] if request.startswith("CONNECT") else request
                if host not in HOSTS:
                    self.foreign.append(host)
                    return
                connection.sendall(b"HTTP/1.1 200 Connection established\r\n\r\n")
                with self._tls.wrap_socket(connection, server_side=True) as secure:
                    while head := _head(secure):
                        if not self._answer(secure, head.split()[1]):
                            return
        except (OSError, IndexError):  # the client has gone
            return

    def _answer(self, secure: ssl.SSLSocket, target: str) -> bool:
        with self._lock:
            self.requests += 1
            self.at_once += 1
            self.most_at_once = max(self.most_at_once, self.at_once)
        try:
            self.before_reply()
            reply = self._reply(target)
        finally:
            with self._lock:
                self.at_once -= 1
        body = reply.body.encode()
        head = (
            f"HTTP/1.1 {reply.status} Status\r\nContent-Type: {reply.kind}\r\n"
            f"Content-Length: {len(body) + reply.short}\r\n"
            "Set-Cookie: A3=made-here; Domain=.yahoo.com; Path=/; Max-Age=31557600\r\n\r\n"
        )
        secure.sendall(head.encode() + body)
        return not reply.short

    def _reply(self, target: str) -> Reply:
        parts = urlsplit(target)
        if parts.path == "/v1/test/getcrumb":
            return Reply(200, "crumb.made.here", "text/plain")
        if not parts.path.startswith(CHART):
            return Reply(404, "Not Found", "text/plain")
        symbol = unquote(parts.path.removeprefix(CHART))
        with self._lock:
            self.charts.append(symbol)
            if symbol in self.always:
                return self.always[symbol]
            if self.faults.get(symbol):
                return self.faults[symbol].pop(0)
        if symbol not in self.markets:
            return UNKNOWN
        return self.markets[symbol].chart(parse_qs(parts.query))


def _head(connection: socket.socket) -> str:
    """Read up to the empty line that ends a request without a body."""
    read = b""
    while not read.endswith(b"\r\n\r\n"):
        byte = connection.recv(1)
        if not byte:
            return ""
        read += byte
    return read.decode("latin-1")
