"""The memory of scheduled runs: what each job did and when, in the store that holds the runs themselves."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterator, Mapping
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from forecastkit.runs.database import connect, transaction

TABLES = (
    "CREATE TABLE IF NOT EXISTS job_runs (run TEXT PRIMARY KEY, job TEXT NOT NULL, scheduled TEXT NOT NULL, "
    "started TEXT NOT NULL, ended TEXT, code INTEGER, told TEXT NOT NULL)",
    "CREATE INDEX IF NOT EXISTS job_runs_by_job ON job_runs (job, started)",
)


@dataclass(frozen=True, slots=True)
class Remembered:
    """One run of a job.

    Args:
        run: its id, which begins with its time.
        job: whose.
        scheduled: the time for which it was made.
        started, ended: `ended` is None while it is at work, or where it was cut off.
        code: exit code, None as long as it has none.
        told: what it found, JSON-ready: `sentence`, `error`, `published`, `gates`, `failed`, `moved`, and by
            series `series`, a summary, and `runs`, its id in the store.
    """

    run: str
    job: str
    scheduled: datetime
    started: datetime
    ended: datetime | None
    code: int | None
    told: Mapping[str, Any] = field(default_factory=dict)

    @property
    def published(self) -> bool:
        """Whether there was a report."""
        return bool(self.told.get("published"))

    @property
    def sentence(self) -> str:
        """What it found, or why it found nothing."""
        return str(self.told.get("error") or self.told.get("sentence", ""))

    @property
    def horizons(self) -> dict[str, dict[str, int | None]]:
        """By series and model, the skill horizon; None where the model failed."""
        return {
            name: {**dict.fromkeys(summary["dropped"]), **summary["skill_horizon"]}
            for name, summary in self.told.get("series", {}).items()
        }


class Memory:
    """Runs of all jobs, in the store of a path."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def begin(self, run: str, job: str, scheduled: datetime) -> None:
        """Remember that a run has begun."""
        now = datetime.now(UTC)
        with self._open() as store:
            store.execute(
                "INSERT INTO job_runs (run, job, scheduled, started, told) VALUES (?, ?, ?, ?, '{}')",
                (run, job, scheduled.isoformat(), now.isoformat()),
            )

    def end(self, run: str, code: int, told: Mapping[str, Any]) -> None:
        """Remember how a run ended, with its exit code; a run ends once, and only after it has begun."""
        self._change(run, told, "ended IS NULL", "ended = ?, code = ?", datetime.now(UTC).isoformat(), code)

    def add(self, run: str, told: Mapping[str, Any]) -> None:
        """Join something to what a run has told."""
        self._change(run, told, "TRUE", "run = run")

    def _change(self, run: str, told: Mapping[str, Any], where: str, change: str, *values: Any) -> None:
        with self._open() as store:
            row = store.execute(f"SELECT told FROM job_runs WHERE run = ? AND {where}", (run,)).fetchone()
            if row is not None:
                joined = json.dumps({**json.loads(row[0]), **told}, ensure_ascii=False)
                store.execute(f"UPDATE job_runs SET told = ?, {change} WHERE run = ?", (joined, *values, run))

    def runs(self, job: str, limit: int = -1) -> list[Remembered]:
        """Runs of a job, newest first."""
        with self._open() as store:
            rows = store.execute(
                "SELECT run, job, scheduled, started, ended, code, told FROM job_runs WHERE job = ? "
                "ORDER BY started DESC, run DESC LIMIT ?",
                (job, limit),
            ).fetchall()
        return [_remembered(row) for row in rows]

    def find(self, run: str) -> Remembered | None:
        """Find a run by its id."""
        with self._open() as store:
            row = store.execute(
                "SELECT run, job, scheduled, started, ended, code, told FROM job_runs WHERE run = ?", (run,)
            ).fetchone()
        return None if row is None else _remembered(row)

    @contextmanager
    def _open(self) -> Iterator[sqlite3.Connection]:
        """Open the store for one transaction.

        Raises:
            StoreError: it cannot be used.
        """
        with closing(connect(self.path, write=True)) as store, transaction(store, self.path):
            for statement in TABLES:
                store.execute(statement)
            yield store


def _remembered(row: tuple[Any, ...]) -> Remembered:
    run, job, scheduled, started, ended, code, told = row
    times = (datetime.fromisoformat(scheduled), datetime.fromisoformat(started))
    return Remembered(
        run, job, *times, None if ended is None else datetime.fromisoformat(ended), code, json.loads(told)
    )
