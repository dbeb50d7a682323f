"""OWA of `ar` and `ar-weighted` on M4 Hourly, with seconds and MASE by h.

Run from the checkout: `python tests/benchmarks/m4_hourly.py --data DIR [--part validation | test]`. DIR holds
m4_hourly_train.csv.gz and m4_hourly_test.csv.gz (columns unique_id, ds, y). The recipe is fixed on the part
"validation", the 48 hours before the official split; the part "test" is the official split itself.
"""

from __future__ import annotations

import argparse
import time
from pathlib import Path

import numpy as np
import pandas as pd

from forecastkit.models.protocol import History
from forecastkit.models.registry import find_model

HORIZON, PERIOD = 48, 24
Panel = list[tuple[np.ndarray, np.ndarray]]


def panel(folder: Path, part: str) -> Panel:
    """Read the past and the 48 targets of every series."""
    train = pd.read_csv(folder / "m4_hourly_train.csv.gz").groupby("unique_id", sort=False)["y"]
    pasts = {name: y.to_numpy(np.float64) for name, y in train}
    if part == "validation":
        return [(y[:-HORIZON], y[-HORIZON:]) for y in pasts.values()]
    test = pd.read_csv(folder / "m4_hourly_test.csv.gz").groupby("unique_id", sort=False)["y"]
    return [(pasts[name], y.to_numpy(np.float64)) for name, y in test]


def naive2(past: np.ndarray) -> np.ndarray:
    """The last value after classical multiplicative seasonal adjustment, where the season is significant."""
    centred = past - past.mean()
    r = np.array([centred[k:] @ centred[: len(past) - k] for k in range(1, PERIOD + 1)]) / (centred @ centred)
    limit = 1.645 * np.sqrt((1 + 2 * np.sum(r[:-1] ** 2)) / len(past))
    if len(past) < 3 * PERIOD or abs(r[-1]) <= limit:
        return np.full(HORIZON, past[-1])
    kernel = np.r_[0.5, np.ones(PERIOD - 1), 0.5] / PERIOD
    ratio = past[PERIOD // 2 : len(past) - PERIOD // 2] / np.convolve(past, kernel, mode="valid")
    phases = (np.arange(len(ratio)) + PERIOD // 2) % PERIOD
    index = np.array([ratio[phases == phase].mean() for phase in range(PERIOD)])
    index /= index.mean()
    last = past[-1] / index[(len(past) - 1) % PERIOD]
    return last * index[(len(past) + np.arange(HORIZON)) % PERIOD]


def paths(name: str, data: Panel) -> tuple[np.ndarray, float]:
    """Forecast every series with a registered model: (414, 48) and seconds."""
    start = time.perf_counter()
    found = []
    for i, (past, _) in enumerate(data):
        history = History(past, pd.RangeIndex(len(past)), PERIOD)
        rng = np.random.default_rng(i)
        fitted = find_model(name).fit(history, horizon=HORIZON, rng=rng)
        found.append(fitted.forecast(history, HORIZON))
    return np.array(found), time.perf_counter() - start


def main() -> None:
    """Read the command line and print one table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--part", choices=["validation", "test"], default="validation")
    parser.add_argument("--models", default="seasonal-naive,ar,ar-weighted")
    options = parser.parse_args()
    data = panel(options.data, options.part)
    actual = np.array([target for _, target in data])
    scale = np.array([np.mean(np.abs(past[PERIOD:] - past[:-PERIOD])) for past, _ in data])[:, None]

    def measures(forecast: np.ndarray) -> tuple[float, np.ndarray]:
        error = np.abs(actual - forecast)
        return float(np.mean(200 * error / (np.abs(actual) + np.abs(forecast)))), np.mean(
            error / scale, axis=0
        )

    made = {"naive2": (np.array([naive2(past) for past, _ in data]), 0.0)}
    made |= {name: paths(name, data) for name in options.models.split(",")}
    base_smape, base_mase = measures(made["naive2"][0])
    leads = (1, 6, 12, 24, 36, 48)
    print(f"M4 Hourly, {options.part}: {len(data)} series")
    print(
        f"{'model':<16}{'OWA':>8}{'sMAPE':>9}{'MASE':>8}{'seconds':>9}"
        + "".join(f"{f'h={h}':>8}" for h in leads)
    )
    for name, (forecast, seconds) in made.items():
        smape, mase = measures(forecast)
        owa = 0.5 * (smape / base_smape + mase.mean() / base_mase.mean())
        print(
            f"{name:<16}{owa:>8.4f}{smape:>9.3f}{mase.mean():>8.3f}{seconds:>9.2f}"
            + "".join(f"{mase[h - 1]:>8.3f}" for h in leads)
        )


if __name__ == "__main__":
    main()
