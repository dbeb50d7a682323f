"""The memory of scheduled runs: what each job did, when, and what later runs are compared with."""

from __future__ import annotations

import json
import sqlite3
import zlib
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from forecastkit.errors import ReportError

SCHEMA = """
CREATE TABLE IF NOT EXISTS job_runs (
    run TEXT PRIMARY KEY, job TEXT NOT NULL, scheduled TEXT NOT NULL, started TEXT NOT NULL, ended TEXT,
    code INTEGER, told TEXT NOT NULL);
CREATE INDEX IF NOT EXISTS job_runs_by_job ON job_runs (job, started);
CREATE TABLE IF NOT EXISTS job_series (
    job TEXT NOT NULL, series TEXT NOT NULL, data BLOB NOT NULL, PRIMARY KEY (job, series));
"""
WAIT_SECONDS = 30.0


@dataclass(frozen=True, slots=True)
class Remembered:
    """One run of a job.

    Args:
        run: its id, which begins with its time.
        job: whose.
        scheduled: the time for which it was made.
        started, ended: `ended` is None while it is at work, or where it was cut off.
        code: exit code, None as long as it has none.
        told: what it found, JSON-ready: `sentence`, `error`, `published`, `gates`, `series` with a summary by
            series, `failures` by series.
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
    """Runs of all jobs in one SQLite file."""

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

    def keep_series(self, job: str, values: Mapping[str, Mapping[str, float]]) -> None:
        """Keep the newest edition of every series of a job: date -> value."""
        with self._open() as store:
            store.executemany(
                "INSERT OR REPLACE INTO job_series VALUES (?, ?, ?)",
                [(job, name, zlib.compress(json.dumps(dated).encode())) for name, dated in values.items()],
            )

    def series(self, job: str, name: str) -> dict[str, float] | None:
        """Give back the newest edition of a series, None where none is kept."""
        with self._open() as store:
            row = store.execute(
                "SELECT data FROM job_series WHERE job = ? AND series = ?", (job, name)
            ).fetchone()
        return None if row is None else json.loads(zlib.decompress(row[0]))

    @contextmanager
    def _open(self) -> Iterator[sqlite3.Connection]:
        """Open the file for one transaction.

        Raises:
            ReportError: it cannot be written or is damaged.
        """
        try:
            self.path.parent.mkdir(parents=True, exist_ok=True)
            store = sqlite3.connect(self.path, timeout=WAIT_SECONDS)
            try:
                store.executescript(SCHEMA)
                with store:
                    yield store
            finally:
                store.close()
        except (OSError, sqlite3.Error) as error:
            raise ReportError(
                f"The memory {str(self.path)!r} cannot be used ({error}). Make room and permissions, or move "
                "the file away if it is damaged."
            ) from error


def _remembered(row: tuple[Any, ...]) -> Remembered:
    run, job, scheduled, started, ended, code, told = row
    times = (datetime.fromisoformat(scheduled), datetime.fromisoformat(started))
    return Remembered(
        run, job, *times, None if ended is None else datetime.fromisoformat(ended), code, json.loads(told)
    )
