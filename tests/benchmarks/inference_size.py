"""How often the tests reject at nominal 5 % where both forecasts are equally good.

Run from the checkout: `python tests/benchmarks/inference_size.py [--replications N]`. Fixed seeds.

1. Errors of both forecasts are sums of h independent shocks, as those of h-step forecasts are; squared loss.
2. Estimated models: AR(1) data, two AR(1) fits by least squares on rolling windows of 100 that do not
   overlap, iterated to h. Both are equally good, and both are estimated.
3. Estimated and nested: white noise, an AR(1) fitted on all of the past against the mean of all of the past,
   one-sided. The AR has no skill, and estimates one number more, so that it should be called better less
   often than 5 %.
4. Uniform superior ability over six horizons, N = 200, errors as in 1.
"""

from __future__ import annotations

import argparse

import numpy as np

from forecastkit.comparison.multihorizon import superior_ability
from forecastkit.comparison.significance import ESTIMATORS, equal_accuracy

CASES = ((60, 12), (120, 12), (120, 24), (250, 24))
NAMES = ("default", *ESTIMATORS)
WINDOW, PHI = 100, 0.7


def shock_sums(n: int, h: int, rng: np.random.Generator) -> np.ndarray:
    """Errors (n,) of an h-step forecast of a random walk."""
    path = np.concatenate([[0.0], rng.normal(size=n + h - 1).cumsum()])
    return path[h:] - path[:n]


def least_squares(values: np.ndarray, ends: np.ndarray, window: int) -> tuple[np.ndarray, np.ndarray]:
    """Constant and coefficient of AR(1) fits on values[end - window : end], for every end."""
    x, y = values[:-1], values[1:]
    sums = [np.concatenate([[0.0], np.cumsum(z)]) for z in (x, y, x * x, x * y)]
    last, first = ends - 1, ends - window
    sx, sy, sxx, sxy = (s[last] - s[first] for s in sums)
    n = window - 1
    slope = (n * sxy - sx * sy) / (n * sxx - sx**2)
    return (sy - slope * sx) / n, slope


def iterated(constant: np.ndarray, slope: np.ndarray, last: np.ndarray, h: int) -> np.ndarray:
    """Forecast h steps ahead from every origin."""
    forecast = last
    for _ in range(h):
        forecast = constant + slope * forecast
    return forecast


def two_fits(n: int, h: int, rng: np.random.Generator) -> np.ndarray:
    """Loss differential (n,) of two equally good estimated models."""
    noise = rng.normal(size=500 + 2 * WINDOW + n + h)
    values = np.empty_like(noise)
    values[0] = noise[0]
    for t in range(1, len(noise)):
        values[t] = PHI * values[t - 1] + noise[t]
    values = values[500:]
    origins = 2 * WINDOW + np.arange(n)
    actual, last = values[origins + h - 1], values[origins - 1]
    errors = [
        actual - iterated(*least_squares(values, ends, WINDOW), last, h)
        for ends in (origins, origins - WINDOW)
    ]
    return errors[0] ** 2 - errors[1] ** 2


def nested_fits(n: int, h: int, rng: np.random.Generator) -> np.ndarray:
    """Loss differential (n,) of an AR(1) with a growing window and the growing mean, on white noise."""
    values = rng.normal(size=WINDOW + n + h)
    origins = WINDOW + np.arange(n)
    actual, last = values[origins + h - 1], values[origins - 1]
    ar = iterated(*least_squares_growing(values, origins), last, h)
    mean = np.cumsum(values)[origins - 1] / origins
    return (actual - ar) ** 2 - (actual - mean) ** 2


def least_squares_growing(values: np.ndarray, origins: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """AR(1) fits on values[:origin], for every origin."""
    x, y, n = values[:-1], values[1:], origins - 1
    sx, sy, sxx, sxy = (np.cumsum(z)[n - 1] for z in (x, y, x * x, x * y))
    slope = (n * sxy - sx * sy) / (n * sxx - sx**2)
    return (sy - slope * sx) / n, slope


def rejections(differentials: list[np.ndarray], h: int, side: str) -> dict[str, float]:
    """Share of rejections by estimator."""
    return {
        name: float(
            np.mean([equal_accuracy(d, h, 1, side, estimator=name).p_value <= 0.05 for d in differentials])
        )
        for name in NAMES
    }


def table(title: str, make: object, side: str, replications: int) -> None:
    """Print the share of rejections by (N, h) and estimator."""
    print(f"\n{title}\n{'N, h':<10}" + "".join(f"{name:>12}" for name in NAMES))
    for n, h in CASES:
        rng = np.random.default_rng([n, h, 2024])
        shares = rejections([make(n, h, rng) for _ in range(replications)], h, side)
        print(f"{f'{n}, {h}':<10}" + "".join(f"{shares[name]:>12.3f}" for name in NAMES), flush=True)


def uniform(replications: int) -> None:
    """Print the share of rejections of uniform and average superior ability at N = 200, H = 6."""
    rng = np.random.default_rng([200, 6, 2024])
    found = []
    for _ in range(replications):
        paths = [np.concatenate([[0.0], rng.normal(size=206).cumsum()]) for _ in range(2)]
        losses = [np.column_stack([p[h : 200 + h] - p[:200] for h in range(1, 7)]) ** 2 for p in paths]
        test = superior_ability(*losses, draws=499, rng=rng)
        found.append((test.uniform_p <= 0.05, test.average_p <= 0.05))
    share = np.mean(found, axis=0)
    print(f"\nN = 200, H = 6, {replications} replications: uniform {share[0]:.3f}, average {share[1]:.3f}")


def main() -> None:
    """Print the four tables."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--replications", type=int, default=2000)
    replications = parser.parse_args().replications
    error = np.sqrt(0.05 * 0.95 / replications)
    print(f"{replications} replications, nominal .050, standard error {error:.4f}")

    def planted(n: int, h: int, rng: np.random.Generator) -> np.ndarray:
        return shock_sums(n, h, rng) ** 2 - shock_sums(n, h, rng) ** 2

    table("1. sums of shocks, two-sided", planted, "two-sided", replications)
    table("2. two estimated AR(1) on AR(1) data, two-sided", two_fits, "two-sided", replications)
    table("3. estimated AR(1) against the mean on white noise, one-sided", nested_fits, "less", replications)
    uniform(max(replications // 2, 100))


if __name__ == "__main__":
    main()
