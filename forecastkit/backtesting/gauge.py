"""How much memory a call takes: resident bytes of this process before it, and at most meanwhile.

A thread looks every 20 ms while calls are measured, and ends after them. Where the system keeps a record of
the most a process ever had, a peak between two looks is found as well, if it sets that record. Nothing is
traced: a call itself runs as it would alone.
"""

from __future__ import annotations

import math
import os
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from functools import lru_cache

from forecastkit.runs.blocks import Footprint

EVERY = 0.02
"""Seconds between two looks."""
NEWS = 2**20
"""Bytes by which a peak has to rise to be told again."""
STATM = "/proc/self/statm"


class Gauge:
    """Resident bytes of this process since it was made."""

    def __init__(self) -> None:
        self._before = resident()
        self._record = record()
        self._peak = self._before or 0
        self._told = 0
        self._asked = -math.inf

    def look(self) -> None:
        """Take note of what is resident now."""
        self._peak = max(self._peak, resident() or 0)

    def news(self) -> tuple[Footprint, ...]:
        """What was seen, in a tuple of one; an empty one where that is nothing, or was told before.

        Asked again within 20 ms it says nothing: where tasks are that short, the thread looks for them.
        """
        now = time.monotonic()
        if now - self._asked < EVERY:
            return ()
        self._asked = now
        with _lock:
            self.look()
            most = record()
            if most is not None and self._record is not None and most > self._record:
                self._peak = max(self._peak, most)
        if self._peak < self._told + NEWS:
            return ()
        self._told = self._peak
        return (Footprint(os.getpid(), self._before, self._peak),)


@contextmanager
def gauged() -> Iterator[Gauge]:
    """Look at the memory of this process meanwhile."""
    global _looking
    gauge = Gauge()
    with _lock:
        if _looking is None or not _looking.is_alive():
            _looking = threading.Thread(target=_look, name="memory gauge", daemon=True)
            _looking.start()
        _gauges.append(gauge)
    try:
        yield gauge
    finally:
        with _lock:
            _gauges.remove(gauge)


def resident() -> int | None:
    """Bytes of this process that stand in memory; None where there is no /proc."""
    try:
        file = _statm(STATM, os.getpid())
        return int(os.pread(file, 100, 0).split()[1]) * os.sysconf("SC_PAGE_SIZE")
    except (OSError, ValueError, IndexError):  # the last two where others closed the file, and opened one
        return None


@lru_cache(maxsize=1)
def _statm(path: str, process: int) -> int:
    """Open the file once, as that takes longer than to read it; a forked process opens its own."""
    return os.open(path, os.O_RDONLY)


def record() -> int | None:
    """The most that this process ever had; None on Windows."""
    try:
        import resource
    except ImportError:
        return None
    most = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return most if sys.platform == "darwin" else 1024 * most


_lock = threading.Lock()
_gauges: list[Gauge] = []
_looking: threading.Thread | None = None


def _look() -> None:
    """Look for all gauges; end when there is none, so that no thread stays behind."""
    global _looking
    while True:
        time.sleep(EVERY)
        with _lock:
            if not _gauges:
                _looking = None
                return
            for gauge in _gauges:
                gauge.look()
