"""A run on disk: what was asked, the series, and every finished block of forecasts, appended as it is made.

manifest.json   what was asked: settings, versions, data hash; its `key` tells one run from another
series.csv      the series, ds and y
known.csv       its covariates known ahead, one row per observation and step ahead; past.csv its observed ones
forecasts.csv   one row per model, seed, origin and h
blocks.jsonl    the ledger: one line per finished block, written after its forecasts
failures.json   every fit or forecast that failed, with model, seed, origin and reason
"""

from __future__ import annotations

import csv
import hashlib
import io
import json
import os
import warnings
from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from filelock import FileLock, Timeout

from forecastkit.arrays import Matrix, Vector
from forecastkit.errors import DataError, ForecastKitWarning, LockedError, ReportError
from forecastkit.runs.blocks import Block, block_of
from forecastkit.series.series import Series, label

SCHEMA_VERSION = 1
COLUMNS = ("series", "model", "seed", "origin", "cutoff", "h", "target_time", "actual", "mean")
FILES = (
    "manifest.json",
    "series.csv",
    "known.csv",
    "past.csv",
    "forecasts.csv",
    "blocks.jsonl",
    "failures.json",
    ".lock",
)
DAMAGE = (KeyError, ValueError, TypeError, AttributeError)
"""What reading a damaged file raises."""


class RunFolder:
    """A folder that takes blocks as they are finished and gives them back."""

    def __init__(self, path: Path, manifest: Mapping[str, Any], quantiles: tuple[float, ...]) -> None:
        self.path = path
        self.manifest = manifest
        self.blocks: dict[tuple[str, int, int], Block] = {}
        self._columns = (*COLUMNS, *(f"q{level:g}" for level in quantiles))

    @classmethod
    def start(
        cls,
        path: Path,
        settings: Mapping[str, Any],
        series: Series,
        quantiles: tuple[float, ...],
        *,
        replace: bool,
    ) -> RunFolder:
        """Open a folder for a run: continue the one that is there if it was asked the same, else begin.

        Args:
            path: the folder, made where absent.
            settings: what was asked, JSON-ready; with the data it decides whether a run is the same.
            series: the data.
            quantiles: levels that models may answer.
            replace: begin anew where the folder holds another run or a damaged one; else refuse.

        Raises:
            ReportError: the folder holds another run, or something else, or cannot be written.
            LockedError: another process is at work in it.
        """
        identity = [settings, series.fingerprint, series.name, series.unit]
        asked = json.dumps(identity, sort_keys=True, default=_plain)
        manifest = {
            "schema_version": SCHEMA_VERSION,
            "key": hashlib.sha256(asked.encode()).hexdigest(),
            "series": {
                "name": series.name,
                "unit": series.unit,
                "period": series.period,
                "spacing": series.spacing,
                "frequency": series.frequency,
                "index": _kind(series.index),
                "fingerprint": series.fingerprint,
                "missing": series.missing,
                "covariates": {"known": series.known_names, "past": series.past_names},
                "source": dict(series.source),
            },
            "settings": settings,
        }
        run = cls(path, manifest, quantiles)
        try:
            path.mkdir(parents=True, exist_ok=True)
            run._refuse_foreign()
            run._lock()
            if not run._continues(replace):
                # In this order, so that whatever interrupts leaves a folder of this run without blocks.
                (path / "blocks.jsonl").unlink(missing_ok=True)
                run._write_manifest()
            run._rewrite(series)
        except ReportError:
            raise
        except OSError as error:
            raise _unwritable(path, error) from error
        return run

    @classmethod
    def read(cls, path: Path, quantiles: tuple[float, ...]) -> RunFolder:
        """Open the run that a folder holds.

        Raises:
            ReportError: the folder holds no run, or one of another schema version, or is damaged.
        """
        try:
            manifest = json.loads((path / "manifest.json").read_text(encoding="utf-8"))
            if manifest["schema_version"] != SCHEMA_VERSION:
                raise ReportError(
                    f"{str(path)!r} was written with run schema {manifest['schema_version']}; this version "
                    f"reads {SCHEMA_VERSION}. Read it with the version it was made by, or run the backtest "
                    "again."
                )
            run = cls(path, manifest, quantiles)
            run.blocks = run._load()
        except ReportError:
            raise
        except OSError as error:
            raise ReportError(
                f"{str(path)!r} holds no run ({_what_is_wrong(error)}). Give a folder that "
                "`forecastkit backtest --out` wrote."
            ) from error
        except DAMAGE as error:
            raise ReportError(f"{str(path)!r} is damaged ({error!r}). Run the backtest again.") from error
        return run

    def series(self) -> Series:
        """Read the series that the run was made on.

        Raises:
            ReportError: it is missing, or not the one that the manifest names.
        """
        told = self.manifest["series"]
        try:
            table = pd.read_csv(self.path / "series.csv", dtype=str, keep_default_na=False)
            series = Series(
                values=np.array(list(map(float, table["y"]))),
                index=_index(table["ds"], told["index"], told["frequency"]),
                name=told["name"],
                unit=told["unit"],
                period=told["period"],
                spacing=told["spacing"],
                source=told.get("source", {}),
                missing=told.get("missing", "error"),
                **self._covariates(told.get("covariates", {})),
            )
        except (*DAMAGE, OSError, DataError) as error:
            raise ReportError(
                f"{str(self.path)!r} is damaged ({error!r}). Run the backtest again."
            ) from error
        if series.fingerprint != told["fingerprint"]:
            raise ReportError(
                f"{str(self.path / 'series.csv')!r} is not the series that the run was made on. Run the "
                "backtest again."
            )
        return series

    def _covariates(self, named: Mapping[str, list[str]]) -> dict[str, Any]:
        """Read the covariates of the series, as `Series` takes them."""
        found: dict[str, Any] = {}
        for kind, names in named.items():
            if names:
                table = np.loadtxt(self.path / f"{kind}.csv", delimiter=",", skiprows=1, ndmin=2)
                found |= {kind: table, f"{kind}_names": tuple(names)}
        return found

    def append(self, block: Block, series: Series, actual: Matrix) -> None:
        """Add a finished block: its forecasts first, then the line that says it is complete.

        Args:
            block: what was made.
            series: the data, to date the rows.
            actual: what came, shape (O, H), on the scored scale.

        Raises:
            ReportError: the folder cannot be written any more.
        """
        text = io.StringIO()
        writer = csv.writer(text, lineterminator="\n")
        for i, origin in enumerate(block.origins.tolist()):
            quantiles = None if block.quantiles is None else block.quantiles[i]
            writer.writerows(self._rows(block, origin, block.mean[i], quantiles, series, actual[i]))
        line = json.dumps(block.ledger_entry(), default=_plain)
        try:
            _append(self.path / "forecasts.csv", text.getvalue())
            _append(self.path / "blocks.jsonl", line + "\n")
            self.blocks[block.key] = block
            if block.failures:
                self._write_failures()
        except OSError as error:
            raise _unwritable(self.path, error) from error

    def _continues(self, replace: bool) -> bool:
        """Load the blocks of the same run if it is there; refuse another, unless it may be replaced."""
        manifest = self.path / "manifest.json"
        if not manifest.exists():
            return False
        try:
            found = json.loads(manifest.read_text(encoding="utf-8"))
            if found["key"] == self.manifest["key"]:
                self.blocks = self._load()
                return True
            other = f"holds another run: {_differences(found, self.manifest)}"
        except (*DAMAGE, FileNotFoundError) as error:
            other = f"is damaged ({error!r})"
        if not replace:
            raise ReportError(
                f"{str(self.path)!r} {other}. Choose another --out, or pass --overwrite to lose it."
            )
        warnings.warn(f"{str(self.path)!r} {other}; it is begun anew.", ForecastKitWarning, stacklevel=4)
        return False

    def _refuse_foreign(self) -> None:
        """Leave a folder alone that holds anything but a run."""
        known = (self.path / "manifest.json").exists()
        if not known and any(file.name.removesuffix(".part") not in FILES for file in self.path.iterdir()):
            raise ReportError(
                f"{str(self.path)!r} is not empty and holds no run. Choose a new or empty folder with --out."
            )

    def close(self) -> None:
        """Let other processes in."""
        self._held.release()

    def _lock(self) -> None:
        """Keep other processes out of the folder until this one ends.

        Raises:
            LockedError: another process is at work there.
        """
        self._held = FileLock(self.path / ".lock", blocking=False, is_singleton=True)
        try:
            self._held.acquire()
        except Timeout as error:
            raise LockedError(
                f"Another run is at work in {str(self.path)!r}. Wait for it, or choose another --out."
            ) from error

    def _rewrite(self, series: Series) -> None:
        """Write the folder so that it holds the finished blocks and nothing of an unfinished one."""
        text = io.StringIO()
        writer = csv.writer(text, lineterminator="\n")
        writer.writerow(self._columns)
        writer.writerows(self._finished_rows())
        ledger = [json.dumps(block.ledger_entry(), default=_plain) + "\n" for block in self.blocks.values()]
        values = zip(series.index, series.values.tolist(), strict=True)
        write_whole(self.path / "forecasts.csv", text.getvalue())
        write_whole(self.path / "blocks.jsonl", "".join(ledger))
        write_whole(self.path / "series.csv", "ds,y\n" + "".join(f"{label(t)},{y!r}\n" for t, y in values))
        for kind, given in (("known", series.known), ("past", series.past)):
            if given is not None:
                table = pd.DataFrame(given, columns=getattr(series, f"{kind}_names"))
                write_whole(self.path / f"{kind}.csv", table.to_csv(index=False))
        self._write_failures()
        self._write_manifest()

    def _write_manifest(self) -> None:
        text = json.dumps(self.manifest, indent=1, default=_plain, ensure_ascii=False)
        write_whole(self.path / "manifest.json", text + "\n")

    def _finished_rows(self) -> list[list[str]]:
        """Rows of finished blocks, in the order of the ledger, each once."""
        if not self.blocks:
            return []
        finished = {
            (model, str(seed), str(origin)) for b in self.blocks.values() for model, seed, origin in b.paths
        }
        with (self.path / "forecasts.csv").open(newline="", encoding="utf-8") as file:
            rows = [row for row in csv.reader(file) if len(row) == len(self._columns)]
        of_path = {
            (row[1], row[2], row[3], row[5]): row for row in rows if (row[1], row[2], row[3]) in finished
        }
        return list(of_path.values())

    def _write_failures(self) -> None:
        failures = [asdict(failure) for block in self.blocks.values() for failure in block.failures]
        write_whole(self.path / "failures.json", json.dumps(failures, indent=1) + "\n")

    def _rows(
        self,
        block: Block,
        origin: int,
        mean: Vector,
        quantiles: Matrix | None,
        series: Series,
        actual: Vector,
    ) -> Iterable[list[Any]]:
        cutoff = label(series.index[origin - 1])
        extra = len(self._columns) - len(COLUMNS)
        for h in range(1, len(mean) + 1):
            target = label(series.index[origin + h - 1])
            row = [series.name, block.model, block.seed, origin, cutoff, h, target]
            values = [
                actual[h - 1],
                mean[h - 1],
                *([np.nan] * extra if quantiles is None else quantiles[h - 1]),
            ]
            yield [*row, *("" if np.isnan(v) else repr(float(v)) for v in values)]

    def _load(self) -> dict[tuple[str, int, int], Block]:
        """Read the blocks that the ledger lists, but for those whose forecasts are not what was written."""
        path = self.path / "blocks.jsonl"
        lines = path.read_text(encoding="utf-8").splitlines(keepends=True) if path.exists() else []
        entries = [json.loads(line) for line in lines if line.endswith("\n")]
        if not entries:
            return {}
        found: dict[tuple[str, int, int], dict[int, list[float]]] = defaultdict(dict)
        with (self.path / "forecasts.csv").open(newline="", encoding="utf-8") as file:
            for row in csv.DictReader(file):
                numbers = [row[name] for name in ("mean", *self._columns[len(COLUMNS) :])]
                if None not in numbers:
                    path_found = found[row["model"], int(row["seed"]), int(row["origin"])]
                    path_found[int(row["h"])] = [float(text) if text else np.nan for text in numbers]
        blocks = {}
        for entry in entries:
            try:
                block = block_of(entry, found)
            except KeyError:
                continue
            if block.digest == entry["digest"]:
                blocks[block.key] = block
        return blocks


def write_whole(path: Path, content: str | bytes) -> None:
    """Write a file so that it is either complete or as it was before."""
    part = path.with_name(path.name + ".part")
    part.write_bytes(content if isinstance(content, bytes) else content.encode("utf-8"))
    os.replace(part, path)


def _append(path: Path, text: str) -> None:
    with path.open("a", encoding="utf-8", newline="") as file:
        file.write(text)


def _kind(index: pd.Index) -> str:
    """Name what the entries of an index are, so that they can be read back: dates carry their time zone."""
    if isinstance(index, pd.DatetimeIndex):
        return f"dates {index.tz}" if index.tz is not None else "dates"
    if isinstance(index, pd.PeriodIndex):
        return "periods"
    return {"i": "integers", "u": "integers", "f": "floats"}.get(index.dtype.kind, "texts")


def _index(texts: pd.Series, kind: str, frequency: str) -> pd.Index:
    """Read index entries back as what they were."""
    if kind == "periods":
        return pd.PeriodIndex(texts, freq=frequency)
    if kind.startswith("dates"):
        zone = kind.removeprefix("dates").strip()
        dates = pd.DatetimeIndex(pd.to_datetime(texts, format="ISO8601", utc=bool(zone)))
        dates = dates.tz_convert(zone) if zone else dates
        return pd.DatetimeIndex(dates, freq=frequency or None)
    types = {"integers": np.int64, "floats": np.float64}
    return pd.Index(texts.astype(types[kind]) if kind in types else texts)


def _plain(value: Any) -> Any:
    """Turn NumPy numbers into those JSON knows."""
    if isinstance(value, np.generic):
        return value.item()
    raise TypeError(f"{type(value).__name__} cannot be written as JSON")


def _differences(found: Mapping[str, Any], wanted: Mapping[str, Any]) -> str:
    """Name the settings in which two runs differ."""
    old, new = found.get("settings", {}), json.loads(json.dumps(wanted["settings"], default=_plain))
    names = [name for name in new if old.get(name) != new[name]]
    if found.get("series", {}).get("fingerprint") != wanted["series"]["fingerprint"]:
        names.insert(0, "data")
    return ("it differs in " + ", ".join(names)) if names else "its manifest differs"


def _what_is_wrong(error: OSError) -> str:
    name = Path(error.filename or "").name
    return f"{name} is missing" if isinstance(error, FileNotFoundError) else f"{name}: {error.strerror}"


def _unwritable(path: Path, error: OSError) -> ReportError:
    return ReportError(
        f"{str(path)!r} cannot be written ({error.strerror or error}). Choose another --out, or make room "
        "and permissions; what was finished before is kept."
    )
