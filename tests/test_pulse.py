"""How far a fit is reaches whoever asks, from worker processes too; Ctrl-C in a fit loses nothing."""

from __future__ import annotations

import time
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import pytest

import forecastkit as fk
from forecastkit.backtesting.stage import Stage
from forecastkit.cli import progress as module
from forecastkit.models.recurrent import Recurrent
from forecastkit.pulse import heard_by, tell_epoch, tell_origin
from forecastkit.tasks import map_tasks

TINY = Recurrent("m", units=2, epochs=3, patience=3, lookback=4, batch=16, seeds=2, warm_epochs=0)
SERIES = np.random.default_rng(1).normal(size=64)
PLAN = fk.BacktestPlan(horizon=2, origins=2, refit_every=1)


@dataclass
class Told:
    """Keeps what it is told, and is interrupted at one stage."""

    stages: list[str]
    stop: str = ""

    def __call__(self, model: str, done: int, total: int) -> None:
        self.stages.append(f"{model} {done}/{total}")

    def within(self, model: str, stage: Stage) -> None:
        self.stages.append(f"{model} {stage}")
        if str(stage) == self.stop:
            raise KeyboardInterrupt


def test_ctrl_c_in_the_middle_of_a_fit_loses_nothing_that_is_finished(tmp_path: Path) -> None:
    store, told = tmp_path / "runs.db", Told([], stop="seed 2 of 2, origin 62, epoch 1 of 3")
    with pytest.raises(KeyboardInterrupt):
        fk.backtest(SERIES, [TINY], plan=PLAN, store=store, progress=told)
    assert "m seed 1 of 2, origin 61, epoch 3 of 3" in told.stages
    assert "m seed 1 of 2, origin 62, epoch 3 of 3" in told.stages
    again = Told([])
    resumed = fk.backtest(SERIES, [TINY], plan=PLAN, store=store, progress=again)
    trained = {stage.partition(", epoch")[0] for stage in again.stages if "epoch" in stage}
    assert trained == {"m seed 2 of 2, origin 62"}
    whole = fk.backtest(SERIES, [TINY], plan=PLAN, store=False)
    assert resumed.members["m"].tobytes() == whole.members["m"].tobytes()


def count_epochs(origin: int) -> int:
    tell_origin(origin)
    for epoch in range(1, 5):
        tell_epoch(epoch, 4)
        time.sleep(0.25)
    return origin


def test_worker_processes_are_seen_at_work() -> None:
    told: list[tuple[int, tuple[int, int, int]]] = []
    map_tasks(tell_origin, {76: (76,)})  # what a worker told of an earlier call is forgotten
    made = map_tasks(count_epochs, {7: (7,)}, on_pulse=lambda key, pulse: told.append((key, pulse)))
    assert made == {7: 7}
    assert told
    assert {key for key, _ in told} == {7}
    assert {pulse for _, pulse in told} <= {(0, 0, 0), (7, 0, 0), *((7, epoch, 4) for epoch in range(1, 5))}
    assert any(pulse[1:] > (0, 0) for _, pulse in told)


def test_nobody_need_listen_and_listeners_stand_on_each_other() -> None:
    tell_origin(3)
    tell_epoch(1, 2)
    outer: list[tuple[int, ...]] = []
    with heard_by(lambda *told: outer.append(told)):
        with heard_by(lambda *told: None):
            tell_epoch(1, 2)
        tell_origin(5)
        tell_epoch(2, 9)
    tell_epoch(3, 9)
    assert outer == [(0, 0, 0), (5, 0, 0), (5, 2, 9)]


def test_stages_in_words() -> None:
    assert str(Stage(0, 5, 0, 2, 14)) == "choosing its settings, epoch 2 of 14"
    assert str(Stage(1, 1, 240)) == "origin 240"


def test_lines_and_bars_tell_the_stage(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(module, "SECONDS_BETWEEN_LINES", 0.0)
    with module.progress_on_stderr(quiet=False) as lines:
        plan = replace(PLAN, origins=1)
        fk.backtest(SERIES, [replace(TINY, seeds=1)], plan=plan, store=False, progress=lines)
    assert "m: 0 of 1 fits done; origin 62, epoch 2 of 3\n" in capsys.readouterr().err

    class Recorded:
        def __init__(self) -> None:
            self.calls: list[dict] = []

        def add_task(self, model: str, **what: object) -> str:
            return model

        def update(self, task: str, **what: object) -> None:
            self.calls.append(what)

    recorded = Recorded()
    bars = module._Bars(recorded)
    bars.within("early", Stage(1, 1))
    bars("m", 0, 1)
    bars.within("m", Stage(1, 2, 9, 1, 3))
    bars("m", 1, 1)
    assert [call for call in recorded.calls if "stage" in call] == [
        {"stage": "seed 1 of 2, origin 9, epoch 1 of 3"},
        {"stage": ""},
    ]
