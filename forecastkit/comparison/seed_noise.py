"""Luck of the seed: one network, what networks give on average, and their mean forecast are three things."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.special import stdtr

from forecastkit.arrays import Cube, Matrix, Vector
from forecastkit.comparison.bands import LEVEL
from forecastkit.comparison.resampling import Resample


@dataclass(frozen=True, slots=True, eq=False)
class SeedNoise:
    """Average losses of a network by h, told apart, each of shape (H,).

    Args:
        seeds: S, how many networks.
        single: of the first seed: what one run gives.
        expected: mean over seeds: what a run gives on average.
        ensemble: of the mean forecast of all seeds, which tables and tests call by the network's name; in
            squared error never above `expected`.
        best, worst: smallest and largest of a single seed.
        between: standard deviation over seeds.
        difference: (lower, upper) of the expected run minus the AR, by resampling seeds and blocks of
            origins, at 90 %; None without AR, or with too few blocks.
        beats_ar: chance that a network trained with a new seed has a smaller average loss than the AR; None
            without AR.
    """

    seeds: int
    single: Vector
    expected: Vector
    ensemble: Vector
    best: Vector
    worst: Vector
    between: Vector
    difference: Matrix | None
    beats_ar: Vector | None

    @property
    def spread(self) -> Matrix:
        """Smallest and largest average loss of a single seed, shape (2, H)."""
        return np.stack([self.best, self.worst])


def seed_noise(
    members: Cube, drawn: Resample, network: str, ar: str | None, rng: np.random.Generator
) -> SeedNoise:
    """Tell apart a single run, the expected run and the ensemble.

    The chance that a new seed beats the AR is, in every draw of origins, T((l_AR - mean) / (s sqrt(1 + 1/S)))
    with T of t with S - 1 degrees, mean and s over the seeds, averaged over draws.

    Args:
        members: losses of the single networks, shape (S, N, H), S at least 2, N at least 1.
        drawn: of `resample`, with the ensemble and the AR.
        network, ar: their names; ar None where it did not run.
        rng: for the seeds drawn.
    """
    averages = members.mean(axis=1)
    difference, chance = None, None
    if ar is not None:
        other = drawn.losses[ar].mean(axis=0)
        chance = _chance(averages[None], other[None])[0]
        if drawn.draws:
            seeds, n, horizon = members.shape
            flat = members.transpose(1, 0, 2).reshape(n, seeds * horizon)
            redrawn = (drawn.counts @ flat / n).reshape(-1, seeds, horizon)
            chance = _chance(redrawn, drawn.averages[ar]).mean(axis=0)
            difference = _two_level(redrawn, drawn.averages[ar], rng)
    return SeedNoise(
        seeds=len(members),
        single=averages[0],
        expected=averages.mean(axis=0),
        ensemble=drawn.losses[network].mean(axis=0),
        best=averages.min(axis=0),
        worst=averages.max(axis=0),
        between=averages.std(axis=0, ddof=1),
        difference=difference,
        beats_ar=chance,
    )


def _two_level(redrawn: Cube, other: Matrix, rng: np.random.Generator) -> Matrix:
    """Ends (2, H) of the expected run minus another model: origins are drawn already, seeds are drawn now."""
    draws, seeds, _ = redrawn.shape
    counts = rng.multinomial(seeds, np.full(seeds, 1 / seeds), size=draws)
    expected = np.einsum("bs,bsh->bh", counts / seeds, redrawn)
    return np.asarray(np.quantile(expected - other, [(1 - LEVEL) / 2, (1 + LEVEL) / 2], axis=0))


def _chance(averages: Cube, other: Matrix) -> Matrix:
    """Chance by draw and h that a new seed lies below another model: (B, S, H) and (B, H) -> (B, H)."""
    seeds = averages.shape[1]
    spread = averages.std(axis=1, ddof=1) * np.sqrt(1 + 1 / seeds)
    gap = other - averages.mean(axis=1)
    t = gap / np.where(spread > 0, spread, 1.0)
    sure = np.where(gap > 0, 1.0, np.where(gap < 0, 0.0, 0.5))
    return np.where(spread > 0, stdtr(seeds - 1, t), sure)
