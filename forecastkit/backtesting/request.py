"""What decides the forecasts of a run, JSON-ready: with the data, it names the run."""

from __future__ import annotations

import hashlib
import inspect
import uuid
from collections.abc import Mapping
from dataclasses import fields, is_dataclass
from functools import cache
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any, get_args

import numpy as np

from forecastkit.backtesting.plan import BacktestPlan
from forecastkit.errors import PlanError
from forecastkit.models.networks.device import Device
from forecastkit.models.protocol import Forecaster, FromFunction, covariates_of, family_of, seeds_of

PACKAGES = ("forecastkit", "numpy", "scipy", "pandas", "statsmodels", "tensorflow", "keras")


def describe_request(
    plan: BacktestPlan,
    recipes: Mapping[str, Forecaster],
    *,
    observations: int,
    transform: str,
    seed: int,
    loss: str,
) -> dict[str, Any]:
    """List plan, models, transform, seed, loss, versions and a hash of this package's code.

    Models of one's own are described by their settings and by a hash of the file that defines them; one that
    is defined in no file (in a notebook) is never taken for the same again.
    """
    return {
        "plan": {f.name: canonical(getattr(plan, f.name)) for f in fields(plan)},
        "models": {name: _describe(recipe, plan, name, observations) for name, recipe in recipes.items()},
        "transform": transform,
        "seed": int(seed),
        "loss": loss,
        "versions": package_versions(),
        "code": _package_hash(),
    }


def check_training(seeds: int, seed: int, device: str) -> None:
    """Refuse settings of the training that have no meaning.

    Raises:
        PlanError: with what was given and what is needed.
    """
    if seeds < 1 or seed < 0:
        raise PlanError(
            f"seeds={seeds} and seed={seed} were given; seeds must be at least 1, seed at least 0."
        )
    if device not in get_args(Device):
        raise PlanError(f"device={device!r} was given. Choose one of {', '.join(get_args(Device))}.")


def package_versions() -> dict[str, str | None]:
    """Versions of the packages that decide a forecast; None for one that is not installed."""
    return {name: _version(name) for name in PACKAGES}


def canonical(value: Any) -> Any:
    """Reduce a setting to JSON so that equal settings, and only those, give equal text."""
    if isinstance(value, np.generic):
        value = value.item()
    if isinstance(value, str | int | float | bool | None):
        return value
    if isinstance(value, np.ndarray):
        return (
            f"{value.dtype} {value.shape} {hashlib.sha256(np.ascontiguousarray(value).tobytes()).hexdigest()}"
        )
    if isinstance(value, Mapping):
        return {str(key): canonical(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [canonical(item) for item in value]
    if is_dataclass(value) and not isinstance(value, type):
        return {
            "class": _origin_of(type(value)),
            **{f.name: canonical(getattr(value, f.name)) for f in fields(value)},
        }
    if inspect.isfunction(value):
        cells = [cell.cell_contents for cell in value.__closure__ or ()]
        return {"function": _origin_of(value), "given": canonical([*cells, *(value.__defaults__ or ())])}
    if hasattr(value, "__dict__") and not isinstance(value, type):
        return {"class": _origin_of(type(value)), **{k: canonical(v) for k, v in vars(value).items()}}
    return _origin_of(value)


def _origin_of(thing: Any) -> str:
    """Name a class or function with a hash of the file that defines it."""
    name = f"{getattr(thing, '__module__', '')}.{getattr(thing, '__qualname__', type(thing).__name__)}"
    try:
        file = Path(inspect.getsourcefile(thing) or "")
        return f"{name} {_hash_of(file, file.stat().st_mtime_ns)}"
    except (OSError, TypeError):
        return f"{name} {uuid.uuid4()}"


@cache
def _hash_of(file: Path, changed: int) -> str:
    """Hash a file as it was when last changed, so that it is read once."""
    return hashlib.sha256(file.read_bytes()).hexdigest()[:16]


def _describe(recipe: Forecaster, plan: BacktestPlan, name: str, observations: int) -> dict[str, Any]:
    inside = recipe.function if isinstance(recipe, FromFunction) else recipe
    settings = canonical(inside)
    return {
        "family": family_of(recipe),
        "seeds": seeds_of(recipe),
        "covariates": list(covariates_of(recipe)),
        "refit_every": plan.refit_interval(name, getattr(recipe, "default_refit", 1), observations),
        "settings": settings if isinstance(settings, dict) else {"model": settings},
    }


@cache
def _version(name: str) -> str | None:
    try:
        return version(name)
    except PackageNotFoundError:
        return None


@cache
def _package_hash() -> str:
    """Hash of this package's source: forecasts of another version are not taken for one's own."""
    digest = hashlib.sha256()
    for path in sorted(Path(__file__).parents[1].rglob("*.py")):
        digest.update(path.read_bytes())
    return digest.hexdigest()[:16]
