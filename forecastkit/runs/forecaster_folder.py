"""A fitted forecaster as a folder of plain files, written whole or not at all, and verified when it is read.

manifest.json   what it is: format, model, settings, versions, data hash, and the hashes of all that follows
model.json      the fitted model as a tree of text and numbers
arrays.npz      its arrays, by the names they have in the tree; nothing pickled
"""

from __future__ import annotations

import hashlib
import json
import zipfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from forecastkit.errors import (
    SavedForecasterDamagedError,
    SavedForecasterError,
    SavedForecasterSchemaError,
)
from forecastkit.runs.folder import whole_folder

FORMAT = 1
MANIFEST, MODEL, ARRAYS = "manifest.json", "model.json", "arrays.npz"
DAMAGE = (KeyError, ValueError, TypeError, AttributeError, IndexError, EOFError, RecursionError)
"""What reading a damaged file raises."""


def write_forecaster(
    path: Path, told: Mapping[str, Any], tree: Any, arrays: Mapping[str, Any], *, overwrite: bool = False
) -> None:
    """Write a folder that is complete or as it was before.

    Args:
        path: of the folder, made where absent.
        told: the manifest, JSON-ready.
        tree, arrays: the model.
        overwrite: replace a forecaster that the folder holds.

    Raises:
        SavedForecasterError: the folder holds something else, or cannot be written.
    """
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        _check_place(path, overwrite)
        with whole_folder(path) as part:
            (part / MODEL).write_text(_text(tree), encoding="utf-8")
            np.savez(part / ARRAYS, **arrays)
            files = {name: _digest((part / name).read_bytes()) for name in (MODEL, ARRAYS)}
            manifest = {"format": FORMAT, **told, "files": files}
            manifest["digest"] = _digest(_text(manifest).encode())
            (part / MANIFEST).write_text(_text(manifest), encoding="utf-8")
    except SavedForecasterError:
        raise
    except OSError as error:
        raise SavedForecasterError(
            f"{str(path)!r} cannot be written ({error.strerror or error}). Choose another folder, or make "
            "room and permissions."
        ) from error


def read_forecaster(path: Path) -> tuple[dict[str, Any], Any, dict[str, Any]]:
    """Read manifest, tree and arrays, every file verified by its hash.

    Raises:
        SavedForecasterError: the folder holds no forecaster.
        SavedForecasterSchemaError: a newer version wrote it.
        SavedForecasterDamagedError: a file is missing, or not what was written.
    """
    if not (path / MANIFEST).is_file():
        raise SavedForecasterError(
            f"{str(path)!r} holds no forecaster: {MANIFEST} is missing. Give a folder that save_forecaster "
            "wrote."
        )
    try:
        manifest = json.loads((path / MANIFEST).read_bytes())
        if int(manifest["format"]) > FORMAT:
            raise SavedForecasterSchemaError(
                f"{str(path)!r} was written in format {manifest['format']}, by forecastkit "
                f"{manifest['versions']['forecastkit']}; this version reads format {FORMAT}. Update "
                "forecastkit, or fit again."
            )
        told = {name: value for name, value in manifest.items() if name != "digest"}
        if _digest(_text(told).encode()) != manifest["digest"]:
            raise ValueError(f"{MANIFEST} was changed")
        contents = {name: _verified(path / name, manifest["files"][name]) for name in (MODEL, ARRAYS)}
        with np.load(path / ARRAYS, allow_pickle=False) as arrays:
            return told, json.loads(contents[MODEL]), dict(arrays)
    except SavedForecasterError:
        raise
    except (*DAMAGE, OSError, zipfile.BadZipFile) as error:
        raise SavedForecasterDamagedError(
            f"The forecaster in {str(path)!r} is not what was written ({error}). Take another copy of the "
            "folder, or fit again."
        ) from error


def _verified(path: Path, digest: str) -> bytes:
    content = path.read_bytes()
    if _digest(content) != digest:
        raise ValueError(f"{path.name} was changed")
    return content


def _check_place(path: Path, overwrite: bool) -> None:
    """Leave alone what is no forecaster, and one that shall not be lost."""
    if path.exists() and not path.is_dir():
        raise SavedForecasterError(f"{str(path)!r} is a file. Choose a folder.")
    files = {file.name for file in path.iterdir()} if path.exists() else set()
    if files and not {MANIFEST} <= files <= {MANIFEST, MODEL, ARRAYS}:
        raise SavedForecasterError(
            f"{str(path)!r} is not empty and holds no forecaster. Choose a new or empty folder."
        )
    if files and not overwrite:
        raise SavedForecasterError(
            f"{str(path)!r} holds a forecaster already. Choose another folder, or pass overwrite=True to "
            "lose it."
        )


def _digest(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


def _text(content: Any) -> str:
    return json.dumps(content, indent=1, allow_nan=False) + "\n"
