"""How a backtest is split into tasks, and what a worker process does with one."""

from __future__ import annotations

import hashlib
import json
import pickle
import sys
import warnings
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, fields, is_dataclass, replace
from functools import lru_cache
from typing import Any

from forecastkit.backtesting.bench import Bench
from forecastkit.backtesting.gauge import gauged
from forecastkit.errors import BackendError, ForecastKitWarning
from forecastkit.models.protocol import Forecaster, seeds_of
from forecastkit.runs.blocks import Footprint, Made, Note, Task, plain

REFITS_TOGETHER = 8
"""Fits of a task where each starts from the one before; a task starts afresh, so that it can be resumed."""


def split(bench: Bench, settings: Mapping[str, Any]) -> list[Task]:
    """Split the work of one model into tasks, in the order of their origins.

    A recipe that serves a whole backtest in one call is one task per member; one whose fits start from each
    other (`warm = True`) takes 8 fits at a time; else each fit is a task.
    """
    recipe, parts = bench.recipe, bench.parts
    if hasattr(recipe, "forecast_origins"):
        length = len(parts)
    else:
        length = REFITS_TOGETHER if getattr(recipe, "warm", False) else 1
    identity = _identity(bench, settings)
    prepared = _hash([*identity, "prepare"])
    return [
        Task(
            model=bench.name,
            member=member,
            parts=tuple(parts[start : start + length]),
            key=_hash([*identity, member, [part.tolist() for part in parts[start : start + length]]]),
            prepared=prepared,
        )
        for start in range(0, len(parts), length)
        for member in range(seeds_of(recipe))
    ]


def _identity(bench: Bench, settings: Mapping[str, Any]) -> list[Any]:
    """List all that decides the forecasts of one model: other models, and the loss of scores, do not."""
    asked = {name: value for name, value in settings.items() if name not in ("models", "loss", "plan")}
    plan = {name: value for name, value in settings.get("plan", {}).items() if name != "refit_every"}
    own = settings.get("models", {}).get(bench.name, {})
    first = int(bench.parts[0][0])
    return [asked, plan, bench.name, own, bench.series.fingerprint, first]


def _hash(identity: Any) -> str:
    text = json.dumps(identity, sort_keys=True, default=plain)
    return hashlib.sha256(text.encode()).hexdigest()


@dataclass(frozen=True, slots=True)
class Settled:
    """A model that has decided what it decides once, what the user is warned of, and what memory it took."""

    recipe: Forecaster
    notes: tuple[Note, ...] = ()
    footprints: tuple[Footprint, ...] = ()

    def with_footprints(self, footprints: tuple[Footprint, ...]) -> Settled:
        """Tell what memory it took."""
        return replace(self, footprints=footprints)


@contextmanager
def noted() -> Iterator[list[Note]]:
    """Collect this package's warnings, each once, which are kept with what was made; others go their way."""
    notes: list[Note] = []
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always", ForecastKitWarning)
        yield notes
    for warning in caught:
        if issubclass(warning.category, ForecastKitWarning):
            note = Note(warning.category.__name__, str(warning.message))
            notes += [] if note in notes else [note]
        else:
            warnings.warn_explicit(
                warning.message, warning.category, warning.filename, warning.lineno, registry=_shown
            )


_shown: dict[Any, Any] = {}
"""Warnings of others that were shown already, as Python keeps them by module."""


def make(bench: Bench, task: Task) -> Made:
    """Do a task."""
    with noted() as notes:
        blocks = bench.run(task.member, task.parts)
    return Made(tuple(blocks), tuple(notes))


def settle(bench: Bench) -> Settled:
    """Settle what the model decides once."""
    with noted() as notes:
        recipe = bench.settled()
    return Settled(recipe, tuple(notes))


def pack_bench(bench: Bench) -> bytes | None:
    """Pickle a bench for worker processes; None where they could not open it."""
    try:
        packed = pickle.dumps(bench)
    except Exception:  # anyone's objects: whatever they raise, the work is done in this process
        return None
    alone = not hasattr(sys.modules["__main__"], "__file__")  # what a notebook defines, only it knows
    return None if alone and b"__main__" in packed else packed


def work(do: str, packed: bytes, *arguments: Any) -> Any:
    """Do a task or settle a model in a worker process; that TensorFlow is missing is an answer."""
    try:
        bench = _opened(packed)
        with gauged() as gauge:
            done = make(bench, *arguments) if do == "make" else settle(bench)
        return done.with_footprints(gauge.news())
    except BackendError as error:
        return error


@lru_cache(maxsize=8)
def _opened(packed: bytes) -> Bench:
    bench: Bench = pickle.loads(packed)
    return bench


def settled_record(recipe: Forecaster, settled: Forecaster) -> dict[str, Any] | None:
    """Write what a recipe settled as JSON, where that loses nothing: the fields that changed."""
    if settled is recipe:
        return {}
    if not is_dataclass(recipe) or type(settled) is not type(recipe):
        return None
    changed = {f.name: getattr(settled, f.name) for f in fields(recipe) if f.init}
    changed = {name: value for name, value in changed.items() if value != getattr(recipe, name)}
    try:
        told: dict[str, Any] = json.loads(json.dumps(changed, default=plain))
        return told if settled_from(recipe, told) == settled else None
    except (TypeError, ValueError):
        return None


def settled_from(recipe: Any, told: Mapping[str, Any]) -> Forecaster:
    """Settle a recipe as it was settled before."""
    given = {name: tuple(value) if isinstance(value, list) else value for name, value in told.items()}
    settled: Forecaster = replace(recipe, **given) if given else recipe
    return settled
