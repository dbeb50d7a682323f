"""What `schedule emit` prints, asked of the programs and the published schemas that decide.

    python3 -m venv /tmp/judges && /tmp/judges/bin/pip install check-jsonschema kubernetes-validate
    apt-get install systemd cron
    python tests/benchmarks/schedule_files.py --judges /tmp/judges/bin

crontab -T (where it has it) or crontab itself reads the line; systemd-analyze
verify reads the units; check-jsonschema has the schema of GitHub workflows, kubernetes-validate those of
Kubernetes. Exits with 1 where one of them objects.
"""

from __future__ import annotations

import argparse
import subprocess
import sys
import tempfile
from pathlib import Path

JOBS = """
[outputs]
folder = "out"
[alerts]
webhook = "env:HOOK"
[jobs."50 % 'of' \\"$HOME\\" ${{ secrets.X }}"]
cron = "30 6 * * MON-FRI"
time_zone = "America/New_York"
sources = ["nile"]
[jobs.second]
cron = "0 0 13 * FRI"
sources = ["sunspots"]
"""


def main() -> None:
    """Write every kind of file and let its judge read it."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument(
        "--judges", type=Path, required=True, help="folder with check-jsonschema and kubernetes-validate"
    )
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as place:
        folder = Path(place)
        (folder / "jobs.toml").write_text(JOBS, encoding="utf-8")
        for kind in ("cron", "systemd", "kubernetes", "github"):
            words = ["schedule", "emit", "jobs.toml", f"--{kind}", "--out", kind]
            subprocess.run(
                [sys.executable, "-m", "forecastkit", *words],
                cwd=folder,
                check=True,
                stdout=subprocess.DEVNULL,
            )
        units = sorted(map(str, (folder / "systemd").iterdir()))
        judged = {
            "crontab": _crontab(folder / "cron/crontab"),
            "systemd-analyze verify": _judge("systemd-analyze", "verify", *units),
            "check-jsonschema (GitHub workflows)": _judge(
                str(options.judges / "check-jsonschema"),
                "--builtin-schema",
                "vendor.github-workflows",
                str(folder / "github/.github/workflows/forecastkit.yml"),
            ),
            "kubernetes-validate": _judge(
                str(options.judges / "kubernetes-validate"),
                "--strict",
                str(folder / "kubernetes/forecastkit.yaml"),
            ),
        }
    for judge, objection in judged.items():
        print(f"{judge:<38}{objection or 'accepted'}")
    sys.exit(any(judged.values()))


def _crontab(file: Path) -> str:
    """Let crontab test the line, or where it cannot, keep and show it; what was there comes back."""
    tested = subprocess.run(["crontab", "-T", str(file)], capture_output=True, text=True, check=False)
    if "invalid option" not in tested.stderr:
        return "" if tested.returncode == 0 else tested.stderr.strip()
    before = subprocess.run(["crontab", "-l"], capture_output=True, text=True, check=False)
    try:
        objection = _judge("crontab", str(file))
        there = subprocess.run(["crontab", "-l"], capture_output=True, text=True, check=False).stdout
        kept = [line for line in there.splitlines() if not line.startswith("#")]
        return objection or ("" if kept == file.read_text().splitlines() else "it kept another line")
    finally:
        if before.returncode == 0:
            subprocess.run(["crontab", "-"], input=before.stdout, text=True, check=True)
        else:
            subprocess.run(["crontab", "-r"], check=False)


def _judge(*words: str) -> str:
    """Objection of a program, "" where it has none."""
    done = subprocess.run(words, capture_output=True, text=True, check=False)
    told = (done.stdout + done.stderr).strip()
    return "" if done.returncode == 0 else f"exit {done.returncode}: {told}"


if __name__ == "__main__":
    main()
