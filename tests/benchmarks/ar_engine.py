"""Seconds of the autoregressive engine through `backtest`, beside statsmodels in the same run.

Run from the checkout: `python tests/benchmarks/ar_engine.py [--jobs J1 J3 J4 scaling] [--repeats 5]`.

J1: 2,000 points, 250 origins, horizon 30, orders 0..24. J2: 1,000 series of 500, 10 origins, horizon 24,
orders 0..12, through `forecast_panel`. J3: 20,000 points, 1,000 origins, horizon 100, orders
0..48. J4: selection only, orders 0..48 on 20,000 points. AIC at every origin; one BLAS thread; medians. The
peer (`ar_select_order` and `AutoReg`) is timed at a few of the origins and scaled up by the factor printed.
"""

from __future__ import annotations

import argparse
import time
import tracemalloc
from collections.abc import Callable

import numpy as np
from scipy.linalg.lapack import dtpqrt
from statsmodels.tsa.ar_model import AutoReg, ar_select_order
from threadpoolctl import threadpool_limits

import forecastkit as fk
from forecastkit.models._ar_design import lags_to, rows_of
from forecastkit.models._rolling_ols import nested_sums, rolling_factors
from forecastkit.models.autoregressive import Autoregression
from forecastkit.models.lags import select_lags

Clock = Callable[[], float]
JOBS = {"J1": (2000, 250, 30, 24), "J3": (20000, 1000, 100, 48)}


def series(n: int) -> np.ndarray:
    """A stationary AR(3), fixed seed."""
    rng = np.random.default_rng(1)
    values = rng.normal(size=n)
    for t in range(3, n):
        values[t] += 0.5 * values[t - 1] + 0.3 * values[t - 2] - 0.2 * values[t - 3]
    return values


def median_seconds(call: Callable[[], object], repeats: int, clock: Clock = time.perf_counter) -> float:
    """Median of several runs after one that is not counted."""
    call()
    seconds = []
    for _ in range(repeats):
        begin = clock()
        call()
        seconds.append(clock() - begin)
    return float(np.median(seconds))


def ours(
    values: np.ndarray, origins: int, horizon: int, m: int, repeats: int, clock: Clock = time.perf_counter
) -> float:
    """Seconds of the whole backtest, references and quantiles included."""
    data, plan = fk.Series.from_array(values), fk.BacktestPlan(horizon=horizon, origins=origins)
    recipe = Autoregression(criterion="aic", max_lag=m, difference=False)
    return median_seconds(lambda: fk.backtest(data, [recipe], plan=plan), repeats, clock)


def peer(values: np.ndarray, origins: int, horizon: int, m: int, count: int) -> float:
    """Seconds of statsmodels, measured at `count` origins and scaled up to all."""
    last = len(values) - horizon
    begin = time.perf_counter()
    for origin in np.linspace(last - origins + 1, last, count).astype(int):
        past = values[:origin]
        lags = ar_select_order(past, m, ic="aic").ar_lags
        AutoReg(past, lags or 0).fit().forecast(horizon)
    return (time.perf_counter() - begin) * origins / count


def kernel(values: np.ndarray, origins: int, horizon: int, m: int, repeats: int) -> tuple[float, float]:
    """Seconds of the factors with the sums of every order, and of a bare loop of `tpqrt` over the rows."""
    rows = rows_of(values, lags_to(m), np.ones((len(values), 1))).table
    stops = np.arange(len(values) - horizon - origins + 1, len(values) - horizon + 1)

    def bare() -> None:
        factor = dtpqrt(0, 8, np.zeros((m + 2, m + 2), order="F"), rows[m : stops[0]])[0]
        for stop in stops[1:]:
            factor = dtpqrt(0, 8, factor, rows[stop - 1 : stop])[0]

    def engine() -> None:
        nested_sums(rolling_factors(rows, np.full(origins, m), stops), np.arange(1, m + 2))

    return median_seconds(engine, repeats), median_seconds(bare, repeats)


def job(name: str, repeats: int, peer_origins: int) -> None:
    """Print seconds, ratio, kernel and memory of one backtest."""
    n, origins, horizon, m = JOBS[name]
    values = series(n)
    seconds = ours(values, origins, horizon, m, repeats)
    cpu = ours(values, origins, horizon, m, repeats, time.process_time)
    theirs = peer(values, origins, horizon, m, peer_origins)
    engine, bare = kernel(values, origins, horizon, m, repeats)
    tracemalloc.start()
    ours(values, origins, horizon, m, 1)
    peak = tracemalloc.get_traced_memory()[1] / 1e6
    tracemalloc.stop()
    print(
        f"{name}: {1e3 * seconds:8.1f} ms ({1e3 * cpu:.1f} ms of CPU)   "
        f"statsmodels {theirs:8.1f} s (scaled x{origins / peer_origins:g})"
        f"   ratio {theirs / seconds:8.0f}   kernel / bare tpqrt {engine / bare:.2f}   peak {peak:.0f} MB"
    )


def selection(repeats: int) -> None:
    """Print seconds and ratio of J4."""
    values = series(20000)
    seconds = median_seconds(lambda: select_lags(values, 48, criterion="aic"), repeats)
    begin = time.perf_counter()
    theirs = ar_select_order(values, 48, ic="aic").ar_lags
    taken = time.perf_counter() - begin
    same = len(theirs or []) == select_lags(values, 48, criterion="aic").p
    print(
        f"J4: {1e3 * seconds:8.2f} ms   statsmodels {taken:8.2f} s   ratio {taken / seconds:8.0f}   "
        f"same order: {same}"
    )


def panel(repeats: int, count: int = 8) -> None:
    """Print seconds and ratio of J2: 1,000 series of 500, 10 origins, horizon 24, orders 0..12."""
    values = np.stack([series(500) * (1 + s / 100) for s in range(1000)])
    values += np.random.default_rng(2).normal(size=values.shape)
    seconds = median_seconds(lambda: fk.forecast_panel(values, horizon=24, origins=10, max_lag=12), repeats)
    theirs = sum(peer(one, 10, 24, 12, 10) for one in values[:count]) * len(values) / count
    print(
        f"J2: {1e3 * seconds:8.1f} ms   statsmodels {theirs:8.1f} s (scaled x{len(values) / count:g})   "
        f"ratio {theirs / seconds:8.0f}"
    )


def scaling(repeats: int) -> None:
    """Print how seconds grow when one size is doubled, and with the number of series."""
    base = {"n": 4000, "origins": 200, "m": 24, "horizon": 30}
    print(f"{'doubled':>10} {'ms':>9} {'ratio':>7}")
    plain = 0.0
    for doubled in (None, *base):
        sizes = {key: value * (2 if key == doubled else 1) for key, value in base.items()}
        seconds = ours(series(sizes["n"]), sizes["origins"], sizes["horizon"], sizes["m"], repeats)
        plain = plain or seconds
        print(f"{doubled or 'nothing':>10} {1e3 * seconds:9.1f} {seconds / plain:7.2f}")
    print(f"{'series':>10} {'ms':>9} {'ms each':>9}")
    for count in (1, 10, 100, 1000):
        values = np.random.default_rng(3).normal(size=(count, 500)).cumsum(axis=1)
        seconds = median_seconds(
            lambda values=values: fk.forecast_panel(values, horizon=24, origins=10, max_lag=12), repeats
        )
        print(f"{count:>10} {1e3 * seconds:9.1f} {1e3 * seconds / count:9.3f}")


def main() -> None:
    """Read the command line and print the tables."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--jobs", nargs="+", default=["J1", "J2", "J3", "J4", "scaling"])
    parser.add_argument("--repeats", type=int, default=5)
    parser.add_argument("--peer-origins", type=int, default=4)
    options = parser.parse_args()
    with threadpool_limits(1, user_api="blas"):
        for name in options.jobs:
            if name in JOBS:
                job(name, options.repeats, options.peer_origins)
        if "J2" in options.jobs:
            panel(options.repeats)
        if "J4" in options.jobs:
            selection(options.repeats)
        if "scaling" in options.jobs:
            scaling(options.repeats)


if __name__ == "__main__":
    main()
