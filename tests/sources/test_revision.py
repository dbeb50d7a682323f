"""What changed since the last fetch, and what explains it."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from forecastkit.sources.revision import Revision, compare_fetches, revision_sentence

DAYS = pd.date_range("2024-01-01", periods=60, freq="B")
NOTHING: dict[str, dict[str, float]] = {"dividends": {}, "splits": {}}


def bars(seed: int = 0) -> pd.DataFrame:
    rng = np.random.default_rng(seed)
    close = 100 * np.exp(np.cumsum(rng.normal(0, 0.01, len(DAYS))))
    return pd.DataFrame(
        {"open": close * 1.001, "high": close * 1.01, "low": close * 0.99, "close": close}, DAYS
    )


def adjusted(raw: pd.DataFrame, dividends: dict[str, float], splits: dict[str, float]) -> pd.DataFrame:
    """Adjust raw prices as a source does: for each event, every earlier price by its factor."""
    table = raw.copy()
    for day, ratio in splits.items():
        table.loc[table.index < day] /= ratio
    split_adjusted = table.close.copy()
    for day, amount in dividends.items():
        before = split_adjusted[split_adjusted.index < day].iloc[-1]
        table.loc[table.index < day] *= 1 - amount / before
    return table


def compare(old: pd.DataFrame, new: pd.DataFrame, old_facts=NOTHING, new_facts=NOTHING) -> Revision:
    return compare_fetches(old, old_facts, new, new_facts, against="OLD")


def test_new_days_alone_are_no_revision() -> None:
    found = compare(bars().iloc[:50], bars())
    assert (found.days, found.changed, found.kinds, found.first, found.added) == (50, 0, (), "", 0)


def test_a_dividend_rescales_all_before_it() -> None:
    day = f"{DAYS[52]:%Y-%m-%d}"
    told = {"dividends": {day: 0.7}, "splits": {}}
    found = compare(bars().iloc[:50], adjusted(bars(), told["dividends"], {}), NOTHING, told)
    assert (found.kinds, found.changed, found.first) == (("dividend",), 50, "2024-01-01")
    assert found.largest == pytest.approx(0.7 / bars().close.iloc[51], rel=1e-9)
    assert (found.largest_at, found.events) == ("2024-01-01", (f"dividend 0.7 on {day}",))
    assert (found.first_unexplained, found.largest_unexplained) == ("", 0.0)


def test_a_split_rescales_all_before_it() -> None:
    day = f"{DAYS[55]:%Y-%m-%d}"
    told = {"dividends": {}, "splits": {day: 4.0}}
    found = compare(bars().iloc[:50], adjusted(bars(), {}, told["splits"]), NOTHING, told)
    assert (found.kinds, found.largest) == (("split",), pytest.approx(0.75))
    assert found.events == (f"split 4 for 1 on {day}",)


def test_several_events_explain_together() -> None:
    first, split, second = (f"{DAYS[i]:%Y-%m-%d}" for i in (20, 40, 52))
    before = {"dividends": {first: 1.2}, "splits": {}}
    after = {"dividends": {first: 0.6, second: 0.4}, "splits": {split: 2.0}}
    old = adjusted(bars().iloc[:38], before["dividends"], {})
    found = compare(old, adjusted(bars(), after["dividends"], after["splits"]), before, after)
    assert (found.kinds, found.changed) == (("split", "dividend"), 38)
    assert found.first_unexplained == ""


def test_one_corrected_price_is_named() -> None:
    new = bars()
    new.iloc[30, 3] *= 1.05
    found = compare(bars(), new)
    day = f"{DAYS[30]:%Y-%m-%d}"
    assert (found.kinds, found.changed, found.first, found.first_unexplained) == (
        ("correction",),
        1,
        day,
        day,
    )
    assert (found.largest, found.largest_at) == (pytest.approx(0.05), day)


def test_a_correction_beside_a_dividend_is_told_apart() -> None:
    day = f"{DAYS[52]:%Y-%m-%d}"
    told = {"dividends": {day: 0.7}, "splits": {}}
    new = adjusted(bars(), told["dividends"], {})
    new.iloc[30] *= 1.02
    found = compare(bars().iloc[:50], new, NOTHING, told)
    assert (found.kinds, found.first) == (("dividend", "correction"), "2024-01-01")
    assert found.first_unexplained == f"{DAYS[30]:%Y-%m-%d}"
    assert found.largest_unexplained == pytest.approx(0.02, rel=1e-6)


def test_days_that_come_or_go_are_corrections() -> None:
    found = compare(bars().drop(DAYS[10]), bars().drop(DAYS[20]))
    assert (found.added, found.removed, found.kinds, found.changed) == (1, 1, ("correction",), 0)
    assert (found.first, found.largest_at) == (f"{DAYS[10]:%Y-%m-%d}", "")


def test_a_price_that_goes_missing_is_a_correction() -> None:
    new = bars()
    new.iloc[5] = np.nan
    found = compare(bars(), new)
    assert (found.kinds, found.changed, found.largest) == (("correction",), 1, 0.0)
    assert compare(new, new).kinds == ()


def test_other_ranges_are_compared_where_both_have_days() -> None:
    found = compare(bars().iloc[:40], bars().iloc[20:])
    assert (found.days, found.changed, found.added, found.removed) == (20, 0, 0, 0)
    assert compare(bars().iloc[:10], bars().iloc[20:]).days == 0


@given(
    event=st.integers(45, 58),
    ratio=st.sampled_from([1.5, 2, 3, 0.1]),
    share=st.floats(0.002, 0.2),
    seed=st.integers(0, 99),
)
def test_events_explain_themselves_whatever_they_are(
    event: int, ratio: float, share: float, seed: int
) -> None:
    day, raw = f"{DAYS[event]:%Y-%m-%d}", bars(seed)
    told = {"dividends": {day: share * raw.close.iloc[event - 1]}, "splits": {f"{DAYS[44]:%Y-%m-%d}": ratio}}
    found = compare(raw.iloc[:44], adjusted(raw, told["dividends"], told["splits"]), NOTHING, told)
    assert (found.kinds, found.first_unexplained) == (("split", "dividend"), "")


def test_sentences() -> None:
    new = bars()
    new.iloc[30] *= 1.05
    found = compare(bars(), new)
    told = {name: getattr(found, name) for name in found.__slots__}
    assert revision_sentence(told) == (
        "Against snapshot OLD, 1 of 60 days changed, the first is 2024-02-12, by up to 5 % (2024-02-12). No "
        "split or dividend explains it: a correction, from 2024-02-12, by up to 5 %."
    )
    gone = compare(bars(), bars().drop(DAYS[20]))
    told = {name: getattr(gone, name) for name in gone.__slots__}
    assert "0 of 59 days changed, the first is 2024-01-29; 1 days gone." in revision_sentence(told)
