"""The real client against the loopback server: what comes is kept as it is, what fails gets its type."""

from __future__ import annotations

import json
import warnings
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from loopback import DOWN, LIMITED, PAGE, Market, Reply, Yahoo, prices

from forecastkit.errors import (
    DataError,
    MalformedReplyError,
    NoDataError,
    PlanError,
    RateLimitedError,
    SourceDownError,
    UnknownSymbolError,
)
from forecastkit.sources.market import check_request, download
from forecastkit.sources.patience import Patience

QUICK = Patience(tries=3, wait=0, wait_limited=0)


@pytest.fixture
def ask(yahoo: Yahoo, tmp_path: Path):
    def call(symbol: str, start: str | None = None, end: str | None = None, interval: str = "1d"):
        return download(check_request(symbol, start, end, interval), folder=tmp_path, patience=QUICK)

    return call


def test_bars_come_as_they_are(yahoo, ask) -> None:
    yahoo.markets["AAA"] = Market(prices(adjust=0.9))
    table, facts = ask("aaa")
    bars = yahoo.markets["AAA"].bars
    assert list(table.columns) == ["open", "high", "low", "close", "volume"]
    assert table.index.tolist() == bars.index.tolist()
    assert table.close.to_numpy() == pytest.approx(bars.adjclose.to_numpy(), rel=1e-14)
    assert table.open.to_numpy() == pytest.approx(0.9 * bars.open.to_numpy(), rel=1e-6)
    assert (facts["currency"], facts["zone"], facts["instrument"]) == ("USD", "America/New_York", "EQUITY")
    assert facts["basis"] == "adjusted for splits and dividends"
    assert (facts["rows"], facts["first"], facts["last"]) == (300, "2019-01-02", "2020-02-25")
    assert facts["arguments"]["auto_adjust"] is True
    assert facts["versions"]["yfinance"] >= "1.7"
    assert json.loads(json.dumps(facts)) == facts


def test_nulls_are_kept_as_missing(yahoo, ask) -> None:
    bars = prices()
    bars.iloc[[5, 17], :] = np.nan
    yahoo.markets["NUL"] = Market(bars)
    table, facts = ask("NUL")
    assert np.flatnonzero(table.close.isna()).tolist() == [5, 17]
    assert facts["rows"] == 300


def test_dividends_and_splits_are_told(yahoo, ask) -> None:
    market = Market(
        prices(), dividends={"2019-03-15": 0.5, "2019-06-14": 0.25}, splits={"2019-06-03": (3, 2)}
    )
    yahoo.markets["DIV"] = market
    _, facts = ask("DIV")
    assert facts["dividends"] == {"2019-03-15": 0.5, "2019-06-14": 0.25}
    assert facts["splits"] == {"2019-06-03": 1.5}


@pytest.mark.parametrize(
    ("zone", "opens", "currency"),
    [("America/New_York", "09:30", "USD"), ("Asia/Tokyo", "09:00", "JPY"), ("Europe/London", "08:00", "GBp")],
)
def test_days_are_those_of_the_exchange(yahoo, ask, zone: str, opens: str, currency: str) -> None:
    bars = prices("2024-03-01", 60)  # over the clock changes of New York and London
    yahoo.markets[f"Z{currency.upper()}"] = Market(bars, zone=zone, opens=opens, currency=currency)
    table, facts = ask(f"Z{currency.upper()}")
    assert table.index.tolist() == bars.index.tolist()
    assert (table.index.tz, facts["zone"], facts["currency"]) == (None, zone, currency)


def test_a_range_ends_before_its_end(yahoo, ask) -> None:
    yahoo.markets["RNG"] = Market(prices())
    table, _ = ask("RNG", "2019-02-01", "2019-02-11")
    assert [f"{day:%m-%d}" for day in table.index[[0, -1]]] == ["02-01", "02-08"]


def test_the_bar_of_a_session_that_goes_on_is_left_out(yahoo, ask) -> None:
    today = pd.Timestamp(datetime.now(UTC)).tz_convert("America/New_York")
    bars = prices(days=10).set_axis(pd.date_range(end=f"{today:%Y-%m-%d}", periods=10))
    ahead = f"{today + pd.Timedelta(hours=1):%Y-%m-%d %H:%M}"
    yahoo.markets["NOW"] = Market(bars, session_end=ahead, opens="00:00")
    table, facts = ask("NOW")
    if ahead[:10] == f"{today:%Y-%m-%d}":
        assert (facts["unfinished"], len(table)) == (f"{today:%Y-%m-%d}", 9)
    yahoo.markets["PAST"] = Market(bars, session_end=f"{today:%Y-%m-%d} 00:00", opens="00:00")
    table, facts = ask("PAST")
    assert (facts["unfinished"], len(table)) == (None, 10)


@pytest.mark.parametrize(
    ("fault", "count"), [(LIMITED, 2), (LIMITED, 4), (DOWN, 2), (DOWN, 4), (PAGE, 1), (PAGE, 2)]
)
def test_passing_faults_are_sat_out(yahoo, ask, fault: Reply, count: int) -> None:
    symbol = f"P{fault.status}N{count}"
    yahoo.markets[symbol] = Market(prices())
    yahoo.fail(symbol, [fault] * count)
    assert len(ask(symbol).table) == 300
    assert yahoo.faults[symbol] == []


LASTING = {
    "429": (LIMITED, RateLimitedError, "because of too many requests. Wait some minutes"),
    "503": (DOWN, SourceDownError, "answered HTTP 503"),
    "403": (Reply(403, '{"chart": {"result": null, "error": {}}}'), SourceDownError, "answered HTTP 403"),
    "page": (PAGE, MalformedReplyError, r"cannot be read \(JSONDecodeError"),
    "cut": (
        Reply(200, '{"chart": {"result": [{"me'),
        MalformedReplyError,
        r"cannot be read \(JSONDecodeError",
    ),
    "broken off": (
        Reply(200, '{"chart": {"result": [{"me', short=99),
        SourceDownError,
        "could not be reached",
    ),
    "list": (Reply(200, "[]"), MalformedReplyError, "cannot be read"),
    "empty": (Reply(200, '{"chart": {"result": [{"meta": {}}]}}'), MalformedReplyError, "cannot be read"),
}


@pytest.mark.parametrize("case", LASTING)
def test_lasting_faults_get_their_type_after_the_last_try(yahoo, ask, case: str) -> None:
    reply, error, message = LASTING[case]
    symbol = "L" + case.replace(" ", "").upper()
    yahoo.always[symbol] = reply
    with pytest.raises(error, match=f"{symbol}") as caught:
        ask(symbol)
    assert caught.match(message)
    assert isinstance(caught.value, DataError)
    assert len(yahoo.charts) in (3, 6)  # three tries; yfinance itself asks twice where the status is an error


def test_an_unknown_symbol_is_said_at_once(yahoo, ask) -> None:
    for symbol in ("NOPE", "NOPE2", "NOPE3"):  # yfinance asks elsewhere for the first two
        yahoo.charts.clear()
        with pytest.raises(UnknownSymbolError, match=f"does not know the symbol '{symbol}'"):
            ask(symbol)
        assert len(yahoo.charts) == 2


def test_a_range_without_trading_days(yahoo, ask) -> None:
    yahoo.markets["WEE"] = Market(prices())
    with pytest.raises(NoDataError, match="WEE and has no prices from 2019-02-02 to 2019-02-04"):
        ask("WEE", "2019-02-02", "2019-02-04")


def test_an_unreachable_source(yahoo, ask, monkeypatch) -> None:
    for name in ("https_proxy", "HTTPS_PROXY"):
        monkeypatch.setenv(name, "http://127.0.0.1:9")
    with pytest.raises(SourceDownError, match="could not be reached for GONE"):
        ask("GONE")


def test_symbols_reach_the_server_as_they_are(yahoo, ask) -> None:
    for symbol in ("^GSPC", "EUR=X", "BRK-B", "A B", "O'NEIL", 'Q"Q', "ÄÖÜ", "A/B", "A?B", "A#B", "A%B"):
        yahoo.markets[symbol] = Market(prices(days=20))
        assert len(ask(symbol).table) == 20


def test_settings_and_warnings_are_left_as_they_were(yahoo, ask) -> None:
    import yfinance

    before, filters = yfinance.config.debug.hide_exceptions, list(warnings.filters)
    yahoo.markets["SET"] = Market(prices())
    ask("SET")
    with pytest.raises(UnknownSymbolError):
        ask("SETNOT")
    assert yfinance.config.debug.hide_exceptions is before is True
    assert warnings.filters == filters


@pytest.mark.parametrize(
    ("given", "message"),
    [
        (("", None, None, "1d"), "'' is no symbol"),
        (("A\nB", None, None, "1d"), "is no symbol"),
        (("..", None, None, "1d"), "'..' is no symbol"),
        (("US0378331005", None, None, "1d"), "is an ISIN"),
        (("SPY", "1.2.2020", None, "1d"), "'1.2.2020' is no date. Write it as 2010-01-31"),
        (("SPY", "2020-02-01", "2020-01-01", "1d"), "start 2020-02-01 is not before end 2020-01-01"),
        (("SPY", None, None, "1wk"), "interval '1wk' was given; one of 1d, 5m, 15m, 60m"),
    ],
)
def test_requests_that_cannot_be(given, message: str) -> None:
    with pytest.raises(PlanError, match=message):
        check_request(*given)
