"""A run at work in the store: what is kept of it, and how what is finished is kept."""

from __future__ import annotations

import json
import os
import sqlite3
import warnings
import zlib
from collections.abc import Iterable, Mapping
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from filelock import FileLock, Timeout

from forecastkit.errors import LockedError, StoreWarning
from forecastkit.runs.blocks import Made, Task, digest_of, notes_from, pack, plain, unpack
from forecastkit.runs.database import named_errors, transaction

DAMAGE = (KeyError, ValueError, TypeError, AttributeError, zlib.error)
"""What reading damaged contents raises."""
BLOCKS = (
    "SELECT key, model, told, data, digest, provisional FROM tasks JOIN blocks USING (key) WHERE run = ? "
    "ORDER BY place"
)
"""Blocks of a run, in the order of its tasks."""


class Run:
    """A run at work: it knows what is kept and keeps what is finished; no other process has it meanwhile."""

    def __init__(self, connection: sqlite3.Connection, path: Path | None, name: str) -> None:
        self.connection = connection
        self.path = path
        self.id = name
        self._lock = None if path is None else FileLock(path.with_name(f".{path.name}.{name}.lock"))

    def __enter__(self) -> Run:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def lock(self) -> None:
        """Keep other processes out of the run until this one ends.

        Raises:
            LockedError: another process is at work on it.
        """
        if self._lock is None:
            return
        with named_errors(self.path):
            try:
                self._lock.acquire(blocking=False)
            except Timeout as error:  # which is an OSError, too
                raise LockedError(
                    f"Another process is at work on this run ({self.id}). Wait for it, or work without it by "
                    "--no-store."
                ) from error

    def close(self) -> None:
        """Let other processes in."""
        if self._lock is not None and self._lock.is_locked:
            with suppress(OSError):  # the folder may be gone
                os.unlink(self._lock.lock_file)
            self._lock.release()

    def known(self) -> dict[str, Made]:
        """Read what is kept of its tasks, by key; what is damaged is left out with a warning."""
        found = {}
        with named_errors(self.path):
            for key, model, *row in self.connection.execute(BLOCKS, (self.id,)):
                try:
                    made = read_made(*row)
                except DAMAGE:
                    warnings.warn(
                        f"A block of model {model!r} in the store {str(self.path)!r} is not what was "
                        "written. It is computed again.",
                        StoreWarning,
                        stacklevel=3,
                    )
                    continue
                found[key] = made
        return found

    def keep(self, task: Task, made: Made) -> None:
        """Keep a finished task: when this returns, it survives the end of the process.

        Raises:
            StoreError: it could not be kept; see its kinds.
        """
        entries = [block.entry() for block in made.blocks]
        notes = [(note.kind, note.text) for note in made.notes]
        told = zlib.compress(to_text({"blocks": entries, "notes": notes}).encode(), 1)
        data = pack(made.blocks)
        with transaction(self.connection, self.path) as write:
            forget(write, [task.key])
            write.execute(
                "INSERT INTO blocks VALUES (?, ?, ?, ?, ?, ?)",
                (task.key, now(), made.provisional, digest_of(data, told), told, data),
            )
            write.executemany(
                "INSERT INTO errors VALUES (?, ?, ?, ?, ?, ?)",
                [
                    (task.key, legible(f.model), f.seed, f.origin, f.error, legible(f.message))
                    for block in made.blocks
                    for f in block.failures
                ],
            )

    def prepared(self) -> dict[str, Any]:
        """Read what models settled once for all of their tasks, by key."""
        with named_errors(self.path):
            rows = self.connection.execute(
                "SELECT DISTINCT prepared.key, told FROM tasks "
                "JOIN prepared ON prepared.key = tasks.prepared WHERE run = ?",
                (self.id,),
            ).fetchall()
        return {key: json.loads(told) for key, told in rows}

    def keep_prepared(self, key: str, told: Mapping[str, Any]) -> None:
        """Keep what a model settled once for all of its tasks."""
        with transaction(self.connection, self.path) as write:
            write.execute("INSERT OR REPLACE INTO prepared VALUES (?, ?)", (key, to_text(told)))

    def finish(self, scores: Iterable[tuple[str, int, int, float, float]]) -> None:
        """Mark it as finished, with its scores: model, h, origins, mae, mse."""
        with transaction(self.connection, self.path) as write:
            write.execute("UPDATE runs SET finished = ?, touched = ? WHERE id = ?", (*(now(),) * 2, self.id))
            write.execute("DELETE FROM scores WHERE run = ?", (self.id,))
            write.executemany(
                "INSERT INTO scores VALUES (?, ?, ?, ?, ?, ?)",
                [(self.id, legible(model), *row) for model, *row in scores],
            )


def now() -> str:
    """Write the time, in UTC."""
    return datetime.now(UTC).isoformat(timespec="microseconds")


def legible(text: str) -> str:
    """Write half a surrogate pair, which is no text to a database, as an escape."""
    return text.encode("utf-8", "backslashreplace").decode("utf-8")


def read_made(told: bytes, data: bytes, digest: str, provisional: int) -> Made:
    """Give back what a task made.

    Raises:
        ValueError: it is not what was written.
    """
    if digest_of(data, told) != digest:
        raise ValueError("its hash differs")
    content = json.loads(zlib.decompress(told))
    return Made(unpack(content["blocks"], data), notes_from(content["notes"]), bool(provisional))


def forget(write: sqlite3.Connection, keys: Iterable[str]) -> None:
    """Drop what tasks made."""
    listed = [(key,) for key in keys]
    for table in ("blocks", "errors"):
        write.executemany(f"DELETE FROM {table} WHERE key = ?", listed)


def to_text(value: Any, *, sort_keys: bool = False) -> str:
    """Write as JSON."""
    return json.dumps(value, sort_keys=sort_keys, default=plain)
