"""The store: what is finished survives, damage is found, and what goes wrong has a name."""

from __future__ import annotations

import os
import signal
import sqlite3
import subprocess
import sys
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from chores import Slow

import forecastkit as fk
from forecastkit.archive import compare_runs
from forecastkit.errors import (
    LockedError,
    PlanError,
    ReportError,
    RunNotFoundError,
    StoreDamagedError,
    StoreError,
    StoreFullError,
    StoreGoneError,
    StoreReadOnlyError,
    StoreSchemaError,
    StoreWarning,
)
from forecastkit.runs import database
from forecastkit.runs.blocks import Block, Failure, Footprint, Made, Note, Task
from forecastkit.runs.store import Store, open_store
from forecastkit.series.series import Series

INDEX = pd.date_range("2024-01-01", periods=20, freq="D")
SERIES = Series(np.random.default_rng(1).normal(size=20) * 10.0 ** np.arange(-10, 10), INDEX, name="toy")
SETTINGS = {"plan": {"horizon": 3}, "seed": 0, "models": {"ar": {"family": "ar", "seeds": 1}}}
Y = np.cumsum(np.random.default_rng(5).normal(size=80)) + 50
PLAN = fk.BacktestPlan(horizon=3, origins=12)
TESTS = Path(__file__).parents[1]


def task(number: int) -> Task:
    return Task("ar", number, (np.array([12, 13]), np.array([14])), f"key{number}", "prepared")


def made(number: int) -> Made:
    rng = np.random.default_rng(number)
    failure = Failure("ar", number, 14, "FitError", 'said "no",\nand left')
    first = Block("ar", number, np.array([12, 13]), rng.normal(size=(2, 3)), rng.normal(size=(2, 3, 4)))
    blank = np.full((1, 3), np.nan)
    second = Block("ar", number, np.array([14]), blank, None, (failure,), 0.5, 0.25, {"p": 2, "x": 1 / 3})
    second = replace(second, footprints=(Footprint(7, 10**8, 3 * 10**9), Footprint(7, None, number)))
    return Made((first, second), (Note("DeviceWarning", "a note"),))


def assert_same(found: Made, expected: Made) -> None:
    assert found.notes == expected.notes
    for one, other in zip(found.blocks, expected.blocks, strict=True):
        assert one.key == other.key
        assert one.mean.tobytes() == other.mean.tobytes()
        assert (one.quantiles is None) == (other.quantiles is None)
        assert one.quantiles is None or one.quantiles.tobytes() == other.quantiles.tobytes()
        assert (one.failures, dict(one.facts)) == (other.failures, dict(other.facts))
        assert (one.fit_seconds, one.forecast_seconds) == (other.fit_seconds, other.forecast_seconds)
        assert one.footprints == other.footprints


def fill(store: Store, count: int = 3, keep: int = 3) -> str:
    with store.begin(SERIES, SETTINGS, [task(n) for n in range(count)]) as run:
        for number in range(keep):
            run.keep(task(number), made(number))
        if keep == count:
            run.finish([("ar", h, 3, 1.0 * h, 2.0 * h) for h in (1, 2, 3)])
    return run.id


class TestKeeping:
    @pytest.mark.parametrize("place", ["file", "memory"])
    def test_every_bit_comes_back(self, place, tmp_path):
        with Store.open(tmp_path / "deep" / "runs.db" if place == "file" else None) as store:
            name = fill(store)
            with store.begin(SERIES, SETTINGS, [task(n) for n in range(3)]) as run:
                known = run.known()
            for number in range(3):
                assert_same(known[f"key{number}"], made(number))
            record = store.read(name)
            assert record.series.fingerprint == SERIES.fingerprint
            assert record.series.index.equals(INDEX)
            assert len(record.blocks) == 6

    def test_the_state_tells_how_far_it_is(self, tmp_path):
        with Store.open(tmp_path / "runs.db") as store:
            name = fill(store, 3, 2)
            state = store.state(name)
            assert (state.tasks, state.done, state.failures, state.finished) == (3, 2, 2, "")
            assert fill(store) == name
            state = store.state(name[:4])
            assert (state.tasks, state.done, state.failures) == (3, 3, 3)
            assert state.finished
            assert store.scores(name) == [("ar", h, 3, 1.0 * h, 2.0 * h) for h in (1, 2, 3)]

    def test_runs_share_what_they_have_in_common(self, tmp_path):
        other = {**SETTINGS, "seed": 1}
        with Store.open(tmp_path / "runs.db") as store:
            fill(store)
            with store.begin(SERIES, other, [task(1), task(7)]) as run:
                assert list(run.known()) == ["key1"]
            assert store.find("last") == run.id
            store.remove([store.find("last~1")])
            assert [state.id for state in store.states()] == [run.id]
            assert store.connection.execute("SELECT key FROM blocks").fetchall() == [("key1",)]

    def test_fresh_forgets(self, tmp_path):
        with Store.open(tmp_path / "runs.db") as store:
            fill(store)
            with store.begin(SERIES, SETTINGS, [task(n) for n in range(3)], fresh=True) as run:
                assert run.known() == {}

    def test_what_was_ended_from_outside_is_tried_again(self, tmp_path):
        with Store.open(tmp_path / "runs.db") as store:
            with store.begin(SERIES, SETTINGS, [task(0)]) as run:
                run.keep(task(0), replace(made(0), provisional=True))
                assert run.known()["key0"].provisional
            assert len(store.read("last").blocks) == 2

    def test_names_that_name_nothing(self, tmp_path):
        with Store.open(tmp_path / "runs.db") as store:
            for name in ("last", "abc", "last~3"):
                with pytest.raises(RunNotFoundError, match=rf"There is no run '{name}' in the store"):
                    store.find(name)

    def test_another_process_reads_while_one_writes(self, tmp_path):
        path = str(tmp_path / "runs.db")
        program = (
            "from forecastkit.runs.store import Store\n"
            f"print(len(Store.open({path!r}, write=False).read('last').blocks))"
        )
        with Store.open(path) as store:
            fill(store)
            store.connection.execute("BEGIN IMMEDIATE")
            store.connection.execute("DELETE FROM blocks")
            done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True)
            store.connection.execute("ROLLBACK")
        assert done.stdout == "6\n", done.stderr

    def test_one_process_at_a_time_works_on_a_run(self, tmp_path):
        with Store.open(tmp_path / "runs.db") as store, Store.open(tmp_path / "runs.db") as other:
            with store.begin(SERIES, SETTINGS, [task(0)]):
                with pytest.raises(LockedError, match=r"Another process is at work on this run"):
                    other.begin(SERIES, SETTINGS, [task(0)])
                with other.begin(SERIES, {**SETTINGS, "seed": 1}, [task(0)]) as run:
                    run.keep(task(0), made(0))
            other.begin(SERIES, SETTINGS, [task(0)]).close()
        assert [path.name for path in tmp_path.iterdir()] == ["runs.db"]


class TestWhatGoesWrong:
    def test_a_damaged_block_is_found_and_computed_again(self, tmp_path):
        path = tmp_path / "runs.db"
        whole = fk.backtest(Y, "ar-direct", plan=PLAN, store=path)
        with closing(sqlite3.connect(path, isolation_level=None)) as file:
            key, data = file.execute(
                "SELECT key, data FROM blocks JOIN tasks USING (key) WHERE model = 'ar-direct'"
            ).fetchone()
            file.execute("UPDATE blocks SET data = ? WHERE key = ?", (data[:-1] + b"?", key))
        with pytest.raises(StoreDamagedError, match=r"only what is damaged is computed again"):
            fk.read_run("last", store=path)
        with pytest.warns(StoreWarning, match=r"A block of model 'ar-direct' .* is not what was written"):
            again = fk.backtest(Y, "ar-direct", plan=PLAN, store=path)
        assert again.mean.tobytes() == whole.mean.tobytes()
        assert fk.read_run("last", store=path).forecasts.mean.tobytes() == whole.mean.tobytes()

    def test_a_damaged_series_is_found(self, tmp_path):
        with Store.open(tmp_path / "runs.db") as store:
            fill(store)
            store.connection.execute("UPDATE series SET told = replace(told, 'toy', 'boy')")
            with pytest.raises(StoreDamagedError, match=r"The series of run .* is damaged"):
                store.read("last")

    @pytest.mark.parametrize(("version", "age"), [(0, "an older"), (99, "a newer")])
    def test_another_schema_names_the_way_out(self, version, age, tmp_path):
        path = tmp_path / "runs.db"
        with Store.open(path) as store:
            fill(store)
            store.connection.execute(f"PRAGMA user_version = {version}")
        for write in (True, False):
            with pytest.raises(StoreSchemaError, match=rf"{age} version.*--store; it was left as it is"):
                Store.open(path, write=write)

    def test_a_file_of_another_program(self, tmp_path):
        with closing(sqlite3.connect(tmp_path / "other.db")) as file:
            file.execute("CREATE TABLE runs (a)")
        with pytest.raises(StoreSchemaError, match=r"another program wrote it"):
            Store.open(tmp_path / "other.db")
        (tmp_path / "text.db").write_text("not a database" * 100)
        with pytest.raises(StoreDamagedError, match=r"is no database, or a damaged one"):
            Store.open(tmp_path / "text.db")

    def test_a_full_disk_costs_nothing_that_was_kept(self, tmp_path):
        tasks, kept = [task(n) for n in range(50)], 5
        with Store.open(tmp_path / "runs.db") as store:
            name = fill(store, 50, kept)
            pages = store.connection.execute("PRAGMA page_count").fetchone()[0]
            store.connection.execute(f"PRAGMA max_page_count = {pages + 4}")
            with store.begin(SERIES, SETTINGS, tasks) as run:
                with pytest.raises(StoreFullError, match=r"no room left on its disk. Make room: what was"):
                    self._fill_up(run, tasks[kept:])
            kept = store.state(name).done
            assert 5 < kept < 50
        with Store.open(tmp_path / "runs.db") as store:
            assert store.state(name).done == kept
            with store.begin(SERIES, SETTINGS, tasks) as run:
                known = run.known()
            for number in range(kept):
                assert_same(known[f"key{number}"], made(number))

    def _fill_up(self, run, tasks):
        for one in tasks:
            run.keep(one, made(one.member))

    def test_a_store_that_vanishes_is_noticed(self, tmp_path):
        (tmp_path / "disk").mkdir()
        with Store.open(tmp_path / "disk" / "runs.db") as store:
            with store.begin(SERIES, SETTINGS, [task(n) for n in range(3)]) as run:
                run.keep(task(0), made(0))
                (tmp_path / "disk").rename(tmp_path / "gone")
                with pytest.raises(StoreGoneError, match=r"vanished while it was written"):
                    run.keep(task(1), made(1))
        assert not (tmp_path / "disk").exists()

    def test_a_place_that_cannot_be_written(self, tmp_path):
        (tmp_path / "file").write_text("")
        with pytest.raises(StoreReadOnlyError, match=r"cannot be opened .*Give another --store"):
            Store.open(tmp_path / "file" / "runs.db")
        with pytest.raises(StoreReadOnlyError, match=r"cannot be opened or written"):
            Store.open(tmp_path / "absent.db", write=False)

    def test_where_the_usual_place_cannot_be_written_the_work_goes_on(self, tmp_path, monkeypatch):
        (tmp_path / "file").write_text("")
        monkeypatch.setenv("FORECASTKIT_STORE", str(tmp_path / "file" / "runs.db"))
        with pytest.warns(StoreWarning, match=r"This run is not kept"):
            assert fk.backtest(Y, "ar", plan=PLAN).run_id == ""
        with pytest.raises(StoreError):
            fk.backtest(Y, "ar", plan=PLAN, store=tmp_path / "file" / "runs.db")

    def test_a_network_disk_is_locked_with_a_warning(self, tmp_path, monkeypatch):
        monkeypatch.setattr(database, "_disk", lambda path: "nfs4")
        with pytest.warns(StoreWarning, match=r"lies on a disk that cannot share it"):
            store = Store.open(tmp_path / "runs.db")
        with store:
            assert store.connection.execute("PRAGMA journal_mode").fetchone()[0] == "delete"
            fill(store)
            assert store.state("last").done == 3

    def test_an_interrupt_within_a_transaction_leaves_nothing_half(self, tmp_path):
        with Store.open(tmp_path / "runs.db") as store:
            fill(store, 2, 1)
            with pytest.raises(KeyboardInterrupt):
                self._interrupted(store)
            assert store.state("last").done == 1

    def _interrupted(self, store):
        with database.transaction(store.connection, store.path) as write:
            write.execute("DELETE FROM blocks")
            raise KeyboardInterrupt


class TestRuns:
    def test_an_interrupted_run_is_resumed_by_its_name(self, tmp_path):
        whole = fk.compare(Y, "ar-direct", plan=PLAN, store=False)

        def stop(model, done, total):
            if (model, done) == ("ar-direct", 4):
                raise KeyboardInterrupt

        with open_store(tmp_path / "runs.db") as store:
            with pytest.raises(KeyboardInterrupt):
                fk.compare(Y, "ar-direct", plan=PLAN, store=store, progress=stop)
            state = store.state("last")
            assert (state.done, state.tasks, state.finished) == (2 + 4, 2 + 12, "")
            with pytest.raises(ReportError, match=r"is unfinished"):
                fk.read_run(state.id, store=store)
            result = fk.resume(state.id, store=store)
            assert result.forecasts.mean.tobytes() == whole.forecasts.mean.tobytes()
            sentence = repr(whole).splitlines()[0]
            assert store.state("last").result["sentence"] == sentence
            assert repr(fk.read_run("last", store=store)).splitlines()[0] == sentence

    def test_a_python_object_cannot_be_made_again(self):
        made = fk.backtest(Y, {"mine": lambda values, horizon: np.full(horizon, values[-1])}, plan=PLAN)
        with pytest.raises(PlanError, match=r"given as a Python object.*Repeat the call in Python"):
            fk.resume(made.run_id)

    def test_other_code_is_named(self, monkeypatch):
        made = fk.backtest(Y, "ar", plan=PLAN)
        monkeypatch.setattr("forecastkit.backtesting.request._package_hash", lambda: "other")
        with pytest.raises(PlanError, match=r"what changed since: code. Go back"):
            fk.resume(made.run_id)

    def test_differences_by_name(self, tmp_path):
        with open_store(tmp_path / "runs.db") as store:
            one = fk.backtest(Y, "ar", plan=PLAN, store=store)
            other = fk.backtest(Y[:-1], "ar", plan=replace(PLAN, horizon=2), store=store)
            changes = compare_runs(store, one.run_id, other.run_id)
        assert ("observations", 80, 79) in changes["data"]
        assert changes["settings"] == [("plan.horizon", 3, 2)]
        assert changes["versions"] == []
        assert {row[0] for row in changes["mean absolute error over all h"]} == {"naive", "climatology", "ar"}

    def test_another_model_costs_only_itself(self):
        fk.backtest(Y, "ar-direct", plan=PLAN)
        told = []
        fk.backtest(Y, ["ar-direct", "drift"], plan=PLAN, progress=lambda *how: told.append(how))
        assert [how for how in told if how[0] == "ar-direct"] == [("ar-direct", 12, 12)]
        assert ("drift", 0, 1) in told


@pytest.mark.skipif(sys.platform != "linux", reason="kill -9")
def test_kill_9_loses_nothing_acknowledged(tmp_path):
    program = (
        "import forecastkit as fk, numpy as np\nfrom chores import Slow\n"
        "y = np.cumsum(np.random.default_rng(5).normal(size=80)) + 50\n"
        "fk.backtest(y, [Slow(pause=0.05, told=0.0)], plan=fk.BacktestPlan(horizon=3, origins=12), "
        f"store={str(tmp_path / 'runs.db')!r}, progress=lambda *how: print(*how, flush=True))"
    )
    child = subprocess.Popen(
        [sys.executable, "-c", program],
        env={**os.environ, "PYTHONPATH": os.pathsep.join([str(TESTS), str(TESTS.parent)])},
        stdout=subprocess.PIPE,
        text=True,
    )
    acknowledged = 0
    for line in child.stdout:
        model, done, _ = line.split()
        acknowledged = int(done) if model == "slow" else 0
        if acknowledged == 5:
            child.send_signal(signal.SIGKILL)
            break
    child.communicate()
    model = Slow(pause=0.05, told=0.0)
    with Store.open(tmp_path / "runs.db") as store:
        kept = store.state("last").done - 2  # beside those of the references
        assert acknowledged == 5
        assert kept in (5, 6)
        resumed = fk.backtest(Y, [model], plan=PLAN, store=store)
        assert [facts["pid"] for facts in resumed.facts["slow"]].count(child.pid) == kept
        assert len(store.states()) == 1
    whole = fk.backtest(Y, [model], plan=PLAN, store=False)
    assert resumed.mean.tobytes() == whole.mean.tobytes()
