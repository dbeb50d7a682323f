"""Start jobs as processes of their own, end them at their limit, and tell people what came of them."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

from forecastkit.errors import LockedError, ReportError, exit_code
from forecastkit.reporting.publish import folder_name
from forecastkit.schedule.alerts import Message, secret_names, send
from forecastkit.schedule.desk import RUNS, Desk, new_run
from forecastkit.schedule.due import missed_times, times_after
from forecastkit.schedule.jobs import Event
from forecastkit.schedule.memory import Remembered

GRACE = 5.0
"""Seconds between the request to end and the end."""
LOOK = 0.2
LONGEST_SLEEP = 30.0
"""Seconds after which the clock is looked at again: it may have been set, or the machine have slept."""
IN_USE = 75
Say = Callable[[str], None]


@dataclass(slots=True)
class Running:
    """A job at work in a process of its own."""

    desk: Desk
    run: str
    scheduled: datetime
    process: subprocess.Popen[bytes]
    deadline: float
    missed: int
    began: float = field(default_factory=time.monotonic)
    killed: bool = False


def start(desk: Desk, scheduled: datetime, hidden: set[str]) -> Running:
    """Start a run of a job: no shell, a process group of its own, and none of the secrets of alerts.

    Args:
        desk: the job.
        scheduled: the time for which it runs.
        hidden: variables of the environment that the process does not get.
    """
    run = new_run(datetime.now(UTC))
    words: list[str | Path] = ["--file", desk.file, "--store", desk.memory.path]
    words += ["--run", run, "--scheduled", scheduled.isoformat(), "--", desk.name]
    served = desk.served()
    process = subprocess.Popen(
        [sys.executable, "-P", "-m", "forecastkit", "schedule", "work", *words],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        env={name: value for name, value in os.environ.items() if name not in hidden},
        start_new_session=True,
    )
    missed = 0
    if desk.job.cron is not None:
        missed = missed_times(desk.job.cron, desk.job.time_zone, served, scheduled)
    return Running(desk, run, scheduled, process, time.monotonic() + 60 * desk.job.limits.minutes, missed)


def attend(desks: Sequence[Desk], *, workers: int, forever: bool, say: Say) -> list[int]:
    """Run what is due, each job in its own process.

    Args:
        desks: all jobs.
        workers: how many jobs may run at once.
        forever: go on with what becomes due; else end when nothing is due any more.
        say: takes a line for each thing that happens.

    Returns:
        exit codes in the order in which jobs ended.
    """
    hidden = {name for desk in desks for name in secret_names(desk.alerts)}
    running: list[Running] = []
    attempted: set[tuple[str, datetime]] = set()
    codes: list[int] = []
    try:
        while True:
            waiting = _due(desks, running, attempted)
            for desk, scheduled in waiting[: workers - len(running)]:
                attempted.add((desk.name, scheduled))
                running.append(start(desk, scheduled, hidden))
                say(_begun(running[-1]))
            ended = [one for one in running if _has_ended(one)]
            running = [one for one in running if one not in ended]
            codes += [settle(one, say) for one in ended]
            if not running and not waiting and not forever:
                return codes
            time.sleep(LOOK if running or waiting else _pause(desks))
    finally:
        for one in running:
            end_group(one.process)


def run_once(desk: Desk, say: Say) -> tuple[int, str]:
    """Run a job now; give its exit code and the id of the run."""
    one = start(desk, desk.time_to_serve(datetime.now(UTC)), secret_names(desk.alerts))
    return finish(one, say), one.run


def finish(one: Running, say: Say) -> int:
    """Wait for the end of a run, by itself or at its limit; give the exit code."""
    try:
        while not _has_ended(one):
            time.sleep(LOOK)
    finally:
        if one.process.returncode is None:
            end_group(one.process)
    return settle(one, say)


def settle(one: Running, say: Say) -> int:
    """Remember how a process ended if it could not do so itself, and tell people; give the exit code."""
    desk, found = one.desk, one.process.returncode
    end_group(one.process)  # what it has left behind
    if found == IN_USE:
        say(f"{desk.name}: already running elsewhere.")
        return IN_USE
    why = f"It could not begin (exit {found}); look at the output of the scheduler."
    if one.killed:
        why = f"It was killed at its limit of {desk.job.limits.minutes:g} minutes."
    elif found < 0:
        why = f"It was ended by {signal.Signals(-found).name}."
    told = _remembered(one, found if found >= 0 else 4, why)
    code = told.code or 0
    message = _message(one, code, told)
    faults = () if message is None else send(desk.alerts, message)
    took = time.monotonic() - one.began
    say(f"{desk.name}: exit {code} after {took:.0f} s. {told.sentence}")
    for fault in faults:
        say(f"{desk.name}: {fault}")
    desk.memory.add(one.run, {"missed": one.missed, "alerts": faults})
    return code


def end_group(process: subprocess.Popen[bytes]) -> None:
    """End a process with all that it began: ask, wait, and kill."""
    if os.name != "posix":
        process.kill()
        process.wait()
        return
    for number, patience in ((signal.SIGTERM, GRACE), (signal.SIGKILL, None)):
        try:
            os.killpg(process.pid, number)
        except (ProcessLookupError, PermissionError):
            break
        try:
            process.wait(patience)
        except subprocess.TimeoutExpired:
            continue


def _has_ended(one: Running) -> bool:
    if one.process.poll() is None and time.monotonic() >= one.deadline:
        one.killed = True
        end_group(one.process)
    return one.process.poll() is not None


def _due(
    desks: Sequence[Desk], running: Sequence[Running], attempted: set[tuple[str, datetime]]
) -> list[tuple[Desk, datetime]]:
    """Jobs that have to run now, those whose time is longest past first; each time is tried once."""
    now, busy = datetime.now(UTC), {one.desk.name for one in running}
    found = [(desk, desk.due(now)) for desk in desks if desk.name not in busy]
    known = [(desk, time) for desk, time in found if time is not None and (desk.name, time) not in attempted]
    return sorted(known, key=lambda one: one[1])


def _pause(desks: Sequence[Desk]) -> float:
    """Seconds until the next job is due, at most LONGEST_SLEEP."""
    now = datetime.now(UTC)
    jobs = [desk.job for desk in desks]
    times = [next(times_after(job.cron, job.time_zone, now)) for job in jobs if job.cron is not None]
    wait = min(((time - now).total_seconds() for time in times), default=LONGEST_SLEEP)
    return min(max(wait, 0.0), LONGEST_SLEEP)


def _begun(one: Running) -> str:
    late = f", caught up once for {one.missed + 1} times" if one.missed else ""
    return f"{one.desk.name}: running for {one.desk.written(one.scheduled)}{late}."


def _remembered(one: Running, code: int, why: str) -> Remembered:
    """What the run has told; if it came to no end of its own, it ends here, even on a full disk."""
    desk = one.desk
    try:
        found = desk.memory.find(one.run)
        if found is not None and found.ended is not None:
            return found
        if found is None:
            desk.memory.begin(one.run, desk.name, one.scheduled)
        desk.memory.end(one.run, code, {"error": why})
        with suppress(LockedError), desk.alone():  # else another run is at work and will write the index
            desk.write_index()
        found = desk.memory.find(one.run)
    except ReportError as error:
        why, code, found = f"{why} {error}", exit_code(error), None
    now = datetime.now(UTC)
    return found or Remembered(one.run, desk.name, one.scheduled, now, now, code, {"error": why})


def _code_before(desk: Desk, run: str) -> int | None:
    before = [past for past in desk.memory.runs(desk.name, limit=10) if past.run != run and past.ended]
    return before[0].code if before else None


def _message(one: Running, code: int, told: Remembered) -> Message | None:
    """What people are told, None where there is nothing to tell."""
    events: dict[int, Event] = {0: "recovery", 5: "gate"}
    event = events.get(code, "failure")
    if event == "recovery" and _code_before(one.desk, one.run) in (0, None):
        return None
    desk, found = one.desk, told.told
    what = {"recovery": "is well again", "gate": "tripped a gate", "failure": "failed"}[event]
    lines = [f"{gate['series']}: {gate['text']}" for gate in found.get("gates", ())]
    lines += [*found.get("failed", ()), *found.get("moved", ())]
    if "error" in found:
        lines.append(found["error"])
    report = _address(desk, one.run) if found.get("published") else ""
    title = f"forecastkit: {desk.name} {what} ({desk.written(one.scheduled)})"
    return Message(event, desk.name, one.run, code, title, tuple(lines), report)


def _address(desk: Desk, run: str) -> str:
    """Where the report of a run is: under the address of the file, else on the disk."""
    if desk.outputs.url is None:
        return str(desk.report_of(run) / "index.html")
    return f"{desk.outputs.url.rstrip('/')}/{folder_name(desk.name)}/{RUNS}/{run}/index.html"
