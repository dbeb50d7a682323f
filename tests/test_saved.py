"""A saved forecaster: the same bits after loading, no code run, and a typed error for whatever is wrong."""

from __future__ import annotations

import hashlib
import json
import subprocess
import sys
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

import forecastkit as fk
from forecastkit.errors import (
    ForecastKitWarning,
    ModelError,
    SavedForecasterDamagedError,
    SavedForecasterError,
    SavedForecasterSchemaError,
)
from forecastkit.models.portable import put_together, take_apart
from forecastkit.models.protocol import family_of
from forecastkit.models.registry import MODELS, find_model
from forecastkit.runs import forecaster_folder

SOURCE = "synthetic:ar2?n=120&seed=4"
TINY = {"units": 2, "epochs": 1, "lookback": 4, "tries": 1, "seeds": 1, "batch": 16, "process": SOURCE}
SERIES = fk.load(SOURCE)
SAME_CLASSES = {"gru", "rnn", "lstm-stacked"}
"""Models that are made of what `lstm` is made of."""


@cache
def fitted(model: str) -> fk.FittedForecaster:
    recipe = find_model(model, **TINY)
    return fk.fit(SERIES, recipe, horizon=1 if family_of(recipe) == "network" else 3)


@pytest.fixture
def kept(tmp_path: Path) -> Path:
    return fk.save_forecaster(fitted("ar"), tmp_path / "kept")


@pytest.mark.parametrize("model", [name for name in MODELS if name not in SAME_CLASSES])
def test_every_model_forecasts_the_same_bits_after_loading(model: str, tmp_path: Path) -> None:
    loaded = fk.load_forecaster(fk.save_forecaster(fitted(model), tmp_path / "kept"))
    longer = fk.load("synthetic:ar2?n=130&seed=4")
    frames = [forecaster.forecast(longer) for forecaster in (fitted(model), loaded)]
    assert frames[0].equals(frames[1])
    assert loaded.recipe == fitted(model).recipe
    assert loaded.data == fitted(model).data
    assert repr(loaded) == repr(fitted(model))


def test_another_process_forecasts_the_same_bits(kept: Path) -> None:
    program = (
        f"import forecastkit as fk; f = fk.load_forecaster({str(kept)!r}).forecast(fk.load({SOURCE!r}));"
        "print(f.iloc[:, 5:].to_numpy(float).tobytes().hex())"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    here = fitted("ar").forecast(SERIES).iloc[:, 5:].to_numpy(np.float64)
    assert done.stdout.strip() == here.tobytes().hex()


def test_parameters_of_transforms_and_covariates_come_back(tmp_path: Path) -> None:
    known = np.random.default_rng(0).normal(size=(64, 1))
    values, index = np.exp(known[:60, 0]) + 2, pd.RangeIndex(60)
    series = fk.Series(values, index, known=known, known_names=("x",))
    seasonal = fk.Series(values, index, period=4)
    for transform, given in (
        ("box-cox+standardise", series),
        ("log-return", series),
        ("seasonal-difference", seasonal),
    ):
        first = fk.fit(given, "ar", horizon=3, transform=transform)
        again = fk.load_forecaster(fk.save_forecaster(first, tmp_path / transform))
        assert again.forecast(given).equals(first.forecast(given))


def test_the_manifest_says_what_is_kept_and_not_the_data(kept: Path) -> None:
    manifest = json.loads((kept / "manifest.json").read_text())
    assert (manifest["format"], manifest["model"], manifest["horizon"]) == (1, "ar", 3)
    assert manifest["settings"]["criterion"] == "bic"
    assert manifest["data"]["fingerprint"] == SERIES.fingerprint
    assert manifest["versions"]["numpy"] == np.__version__
    with np.load(kept / "arrays.npz", allow_pickle=False) as arrays:
        assert all(array.size < 30 for array in arrays.values())


def test_a_model_of_ones_own_is_not_kept(tmp_path: Path) -> None:
    own = fk.fit(SERIES, lambda values, horizon: values[-horizon:], horizon=3)
    with pytest.raises(
        ModelError, match=r"FromFunction cannot be kept: only models that come with forecastkit"
    ):
        fk.save_forecaster(own, tmp_path / "kept")
    assert not list(tmp_path.iterdir())


def test_what_is_there_is_left_alone(kept: Path, tmp_path: Path) -> None:
    with pytest.raises(SavedForecasterError, match="holds a forecaster already"):
        fk.save_forecaster(fitted("naive"), kept)
    assert fk.load_forecaster(kept).name == "ar"
    assert fk.load_forecaster(fk.save_forecaster(fitted("naive"), kept, overwrite=True)).name == "naive"
    (kept / "notes.txt").touch()
    with pytest.raises(SavedForecasterError, match="is not empty and holds no forecaster"):
        fk.save_forecaster(fitted("ar"), kept, overwrite=True)
    (tmp_path / "file").touch()
    with pytest.raises(SavedForecasterError, match="is a file"):
        fk.save_forecaster(fitted("ar"), tmp_path / "file")
    with pytest.raises(SavedForecasterError, match="cannot be written"):
        fk.save_forecaster(fitted("ar"), tmp_path / "file" / "below")


def test_an_interrupted_save_leaves_what_was_there(kept: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def interrupted(*_: Any, **__: Any) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(forecaster_folder.np, "savez", interrupted)
    for folder in (kept, kept.with_name("new")):
        with pytest.raises(KeyboardInterrupt):
            fk.save_forecaster(fitted("naive"), folder, overwrite=True)
    assert fk.load_forecaster(kept).name == "ar"
    assert [path.name for path in kept.parent.iterdir()] == ["kept"]


def cut(path: Path) -> None:
    path.write_bytes(path.read_bytes()[:-20])


def flip(path: Path) -> None:
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 1
    path.write_bytes(bytes(content))


@pytest.mark.parametrize("name", ["manifest.json", "model.json", "arrays.npz"])
@pytest.mark.parametrize("harm", [cut, flip, lambda path: path.write_bytes(b"")])
def test_damage_is_told(kept: Path, name: str, harm: Callable[[Path], None]) -> None:
    harm(kept / name)
    with pytest.raises(SavedForecasterDamagedError, match=r"not what was written .* or fit again"):
        fk.load_forecaster(kept)


def test_a_missing_file_is_told(kept: Path, tmp_path: Path) -> None:
    (kept / "arrays.npz").unlink()
    with pytest.raises(SavedForecasterDamagedError, match=r"arrays\.npz"):
        fk.load_forecaster(kept)
    with pytest.raises(SavedForecasterError, match=r"holds no forecaster: manifest\.json is missing"):
        fk.load_forecaster(tmp_path)


def forge(kept: Path, manifest: Callable[[dict], None], model: Callable[[Any], Any] = lambda m: m) -> None:
    """Change a folder with all its hashes made right, as another version or another hand would."""
    tree = model(json.loads((kept / "model.json").read_text()))
    (kept / "model.json").write_text(json.dumps(tree))
    told = json.loads((kept / "manifest.json").read_text())
    manifest(told)
    told["files"]["model.json"] = hashlib.sha256((kept / "model.json").read_bytes()).hexdigest()
    told.pop("digest")
    text = json.dumps(told, indent=1) + "\n"
    told["digest"] = hashlib.sha256(text.encode()).hexdigest()
    (kept / "manifest.json").write_text(json.dumps(told))


def test_a_newer_format_is_told(kept: Path) -> None:
    forge(kept, lambda told: told.update(format=2))
    with pytest.raises(SavedForecasterSchemaError, match=r"format 2, .* reads format 1\. Update forecastkit"):
        fk.load_forecaster(kept)


def test_versions_that_compute_otherwise_are_told(kept: Path) -> None:
    forge(kept, lambda told: told["versions"].update(numpy="1.0", tensorflow="1.0"))
    with pytest.warns(ForecastKitWarning, match=r"other versions \(numpy 1\.0 -> "):
        assert fk.load_forecaster(kept).name == "ar"


@pytest.mark.parametrize(
    "tree",
    [
        {"class": "os.system", "fields": {"command": "true"}},
        {"class": "FittedDirect", "fields": {"surprise": 1}},
        {"rule": "eval"},
        {"array": "nowhere"},
        {"unheard": 1},
        {"two": 1, "keys": 2},
    ],
)
def test_nothing_but_known_classes_is_made(kept: Path, tree: Any) -> None:
    with pytest.raises((KeyError, TypeError, ValueError)):
        put_together(tree, {})
    forge(kept, lambda told: None, lambda model: [model[0], [tree]])
    with pytest.raises(SavedForecasterDamagedError, match="not what was written"):
        fk.load_forecaster(kept)
    forge(kept, lambda told: told["versions"].update(forecastkit="9.9"))
    with pytest.raises(SavedForecasterSchemaError, match=r"written by forecastkit 9\.9, whose model 'ar'"):
        fk.load_forecaster(kept)


def test_pickled_arrays_are_refused(kept: Path) -> None:
    np.savez(kept / "arrays.npz", a0=np.array([{}], dtype=object))
    digest = hashlib.sha256((kept / "arrays.npz").read_bytes()).hexdigest()
    forge(kept, lambda told: told["files"].update({"arrays.npz": digest}))
    with pytest.raises(SavedForecasterDamagedError, match="allow_pickle"):
        fk.load_forecaster(kept)


def test_plain_things_come_back_as_they_were() -> None:
    thing = {"a": [1, 2.5, None, True], "b": (float("inf"), "text", np.float32(0.1)), "c": float("nan")}
    tree, arrays = take_apart(thing)
    again = put_together(json.loads(json.dumps(tree, allow_nan=False)), arrays)
    assert again["a"] == thing["a"]
    assert again["b"] == (float("inf"), "text", float(np.float32(0.1)))
    assert np.isnan(again["c"])
