"""Doing the tasks of a backtest: what is kept is not done again, the rest here or in worker processes."""

from __future__ import annotations

import time
import warnings
from collections.abc import Callable, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import astuple

from threadpoolctl import threadpool_limits

from forecastkit import errors
from forecastkit.backtesting.bench import Bench
from forecastkit.backtesting.gauge import Gauge, gauged
from forecastkit.backtesting.stage import Progress, hearing, watched
from forecastkit.backtesting.work import (
    Settled,
    make,
    pack_bench,
    settle,
    settled_from,
    settled_record,
    work,
)
from forecastkit.errors import BackendError, ForecastKitWarning, WorkerError
from forecastkit.models.protocol import family_of, seeds_of
from forecastkit.runs.blocks import Block, Footprint, Made, Note, Task, blank_block, notes_from
from forecastkit.runs.run import Run
from forecastkit.tasks import TaskFailure, map_tasks
from forecastkit.workers import BYTES_EACH, affordable_workers

WORTH_WORKERS = 5.0
"""Seconds of work below which starting processes costs more than it saves."""
SMALL = 4e8
"""Bytes of a worker without TensorFlow."""


class Computing:
    """The tasks of one run on their way.

    Args:
        benches: by model.
        tasks: of all models.
        run: what is kept, and keeps what is finished.
        workers: processes at most; 1 stays in this one.
        progress: told what is done.
    """

    def __init__(
        self,
        benches: Mapping[str, Bench],
        tasks: Sequence[Task],
        run: Run,
        *,
        workers: int = 1,
        progress: Progress | None = None,
    ) -> None:
        self.benches = benches
        self.tasks = tasks
        self.run = run
        self.workers = workers
        self.progress = progress
        known = run.known()
        self.made = {key: made for key, made in known.items() if not made.provisional}
        self._risky = {key for key, made in known.items() if made.provisional}
        self._fits = {name: sum(len(t.parts) for t in tasks if t.model == name) for name in benches}
        self._done = dict.fromkeys(benches, 0)
        self._seconds: dict[str, float] = {}
        self._packed: dict[str, bytes | None] = {}
        self._settling: dict[str, tuple[Footprint, ...]] = {}
        self._said: set[Note] = set()
        self._open = ExitStack()
        self._gauge: tuple[str, Gauge] | None = None

    def blocks(self) -> list[Block]:
        """Do what is not kept, and give the blocks of all tasks.

        Raises:
            BackendError: a network is asked for and TensorFlow is missing.
            StoreError: what is finished cannot be kept.
        """
        self._restore()
        for task in self.tasks:
            if task.key in self.made:
                self._count(task, self.made[task.key])
        missing = [task for task in self.tasks if task.key not in self.made]
        with self._open, threadpool_limits(1):  # as in worker processes: the same sums in the same order
            while missing:
                away = self._worth_sending(missing)
                if away and self._send(away):
                    missing = [task for task in missing if task.key not in self.made]
                elif missing:
                    self._do(missing.pop(0))
        for name, total in self._fits.items():
            self._tell(name, total)
        return [block for task in self.tasks for block in self.made[task.key].blocks]

    def _restore(self) -> None:
        """Settle models as they were settled before."""
        kept = self.run.prepared()
        for task in self.tasks:
            bench, told = self.benches[task.model], kept.get(task.prepared)
            if told is not None and bench.prepared is None:
                bench.prepared = settled_from(bench.recipe, told["fields"])
                self._settling[bench.name] = tuple(Footprint(*one) for one in told.get("footprints", ()))
                self._repeat(notes_from(told["notes"]))

    def _do(self, task: Task) -> None:
        """Do a task in this process."""
        bench = self.benches[task.model]
        self._tell(task.model, self._done[task.model])
        gauge = self._gauge_of(task.model)
        start = time.perf_counter()
        if bench.prepared is None and hasattr(bench.recipe, "prepare"):
            with watched(self.progress, task.model, 0, seeds_of(bench.recipe)):
                self._settle_here(bench, task)
        with watched(self.progress, task.model, task.member + 1, seeds_of(bench.recipe)):
            made = make(bench, task)
        self._seconds[task.model] = (time.perf_counter() - start) / len(task.parts)
        self._keep(task, made.with_footprints(gauge.news()))

    def _gauge_of(self, model: str) -> Gauge:
        """Look at this process from the first task of a model until another model has its turn."""
        if self._gauge is None or self._gauge[0] != model:
            self._open.close()
            self._gauge = model, self._open.enter_context(gauged())
        return self._gauge[1]

    def _settle_here(self, bench: Bench, task: Task) -> None:
        try:
            settled = settle(bench).with_footprints(self._gauge_of(bench.name).news())
            self._keep_settled(bench, task, settled)
        except BackendError:
            raise
        except Exception:  # anyone's code: the fits meet it again, where it is recorded with its origins
            return

    def _keep_settled(self, bench: Bench, task: Task, settled: Settled) -> None:
        bench.prepared = settled.recipe
        self._settling[bench.name] = settled.footprints
        self._packed.pop(bench.name, None)
        told = settled_record(bench.recipe, settled.recipe)
        if told is not None:
            footprints = [astuple(one) for one in settled.footprints]
            notes = [astuple(one) for one in settled.notes]
            self.run.keep_prepared(task.prepared, {"fields": told, "notes": notes, "footprints": footprints})
        self._repeat(settled.notes)

    def _worth_sending(self, missing: Sequence[Task]) -> list[Task]:
        """Pick the tasks that worker processes can do, if together they take long enough.

        What killed a worker before is always tried in one, never here.
        """
        risky = [task for task in missing if task.key in self._risky and self._pack(task.model) is not None]
        if risky or self.workers < 2:
            return risky
        slow = [task for task in missing if self._expected(task) > 0]
        if sum(map(self._expected, slow)) < WORTH_WORKERS:
            return []
        return [task for task in slow if self._pack(task.model) is not None]

    def _expected(self, task: Task) -> float:
        """Seconds that a task takes on one core: what its model says, or what its last one took."""
        bench = self.benches[task.model]
        told = getattr(bench.recipe, "expected_seconds", None)
        each = told(len(bench.series), bench.plan.horizon) if told is not None else 0.0
        return len(task.parts) * max(float(each), self._seconds.get(task.model, 0.0))

    def _pack(self, model: str) -> bytes | None:
        if model not in self._packed:
            self._packed[model] = pack_bench(self.benches[model])
        return self._packed[model]

    def _send(self, tasks: Sequence[Task]) -> bool:
        """Do tasks in worker processes, as many as memory allows; False where that cannot be."""
        networks = any(family_of(self.benches[task.model].recipe) == "network" for task in tasks)
        workers = affordable_workers(self.workers, bytes_each=BYTES_EACH if networks else SMALL)
        workers = min(workers, len(tasks))
        if workers < 2 and tasks[0].key not in self._risky:
            self.workers = 1
            return False
        self._risky.clear()
        try:
            self._settle_away(tasks, workers)
            by_key = {task.key: task for task in tasks}
            map_tasks(
                work,
                {task.key: ("make", self._pack(task.model), task) for task in tasks},
                workers=workers,
                on_result=lambda key, made: self._take(by_key[key], made),
                on_pulse=self._hand_on(by_key) if hasattr(self.progress, "within") else None,
            )
        except WorkerError as error:
            warnings.warn(f"{error} The fits go on in this process.", ForecastKitWarning, stacklevel=5)
            self.workers = 1
            return False
        return True

    def _hand_on(self, tasks: Mapping[str, Task]) -> Callable[[str, tuple[int, int, int]], None]:
        """Tell progress where the tasks in worker processes are."""

        def hand_on(key: str, told: tuple[int, int, int]) -> None:
            task = tasks[key]
            members = seeds_of(self.benches[task.model].recipe)
            hear = hearing(self.progress, task.model, task.member + 1, members)
            if hear is not None:
                hear(*told)

        return hand_on

    def _settle_away(self, tasks: Sequence[Task], workers: int) -> None:
        """Settle in worker processes what models decide once, side by side."""
        first = {task.model: task for task in reversed(tasks)}
        open_ = {
            name: task
            for name, task in first.items()
            if self.benches[name].prepared is None and hasattr(self.benches[name].recipe, "prepare")
        }
        calls = {name: ("settle", self._pack(name)) for name in open_}
        for name, answer in map_tasks(work, calls, workers=workers).items():
            if isinstance(answer, BackendError):
                raise answer
            if not isinstance(answer, TaskFailure):  # which the fits meet again
                self._keep_settled(self.benches[name], open_[name], answer)

    def _take(self, task: Task, answer: Made | TaskFailure | BackendError) -> None:
        """Take what a worker process answered."""
        if isinstance(answer, BackendError):
            raise answer
        if isinstance(answer, TaskFailure):
            horizon = self.benches[task.model].plan.horizon
            told = (answer.error, answer.message)
            blocks = tuple(blank_block(task, part, horizon, *told) for part in task.parts)
            answer = Made(blocks, provisional=answer.reason != "raised")
        self._keep(task, answer)

    def _keep(self, task: Task, made: Made) -> None:
        made = made.with_footprints(self._settling.pop(task.model, ()))
        self.run.keep(task, made)
        self.made[task.key] = made
        self._count(task, made)
        self._tell(task.model, self._done[task.model])

    def _count(self, task: Task, made: Made) -> None:
        self._done[task.model] += len(task.parts)
        self._repeat(made.notes)

    def _tell(self, model: str, done: int) -> None:
        if self.progress is not None:
            self.progress(model, done, self._fits[model])

    def _repeat(self, notes: Sequence[Note]) -> None:
        """Warn of what models have warned of, here or in a worker process, once in a run."""
        for note in notes:
            if note not in self._said:
                self._said.add(note)
                warnings.warn(note.text, getattr(errors, note.kind, ForecastKitWarning), stacklevel=2)
