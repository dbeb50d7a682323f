"""Memory of fits: what a model takes is seen, wherever it runs, and changes nothing."""

from __future__ import annotations

import json
import os
import zlib
from dataclasses import replace

import numpy as np
import pytest
from chores import Hungry

import forecastkit as fk
from forecastkit.backtesting import computing, gauge
from forecastkit.backtesting.gauge import gauged, record, resident
from forecastkit.runs.blocks import Block, Footprint, Made, largest_footprint, pack, unpack
from forecastkit.runs.store import Store

Y = np.cumsum(np.random.default_rng(5).normal(size=80)) + 50
PLAN = fk.BacktestPlan(horizon=3, origins=12)
LARGE = 200 * 2**20
SEEN = 0.9 * LARGE
"""Of it: pages that were free in the process before need not be taken anew."""


def block(*footprints: Footprint) -> Block:
    return Block("ar", 0, np.array([12]), np.zeros((1, 3)), footprints=footprints)


@pytest.mark.parametrize("what", ["settling", "fitting"])
def test_what_a_model_takes_is_seen(what) -> None:
    plan = replace(PLAN, origins=2)
    made = fk.backtest(Y, [replace(Hungry(), **{what: LARGE})], plan=plan, store=False)
    found = made.footprints["hungry"]
    assert found.process == os.getpid()
    assert found.peak - found.before >= SEEN
    assert made.footprints["naive"].peak < found.peak


def test_of_a_worker_its_own_memory_is_seen(monkeypatch) -> None:
    monkeypatch.setattr(computing, "affordable_workers", lambda asked, bytes_each: asked)
    ballast = np.ones(LARGE // 8)  # which the workers do not have
    made = fk.backtest(Y, [Hungry(fitting=LARGE)], plan=PLAN, workers=2, store=False)
    found = made.footprints["hungry"]
    assert found.process != os.getpid()
    assert found.peak - found.before >= SEEN
    assert found.before < resident() - 0.9 * ballast.nbytes


def test_measured_or_not_the_forecasts_are_the_same(monkeypatch) -> None:
    measured = fk.backtest(Y, ["ar", "drift"], plan=PLAN, store=False)
    monkeypatch.setattr(gauge, "STATM", "/nowhere/statm")
    monkeypatch.setattr(gauge, "record", lambda: None)
    blind = fk.backtest(Y, ["ar", "drift"], plan=PLAN, store=False)
    assert measured.mean.tobytes() == blind.mean.tobytes()
    assert set(measured.footprints) == set(measured.models)
    assert blind.footprints == {}


@pytest.mark.parametrize("content", ["", "0 many"])
def test_a_file_that_is_another_by_now_tells_nothing(monkeypatch, tmp_path, content) -> None:
    (tmp_path / "other").write_text(content)
    monkeypatch.setattr(gauge, "STATM", str(tmp_path / "other"))
    assert resident() is None


def test_a_system_without_pread_and_without_proc_tells_nothing(monkeypatch) -> None:
    monkeypatch.setattr(gauge, "STATM", "/nowhere/statm")
    monkeypatch.delattr(os, "pread")
    assert resident() is None


def test_without_proc_only_a_new_record_tells(monkeypatch) -> None:
    monkeypatch.setattr(gauge, "STATM", "/nowhere/statm")
    told = iter([5 * 2**30, 5 * 2**30, 5 * 2**30, 9 * 2**30])
    monkeypatch.setattr(gauge, "record", lambda: next(told))
    with gauged() as nothing_new:
        pass
    assert nothing_new.news() == ()
    with gauged() as higher:
        pass
    assert higher.news() == (Footprint(os.getpid(), None, 9 * 2**30),)


def test_a_peak_between_two_looks_is_in_the_record(monkeypatch) -> None:
    monkeypatch.setattr(gauge, "_look", lambda: None)
    with gauged() as seen:
        eaten = np.ones(record() // 8)
        del eaten
    (found,) = seen.news()
    assert found.peak > 1.5 * resident()


def test_only_a_higher_peak_is_news(monkeypatch) -> None:
    monkeypatch.setattr(gauge, "record", lambda: None)
    told = iter([1e9, 2e9, 2e9 + 1000, 3e9])
    monkeypatch.setattr(gauge, "resident", lambda: int(next(told)))
    monkeypatch.setattr(gauge, "_look", lambda: None)
    clock = iter([0.0, 1.0, 1.01, 2.0])
    monkeypatch.setattr(gauge.time, "monotonic", lambda: next(clock))
    seen = gauge.Gauge()
    peaks = [[found.peak for found in seen.news()] for _ in range(4)]
    assert peaks == [[2_000_000_000], [], [], [3_000_000_000]]


def test_no_thread_stays_behind() -> None:
    with gauged():
        thread = gauge._looking
        assert thread.is_alive()
        with gauged():
            assert gauge._looking is thread
    thread.join(timeout=10)
    assert not thread.is_alive()
    assert gauge._looking is None


def test_the_process_with_the_highest_peak_counts_from_its_first_task() -> None:
    blocks = [
        block(Footprint(1, 300, 700)),
        block(Footprint(2, 100, 750), Footprint(2, 600, 800)),
        block(),
        block(Footprint(3, None, 20)),
    ]
    assert largest_footprint(blocks) == Footprint(2, 100, 800)
    assert largest_footprint(blocks[3:]) == Footprint(3, None, 20)
    assert largest_footprint([block()]) is None


def test_words() -> None:
    assert str(Footprint(1, 146_000_000, 867_205_120)) == "867 MB (146 MB of it there before)"
    assert str(Footprint(1, None, 999_600_000)) == "1.0 GB"


def test_a_run_that_goes_on_or_is_read_tells_the_same(tmp_path) -> None:
    def stop(model, done, total):
        if (model, done) == ("hungry", 2):
            raise KeyboardInterrupt

    model, plan = Hungry(settling=LARGE), replace(PLAN, origins=4)
    with Store.open(tmp_path / "runs.db") as store:
        with pytest.raises(KeyboardInterrupt):
            fk.backtest(Y, [model], plan=plan, store=store, progress=stop)
        rest = resident()
        resumed = fk.backtest(Y, [model], plan=plan, store=store)  # which settles nothing again
        found = resumed.footprints["hungry"]
        assert found.peak - found.before >= SEEN
        assert found.peak > rest + 0.8 * LARGE
        repeated = fk.backtest(Y, [model], plan=plan, store=store)
        read = fk.read_run("last", store=store).forecasts
    assert repeated.footprints == read.footprints == resumed.footprints


def test_blocks_of_before_tell_of_no_memory() -> None:
    entry = block(Footprint(1, 2, 3)).entry()
    assert json.loads(json.dumps(entry))["footprints"] == [[1, 2, 3]]
    assert unpack([entry], pack([block()]))[0].footprints == (Footprint(1, 2, 3),)
    del entry["footprints"]
    assert unpack([entry], pack([block()]))[0].footprints == ()


def test_the_hash_of_forecasts_does_not_know_of_it() -> None:
    made = Made((block(), block(Footprint(1, 2, 3)))).with_footprints((Footprint(4, 5, 6),))
    assert [one.footprints for one in made.blocks] == [(Footprint(4, 5, 6),), (Footprint(1, 2, 3),)]
    assert zlib.decompress(pack(made.blocks)) == zlib.decompress(pack((block(), block())))
