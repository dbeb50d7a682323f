"""The honesty audit on request: of a comparison, an evaluation, or forecasts made elsewhere."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from forecastkit.backtesting.certificate import Certificate
from forecastkit.backtesting.leak_proof import prove_no_leak
from forecastkit.comparison.audited import OURS
from forecastkit.comparison.comparison import Comparison
from forecastkit.comparison.evaluation import Evaluation
from forecastkit.comparison.honesty import Audit
from forecastkit.errors import DataError, ModelError, ReportError, UnknownModelError, nearest
from forecastkit.evaluation import evaluate
from forecastkit.models.protocol import Forecaster, FromFunction
from forecastkit.series.series import Series, checkpoints, label

FITS_OF_A_PROOF = 8
LONGEST_PROOF = 20.0
"""Seconds that proving a model of one's own may take inside `compare`; beyond them it is left to the user."""
MOST_STEPS = 12


def audit(
    result: Any,
    *,
    models: Mapping[str, Any] | None = None,
    previous: str | Path | Mapping[str, Any] | None = None,
    **how: Any,
) -> Audit:
    """Make every coded check of honesty that applies, see `forecastkit audit --explain CODE`.

    On forecasts made elsewhere the checks that read forecasts alone are made; those that need the model, or
    what its fits tell, say so ("untested").

    Args:
        result: what `compare` or `evaluate` returned, or forecasts in any form that `evaluate` takes.
        models: models by the name they have in the result, which are then asked by `prove_no_leak`.
        previous: an earlier `report.json`, or its folder, whose data are compared with these.
        how: of forecasts: history, roles, layout, columns, period, ..., as in `evaluate`.

    Returns:
        the findings; printing them gives them in words, `.failed` those under which the result does not hold.

    Raises:
        DataError: there are several series (pick one of `evaluate(...).comparisons`), or too few origins.
        UnknownModelError: a model was given that is not in the result.
        ReportError: the earlier report cannot be read.

    Example:
        >>> import forecastkit as fk
        >>> made = fk.backtest(fk.load("sunspots"), "ar", plan=fk.BacktestPlan(horizon=3, origins=60))
        >>> audit(made.to_frame())["H-SCALE"].level
        'untested'
    """
    if isinstance(result, Comparison):
        comparison = result
    else:
        comparison = (result if isinstance(result, Evaluation) else evaluate(result, **how)).comparison
    given = dict(models or {})
    unknown = [name for name in given if name not in comparison.forecasts.models]
    if unknown:
        raise UnknownModelError(
            f"{unknown[0]!r} is not in this comparison. {nearest(unknown[0], comparison.forecasts.models)}"
        )
    probes = comparison.probes
    if given:
        proved = {name: _certificate(model, comparison) for name, model in given.items()}
        probes = replace(probes, certificates={**probes.certificates, **proved})
    if previous is not None:
        probes = replace(probes, previous=against_previous(comparison.series, previous))
    return replace(comparison, probes=probes).honesty


def proofs_of_own(comparison: Comparison, recipes: Mapping[str, Forecaster]) -> dict[str, Certificate]:
    """Prove that models of one's own do not look ahead, where that takes seconds and not minutes.

    Args:
        comparison: in which they were compared.
        recipes: of all models, by name; those of this package are proved by its tests.
    """
    proved = {}
    for name, recipe in recipes.items():
        if _is_own(recipe) and name in comparison.scores.models and _quick(comparison, name):
            try:
                proved[name] = _certificate(recipe, comparison)
            except (ModelError, DataError):  # the check then says that the model is still to be asked
                continue
    return proved


def against_previous(series: Series, previous: str | Path | Mapping[str, Any]) -> dict[str, Any] | None:
    """Compare data with those of an earlier report: the observations that both cover, by their hashes.

    Args:
        series: the data.
        previous: `report.json`, its folder, or its content.

    Returns:
        observations, added, same, and, where they differ, `first`: the span in which the first difference
        lies; None where the report says too little about its data.

    Raises:
        ReportError: it cannot be read.
    """
    told = previous if isinstance(previous, Mapping) else _read(Path(previous))
    before = told.get("series", {})
    marks = before.get("checkpoints")
    if not isinstance(marks, list) or not marks:
        return None
    count = int(before["observations"])
    found = dict(checkpoints(series, [stop for stop, _ in marks if stop <= len(series)]))
    differs = next((i for i, (stop, digest) in enumerate(marks) if found.get(stop) != digest), None)
    facts: dict[str, Any] = {"observations": count, "added": len(series) - count, "same": differs is None}
    if differs is not None:
        start = marks[differs - 1][0] if differs else 0
        end = min(marks[differs][0], len(series)) - 1
        facts["first"] = f"{label(series.index[min(start, end)])} to {label(series.index[end])}"
    return facts


def _read(path: Path) -> Mapping[str, Any]:
    file = path / "report.json" if path.is_dir() else path
    try:
        told = json.loads(file.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise ReportError(f"The earlier report {str(file)!r} cannot be read: {error}.") from error
    if not isinstance(told, Mapping):
        raise ReportError(f"{str(file)!r} is no report. Give a report.json, or the folder that holds one.")
    return told


def _certificate(model: Any, comparison: Comparison) -> Certificate:
    settings, horizon = comparison.settings, comparison.forecasts.horizon
    return prove_no_leak(
        model,
        comparison.series,
        horizon=min(horizon, MOST_STEPS),
        transform=settings.get("transform", "none"),
        seed=int(settings.get("seed", 0)),
    )


def _is_own(recipe: Forecaster) -> bool:
    return isinstance(recipe, FromFunction) or not type(recipe).__module__.startswith(OURS)


def _quick(comparison: Comparison, name: str) -> bool:
    """Whether a proof fits into the time, judged by what a fit and a forecast took in the comparison."""
    forecasts = comparison.forecasts
    fits = max(1, forecasts.refits[name]) * len(forecasts.members.get(name, [0]))
    each = forecasts.fit_seconds[name] / fits
    call = forecasts.forecast_seconds[name] / max(1, len(forecasts.origins))
    return bool(np.isfinite(each) and FITS_OF_A_PROOF * each + 200 * call < LONGEST_PROOF)
