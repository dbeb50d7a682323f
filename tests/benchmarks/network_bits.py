"""Networks forecast the same bits: in three processes, twice in each, with one and with two workers.

Prints a hash of the members' forecasts for each process, run and number of workers; that of a forecaster
which one process saved and the others loaded; and how far a network that is trained in a stack is from the
same network trained alone, which float32 rounding keeps from being the same bits.

python tests/benchmarks/network_bits.py [--models lstm,lstm-on-ar] [--n 200] [--seeds 5] [--processes 3]
"""

from __future__ import annotations

import argparse
import hashlib
import json
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np

import forecastkit as fk
from forecastkit.models.networks.device import load_loop
from forecastkit.models.networks.spec import NetworkSpec, Schedule
from forecastkit.seeds import spawn

WORKERS, RUNS, HORIZON = (1, 2), 2, 6
STACKED = 2e-5
"""What tests allow: products of stacked matrices may add in another order, and training carries that on."""


def main() -> None:
    """Print the table of hashes and the distance of stacked from single training."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--models", default="lstm,lstm-on-ar")
    parser.add_argument("--n", type=int, default=200)
    parser.add_argument("--seeds", type=int, default=5)
    parser.add_argument("--processes", type=int, default=3)
    parser.add_argument("--child", help=argparse.SUPPRESS)
    options = parser.parse_args()
    source, models = f"synthetic:setar?n={options.n}&seed=1&sigma=0.5", options.models.split(",")
    if options.child:
        print(json.dumps(hashes(source, models, options.seeds, Path(options.child))))
        return
    found: dict[str, set[str]] = {}
    with tempfile.TemporaryDirectory() as folder:
        for process in range(1, options.processes + 1):
            start = time.monotonic()
            done = subprocess.run(
                [sys.executable, *sys.argv, "--child", folder], check=True, stdout=subprocess.PIPE, text=True
            )
            for what, digest in json.loads(done.stdout.splitlines()[-1]):
                found.setdefault(what.split(",")[0], set()).add(digest)
                print(f"process {process}  {what:<48} {digest}", flush=True)
            print(f"process {process}  {time.monotonic() - start:.0f} s", flush=True)
    for what, digests in found.items():
        print(f"{what}: {'the same bits everywhere' if len(digests) == 1 else 'DIFFERENT BITS'}")
    print_stacked()


def hashes(source: str, models: list[str], seeds: int, folder: Path) -> list[tuple[str, str]]:
    """Hash what one process forecasts, run by run; save a forecaster, or load that of the first process."""
    series, told = fk.load(source), []
    plan = fk.BacktestPlan(horizon=HORIZON, origins=20, refit_every=dict.fromkeys(models, 10))
    for workers in WORKERS:
        for run in range(1, RUNS + 1):
            made = fk.backtest(series, models, plan=plan, seeds=seeds, workers=workers, store=False)
            for model in models:
                told.append((f"{model}, {workers} worker(s), run {run}", digest(made.members[model])))
    for model in models:
        kept = folder / model
        if kept.exists():
            forecaster, how = fk.load_forecaster(kept), "loaded"
        else:
            forecaster, how = fk.fit(series, model, horizon=HORIZON, seeds=seeds), "fitted and saved"
            fk.save_forecaster(forecaster, kept)
        told.append((f"{model} kept, {how}", digest(forecaster.forecast(series)["mean"].to_numpy())))
    return told


def digest(numbers: np.ndarray) -> str:
    """Hash the bits of an array."""
    return hashlib.sha256(np.ascontiguousarray(numbers).tobytes()).hexdigest()[:16]


def print_stacked() -> None:
    """Train networks alone and in stacks, and print the largest distance of outputs and weights."""
    spec, loops = NetworkSpec(24, 2, HORIZON, 32, 0.1, "squared", 64, 1e-3), load_loop()
    for stack in (5, 10):
        rngs = [np.random.default_rng(i) for i in range(stack)]
        data = [(rng.normal(size=(600, 24, 2)), rng.normal(size=(600, HORIZON))) for rng in rngs]
        held_out = [(inputs[:100], targets[:100]) for inputs, targets in data]
        for epochs in (5, 40):
            schedule = Schedule(epochs, epochs, 4e-3)
            together = loops.loop_for(spec, stack).fit_many(
                data, held_out, schedule, [spawn(i) for i in range(stack)]
            )
            weights, outputs = [], []
            for i in range(stack):
                alone = loops.loop_for(spec).fit(data[i], held_out[i], schedule, spawn(i))
                pairs = zip(alone.weights, together[i].weights, strict=True)
                weights.append(max(float(np.max(np.abs(one - other))) for one, other in pairs))
                ours, theirs = (
                    loops.loop_for(spec).forecast(t.weights, held_out[i][0]) for t in (alone, together[i])
                )
                outputs.append(float(np.max(np.abs(ours - theirs))))
            print(
                f"stack of {stack}, {epochs} epochs: largest distance from training alone {max(weights):.1e} "
                f"in weights, {max(outputs):.1e} in outputs (targets of size 1)",
                flush=True,
            )
    print(
        f"Tests allow {STACKED:.0e} after 6 epochs. Why not bits: a product of stacked matrices is computed "
        "in other blocks than a single one, so float32 sums round otherwise, by 1e-7 at first; every step of "
        "training starts from the rounding before it."
    )


if __name__ == "__main__":
    main()
