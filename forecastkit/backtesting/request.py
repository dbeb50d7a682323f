"""What decides the forecasts of a run, JSON-ready: with the data, it names the run."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import asdict, fields, is_dataclass
from functools import cache
from importlib.metadata import version
from pathlib import Path
from typing import Any

from forecastkit.backtesting.plan import BacktestPlan
from forecastkit.models.protocol import Forecaster, family_of, seeds_of

PACKAGES = ("forecastkit", "numpy", "scipy", "pandas", "statsmodels", "tensorflow", "keras")


def describe_request(
    plan: BacktestPlan, recipes: Mapping[str, Forecaster], *, transform: str, seed: int, loss: str
) -> dict[str, Any]:
    """List plan, models, transform, seed, loss, versions and a hash of this package's code."""
    planned = {f.name: getattr(plan, f.name) for f in fields(plan)}
    if isinstance(plan.refit_every, Mapping):
        planned["refit_every"] = dict(plan.refit_every)
    return {
        "plan": planned,
        "models": {name: _describe(recipe, plan, name) for name, recipe in recipes.items()},
        "transform": transform,
        "seed": seed,
        "loss": loss,
        "versions": {name: version(name) for name in PACKAGES},
        "code": _code_hash(),
    }


def _describe(recipe: Forecaster, plan: BacktestPlan, name: str) -> dict[str, Any]:
    details = (
        asdict(recipe) if is_dataclass(recipe) and not isinstance(recipe, type) else {"recipe": repr(recipe)}
    )
    return {
        "family": family_of(recipe),
        "seeds": seeds_of(recipe),
        "refit_every": plan.refit_interval(name, getattr(recipe, "default_refit", 1)),
        "settings": {k: v for k, v in details.items() if isinstance(v, str | int | float | bool | None)},
    }


@cache
def _code_hash() -> str:
    """Hash of this package's source: forecasts of another version are not taken for one's own."""
    digest = hashlib.sha256()
    for path in sorted(Path(__file__).parents[1].rglob("*.py")):
        digest.update(path.read_bytes())
    return digest.hexdigest()[:16]
