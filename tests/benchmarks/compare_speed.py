"""How long does a whole comparison take, with how much memory, and where do the seconds go?

Runs `forecastkit compare` on 3,000 points of a threshold autoregression, horizon 24, 50 origins, `ar` and
`lstm` with 5 seeds, as a user does: a new process, an empty store. Memory is the sum over its processes of
their proportional set sizes (shared pages once), five looks a second. Then the same again by stages.

python tests/benchmarks/compare_speed.py [--runs 1] [--models ar,lstm] [--workers N]
"""

from __future__ import annotations

import argparse
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

import numpy as np
import pandas as pd

import forecastkit as fk

SECONDS, GIGABYTES = 60, 3.0
LOOK = 0.2
"""Seconds between two looks at the memory."""
T = TypeVar("T")


def main() -> None:
    """Print seconds and memory of whole runs, then the stages."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--runs", type=int, default=1)
    parser.add_argument("--models", default="ar,lstm")
    parser.add_argument("--workers", type=int, default=None)
    parser.add_argument("--stages", type=Path, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.stages:
        stages(options.stages, options.models.split(","), options.workers)
        return
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder, "series.csv")
        pd.DataFrame({"y": setar()}).to_csv(file, index_label="t")
        workers = [] if options.workers is None else ["--workers", str(options.workers)]
        own = ["--models", options.models, *workers]
        for run in range(options.runs):
            place = ["--store", f"{folder}/{run}.db", "--out", f"{folder}/{run}"]
            asked = ["compare", str(file), "--column", "y", "--horizon", "24", "--origins", "50", "-q"]
            seconds, peak = watched([sys.executable, "-m", "forecastkit", *asked, *own, *place])
            print(
                f"whole run: {seconds:.1f} s (wanted < {SECONDS}), peak memory {peak:.2f} GB "
                f"(wanted < {GIGABYTES:g})",
                flush=True,
            )
        for what in ("forecastkit.api", "tensorflow"):
            seconds, _ = watched([sys.executable, "-c", f"import {what}"])
            print(f"import of {what} in a new process {seconds:.1f} s", flush=True)
        split = [sys.executable, __file__, "--stages", str(file), *own]
        subprocess.run(split, check=True)


def setar(n: int = 3000) -> np.ndarray:
    """Threshold autoregression, on which the network is worth it."""
    noise, y = np.random.default_rng(1).normal(0, 0.5, n + 500), np.zeros(n + 500)
    for t in range(2, n + 500):
        low = 2 + 0.6 * y[t - 1] - 0.1 * y[t - 2]
        y[t] = (low if y[t - 2] <= 0 else -2 + 0.9 * y[t - 1] - 0.5 * y[t - 2]) + noise[t]
    return y[500:]


def watched(command: list[str]) -> tuple[float, float]:
    """Seconds of a command, and the peak of its processes' memory in GB."""
    begin, peak = time.perf_counter(), 0.0
    child = subprocess.Popen(command, stdout=subprocess.DEVNULL)
    while child.poll() is None:
        peak = max(peak, sum(proportional(process) for process in family(child.pid)))
        time.sleep(LOOK)
    if child.returncode:
        raise SystemExit(f"the command ended with {child.returncode}")
    return time.perf_counter() - begin, peak / 1e6


def family(root: int) -> list[int]:
    """Make out a process and all that descend from it."""
    parents = {}
    for stat in Path("/proc").glob("[0-9]*/stat"):
        try:
            parents[int(stat.parent.name)] = int(stat.read_text().rpartition(")")[2].split()[1])
        except OSError:
            continue
    found = [root]
    for process in found:
        found += [child for child, parent in parents.items() if parent == process]
    return found


def proportional(process: int) -> int:
    """Proportional set size in kB, 0 for a process that has ended."""
    try:
        lines = Path(f"/proc/{process}/smaps_rollup").read_text().splitlines()
    except OSError:
        return 0
    return sum(int(line.split()[1]) for line in lines if line.startswith("Pss:"))


def stages(file: Path, models: list[str], workers: int | None) -> None:
    """Print the seconds of each stage of one comparison in this process."""
    series = fk.load(str(file), column="y")
    store, plan = file.with_name("stages.db"), fk.BacktestPlan(horizon=24, origins=50)
    made = timed("backtest", lambda: fk.backtest(series, models, plan=plan, store=store, workers=workers))
    for model in models:
        chosen = made.selection.get(model, {}).get("seconds", 0.0)
        fits = made.refits[model] * len(made.members.get(model, [0]))
        print(
            f"  {model}: selection {chosen:.1f} s, {fits} fits {made.fit_seconds[model]:.1f} s, "
            f"forecasts {made.forecast_seconds[model]:.2f} s, summed over workers"
        )
    result = timed("inference", lambda: fk.compare(series, models, plan=plan, store=store, workers=workers))
    timed("report", lambda: fk.report(result, file.with_name("stages")))


def timed(stage: str, work: Callable[[], T]) -> T:
    """Do some work and print its seconds."""
    begin = time.perf_counter()
    done = work()
    print(f"{stage} {time.perf_counter() - begin:.1f} s", flush=True)
    return done


if __name__ == "__main__":
    main()
