"""What notebooks show."""

from __future__ import annotations

import numpy as np

import forecastkit as fk


def test_comparison_scores_and_forecasts_have_tables():
    plan = fk.BacktestPlan(horizon=3, origins=30)
    series = fk.Series.from_array(np.random.default_rng(0).normal(size=150), name="<x>")
    result = fk.compare(series, ["drift"], plan=plan)
    html = result._repr_html_()
    assert html.count("<table>") == 2
    assert "Skill against the best reference" in html
    assert "<x>" not in html
    assert "<table" in result.scores._repr_html_()
    assert "<table" in result.forecasts._repr_html_()
