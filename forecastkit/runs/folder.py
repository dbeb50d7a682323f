"""A finished run as a folder of plain files, written whole or not at all, and read back to the same bits.

manifest.json   what was asked: settings, versions, data hash, and the run's id
series.csv      the series, ds and y
known.csv       its covariates known ahead, one row per observation and step ahead; past.csv its observed ones
forecasts.csv   one row per model, seed, origin and h; or forecasts.parquet
fits.json       every fit: model, seed, origins it serves, seconds, facts, and a hash of its forecasts
failures.json   every fit or forecast that failed, with model, seed, origin and reason
"""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from forecastkit.arrays import Indices, Matrix
from forecastkit.errors import DataError, MissingExtraError, ReportError
from forecastkit.runs.blocks import Block, block_of, digest_of, numbers_of, plain
from forecastkit.runs.series_record import describe_series, restore_series
from forecastkit.runs.store import Record
from forecastkit.series.series import Series, label

SCHEMA_VERSION = 2
COLUMNS = ("series", "model", "seed", "origin", "cutoff", "h", "target_time", "actual", "mean")
FILES = {
    "manifest.json",
    "series.csv",
    "known.csv",
    "past.csv",
    "forecasts.csv",
    "forecasts.parquet",
    "fits.json",
    "failures.json",
}
DAMAGE = (KeyError, ValueError, TypeError, AttributeError, IndexError)
"""What reading a damaged file raises."""


def write_folder(
    path: Path,
    record: Record,
    origins: Indices,
    actual: Matrix,
    levels: tuple[float, ...],
    *,
    to: str = "csv",
    overwrite: bool = False,
) -> None:
    """Write a run into a folder that is complete or as it was before.

    Args:
        path: of the folder, made where absent.
        record: the run.
        origins: shape (O,).
        actual: what came, shape (O, H), on the scored scale.
        levels: of quantiles.
        to: "csv", or "parquet" for the forecasts.
        overwrite: replace the folder where it holds another run.

    Raises:
        ReportError: the folder holds something else, or cannot be written.
        MissingExtraError: Parquet was asked for and pyarrow is not installed.
    """
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        check_place(path)
        if not overwrite:
            _refuse_other(path, record)
        with whole_folder(path) as part:
            _write_files(part, record, origins, actual, levels, to)
    except ReportError:
        raise
    except OSError as error:
        raise ReportError(
            f"{str(path)!r} cannot be written ({error.strerror or error}). Choose another --out, or make "
            "room and permissions; the run itself is kept in the store."
        ) from error


def read_folder(path: Path) -> Record:
    """Read the run that a folder holds.

    Raises:
        ReportError: the folder holds no run, or one of another schema version, or is damaged.
    """
    try:
        manifest = json.loads((path / "manifest.json").read_text(encoding="utf-8"))
        if manifest["schema_version"] != SCHEMA_VERSION:
            raise ReportError(
                f"{str(path)!r} was written with run schema {manifest['schema_version']}; this version reads "
                f"{SCHEMA_VERSION}. Read it with the version it was made by, or run the backtest again."
            )
        series = _read_series(path, manifest["series"])
        fits = json.loads((path / "fits.json").read_text(encoding="utf-8"))
        blocks = _read_blocks(_read_table(path), fits)
    except ReportError:
        raise
    except (*DAMAGE, DataError) as error:
        raise ReportError(f"{str(path)!r} is damaged ({error}). Run the backtest again.") from error
    except OSError as error:
        raise ReportError(
            f"{str(path)!r} holds no run ({_what_is_wrong(error)}). Give a folder that "
            "`forecastkit backtest --out` wrote."
        ) from error
    return Record(manifest["run"], manifest["settings"], series, blocks)


def write_whole(path: Path, content: str | bytes) -> None:
    """Write a file so that it is either complete or as it was before."""
    part = path.with_name(path.name + ".part")
    part.write_bytes(content if isinstance(content, bytes) else content.encode("utf-8"))
    os.replace(part, path)


@contextmanager
def whole_folder(path: Path) -> Iterator[Path]:
    """Write a folder so that it is either complete or as it was before: what is yielded takes its place."""
    part, old = (path.with_name(f".{path.name}.{os.getpid()}.{what}") for what in ("part", "old"))
    try:
        part.mkdir()
        yield part
        _put(part, path, old)
    finally:
        for left in (part, old):
            shutil.rmtree(left, ignore_errors=True)


def check_place(path: Path) -> None:
    """Leave a folder alone that holds anything but a run.

    Raises:
        ReportError: it does, or it is no folder.
    """
    if path.exists() and not path.is_dir():
        raise ReportError(f"{str(path)!r} is a file. Choose a folder with --out.")
    files = {file.name for file in path.iterdir()} if path.exists() else set()
    if files and not {"manifest.json"} <= files <= FILES:
        raise ReportError(
            f"{str(path)!r} is not empty and holds no run. Choose a new or empty folder with --out."
        )


def _refuse_other(path: Path, record: Record) -> None:
    """Leave a folder alone that holds another run."""
    if not (path / "manifest.json").exists():
        return
    try:
        found = json.loads((path / "manifest.json").read_text(encoding="utf-8"))
        other = "" if found["run"] == record.id else f"holds another run ({found['run']})"
    except DAMAGE as error:
        other = f"holds a run that is damaged ({error!r})"
    if other:
        raise ReportError(f"{str(path)!r} {other}. Choose another --out, or pass --overwrite to lose it.")


def _put(part: Path, path: Path, old: Path) -> None:
    """Put a complete folder in its place, where one may stand already."""
    if path.exists():
        path.rename(old)
    try:
        part.rename(path)
    except OSError:
        if old.exists():
            old.rename(path)
        raise


def _write_files(
    folder: Path, record: Record, origins: Indices, actual: Matrix, levels: tuple[float, ...], to: str
) -> None:
    series = record.series
    manifest = {
        "schema_version": SCHEMA_VERSION,
        "run": record.id,
        "series": describe_series(series),
        "settings": record.settings,
    }
    _write_json(folder / "manifest.json", manifest)
    _write_json(
        folder / "fits.json", [{**b.entry(), "digest": digest_of(numbers_of([b]))} for b in record.blocks]
    )
    _write_json(folder / "failures.json", [asdict(f) for b in record.blocks for f in b.failures])
    values = zip(map(label, series.index), series.values.tolist(), strict=True)
    rows = "".join(f"{ds},{y!r}\n" for ds, y in values)
    (folder / "series.csv").write_text("ds,y\n" + rows, encoding="utf-8", newline="")
    for kind, given in (("known", series.known), ("past", series.past)):
        if given is not None:
            table = pd.DataFrame(given, columns=list(getattr(series, f"{kind}_names")))
            table.to_csv(folder / f"{kind}.csv", index=False)
    table = _table(record, origins, actual, levels)
    if to == "csv":
        table.to_csv(folder / "forecasts.csv", index=False, lineterminator="\n")
        return
    try:
        table.to_parquet(folder / "forecasts.parquet", index=False)
    except ImportError as error:
        raise MissingExtraError(
            "Parquet needs pyarrow. Install it with `pip install 'forecastkit[parquet]'`, or export --to csv."
        ) from error


def _table(record: Record, origins: Indices, actual: Matrix, levels: tuple[float, ...]) -> pd.DataFrame:
    """All forecasts, one row per model, seed, origin and h."""
    horizon = actual.shape[1]
    labels = np.array([label(t) for t in record.series.index], dtype=object)
    blocks = record.blocks
    rows = [len(b.origins) * horizon for b in blocks]
    origin = np.repeat(np.concatenate([b.origins for b in blocks]), horizon)
    h = np.tile(np.arange(1, horizon + 1), len(origin) // horizon)
    columns: dict[str, Any] = {
        "series": record.series.name,
        "model": np.repeat(np.array([b.model for b in blocks], dtype=object), rows),
        "seed": np.repeat([b.seed for b in blocks], rows),
        "origin": origin,
        "cutoff": labels[origin - 1],
        "h": h,
        "target_time": labels[origin + h - 1],
        "actual": actual[np.searchsorted(origins, origin), h - 1],
        "mean": np.concatenate([b.mean.ravel() for b in blocks]),
    }
    for i, level in enumerate(levels):
        columns[f"q{level:g}"] = np.concatenate(
            [
                np.full(b.mean.size, np.nan) if b.quantiles is None else b.quantiles[:, :, i].ravel()
                for b in blocks
            ]
        )
    return pd.DataFrame(columns)


def _read_table(path: Path) -> pd.DataFrame:
    """Read the forecasts, numbers to their last bit."""
    parquet = path / "forecasts.parquet"
    if parquet.exists():
        return pd.read_parquet(parquet)
    table = pd.read_csv(path / "forecasts.csv", dtype=str, keep_default_na=False)
    for name in table.columns.difference(COLUMNS[:7]):
        table[name] = [float(text) if text else np.nan for text in table[name]]
    return table.astype({name: np.int64 for name in ("seed", "origin", "h")})


def _read_blocks(table: pd.DataFrame, fits: list[Mapping[str, Any]]) -> tuple[Block, ...]:
    """Give each fit its forecasts; rows may stand in any order."""
    table = table.sort_values(["model", "seed", "origin", "h"], kind="stable")
    names = [name for name in table.columns if name not in COLUMNS]
    groups = {key: group for key, group in table.groupby(["model", "seed"])}
    blocks = []
    for fit in fits:
        group = groups[fit["model"], fit["seed"]]
        part = group[group["origin"].isin(fit["origins"])]
        shape = (len(fit["origins"]), fit["horizon"])
        mean = part["mean"].to_numpy(dtype=np.float64).reshape(shape)
        quantiles = None
        if fit["quantiles"]:
            quantiles = part[names].to_numpy(dtype=np.float64).reshape(*shape, len(names))
        block = block_of(fit, mean, quantiles)
        if digest_of(numbers_of([block])) != fit["digest"]:
            raise ValueError(f"forecasts of {fit['model']} at origin {fit['origins'][0]} were changed")
        blocks.append(block)
    return tuple(blocks)


def _read_series(path: Path, told: Mapping[str, Any]) -> Series:
    table = pd.read_csv(path / "series.csv", dtype=str, keep_default_na=False)
    covariates = {
        kind: np.loadtxt(path / f"{kind}.csv", delimiter=",", skiprows=1, ndmin=2)
        for kind, names in told["covariates"].items()
        if names
    }
    return restore_series(told, table["ds"].tolist(), list(map(float, table["y"])), covariates)


def _write_json(path: Path, content: Any) -> None:
    text = json.dumps(content, indent=1, default=plain, ensure_ascii=False)
    path.write_text(text + "\n", encoding="utf-8")


def _what_is_wrong(error: OSError) -> str:
    name = Path(error.filename or "").name
    return f"{name} is missing" if isinstance(error, FileNotFoundError) else f"{name}: {error.strerror}"
