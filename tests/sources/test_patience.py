"""Waiting: how long, how often, and one at a time."""

from __future__ import annotations

import threading
from multiprocessing import get_context
from pathlib import Path

import pytest

from forecastkit.errors import LockedError, PlanError, RateLimitedError, SourceDownError
from forecastkit.sources.patience import Patience, one_at_a_time


def test_waits_double_up_to_the_longest() -> None:
    patience = Patience(wait=2, wait_limited=20, longest=50, jitter=0)
    assert [patience.seconds(n, SourceDownError("")) for n in range(1, 7)] == [2, 4, 8, 16, 32, 50]
    assert [patience.seconds(n, RateLimitedError("")) for n in (1, 2, 3)] == [20, 40, 50]


def test_jitter_spreads_waits_upwards() -> None:
    patience = Patience(wait=2, jitter=0.5)
    waits = [patience.seconds(1, None) for _ in range(200)]
    assert 2 <= min(waits) < max(waits) <= 3
    assert len(set(waits)) > 100


def test_the_environment_sets_it(monkeypatch) -> None:
    monkeypatch.setenv("FORECASTKIT_TRIES", "7")
    monkeypatch.setenv("FORECASTKIT_BACKOFF", "0.5")
    patience = Patience.from_environment()
    assert (patience.tries, patience.wait, patience.wait_limited) == (7, 1.0, 10.0)


@pytest.mark.parametrize(
    ("name", "value"),
    [("FORECASTKIT_TRIES", "0"), ("FORECASTKIT_TRIES", "some"), ("FORECASTKIT_BACKOFF", "-1")],
)
def test_settings_that_cannot_be(monkeypatch, name: str, value: str) -> None:
    monkeypatch.setenv(name, value)
    with pytest.raises(PlanError, match=f"{name} is '{value}'. Set it to a number of at least"):
        Patience.from_environment()


def _hold(folder: str, held, release) -> None:
    with one_at_a_time(Path(folder), Patience()):
        held.set()
        release.wait(20)


def test_another_process_is_waited_for_and_not_for_ever(tmp_path) -> None:
    context = get_context("spawn")
    held, release = context.Event(), context.Event()
    process = context.Process(target=_hold, args=(str(tmp_path), held, release))
    process.start()
    assert held.wait(20)
    with (
        pytest.raises(LockedError, match="fetching for more than 0 s"),
        one_at_a_time(tmp_path, Patience(queue=0.1)),
    ):
        pass
    release.set()
    with one_at_a_time(tmp_path, Patience()):
        process.join(20)
    assert process.exitcode == 0


def test_threads_take_turns(tmp_path) -> None:
    inside, most = [0], [0]

    def work() -> None:
        with one_at_a_time(tmp_path, Patience()):
            inside[0] += 1
            most[0] = max(most[0], inside[0])
            inside[0] -= 1

    threads = [threading.Thread(target=work) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert (inside[0], most[0]) == (0, 1)
