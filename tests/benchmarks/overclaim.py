"""How often a skill horizon is claimed beyond the true one.

Run from the checkout: `python tests/benchmarks/overclaim.py [--replications N]`. Fixed seeds.

Reference and model make errors that are sums of h independent shocks. Up to h = 6 the model's loss is a given
share of the reference's, from h = 7 to 24 both are equally good. A claim is wrong if it names an h above 6.
"""

from __future__ import annotations

import argparse

import numpy as np

from forecastkit.comparison.degradation import significant_set, skill_horizon
from forecastkit.comparison.significance import equal_accuracy

HORIZON, TRUTH = 24, 6


def losses(n: int, rng: np.random.Generator) -> np.ndarray:
    """Squared sums of h = 1..24 shocks, shape (n, 24)."""
    path = np.concatenate([[0.0], rng.normal(size=n + HORIZON).cumsum()])
    return np.column_stack([path[h : n + h] - path[:n] for h in range(1, HORIZON + 1)]) ** 2


def p_values(n: int, share: float, estimator: str, rng: np.random.Generator) -> np.ndarray:
    """One-sided p by h, NaN where there is no test."""
    model, reference = losses(n, rng), losses(n, rng)
    model[:, :TRUTH] *= share
    found = [
        equal_accuracy(model[:, h - 1] - reference[:, h - 1], h, 1, "less", estimator=estimator).p_value
        for h in range(1, HORIZON + 1)
    ]
    return np.array([np.nan if p is None else p for p in found])


def main() -> None:
    """Print the share of wrong claims by rule."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--replications", type=int, default=2000)
    replications = parser.parse_args().replications
    print(f"{replications} replications; share of claims beyond the true horizon {TRUTH} of {HORIZON}")
    names = ("fixed sequence", "last significant", "Holm set", "either", "mean h")
    print(f"{'N, loss share':<16}{'p by':<10}" + "".join(f"{name:>18}" for name in names))
    for n in (60, 200):
        for share in (0.5, 0.05):
            for estimator in ("default", "dm-hln"):
                rng = np.random.default_rng([n, 2024])
                wrong, found = np.zeros(4), []
                for _ in range(replications):
                    p = p_values(n, share, estimator, rng)
                    sequence = skill_horizon(p, 0.05).h
                    last = max(np.flatnonzero(p <= 0.05), default=-1) + 1
                    holm = max(significant_set(p, 0.05), default=0)
                    wrong += np.array([sequence, last, holm, max(sequence, holm)]) > TRUTH
                    found.append(sequence)
                shares = "".join(f"{count:>18.3f}" for count in wrong / replications)
                print(f"{f'{n}, {share}':<16}{estimator:<10}{shares}{np.mean(found):>18.1f}", flush=True)


if __name__ == "__main__":
    main()
