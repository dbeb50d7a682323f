"""What figures and tables show: errors in the unit of the series, names, ranges, origins to look at."""

from __future__ import annotations

import numpy as np

from forecastkit.arrays import Vector
from forecastkit.comparison.comparison import Comparison
from forecastkit.series.missing import carried
from forecastkit.series.series import Series, label
from forecastkit.series.transforms import find_transform

SMALLEST_SKILL_RANGE = 0.1
LARGEST_ERROR_RATIO = 2.0
"""Errors beyond this many times the largest of the references are cut off."""

STEP_WORDS = {
    "Y": "years",
    "Q": "quarters",
    "M": "months",
    "W": "weeks",
    "D": "days",
    "B": "business days",
    "h": "hours",
    "min": "minutes",
}


def fan_origins(comparison: Comparison) -> tuple[int, ...]:
    """Positions, among the origins, of the first, the middle and the last one that every model served."""
    kept = np.flatnonzero(comparison.scores.kept)
    return tuple(sorted({int(kept[i]) for i in (0, len(kept) // 2, -1)})) if len(kept) else ()


def fan_models(comparison: Comparison) -> tuple[str, ...]:
    """The AR and the network in question; where there is neither, up to two others, or else references."""
    verdict = comparison.verdict
    asked = tuple(name for name in (verdict.ar, verdict.network) if name) if verdict else ()
    return asked or tuple(comparison.skill)[:2] or comparison.references[:2]


def cutoff_of(comparison: Comparison, position: int) -> str:
    """Name the last moment known at one of the origins."""
    return label(comparison.series.index[comparison.forecasts.origins[position] - 1])


def error_curve(comparison: Comparison, model: str) -> Vector:
    """Error by h in the unit of the series: RMSE where the loss is squared, MAE where it is absolute."""
    loss = comparison.scores.of(model, comparison.loss)
    return np.sqrt(loss) if comparison.loss == "squared" else loss


def skill_range(comparison: Comparison) -> tuple[float, float]:
    """Ends of the skill axis: 10 % either way at least; below zero at most as far as above, or 50 %."""
    values = np.concatenate([np.zeros(1), *comparison.skill.values()])
    values = values[np.isfinite(values)]
    ceiling = max(SMALLEST_SKILL_RANGE, 1.08 * float(values.max()))
    lowest = -np.ceil(20 * max(0.5, ceiling)) / 20
    return float(max(min(-SMALLEST_SKILL_RANGE, 1.08 * values.min()), lowest)), ceiling


def error_ceiling(comparison: Comparison) -> float:
    """Upper end of the error axis, above every reference."""
    largest = {model: _largest(error_curve(comparison, model)) for model in comparison.scores.models}
    of_references = max(largest[model] for model in comparison.references)
    return 1.06 * min(max(largest.values()), LARGEST_ERROR_RATIO * of_references) or 1.0


def _largest(curve: Vector) -> float:
    return float(np.max(curve[np.isfinite(curve)], initial=0.0))


def error_name(comparison: Comparison) -> str:
    """What `error_curve` gives."""
    return "RMSE" if comparison.loss == "squared" else "MAE"


def scored_name(comparison: Comparison) -> str:
    """What is scored, as its unit says; empty where the series has none."""
    if find_transform(comparison.settings.get("transform", "none")).relative:
        return "cumulative log return since the origin"
    return comparison.series.unit


def displayed(comparison: Comparison, path: np.ndarray, origin: int) -> np.ndarray:
    """Turn what is scored from an origin on into values of the series; only log returns differ.

    Args:
        comparison: the result.
        path: moves since the origin, or values, of any shape.
        origin: number of observations known.
    """
    transform = find_transform(comparison.settings.get("transform", "none"))
    if not transform.relative:
        return path
    last = transform.scale(carried(comparison.series.values[:origin])[-1:])
    return transform.unscale(path + last[0])


def in_unit(text: str, comparison: Comparison) -> str:
    """Add the unit of the series to a text, where it has one."""
    return ", ".join(part for part in (text, comparison.series.unit) if part)


def with_unit(text: str, comparison: Comparison) -> str:
    """Add what is scored to a text, where that has a name."""
    return ", ".join(part for part in (text, scored_name(comparison)) if part)


def step_word(series: Series) -> str:
    """What a horizon counts: "years", "observations", or plain "steps"."""
    if series.spacing == "observations":
        return "observations"
    rule = series.frequency.split("-")[0]
    return STEP_WORDS.get(rule if rule in STEP_WORDS else rule.removesuffix("S").removesuffix("E"), "steps")
