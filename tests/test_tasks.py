"""Tasks in worker processes: what raises, kills or hangs costs itself alone."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from concurrent.futures import ProcessPoolExecutor, ThreadPoolExecutor
from multiprocessing import get_context
from pathlib import Path

import pytest
from chores import awkward, environment, kill_once, sleep_until, square

from forecastkit.tasks import KILLED, TaskFailure, map_tasks
from forecastkit.workers import InProcess

HERE = Path(__file__).parent
reads_proc = pytest.mark.skipif(sys.platform != "linux", reason="processes are looked up in /proc")


def numbered(count: int) -> dict[int, tuple[int]]:
    return {number: (number,) for number in range(count)}


def alive(pid: int) -> bool:
    """Whether a process runs; one that has ended and was not collected does not."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except FileNotFoundError:
        return False


def wait_for(condition) -> bool:
    end = time.monotonic() + 20
    while not (met := condition()) and time.monotonic() < end:
        time.sleep(0.02)
    return bool(met)


def test_97_results_and_three_named_failures() -> None:
    arrived = []
    found = map_tasks(
        awkward, numbered(100), workers=2, limit_s=3, on_result=lambda key, result: arrived.append(key)
    )
    failures = {key: result for key, result in found.items() if isinstance(result, TaskFailure)}
    assert failures == {
        13: TaskFailure("raised", "ArithmeticError", "unlucky"),
        50: TaskFailure("crashed", "BrokenProcessPool", KILLED),
        77: TaskFailure("late", "TimeoutError", "It was not done after 3 s and was ended."),
    }
    assert {key: found[key] for key in found if key not in failures} == {
        n: n * n for n in range(100) if n not in (13, 50, 77)
    }
    assert sorted(arrived) == list(found) == list(range(100))
    assert arrived[-1] == 50  # it ran once more, alone


def test_a_task_that_killed_its_worker_once_may_run_again(tmp_path) -> None:
    assert map_tasks(kill_once, {"a": (str(tmp_path / "seen"),)}) == {"a": "second call"}


def test_workers_stay_and_have_one_thread(monkeypatch) -> None:
    monkeypatch.setenv("OMP_NUM_THREADS", "7")
    first = map_tasks(environment, {n: () for n in range(4)})
    again = map_tasks(environment, {n: () for n in range(2)})
    assert {told[1:] for told in first.values()} == {("1", "1")}
    assert {told[0] for told in again.values()} <= {told[0] for told in first.values()}
    assert os.getpid() not in {told[0] for told in first.values()}
    assert os.environ["OMP_NUM_THREADS"] == "7"


@pytest.mark.parametrize("workers", [1, 3])
def test_anything_with_submit_will_do(workers) -> None:
    made = []

    def make() -> ThreadPoolExecutor:
        made.append(ThreadPoolExecutor(workers))
        return made[-1]

    assert map_tasks(square, numbered(20), workers=workers, make_executor=make) == {
        n: n * n for n in range(20)
    }
    assert len(made) == 1


def test_a_pool_whose_worker_takes_all_with_it() -> None:
    tasks = {n: (n,) for n in range(47, 53)}
    made = []

    def make() -> ProcessPoolExecutor:
        made.append(ProcessPoolExecutor(2, mp_context=get_context("spawn")))
        return made[-1]

    found = map_tasks(awkward, tasks, workers=2, make_executor=make)
    assert [key for key, result in found.items() if isinstance(result, TaskFailure)] == [50]
    assert [found[n] for n in (47, 48, 49, 51, 52)] == [n * n for n in (47, 48, 49, 51, 52)]
    assert len(made) >= 2


def test_in_process_results_arrive_one_by_one() -> None:
    arrived = []
    map_tasks(square, numbered(3), make_executor=InProcess, on_result=lambda *pair: arrived.append(pair))
    assert arrived == [(0, 0), (1, 1), (2, 4)]
    assert map_tasks(square, {}, make_executor=InProcess) == {}


def test_what_cannot_be_pickled_is_a_named_failure() -> None:
    found = map_tasks(square, {"a": (lambda: 0,), "b": (2,)})
    assert found["b"] == 4
    assert found["a"].reason == "crashed"
    assert "pickle" in found["a"].message.lower()


@reads_proc
def test_an_error_of_the_receiver_ends_the_workers(tmp_path) -> None:
    signed = tmp_path / "pid"

    def stop(key, result) -> None:
        assert wait_for(lambda: signed.exists() and signed.read_text())
        raise KeyboardInterrupt

    start = time.monotonic()
    with pytest.raises(KeyboardInterrupt):
        map_tasks(_either, {"slow": (str(signed),), "quick": (3,)}, workers=2, on_result=stop)
    assert wait_for(lambda: not alive(int(signed.read_text())))
    assert time.monotonic() - start < 60
    assert map_tasks(square, {"after": (3,)}) == {"after": 9}


def _either(argument: str | int) -> int | None:
    return square(argument) if isinstance(argument, int) else sleep_until(argument)


@reads_proc
def test_workers_end_with_their_parent(tmp_path) -> None:
    """However it ends: nothing is left behind by kill -9."""
    signed = tmp_path / "pid"
    program = (
        "from chores import sleep_until\nfrom forecastkit.tasks import map_tasks\n"
        f"if __name__ == '__main__': map_tasks(sleep_until, {{0: ({str(signed)!r},)}})"
    )
    script = tmp_path / "script.py"
    script.write_text(program)
    parent = subprocess.Popen(
        [sys.executable, str(script)],
        env={**os.environ, "PYTHONPATH": os.pathsep.join([str(HERE), str(HERE.parent)])},
    )
    assert wait_for(lambda: signed.exists() and signed.read_text())
    parent.kill()
    parent.wait()
    assert wait_for(lambda: not alive(int(signed.read_text())))


def test_a_script_without_a_guard_is_told_so(tmp_path) -> None:
    script = tmp_path / "script.py"
    script.write_text(
        "from chores import square\nfrom forecastkit.errors import WorkerError\n"
        "from forecastkit.tasks import map_tasks\n"
        "try: map_tasks(square, {0: (2,)})\nexcept WorkerError as error: print(error)"
    )
    path = os.pathsep.join([str(HERE), str(HERE.parent)])
    done = subprocess.run(
        [sys.executable, str(script)], env={**os.environ, "PYTHONPATH": path}, capture_output=True, text=True
    )
    assert done.stdout.startswith("Worker processes could not be started")
    assert '`if __name__ == "__main__":`' in done.stdout
