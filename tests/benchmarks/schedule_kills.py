"""Kills at the worst moments: while a report is published, and while a scheduler is at work.

    python tests/benchmarks/schedule_kills.py [--trials 20]

First, a process that publishes a report of 40 files is killed (kill -9) at a random moment of its
publication, and the folder is looked at: every edition has all of its files, and `latest` opens one of them.
Then two schedulers take the same job: one runs, the other exits 75; and a scheduler that is told to end takes
its job and its children along. Exits with 1 where anything is not as it should be.
"""

from __future__ import annotations

import argparse
import os
import random
import signal
import subprocess
import sys
import tempfile
import time
from collections import Counter
from pathlib import Path

FILES, BYTES = 40, 200_000
PUBLISH = f"""
import sys
from pathlib import Path
from forecastkit.reporting.editions import publish_edition
folder, edition = Path(sys.argv[1]), sys.argv[2]
files = {{f"part{{i}}/index.html": edition * ({BYTES} // len(edition)) for i in range({FILES})}}
print("ready", flush=True)
sys.stdin.readline()
publish_edition({{"index.html": edition, **files}}, folder, edition)
"""
HANGING = """
import os, subprocess, sys, time
from pathlib import Path
class Hanging:
    name = "hanging"
    def fit(self, history, *, horizon, rng):
        child = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(600)"])
        Path(os.environ["HANGING"]).write_text(str(child.pid))
        time.sleep(600)
"""


def main() -> None:
    """Kill, look, and count."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--trials", type=int, default=20)
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args()
    random.seed(options.seed)
    with tempfile.TemporaryDirectory() as place:
        faults = kills(Path(place) / "out", options.trials) + schedulers(Path(place))
    for fault in faults:
        print(f"NOT AS IT SHOULD BE: {fault}")
    sys.exit(bool(faults))


def kills(folder: Path, trials: int) -> list[str]:
    """Kill publications at random moments."""
    seconds = min(publication(folder, f"2027010{i}T000000Z-whole", None) for i in (1, 2, 3))
    print(f"one publication: {FILES + 1} files, {FILES * BYTES / 1e6:.0f} MB, {seconds:.2f} s")
    found, faults = Counter[str](), []
    for trial in range(trials):
        edition = f"20270104T0000{trial:02d}Z-trial"
        moment = random.uniform(0.0, 1.2 * seconds)
        publication(folder, edition, moment)
        wrong = look(folder)
        faults += [f"killed after {moment:.3f} s: {what}" for what in wrong]
        parts = list((folder / "runs").glob(".part-*"))
        there = (folder / "runs" / edition).exists()
        led = os.readlink(folder / "latest").endswith(edition)
        found[
            "complete, latest leads to it" if led else "complete" if there else f"absent ({len(parts)} part)"
        ] += 1
    publication(folder, "20270105T000000Z-last", None)
    left = [path.name for path in (folder / "runs").iterdir() if path.name.startswith(".")]
    faults += [f"left behind: {left}"] if left else []
    print(f"{trials} kills: " + "; ".join(f"{what}: {count}" for what, count in found.items()))
    return faults


def publication(folder: Path, edition: str, moment: float | None) -> float:
    """Publish in a process of its own, killed after `moment` seconds; give the seconds it took."""
    process = subprocess.Popen(
        [sys.executable, "-c", PUBLISH, str(folder), edition], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    )
    assert process.stdin is not None
    assert process.stdout is not None
    process.stdout.readline()
    began = time.monotonic()
    process.stdin.write(b"go\n")
    process.stdin.flush()
    if moment is not None:
        time.sleep(moment)
        process.kill()
    process.wait()
    return time.monotonic() - began


def look(folder: Path) -> list[str]:
    """What is wrong with the editions and with `latest`."""
    wrong = []
    for edition in (folder / "runs").iterdir():
        if edition.name.startswith("."):
            continue
        whole = [edition / f"part{i}/index.html" for i in range(FILES)]
        size = BYTES // len(edition.name) * len(edition.name)
        if not all(path.exists() and path.stat().st_size == size for path in whole):
            wrong.append(f"{edition.name} is not complete")
    latest = folder / "latest/index.html"
    if not latest.exists() or latest.read_text() != Path(os.readlink(folder / "latest")).name:
        wrong.append("latest does not open")
    return wrong


def schedulers(place: Path) -> list[str]:
    """Two schedulers at once, and one that is told to end."""
    packages = place / "packages/odd-1.0.dist-info"
    packages.mkdir(parents=True)
    (packages.parent / "odd_models.py").write_text(HANGING)
    (packages / "METADATA").write_text("Metadata-Version: 2.1\nName: odd\nVersion: 1.0\n")
    (packages / "entry_points.txt").write_text("[forecastkit.models]\nhanging = odd_models:Hanging\n")
    file, note = place / "jobs.toml", place / "child"
    file.write_text('[jobs.night]\nsources = ["nile"]\nmodels = ["hanging"]\nhorizon = 2\n')
    environment = {**os.environ, "PYTHONPATH": str(packages.parent), "HANGING": str(note)}
    once = [sys.executable, "-m", "forecastkit", "schedule", "once", "night", "--file", str(file)]
    once += ["--store", str(place / "runs.db")]
    first = subprocess.Popen(once, env=environment)
    while not note.exists() or not note.read_text():
        time.sleep(0.1)
    second = subprocess.run(once, env=environment, check=False).returncode
    first.send_signal(signal.SIGTERM)
    ended = first.wait(60)
    time.sleep(0.5)
    alive = _alive(int(note.read_text()))
    print(
        f"two schedulers at once: the second exits {second}; told to end: exit {ended}, child alive: {alive}"
    )
    faults = [f"the second scheduler exits {second}"] if second != 75 else []
    return faults + ([f"exit {ended}, child alive: {alive}"] if alive or ended != 130 else [])


def _alive(process: int) -> bool:
    try:
        return Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False


if __name__ == "__main__":
    main()
