"""Many models at one horizon: does any beat a benchmark, which do, and which cannot be told from the best?

The work is done by `arch`; what is added are the rules of the house: blocks as long as errors overlap, no
duplicates, a seed, and an answer instead of an exception where there is too little to go by.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

import numpy as np
import pandas as pd

from forecastkit.arrays import Vector
from forecastkit.comparison.resampling import DRAWS, politis_white

FEWEST_FOR_SETS = 50
"""Origins below which a confidence set of models means little."""


@dataclass(frozen=True, slots=True)
class ConfidenceSet:
    """Models that cannot be told from the best at one horizon.

    Args:
        included, excluded: names.
        p_values: by model, small where it is excluded.
        method: the statistic, "max" or "R"; they differ.
        size: chance that the best model is missing.
        block: mean block length of the bootstrap, in origins.
        same: names left out because their losses equal those of another, with that other.
        reason: why there is no set.
    """

    included: tuple[str, ...]
    excluded: tuple[str, ...]
    p_values: Mapping[str, float]
    method: str
    size: float
    block: int
    same: Mapping[str, str]
    reason: str = ""


@dataclass(frozen=True, slots=True)
class BenchmarkTest:
    """Does any of many models beat a benchmark, and which ones do?

    Args:
        p_value: of "none beats it" (SPA, consistent); None: no test.
        better: models that beat it at 5 %, all claims together (StepM).
        block: mean block length of the bootstrap, in origins.
        reason: why there is no test.
    """

    p_value: float | None
    better: tuple[str, ...]
    block: int
    reason: str = ""


def confidence_set(
    losses: Mapping[str, Vector],
    overlaps: int,
    *,
    size: float = 0.1,
    method: Literal["max", "R"] = "max",
    draws: int = DRAWS,
    seed: int = 0,
) -> ConfidenceSet:
    """Model confidence set: the models that hold the best one with chance 1 - size.

    Args:
        losses: by model at one h, shape (N,), in time order.
        overlaps: neighbouring errors that share targets; blocks are at least as long.
        size: chance that the best is missing.
        method: "max" compares each model with the average, "R" every pair.
        draws: of the bootstrap.
        seed: of all randomness.

    Returns:
        no set with fewer than 50 origins, or fewer than two different models.
    Source: Hansen, Lunde & Nason (2011), Econometrica 79(2), 453-497; computed by `arch.bootstrap.MCS`.
    """
    kept, same = _distinct(losses)
    block = _block(kept, overlaps)
    n = len(next(iter(losses.values())))
    reason = ""
    if n < max(FEWEST_FOR_SETS, 2 * block):
        reason = f"not enough origins: {n}, and {max(FEWEST_FOR_SETS, 2 * block)} are needed"
    elif len(kept) < 2:
        reason = "all models have the same losses"
    if reason:
        return ConfidenceSet((), (), {}, method, size, block, same, reason)
    from arch.bootstrap import MCS

    found = MCS(pd.DataFrame(kept), size, reps=draws, block_size=block, method=method, seed=seed)
    found.compute()
    included = {str(name) for name in found.included}
    return ConfidenceSet(
        tuple(name for name in kept if name in included),
        tuple(name for name in kept if name not in included),
        {name: float(found.pvalues.loc[name, "Pvalue"]) for name in kept},
        method,
        size,
        block,
        same,
    )


def against_benchmark(
    losses: Mapping[str, Vector],
    benchmark: str,
    overlaps: int,
    *,
    size: float = 0.05,
    draws: int = DRAWS,
    seed: int = 0,
) -> BenchmarkTest:
    """Test many models against one: is any better (SPA), and which are (StepM)?

    Args:
        losses: by model at one h, shape (N,), in time order.
        benchmark: one of them.
        overlaps: neighbouring errors that share targets; blocks are at least as long.
        size: chance of one false claim or more.
        draws: of the bootstrap.
        seed: of all randomness.

    Returns:
        no test with fewer than max(10, 2 blocks) origins, or without a model that differs from the benchmark.
    Source: Hansen (2005), JBES 23(4); Romano & Wolf (2005), Econometrica 73(4); computed by `arch`.
    """
    kept, _ = _distinct({benchmark: losses[benchmark], **losses})
    block = _block(kept, overlaps)
    n, names = len(losses[benchmark]), [name for name in kept if name != benchmark]
    if n < max(10, 2 * block) or not names:
        reason = f"not enough origins: {n} in blocks of {block}" if names else "no model differs"
        return BenchmarkTest(None, (), block, reason)
    from arch.bootstrap import SPA, StepM

    others = pd.DataFrame({name: kept[name] for name in names})
    spa = SPA(kept[benchmark], others, block_size=block, reps=draws, seed=seed)
    spa.compute()
    step = StepM(kept[benchmark], others, size=size, block_size=block, reps=draws, seed=seed)
    step.compute()
    better = {str(name) for name in step.superior_models}
    return BenchmarkTest(
        float(spa.pvalues["consistent"]), tuple(name for name in names if name in better), block
    )


def _distinct(losses: Mapping[str, Vector]) -> tuple[dict[str, Vector], dict[str, str]]:
    """Keep the first of every group of models with equal losses; name whom each of the others equals."""
    kept: dict[str, Vector] = {}
    same: dict[str, str] = {}
    for name, loss in losses.items():
        twin = next(
            (other for other, known in kept.items() if np.allclose(loss, known, rtol=1e-10, atol=0)), ""
        )
        if twin:
            same[name] = twin
        else:
            kept[name] = loss
    return kept, same


def _block(losses: Mapping[str, Vector], overlaps: int) -> int:
    columns = np.column_stack(list(losses.values()))
    if len(columns) < FEWEST_FOR_SETS or len(losses) < 2:
        return overlaps
    lengths = politis_white(columns - columns.mean(axis=1, keepdims=True))
    return max(overlaps, int(np.ceil(np.nanmedian(lengths))))
