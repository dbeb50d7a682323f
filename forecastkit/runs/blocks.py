"""What a run is made of: tasks, and the blocks of forecasts that each of them makes."""

from __future__ import annotations

import hashlib
import zlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
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


@dataclass(frozen=True, slots=True)
class Footprint:
    """Memory of the process that did a task.

    Args:
        process: its number, which tells readings of one process from those of another.
        before: bytes that were resident when the task began, None where the system does not tell.
        peak: the most that were resident until it ended.

    Example:
        >>> print(Footprint(1, 400_000_000, 1_100_000_000))
        1.1 GB (400 MB of it there before)
    """

    process: int
    before: int | None
    peak: int

    def __str__(self) -> str:
        there = "" if self.before is None else f" ({size(self.before)} of it there before)"
        return f"{size(self.peak)}{there}"


def size(amount: int) -> str:
    """Write bytes as a person reads them.

    Example:
        >>> size(146_000_000)
        '146 MB'
    """
    return f"{amount / 1e9:.1f} GB" if amount >= 999_500_000 else f"{amount / 1e6:.0f} MB"


@dataclass(frozen=True, slots=True, eq=False)
class Block:
    """Forecasts of one model and seed from consecutive origins that share one fit.

    Args:
        mean: shape (O, H), on the scored scale; NaN where the origin stands among `failures`.
        quantiles: shape (O, H, Q), None where the model offers none.
        facts: what the fitted model tells about itself.
        footprints: with the first block of a task, the memory that it took, or what came before it, where
            that is more than was told already; like seconds, they decide nothing.
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
    footprints: tuple[Footprint, ...] = ()

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
            "footprints": [(one.process, one.before, one.peak) for one in self.footprints],
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


@dataclass(frozen=True, slots=True)
class Note:
    """A warning that a model gave: the name of its class among `errors`, and its text."""

    kind: str
    text: str


def notes_from(told: Iterable[str | Sequence[str]]) -> tuple[Note, ...]:
    """Read notes from JSON: pairs of kind and text, or a text alone, as stores of before have it."""
    return tuple(Note("ForecastKitWarning", one) if isinstance(one, str) else Note(*one) for one in told)


@dataclass(frozen=True, slots=True, eq=False)
class Made:
    """What a task made.

    Args:
        blocks: one per fit.
        notes: what the user was warned of meanwhile.
        provisional: it was ended from outside and is not counted as known when the run goes on.
    """

    blocks: tuple[Block, ...]
    notes: tuple[Note, ...] = ()
    provisional: bool = False

    def with_footprints(self, footprints: tuple[Footprint, ...]) -> Made:
        """Add what memory was taken."""
        if not footprints:
            return self
        first, *others = self.blocks
        return replace(self, blocks=(replace(first, footprints=first.footprints + footprints), *others))


def blank_block(task: Task, part: Indices, horizon: int, error: str, message: str) -> Block:
    """Make the block of a fit that gave nothing."""
    failures = tuple(Failure(task.model, task.member, int(t), error, message) for t in part)
    return Block(task.model, task.member, part, np.full((len(part), horizon), np.nan), None, failures)


def largest_footprint(blocks: Iterable[Block]) -> Footprint | None:
    """The footprint of all tasks together: of the process with the highest peak, from its first task on.

    What an earlier task of the same model has imported or left behind was not there before the model.
    """
    found: dict[int, Footprint] = {}
    for one in (footprint for block in blocks for footprint in block.footprints):
        first = found.get(one.process, one)
        known = [before for before in (first.before, one.before) if before is not None]
        found[one.process] = Footprint(one.process, min(known, default=None), max(first.peak, one.peak))
    return max(found.values(), key=lambda footprint: footprint.peak, default=None)


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
        footprints=tuple(Footprint(*told) for told in entry.get("footprints", ())),
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
