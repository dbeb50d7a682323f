"""The whole comparison on noise that looks like the data: how often does it find skill there?"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from forecastkit.arrays import Vector
from forecastkit.comparison.adjustment import holm
from forecastkit.comparison.skill import numbers
from forecastkit.seeds import spawn
from forecastkit.series.series import Series
from forecastkit.series.transforms import Transform

if TYPE_CHECKING:
    from forecastkit.comparison.comparison import Comparison

WIN = 0.01


@dataclass(frozen=True, slots=True)
class Placebo:
    """A comparison repeated on noise.

    Args:
        runs: how many series of noise.
        models: that were judged on them.
        claims: runs in which skill was claimed for one of them.
        wins: claims at 1 % (Holm over h), over all models and runs.
    """

    runs: int
    models: tuple[str, ...]
    claims: int
    wins: int


def noise_like(series: Series, transform: Transform, runs: int, seed: int) -> Iterator[Series]:
    """Make series of noise with the volatility of a series, on the same index.

    Even ones shuffle its differences (in logarithms where the transform takes them), which keeps their
    distribution and destroys their order; odd ones are Gaussian random walks with the same standard deviation
    of differences. Differences lose their mean and are drawn with replacement: a plain permutation would end
    where the series ends, which gives its end away. Nothing beats the last value on either.
    """
    log = transform.positive and bool((series.values > 0).all())
    level = np.log(series.values) if log else series.values
    moves = np.diff(level)
    moves = moves - moves.mean()
    for run in range(runs):
        rng = spawn(seed, "placebo", run)
        steps = rng.choice(moves, len(moves)) if run % 2 == 0 else rng.normal(0.0, moves.std(), len(moves))
        values: Vector = level[0] + np.concatenate([[0.0], np.cumsum(steps)])
        made = np.exp(values) if log else values
        yield replace(series, values=made, name=f"{series.name}-placebo-{run + 1}", source={})


def run_placebo(
    compare: Callable[[Series], Comparison],
    series: Series,
    transform: Transform,
    *,
    runs: int,
    seed: int,
    progress: Callable[[str, int, int], None] | None = None,
) -> Placebo:
    """Repeat a comparison on noise and count what it claims.

    Args:
        compare: the same models, plan and tests on another series.
        series: the data.
        transform: of the run.
        runs: series of noise, at least 1.
        seed: of the noise.
        progress: called with "placebo", runs done and runs in all.
    """
    claims = wins = 0
    judged: dict[str, None] = {}
    for done, made in enumerate(noise_like(series, transform, runs, seed), start=1):
        result = compare(made)
        judged |= dict.fromkeys(result.skill)
        claims += any(result.claimed[model] for model in result.skill)
        for tests in result.skill_tests.values():
            wins += bool(np.nanmin([*holm(numbers(tests)), 1.0]) <= WIN)
        if progress is not None:
            progress("placebo", done, runs)
    return Placebo(runs, tuple(judged), claims, wins)
