"""Which room may know which, and what the bare import may load."""

from __future__ import annotations

import ast
import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

import forecastkit

PACKAGE = Path(forecastkit.__file__).parent
MODULES = sorted(PACKAGE.rglob("*.py"))
ROOMS = sorted({path.relative_to(PACKAGE).parts[0].removesuffix(".py") for path in MODULES})

FLOORS = [
    {"errors", "arrays", "seeds", "pulse", "workers", "tasks"},
    {"series"},
    {"sources", "diagnostics"},
    {"models"},
    {"runs"},
    {"backtesting"},
    {"scoring"},
    {"comparison"},
    {"reporting"},
    {"evaluation", "archive", "forecaster"},
    {"auditing", "saved"},
    {"api"},
    {"selftest", "lab"},
    {"schedule"},
    {"cli"},
]
HEIGHT = {room: floor for floor, rooms in enumerate(FLOORS) for room in rooms}
DOORS = {"__init__", "__main__"}
UP = {
    ("comparison/comparison.py", "reporting"),
    ("comparison/evaluation.py", "reporting"),
    ("comparison/honesty.py", "reporting"),
    ("diagnostics/diagnosis.py", "reporting"),
    ("models/ar_diagnosis.py", "reporting"),
}
ONLY_IN = {
    "tensorflow": ("models/networks/tf_", "models/networks/gradients.py"),
    "keras": ("models/networks/",),
    "yfinance": ("sources/market.py",),
}
HEAVY = (
    "numpy",
    "pandas",
    "statsmodels",
    "sklearn",
    "scipy",
    "tensorflow",
    "keras",
    "yfinance",
    "matplotlib",
)


def here(path: Path) -> str:
    return path.relative_to(PACKAGE).as_posix()


def imported_names(path: Path) -> Iterator[str]:
    """Every module that a file imports, wherever in the file."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            yield "." * node.level + (node.module or "")


def test_every_room_has_a_floor():
    assert [room for room in ROOMS if room not in HEIGHT and room not in DOORS] == []


@pytest.mark.parametrize("path", MODULES, ids=here)
def test_imports_only_go_down(path):
    room = path.relative_to(PACKAGE).parts[0].removesuffix(".py")
    wrong = []
    for name in imported_names(path):
        top, *rest = name.split(".")
        if not here(path).startswith(ONLY_IN.get(top, (here(path),))):
            wrong.append(f"{name} is not for this module")
        if top == "forecastkit" and room in HEIGHT and rest:
            below = HEIGHT[rest[0]] < HEIGHT[room]
            neighbours = HEIGHT[rest[0]] == HEIGHT[room] == 0  # single modules in one folder
            if not (rest[0] == room or below or neighbours or (here(path), rest[0]) in UP):
                wrong.append(f"{name} is not below {room}")
    assert wrong == []


@pytest.mark.parametrize("path", MODULES, ids=here)
def test_imports_are_absolute_and_name_a_module(path):
    rooms = {f"forecastkit.{room}" for room in ROOMS if (PACKAGE / room).is_dir() and room != "cli"}
    vague = [name for name in imported_names(path) if name.startswith(".") or name in rooms]
    assert vague == []


def test_run_folders_know_series_only():
    known = {
        name.split(".")[1]
        for path in (PACKAGE / "runs").glob("*.py")
        for name in imported_names(path)
        if name.startswith("forecastkit.")
    }
    assert known <= {"errors", "arrays", "seeds", "series", "runs"}


def test_plain_numbers_below_dates():
    dated = [path for path in MODULES if "pandas" in {name.split(".")[0] for name in imported_names(path)}]
    numeric = {"arrays.py", "seeds.py", "series/windows.py", "series/transforms.py", "models/lags.py"}
    assert [here(path) for path in dated if here(path) in numeric] == []


def test_room_inits_are_empty():
    inits = [path for path in MODULES if path.name == "__init__.py" and here(path) != "__init__.py"]
    full = [here(path) for path in inits if path.read_text(encoding="utf-8").strip()]
    assert full == ["cli/__init__.py"]


def test_no_drawer_for_anything():
    nameless = {"utils.py", "util.py", "helpers.py", "base.py", "common.py", "misc.py"}
    assert [here(path) for path in MODULES if path.name in nameless] == []


def test_no_room_bears_the_name_of_a_public_function():
    assert [name for name in forecastkit.__all__ if name in ROOMS] == []


@pytest.mark.parametrize("path", MODULES, ids=here)
def test_no_assert_print_or_bare_except(path):
    found = []
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Assert) or (isinstance(node, ast.ExceptHandler) and node.type is None):
            found.append(node.lineno)
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "print":
            found.append(node.lineno)
    assert found == []


def loaded_after(code: str, watched: tuple[str, ...]) -> list[str]:
    """Run code in a fresh interpreter and say which of the watched packages it loaded."""
    program = f"{code}\nimport json, sys\nprint(json.dumps([m for m in {watched!r} if m in sys.modules]))"
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True, timeout=60
    )
    return json.loads(done.stdout.splitlines()[-1])


def test_import_is_light():
    assert loaded_after("import forecastkit; forecastkit.__version__", HEAVY) == []


def test_help_is_light():
    code = (
        "import sys\nfrom forecastkit.cli import main\nsys.argv = ['forecastkit', '--help']\n"
        "try:\n    main()\nexcept SystemExit as done:\n    assert done.code == 0"
    )
    assert loaded_after(code, HEAVY) == []


def test_the_ar_alone_never_loads_a_network():
    code = (
        "import forecastkit as fk\n"
        "plan = fk.BacktestPlan(horizon=3, origins=15)\n"
        "fk.compare(fk.load('synthetic:ar2?n=120'), models=['ar'], plan=plan)"
    )
    assert loaded_after(code, ("statsmodels", "sklearn", "scipy.stats", "tensorflow", "keras")) == []
