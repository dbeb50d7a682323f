"""Monte-Carlo error of every oracle against what it promises, and models against oracles on linear processes.

    python tests/benchmarks/oracles.py [--series 2000] [--duels 20]

First table: mean squared error of the best forecast over independent series, in standard errors from the
promised one (all within 5). Second table: mean of model minus oracle squared error over series, in standard
errors over series; a model that beats an oracle by more than 3 would be a bug.
"""

from __future__ import annotations

import argparse
from dataclasses import replace

import numpy as np

import forecastkit as fk
from forecastkit.seeds import spawn
from forecastkit.sources.chaos import Chaos
from forecastkit.sources.synthetic import PROCESSES

HORIZON = 24
KNOWN = 300
LINEAR = (
    "white-noise",
    "ar",
    "ar2",
    "seasonal-ar",
    "ma",
    "arma",
    "random-walk",
    "random-walk-drift",
    "arfima",
)
MODELS = ("naive", "climatology", "drift", "ar")


def monte_carlo(name: str, series: int) -> tuple[float, float]:
    """Largest distance in standard errors over h, and the h at which it lies."""
    process = PROCESSES[name]
    if isinstance(process, Chaos):
        process = replace(process, noise=0.1, burn_in=20)
    if name == "break":
        process = replace(process, at=KNOWN - 60)
    errors = np.empty((series, HORIZON))
    for i in range(series):
        rng = spawn(0, "oracles", name, i)
        begun = process.begin(rng)
        values = begun.simulate(KNOWN + HORIZON, rng)
        errors[i] = values[KNOWN:] - begun.optimal_forecast(values[:KNOWN], HORIZON)
    squares = errors**2
    away = (squares.mean(axis=0) - process.optimal_mse(HORIZON)) / (squares.std(axis=0, ddof=1) / series**0.5)
    worst = int(np.abs(away).argmax())
    return float(away[worst]), worst + 1


def duels(name: str, series: int) -> dict[str, tuple[float, int]]:
    """By model, the smallest distance of its loss from the oracle's in standard errors, and its h."""
    plan = fk.BacktestPlan(horizon=12, origins=60)
    losses: dict[str, list[np.ndarray]] = {model: [] for model in MODELS}
    for seed in range(series):
        found = fk.backtest(fk.load(f"synthetic:{name}?n=400&seed={seed}"), list(MODELS), plan=plan)
        best = (found.actual - found.of("oracle")) ** 2
        for model in MODELS:
            losses[model].append(((found.actual - found.of(model)) ** 2 - best).mean(axis=0))
    table = {}
    for model, rows in losses.items():
        spread = np.std(rows, axis=0, ddof=1) / series**0.5
        ahead = np.mean(rows, axis=0)
        away = np.where(spread > 1e-12, ahead / np.where(spread > 1e-12, spread, 1.0), 0.0)
        table[model] = (float(away.min()), int(away.argmin()) + 1)
    return table


def main() -> None:
    """Print both tables."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--series", type=int, default=2000)
    parser.add_argument("--duels", type=int, default=20)
    options = parser.parse_args()
    print(f"oracle, {options.series} series: distance from the promised error in standard errors, worst h")
    for name in PROCESSES:
        away, h = monte_carlo(name, options.series)
        print(f"{name:<20}{away:>7.2f}  h = {h:<3} {'ok' if abs(away) <= 5 else 'TOO FAR'}")
    print(f"\nmodel minus oracle, {options.duels} series: smallest distance in standard errors, its h")
    for name in LINEAR:
        cells = [f"{model} {away:.1f} (h = {h})" for model, (away, h) in duels(name, options.duels).items()]
        print(f"{name:<20}{', '.join(cells)}")


if __name__ == "__main__":
    main()
