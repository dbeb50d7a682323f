"""How close models come to the best possible forecast, and how often skill is claimed where there is none.

Run from the checkout: `python tests/benchmarks/known_truth.py ar2 | random-walk | white-noise [--seeds N]`.
Fixed seeds 0, 1, ...; every model is scored on the same origins as the forecast with the true parameters.
"""

from __future__ import annotations

import argparse

import numpy as np

import forecastkit as fk
from forecastkit.sources.synthetic import find_process

HORIZONS = (1, 2, 5, 12)


def pooled_ratios(seeds: int, lstm_seeds: int) -> None:
    """Print RMSE over that of the true-parameter forecast on AR(2), n = 1,000, pooled over seeds."""
    process = find_process("ar2")
    errors: dict[str, list[np.ndarray]] = {}
    for seed in range(seeds):
        models: dict[str, object] = {"true parameters": process.optimal_forecast, "ar": "ar"}
        if seed < lstm_seeds:
            models["lstm"] = "lstm"
        series = fk.load(f"synthetic:ar2?n=1000&seed={seed}")
        forecasts = fk.backtest(series, models, plan=fk.BacktestPlan(horizon=max(HORIZONS)))
        for model in models:
            errors.setdefault(model, []).append(
                np.mean((forecasts.actual - forecasts.of(model)) ** 2, axis=0)
            )
    print(f"{'RMSE / true parameters':<24}" + "".join(f"{f'h = {h}':>10}" for h in HORIZONS) + "     series")
    for model, runs in errors.items():
        best = np.mean(errors["true parameters"][: len(runs)], axis=0)
        ratio = np.sqrt(np.mean(runs, axis=0) / best)
        print(f"{model:<24}" + "".join(f"{ratio[h - 1]:>10.4f}" for h in HORIZONS) + f"{len(runs):>11}")


def false_skill(process: str, seeds: int, n: int, horizon: int) -> None:
    """Print how often the verdict, the skill horizon and the skill set claim what a series does not hold."""
    plan = fk.BacktestPlan(horizon=horizon)
    results = [
        fk.compare(fk.load(f"synthetic:{process}?n={n}&seed={seed}"), ["ar"], plan=plan)
        for seed in range(seeds)
    ]
    claims = {
        "verdict": [result.verdict.outcome != "neither_beats_naive" for result in results],
        "skill horizon": [result.skill_horizon["ar"].h > 0 for result in results],
        "skill set": [bool(result.skill_set["ar"]) for result in results],
    }
    told = ", ".join(f"{name} {sum(found)} ({100 * np.mean(found):.1f} %)" for name, found in claims.items())
    print(f"{process}, n = {n}, H = {horizon}, {seeds} seeds; skill claimed by: {told}")


def main() -> None:
    """Read the command line and print one table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("process", choices=["ar2", "random-walk", "white-noise"])
    parser.add_argument("--seeds", type=int, default=None)
    parser.add_argument("--lstm-seeds", type=int, default=5)
    parser.add_argument("--n", type=int, default=1000)
    parser.add_argument("--horizon", type=int, default=24)
    options = parser.parse_args()
    if options.process == "ar2":
        pooled_ratios(options.seeds or 20, options.lstm_seeds)
    else:
        false_skill(options.process, options.seeds or 200, options.n, options.horizon)


if __name__ == "__main__":
    main()
