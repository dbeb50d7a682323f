"""How good are the networks' forecasts? RMSE over that of the better autoregression, h by h, over 5 seeds.

Run from the checkout: `python tests/benchmarks/network_quality.py [--series NAME,...] [--seeds N] [--walks N]
[--data DIR] [--markdown FILE]`. Fixed series; the last 500 origins, every second one (of hourly series 2,880,
every twelfth), forecast by `fk.backtest` with each model's own refits: an autoregression at every origin, a
network whenever the past has grown by a tenth. DIR holds `ETTh1.csv.gz` and `exchange_rate_8.csv.gz`;
without it these are left out. "single" is a network by itself, mean and standard
deviation over the seeds; all else is their ensemble. The reference is the better of `ar` and `ar-weighted` at
that h, for random walks and exchange rates naive; "of ar" is the mean over h against `ar` alone.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import pandas as pd

import forecastkit as fk
from forecastkit.models.registry import find_model

MODELS = ("lstm", "lstm-on-ar", "lstm-textbook")
AUTOREGRESSIONS = ("ar", "ar-weighted")
HOURS = 8640
"""A year of hours, after which four months are scored."""
DAYS = 3000
"""Days of an exchange rate."""


@dataclass(frozen=True)
class Case:
    """A series with the horizon that it is forecast for, and what is wanted of the best network on it."""

    values: np.ndarray
    horizon: int = 24
    period: int = 1
    origins: int = 500
    step: int = 2
    wanted: str = ""
    naive: bool = False


def setar(seed: int, n: int = 3000) -> np.ndarray:
    """Threshold autoregression that an AR cannot follow."""
    noise, y = np.random.default_rng(seed).normal(0, 0.5, n + 500), np.zeros(n + 500)
    for t in range(2, n + 500):
        low = 2 + 0.6 * y[t - 1] - 0.1 * y[t - 2]
        y[t] = (low if y[t - 2] <= 0 else -2 + 0.9 * y[t - 1] - 0.5 * y[t - 2]) + noise[t]
    return y[500:]


def mackey_glass(noise: float) -> np.ndarray:
    """Chaos with delay 17, with noise of so many standard deviations."""
    y = fk.load("synthetic:mackey-glass?n=3000&seed=7").values.copy()
    return y + np.random.default_rng(7).normal(0, noise * y.std(), len(y)) if noise else y


def ar3(n: int = 1500) -> np.ndarray:
    """A linear series, on which nothing can be gained."""
    y = np.random.default_rng(1000).normal(size=n + 500)
    for t in range(3, n + 500):
        y[t] += 0.6 * y[t - 1] + 0.2 * y[t - 2] + 0.1 * y[t - 3]
    return y[500:]


def cases(data: Path | None, walks: int) -> dict[str, Callable[[], Case]]:
    """Every series by name, made when it is needed."""
    made: dict[str, Callable[[], Case]] = {
        "mackey-glass": lambda: Case(mackey_glass(0), wanted="<= .80 / .25 / .15 at h = 1 / 8 / 24"),
        "noisy mackey-glass": lambda: Case(mackey_glass(0.05), wanted="mean <= .30"),
        "setar": lambda: Case(setar(7), 12, wanted="<= .70 at h = 1, .90 at h = 5, never above 1.02"),
        "ar3": lambda: Case(ar3(), wanted="mean <= 1.01"),
        "sunspots": lambda: Case(fk.load("sunspots").values, step=1, wanted="within 1 % of AR"),
    }
    if data is not None:
        hours = pd.read_csv(data / "ETTh1.csv.gz")
        rates = pd.read_csv(data / "exchange_rate_8.csv.gz")
        for column, wanted in (("HUFL", "mean <= .90"), ("OT", "mean <= .97")):
            values = hours[column].to_numpy()[: HOURS + 2880 + 23]
            made[column] = lambda v=values, w=wanted: Case(v, period=24, origins=2880, step=12, wanted=w)
        for column in rates.columns[1:]:
            values = rates[column].to_numpy()[-DAYS:]
            made[f"exchange {column}"] = lambda v=values: Case(v, naive=True)
    for seed in range(walks):
        made[f"walk {seed}"] = lambda s=seed: Case(
            np.random.default_rng(s).normal(size=1500).cumsum(), naive=True
        )
    return made


def rmse(actual: np.ndarray, paths: np.ndarray) -> np.ndarray:
    """Root mean squared error by h."""
    return np.sqrt(np.mean((actual - paths) ** 2, axis=0))


def origins_of(case: Case) -> np.ndarray:
    """The last origins, those of the second half on a short series."""
    last = len(case.values) - case.horizon
    first = max(last - case.origins + 1, len(case.values) // 2)
    return np.arange(last, first - 1, -case.step)[::-1]


def backtest(case: Case, origins: np.ndarray, models: list) -> fk.Forecasts:
    """Forecasts from all origins, models refitted as they are by default."""
    data = fk.Series(case.values, pd.RangeIndex(len(case.values)), period=case.period)
    plan = fk.BacktestPlan(horizon=case.horizon, origins=len(origins), step=case.step)
    return fk.backtest(data, models, plan=plan)


def reference(case: Case, origins: np.ndarray) -> dict[str, np.ndarray]:
    """RMSE by h of the autoregressions and of naive."""
    made = backtest(case, origins, [*AUTOREGRESSIONS, "naive"])
    return {name: rmse(made.actual, made.of(name)) for name in (*AUTOREGRESSIONS, "naive")}


def network(
    name: str, case: Case, origins: np.ndarray, seeds: int, *, guarded: bool
) -> tuple[fk.Forecasts, float]:
    """Forecasts of an ensemble, the same networks with their guard or without it; seconds."""
    recipe = replace(find_model(name), seeds=seeds, **({} if guarded else {"guarded": False}))
    begin = time.perf_counter()
    return backtest(case, origins, [recipe]), time.perf_counter() - begin


def row(
    name: str, model: str, case: Case, seeds: int, known: tuple[np.ndarray, dict[str, np.ndarray]]
) -> tuple[str, np.ndarray]:
    """One line of the table, and the ratio by h."""
    origins, references = known
    autoregression = np.min([references[ar] for ar in AUTOREGRESSIONS], axis=0)
    floor = references["naive"] if case.naive else autoregression
    made, seconds = network(model, case, origins, seeds, guarded=True)
    found = rmse(made.actual, made.of(model))
    ratio = found / floor
    members = made.members.get(model, made.of(model)[np.newaxis])
    alone = np.array([rmse(made.actual, member) / floor for member in members]).mean(axis=1)
    bare, kept = "-", "-"
    if hasattr(find_model(model), "guarded") and not case.naive:
        unguarded = network(model, case, origins, seeds, guarded=False)[0]
        gain = float(np.mean(1 - rmse(unguarded.actual, unguarded.of(model)) / floor))
        bare = f"{1 - gain:.3f}"
        kept = f"{float(np.mean(1 - ratio)) / gain:.0%}" if gain > 0.02 else "-"
    facts, last = made.facts[model][-1], case.horizon
    middle = 5 if last == 12 else 8
    cells = [
        name,
        model,
        *(f"{ratio[h - 1]:.3f}" for h in (1, middle, last)),
        f"{ratio.mean():.3f}",
        f"{ratio.max():.3f}",
        f"{alone.mean():.3f} ± {alone.std(ddof=1) if len(alone) > 1 else 0:.3f}",
        bare,
        kept,
        f"{np.mean(found / references['ar']):.3f}",
        f"{found[0] / min(autoregression[0], references['naive'][0]):.3f}",
        f"{facts.get('lookback')} x {facts.get('units')}",
        f"{made.refits[model]}",
        f"{seconds:.0f}",
    ]
    return "| " + " | ".join(cells) + " |", ratio


HEAD = (
    "| series | model | h = 1 | h = 8 (5) | h = 24 (12) | mean | worst | single | without guard | gain kept "
    "| of ar | h = 1 / best of naive, AR | window x units | fits | seconds |\n" + "|---" * 15 + "|"
)


def main() -> None:
    """Print the table, line by line as it grows."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--series", default="", help="names, by default all")
    parser.add_argument("--models", default=",".join(MODELS))
    parser.add_argument("--seeds", type=int, default=5)
    parser.add_argument("--walks", type=int, default=30)
    parser.add_argument("--walk-seeds", type=int, default=2, help="networks on each walk and exchange rate")
    parser.add_argument("--data", type=Path, default=None)
    parser.add_argument("--markdown", type=Path, default=None, help="where the table is also written")
    options = parser.parse_args()
    made = cases(options.data, options.walks)
    wanted = [name.strip() for name in options.series.split(",") if name.strip()] or list(made)
    lines = [HEAD]
    print(HEAD, flush=True)
    null: dict[str, list[np.ndarray]] = {}
    for name in wanted:
        case = made[name]()
        origins = origins_of(case)
        known = (origins, reference(case, origins))
        for model in options.models.split(","):
            if case.naive and model == "lstm-textbook" and name not in ("walk 0", "exchange AUD"):
                continue
            line, ratio = row(name, model, case, options.walk_seeds if case.naive else options.seeds, known)
            lines.append(line)
            print(line, flush=True)
            if case.naive:
                null.setdefault(model, []).append(ratio)
        if case.wanted:
            lines.append(f"| | wanted of the best | {case.wanted} |" + " |" * 12)
    for model, ratios in null.items():
        above = int(np.sum(np.max(ratios, axis=1) > 1.02))
        lines.append(
            f"\n{model} on {len(ratios)} walks and exchange rates: mean {np.mean(ratios):.4f} of naive, "
            f"{above} ({above / len(ratios):.0%}) above 1.02 at some h."
        )
        print(lines[-1], flush=True)
    if options.markdown is not None:
        options.markdown.write_text("\n".join(lines) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
