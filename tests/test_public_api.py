"""What `import forecastkit` promises, and that every example in a docstring is true."""

from __future__ import annotations

import doctest
import io
from importlib import import_module
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

import forecastkit

PUBLIC = [
    "BacktestPlan",
    "Comparison",
    "Diagnosis",
    "Evaluation",
    "FittedForecaster",
    "Forecasts",
    "History",
    "Scores",
    "Series",
    "__version__",
    "audit",
    "backtest",
    "check_forecaster",
    "compare",
    "diagnose",
    "diagnose_ar",
    "evaluate",
    "fit",
    "forecast_panel",
    "load",
    "load_forecaster",
    "prove_no_leak",
    "read_run",
    "report",
    "resume",
    "save_forecaster",
]
PACKAGE = Path(forecastkit.__file__).parent
DOCUMENTED = sorted(
    ".".join(("forecastkit", *path.relative_to(PACKAGE).with_suffix("").parts))
    for path in PACKAGE.rglob("*.py")
    if path.stem not in {"__init__", "__main__"} and "networks" not in path.parts
)


def test_public_names_are_these():
    assert forecastkit.__all__ == PUBLIC
    assert dir(forecastkit) == PUBLIC


@pytest.mark.parametrize("name", [name for name in PUBLIC if name != "__version__"])
def test_every_name_resolves_to_its_one_home(name):
    found = getattr(forecastkit, name)
    assert found.__name__ == name
    assert found.__module__.startswith("forecastkit.")
    assert getattr(import_module(found.__module__), name) is found


def test_version_is_that_of_the_distribution():
    from importlib.metadata import version

    assert forecastkit.__version__ == version("forecastkit")


def test_unknown_name_is_an_attribute_error():
    with pytest.raises(AttributeError, match="module 'forecastkit' has no attribute 'forecast'"):
        forecastkit.forecast  # noqa: B018


@pytest.mark.parametrize("name", DOCUMENTED)
def test_examples_in_docstrings_are_true(name):
    module = import_module(name)
    said = io.StringIO()
    runner = doctest.DocTestRunner(verbose=False)
    for test in doctest.DocTestFinder().find(module, extraglobs={"np": np, "pd": pd}):
        runner.run(test, out=said.write)
    assert said.getvalue() == ""
    assert runner.summarize(verbose=False).failed == 0


def test_there_are_examples_to_run():
    finder = doctest.DocTestFinder()
    examples = [e for name in DOCUMENTED for t in finder.find(import_module(name)) for e in t.examples]
    assert len(examples) >= 15
