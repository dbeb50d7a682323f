"""Blocks: forecasts of one model and seed that share one fit, the unit that is made, kept and resumed."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
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

    @property
    def paths(self) -> list[Path]:
        """What names each of its forecast paths."""
        return [(self.model, self.seed, origin) for origin in self.origins.tolist()]

    @property
    def digest(self) -> str:
        """Hash of the forecasts, by which damaged ones are told."""
        digest = hashlib.sha256(_bits(self.mean))
        if self.quantiles is not None:
            digest.update(_bits(self.quantiles))
        return digest.hexdigest()[:16]

    def ledger_entry(self) -> dict[str, Any]:
        """Everything but the forecasts, as it is written once they are."""
        return {
            "model": self.model,
            "seed": self.seed,
            "origins": self.origins.tolist(),
            "digest": self.digest,
            "fit_seconds": self.fit_seconds,
            "forecast_seconds": self.forecast_seconds,
            "facts": dict(self.facts),
            "failures": [asdict(failure) for failure in self.failures],
        }


def block_of(entry: Mapping[str, Any], found: Mapping[Path, Mapping[int, list[float]]]) -> Block:
    """Put a block together from its ledger entry and the forecasts that were found.

    Args:
        entry: what `ledger_entry` gave.
        found: by path and h, the mean followed by the quantiles.

    Raises:
        KeyError: a forecast of the block is missing.
    """
    paths = [found[entry["model"], entry["seed"], origin] for origin in entry["origins"]]
    horizon = max((max(path) for path in paths if path), default=0)
    table = np.array([[path[h] for h in range(1, horizon + 1)] for path in paths])
    quantiles = table[:, :, 1:]
    return Block(
        model=entry["model"],
        seed=entry["seed"],
        origins=np.array(entry["origins"], dtype=np.int64),
        mean=table[:, :, 0],
        quantiles=None if np.isnan(quantiles).all() else quantiles,
        failures=tuple(Failure(**failure) for failure in entry["failures"]),
        fit_seconds=entry["fit_seconds"],
        forecast_seconds=entry["forecast_seconds"],
        facts=entry["facts"],
    )


def _bits(values: Matrix | Cube) -> bytes:
    """Bytes of the values, all NaN alike."""
    return np.where(np.isnan(values), np.nan, values).tobytes()
