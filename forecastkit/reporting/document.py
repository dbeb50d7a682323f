"""The comparison as one JSON document."""

from __future__ import annotations

import json
import math
from dataclasses import asdict
from typing import Any

import numpy as np

from forecastkit.comparison.bands import Band
from forecastkit.comparison.comparison import Comparison
from forecastkit.comparison.crossover import Crossover
from forecastkit.comparison.degradation import LinearBound
from forecastkit.comparison.verdict import RULES
from forecastkit.reporting.changes import Changes
from forecastkit.reporting.conclusion import verdict_paragraph
from forecastkit.reporting.words import verdict_details, verdict_sentence
from forecastkit.series.series import Series, checkpoints, label

SCHEMA_VERSION = 1


def document(comparison: Comparison, changes: Changes | None = None) -> dict[str, Any]:
    """Everything the report says, JSON-ready; lists by horizon start at h = 1, what is undefined is null.

    `schema_version` rises whenever a key is renamed, removed or changes its meaning.
    """
    from forecastkit.reporting.ar_section import ar_document
    from forecastkit.reporting.before import before_origin  # with every test behind it
    from forecastkit.reporting.network_section import network_document

    before = before_origin(comparison)
    series, forecasts, scores = comparison.series, comparison.forecasts, comparison.scores
    tables = {"mse": scores.mse, "mae": scores.mae, "mase": scores.mase}
    content = {
        "schema_version": SCHEMA_VERSION,
        "series": series_facts(series),
        "verdict": None if comparison.verdict is None else asdict(comparison.verdict),
        "sentence": verdict_sentence(comparison),
        "details": verdict_details(comparison),
        "loss": comparison.loss,
        "horizon": forecasts.horizon,
        "origins": {
            "count": len(forecasts.origins),
            "common": scores.n_origins,
            "first_cutoff": label(series.index[forecasts.origins[0] - 1]),
            "last_cutoff": label(series.index[forecasts.origins[-1] - 1]),
        },
        "references": list(comparison.references),
        "best_reference": list(comparison.best_reference),
        "models": {
            model: {name: table[i] for name, table in tables.items()} for i, model in enumerate(scores.models)
        },
        "skill": {
            model: {
                "skill": skill,
                "horizon": asdict(comparison.skill_horizon[model]),
                "set": comparison.skill_set[model],
                "claimed": comparison.claimed[model],
                "tests": [asdict(test) for test in comparison.skill_tests[model]],
            }
            for model, skill in comparison.skill.items()
        },
        "duel": [
            {"test": asdict(test), "holm_p": adjusted, "dm_hln": asdict(dm)}
            for test, adjusted, dm in zip(
                comparison.duel, comparison.duel_adjusted, comparison.duel_dm, strict=True
            )
        ],
        "quantiles": {
            model: {"levels": found.levels, "origins": found.origins, "uniformity_p": found.uniformity}
            | found.rows()
            | {f"coverage limits {100 * band.share:g} %": band.limits for band in found.intervals}
            for model, found in scores.quantiles.items()
        },
        "paragraph": verdict_paragraph(comparison),
        "decision_table": [asdict(rule) for rule in RULES],
        "bands": {
            "reason": comparison.bands.reason,
            "block": comparison.drawn.block,
            "error": {model: asdict(band) for model, band in comparison.bands.error.items()},
            "skill": {model: asdict(band) for model, band in comparison.bands.skill.items()},
            "difference": _plain(comparison.bands.difference),
            "direct_gap": _plain(comparison.bands.direct_gap),
        },
        "degradation": {model: asdict(found) for model, found in comparison.degradation.items()},
        "linear": _plain(comparison.linear),
        "crossover": _plain(comparison.crossover),
        "seeds": {model: asdict(noise) for model, noise in comparison.seed_noise.items()},
        "seed_spread": {
            model: {"min": low, "max": high} for model, (low, high) in comparison.seed_spread.items()
        },
        "costs": comparison.costs,
        "peak_memory": {
            model: {"peak": found.peak, "before": found.before}
            for model, found in forecasts.footprints.items()
        },
        "selection": forecasts.selection,
        "refits": forecasts.refits,
        "honesty": [asdict(finding) for finding in comparison.honesty],
        "direction": {
            model: [asdict(found) for found in comparison.direction(model)] for model in comparison.skill
        },
        "certificates": {
            model: {**asdict(found), "outcome": found.outcome}
            for model, found in comparison.probes.certificates.items()
        },
        "facts": forecasts.facts,
        "failures": [asdict(failure) for failure in forecasts.failures],
        "dropped": list(scores.dropped),
        "before_first_origin": None if before is None else before.document,
        "autoregression": ar_document(comparison),
        "networks": network_document(comparison),
        "settings": comparison.settings,
        "changes": None if changes is None else changes.document(),
    }
    plain: dict[str, Any] = to_plain(content)
    return plain


def _plain(found: Band | LinearBound | Crossover | None) -> dict[str, Any] | None:
    return None if found is None else asdict(found)


def to_json(content: Any) -> str:
    """Write plain JSON, readable and without NaN."""
    return json.dumps(to_plain(content), indent=1, allow_nan=False, ensure_ascii=False) + "\n"


def to_plain(value: Any) -> Any:
    """Turn arrays, tuples and NumPy numbers into what JSON knows; NaN and infinity into null."""
    if isinstance(value, dict) or hasattr(value, "items"):
        return {str(key): to_plain(item) for key, item in value.items()}
    if isinstance(value, np.ndarray | list | tuple):
        return [to_plain(item) for item in value]
    if isinstance(value, np.generic):
        value = value.item()
    if isinstance(value, float) and not math.isfinite(value):
        return None
    return value


def series_facts(series: Series) -> dict[str, Any]:
    """Say what a series is, in every document alike."""
    return {
        "name": series.name,
        "unit": series.unit,
        "observations": len(series),
        "first": label(series.index[0]),
        "last": label(series.index[-1]),
        "period": series.period,
        "spacing": series.spacing,
        "frequency": series.frequency,
        "fingerprint": series.fingerprint,
        "covariates": {"known": series.known_names, "past": series.past_names},
        "missing": int(np.isnan(series.values).sum()),
        "checkpoints": checkpoints(series),
        "source": series.source,
    }
