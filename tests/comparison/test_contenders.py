"""The models in question are chosen by what was known before the first origin."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

import forecastkit as fk
from forecastkit.comparison.contenders import choose_contenders

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
