"""Build the wheel, install it into an empty environment, and use it where no checkout is near.

    python tests/benchmarks/installed_wheel.py [--python 3.11]

Needs uv on the path or in `.tools`; downloads what the local cache does not hold.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
UV = [sys.executable, "-m", "uv"]


def run(*words: str, cwd: Path, **more: str) -> str:
    """Run a command without the checkout on its path; its output, or a stop with what it said."""
    kept = {name: value for name, value in os.environ.items() if name not in ("PYTHONPATH", "VIRTUAL_ENV")}
    done = subprocess.run(words, cwd=cwd, env={**kept, **more}, text=True, capture_output=True, check=False)
    if done.returncode:
        raise SystemExit(f"{' '.join(words)} ended with {done.returncode}:\n{done.stdout}{done.stderr}")
    return done.stdout


def main() -> None:
    """Print what the installed program says."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--python", default=f"{sys.version_info.major}.{sys.version_info.minor}")
    chosen = parser.parse_args().python
    tools = str(ROOT / ".tools")
    with tempfile.TemporaryDirectory() as place:
        here = Path(place)
        run(*UV, "build", "--wheel", "-q", "-o", str(here / "dist"), cwd=ROOT, PYTHONPATH=tools)
        wheel = next((here / "dist").glob("*.whl"))
        run(*UV, "venv", "-q", "--python", chosen, str(here / "env"), cwd=here, PYTHONPATH=tools)
        python = here / "env/bin/python"
        run(*UV, "pip", "install", "-q", "--python", str(python), str(wheel), cwd=here, PYTHONPATH=tools)
        program = str(here / "env/bin/forecastkit")
        home = run(str(python), "-c", "import forecastkit; print(forecastkit.__file__)", cwd=here).strip()
        datasets = json.loads(run(program, "datasets", "--json", cwd=here))["datasets"]
        verdict = run(program, "compare", "sunspots", "--models", "naive,ar", "-q", cwd=here)
        report = here / "reports/sunspots/index.html"
        print(f"wheel     {wheel.name}, {wheel.stat().st_size / 1e3:.0f} kB")
        print(f"package   {Path(home).relative_to(here)}")
        print(f"datasets  {len(datasets)}: {', '.join(datasets)}")
        print(f"report    {report.stat().st_size / 1e3:.0f} kB")
        print(verdict)


if __name__ == "__main__":
    main()
