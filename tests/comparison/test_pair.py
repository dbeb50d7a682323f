"""Every test between two models of a comparison, by name."""

from __future__ import annotations

import numpy as np
import pytest

import forecastkit as fk
from forecastkit.comparison.adjustment import holm
from forecastkit.errors import PlanError


@pytest.fixture(scope="module")
def pair():
    series = fk.load("synthetic:ar2?n=400&seed=3")
    return fk.compare(series, ["ar", "drift"], horizon=4).pair("ar", "climatology")


def test_by_horizon_adjusts_what_equal_accuracy_gives(pair):
    each = [pair.equal_accuracy(h, alternative="less").p_value for h in range(1, 5)]
    assert pair.by_horizon(alternative="less", adjust="none") == pytest.approx(each)
    assert pair.by_horizon(alternative="less") == pytest.approx(holm(np.array(each)))
    assert (pair.by_horizon(alternative="less", adjust="fdr") <= holm(np.array(each)) + 1e-12).all()
    assert pair.by_horizon(alternative="less", adjust="sup-t")[0] < 0.01
    assert pair.by_horizon(alternative="greater", adjust="sup-t")[0] > 0.9
    assert pair.equal_accuracy(2, estimator="newey-west").method == "Newey-West"


def test_all_horizons(pair):
    found = pair.at_all_horizons()
    assert max(found.uniform_p, found.average_p) < 0.05
    assert (found.t > 0).all()


def test_nested_and_not(pair):
    assert pair.clark_west(1).p_value < 0.01
    assert pair.comparison.pair("drift", "naive").clark_west(1).reason.startswith("it needs a model")


def test_growing_windows_are_refused_where_theory_needs_bounded_ones(pair):
    assert "needs bounded ones" in pair.conditional(1).reason


def test_fluctuation_and_origins(pair):
    assert pair.fluctuation(1).path.min() < 0
    assert not pair.fluctuation(1).changed
    few, many = pair.origins_needed(0.5, 1), pair.origins_needed(0.05, 1)
    assert few < many


def test_unknown_names(pair):
    with pytest.raises(PlanError, match="'lstm' is not in this comparison"):
        pair.comparison.pair("lstm", "ar")
    assert repr(pair).startswith("Pair('ar', 'climatology'; ")
