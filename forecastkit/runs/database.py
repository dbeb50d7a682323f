"""The SQLite file under the store: how it is opened, and what goes wrong with files, by name."""

from __future__ import annotations

import os
import shutil
import sqlite3
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from forecastkit.errors import (
    ReportError,
    StoreDamagedError,
    StoreError,
    StoreFullError,
    StoreGoneError,
    StoreReadOnlyError,
    StoreSchemaError,
    StoreWarning,
)

SCHEMA_VERSION = 1
APPLICATION = 0x666B6974
"""What marks the file as a store: "fkit"."""
PATIENCE = 30.0
"""Seconds to wait for another process that writes."""
NETWORK_DISKS = {"nfs", "nfs4", "cifs", "smb3", "smbfs", "9p", "afs", "fuse.sshfs", "ceph", "glusterfs"}
TABLES = """
CREATE TABLE series (
    key TEXT PRIMARY KEY, told TEXT NOT NULL, data BLOB NOT NULL, digest TEXT NOT NULL);
CREATE TABLE runs (
    id TEXT PRIMARY KEY, began TEXT NOT NULL, touched TEXT NOT NULL, finished TEXT,
    series TEXT NOT NULL, name TEXT NOT NULL, settings TEXT NOT NULL, asked TEXT, result TEXT);
CREATE TABLE tasks (
    run TEXT NOT NULL, place INTEGER NOT NULL, key TEXT NOT NULL, model TEXT NOT NULL,
    prepared TEXT NOT NULL, seed INTEGER NOT NULL, origin INTEGER NOT NULL, origins INTEGER NOT NULL,
    PRIMARY KEY (run, place)
) WITHOUT ROWID;
CREATE INDEX task_keys ON tasks (key);
CREATE TABLE prepared (key TEXT PRIMARY KEY, told TEXT NOT NULL);
CREATE TABLE blocks (
    key TEXT PRIMARY KEY, made TEXT NOT NULL, provisional INTEGER NOT NULL, digest TEXT NOT NULL,
    told BLOB NOT NULL, data BLOB NOT NULL);
CREATE TABLE errors (
    key TEXT NOT NULL, model TEXT NOT NULL, seed INTEGER NOT NULL, origin INTEGER NOT NULL,
    error TEXT NOT NULL, message TEXT NOT NULL);
CREATE INDEX error_keys ON errors (key);
CREATE TABLE scores (
    run TEXT NOT NULL, model TEXT NOT NULL, h INTEGER NOT NULL, origins INTEGER NOT NULL,
    mae REAL NOT NULL, mse REAL NOT NULL, PRIMARY KEY (run, model, h)) WITHOUT ROWID;
"""


def connect(path: Path | None, *, write: bool) -> sqlite3.Connection:
    """Open a store, made where absent; None for one in memory.

    Raises:
        StoreError: the file cannot be opened, or is something else; see its kinds.
    """
    with named_errors(path):
        if path is None:
            connection = sqlite3.connect(":memory:", isolation_level=None)
        elif write:
            path.parent.mkdir(parents=True, exist_ok=True)
            connection = sqlite3.connect(path, timeout=PATIENCE, isolation_level=None)
        else:
            connection = _read_only(path)
        try:
            _check_kind(connection, path, write)
            if path is not None and write:
                _set_journal(connection, path)
        except BaseException:
            connection.close()
            raise
    return connection


@contextmanager
def transaction(connection: sqlite3.Connection, path: Path | None) -> Iterator[sqlite3.Connection]:
    """Write all or nothing; when it ends without an error, what was written is in the file.

    Raises:
        StoreError: it could not be written; see its kinds.
    """
    inode = _inode(path)
    with named_errors(path):
        connection.execute("BEGIN IMMEDIATE")
        try:
            yield connection
            connection.execute("COMMIT")
        except BaseException:
            if connection.in_transaction:
                connection.execute("ROLLBACK")
            raise
    if path is not None and (inode is None or _inode(path) != inode):
        raise StoreGoneError(
            f"The store {str(path)!r} vanished while it was written. Repeat the command: what is not in the "
            "store is computed again."
        )


@contextmanager
def named_errors(path: Path | None) -> Iterator[None]:
    """Tell by name what went wrong with the file."""
    try:
        yield
    except sqlite3.Error as error:
        raise _store_error(path, error) from error
    except ReportError:
        raise
    except OSError as error:
        kind = StoreFullError if error.errno == 28 else StoreReadOnlyError
        raise kind(
            f"The store {str(path)!r} cannot be opened ({error.strerror or error}). Give another --store, or "
            "work without one by --no-store."
        ) from error


def _store_error(path: Path | None, error: sqlite3.Error) -> StoreError:
    code = getattr(error, "sqlite_errorcode", 0) & 0xFF
    store = f"The store {str(path)!r}"
    kept = "what was finished before is kept, and the same command goes on from there"
    gone = path is not None and not path.exists()
    if code == sqlite3.SQLITE_FULL or (code == sqlite3.SQLITE_IOERR and not gone and _is_full(path)):
        return StoreFullError(f"{store} has no room left on its disk. Make room: {kept}.")
    if code == sqlite3.SQLITE_IOERR and gone:
        return StoreGoneError(f"{store} vanished while it was in use. Repeat the command.")
    if code in (sqlite3.SQLITE_READONLY, sqlite3.SQLITE_CANTOPEN, sqlite3.SQLITE_PERM):
        return StoreReadOnlyError(
            f"{store} cannot be opened or written ({error}). Give another --store, or work without one by "
            "--no-store."
        )
    if code in (sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB):
        return StoreDamagedError(
            f"{store} is no database, or a damaged one ({error}). Move it away, or give another --store."
        )
    if code in (sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED):
        return StoreError(f"{store} was held by another process for {PATIENCE:g} s. Try again: {kept}.")
    return StoreError(f"{store} failed ({error}). Look at its disk: {kept}.")


def _check_kind(connection: sqlite3.Connection, path: Path | None, write: bool) -> None:
    """Make the tables of a new store; refuse what is none, or one of another version."""
    version, application, empty = _kind_of(connection)
    if write and empty and version == application == 0:
        with transaction(connection, None):
            if _kind_of(connection)[2]:  # no other process was quicker
                for statement in TABLES.split(";\n"):
                    connection.execute(statement)
                connection.execute(f"PRAGMA application_id = {APPLICATION}")
                connection.execute(f"PRAGMA user_version = {SCHEMA_VERSION}")
    elif application != APPLICATION:
        raise StoreSchemaError(
            f"{str(path)!r} is no store of runs: another program wrote it. Give another --store."
        )
    elif version != SCHEMA_VERSION:
        age = "an older" if version < SCHEMA_VERSION else "a newer"
        raise StoreSchemaError(
            f"The store {str(path)!r} was written by {age} version of forecastkit (schema {version}; this "
            f"one reads {SCHEMA_VERSION}). Export its runs by `forecastkit runs export` of that version, or "
            "give another --store; it was left as it is."
        )


def _kind_of(connection: sqlite3.Connection) -> tuple[int, int, bool]:
    """Schema version, application, and whether the file holds nothing."""
    asked = ("PRAGMA user_version", "PRAGMA application_id", "SELECT count(*) FROM sqlite_master")
    version, application, tables = (connection.execute(question).fetchone()[0] for question in asked)
    return version, application, tables == 0


def _set_journal(connection: sqlite3.Connection, path: Path) -> None:
    """Let others read while one writes; where the disk cannot do that, say so and lock."""
    mode = "delete" if _disk(path) in NETWORK_DISKS else "wal"
    try:
        found = connection.execute(f"PRAGMA journal_mode = {mode}").fetchone()[0]
    except sqlite3.OperationalError as error:
        if error.sqlite_errorcode & 0xFF not in (sqlite3.SQLITE_IOERR, sqlite3.SQLITE_CANTOPEN):
            raise
        found = connection.execute("PRAGMA journal_mode = delete").fetchone()[0]
    connection.execute(f"PRAGMA synchronous = {'normal' if found == 'wal' else 'full'}")
    if found != "wal":
        warnings.warn(
            f"The store {str(path)!r} lies on a disk that cannot share it while it is written (such as a "
            "network disk); it is slower, and one process at a time works with it. Name a local --store.",
            StoreWarning,
            stacklevel=6,
        )


def _read_only(path: Path) -> sqlite3.Connection:
    """Open for reading, also where nothing can be written beside the file."""
    address = path.resolve().as_uri() + "?mode=ro"
    try:
        connection = sqlite3.connect(address, uri=True, timeout=PATIENCE, isolation_level=None)
        connection.execute("SELECT count(*) FROM sqlite_master")
    except sqlite3.OperationalError:
        if not path.exists():
            raise
        connection = sqlite3.connect(address + "&immutable=1", uri=True, isolation_level=None)
    return connection


def _inode(path: Path | None) -> int | None:
    try:
        return None if path is None else path.stat().st_ino
    except OSError:
        return None


def _is_full(path: Path | None) -> bool:
    try:
        return path is not None and shutil.disk_usage(path.parent).free < 1 << 20
    except OSError:
        return False


def _disk(path: Path) -> str:
    """Kind of file system under a path, "" where the system does not tell."""
    try:
        lines = [line.split() for line in Path("/proc/mounts").read_text(encoding="utf-8").splitlines()]
    except OSError:
        return ""
    place = os.fspath(path.resolve())
    under = [
        (len(where), kind) for _, where, kind, *_ in lines if f"{place}/".startswith(where.rstrip("/") + "/")
    ]
    return max(under)[1] if under else ""
