"""The pattern of a model of one's own runs: as a function, as a recipe, and by an entry point."""

from __future__ import annotations

import json
import sys
from importlib import import_module
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner

import forecastkit as fk
from forecastkit.cli.models import command
from forecastkit.models import template
from forecastkit.models.registry import find_model, model_names

PLAN = fk.BacktestPlan(horizon=3, origins=30)


@pytest.fixture(scope="module")
def series():
    return fk.load("synthetic:ar2?n=150")


def copied(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Print the template into a module of another name, as the README says."""
    (folder / "my_model.py").write_text(CliRunner().invoke(command, ["--template"]).output)
    monkeypatch.syspath_prepend(str(folder))
    monkeypatch.delitem(sys.modules, "my_model", raising=False)


def test_function(series):
    def last_week(values, horizon):
        return np.resize(values[-7:], horizon)

    fk.check_forecaster(last_week)
    assert "week" in fk.compare(series, {"ar": "ar", "week": last_week}, plan=PLAN).skill


def test_recipe_by_hand(history):
    """1, 2, 3: mean 2, phi = (1 * 0 + 0 * -1) / 2 = 0, so the mean; with phi = .5 the distance halves."""
    fitted = template.Shrunk().fit(history([1.0, 2.0, 3.0]), horizon=2, rng=np.random.default_rng(0))
    assert (fitted.mean, fitted.phi) == (2.0, 0.0)
    path = template.FittedShrunk(2.0, 0.5).forecast(history([6.0]), 2)
    assert path.tolist() == [4.0, 3.0]


def test_copied_recipe(tmp_path, monkeypatch, series):
    copied(tmp_path, monkeypatch)
    recipe = import_module("my_model").Shrunk()
    fk.check_forecaster(recipe)
    result = fk.compare(series, {"ar": "ar", "shrunk": recipe}, plan=PLAN)
    assert result.skill["shrunk"].shape == (3,)


def test_entry_point(tmp_path, monkeypatch, series):
    copied(tmp_path, monkeypatch)
    told = tmp_path / "my_package-1.0.dist-info"
    told.mkdir()
    (told / "METADATA").write_text("Metadata-Version: 2.1\nName: my-package\nVersion: 1.0\n")
    (told / "entry_points.txt").write_text("[forecastkit.models]\nshrunk = my_model:Shrunk\n")
    assert "shrunk" in model_names()
    assert find_model("shrunk", most=0.5).most == 0.5
    assert "shrunk" in fk.compare(series, ["ar", "shrunk"], plan=PLAN).skill


def test_every_route_is_documented():
    for word in ("def last_week", "check_forecaster", 'entry-points."forecastkit.models"', "RENAME"):
        assert word in Path(template.__file__).read_text()
    shown = CliRunner().invoke(command, ["--template", "--json"])
    assert json.loads(shown.output)["template"] == Path(template.__file__).read_text()
