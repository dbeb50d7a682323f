"""Speed and size of the store: a million forecasts in fifty commits, a query, a reader beside the writer.

python tests/benchmarks/store_speed.py [--forecasts 1000000] [--commits 50]
"""

from __future__ import annotations

import argparse
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np

from forecastkit.runs.blocks import Block, Made, Task
from forecastkit.runs.store import Store
from forecastkit.series.series import Series

HORIZON = 24
READER = """
import sys, time
from forecastkit.runs.store import Store
reads, longest, seen = 0, 0.0, set()
end = time.monotonic() + 120
while time.monotonic() < end:
    start = time.perf_counter()
    try:
        with Store.open(sys.argv[1], write=False) as store:
            state = store.state("last")
    except Exception as error:
        if any(text in str(error) for text in ("There is no run", "cannot be opened", "another program")):
            continue
        raise
    longest = max(longest, time.perf_counter() - start)
    reads, seen = reads + 1, seen | {state.done}
    if state.finished:
        break
print(f"{reads} reads, {len(seen)} different states, slowest {1000 * longest:.0f} ms")
"""


def main() -> None:
    """Print seconds, bytes, and what a second process saw meanwhile."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--forecasts", type=int, default=1_000_000)
    parser.add_argument("--commits", type=int, default=50)
    options = parser.parse_args()
    rows = options.forecasts // options.commits // HORIZON + 1
    rng = np.random.default_rng(0)
    series = Series.from_array(rng.normal(size=rows + 100), name="noise")
    origins = np.arange(50, 50 + rows)
    tasks = [Task(f"m{n % 5}", n // 5, (origins,), f"key{n}", "") for n in range(options.commits)]
    made = [Made((Block(t.model, t.member, origins, rng.normal(size=(rows, HORIZON))),)) for t in tasks]
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "runs.db"
        with Store.open(path) as store:
            store.begin(series, {"made": "before"}, tasks[:1]).close()
        for watched in (False, True):
            path.unlink()
            command = [sys.executable, "-c", READER, str(path)]
            reader = subprocess.Popen(command, stdout=subprocess.PIPE, text=True) if watched else None
            time.sleep(3 if watched else 0)
            with Store.open(path) as store:
                start = time.perf_counter()
                with store.begin(series, {}, tasks) as run:
                    for task, one in zip(tasks, made, strict=True):
                        run.keep(task, one)
                    wrote = time.perf_counter() - start
                    run.finish(_scores(made))
                start = time.perf_counter()
                found = store.scores("last")
                queried = time.perf_counter() - start
                start = time.perf_counter()
                blocks = store.read("last").blocks
                read = time.perf_counter() - start
            exact = all(np.array_equal(b.mean, m.blocks[0].mean) for b, m in zip(blocks, made, strict=True))
            print(
                f"{sum(b.mean.size for b in blocks)} forecasts in {options.commits} commits: {wrote:.2f} s, "
                f"{path.stat().st_size / 1e6:.1f} MB; MAE of {len(found)} cells (model, h) queried in "
                f"{1000 * queried:.1f} ms; all read and verified in {read:.2f} s, every bit kept: {exact}"
            )
            if reader is not None:
                print("a second process meanwhile:", reader.communicate()[0].strip())


def _scores(made: list[Made]) -> list[tuple[str, int, int, float, float]]:
    return [
        (m.blocks[0].model, h + 1, len(m.blocks[0].origins), float(mae), float(mse))
        for m in made[:5]
        for h, (mae, mse) in enumerate(
            zip(np.abs(m.blocks[0].mean).mean(0), np.square(m.blocks[0].mean).mean(0), strict=True)
        )
    ]


if __name__ == "__main__":
    main()
