"""What a report says about data that came from a market: where from, and on which basis."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from forecastkit.comparison.comparison import Comparison

CALENDARS = {
    "trading days": "days on which the exchange traded; nothing is filled in",
    "weekdays": "Monday to Friday; nothing is filled in",
    "every day": "every calendar day",
}


def market_pairs(comparison: Comparison) -> tuple[tuple[str, str], ...]:
    """Name and text of each thing to be known about market data; empty for any other series."""
    source = comparison.series.source
    return tuple(_pairs(source)) if source.get("kind") == "yahoo" else ()


def _pairs(source: Mapping[str, Any]) -> Iterable[tuple[str, str]]:
    yield "Symbol", f"{source['symbol']} at Yahoo ({source['instrument'].lower()}, {source['exchange']})"
    yield "Snapshot", f"{source['snapshot']}; loading this name repeats the run on the same data"
    yield "Fetched", source["fetched_at"][:16].replace("T", " ") + " UTC"
    yield "Values", source["field"] + (f", {source['resampled']}" if "resampled" in source else "")
    yield (
        "Prices",
        f"{source['basis']}, in {source['currency'] or 'no currency'}, from bars of {_bar(source)}",
    )
    yield "Calendar", f"{CALENDARS[source['calendar']]} ({source['zone']})"
    left_out = tuple(_left_out(source))
    if left_out:
        yield "Left out", "; ".join(left_out)


def _left_out(source: Mapping[str, Any]) -> Iterable[str]:
    for key, why in (("without_price", "without a price"), ("on_weekends", "on weekends")):
        if source[key]:
            yield f"{source[key]} bars {why}"
    if source["unfinished"]:
        yield f"{source['unfinished']}, whose session had not ended"


def _bar(source: Mapping[str, Any]) -> str:
    interval = source["request"]["interval"]
    return "one day" if interval == "1d" else interval.replace("m", " minutes")
