"""A series as text and numbers, to be kept with a run and given back exactly."""

from __future__ import annotations

import json
import zlib
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd

from forecastkit.runs.blocks import plain
from forecastkit.series.series import Series, label


def describe_series(series: Series) -> dict[str, Any]:
    """Everything but the numbers and the index entries, JSON-ready."""
    return {
        "name": series.name,
        "unit": series.unit,
        "period": series.period,
        "spacing": series.spacing,
        "frequency": series.frequency,
        "index": _kind(series.index),
        "fingerprint": series.fingerprint,
        "missing": series.missing,
        "default_transform": series.default_transform,
        "covariates": {"known": list(series.known_names), "past": list(series.past_names)},
        "source": dict(series.source),
    }


def restore_series(
    told: Mapping[str, Any], labels: Sequence[str], values: Any, covariates: Mapping[str, Any]
) -> Series:
    """Put a series together from its description, index entries, values and covariates.

    Raises:
        ValueError: it is not the series that was described.
    """
    named: dict[str, Any] = {f"{kind}_names": tuple(told["covariates"][kind]) for kind in covariates}
    series = Series(
        values=np.asarray(values, dtype=np.float64),
        index=_index(labels, told["index"], told["frequency"]),
        **{name: told[name] for name in ("name", "unit", "period", "spacing", "missing")},
        default_transform=told["default_transform"],
        source=told["source"],
        **covariates,
        **named,
    )
    if series.fingerprint != told["fingerprint"]:
        raise ValueError("its series is not the one that the run was made on")
    return series


def pack_series(series: Series) -> bytes:
    """Compress index entries, values and covariates."""
    head = json.dumps({"labels": [label(t) for t in series.index]}).encode()
    numbers = [a for a in (series.values, series.known, series.past) if a is not None]
    body = b"".join(np.ascontiguousarray(array, dtype="<f8").tobytes() for array in numbers)
    return zlib.compress(len(head).to_bytes(8, "little") + head + body, 1)


def unpack_series(told: Mapping[str, Any], packed: bytes) -> Series:
    """Give back what `pack_series` took.

    Raises:
        ValueError: it is damaged.
    """
    text = zlib.decompress(packed)
    start = 8 + int.from_bytes(text[:8], "little")
    labels = json.loads(text[8:start])["labels"]
    numbers = np.frombuffer(text[start:], dtype="<f8")
    values, numbers = numbers[: len(labels)], numbers[len(labels) :]
    covariates = {}
    columns = {kind: len(told["covariates"][kind]) for kind in ("known", "past")}
    past = len(labels) * columns["past"]
    for kind, size in (("known", len(numbers) - past), ("past", past)):
        if columns[kind]:
            covariates[kind] = numbers[:size].reshape(-1, columns[kind])
            numbers = numbers[size:]
    return restore_series(told, labels, values, covariates)


def series_text(told: Mapping[str, Any]) -> str:
    """Write a description in one way only, so that equal ones have equal hashes."""
    return json.dumps(told, sort_keys=True, default=plain)


def _kind(index: pd.Index) -> str:
    """Name what the entries of an index are, so that they can be read back: dates carry their time zone."""
    if isinstance(index, pd.DatetimeIndex):
        return f"dates {index.tz}" if index.tz is not None else "dates"
    if isinstance(index, pd.PeriodIndex):
        return "periods"
    return {"i": "integers", "u": "integers", "f": "floats"}.get(index.dtype.kind, "texts")


def _index(texts: Sequence[str], kind: str, frequency: str) -> pd.Index:
    """Read index entries back as what they were."""
    if kind == "periods":
        return pd.PeriodIndex(texts, freq=frequency)
    if kind.startswith("dates"):
        zone = kind.removeprefix("dates").strip()
        dates = pd.DatetimeIndex(pd.to_datetime(list(texts), format="ISO8601", utc=bool(zone)))
        dates = dates.tz_convert(zone) if zone else dates
        return pd.DatetimeIndex(dates, freq=frequency or None)
    types = {"integers": np.int64, "floats": np.float64}
    return pd.Index(np.array(list(texts)).astype(types[kind]) if kind in types else list(texts))
