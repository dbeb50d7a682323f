"""Kill -9 at random moments of a backtest with AR and two small LSTMs, and Ctrl-C: what is lost or repeated.

One network is fitted afresh at each refit, a task each; the other refits from its weights, a task per chain.

python tests/benchmarks/kill_trials.py [--trials 20] [--seed 0] [--workers 1]
"""

from __future__ import annotations

import argparse
import os
import random
import signal
import subprocess
import sys
import tempfile
import threading
import time
from contextlib import suppress
from pathlib import Path

from forecastkit.runs.store import Store

FITS = 12
"""Fits of each of the two networks below."""
CHAIN = 6
"""Fits of a chain: those of one seed."""
CHILD = """
import sys
from dataclasses import replace
import forecastkit as fk
from forecastkit.models.recurrent import Recurrent

if __name__ == "__main__":
    warm = Recurrent(seeds=2, units=8, lookback=12, epochs=20, patience=20, default_refit=10)
    models = {"ar": "ar", "lstm": replace(warm, warm_epochs=0), "warm": warm}
    plan = fk.BacktestPlan(horizon=6, origins=60)
    tell = lambda *how: print("ack", *how, flush=True)
    fk.backtest(fk.load("sunspots"), models, plan=plan, store=sys.argv[1],
                       workers=int(sys.argv[2]), progress=tell)
"""


def main() -> None:
    """Print one line per trial, and the sums."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--trials", type=int, default=20)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--workers", type=int, default=1)
    options = parser.parse_args()
    draw = random.Random(options.seed)
    lost = repeated = wrong = 0
    with tempfile.TemporaryDirectory() as folder:
        script = Path(folder) / "child.py"
        script.write_text(CHILD)
        whole = Trial(script, Path(folder) / "whole.db", options.workers).finish()
        each = whole.seconds("lstm") / FITS
        chain = whole.seconds("warm") / FITS * CHAIN
        told = f"{each:.2f} s for each network, {chain:.2f} s for each chain"
        print(f"uninterrupted: {len(whole.made)} tasks kept, {told}", flush=True)
        for number in range(options.trials):
            path = Path(folder) / f"{number}.db"
            killed = Trial(script, path, options.workers)
            if draw.random() < 0.5:  # fits done, seconds into the next task
                moment = "lstm", draw.randrange(FITS), draw.uniform(0.0, each)
            else:
                moment = "warm", CHAIN * draw.randrange(FITS // CHAIN), draw.uniform(0.0, chain)
            killed.stop_at(*moment, signal.SIGKILL)
            kept = tasks_of(path)
            resumed = Trial(script, path, options.workers).finish()
            again = sum(resumed.made[key] != stamp for key, stamp in kept.items())
            missing = max(0, killed.acknowledged - len(kept))
            same = blocks_of(path) == blocks_of(Path(folder) / "whole.db")
            lost, repeated, wrong = lost + missing, repeated + again, wrong + (not same)
            print(
                f"trial {number + 1}: {killed.acknowledged} tasks acknowledged, {len(kept)} kept; "
                f"acknowledged and lost {missing}, kept and repeated {again}, same bytes {same}",
                flush=True,
            )
        print(f"{options.trials} trials: lost {lost}, kept and repeated {repeated}, other bytes {wrong}")
        for workers in (1, 2):
            path = Path(folder) / f"ctrl-c-{workers}.db"
            stopped = Trial(script, path, workers)
            seconds = stopped.stop_at("lstm", FITS // 2, each / 2, signal.SIGINT)
            kept = tasks_of(path)
            Trial(script, path, workers).finish()
            same = blocks_of(path) == blocks_of(Path(folder) / "whole.db")
            print(
                f"Ctrl-C with {workers} workers: ended after {seconds:.2f} s, code {stopped.code}, "
                f"{len(kept)} tasks kept, resumed to the same bytes {same}"
            )


class Trial:
    """One child process on a store."""

    def __init__(self, script: Path, path: Path, workers: int) -> None:
        self.path = path
        self.child = subprocess.Popen(
            [sys.executable, str(script), str(path), str(workers)],
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
            start_new_session=True,
        )
        self.times: dict[tuple[str, int], float] = {}
        self.done: dict[str, int] = {}
        self.made: dict[str, str] = {}
        self.code = 0
        self.listener = threading.Thread(target=self._listen, daemon=True)
        self.listener.start()

    @property
    def acknowledged(self) -> int:
        """Tasks that the child has called done: fits of `lstm`, chains of `warm`, one of each other model."""
        fits = {"lstm": 1, "warm": CHAIN}
        return sum(
            done // fits[model] if model in fits else min(done, 1) for model, done in self.done.items()
        )

    def seconds(self, model: str) -> float:
        """Between the first and the last that was heard of a model."""
        heard = [moment for (name, _), moment in self.times.items() if name == model]
        return max(heard) - min(heard)

    def finish(self) -> Trial:
        self.child.wait()
        self.listener.join()
        assert self.child.returncode == 0, "the child failed"
        self.made = tasks_of(self.path)
        return self

    def stop_at(self, model: str, fits: int, seconds: float, what: int) -> float:
        """Send a signal so long after so many fits of a model; give the seconds until the end."""
        while self.done.get(model, -1) < fits and self.child.poll() is None:
            time.sleep(0.001)
        time.sleep(seconds)
        sent = time.perf_counter()
        with suppress(ProcessLookupError):  # it was quicker
            os.killpg(self.child.pid, what) if what == signal.SIGINT else self.child.send_signal(what)
        self.child.wait()
        seconds = time.perf_counter() - sent
        self.listener.join()
        self.code = self.child.returncode
        return seconds

    def _listen(self) -> None:
        """Note what the child acknowledges; a line that its end tore is no acknowledgement."""
        for line in self.child.stdout:
            words = line.split()
            if line.endswith("\n") and words[0] == "ack":
                self.done[words[1]] = max(int(words[2]), self.done.get(words[1], 0))
                self.times.setdefault((words[1], int(words[2])), time.perf_counter())


def tasks_of(path: Path) -> dict[str, str]:
    """When each task of a store was kept."""
    if not path.exists():
        return {}
    with Store.open(path) as store:
        return dict(store.connection.execute("SELECT key, made FROM blocks").fetchall())


def blocks_of(path: Path) -> dict[str, bytes]:
    """Forecasts of each task of a store."""
    with Store.open(path) as store:
        return dict(store.connection.execute("SELECT key, data FROM blocks").fetchall())


if __name__ == "__main__":
    main()
