"""`forecastkit doctor`: quick, complete, and right about what is missing."""

from __future__ import annotations

import json
import subprocess
import sys
from importlib import metadata
from pathlib import Path

import pytest
from click.testing import CliRunner

from forecastkit.cli import doctor


def diagnosed(*words: str) -> tuple[int, dict[str, dict[str, str]]]:
    done = CliRunner().invoke(doctor.command, [*words, "--json"])
    return done.exit_code, {finding["what"]: finding for finding in json.loads(done.output)["findings"]}


def test_versions_are_those_installed() -> None:
    code, found = diagnosed()
    assert code == 0
    for name in ("numpy", "pandas", "statsmodels", "tensorflow"):
        assert found[name] == {"what": name, "state": "ok", "found": metadata.version(name), "advice": ""}
    assert found["bundled series"]["state"] == "ok"
    assert found["device"]["state"] == "ok"


def test_every_requirement_is_looked_at() -> None:
    project = (Path(__file__).parents[2] / "pyproject.toml").read_text()
    listed = project.split("dependencies = [", 1)[1].split("]", 1)[0]
    names = {line.strip(' ",').split(">")[0] for line in listed.splitlines() if ">" in line}
    assert names <= set(diagnosed()[1])


def test_what_is_missing_is_said_with_its_remedy(monkeypatch: pytest.MonkeyPatch) -> None:
    real = metadata.version

    def version(name: str) -> str:
        if name in ("tensorflow", "pyarrow"):
            raise metadata.PackageNotFoundError(name)
        return real(name)

    monkeypatch.setattr(metadata, "version", version)
    code, found = diagnosed()
    assert code == 4
    assert found["tensorflow"]["state"] == "missing"
    assert found["tensorflow"]["advice"].endswith("--models naive,ar")
    assert (found["pyarrow"]["state"], "forecastkit[parquet]" in found["pyarrow"]["advice"]) == ("note", True)
    shown = CliRunner().invoke(doctor.command, [])
    assert shown.output.rstrip().endswith("1 missing.")
    assert max(map(len, shown.output.splitlines())) <= 100


def test_a_driver_is_noticed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(doctor.shutil, "which", lambda name: f"/usr/bin/{name}")
    assert diagnosed()[1]["device"]["found"] == "NVIDIA driver found; --deep asks TensorFlow"


def test_the_cache_is_where_the_environment_says(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("FORECASTKIT_CACHE", str(tmp_path))
    (tmp_path / "one").write_text("x")
    assert diagnosed()[1]["price snapshots"]["found"] == f"{tmp_path} (1 files)"


def test_it_loads_no_tensorflow() -> None:
    program = (
        "import sys\nfrom forecastkit.cli import main\nsys.argv = ['forecastkit', 'doctor']\n"
        "try:\n    main()\nexcept SystemExit:\n    pass\n"
        "print([m for m in ('tensorflow', 'keras', 'matplotlib', 'statsmodels') if m in sys.modules])"
    )
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, timeout=60, check=True
    )
    assert done.stdout.splitlines()[-1] == "[]"
