"""Fitted forecasters on disk: written without pickles, read without running code, to the same forecasts."""

from __future__ import annotations

import warnings
from dataclasses import asdict
from pathlib import Path
from typing import Any

from forecastkit.backtesting.request import canonical, package_versions
from forecastkit.errors import (
    ForecastKitWarning,
    SavedForecasterDamagedError,
    SavedForecasterError,
    SavedForecasterSchemaError,
)
from forecastkit.forecaster import FittedForecaster, FittedOn
from forecastkit.models.portable import put_together, take_apart
from forecastkit.models.protocol import family_of
from forecastkit.runs.forecaster_folder import DAMAGE, read_forecaster, write_forecaster
from forecastkit.series.transforms import find_transform

NUMERIC = ("forecastkit", "numpy", "scipy")
NETWORK = ("tensorflow", "keras")
"""Packages whose version may change the last digits of a forecast."""


def save_forecaster(fitted: FittedForecaster, folder: str | Path, *, overwrite: bool = False) -> Path:
    """Keep a fitted forecaster in a folder, complete or not at all.

    It holds `manifest.json` (format, model, settings, versions, hash of the data), `model.json` and
    `arrays.npz`: text and numbers, no pickles, and not the data.

    Args:
        fitted: what `fit` returned.
        folder: made where absent.
        overwrite: replace a forecaster that the folder holds.

    Returns:
        the folder.

    Raises:
        SavedForecasterError: the folder holds something else, or cannot be written.
        ModelError: the model did not come with forecastkit; its objects cannot be read without running code.
    """
    tree, arrays = take_apart([fitted.recipe, list(fitted.members)])
    told = {
        "model": fitted.name,
        "horizon": fitted.horizon,
        "transform": {"name": fitted.transform.name, "parameters": list(fitted.transform.parameters)},
        "data": asdict(fitted.data),
        "settings": canonical(fitted.recipe),
        "versions": package_versions(),
    }
    write_forecaster(Path(folder), told, tree, arrays, overwrite=overwrite)
    return Path(folder)


def load_forecaster(folder: str | Path) -> FittedForecaster:
    """Read a forecaster that `save_forecaster` kept; its forecasts are the same, bit for bit.

    Nothing in the folder is run: only classes that this package lists are made, from text and numbers that
    are verified by their hashes. Another version of a package that computes is told by a warning.

    Raises:
        SavedForecasterError: the folder holds no forecaster.
        SavedForecasterSchemaError: another version wrote it, whose models this one does not know.
        SavedForecasterDamagedError: a file is missing, or not what was written.
    """
    told, tree, arrays = read_forecaster(Path(folder))
    try:
        recipe, members = put_together(tree, arrays)
        covariates = {kind: tuple(told["data"][kind]) for kind in ("known", "past")}
        data = FittedOn(**{**told["data"], **covariates})
        transform = find_transform(told["transform"]["name"])
        fitted = FittedForecaster(
            recipe=recipe,
            members=tuple(members),
            transform=transform.with_parameters(tuple(told["transform"]["parameters"]), data.period),
            horizon=told["horizon"],
            data=data,
        )
    except DAMAGE as error:
        raise _not_understood(folder, told, error) from error
    _warn_of_versions(told["versions"], NUMERIC + NETWORK * (family_of(recipe) == "network"))
    return fitted


def _not_understood(folder: str | Path, told: Any, error: Exception) -> SavedForecasterError:
    """Its hashes are right: another version wrote it, or, where versions agree, another hand."""
    theirs, ours = told.get("versions", {}).get("forecastkit"), package_versions()["forecastkit"]
    if theirs != ours:
        return SavedForecasterSchemaError(
            f"The forecaster in {str(folder)!r} was written by forecastkit {theirs}, whose model "
            f"{told.get('model')!r} forecastkit {ours} does not know ({error!r}). Read it with that version, "
            "or fit again."
        )
    return SavedForecasterDamagedError(
        f"The forecaster in {str(folder)!r} is not what was written ({error!r}). Take another copy of the "
        "folder, or fit again."
    )


def _warn_of_versions(theirs: dict[str, Any], names: tuple[str, ...]) -> None:
    pairs = [(name, theirs.get(name), package_versions()[name]) for name in names]
    changed = [f"{name} {then} -> {now}" for name, then, now in pairs if then != now]
    if changed:
        warnings.warn(
            f"The forecaster was saved under other versions ({', '.join(changed)}): its forecasts may differ "
            "in their last digits. Fit again where that matters.",
            ForecastKitWarning,
            stacklevel=3,
        )
