"""The models in question are chosen by what was known before the first origin."""

from __future__ import annotations

import json
from dataclasses import replace

import numpy as np

import forecastkit as fk
from forecastkit.comparison.contenders import choose_contenders
from forecastkit.reporting.canvas import PALETTE
from forecastkit.reporting.document import document, to_json
from forecastkit.reporting.figures import strokes_of
from forecastkit.reporting.words import verdict_details

FAMILIES = {
    "naive": "reference",
    "ar": "ar",
    "ar-weighted": "ar",
    "lstm": "network",
    "lstm-textbook": "network",
}


def test_the_least_error_before_the_first_origin_decides_and_no_score(planted, rng):
    errors = {name: rng.normal(size=(20, 2)) for name in FAMILIES}
    errors["ar"] = errors["ar"] * 0.01
    made = planted(errors, FAMILIES)
    named = choose_contenders(made, FAMILIES)
    assert (named.ar, named.network) == ("ar", "lstm")
    told = {"ar": {"error": 0.8}, "ar-weighted": {"error": 0.7}, "lstm": {"error": None}}
    chosen = choose_contenders(replace(made, selection=told), FAMILIES)
    assert (chosen.ar, chosen.network) == ("ar-weighted", "lstm")
    assert choose_contenders(made, ["naive"]).ar is None


def test_a_run_tells_what_was_chosen():
    plan = fk.BacktestPlan(horizon=3, origins=12)
    series = fk.load("synthetic:ar2?n=200&seed=1")
    made = fk.backtest(series, ["ar", "ar-weighted"], plan=plan, store=None)
    for name in ("ar", "ar-weighted"):
        told = made.selection[name]
        assert told["until"] == made.origins[0]
        assert 0 < told["error"] < 1
    assert "selection" not in made.facts["ar"][0]
    poisoned = series.values.copy()
    poisoned[made.origins[0] :] = 1e6
    other = fk.backtest(fk.Series(poisoned, series.index), ["ar"], plan=plan, store=None)
    assert other.selection["ar"]["error"] == made.selection["ar"]["error"]
    assert np.isfinite(other.selection["ar"]["error"])


def test_the_pair_of_the_verdict_has_its_reason_and_its_colours():
    """The second of two autoregressions forecast better before the first origin."""
    series = fk.load("sunspots")
    result = fk.compare(series, ["ar", "ar-weighted"], horizon=12, store=False)
    told = result.forecasts.selection
    best = min(told, key=lambda model: told[model]["error"])
    assert result.verdict is not None
    assert result.verdict.ar == best
    (reason,) = [line for line in verdict_details(result) if "stands for its side" in line]
    assert reason.startswith(f"{best} stands for its side: the smallest error before the first origin")
    strokes = strokes_of(result)
    assert strokes[best].colour == PALETTE["ar"]
    assert sum(stroke.colour == PALETTE["ar"] for stroke in strokes.values()) == 1
    assert json.loads(to_json(document(result)))["selection"][best]["configurations"] >= 1
