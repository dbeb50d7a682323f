"""Prices as series: fields, calendars, what is left out, and what the series says about itself."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from loopback import Market, Yahoo, prices

import forecastkit as fk
from forecastkit.archive import read_run
from forecastkit.errors import DatasetNotFoundError, PlanError


def hours(days: int = 30) -> pd.DataFrame:
    index = pd.date_range("2024-01-01", periods=days, freq="B")
    times = pd.DatetimeIndex([day + pd.Timedelta(hours=h, minutes=30) for day in index for h in range(9, 16)])
    return prices(days=len(times)).set_axis(times)


def test_a_price_series_is_ready_to_use(yahoo: Yahoo) -> None:
    yahoo.markets["SPY"] = Market(prices(adjust=0.8))
    series = fk.load("yahoo:SPY")
    assert (series.name, series.unit, series.period, series.spacing) == ("SPY", "USD", 1, "observations")
    assert series.default_transform == "log-return"
    assert series.values == pytest.approx(0.8 * prices().close.to_numpy(), rel=1e-6)
    told = series.source
    assert told["snapshot"].startswith("yahoo:SPY@")
    assert (told["zone"], told["basis"]) == ("America/New_York", "adjusted for splits and dividends")
    assert fk.load("yahoo:SPY", name="x", unit="points", period=5).period == 5


def test_days_without_a_price_are_left_out_not_filled(yahoo: Yahoo) -> None:
    bars = prices()
    bars.iloc[[5, 17], :] = np.nan
    yahoo.markets["NUL"] = Market(bars)
    series = fk.load("yahoo:NUL")
    assert series.index.tolist() == bars.index.delete([5, 17]).tolist()
    assert series.source["without_price"] == 2


def test_open_to_close(yahoo: Yahoo) -> None:
    yahoo.markets["OTC"] = Market(prices(adjust=0.5))
    series = fk.load("yahoo:OTC", field="open-to-close")
    assert series.values == pytest.approx(np.log(prices().close / prices().open).to_numpy(), abs=1e-9)
    assert (series.name, series.unit, series.default_transform) == ("OTC open-to-close", "log return", "none")


def test_volatility_from_prices_within_the_day(yahoo: Yahoo, tmp_path) -> None:
    bars = hours()
    yahoo.markets["VOL"] = Market(bars)
    series = fk.load("yahoo:VOL", field="realised-volatility", start="2024-01-01", end="2024-12-31")
    squares = np.log(bars.close).groupby(bars.index.date).apply(lambda x: (x.diff() ** 2).sum())
    assert series.values == pytest.approx(np.sqrt(squares.to_numpy()), rel=1e-9)
    assert (len(series), series.index[0]) == (30, pd.Timestamp("2024-01-01"))
    assert series.source["request"]["interval"] == "60m"
    bars.close.rename_axis("ds").to_csv(tmp_path / "own.csv")
    own = fk.load(tmp_path / "own.csv", field="realised-volatility")
    assert own.values == pytest.approx(series.values, rel=1e-9)


def test_a_named_snapshot_serves_the_fields_of_its_interval(yahoo: Yahoo) -> None:
    yahoo.markets["INT"] = Market(hours())
    series = fk.load("yahoo:INT", field="realised-volatility", start="2024-01-01", end="2024-12-31")
    again = fk.load(series.source["snapshot"], field="realised-volatility")
    assert again.values.tobytes() == series.values.tobytes()
    with pytest.raises(PlanError, match="field 'close' was asked for with interval '60m'"):
        fk.load(series.source["snapshot"])
    yahoo.markets["DAY"] = Market(prices())
    daily = fk.load("yahoo:DAY").source["snapshot"]
    assert fk.load(daily, field="open-to-close").unit == "log return"
    with pytest.raises(PlanError, match="field 'realised-volatility' was asked for with interval '1d'"):
        fk.load(daily, field="realised-volatility")


@pytest.mark.parametrize("symbol", ["^GSPC", "EUR=X", "A B", "O'NEIL", 'Q"Q', "ÄÖÜ", "A/B", "..A", "A..B"])
def test_odd_symbols_come_and_come_back(yahoo: Yahoo, tmp_path, symbol: str) -> None:
    yahoo.markets[symbol] = Market(prices(days=30))
    series = fk.load(f"yahoo:{symbol}")
    again = fk.load(series.source["snapshot"], offline=True)
    assert (again.name, again.values.tobytes()) == (symbol, series.values.tobytes())
    files = [path for path in (tmp_path / "cache").rglob("*.json")]
    assert [path.parent.parent for path in files] == [tmp_path / "cache/snapshots"]
    assert {path.name for path in tmp_path.iterdir()} == {"cache"}


def test_currencies_have_no_weekends(yahoo: Yahoo) -> None:
    bars = prices("2024-01-01", 60, frequency="D", level=1.1)
    yahoo.markets["EURUSD=X"] = Market(bars, instrument="CURRENCY", zone="Europe/London", opens="00:00")
    series = fk.load("yahoo:EURUSD=X")
    assert set(series.index.day_of_week) == {0, 1, 2, 3, 4}
    assert (series.source["calendar"], series.source["on_weekends"]) == ("weekdays", 16)


def test_crypto_trades_every_day(yahoo: Yahoo) -> None:
    bars = prices("2024-01-01", 60, frequency="D")
    yahoo.markets["BTC-USD"] = Market(bars, instrument="CRYPTOCURRENCY", zone="UTC", opens="00:00")
    series = fk.load("yahoo:BTC-USD")
    assert (series.spacing, series.frequency, series.period, len(series)) == ("regular", "D", 1, 60)
    weekly = fk.load("yahoo:BTC-USD", resample="weekly")
    assert (weekly.frequency, weekly.default_transform) == ("W-SUN", "log-return")


def test_weeks_and_months(yahoo: Yahoo) -> None:
    yahoo.markets["SPY"] = Market(prices())
    monthly = fk.load("yahoo:SPY", resample="monthly")
    expected = prices().close.groupby(prices().index.to_period("M")).last().iloc[:-1]
    assert monthly.values == pytest.approx(expected.to_numpy(), rel=1e-12)
    assert monthly.source["snapshot"] == fk.load("yahoo:SPY").source["snapshot"]
    assert monthly.source["resampled"] == "monthly, last observation"


@pytest.mark.parametrize(
    ("source", "options", "message"),
    [
        ("yahoo:SPY", {"field": "vwap"}, "There is no field 'vwap'"),
        ("yahoo:SPY", {"interval": "5m"}, "every other field takes 1d"),
        ("yahoo:SPY", {"field": "realised-volatility", "interval": "1d"}, "Realised volatility takes 60m"),
        ("yahoo:SPY", {"column": "close"}, "is no file, so column cannot be chosen"),
        ("sunspots", {"start": "2000-01-01"}, "is no market source such as yahoo:SPY, so start cannot"),
        ("sunspots", {"refresh": True}, "so refresh cannot be chosen"),
        ("sunspots", {"field": "close"}, "a source that is no market has only realised-volatility"),
        ("yahoo:", {}, "is no symbol"),
    ],
)
def test_what_cannot_be_asked(source: str, options, message: str) -> None:
    with pytest.raises(PlanError, match=message):
        fk.load(source, **options)


def test_a_market_without_any_price(yahoo: Yahoo) -> None:
    bars = prices(days=5) * np.nan
    yahoo.markets["ALLNUL"] = Market(bars)
    with pytest.raises(DatasetNotFoundError, match="holds no adjusted closing price"):
        fk.load("yahoo:ALLNUL")


def test_a_rerun_offline_from_the_snapshot_gives_the_same_bits(yahoo: Yahoo) -> None:
    yahoo.markets["SPY"] = Market(prices())
    plan = fk.BacktestPlan(horizon=3, origins=20)
    first = fk.compare(fk.load("yahoo:SPY"), ["ar"], plan=plan)
    yahoo.markets["SPY"] = Market(prices(seed=5))
    yahoo.requests = 0
    kept = read_run(first.forecasts.run_id).series.source["snapshot"]
    again = fk.compare(fk.load(kept, offline=True), ["ar"], plan=plan)
    assert again.scores.mse.tobytes() == first.scores.mse.tobytes()
    assert again.forecasts.mean.tobytes() == first.forecasts.mean.tobytes()
    assert (yahoo.requests, again.settings["transform"]) == (0, "log-return")
