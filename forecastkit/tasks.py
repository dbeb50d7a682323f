"""Tasks in worker processes: results as they arrive, and a name for every failure.

One seam on `concurrent.futures.Executor`: it knows callables and executors only.
"""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable, Hashable, Mapping
from concurrent.futures import FIRST_COMPLETED, BrokenExecutor, Executor, Future, wait
from dataclasses import dataclass
from typing import Any, Literal, TypeVar

from forecastkit.pulse import tell_origin
from forecastkit.workers import InProcess, Workers, local_workers

Key = TypeVar("Key", bound=Hashable)
PULSE = 0.5
"""Seconds between two looks at how far tasks are."""
KILLED = (
    "Its worker process died, twice, the second time with nothing beside it. Systems that run out of memory "
    "end processes so: make the model smaller, or free some."
)


@dataclass(frozen=True, slots=True)
class TaskFailure:
    """A task that gave no result, and why.

    Args:
        reason: it raised, it crashed its worker (alone, too), or it was not done within its limit.
        error: name of the exception.
        message: what the exception said.
    """

    reason: Literal["raised", "crashed", "late"]
    error: str
    message: str


def map_tasks(
    fn: Callable[..., Any],
    tasks: Mapping[Key, tuple[Any, ...]],
    *,
    workers: int = 1,
    limit_s: float | None = None,
    make_executor: Callable[[], Executor] | None = None,
    on_result: Callable[[Key, Any], None] | None = None,
    on_pulse: Callable[[Key, tuple[int, int, int]], None] | None = None,
) -> dict[Key, Any]:
    """Call a function once per task and hand over each result as it arrives.

    At most `workers` tasks are on their way at any time. A task whose worker dies is called once more at the
    end, with nothing beside it; if it kills again it has failed. Neither a failed task nor one that hangs
    costs any other its result. What raises in `on_result`, and Ctrl-C, end the workers at once; results
    handed over before stand.

    Args:
        fn: called as `fn(*arguments)`; it and the arguments can be pickled.
        tasks: arguments by key, in the order in which they are begun.
        workers: tasks at a time.
        limit_s: seconds after which a task is ended, with its worker; None for no limit.
        make_executor: anything with `submit`, such as Dask's `client.get_executor`; called again where
            what it gave is broken. By default worker processes of this machine.
        on_result: called in this process with a key and its result or TaskFailure.
        on_pulse: called twice a second with a key at work in a worker process and what it told by `pulse`.

    Returns:
        results by key, in the order of `tasks`; a `TaskFailure` where there is none.

    Raises:
        WorkerError: worker processes cannot be started.

    Example:
        >>> map_tasks(pow, {"a": (2, 3), "b": (2, 4)}, make_executor=InProcess)
        {'a': 8, 'b': 16}
    """
    flow = _Flow(fn, tasks, workers, limit_s, make_executor or (lambda: local_workers(workers)), on_result)
    flow.on_pulse = on_pulse
    try:
        while flow.unfinished:
            flow.begin()
            flow.collect()
    except BaseException:
        flow.abandon()
        raise
    if make_executor is not None:
        flow.executor.shutdown(wait=False)
    return {key: flow.results[key] for key in tasks}


class _Flow:
    """Tasks on their way through an executor."""

    def __init__(
        self,
        fn: Callable[..., Any],
        tasks: Mapping[Any, tuple[Any, ...]],
        workers: int,
        limit_s: float | None,
        make_executor: Callable[[], Executor],
        on_result: Callable[[Any, Any], None] | None,
    ) -> None:
        self.fn = fn
        self.tasks = tasks
        self.workers = workers
        self.limit_s = limit_s
        self.make_executor = make_executor
        self.on_result = on_result
        self.on_pulse: Callable[[Any, tuple[int, int, int]], None] | None = None
        self.waiting = deque(tasks)
        self.suspects: deque[Any] = deque()
        self.tried: set[Any] = set()
        self.running: dict[Future[Any], tuple[Any, float]] = {}
        self.results: dict[Any, Any] = {}
        self.executor = make_executor() if tasks else InProcess()

    @property
    def unfinished(self) -> bool:
        return len(self.results) < len(self.tasks)

    def begin(self) -> None:
        """Fill the window; suspects come last, each alone."""
        while self.waiting and len(self.running) < self.workers:
            self._submit(self.waiting.popleft())
        if not self.running and self.suspects:
            self._submit(self.suspects.popleft())

    def collect(self) -> None:
        """Wait for a result or the next limit, and settle what is done or late."""
        done, _ = wait(self.running, timeout=self._patience(), return_when=FIRST_COMPLETED)
        for future in done:
            key, _ = self.running.pop(future)
            self._settle(key, future)
        self._feel_pulse()
        for future, (key, start) in list(self.running.items()):
            if self.limit_s is not None and time.monotonic() - start > self.limit_s and not future.done():
                del self.running[future]
                self._end(future)
                late = f"It was not done after {self.limit_s:g} s and was ended."
                self._hand_over(key, TaskFailure("late", "TimeoutError", late))

    def _feel_pulse(self) -> None:
        """Hand on what running tasks tell."""
        if self.on_pulse is None or not isinstance(self.executor, Workers):
            return
        for future, (key, _) in self.running.items():
            told = self.executor.pulse(future)
            if told is not None:
                self.on_pulse(key, told)

    def abandon(self) -> None:
        """End everything on its way, at once."""
        if isinstance(self.executor, Workers):
            for future in self.running:
                self.executor.end(future)
        else:
            self.executor.shutdown(wait=False, cancel_futures=True)

    def _submit(self, key: Any) -> None:
        try:
            future = self.executor.submit(_outcome, self.fn, self.tasks[key])
        except BrokenExecutor:
            self.executor = self.make_executor()
            future = self.executor.submit(_outcome, self.fn, self.tasks[key])
        self.running[future] = (key, time.monotonic())

    def _settle(self, key: Any, future: Future[Any]) -> None:
        """Whatever the task itself raises comes as a result: an exception is its worker's end."""
        error = None if future.cancelled() else future.exception()
        if error is None and not future.cancelled():
            self._hand_over(key, future.result())
        elif key not in self.tried:
            self.tried.add(key)
            self.suspects.append(key)
        else:
            name = type(error).__name__ if error is not None else "CancelledError"
            message = (
                KILLED if isinstance(error, BrokenExecutor) else str(error) or "It was cancelled, twice."
            )
            self._hand_over(key, TaskFailure("crashed", name, message))

    def _hand_over(self, key: Any, result: Any) -> None:
        self.results[key] = result
        if self.on_result is not None:
            self.on_result(key, result)

    def _end(self, future: Future[Any]) -> None:
        if isinstance(self.executor, Workers):
            self.executor.end(future)
        elif not future.cancel():
            # A foreign executor cannot end a call: it keeps its worker, and a new one serves the rest.
            self.executor.shutdown(wait=False)
            self.executor = self.make_executor()

    def _patience(self) -> float | None:
        most = None if self.on_pulse is None else PULSE
        if self.limit_s is None:
            return most
        first = min((start for _, start in self.running.values()), default=time.monotonic())
        left = max(0.0, first + self.limit_s - time.monotonic()) + 0.01
        return left if most is None else min(left, most)


def _outcome(fn: Callable[..., Any], arguments: tuple[Any, ...]) -> Any:
    """Call in the worker: what the task raises is a result, so that other errors are the worker's own."""
    tell_origin(0)
    try:
        return fn(*arguments)
    except Exception as error:
        return TaskFailure("raised", type(error).__name__, str(error))
