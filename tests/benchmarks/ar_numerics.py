"""Orders and coefficients of the engine against statsmodels, and against a QR in extended precision.

Run from the checkout: `python tests/benchmarks/ar_numerics.py [--pairs 2000]`. Fixed seeds.
"""

from __future__ import annotations

import argparse

import numpy as np
import pandas as pd
from statsmodels.tsa.ar_model import AutoReg, ar_select_order

from forecastkit.models.autoregressive import Autoregression
from forecastkit.models.protocol import History, Schedule
from forecastkit.series.windows import lag_matrix

M = 12


def fits(values: np.ndarray, origins: np.ndarray) -> list[tuple[int, np.ndarray]]:
    """Order and [constant, coefficients] of the engine at each origin."""
    recipe = Autoregression(criterion="aic", max_lag=M, difference=False)
    windows = np.stack([np.zeros_like(origins), origins], axis=1)
    schedule = Schedule(windows, windows, np.arange(len(origins)))
    history = History(values, pd.RangeIndex(len(values)))
    task = recipe._task(history, windows[0], 1)
    found = recipe._fits(task, schedule.fits)
    reach = task.lags.reach[found.p]
    phi = [found.phi[f, : reach[f]] for f in range(len(origins))]
    return [
        (int(found.p[f]), np.array([found.gamma[f, 0] + found.centre[f] * (1 - phi[f].sum()), *phi[f]]))
        for f in range(len(origins))
    ]


def random_pairs(pairs: int) -> None:
    """Compare with `ar_select_order` and `AutoReg` on random series and origins."""
    same, worst, count = 0, 0.0, 0
    for seed in range(pairs // 10):
        rng = np.random.default_rng(seed)
        n = int(rng.integers(150, 400))
        values = rng.normal(size=n)
        a, b = rng.uniform(-0.9, 0.9), rng.uniform(-0.6, 0.09)
        for t in range(2, n):
            values[t] += a * values[t - 1] + b * values[t - 2]
        values = values * 10.0 ** rng.integers(-3, 4) + rng.normal(scale=5)
        origins = np.sort(rng.choice(np.arange(100, n), size=10, replace=False))
        for origin, (p, found) in zip(origins, fits(values, origins), strict=True):
            lags = ar_select_order(values[:origin], M, ic="aic").ar_lags or []
            fit = AutoReg(values[:origin], len(lags)).fit()
            count += 1
            same += p == len(lags)
            design = np.column_stack([np.ones(origin - p), lag_matrix(values[:origin], p)])
            if p == len(lags) and np.linalg.cond(design) < 1e6:
                worst = max(worst, float(np.max(np.abs(found - fit.params)) / np.max(np.abs(fit.params))))
    print(f"{count} pairs: same order {same}, largest relative difference of coefficients {worst:.1e}")


def extended(values: np.ndarray) -> tuple[int, np.ndarray]:
    """Order by AIC and lag coefficients by Householder QR in extended precision, on centred values."""
    z = values.astype(np.longdouble)
    z = (z - z.mean()) / z.std()

    def triangular(first: int, p: int) -> np.ndarray:
        columns = [np.ones(len(z) - first, dtype=np.longdouble)]
        columns += [z[first - lag : len(z) - lag] for lag in range(1, p + 1)]
        table = np.column_stack([*columns, z[first:]])
        for k in range(table.shape[1]):
            v = table[k:, k].copy()
            v[0] += np.copysign(np.sqrt(v @ v), v[0])
            table[k:, k:] -= np.outer(v, (2 / (v @ v)) * (v @ table[k:, k:]))
        return table[: p + 2]

    factor, rows = triangular(M, M), len(z) - M
    sums = np.cumsum(factor[::-1, -1] ** 2)[::-1][1:]
    p = int(np.argmin(rows * np.log(sums / rows) + 2 * np.arange(M + 1)))
    factor = triangular(p, p)
    solution = np.zeros(p + 1, dtype=np.longdouble)
    for i in reversed(range(p + 1)):
        solution[i] = (factor[i, -1] - factor[i, i + 1 : -1] @ solution[i + 1 :]) / factor[i, i]
    return p, solution[1:]


def moved_by_one_ulp(values: np.ndarray, p: int, coefficients: np.ndarray) -> float:
    """How far the exact answer moves when every value moves by one unit in its last place, median of 5."""
    gaps = []
    for seed in range(5):
        up = np.random.default_rng(seed).random(len(values)) < 0.5
        near = np.where(up, np.nextafter(values, np.inf), np.nextafter(values, -np.inf))
        order, other = extended(near)
        gaps.append(distance(other, coefficients) if order == p else np.nan)
    return float(np.nanmedian(gaps))


def distance(one: np.ndarray, other: np.ndarray) -> float:
    """Largest difference, relative to the largest coefficient."""
    return float(np.max(np.abs(one - other)) / np.max(np.abs(other)))


def ill_conditioned() -> None:
    """Compare on series that squaring or a large offset spoils."""
    noise = np.random.default_rng(3).normal(size=600)
    ar = noise.copy()
    for t in range(2, 600):
        ar[t] += 1.2 * ar[t - 1] - 0.4 * ar[t - 2]
    sine = np.sin(np.arange(600) / 9)
    cases = {
        "offset 1e9": ar + 1e9,
        "once integrated": ar.cumsum(),
        "twice integrated": ar.cumsum().cumsum(),
        "three times integrated": ar.cumsum().cumsum().cumsum(),
        "sine + 1e-6 noise": sine + 1e-6 * noise,
    }
    cases |= {
        f"sine + 1e-8 noise, {seed}": sine + 1e-8 * np.random.default_rng(seed).normal(size=600)
        for seed in range(3, 9)
    }
    print(
        f"{'case':<24}{'order':>6}{'80-bit':>8}{'difference':>12}{'one ulp of the data':>21}"
        f"{'statsmodels order':>19}"
    )
    for name, values in cases.items():
        p, found = fits(values, np.array([len(values)]))[0]
        right, coefficients = extended(values)
        theirs = len(ar_select_order(values, M, ic="aic").ar_lags or [])
        gap = distance(found[1:], coefficients) if p == right else np.nan
        ulp = moved_by_one_ulp(values, right, coefficients)
        print(f"{name:<24}{p:>6}{right:>8}{gap:>12.1e}{ulp:>21.1e}{theirs:>19}")


def main() -> None:
    """Read the command line and print both tables."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--pairs", type=int, default=2000)
    options = parser.parse_args()
    random_pairs(options.pairs)
    ill_conditioned()


if __name__ == "__main__":
    main()
