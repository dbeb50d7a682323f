"""How often a forecast that knows nothing seems to call the direction, at nominal 5 % (one-sided).

Run from the checkout: `python tests/benchmarks/direction_size.py [--replications N]`. Fixed seeds.

Forecast and actual move are independent; each is a sum of h shocks of its own, as moves from neighbouring
origins to h are, and both rise more often than they fall (mean .3 of the standard deviation). Beside the test
of the house stand Pesaran and Timmermann's own, which takes calls for independent, and a binomial one.
"""

from __future__ import annotations

import argparse

import numpy as np
from scipy.stats import binomtest

from forecastkit.comparison.direction import directional_accuracy

CASES = ((60, 1), (250, 1), (120, 6), (120, 12), (250, 12), (250, 24))


def moves(n: int, h: int, rng: np.random.Generator) -> np.ndarray:
    """Sums of h neighbouring shocks with a drift, shape (n,)."""
    sums = np.convolve(rng.normal(size=n + h - 1), np.ones(h), "valid")
    return np.asarray(sums + 0.3 * np.sqrt(h))


def main() -> None:
    """Print a line for each number of origins and horizon."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--replications", type=int, default=2000)
    replications = parser.parse_args().replications
    print(f"{replications} replications; share of p <= .05")
    print(f"{'N, h':<10}{'here':>9}{'PT 1992':>9}{'binomial':>9}")
    for n, h in CASES:
        rng = np.random.default_rng([n, h])
        found = np.zeros(3)
        for _ in range(replications):
            told = directional_accuracy(moves(n, h, rng), moves(n, h, rng), h)
            right = round((told.share or 0.0) * told.calls)
            found += [
                told.test.p_value is not None and told.test.p_value <= 0.05,
                told.classical is not None and told.classical <= 0.05,
                binomtest(right, told.calls, 0.5, "greater").pvalue <= 0.05,
            ]
        print(f"{f'{n}, {h}':<10}" + "".join(f"{share:>9.3f}" for share in found / replications), flush=True)


if __name__ == "__main__":
    main()
