"""What a later edition of a series has changed in its past."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

SHOWN = 10
"""Dates that are named one by one."""


@dataclass(frozen=True, slots=True)
class Revised:
    """A series against its earlier edition.

    Args:
        changed, removed, inserted: how many past values are different, gone, or new between old ones.
        dates: the first of all these, at most SHOWN.
        first: the first of them, "" where the past is as it was.
        largest: largest absolute change of a value.
        largest_at: its date, "" for none.
        added: how many values follow the last one of the earlier edition.
    """

    changed: int
    removed: int
    inserted: int
    dates: tuple[str, ...]
    first: str
    largest: float
    largest_at: str
    added: int

    @property
    def count(self) -> int:
        """Past values that are not what they were."""
        return self.changed + self.removed + self.inserted


def revised(old: Mapping[str, float], new: Mapping[str, float]) -> Revised:
    """Find what changed in the past that an earlier edition knew.

    Args:
        old, new: date as text -> value, in order of time; a missing value is NaN and equals NaN.

    Returns:
        what changed from the first common date on: a window that moves forward removes nothing.

    Example:
        >>> revised({"Jan": 1.0, "Feb": 2.0}, {"Jan": 1.0, "Feb": 2.5, "Mar": 3.0}).dates
        ('Feb',)
    """
    common = [date for date in new if date in old]
    begin, end = (common[0], common[-1]) if common else ("", "")
    gone = [date for date in _between(old, begin, "") if date not in new] if common else list(old)
    inserted = [date for date in _between(new, begin, end) if date not in old] if common else []
    before, after = np.array([old[d] for d in common]), np.array([new[d] for d in common])
    moved = np.abs(after - before)
    different = ~((before == after) | (np.isnan(before) & np.isnan(after)))
    changed = [date for date, flag in zip(common, different, strict=True) if flag]
    dates = sorted([*changed, *gone, *inserted], key=_places(old, new).__getitem__)
    size = np.where(np.isfinite(moved), moved, 0.0)
    peak = int(size.argmax()) if size.any() else -1
    last = list(new).index(end) if common else -1
    return Revised(
        changed=len(changed),
        removed=len(gone),
        inserted=len(inserted),
        dates=tuple(dates[:SHOWN]),
        first=dates[0] if dates else "",
        largest=float(size[peak]) if peak >= 0 else 0.0,
        largest_at=common[peak] if peak >= 0 else "",
        added=len(new) - 1 - last,
    )


def _places(old: Mapping[str, float], new: Mapping[str, float]) -> dict[str, float]:
    """Where each date stands; one that is gone stands behind the one it followed."""
    places = {date: float(i) for i, date in enumerate(new)}
    last = -1.0
    for date in old:
        last = places.get(date, last)
        places.setdefault(date, last + 0.5)
    return places


def _between(values: Mapping[str, float], begin: str, end: str) -> list[str]:
    """Dates from `begin` to `end`, or to the last one where that is empty."""
    dates = list(values)
    stop = dates.index(end) + 1 if end else len(dates)
    return dates[dates.index(begin) : stop]
