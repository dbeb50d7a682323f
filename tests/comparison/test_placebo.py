"""A comparison on noise."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

import forecastkit as fk
from forecastkit.comparison.placebo import Placebo, noise_like
from forecastkit.errors import PlanError
from forecastkit.series.transforms import find_transform

PLAN = fk.BacktestPlan(horizon=3, origins=60)


def test_noise_has_the_volatility_and_not_the_order() -> None:
    series = fk.Series.from_array(np.exp(0.01 * np.cumsum(np.random.default_rng(0).normal(size=800))))
    shuffled, walk = noise_like(series, find_transform("log-return"), 2, seed=0)
    spread = np.diff(np.log(series.values)).std()
    for made in (shuffled, walk):
        moves = np.diff(np.log(made.values))
        assert moves.std() == pytest.approx(spread, rel=0.1)
        assert abs(np.corrcoef(moves[1:], moves[:-1])[0, 1]) < 0.1
    own = np.diff(np.log(series.values)) - np.diff(np.log(series.values)).mean()
    assert np.isin(np.diff(np.log(shuffled.values)).round(12), own.round(12)).all()


def test_an_honest_comparison_finds_little_in_noise() -> None:
    series = fk.load("synthetic:ar2?n=200&seed=1")
    result = fk.compare(series, "ar", plan=PLAN, placebo=6)
    placebo = result.probes.placebo
    assert (placebo.runs, placebo.models) == (6, ("ar",))
    assert placebo.claims <= 2
    assert result.honesty["H-PLACEBO"].level == "pass"


def test_a_pipeline_that_finds_skill_in_noise_fails() -> None:
    result = fk.compare(fk.load("synthetic:ar2?n=200&seed=1"), "ar", plan=PLAN)
    found = replace(result, probes=replace(result.probes, placebo=Placebo(20, ("ar",), 9, 5)))
    assert found.honesty["H-PLACEBO"].level == "fail"
    one = replace(result, probes=replace(result.probes, placebo=Placebo(1, ("ar",), 1, 1)))
    assert one.honesty["H-PLACEBO"].level == "fail"  # a single win at 1 %
    assert result.honesty["H-PLACEBO"].level == "untested"


def test_a_negative_number_of_runs_is_refused() -> None:
    with pytest.raises(PlanError, match="placebo=-1 was given"):
        fk.compare(fk.load("sunspots"), "ar", plan=PLAN, placebo=-1)
