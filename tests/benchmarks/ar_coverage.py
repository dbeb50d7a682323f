"""Coverage of 80 % and 95 % intervals of an AR at h = 1, 6, 24, by simulation.

Run from the checkout: `python tests/benchmarks/ar_coverage.py [--series N] [--draws B] [--n T]`. Fixed seeds.
The order is the true one. psi: Gaussian with innovations only; parameters: with the variance of the estimated
coefficients; bootstrap: residuals redrawn, coefficients estimated anew; conformal: errors of refitted
forecasts from the second half of the sample, by the delay rule.
"""

from __future__ import annotations

import argparse

import numpy as np

from forecastkit.backtesting.intervals import conformal_quantiles
from forecastkit.models._ar_estimates import estimate
from forecastkit.models.ar_intervals import bootstrap_quantiles, gaussian_quantiles

PROCESSES = {"AR(1) .5": (0.5,), "AR(1) .95": (0.95,), "AR(2) 1.2/-.4": (1.2, -0.4)}
LEVELS = (0.025, 0.1, 0.9, 0.975)
STEPS = np.array([1, 6, 24])
BURN = 500


def simulate(phi: tuple[float, ...], n: int, rng: np.random.Generator) -> np.ndarray:
    """A Gaussian AR of length n with unit innovations, after 500 values of burn-in."""
    noise = rng.normal(size=n + BURN)
    values = np.zeros(n + BURN)
    for t in range(len(phi), n + BURN):
        values[t] = values[t - len(phi) : t][::-1] @ phi + noise[t]
    return values[BURN:]


def conformal(known: np.ndarray, p: int, horizon: int) -> tuple[np.ndarray, np.ndarray]:
    """Quantiles (H, Q) at the end of what is known, and past errors by h."""
    n = len(known)
    origins = np.arange(n // 2, n + 1)
    mean = np.empty((len(origins), horizon))
    for row, origin in enumerate(origins.tolist()):
        fit = estimate(known[None, :origin], p)
        path = np.concatenate([known[origin - p : origin], np.zeros(horizon)])
        for t in range(p, p + horizon):
            path[t] = fit.constant[0] + path[t - p : t][::-1] @ fit.phi[0]
        mean[row] = path[p:]
    came = np.concatenate([known, np.full(horizon, np.nan)])
    actual = came[origins[:, None] + np.arange(horizon)]
    last = conformal_quantiles(mean, actual, origins, LEVELS)
    return last.values[-1], last.past_errors[-1]


def main() -> None:
    """Read the command line and print one table for each process."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--series", type=int, default=1000)
    parser.add_argument("--draws", type=int, default=999)
    parser.add_argument("--n", type=int, default=200)
    options = parser.parse_args()
    horizon = int(STEPS.max())
    for number, (name, phi) in enumerate(PROCESSES.items()):
        inside: dict[str, list[np.ndarray]] = {}
        errors = np.zeros(horizon, dtype=int)
        for seed in range(options.series):
            rng = np.random.default_rng([number, seed])
            values = simulate(phi, options.n + horizon, rng)
            known, future = values[: options.n], values[options.n :]
            made = {
                "psi": gaussian_quantiles(known, len(phi), horizon, LEVELS, parameters=False),
                "parameters": gaussian_quantiles(known, len(phi), horizon, LEVELS),
                "bootstrap": bootstrap_quantiles(known, len(phi), horizon, LEVELS, rng, draws=options.draws),
            }
            made["conformal"], errors = conformal(known, len(phi), horizon)
            for form, q in made.items():
                hit = [(q[:, 1] <= future) & (future <= q[:, 2]), (q[:, 0] <= future) & (future <= q[:, 3])]
                inside.setdefault(form, []).append(np.array(hit)[:, STEPS - 1])
        ratio = ", ".join(f"{errors[h - 1] / h:.1f} at h = {h}" for h in STEPS.tolist())
        print(f"{name}, n = {options.n}, {options.series} series; past errors / h: {ratio}")
        heads = "".join(f"{f'{level} % h={h}':>12}" for level in (80, 95) for h in STEPS.tolist())
        print(f"{'':<12}{heads}")
        for form, hits in inside.items():
            share = 100 * np.mean(hits, axis=0).ravel()
            print(f"{form:<12}" + "".join(f"{value:>12.1f}" for value in share))


if __name__ == "__main__":
    main()
