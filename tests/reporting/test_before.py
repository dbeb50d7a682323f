"""The diagnosis inside a comparison: of the data before the first origin, and of nothing else."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

import forecastkit as fk
from forecastkit.reporting.before import before_origin
from forecastkit.reporting.document import document
from forecastkit.reporting.page import page

PLAN = fk.BacktestPlan(horizon=3, origins=40)


def compared(values: np.ndarray) -> fk.Comparison:
    return fk.compare(values, models=["drift"], plan=PLAN)


def test_only_the_past_counts(rng):
    values = rng.normal(size=160)
    changed = values.copy()
    changed[118:] += 50 + 9 * np.arange(42)
    one, other = before_origin(compared(values)), before_origin(compared(changed))
    assert one.details == other.details
    assert one.tables == other.tables
    assert (
        one.span == "Tests of the 118 observations from 0 to 117, known at the first origin; none after it."
    )


def test_it_equals_the_diagnosis_of_the_past(rng):
    values = rng.normal(size=160).cumsum()
    told = before_origin(compared(values)).document
    alone = fk.diagnose(fk.Series.from_array(values[:118]))
    assert told["unit_roots"]["adf"]["statistic"] == alone.roots.adf.statistic
    assert told["linearity"][0]["p_value"] == alone.linearity_tests[0].p_value


def test_page_and_document_say_it(rng):
    result = compared(rng.normal(size=160))
    html = page(result)
    assert "Before the first origin" in html
    assert "known at the first origin; none after it." in html
    assert document(result)["before_first_origin"]["series"]["observations"] == 118


@pytest.mark.parametrize("n", [70])
def test_too_short_is_said(rng, n):
    result = fk.compare(rng.normal(size=n), models=["drift"], plan=fk.BacktestPlan(horizon=3, origins=40))
    assert before_origin(result).sentence.startswith("Not tested: Series 'y' leaves 28 values")
    assert document(result)["before_first_origin"] is None


def test_forecasts_made_elsewhere_have_no_known_past(rng):
    result = compared(rng.normal(size=160))
    assert before_origin(replace(result, costs=dict.fromkeys(result.costs, float("nan")))) is None
