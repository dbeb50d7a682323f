"""Snapshots of market data: written once, never changed, verified by their hash at every reading.

ROOT/yahoo-SPY/20261125T081500123-3f2a9c1b.csv.gz   the bars as they came, every digit kept
ROOT/yahoo-SPY/20261125T081500123-3f2a9c1b.json     the sidecar: symbol, range, arguments, versions, hashes

A snapshot is there once its sidecar is, which is written last; both are moved into place whole.
"""

from __future__ import annotations

import gzip
import hashlib
import json
import os
import tempfile
import zlib
from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import asdict, dataclass
from datetime import datetime
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pandas as pd

from forecastkit.errors import DatasetNotFoundError, ReportError, SnapshotDamagedError

SCHEMA_VERSION = 1
PLACE = "FORECASTKIT_CACHE"
LONGEST_FOLDER = 100
DAMAGE = (KeyError, ValueError, TypeError, OSError, EOFError, zlib.error)
"""What reading a damaged file raises."""


@dataclass(frozen=True, slots=True)
class Request:
    """What was asked of the source: a snapshot serves exactly the request that it was made for.

    Args:
        symbol: as the source spells it.
        start, end: ISO dates, end exclusive; None for all there is.
        interval: length of a bar, "1d" or an intraday one.
    """

    symbol: str
    start: str | None = None
    end: str | None = None
    interval: str = "1d"


@dataclass(frozen=True, slots=True)
class Snapshot:
    """One kept fetch: its id, its request, and everything the sidecar says."""

    id: str
    request: Request
    facts: Mapping[str, Any]
    path: Path

    @property
    def source(self) -> str:
        """What loads exactly this snapshot: "yahoo:SPY@20261125T081500123-3f2a9c1b"."""
        return f"yahoo:{self.request.symbol}@{self.id}"

    @property
    def fetched_at(self) -> datetime:
        """When the source answered, in UTC."""
        return datetime.fromisoformat(self.facts["fetched_at"])


def cache_folder() -> Path:
    """Find the folder of this user's cache; the environment variable FORECASTKIT_CACHE overrides it."""
    from platformdirs import user_cache_path

    chosen = os.environ.get(PLACE)
    return Path(chosen) if chosen else user_cache_path("forecastkit", appauthor=False)


def symbol_folder(symbol: str) -> str:
    """Turn a symbol into one folder name that stays inside its parent on every system.

    Example:
        >>> symbol_folder("^GSPC"), symbol_folder(".."), symbol_folder("A/B C")
        ('yahoo-%5EGSPC', 'yahoo-%2E%2E', 'yahoo-A%2FB%20C')
    """
    name = quote(symbol, safe="").replace(".", "%2E").replace("~", "%7E")
    if len(name) > LONGEST_FOLDER:
        name = f"{name[:LONGEST_FOLDER]}-{hashlib.sha256(symbol.encode()).hexdigest()[:8]}"
    return f"yahoo-{name}"


class SnapshotStore:
    """All snapshots below one folder.

    Args:
        root: the folder; by default `snapshots` in this user's cache.
    """

    def __init__(self, root: Path | None = None) -> None:
        self.root = cache_folder() / "snapshots" if root is None else root

    def save(self, request: Request, table: pd.DataFrame, facts: Mapping[str, Any]) -> Snapshot:
        """Keep what a source answered.

        Args:
            request: what was asked.
            table: bars, floats under named columns, on an index of dates (in UTC where they have a time).
            facts: JSON-ready; `fetched_at` is required.

        Raises:
            ReportError: the cache cannot be written.
        """
        data = table.to_csv(index_label="ds", lineterminator="\n").encode()
        told: dict[str, Any] = {
            "schema_version": SCHEMA_VERSION,
            **facts,
            "request": asdict(request),
            "sha256": hashlib.sha256(data).hexdigest(),
        }
        digest = _digest(told)
        moment = datetime.fromisoformat(told["fetched_at"])
        name = f"{moment:%Y%m%dT%H%M%S}{moment.microsecond // 1000:03d}-{digest[:8]}"
        folder = self.root / symbol_folder(request.symbol)
        sidecar = json.dumps({**told, "id": name, "digest": digest}, indent=1, ensure_ascii=False) + "\n"
        try:
            folder.mkdir(parents=True, exist_ok=True)
            if not (folder / f"{name}.json").exists():
                _place(folder / f"{name}.csv.gz", gzip.compress(data, mtime=0))
                _place(folder / f"{name}.json", sidecar.encode())
        except OSError as error:
            raise ReportError(
                f"The snapshot could not be kept in {str(folder)!r} ({error.strerror or error}). Make room "
                f"and permissions, or set {PLACE} to another folder."
            ) from error
        return _read(folder / f"{name}.json")

    def table(self, snapshot: Snapshot) -> pd.DataFrame:
        """Read the bars of a snapshot, exactly as they were written.

        Raises:
            SnapshotDamagedError: they are not what was written.
        """
        try:
            told = {key: value for key, value in snapshot.facts.items() if key not in ("id", "digest")}
            if _digest(told)[:8] != snapshot.id[-8:]:
                raise ValueError("the sidecar does not have the hash in its name")
            packed = snapshot.path.with_name(f"{snapshot.id}.csv.gz").read_bytes()
            data = gzip.decompress(packed)
            if hashlib.sha256(data).hexdigest() != snapshot.facts["sha256"]:
                raise ValueError("the bars do not have the hash in the sidecar")
            return _parsed(data)
        except DAMAGE as error:
            raise _damaged(snapshot.path, error) from error

    def newest_first(self, symbol: str) -> Iterator[Snapshot]:
        """Read the sidecars of a symbol, the newest first.

        Raises:
            SnapshotDamagedError: one on the way cannot be read.
        """
        for path in sorted((self.root / symbol_folder(symbol)).glob("*.json"), reverse=True):
            yield _read(path)

    def intact(self, symbol: str) -> Iterator[tuple[Snapshot, pd.DataFrame]]:
        """Read the undamaged snapshots of a symbol with their bars, the newest first."""
        for path in sorted((self.root / symbol_folder(symbol)).glob("*.json"), reverse=True):
            with suppress(SnapshotDamagedError):
                snapshot = _read(path)
                yield snapshot, self.table(snapshot)

    def find(self, symbol: str, wanted: str) -> Snapshot:
        """Find a snapshot by its id, or by the hash at the id's end.

        Raises:
            DatasetNotFoundError: there is none, or more than one.
            SnapshotDamagedError: its sidecar cannot be read.
        """
        paths = sorted((self.root / symbol_folder(symbol)).glob("*.json"))
        found = [path for path in paths if path.stem == wanted or path.stem.endswith(f"-{wanted}")]
        if len(found) != 1:
            known = ", ".join(path.stem for path in paths) or "none"
            raise DatasetNotFoundError(
                f"{len(found)} snapshots of {symbol!r} are called {wanted!r}. Kept are: {known}. Give one of "
                f"these ids; another machine's snapshots lie in its own cache ({PLACE})."
            )
        return _read(found[0])

    def all(self) -> tuple[list[Snapshot], list[Path]]:
        """List every snapshot, by symbol and time, and the sidecars that cannot be read."""
        snapshots, damaged = [], []
        for path in sorted(self.root.glob("yahoo-*/*.json")):
            try:
                snapshots.append(_read(path))
            except SnapshotDamagedError:
                damaged.append(path)
        return sorted(snapshots, key=lambda snapshot: (snapshot.request.symbol, snapshot.id)), damaged

    def older(self, keep: int) -> list[Path]:
        """List the sidecars of snapshots beyond the newest `keep` of each request."""
        seen: dict[Request, int] = {}
        older = []
        for snapshot in sorted(self.all()[0], key=lambda found: found.id, reverse=True):
            seen[snapshot.request] = seen.get(snapshot.request, 0) + 1
            if seen[snapshot.request] > keep:
                older.append(snapshot.path)
        return older

    def damaged(self) -> list[Path]:
        """Verify every snapshot, and list the sidecars of those that are not what was written."""
        found, damaged = self.all()
        for snapshot in found:
            try:
                self.table(snapshot)
            except SnapshotDamagedError:
                damaged.append(snapshot.path)
        return damaged

    def remove(self, path: Path) -> None:
        """Delete a snapshot, given its sidecar.

        Raises:
            ReportError: it cannot be deleted.
        """
        try:
            path.unlink(missing_ok=True)
            path.with_name(f"{path.stem}.csv.gz").unlink(missing_ok=True)
        except OSError as error:
            raise ReportError(
                f"{str(path)!r} could not be deleted ({error.strerror or error}). Check its permissions."
            ) from error


def _read(path: Path) -> Snapshot:
    try:
        told = json.loads(path.read_text(encoding="utf-8"))
        if told["schema_version"] != SCHEMA_VERSION:
            raise ValueError(f"schema version {told['schema_version']} is not {SCHEMA_VERSION}")
        return Snapshot(path.stem, Request(**told["request"]), told, path)
    except DAMAGE as error:
        raise _damaged(path, error) from error


def _parsed(data: bytes) -> pd.DataFrame:
    rows = [line.split(",") for line in data.decode().splitlines()]
    dates = pd.DatetimeIndex(pd.to_datetime([row[0] for row in rows[1:]], format="ISO8601"), name="ds")
    columns = {
        name: [float(row[i]) if row[i] else float("nan") for row in rows[1:]]
        for i, name in enumerate(rows[0][1:], start=1)
    }
    return pd.DataFrame(columns, index=dates.as_unit("us"))


def _digest(told: Mapping[str, Any]) -> str:
    """Hash of a sidecar, and through the hash in it, of the bars."""
    return hashlib.sha256(json.dumps(told, sort_keys=True, ensure_ascii=False).encode()).hexdigest()


def _place(path: Path, content: bytes) -> None:
    """Write a file under a name of its own, then move it into place."""
    handle, part = tempfile.mkstemp(dir=path.parent, prefix=path.name, suffix=".part")
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        os.replace(part, path)
    except BaseException:
        Path(part).unlink(missing_ok=True)
        raise


def _damaged(path: Path, error: Exception) -> SnapshotDamagedError:
    return SnapshotDamagedError(
        f"The snapshot {path.stem} in {str(path.parent)!r} is damaged ({error}) and is not used. Fetch the "
        "data again with --refresh (refresh=True in Python); `forecastkit datasets snapshots prune "
        "--damaged` deletes it."
    )
