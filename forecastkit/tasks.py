"""Tasks in worker processes: results as they arrive, and a name for every failure.

One seam on `concurrent.futures.Executor`: it knows callables and executors only. Workers are spawned, never
forked (TensorFlow does not survive a fork), and have one thread each. They stay for the next call, so that
what they have imported is imported once.
"""

from __future__ import annotations

import multiprocessing
import os
import signal
import threading
import time
from collections import deque
from collections.abc import Callable, Hashable, Iterator, Mapping
from concurrent.futures import FIRST_COMPLETED, BrokenExecutor, Executor, Future, ProcessPoolExecutor, wait
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal, TypeVar

from forecastkit.errors import WorkerError
from forecastkit.pulse import Board, make_board, read_from, tell_origin, wipe, write_on

Key = TypeVar("Key", bound=Hashable)
BYTES_EACH = 1.2e9
"""Memory of a worker that has imported TensorFlow and trains a network."""
PULSE = 0.5
"""Seconds between two looks at how far tasks are."""
ONE_THREAD = {
    name: "1"
    for name in (
        "OMP_NUM_THREADS",
        "OPENBLAS_NUM_THREADS",
        "MKL_NUM_THREADS",
        "VECLIB_MAXIMUM_THREADS",
        "TF_NUM_INTRAOP_THREADS",
        "TF_NUM_INTEROP_THREADS",
    )
}
"""What BLAS libraries and TensorFlow read when they are loaded; workers with more threads would fight."""


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
            self._hand_over(key, TaskFailure("crashed", name, str(error) or "Its worker died, twice."))

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


class InProcess(Executor):
    """Calls at once, in this process: for small jobs, and for what cannot be pickled."""

    def submit(self, fn: Callable[..., Any], /, *args: Any, **kwargs: Any) -> Future[Any]:
        """Call and give the finished future."""
        future: Future[Any] = Future()
        future.set_result(fn(*args, **kwargs))
        return future


class Workers(Executor):
    """Spawned processes of one thread each; one that dies or is ended takes no other with it.

    Args:
        count: of processes.
    """

    def __init__(self, count: int) -> None:
        self._lock = threading.Lock()
        self._lanes: list[_Lane] = []
        self.grow(count)

    def grow(self, count: int) -> None:
        """Have at least so many processes, started side by side.

        Raises:
            WorkerError: they cannot be started.
        """
        with self._lock:
            living = [lane for lane in self._lanes if not lane.killed]
            self._lanes = living + [_Lane() for _ in range(count - len(living))]
            for lane in self._lanes:
                lane.wait_until_ready()

    def submit(self, fn: Callable[..., Any], /, *args: Any, **kwargs: Any) -> Future[Any]:
        """Call in a process that is idle, or else in the next one that will be."""
        with self._lock:
            lane = min(self._lanes, key=lambda lane: lane.load)
            try:
                return lane.submit(fn, *args, **kwargs)
            except BrokenExecutor:
                fresh = self._lanes[self._lanes.index(lane)] = _Lane()
                fresh.wait_until_ready()
                return fresh.submit(fn, *args, **kwargs)

    def end(self, future: Future[Any]) -> None:
        """Kill the process that works on a call; the next call finds a fresh one."""
        with self._lock:
            for lane in self._lanes:
                if future in lane.calls and not future.done():
                    lane.kill()

    def pulse(self, future: Future[Any]) -> tuple[int, int, int] | None:
        """Give what a call that runs in a process has told; None where it runs in none yet."""
        for lane in self._lanes:
            if future in lane.calls and future.running():
                return read_from(lane.board)
        return None

    def shutdown(self, wait: bool = True, *, cancel_futures: bool = False) -> None:
        """Let the processes end when they are done."""
        for lane in self._lanes:
            lane.pool.shutdown(wait=wait, cancel_futures=cancel_futures)


class _Lane:
    """One worker process, in a pool of its own, so that its end breaks nothing else."""

    def __init__(self) -> None:
        spawn = multiprocessing.get_context("spawn")
        self.board = make_board(spawn)
        self.pool = ProcessPoolExecutor(
            1, mp_context=spawn, initializer=_become_worker, initargs=(self.board,)
        )
        self.calls: list[Future[Any]] = []
        self.killed = False
        with _inherited_by_workers():
            self._process = self.pool.submit(os.getpid)

    @property
    def load(self) -> int:
        """Calls that it has not done yet."""
        self.calls = [call for call in self.calls if not call.done()]
        return len(self.calls)

    def wait_until_ready(self) -> None:
        try:
            self._process.result()
        except BrokenExecutor as error:
            raise WorkerError(
                "Worker processes could not be started: a new one ended at once. In a script, stand the call "
                'under `if __name__ == "__main__":`, as workers import the script; or ask for one worker.'
            ) from error

    def submit(self, fn: Callable[..., Any], *args: Any, **kwargs: Any) -> Future[Any]:
        if self.killed:
            raise BrokenExecutor("The worker was ended.")
        if not self.load:
            wipe(self.board)
        future = self.pool.submit(fn, *args, **kwargs)
        self.calls.append(future)
        return future

    def kill(self) -> None:
        self.killed = True
        self.pool.shutdown(wait=False)
        with suppress(OSError):  # it has ended by itself
            os.kill(self._process.result(), getattr(signal, "SIGKILL", signal.SIGTERM))


_local: list[Workers] = []


def local_workers(count: int) -> Workers:
    """Give the worker processes of this process, started at their first use and kept.

    Raises:
        WorkerError: they cannot be started.
    """
    if not _local:
        _local.append(Workers(count))
    _local[0].grow(count)
    return _local[0]


def affordable_workers(asked: int | None = None, *, bytes_each: float = BYTES_EACH) -> int:
    """Cap workers by the memory that is free, and by the processors where no number is asked for."""
    wanted = _processors() if asked is None else asked
    free = free_memory()
    return wanted if free is None else max(1, min(wanted, int(free // bytes_each)))


def free_memory() -> float | None:
    """Bytes that new processes may take, in a container too; None where the system does not tell."""
    try:
        told = dict(line.split(":") for line in Path("/proc/meminfo").read_text().splitlines())
        free = [1024.0 * float(told["MemAvailable"].split()[0])]
        group = Path("/sys/fs/cgroup")
        with suppress(OSError, ValueError):  # no limit is set, or it cannot be read
            limit = float((group / "memory.max").read_text())
            free.append(limit - float((group / "memory.current").read_text()))
        return min(free)
    except (OSError, ValueError, KeyError):
        return None


def _processors() -> int:
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


@contextmanager
def _inherited_by_workers() -> Iterator[None]:
    """Set what a new process inherits: one thread for libraries, deaf to Ctrl-C, which its parent hears."""
    before = {name: os.environ.get(name) for name in ONE_THREAD}
    mask = (
        signal.pthread_sigmask(signal.SIG_BLOCK, [signal.SIGINT])
        if hasattr(signal, "pthread_sigmask")
        else None
    )
    os.environ.update(ONE_THREAD)
    try:
        yield
    finally:
        for name, value in before.items():
            if value is None:
                del os.environ[name]
            else:
                os.environ[name] = value
        if mask is not None:
            signal.pthread_sigmask(signal.SIG_SETMASK, mask)


def _become_worker(board: Board) -> None:
    """Leave Ctrl-C to the parent, end when it ends, however it ends, and let it see how far a call is."""
    write_on(board)
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    parent = multiprocessing.parent_process()
    if parent is not None:
        threading.Thread(target=_end_with, args=(parent,), daemon=True).start()


def _end_with(parent: Any) -> None:
    parent.join()
    os._exit(1)
