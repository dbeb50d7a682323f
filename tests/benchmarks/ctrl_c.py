"""Ctrl-C in the middle of a network's fit: seconds until the command has ended, and whether anything is lost.

Each trial starts `forecastkit backtest` with `lstm`, waits until fits are at work, and a while more, and
interrupts it. Prints seconds to the end, exit code, and fits kept before and after; the command is then
repeated to its end, and what one and two workers have made is compared.

python tests/benchmarks/ctrl_c.py [--n 3000] [--trials 3] [--workers 1,2] [--seeds 4]
"""

from __future__ import annotations

import argparse
import signal
import sqlite3
import subprocess
import sys
import tempfile
import time
from contextlib import closing
from pathlib import Path

PATIENCE = 600.0


def main() -> None:
    """Print a line for each trial."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--n", type=int, default=3000)
    parser.add_argument("--trials", type=int, default=3)
    parser.add_argument("--workers", default="1,2")
    parser.add_argument("--seeds", type=int, default=4)
    options = parser.parse_args()
    signal.signal(signal.SIGINT, signal.default_int_handler)  # ignored in a shell's background jobs
    words = ["backtest", f"synthetic:setar?n={options.n}&seed=1", "--models", "lstm", "--origins", "20"]
    words += ["--seeds", str(options.seeds), "-q"]
    slowest, made = 0.0, set()
    with tempfile.TemporaryDirectory() as folder:
        for workers in options.workers.split(","):
            store, out = Path(folder, f"{workers}.db"), Path(folder, workers)
            command = [sys.executable, "-m", "forecastkit", *words, "--workers", workers]
            command += ["--store", str(store)]
            for trial in range(options.trials):
                seconds, told = interrupted(command, store, after=2.0 + 0.7 * trial)
                slowest = max(slowest, seconds)
                print(f"{workers} worker(s): {told}, {seconds:.2f} s", flush=True)
            subprocess.run([*command, "--out", str(out)], check=True, capture_output=True)
            made.add((out / "forecasts.csv").read_bytes())
    print(f"slowest end {slowest:.2f} s; the finished runs hold the same bits: {len(made) == 1}")


def interrupted(command: list[str], store: Path, after: float) -> tuple[float, str]:
    """Interrupt the command `after` seconds into its fits; seconds to its end, and what was kept."""
    child = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)
    begin, before = time.monotonic(), fits(store)
    while time.monotonic() - begin < PATIENCE and child.poll() is None and not settled(store):
        time.sleep(0.05)
    time.sleep(after)
    done = fits(store)
    start = time.monotonic()
    child.send_signal(signal.SIGINT)
    _, error = child.communicate(timeout=60)
    seconds = time.monotonic() - start
    kept = fits(store)
    lost = f"kept {kept}, {'none lost' if kept >= done >= before else 'LOST'}"
    said = error.strip().splitlines()[-1] if error.strip() else "nothing"
    return seconds, f"exit {child.returncode}, fits before {done}, {lost}; it said {said[:42]!r}"


def fits(store: Path) -> int:
    """How many tasks a store holds."""
    return _count(store, "blocks")


def settled(store: Path) -> bool:
    """Whether the network's settings are chosen, so that its fits are at work."""
    return _count(store, "prepared") > 0


def _count(store: Path, table: str) -> int:
    try:
        with closing(sqlite3.connect(f"file:{store}?mode=ro", uri=True)) as opened:
            return int(opened.execute(f"SELECT count(*) FROM {table}").fetchone()[0])
    except sqlite3.OperationalError:  # it is just being made
        return 0


if __name__ == "__main__":
    main()
