"""Bundled real series, by name, checksum verified."""

from __future__ import annotations

import hashlib
import tomllib
from dataclasses import dataclass
from importlib.resources import files
from importlib.resources.abc import Traversable
from pathlib import Path
from typing import Any

from forecastkit.errors import DataError, DatasetNotFoundError, nearest
from forecastkit.series.series import Series
from forecastkit.sources.files import read_file


@dataclass(frozen=True, slots=True)
class Dataset:
    """One entry of the catalogue: what the series is, where it comes from, and how it may be used."""

    name: str
    title: str
    file: str
    source: str
    licence: str
    sha256: str
    frequency: str
    spacing: str
    unit: str
    period: int
    note: str = ""


def folder() -> Traversable:
    """Find the data: inside an installed package, else beside it in a checkout.

    Raises:
        DatasetNotFoundError: neither is there; the installation is incomplete.
    """
    installed = files("forecastkit") / "_datasets"
    checkout = Path(__file__).resolve().parents[2] / "datasets"
    for place in (installed, checkout):
        if (place / "catalog.toml").is_file():
            return place
    raise DatasetNotFoundError(
        "The bundled datasets are not where they were installed. Install forecastkit again."
    )


def list_datasets() -> dict[str, Dataset]:
    """Read the catalogue, in its own order."""
    entries: dict[str, dict[str, Any]] = tomllib.loads(
        (folder() / "catalog.toml").read_text(encoding="utf-8")
    )
    return {name: Dataset(name=name, **entry) for name, entry in entries.items()}


def find_dataset(name: str) -> Dataset:
    """Look a dataset up by name.

    Raises:
        DatasetNotFoundError: the catalogue has no such name; the message lists the nearest.
    """
    datasets = list_datasets()
    if name not in datasets:
        raise DatasetNotFoundError(f"There is no file or dataset {name!r}. {nearest(name, datasets)}")
    return datasets[name]


def load_dataset(name: str) -> Series:
    """Load a bundled series.

    Raises:
        DatasetNotFoundError: no such name.
        DataError: the file is not the one the catalogue describes.
    """
    dataset = find_dataset(name)
    path = Path(str(folder() / dataset.file))
    found = hashlib.sha256(path.read_bytes()).hexdigest()
    if found != dataset.sha256:
        raise DataError(
            f"{dataset.file} has checksum {found[:12]}..., the catalogue says {dataset.sha256[:12]}.... "
            "The file was changed or damaged: install forecastkit again, or pass your own file by its path."
        )
    return read_file(
        path, name=name, unit=dataset.unit, period=dataset.period, frequency=dataset.frequency or None
    )
