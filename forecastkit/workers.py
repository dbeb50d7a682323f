"""Worker processes of this machine as an executor, how many memory allows, and how each becomes one.

Workers are spawned, never forked (TensorFlow does not survive a fork), and have one thread each. They stay
for the next call, so that what they have imported is imported once.
"""

from __future__ import annotations

import multiprocessing
import os
import signal
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import BrokenExecutor, Executor, Future, ProcessPoolExecutor
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

from forecastkit.errors import WorkerError
from forecastkit.pulse import Board, make_board, read_from, wipe, write_on

BYTES_EACH = 1.2e9
"""Memory of a worker that has imported TensorFlow and trains a network."""
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
