"""Seconds for independent LSTM fits with one and with two worker processes, and whether the bits agree.

python tests/benchmarks/workers.py [--fits 12] [--epochs 60] [--workers 2]
"""

from __future__ import annotations

import argparse
import time

import forecastkit as fk
from forecastkit.models.recurrent import Recurrent


def main() -> None:
    """Print seconds by number of workers: the first call, with TensorFlow's imports, and the second."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--fits", type=int, default=12)
    parser.add_argument("--epochs", type=int, default=60)
    parser.add_argument("--workers", type=int, default=2)
    options = parser.parse_args()
    series = fk.load("synthetic:setar?n=2000&seed=1&sigma=0.5")
    recipe = Recurrent(
        seeds=options.fits, units=32, lookback=24, epochs=options.epochs, patience=options.epochs
    )
    plan = fk.BacktestPlan(horizon=12, origins=50)
    seconds: dict[tuple[int, str], float] = {}
    found = {}
    for workers in (1, options.workers):
        for call in ("first", "second"):
            start = time.perf_counter()
            found[workers] = fk.backtest(series, {"lstm": recipe}, plan=plan, workers=workers, store=False)
            seconds[workers, call] = time.perf_counter() - start
            fits = found[workers].fit_seconds["lstm"]
            print(
                f"{workers} workers, {call} call: {seconds[workers, call]:.1f} s (fits {fits:.1f} s)",
                flush=True,
            )
    one, many = found[1], found[options.workers]
    same = one.members["lstm"].tobytes() == many.members["lstm"].tobytes()
    for call in ("first", "second"):
        print(f"{call} call: {seconds[1, call] / seconds[options.workers, call]:.2f} times as fast")
    print(f"same bits: {same}")


if __name__ == "__main__":
    main()
