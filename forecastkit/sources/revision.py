"""What has changed in a history since it was last fetched: a split, a dividend, or a correction.

Prices adjusted for splits and dividends change back to the first day at every split (all earlier prices by
1 / ratio) and at every dividend D (all earlier prices by 1 - D / C, C the close before the ex-date). Changes
that the new events explain are told apart from those that nothing explains.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
import pandas as pd

from forecastkit.arrays import Vector

Kind = Literal["none", "split", "dividend", "correction"]
PRICES = ("open", "high", "low", "close")
CHANGED = 1e-6
"""Relative difference from which a price counts as changed: sources keep about seven digits."""

EXPLAINED = 1e-4
"""Relative difference up to which an event explains a change."""


@dataclass(frozen=True, slots=True)
class Revision:
    """A new fetch against an earlier one, on the days that both cover.

    Args:
        against: id of the earlier snapshot.
        days: how many days both have.
        changed: on how many of them a price is different.
        kinds: what changed: "split", "dividend", "correction"; empty where nothing did.
        first: first day that is different, or new or gone within the range of both; "" for none.
        first_unexplained: the first that no split or dividend explains.
        largest: largest relative change of a price, 0.25 for 25 %.
        largest_at: the first day with a change as large as that, to 0.1 %.
        largest_unexplained: largest relative change beyond what events explain.
        added, removed: days within the range of both that are new, or gone.
        events: what is new, such as "dividend 0.5 on 2024-03-15".
    """

    against: str
    days: int
    changed: int
    kinds: tuple[Kind, ...]
    first: str
    first_unexplained: str
    largest: float
    largest_at: str
    largest_unexplained: float
    added: int
    removed: int
    events: tuple[str, ...]


def compare_fetches(
    old: pd.DataFrame,
    old_facts: Mapping[str, Any],
    new: pd.DataFrame,
    new_facts: Mapping[str, Any],
    *,
    against: str,
) -> Revision:
    """Find what a new fetch has changed.

    Args:
        old, new: bars with open, high, low and close on an index of dates, adjusted.
        old_facts, new_facts: with `dividends` and `splits`, each a mapping of ISO date to amount or ratio.
        against: id of the old one.
    """
    both = old.index.intersection(new.index)
    before, after = (table.loc[both, list(PRICES)].to_numpy(dtype=np.float64) for table in (old, new))
    events = _new_events(old_facts, new_facts)
    expected = _expected(new, new_facts, events)
    factor = np.array([expected(f"{day:%Y-%m-%d}") for day in both])
    change, beyond = _relative(after, before), _relative(after, before * factor[:, None])
    different, odd = change > CHANGED, beyond > EXPLAINED
    if not events:
        odd = different
    added, removed = _within(new.index, old.index), _within(old.index, new.index)
    unexplained = both[odd].union(added).union(removed)
    touched = {kind for kind, day in events if bool(different[_days_before(both, day)].any())}
    kinds: list[Kind] = [kind for kind in ("split", "dividend") if kind in touched]
    if len(unexplained):
        kinds.append("correction")
    finite = np.where(np.isfinite(change), change, 0.0)
    peak = int((finite >= finite.max(initial=0.0) * (1 - 1e-3)).argmax()) if len(both) else 0
    return Revision(
        against=against,
        days=len(both),
        changed=int(different.sum()),
        kinds=tuple(kinds),
        first=_first(both[different].union(unexplained)),
        first_unexplained=_first(unexplained),
        largest=float(finite.max(initial=0.0)),
        largest_at=f"{both[peak]:%Y-%m-%d}" if different.any() else "",
        largest_unexplained=float(np.where(np.isfinite(beyond), beyond, 0.0)[odd].max(initial=0.0)),
        added=len(added),
        removed=len(removed),
        events=tuple(_worded(kind, day, new_facts) for kind, day in events),
    )


def _new_events(old: Mapping[str, Any], new: Mapping[str, Any]) -> list[tuple[Kind, str]]:
    """Splits and dividends that the old fetch did not know, by day."""
    pairs: tuple[tuple[Kind, str], ...] = (("split", "splits"), ("dividend", "dividends"))
    found = [(kind, day) for kind, key in pairs for day in new[key] if day not in old[key]]
    return sorted(found, key=lambda event: event[1])


def _expected(new: pd.DataFrame, facts: Mapping[str, Any], events: list[tuple[Kind, str]]) -> Any:
    """Give the factor by which the new events change an earlier day's price: a function of the ISO date."""
    closes = new["close"].dropna()
    days = closes.index.strftime("%Y-%m-%d").to_numpy()
    later, factors = 1.0, {}
    for day in sorted(facts["dividends"], reverse=True):
        known = closes.to_numpy()[days < day]
        if len(known):
            paid_out = known[-1] / later  # C - D: the close before, less the dividend, free of later ones
            factors["dividend", day] = paid_out / (paid_out + facts["dividends"][day])
            later *= factors["dividend", day]
    factors.update({("split", day): 1.0 / ratio for day, ratio in facts["splits"].items()})

    def factor(day: str) -> float:
        return float(np.prod([factors.get(event, 1.0) for event in events if event[1] > day]))

    return factor


def _relative(after: np.ndarray, before: np.ndarray) -> Vector:
    """Largest relative change of a price by day; infinite where one is missing on one side only."""
    missing = np.isnan(after) != np.isnan(before)
    with np.errstate(divide="ignore", invalid="ignore"):
        change = np.abs(after / before - 1.0)
    change = np.where(missing, np.inf, np.nan_to_num(change, nan=0.0, posinf=np.inf))
    return np.asarray(change.max(axis=1, initial=0.0))


def _within(index: pd.Index, other: pd.Index) -> pd.Index:
    """Entries of an index that the other lacks although its range covers them."""
    if not len(other):
        return index[:0]
    return index[(index >= other[0]) & (index <= other[-1])].difference(other)


def _days_before(index: pd.Index, day: str) -> np.ndarray:
    return np.asarray(index.strftime("%Y-%m-%d") < day)


def _first(index: pd.Index) -> str:
    return f"{index[0]:%Y-%m-%d}" if len(index) else ""


def _worded(kind: Kind, day: str, facts: Mapping[str, Any]) -> str:
    amount = facts[f"{kind}s"][day]
    return f"{kind} {amount:g} on {day}" if kind == "dividend" else f"split {amount:g} for 1 on {day}"


def revision_sentence(told: Mapping[str, Any]) -> str:
    """Say what a revision, as a mapping, found.

    Example:
        >>> revision_sentence({"against": "A", "days": 9, "kinds": []})
        'Against snapshot A nothing changed on the 9 days that both cover.'
    """
    against = f"Against snapshot {told['against']}"
    if not told["kinds"]:
        return f"{against} nothing changed on the {told['days']} days that both cover."
    text = f"{against}, {told['changed']} of {told['days']} days changed, the first is {told['first']}"
    if told["largest_at"]:
        text += f", by up to {100 * told['largest']:.3g} % ({told['largest_at']})"
    moved = [f"{told[key]} days {word}" for key, word in (("added", "new"), ("removed", "gone")) if told[key]]
    text += f"; {' and '.join(moved)}." if moved else "."
    known = [kind for kind in told["kinds"] if kind != "correction"]
    if "correction" not in told["kinds"]:
        return f"{text} It is explained by: {', '.join(told['events'])}."
    why = "No split or dividend explains it" if not known else f"Only part is {' and '.join(known)}"
    size = f", by up to {100 * told['largest_unexplained']:.3g} %" if told["largest_unexplained"] else ""
    return f"{text} {why}: a correction, from {told['first_unexplained']}{size}."
