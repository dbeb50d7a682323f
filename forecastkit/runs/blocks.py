"""What a run is made of: tasks, and the blocks of forecasts that each of them makes."""

from __future__ import annotations

import hashlib
import zlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any

import numpy as np

from forecastkit.arrays import Cube, Indices, Matrix

Path = tuple[str, int, int]
"""Model, seed and origin: what names one forecast path of a run."""


@dataclass(frozen=True, slots=True)
class Failure:
    """One origin at which a model did not answer, and why."""

    model: str
    seed: int
    origin: int
    error: str
    message: str


@dataclass(frozen=True, slots=True, eq=False)
class Block:
    """Forecasts of one model and seed from consecutive origins that share one fit.

    Args:
        mean: shape (O, H), on the scored scale; NaN where the origin stands among `failures`.
        quantiles: shape (O, H, Q), None where the model offers none.
        facts: what the fitted model tells about itself.
    """

    model: str
    seed: int
    origins: Indices
    mean: Matrix
    quantiles: Cube | None = None
    failures: tuple[Failure, ...] = ()
    fit_seconds: float = 0.0
    forecast_seconds: float = 0.0
    facts: Mapping[str, Any] = field(default_factory=dict)

    @property
    def key(self) -> Path:
        """What names the block within its run: model, seed, first origin."""
        return self.model, self.seed, int(self.origins[0])

    def entry(self) -> dict[str, Any]:
        """Everything but the forecasts, JSON-ready."""
        return {
            "model": self.model,
            "seed": self.seed,
            "origins": self.origins.tolist(),
            "horizon": self.mean.shape[1],
            "quantiles": 0 if self.quantiles is None else self.quantiles.shape[2],
            "fit_seconds": self.fit_seconds,
            "forecast_seconds": self.forecast_seconds,
            "facts": dict(self.facts),
            "failures": [asdict(failure) for failure in self.failures],
        }


@dataclass(frozen=True, slots=True, eq=False)
class Task:
    """What is computed, kept and resumed at once: consecutive fits of one model and member.

    Args:
        parts: for each fit, the origins that it serves.
        key: hash of all that decides the forecasts; equal keys promise equal bits.
        prepared: the same of what the model settles once for all of its tasks.
    """

    model: str
    member: int
    parts: tuple[Indices, ...]
    key: str
    prepared: str

    @property
    def origins(self) -> int:
        """How many origins it serves."""
        return sum(map(len, self.parts))


@dataclass(frozen=True, slots=True, eq=False)
class Made:
    """What a task made.

    Args:
        blocks: one per fit.
        notes: what the user was warned of meanwhile.
        provisional: it was ended from outside and is not counted as known when the run goes on.
    """

    blocks: tuple[Block, ...]
    notes: tuple[str, ...] = ()
    provisional: bool = False


def blank_block(task: Task, part: Indices, horizon: int, error: str, message: str) -> Block:
    """Make the block of a fit that gave nothing."""
    failures = tuple(Failure(task.model, task.member, int(t), error, message) for t in part)
    return Block(task.model, task.member, part, np.full((len(part), horizon), np.nan), None, failures)


def numbers_of(blocks: Iterable[Block]) -> bytes:
    """Forecasts and quantiles of blocks, one after the other, as little-endian doubles; all NaN alike."""
    arrays = [array for block in blocks for array in (block.mean, block.quantiles) if array is not None]
    return b"".join(np.where(np.isnan(array), np.nan, array).astype("<f8").tobytes() for array in arrays)


def pack(blocks: Iterable[Block]) -> bytes:
    """Compress what `numbers_of` gives."""
    return zlib.compress(numbers_of(blocks), 1)


def unpack(entries: Sequence[Mapping[str, Any]], packed: bytes) -> tuple[Block, ...]:
    """Put blocks together from their entries and what `pack` gave, bit for bit."""
    numbers = np.frombuffer(zlib.decompress(packed), dtype="<f8").astype(np.float64)
    blocks, done = [], 0

    def take(*shape: int) -> Any:
        nonlocal done
        start, done = done, done + int(np.prod(shape))
        return numbers[start:done].reshape(shape)

    for entry in entries:
        rows, horizon, levels = len(entry["origins"]), entry["horizon"], entry["quantiles"]
        mean = take(rows, horizon)
        blocks.append(block_of(entry, mean, take(rows, horizon, levels) if levels else None))
    return tuple(blocks)


def block_of(entry: Mapping[str, Any], mean: Matrix, quantiles: Cube | None) -> Block:
    """Put a block together from its entry and its forecasts."""
    return Block(
        model=entry["model"],
        seed=entry["seed"],
        origins=np.array(entry["origins"], dtype=np.int64),
        mean=mean,
        quantiles=quantiles,
        failures=tuple(Failure(**failure) for failure in entry["failures"]),
        fit_seconds=entry["fit_seconds"],
        forecast_seconds=entry["forecast_seconds"],
        facts=entry["facts"],
    )


def digest_of(*parts: bytes) -> str:
    """Hash by which damage is told."""
    digest = hashlib.sha256()
    for part in parts:
        digest.update(part)
    return digest.hexdigest()[:16]


def plain(value: Any) -> Any:
    """Turn NumPy numbers into those JSON knows."""
    if isinstance(value, np.generic):
        return value.item()
    raise TypeError(f"{type(value).__name__} cannot be written as JSON")
