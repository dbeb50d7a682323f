"""One job of a jobs file with everything it needs: where it writes, when it runs, what it remembers."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from secrets import token_hex
from zoneinfo import ZoneInfo

from filelock import FileLock, Timeout

from forecastkit.errors import LockedError, ReportError
from forecastkit.reporting.publish import folder_name, publish
from forecastkit.schedule.configuration import find_job, read_jobs
from forecastkit.schedule.due import due_time, last_time
from forecastkit.schedule.jobs import Alerts, Job, Outputs, Source
from forecastkit.schedule.memory import Memory

RUNS = "runs"
RECENT = 20
INTERRUPTIONS = 2
"""Runs for one time that may be cut off before the job waits for its next time."""


@dataclass(frozen=True, slots=True)
class Desk:
    """A job at work.

    Args:
        name: of the job.
        job, outputs, alerts: as the file says.
        file: the jobs file.
        memory: of all jobs.
    """

    name: str
    job: Job
    outputs: Outputs
    alerts: Alerts
    file: Path
    memory: Memory

    @property
    def folder(self) -> Path:
        """Where its reports go; relative paths start at the jobs file."""
        return self.file.parent / self.outputs.folder / folder_name(self.name)

    def report_of(self, run: str) -> Path:
        """Folder of the report of a run."""
        return self.folder / RUNS / run

    def path_of(self, source: Source) -> str:
        """Name a source as `load` takes it; files are sought beside the jobs file."""
        beside = self.file.parent / source.source
        try:
            return str(beside) if beside.is_file() else source.source
        except OSError:  # longer than a file name may be
            return source.source

    def written(self, moment: datetime) -> str:
        """Write a moment in the time zone of the job."""
        return f"{moment.astimezone(ZoneInfo(self.job.time_zone)):%Y-%m-%d %H:%M}"

    @property
    def basis(self) -> str:
        """A hash of everything that makes two runs comparable."""
        asked = self.job.model_dump(
            mode="json",
            include={"models", "horizon", "plan", "transform", "loss", "intervals", "seeds", "seed"},
        )
        return hashlib.sha256(json.dumps(asked, sort_keys=True).encode()).hexdigest()[:16]

    def due(self, now: datetime) -> datetime | None:
        """The time for which the job has to run now, None where it has not."""
        if self.job.cron is None:
            return None
        return due_time(self.job.cron, self.job.time_zone, self.served(), now)

    def served(self) -> datetime | None:
        """The last time for which the job has run; a run that was cut off may be repeated once."""
        interrupted: dict[datetime, int] = {}
        for run in self.memory.runs(self.name, limit=RECENT):
            if run.ended is not None:
                return run.scheduled
            interrupted[run.scheduled] = interrupted.get(run.scheduled, 0) + 1
            if interrupted[run.scheduled] >= INTERRUPTIONS:
                return run.scheduled
        return None

    def time_to_serve(self, now: datetime) -> datetime:
        """The last time of the job up to now, which a run by hand serves; now where it has no times."""
        last = None if self.job.cron is None else last_time(self.job.cron, self.job.time_zone, now)
        return last or now

    @contextmanager
    def alone(self) -> Iterator[None]:
        """Keep other processes from running the same job meanwhile.

        Raises:
            LockedError: another does.
            ReportError: the folder cannot be written.
        """
        held = FileLock(self.folder / ".lock", blocking=False, is_singleton=False)
        try:
            self.folder.mkdir(parents=True, exist_ok=True)
            held.acquire()
        except Timeout as error:
            raise LockedError(f"Job {self.name!r} is already running. Wait for it to end.") from error
        except OSError as error:
            raise ReportError(
                f"{str(self.folder)!r} cannot be written ({error.strerror or error}). Make room and "
                "permissions, or choose another folder under outputs."
            ) from error
        try:
            yield
        finally:
            held.release()

    def write_index(self) -> None:
        """List every run that is remembered; only the one that holds the lock writes."""
        from forecastkit.reporting.editions_page import Listed, index_page  # with every page behind it

        runs = [run for run in self.memory.runs(self.name) if run.ended is not None]
        listed = [
            Listed(
                when=self.written(run.scheduled),
                folder=f"{RUNS}/{run.run}" if run.published and self.report_of(run.run).is_dir() else "",
                code=run.code,
                sentence=run.sentence,
                horizons=run.horizons,
            )
            for run in runs
        ]
        publish({"index.html": index_page(self.name, self._times(), listed)}, self.folder)

    def _times(self) -> str:
        if self.job.cron is None:
            return "Runs when it is told to."
        return f"Runs at {self.job.cron} ({self.job.time_zone}); times are in this zone."


def open_desks(
    file: Path, memory: Memory | None = None, *, only: str | None = None, models: bool = False
) -> list[Desk]:
    """Read a jobs file and take all of its jobs, or one.

    Args:
        file: the jobs file.
        memory: of all jobs, that of this user's store by default.
        only: name of one job.
        models: whether the names of models are looked up, which the work itself does in any case.

    Raises:
        ConfigurationError: the file is at fault, or has no such job.
    """
    file = file.absolute()
    jobs = read_jobs(file, models=models)
    if memory is None:
        from forecastkit.runs.store import default_path  # with pandas behind it

        memory = Memory(default_path())
    names = list(jobs.jobs) if only is None else [only]
    return [
        Desk(name, find_job(jobs, name, file), jobs.outputs_of(name), jobs.alerts_of(name), file, memory)
        for name in names
    ]


def new_run(now: datetime) -> str:
    """Name a run: its moment in UTC, and a few letters that make it one of its kind."""
    return f"{now.astimezone(UTC):%Y%m%dT%H%M%SZ}-{token_hex(3)}"
