"""Tasks of a backtest: in this process or in worker processes, the same bits and the same failures."""

from __future__ import annotations

import os
import sys
from dataclasses import dataclass, replace

import numpy as np
import pytest
from chores import Slow

import forecastkit as fk
from forecastkit.backtesting import computing
from forecastkit.backtesting.work import pack_bench, settled_from, settled_record
from forecastkit.errors import ForecastKitWarning, UnpairedOriginsWarning, WorkerError
from forecastkit.runs.store import Store

Y = np.cumsum(np.random.default_rng(5).normal(size=80)) + 50
PLAN = fk.BacktestPlan(horizon=3, origins=12)


@pytest.fixture(autouse=True)
def room_for_two(monkeypatch) -> None:
    monkeypatch.setattr(computing, "affordable_workers", lambda asked, bytes_each: asked)


def pids(forecasts) -> set[int]:
    return {facts["pid"] for facts in forecasts.facts["slow"]}


def test_one_and_two_workers_give_the_same_bits() -> None:
    one = fk.backtest(Y, [Slow()], plan=PLAN, workers=1, store=False)
    two = fk.backtest(Y, [Slow()], plan=PLAN, workers=2, store=False)
    assert pids(one) == {os.getpid()}
    assert os.getpid() not in pids(two)
    assert one.mean.tobytes() == two.mean.tobytes()
    levels = [[facts["level"] for facts in made.facts["slow"]] for made in (one, two)]
    assert levels[0] == levels[1]


@pytest.mark.parametrize("told", [0.0, 0.1])
def test_small_jobs_stay_here(told) -> None:
    assert pids(fk.backtest(Y, [Slow(told=told)], plan=PLAN, workers=2, store=False)) == {os.getpid()}


def test_what_proves_slow_is_sent_to_workers(monkeypatch) -> None:
    monkeypatch.setattr(computing, "WORTH_WORKERS", 0.1)
    made = fk.backtest(Y, [Slow(told=0.0, pause=0.03)], plan=PLAN, workers=2, store=False)
    assert os.getpid() in pids(made)
    assert len(pids(made)) > 1


def test_a_fit_that_kills_its_worker_costs_only_itself_and_is_tried_again(tmp_path) -> None:
    model, plan = Slow(kills_at=76, tame=str(tmp_path / "tame")), replace(PLAN, origins=4)
    with Store.open(None) as store:
        with pytest.warns(UnpairedOriginsWarning, match=r"'slow' failed at 1 of 4 origins; the first is 76"):
            made = fk.backtest(Y, [model], plan=plan, workers=2, store=store)
        assert [(f.origin, f.error) for f in made.failures] == [(76, "BrokenProcessPool")]
        assert np.isnan(made.of("slow")).any(axis=1).tolist() == [False, False, True, False]
        (tmp_path / "tame").touch()
        made = fk.backtest(Y, [model], plan=plan, workers=1, store=store)
        assert made.failures == ()
        assert os.getpid() not in pids(made)  # what has killed is never tried in this process


def test_what_workers_cannot_open_stays_here() -> None:
    local = replace(Slow(), facts={"odd": lambda: 0})
    made = fk.backtest(Y, [local], plan=PLAN, workers=2, store=False)
    assert pids(made) == {os.getpid()}


def test_where_no_worker_starts_the_fits_go_on_here(monkeypatch) -> None:
    def refuse(*_, **__):
        raise WorkerError("Worker processes could not be started.")

    monkeypatch.setattr(computing, "map_tasks", refuse)
    with pytest.warns(ForecastKitWarning, match=r"could not be started\. The fits go on in this process"):
        made = fk.backtest(Y, [Slow()], plan=PLAN, workers=2, store=False)
    assert pids(made) == {os.getpid()}


def test_what_is_settled_once_is_kept() -> None:
    calls = []

    @dataclass(frozen=True)
    class Counted(Slow):
        def prepare(self, history, *, horizon, rng):
            calls.append(len(history.values))
            return super().prepare(history, horizon=horizon, rng=rng)

    def stop(model, done, total):
        if (model, done) == ("slow", 3):
            raise KeyboardInterrupt

    with Store.open(None) as store:
        with pytest.raises(KeyboardInterrupt):
            fk.backtest(Y, [Counted()], plan=PLAN, store=store, progress=stop)
        resumed = fk.backtest(Y, [Counted()], plan=PLAN, store=store)
    assert calls == [66]
    whole = fk.backtest(Y, [Counted()], plan=PLAN, store=False)
    assert resumed.mean.tobytes() == whole.mean.tobytes()


def test_only_what_json_holds_exactly_is_kept() -> None:
    recipe = Slow()
    assert settled_record(recipe, recipe) == {}
    settled = replace(recipe, level=1 / 3, facts={"a": [1, 2]})
    assert settled_from(recipe, settled_record(recipe, settled)) == settled
    assert settled_record(recipe, replace(recipe, facts={"a": {1, 2}})) is None
    assert settled_record(recipe, replace(recipe, facts={1: 2})) is None


@dataclass(frozen=True)
class Chained:
    """Counts in its forecasts how many fits stand behind this one."""

    name: str = "chained"
    warm: bool = True
    before: int = 0

    def fit(self, history, *, horizon, rng):
        return replace(self, before=0)

    def refit(self, history, *, horizon, rng):
        return replace(self, before=self.before + 1)

    def forecast(self, history, horizon):
        return np.full(horizon, float(self.before))


def test_chains_start_afresh_with_every_task(tmp_path) -> None:
    made = fk.backtest(Y, [Chained()], plan=PLAN, store=False)
    assert made.of("chained")[:, 0].tolist() == [0, 1, 2, 3, 4, 5, 6, 7, 0, 1, 2, 3]

    def stop(model, done, total):
        if (model, done) == ("chained", 8):
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        fk.backtest(Y, [Chained()], plan=PLAN, store=tmp_path / "runs.db", progress=stop)
    resumed = fk.backtest(Y, [Chained()], plan=PLAN, store=tmp_path / "runs.db")
    assert resumed.mean.tobytes() == made.mean.tobytes()


def test_a_notebooks_own_models_stay_in_it(monkeypatch) -> None:
    class Main:
        pass

    monkeypatch.setitem(sys.modules, "__main__", Main())
    assert pack_bench({"model": "__main__"}) is None
    assert pack_bench({"model": "elsewhere"}) is not None
