"""Seconds and memory of all bands: 5 models, 500 origins, 96 horizons, 999 draws.

Run from the checkout: `python tests/benchmarks/bands_speed.py [--repeats N]`.
"""

from __future__ import annotations

import argparse
import resource
import time

import numpy as np

from forecastkit.comparison.bands import difference_band, error_band, skill_band
from forecastkit.comparison.crossover import find_crossover
from forecastkit.comparison.resampling import resample

ORIGINS, HORIZON = 500, 96
REFERENCES, MODELS = ("naive", "climatology"), ("ar", "rnn", "other")


def squared_errors(rng: np.random.Generator) -> np.ndarray:
    """Losses (500, 96) with overlapping errors."""
    path = np.concatenate([[0.0], rng.normal(size=ORIGINS + HORIZON).cumsum()])
    return np.column_stack([path[h : ORIGINS + h] - path[:ORIGINS] for h in range(1, HORIZON + 1)]) ** 2


def megabytes() -> float:
    """Largest memory of the process so far."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def main() -> None:
    """Print the median time, and the memory added."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--repeats", type=int, default=5)
    repeats = parser.parse_args().repeats
    rng = np.random.default_rng(0)
    losses = {name: squared_errors(rng) for name in (*REFERENCES, *MODELS)}
    before, seconds = megabytes(), []
    for _ in range(repeats):
        start = time.perf_counter()
        drawn = resample(losses, 1, draws=999, rng=rng)
        bands = [error_band(drawn, name) for name in losses]
        bands += [skill_band(drawn, name, REFERENCES) for name in MODELS]
        difference = difference_band(drawn, "rnn", "ar")
        find_crossover(drawn, "rnn", "ar", difference, range(1, HORIZON + 1))
        seconds.append(time.perf_counter() - start)
    print(
        f"5 models x {ORIGINS} origins x {HORIZON} horizons, {drawn.draws} draws, "
        f"blocks of {drawn.block:.0f}, {len(bands) + 1} bands and the crossover:\n"
        f"median {np.median(seconds):.3f} s of {repeats} "
        f"({min(seconds):.3f} to {max(seconds):.3f}), {megabytes() - before:.0f} MB added"
    )


if __name__ == "__main__":
    main()
