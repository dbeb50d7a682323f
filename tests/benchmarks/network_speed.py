"""Speed of the networks beside Keras, neuralforecast and darts, in ratios measured in the same run.

python tests/benchmarks/network_speed.py --peers PEERS/bin/python [--parts step refits panel forecast rule]
    [--rounds 3] [--small]

PEERS is an environment that holds neuralforecast and darts (`pip install neuralforecast darts`). Each peer
runs in a process of its own that has imported everything and done a small job before anything is timed, and
so have our workers. Ours and theirs take turns; peers are given one and two threads, and the faster counts.
`--small` runs tiny sizes, to see that everything works.

step: one fit, 64 values -> 24, LSTM(64), batch 128, 5,000 points: ms per training step, from the difference
    of a long and a short training. At most 1.25 times either peer.
refits: 5 seeds, each trained and then refitted warm at 7 later origins, as many steps on both sides; ours by
    `backtest` with two workers. 2.5 times as fast as the faster peer.
panel: 500 series of 200 values, LSTM(16), 20 epochs, by `forecast_panel`: under 40 s, and 10 times as fast
    as a new Keras model for each.
forecast: 24 steps from 250 origins of a fitted `lstm`: under 25 ms; beside Keras' `predict`.
rule: time per network of a stack of 16 over that of one alone, by units and batch.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd

import forecastkit as fk
from forecastkit.models._net_learning import SMALL, STACK
from forecastkit.models._net_windows import Split
from forecastkit.models.networks.device import load_loop
from forecastkit.models.networks.spec import NetworkSpec, Schedule
from forecastkit.models.protocol import History
from forecastkit.models.recurrent import FittedRecurrent, Recurrent

PEERS = Path(__file__).with_name("network_speed_peers.py")
LOOKBACK, HORIZON, UNITS, BATCH = 64, 24, 64, 128
SEEDS, REFITS, STEP = 5, 7, 24
PANEL = {"lookback": 24, "horizon": 12, "units": 16, "batch": 32, "epochs": 20, "length": 200}
SHAPES = ((16, 32), (16, 64), (32, 32), (32, 64), (64, 64), (64, 128))


class Peer:
    """A process that does jobs for a peer with so many threads."""

    def __init__(self, python: str, threads: int) -> None:
        settings = {"OMP_NUM_THREADS": str(threads), "MKL_NUM_THREADS": str(threads)}
        self.threads = threads
        self.process = subprocess.Popen(
            [python, str(PEERS), str(threads)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            env={**os.environ, **settings, "TF_CPP_MIN_LOG_LEVEL": "2"},
            text=True,
        )

    def begin(self, **job: object) -> None:
        """Send a job."""
        self.process.stdin.write(json.dumps(job) + "\n")
        self.process.stdin.flush()

    def seconds(self) -> float:
        """Wait for the answer."""
        return float(json.loads(self.process.stdout.readline()))

    def do(self, **job: object) -> float:
        """Seconds of a job."""
        self.begin(**job)
        return self.seconds()


def seconds_of(call: Callable[[], object]) -> float:
    """Seconds of one call."""
    begin = time.perf_counter()
    call()
    return time.perf_counter() - begin


def step(options: argparse.Namespace) -> None:
    """Print ms per training step of ours and the peers, and ratios."""
    n = 1000 if options.small else 5000
    windows = np.lib.stride_tricks.sliding_window_view(setar(n), LOOKBACK + HORIZON)
    data = windows[:, :LOOKBACK, None].copy(), windows[:, LOOKBACK:].copy()
    loop = load_loop().loop_for(NetworkSpec(LOOKBACK, 1, HORIZON, UNITS, 0.1, "squared", BATCH, 1e-3))
    short = -(-len(windows) // BATCH)
    more = short if options.small else 3 * short

    def ours(steps: int) -> float:
        schedule = Schedule(steps // short, steps // short, 1e-3)
        held_out = data[0][:BATCH], data[1][:BATCH]
        return seconds_of(lambda: loop.fit(data, held_out, schedule, np.random.default_rng(0)))

    runs: dict[str, Callable[[int], float]] = {"ours, 1 thread": ours}
    every = peers(options)
    for library, peer in every:
        job = {"library": library, "seed": 1, "refits": 0, "refit_steps": 0, "step": 0, "observations": n}
        runs[f"{library}, {peer.threads} thread(s)"] = lambda steps, peer=peer, job=job: peer.do(
            **job, steps=steps
        )
    taken: dict[str, list[float]] = {name: [] for name in runs}
    for run in runs.values():
        run(short)
    for _ in range(options.rounds):
        for name, run in runs.items():
            first = run(short)
            taken[name].append(1e3 * (run(short + more) - first) / more)
    mine = np.array(taken["ours, 1 thread"])
    for name, ms in taken.items():
        ratio = "" if name.startswith("ours") else f"   ours / theirs {np.median(mine) / np.median(ms):.2f}"
        print(f"  {name:<28} {np.median(ms):7.2f} ms a step ({min(ms):.2f} to {max(ms):.2f}){ratio}")
    end([peer for _, peer in every])


def refits(options: argparse.Namespace) -> None:
    """Print seconds of the seeds with their refits, and how many times as fast ours are."""
    n, epochs, warm = (1200, 2, 1) if options.small else (5000, 10, 4)
    first = n - REFITS * STEP
    each = -(-len(Split.of(first, LOOKBACK, HORIZON).train) // BATCH)
    recipe = Recurrent(
        seeds=SEEDS,
        units=UNITS,
        lookback=LOOKBACK,
        fold=1,
        log=False,
        level_visible=False,
        batch=BATCH,
        epochs=epochs,
        patience=epochs,
        warm_epochs=warm,
        device="cpu",
    )
    series = fk.Series.from_array(setar(n + HORIZON))
    plan = fk.BacktestPlan(horizon=HORIZON, origins=REFITS + 1, step=STEP, refit_every={"lstm": 1})

    def ours(recipe: Recurrent) -> float:
        call = lambda: fk.backtest(series, {"lstm": recipe}, plan=plan, workers=2, store=False)  # noqa: E731
        return seconds_of(call)

    job = {"steps": epochs * each, "refit_steps": warm * each, "refits": REFITS, "step": STEP}
    job |= {"observations": n, "seed": 1}
    little = {**job, "steps": 5, "refit_steps": 5, "refits": 1}
    every = peers(options)
    print(f"  {epochs * each} steps a seed, then {warm * each} at each of {REFITS} refits; {SEEDS} seeds")
    started = seconds_of(lambda: [peer.do(library=library, **little) for library, peer in every])
    begun = ours(replace(recipe, epochs=1, patience=1, warm_epochs=1))
    print(f"  first calls, with imports, not counted: ours {begun:.1f} s, the peers together {started:.1f} s")
    taken: dict[str, list[float]] = {"ours, 2 workers": []}
    for _ in range(max(1, options.rounds // 3)):
        taken["ours, 2 workers"].append(ours(recipe))
        for library, peer in every:
            name = f"{library}, {peer.threads} thread(s), 1 seed x {SEEDS}"
            taken.setdefault(name, []).append(SEEDS * peer.do(library=library, **job))
        for library in ("neuralforecast", "darts"):
            pair = [Peer(options.peers, 1) for _ in range(2)]
            for peer in pair:
                peer.do(library=library, **little)
            for peer in pair:
                peer.begin(library=library, **job)
            longest = max(peer.seconds() for peer in pair)
            name = f"{library}, two processes by hand, 2 seeds x {-(-SEEDS // 2)}"
            taken.setdefault(name, []).append(-(-SEEDS // 2) * longest)
            end(pair)
    mine = np.array(taken["ours, 2 workers"])
    for name, seconds in taken.items():
        ratio = (
            "" if name.startswith("ours") else f"   theirs / ours {np.median(np.array(seconds) / mine):.2f}"
        )
        print(f"  {name:<52} {np.median(seconds):7.1f} s{ratio}")
    end([peer for _, peer in every])


def panel(options: argparse.Namespace) -> None:
    """Print seconds of many small series, and of a new Keras model for each, scaled up."""
    count, subset = (32, 2) if options.small else (500, 20)
    sizes = PANEL
    values = np.stack([setar(sizes["length"], seed) for seed in range(count)])
    recipe = Recurrent(
        seeds=1,
        units=sizes["units"],
        lookback=sizes["lookback"],
        fold=1,
        log=False,
        level_visible=True,
        batch=sizes["batch"],
        epochs=sizes["epochs"],
        patience=sizes["epochs"],
        device="cpu",
    )
    split = Split.of(sizes["length"] - sizes["horizon"], sizes["lookback"], sizes["horizon"])
    job = {"library": "keras-panel", "train": len(split.train), "stop": len(split.stop), **sizes}
    peer = Peer(sys.executable, 2)
    peer.do(**job, count=1)
    fk.forecast_panel(values[:STACK], horizon=sizes["horizon"], network=recipe)
    half = subset // 2
    theirs = peer.do(**job, count=half)
    ours = seconds_of(lambda: fk.forecast_panel(values, horizon=sizes["horizon"], network=recipe))
    theirs += peer.do(**job, count=subset - half)
    scaled = theirs * count / subset
    print(f"  ours, {count} series, one process     {ours:7.1f} s ({1e3 * ours / count:.0f} ms each)")
    print(f"  a new Keras model for each        {scaled:7.1f} s ({subset} series x {count / subset:g})")
    print(f"  ratio                             {scaled / ours:7.1f}")
    end([peer])


def forecast(options: argparse.Namespace) -> None:
    """Print ms of forecasts from many origins, and of Keras' predict on as many windows."""
    origins = 250
    values = setar(5000)
    index = pd.RangeIndex(len(values))
    pasts = [History(values[:t].copy(), index[:t]) for t in range(len(values) - origins, len(values))]
    recipe = Recurrent(
        units=UNITS, lookback=LOOKBACK, fold=1, log=False, batch=BATCH, epochs=1, guarded=False, device="cpu"
    )
    fitted = recipe.fit(pasts[0], horizon=HORIZON, rng=np.random.default_rng(0))
    assert isinstance(fitted, FittedRecurrent)
    peer = Peer(sys.executable, 2)
    job = {"lookback": LOOKBACK, "horizon": HORIZON, "units": UNITS, "count": origins}
    batches = (32, origins)
    for batch in batches:
        peer.do(library="keras-predict", **job, batch=batch)
    fitted.forecast_many(pasts, HORIZON)
    ours: list[float] = []
    theirs: dict[int, list[float]] = {batch: [] for batch in batches}
    for _ in range(10 * options.rounds):
        ours.append(1e3 * seconds_of(lambda: fitted.forecast_many(pasts, HORIZON)))
        for batch in batches:
            theirs[batch].append(1e3 * peer.do(library="keras-predict", **job, batch=batch))
    one = [1e3 * seconds_of(lambda: fitted.forecast(pasts[0], HORIZON)) for _ in range(20)]
    print(
        f"  ours, whole paths                 {np.median(ours):7.1f} ms ({min(ours):.1f} to {max(ours):.1f})"
    )
    for batch, ms in theirs.items():
        print(
            f"  Keras' predict, batches of {batch:<4}   {np.median(ms):7.1f} ms "
            f"({min(ms):.1f} to {max(ms):.1f})   ratio {np.median(np.array(ms) / np.array(ours)):.2f}"
        )
    print(f"  ours, one origin alone            {np.median(one):7.1f} ms")
    end([peer])


def rule(options: argparse.Namespace) -> None:
    """Print time per network and step in a stack over that alone."""
    steps, epochs = (2, 1) if options.small else (6, 2)
    for units, batch in SHAPES:
        spec = NetworkSpec(24, 2, 12, units, 0.1, "squared", batch, 1e-3)
        rng, n = np.random.default_rng(0), steps * batch
        data = [(rng.normal(size=(n, 24, 2)), rng.normal(size=(n, 12))) for _ in range(STACK)]
        held_out = [(inputs[:batch], targets[:batch]) for inputs, targets in data]
        taken: dict[int, list[float]] = {}
        for round_ in range(options.rounds + 1):
            for stack in (1, STACK):
                loop, rngs = (
                    load_loop().loop_for(spec, stack),
                    [np.random.default_rng(i) for i in range(stack)],
                )
                given = data[:stack], held_out[:stack], Schedule(epochs, epochs, 1e-3), rngs
                times = 4 if stack == 1 else 1
                seconds = seconds_of(lambda: [loop.fit_many(*given) for _ in range(times)])  # noqa: B023
                if round_:
                    taken.setdefault(stack, []).append(1e3 * seconds / (times * stack * epochs * steps))
        alone, stacked = np.array(taken[1]), np.array(taken[STACK])
        print(
            f"  {units:>3} units x {batch:>3} = {units * batch:>5}: alone {np.median(alone):6.2f} ms a step, "
            f"in a stack {np.median(stacked):6.2f}   ratio {np.median(stacked / alone):.2f}"
            f"   {'stacked' if units * batch <= SMALL else 'alone'} as set"
        )


def setar(n: int, seed: int = 0) -> np.ndarray:
    """A series with a threshold, for something to learn."""
    noise, values = np.random.default_rng(seed).normal(size=n), np.zeros(n)
    for t in range(1, n):
        values[t] = (-0.7 if values[t - 1] > 0 else 0.7) * values[t - 1] + 0.5 * noise[t]
    return values


def peers(options: argparse.Namespace) -> list[tuple[str, Peer]]:
    """Each library with one and with two threads."""
    workers = [Peer(options.peers, threads) for threads in (1, 2)]
    return [(library, peer) for library in ("neuralforecast", "darts") for peer in workers]


def end(workers: Sequence[Peer]) -> None:
    """Let peers go."""
    for peer in set(workers):
        peer.process.stdin.close()
        peer.process.wait()


def main() -> None:
    """Read the command line and print part by part, with the load before and after."""
    every = {"step": step, "refits": refits, "panel": panel, "forecast": forecast, "rule": rule}
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--parts", nargs="+", choices=every, default=list(every))
    parser.add_argument("--peers", help="python of the environment with neuralforecast and darts")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--small", action="store_true")
    options = parser.parse_args()
    if options.peers is None and {"step", "refits"} & set(options.parts):
        parser.error("--peers is needed for the parts step and refits")
    for part in options.parts:
        print(f"{part}: load {os.getloadavg()[0]:.1f}", flush=True)
        took = seconds_of(lambda part=part: every[part](options))
        print(f"  load after {os.getloadavg()[0]:.1f}; {took:.0f} s for this part", flush=True)


if __name__ == "__main__":
    main()
