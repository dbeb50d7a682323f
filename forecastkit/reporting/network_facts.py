"""What the fits of a network tell of themselves, taken apart by seed."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from forecastkit.arrays import Matrix, Vector
from forecastkit.backtesting.forecasts import Forecasts
from forecastkit.comparison.comparison import Comparison
from forecastkit.comparison.seed_noise import SeedNoise
from forecastkit.reporting.tables import number

Facts = Mapping[str, Any]


@dataclass(frozen=True, slots=True, eq=False)
class Memory:
    """How far back the last fits of a model look, see `memory_of`.

    Args:
        values: M90, the newest values that make 90 % of a forecast, shape (S, H).
        curves: by h, weights of past values as shares of their sum, newest first, shape (S, lags).
        own: M90 of a network without its base, by seed that tells it, each of shape (H,).
        loss: M90 of the loss over all h, by seed that tells it.
    """

    values: Matrix
    curves: Mapping[int, Matrix]
    own: tuple[Vector, ...] = ()
    loss: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True, eq=False)
class Training:
    """Losses of one training by epoch, and the epoch whose weights were kept; None where it is not told.

    Args:
        training: of the epochs 1, 2, …
        validation: on the block that stops the training, from epoch `start` on.
        start: 0 where the loss before training is told too, else 1.
        kept: the epoch chosen.
    """

    training: Vector
    validation: Vector
    start: int
    kept: int | None


@dataclass(frozen=True, slots=True, eq=False)
class NetworkFits:
    """The fits of one network, and what they are held against.

    Args:
        model: its name.
        horizon: H.
        seeds: how many were asked for.
        fits: what each fit tells, in order of origin, by seed; at least one seed with at least one fit.
        failed: how many seeds failed at some origin.
        ar: the autoregression beside it, None without one.
        ar_memory: how far back that looks, None where it does not tell.
        ar_unknown: why it does not tell that.
        noise: luck of the seeds, None with one seed or where the network left the comparison.
        loss, ar_loss: average losses of network and autoregression by h, None where one left the comparison.
    """

    model: str
    horizon: int
    seeds: int
    fits: tuple[tuple[Facts, ...], ...]
    failed: int = 0
    ar: str | None = None
    ar_memory: Memory | None = None
    ar_unknown: tuple[str, ...] = ()
    noise: SeedNoise | None = None
    loss: Vector | None = None
    ar_loss: Vector | None = None

    @property
    def all(self) -> tuple[Facts, ...]:
        """Every fit."""
        return tuple(fact for fits in self.fits for fact in fits)

    @property
    def first(self) -> tuple[Facts, ...]:
        """The first fit of each seed."""
        return tuple(fits[0] for fits in self.fits)

    @property
    def last(self) -> tuple[Facts, ...]:
        """The last fit of each seed."""
        return tuple(fits[-1] for fits in self.fits)

    @property
    def refitted(self) -> bool:
        """Whether a seed was fitted more than once."""
        return len(self.all) > len(self.fits)

    @property
    def trainings(self) -> tuple[Training, ...]:
        """The first training of each seed that tells its losses."""
        return tuple(found for fact in self.first if (found := _training(fact)))

    @property
    def guard(self) -> Matrix | None:
        """Share of the correction that the last fits take, shape (S, H), or (S, 1) for a network of one step.

        None without a guard.
        """
        weights = [_numbers(fact.get("guard")) for fact in self.last]
        known = [w for w in weights if w is not None and len(w) in (1, self.horizon) and np.isfinite(w).all()]
        if not known or len({len(w) for w in known}) > 1:
            return None
        return np.array(known)

    @property
    def memory(self) -> Memory | None:
        """How far back the last fits look."""
        return memory_in(self.last, self.horizon)

    @property
    def memory_unknown(self) -> tuple[str, ...]:
        """Why last fits do not tell that."""
        return unknown_in(self.last)

    @property
    def against_ar(self) -> Vector | None:
        """Loss less that of the AR, in shares of that, shape (H,); None where one is not known, or is 0."""
        if self.loss is None or self.ar_loss is None or not (self.ar_loss > 0).all():
            return None
        return self.loss / self.ar_loss - 1

    @property
    def seeds_against_ar(self) -> Matrix | None:
        """The same of the best and the worst single seed at each h, shape (2, H); None with one seed."""
        if self.noise is None or self.ar_loss is None or self.against_ar is None:
            return None
        return self.noise.spread / self.ar_loss - 1


def network_fits(comparison: Comparison) -> list[NetworkFits]:
    """Take the fits of every network apart that tells of them.

    The autoregression beside them is that of the verdict, or else the first one.
    """
    forecasts, verdict = comparison.forecasts, comparison.verdict
    asked = [m for m in forecasts.models if forecasts.families[m] == "ar"]
    ar = (verdict.ar if verdict else None) or next(iter(asked), None)
    last = forecasts.facts.get(ar or "", ())[-1:]
    return [
        NetworkFits(
            model=model,
            horizon=forecasts.horizon,
            seeds=len(forecasts.members.get(model, (0,))),
            fits=_by_seed(forecasts, model),
            failed=len({failure.seed for failure in forecasts.failures if failure.model == model}),
            ar=ar,
            ar_memory=memory_in(last, forecasts.horizon),
            ar_unknown=unknown_in(last),
            noise=comparison.seed_noise.get(model),
            loss=_loss(comparison, model),
            ar_loss=_loss(comparison, ar),
        )
        for model in forecasts.models
        if forecasts.families[model] == "network" and forecasts.facts.get(model)
    ]


def told(facts: Sequence[Facts], key: str) -> str:
    """Write what fits say under a key: a range for numbers, every answer for words."""
    values = [fact[key] for fact in facts if fact.get(key) is not None]
    if values and all(isinstance(value, int | float) and not isinstance(value, bool) for value in values):
        places = 0 if all(float(value).is_integer() for value in values) else 3
        low, high = number(float(np.min(values)), places), number(float(np.max(values)), places)
        return low if low == high else f"{low} to {high}"
    words = {True: "yes", False: "no"}
    return " or ".join(dict.fromkeys(words[v] if isinstance(v, bool) else str(v) for v in values))


def memory_in(facts: Sequence[Facts], horizon: int) -> Memory | None:
    """Join the memories that fits tell, one per seed; None where none of them tells one."""
    memories = [fact["memory"] for fact in facts if isinstance(fact.get("memory"), Mapping)]
    values, own = (_of_length(memories, key, horizon) for key in ("values", "network_values"))
    if not values:
        return None
    curves: dict[int, list[Vector]] = {}
    for memory in memories:
        for h, shares in zip(memory.get("h", ()), memory.get("curves", ()), strict=False):
            curve = _numbers(shares)
            if curve is not None:
                curves.setdefault(int(h), []).append(curve)
    loss = tuple(memory["loss_values"] for memory in memories if isinstance(memory.get("loss_values"), int))
    return Memory(np.array(values), {h: _filled_up(some) for h, some in curves.items()}, tuple(own), loss)


def unknown_in(facts: Sequence[Facts]) -> tuple[str, ...]:
    """Give the reasons of fits whose memory could not be told, one per fit."""
    memories = [fact["memory"] for fact in facts if isinstance(fact.get("memory"), Mapping)]
    return tuple(str(memory["unknown"]) for memory in memories if "unknown" in memory)


def _loss(comparison: Comparison, model: str | None) -> Vector | None:
    """Average loss by h; None for a model that was not scored."""
    scores = comparison.scores
    return scores.of(model, comparison.loss) if model in scores.models and scores.n_origins else None


def _by_seed(forecasts: Forecasts, model: str) -> tuple[tuple[Facts, ...], ...]:
    """Split facts, which come seed by seed; where some fits failed, a seed ends where origins go back."""
    facts, fits = forecasts.facts[model], forecasts.refits[model]
    if len(facts) == fits * len(forecasts.members.get(model, (0,))):
        return tuple(tuple(facts[i : i + fits]) for i in range(0, len(facts), fits))
    seeds: list[list[Facts]] = []
    for fact in facts:
        before = seeds[-1][-1] if seeds else {"memory": {}}
        goes_on = fact.get("fitted_until", 0) > before.get("fitted_until", 0) and "memory" not in before
        if goes_on:
            seeds[-1].append(fact)
        else:
            seeds.append([fact])
    return tuple(map(tuple, seeds))


def _training(fact: Facts) -> Training | None:
    training, validation = _numbers(fact.get("training_loss")), _numbers(fact.get("validation_loss"))
    training = np.empty(0) if training is None else training
    validation = np.empty(0) if validation is None else validation
    if not np.isfinite([*training, *validation]).any():
        return None
    kept = fact.get("best_epoch")
    return Training(
        training, validation, int(len(validation) == len(training)), kept if isinstance(kept, int) else None
    )


def _numbers(value: Any) -> Vector | None:
    """Give a list of numbers as a vector; None for anything else, and where it is empty."""
    try:
        vector = np.asarray(value, dtype=np.float64)
    except (TypeError, ValueError):
        return None
    return vector if vector.ndim == 1 and len(vector) else None


def _of_length(facts: Sequence[Facts], key: str, length: int) -> list[Vector]:
    """Give what facts hold under a key, where it is this many numbers."""
    values = (_numbers(fact.get(key)) for fact in facts)
    return [vector for vector in values if vector is not None and len(vector) == length]


def _filled_up(curves: Sequence[Vector]) -> Matrix:
    """Stack curves of unequal lengths, filled up with zeros."""
    lags = max(map(len, curves))
    return np.array([np.pad(curve, (0, lags - len(curve))) for curve in curves])
