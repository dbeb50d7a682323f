"""How many worker processes memory allows."""

from __future__ import annotations

import sys

import pytest

from forecastkit import workers
from forecastkit.workers import affordable_workers, free_memory


def test_workers_are_capped_by_memory(monkeypatch) -> None:
    monkeypatch.setattr(workers, "free_memory", lambda: 3e9)
    assert affordable_workers(8) == 2
    assert affordable_workers(8, bytes_each=1e9) == 3
    assert affordable_workers(1) == 1
    monkeypatch.setattr(workers, "free_memory", lambda: 1e6)
    assert affordable_workers(8) == 1
    monkeypatch.setattr(workers, "free_memory", lambda: None)
    assert affordable_workers(8) == 8
    monkeypatch.setattr(workers, "_processors", lambda: 5)
    assert affordable_workers() == 5


@pytest.mark.skipif(sys.platform != "linux", reason="memory is looked up in /proc")
def test_free_memory_is_a_number_of_bytes() -> None:
    free = free_memory()
    assert free is not None
    assert 1e6 < free < 1e15
