"""Coverage and loss of a network's own quantiles, beside conformal ones and those of `ar`.

Run from the checkout: `python tests/benchmarks/network_coverage.py [--series N] [--seeds N] [--model NAME]
[--processes NAME,...]`. Fixed seeds. Each series has n values before the first origin, where everything is
trained; 500 origins follow, and every fourth of the last 400 is scored. own: of the network, averaged over
its seeds; conformal: order statistics of the past errors of the same forecasts, by the delay rule; bootstrap
and psi: of `ar`, around its own forecasts. loss: pinball loss, averaged over the four levels, over that of
conformal.
"""

from __future__ import annotations

import argparse
import time

import numpy as np
import pandas as pd

from forecastkit.backtesting.intervals import conformal_quantiles
from forecastkit.models.autoregressive import Autoregression
from forecastkit.models.protocol import QUANTILES, History, forecast_many, forecast_quantiles
from forecastkit.models.registry import find_model
from forecastkit.scoring.probabilistic import pinball

HORIZON, ORIGINS, WAIT, EVERY, BURN = 12, 500, 100, 4, 240
SHOWN = np.array([1, 6, 12])


def ar1(noise: np.ndarray) -> np.ndarray:
    """Linear, of constant variance: nothing is to be gained over a constant width."""
    y = np.zeros(len(noise))
    for t in range(1, len(y)):
        y[t] = 0.9 * y[t - 1] + noise[t]
    return y


def setar(noise: np.ndarray) -> np.ndarray:
    """Threshold autoregression: how far a forecast errs depends on where it starts."""
    y = np.zeros(len(noise))
    for t in range(2, len(y)):
        low = 2 + 0.6 * y[t - 1] - 0.1 * y[t - 2]
        y[t] = (low if y[t - 2] <= 0 else -2 + 0.9 * y[t - 1] - 0.5 * y[t - 2]) + 0.5 * noise[t]
    return y


def garch(noise: np.ndarray) -> np.ndarray:
    """Returns whose mean cannot be forecast, and whose variance can."""
    y, variance = np.zeros(len(noise)), 1.0
    for t in range(1, len(y)):
        variance = 0.05 + 0.1 * y[t - 1] ** 2 + 0.85 * variance
        y[t] = np.sqrt(variance) * noise[t]
    return y


def season(noise: np.ndarray) -> np.ndarray:
    """AR(1) whose shocks are five times larger in one part of the year than in the other."""
    y = np.zeros(len(noise))
    for t in range(1, len(y)):
        y[t] = 0.7 * y[t - 1] + noise[t] * np.exp(0.8 * np.sin(2 * np.pi * t / 12))
    return y


PROCESSES = {
    "ar1": (ar1, 1500, 1, False),
    "ar1 short": (ar1, 300, 1, False),
    "setar": (setar, 3000, 1, False),
    "garch": (garch, 3000, 1, True),
    "season": (season, 2000, 12, False),
}


def score(name: str, seed: int, model: str, seeds: int) -> dict[str, tuple[np.ndarray, ...]]:
    """Hits of the 80 % and 95 % intervals and pinball loss, each by h, of every kind of quantile."""
    process, n, period, changes = PROCESSES[name]
    noise = np.random.default_rng([list(PROCESSES).index(name), seed, 77]).normal(
        size=BURN + n + ORIGINS + HORIZON
    )
    values = process(noise)[BURN:]
    level = np.concatenate([[0.0], np.cumsum(values)]) if changes else values

    def past(t: int) -> History:
        return History(values[:t], pd.RangeIndex(t), period, changes)

    origins = np.arange(n, n + ORIGINS)
    pasts = [past(t) for t in origins]
    ahead = np.array([level[t + changes : t + changes + HORIZON] for t in origins])
    actual = ahead - level[origins][:, None] if changes else ahead
    recipe = find_model(model).prepare(past(n), horizon=HORIZON, rng=np.random.default_rng(seed))
    fits = [recipe.fit(past(n), horizon=HORIZON, rng=np.random.default_rng([seed, k])) for k in range(seeds)]
    mean = np.mean([forecast_many(fit, pasts, HORIZON) for fit in fits], axis=0)
    mean = np.cumsum(mean, axis=1) if changes else mean
    scored = slice(WAIT, None, EVERY)
    made = {
        "own": np.mean([forecast_quantiles(fit, pasts[scored], HORIZON) for fit in fits], axis=0),
        "conformal": conformal_quantiles(mean, actual, origins).values[scored],
    }
    for kind in ("bootstrap", "psi"):
        ar = Autoregression(intervals=kind)
        ar = ar.prepare(past(n), horizon=HORIZON, rng=np.random.default_rng(0))
        fitted = ar.fit(past(n), horizon=HORIZON, rng=np.random.default_rng(0))
        made[f"ar {kind}"] = forecast_quantiles(fitted, pasts[scored], HORIZON)
    y = actual[scored]
    return {
        kind: (
            np.mean((q[..., 1] <= y) & (y <= q[..., 2]), axis=0),
            np.mean((q[..., 0] <= y) & (y <= q[..., 3]), axis=0),
            pinball(y, q, QUANTILES).mean(axis=(0, 2)),
        )
        for kind, q in made.items()
    }


def main() -> None:
    """Read the command line and print one table for each process."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--series", type=int, default=10)
    parser.add_argument("--seeds", type=int, default=2, help="networks in the ensemble")
    parser.add_argument("--model", default="lstm")
    parser.add_argument("--processes", default=",".join(PROCESSES))
    options = parser.parse_args()
    for name in options.processes.split(","):
        start = time.perf_counter()
        found = [score(name, seed, options.model, options.seeds) for seed in range(options.series)]
        seconds = time.perf_counter() - start
        print(
            f"{options.model} on {name}, n = {PROCESSES[name][1]}, {options.series} series, {seconds:.0f} s"
        )
        heads = [f"{part} h={h}" for part in ("80 %", "95 %", "loss") for h in SHOWN.tolist()]
        print(f"{'':<14}" + "".join(f"{head:>11}" for head in [*heads, "loss mean"]))
        for kind in found[0]:
            cover = [100 * np.mean([one[kind][i][SHOWN - 1] for one in found], axis=0) for i in (0, 1)]
            ratio = np.mean([one[kind][2] / one["conformal"][2] for one in found], axis=0)
            cells = [f"{value:>11.1f}" for value in np.concatenate(cover)]
            cells += [f"{value:>11.3f}" for value in [*ratio[SHOWN - 1], ratio.mean()]]
            print(f"{kind:<14}" + "".join(cells), flush=True)


if __name__ == "__main__":
    main()
