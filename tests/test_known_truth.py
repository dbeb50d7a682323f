"""On series whose best forecast is known, models come close to it, and noise holds no skill."""

import numpy as np
import pytest

import forecastkit as fk
from forecastkit.sources.synthetic import find_process

HORIZONS = (1, 2, 5, 12)


def pooled_ratios(model: str, seeds: range) -> list[float]:
    """RMSE over that of the forecast with the true parameters, on the same origins, at HORIZONS."""
    process = find_process("ar2")
    mse = []
    for seed in seeds:
        series = fk.load(f"synthetic:ar2?n=1000&seed={seed}")
        models = {"best": process.optimal_forecast, "model": model}
        result = fk.backtest(series, models, plan=fk.BacktestPlan(horizon=12))
        mse.append([np.mean((result.actual - result.of(name)) ** 2, axis=0) for name in models])
    best, found = np.mean(mse, axis=0)
    return [float(np.sqrt(found[h - 1] / best[h - 1])) for h in HORIZONS]


def test_the_ar_is_within_three_per_cent_of_the_best_forecast() -> None:
    assert max(pooled_ratios("ar", range(4))) <= 1.03


@pytest.mark.slow
def test_the_lstm_is_within_ten_per_cent_of_the_best_forecast() -> None:
    assert max(pooled_ratios("lstm", range(5))) <= 1.10


@pytest.mark.parametrize("process", ["random-walk", "white-noise"])
def test_noise_holds_no_skill(process: str) -> None:
    plan = fk.BacktestPlan(horizon=12)
    results = [
        fk.compare(fk.load(f"synthetic:{process}?n=300&seed={seed}"), ["ar"], plan=plan) for seed in range(10)
    ]
    assert sum(result.skill_horizon["ar"].h == 0 for result in results) >= 9
    assert sum(result.verdict.outcome == "neither_beats_naive" for result in results) >= 9


@pytest.mark.parametrize("process", ["ar2", "seasonal-ar", "random-walk", "arfima"])
def test_no_model_beats_the_oracle_by_more_than_sampling_error(process: str) -> None:
    """On linear Gaussian processes, over 6 series: at most 3 standard errors below it at any h."""
    plan = fk.BacktestPlan(horizon=6, origins=40)
    ahead = []
    for seed in range(6):
        series = fk.load(f"synthetic:{process}?n=200&seed={seed}")
        found = fk.backtest(series, ["drift", "ar"], plan=plan)
        best = np.mean((found.actual - found.of("oracle")) ** 2, axis=0)
        models = [name for name in found.models if name != "oracle"]
        ahead.append([np.mean((found.actual - found.of(name)) ** 2, axis=0) - best for name in models])
    standard_error = np.std(ahead, axis=0, ddof=1) / np.sqrt(len(ahead))
    assert np.all(np.mean(ahead, axis=0) >= -3 * standard_error - 1e-12)
