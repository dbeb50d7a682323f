"""The store: one SQLite file that holds runs, their tasks, and blocks of forecasts as they are finished.

A task is kept in one transaction when it is done, under a hash of all that decides its forecasts: data,
code, settings, model, member and origins. Runs that ask for the same task share it; a run that goes on
computes only what is not there. What is kept is verified by its hash whenever it is read.
"""

from __future__ import annotations

import hashlib
import json
import os
import sqlite3
import warnings
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from forecastkit.errors import RunNotFoundError, StoreDamagedError, StoreError, StoreWarning
from forecastkit.runs.blocks import Block, Task, digest_of
from forecastkit.runs.database import connect, named_errors, transaction
from forecastkit.runs.run import BLOCKS, DAMAGE, Run, forget, legible, now, read_made, to_text
from forecastkit.runs.series_record import describe_series, pack_series, series_text, unpack_series
from forecastkit.series.series import Series

PLACE = "FORECASTKIT_STORE"
"""Names the store in place of the one in the user's data folder."""


@dataclass(frozen=True, slots=True)
class RunState:
    """How a run stands.

    Args:
        id: names the run: the beginning of a hash of data, settings, versions and code.
        began, touched, finished: times in UTC; `finished` is "" while it is not.
        series: name of the series.
        settings: what was asked.
        asked: how to ask for it again; None where a model was given as a Python object.
        result: what was concluded, empty where nothing was.
        tasks, done: how many tasks it has, and how many are kept.
        failures: origins at which a model did not answer, over all members.
    """

    id: str
    began: str
    touched: str
    finished: str
    series: str
    settings: Mapping[str, Any]
    asked: Mapping[str, Any] | None
    result: Mapping[str, Any]
    tasks: int
    done: int
    failures: int


@dataclass(frozen=True, slots=True, eq=False)
class Record:
    """A run as it is kept: what was asked, on which series, and the blocks that are there."""

    id: str
    settings: Mapping[str, Any]
    series: Series
    blocks: tuple[Block, ...]


class Store:
    """An open store; use it as a context manager, or close it.

    Args:
        connection: to the database.
        path: of its file, None in memory.
    """

    def __init__(self, connection: sqlite3.Connection, path: Path | None) -> None:
        self.connection = connection
        self.path = path

    @classmethod
    def open(cls, path: str | Path | None, *, write: bool = True) -> Store:
        """Open the store of a file, made where absent; None works in memory.

        Raises:
            StoreError: the file cannot be opened, or is something else; see its kinds.
        """
        place = None if path is None else Path(path)
        return cls(connect(place, write=write), place)

    def __enter__(self) -> Store:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Close the file."""
        with suppress(sqlite3.Error):  # a disk that is full or gone has been reported when it was written
            self.connection.close()

    def begin(
        self,
        series: Series,
        settings: Mapping[str, Any],
        tasks: Sequence[Task],
        *,
        asked: Mapping[str, Any] | None = None,
        fresh: bool = False,
    ) -> Run:
        """Begin a run, or go on with the same one.

        Args:
            series: the data.
            settings: what was asked, JSON-ready; with the data it decides which run this is.
            tasks: all that it takes.
            asked: how to ask for it again, kept for `runs resume`.
            fresh: forget what is kept of its tasks.

        Raises:
            LockedError: another process is at work on it.
            StoreError: the store cannot be written.
        """
        told = describe_series(series)
        run = Run(self.connection, self.path, run_id(series, settings))
        run.lock()
        try:
            with transaction(self.connection, self.path) as write:
                data, text = pack_series(series), series_text(told)
                series_key = digest_of(data, text.encode())
                write.execute(
                    "INSERT OR IGNORE INTO series VALUES (?, ?, ?, ?)", (series_key, text, data, series_key)
                )
                write.execute(
                    "INSERT INTO runs VALUES (?, ?, ?, NULL, ?, ?, ?, ?, NULL) "
                    "ON CONFLICT (id) DO UPDATE SET touched = excluded.touched, series = excluded.series, "
                    "asked = excluded.asked",
                    (
                        run.id,
                        *(now(),) * 2,
                        series_key,
                        legible(series.name),
                        to_text(settings),
                        to_text(asked),
                    ),
                )
                write.execute("DELETE FROM tasks WHERE run = ?", (run.id,))
                write.executemany(
                    "INSERT INTO tasks VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
                    [
                        (
                            run.id,
                            place,
                            t.key,
                            legible(t.model),
                            t.prepared,
                            t.member,
                            int(t.parts[0][0]),
                            t.origins,
                        )
                        for place, t in enumerate(tasks)
                    ],
                )
                if fresh:
                    forget(write, [task.key for task in tasks])
                    write.executemany(
                        "DELETE FROM prepared WHERE key = ?", {(task.prepared,) for task in tasks}
                    )
        except BaseException:
            run.close()
            raise
        return run

    def find(self, name: str) -> str:
        """Complete the name of a run: the beginning of its id, "last", or "last~1" for the one before.

        Raises:
            RunNotFoundError: no run, or more than one, begins so.
        """
        last, _, before = name.partition("~")
        with named_errors(self.path):
            if last == "last" and (before or "0").isdecimal():
                rows = self.connection.execute(
                    "SELECT id FROM runs ORDER BY touched DESC LIMIT 1 OFFSET ?", (int(before or 0),)
                ).fetchall()
            else:
                rows = self.connection.execute(
                    "SELECT id FROM runs WHERE substr(id, 1, ?) = ?", (len(name), name)
                ).fetchall()
        if len(rows) == 1:
            return str(rows[0][0])
        what = f"{len(rows)} runs begin with" if rows else "There is no run"
        where = "" if self.path is None else f" in the store {str(self.path)!r}"
        raise RunNotFoundError(f"{what} {name!r}{where}. `forecastkit runs list` names them.")

    def states(self, only: str | None = None) -> list[RunState]:
        """List runs, the one touched last first."""
        with named_errors(self.path):
            rows = self.connection.execute(
                "SELECT id, began, touched, ifnull(finished, ''), name, "
                "settings, asked, ifnull(result, '{}'), "
                "(SELECT count(*) FROM tasks WHERE run = id), "
                "(SELECT count(*) FROM tasks JOIN blocks USING (key) WHERE run = id), "
                "(SELECT count(*) FROM tasks JOIN errors USING (key) WHERE run = id) "
                "FROM runs WHERE ? IS NULL OR id = ? ORDER BY touched DESC",
                (only, only),
            ).fetchall()
        return [RunState(*[*row[:5], *map(json.loads, row[5:8]), *row[8:]]) for row in rows]

    def state(self, run: str) -> RunState:
        """How one run stands.

        Raises:
            RunNotFoundError: there is none of that name.
        """
        return self.states(self.find(run))[0]

    def series(self, run: str) -> Series:
        """Read the series that a run was made on.

        Raises:
            RunNotFoundError: there is no run of that name.
            StoreDamagedError: the series is not what was written.
        """
        found = self.find(run)
        with named_errors(self.path):
            told, data, digest = self.connection.execute(
                "SELECT told, data, digest FROM runs JOIN series ON series.key = runs.series WHERE id = ?",
                (found,),
            ).fetchone()
        try:
            if digest_of(data, told.encode()) != digest:
                raise ValueError("its hash differs")
            return unpack_series(json.loads(told), data)
        except DAMAGE as error:
            raise StoreDamagedError(
                f"The series of run {found} is damaged in the store {str(self.path)!r} ({error}). Repeat the "
                "command of the run, which keeps it again."
            ) from error

    def read(self, run: str) -> Record:
        """Read a run with all of its finished blocks.

        Raises:
            RunNotFoundError: there is none of that name.
            StoreDamagedError: its series or a block is not what was written.
        """
        state = self.state(run)
        series = self.series(state.id)
        with named_errors(self.path):
            rows = self.connection.execute(BLOCKS, (state.id,)).fetchall()
        try:
            made = [read_made(*row[2:]) for row in rows]
        except DAMAGE as error:
            raise StoreDamagedError(
                f"A block of run {state.id} is damaged in the store {str(self.path)!r} ({error}). Repeat its "
                f"command, or `forecastkit runs resume {state.id}`: only what is damaged is computed again."
            ) from error
        return Record(state.id, state.settings, series, tuple(b for one in made for b in one.blocks))

    def scores(self, run: str) -> list[tuple[str, int, int, float, float]]:
        """Mean absolute and squared errors of a finished run: model, h, origins, mae, mse."""
        with named_errors(self.path):
            return self.connection.execute(
                "SELECT model, h, origins, mae, mse FROM scores WHERE run = ? ORDER BY model, h",
                (self.find(run),),
            ).fetchall()

    def conclude(self, run: str, result: Mapping[str, Any]) -> None:
        """Keep what was concluded from a run, JSON-ready."""
        with transaction(self.connection, self.path) as write:
            write.execute("UPDATE runs SET result = ? WHERE id = ?", (to_text(result), run))

    def remove(self, runs: Iterable[str]) -> None:
        """Remove runs, and the blocks and series that no other run needs."""
        with transaction(self.connection, self.path) as write:
            for run in runs:
                for table, column in (("runs", "id"), ("tasks", "run"), ("scores", "run")):
                    write.execute(f"DELETE FROM {table} WHERE {column} = ?", (run,))
            for table in ("blocks", "errors"):
                write.execute(f"DELETE FROM {table} WHERE key NOT IN (SELECT key FROM tasks)")
            write.execute("DELETE FROM series WHERE key NOT IN (SELECT series FROM runs)")
            write.execute("DELETE FROM prepared WHERE key NOT IN (SELECT prepared FROM tasks)")
        with named_errors(self.path):
            self.connection.execute("VACUUM")


Place = str | Path | bool | Store
"""How a store is asked for, see `open_store`."""


def default_path() -> Path:
    """Where the store lies unless it is named: FORECASTKIT_STORE, or the user's data folder."""
    import platformdirs

    named = os.environ.get(PLACE)
    return Path(named) if named else Path(platformdirs.user_data_dir("forecastkit")) / "runs.db"


@contextmanager
def open_store(store: Place, *, write: bool = True) -> Iterator[Store]:
    """Have the store that is asked for open, and close it unless it was open before.

    Args:
        store: True for the default one, False for none (in memory), a path, or an open store. Where the
            default one cannot be written, a warning says so and the work is done in memory.
        write: False only reads.

    Raises:
        StoreError: the store that was named cannot be used.
    """
    if isinstance(store, Store):
        yield store
        return
    with _default(write) if store is True else Store.open(store or None, write=write) as opened:
        yield opened


def _default(write: bool) -> Store:
    path = default_path()
    if not write:
        return Store.open(path, write=False) if path.exists() else Store.open(None)
    try:
        return Store.open(path)
    except StoreError as error:
        warnings.warn(f"{error} This run is not kept.", StoreWarning, stacklevel=5)
        return Store.open(None)


def run_id(series: Series, settings: Mapping[str, Any]) -> str:
    """Name a run by a hash of its data and settings."""
    identity = [settings, series.fingerprint, series.name, series.unit]
    return hashlib.sha256(to_text(identity, sort_keys=True).encode()).hexdigest()[:10]
