"""The store on a disk that fills up, turns read-only, or is a network's: what the command says, what is kept.

Mounts small disks in memory, so it needs root on Linux.

sudo python tests/benchmarks/store_faults.py
"""

from __future__ import annotations

import subprocess
import sys
import tempfile
from pathlib import Path

from forecastkit.runs.store import Store

COMMAND = ["backtest", "sunspots", "--models", "ar-direct", "--horizon", "24", "-q"]


def main() -> None:
    """Print exit code, message and tasks kept of each case."""
    with tempfile.TemporaryDirectory() as folder:
        disk = Path(folder) / "disk"
        disk.mkdir()
        _sh("mount", "-t", "tmpfs", "-o", "size=400k", "tmpfs", disk)
        try:
            _case("full disk", disk)
            _sh("mount", "-o", "remount,size=50m", disk)
            _case("the same command, with room", disk)
            _sh("mount", "-o", "remount,ro", disk)
            _case("read-only disk", disk, "--fresh")
            _case("report from a read-only disk", disk, command=["runs", "show", "last"])
        finally:
            _sh("umount", disk)
        _case("the disk is gone", Path("/proc/nowhere"))


def _case(what: str, disk: Path, *more: str, command: list[str] = COMMAND) -> None:
    path = disk / "runs.db"
    words = [sys.executable, "-m", "forecastkit", *command, "--store", str(path), *more]
    done = subprocess.run(words, capture_output=True, text=True, cwd=disk.parent)
    said = (done.stderr.strip() or done.stdout.strip()).splitlines()
    print(f"{what}: exit {done.returncode}; {said[-1] if said else ''}")
    if path.exists():
        with Store.open(path, write=False) as store:
            state = store.state("last")
            blocks = 0 if not state.done else len(store.read("last").blocks)
            print(f"  {state.done} of {state.tasks} tasks kept, {blocks} blocks read and verified")


def _sh(*words: object) -> None:
    subprocess.run([str(word) for word in words], check=True)


if __name__ == "__main__":
    main()
