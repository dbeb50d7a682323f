"""Quantile scores by h: by hand, on the origins that all models share, and in the long table."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from forecastkit.scoring.quantile_scores import score_quantiles
from forecastkit.scoring.scores import score

LEVELS = (0.1, 0.5, 0.9)


@pytest.fixture
def forecasts(planted, rng):
    """Standard normal actual values; quantiles of `right` are true, those of `narrow` half as far out."""
    made = planted(
        {"right": np.zeros((200, 2)), "narrow": np.zeros((200, 2)), "naive": np.ones((200, 2))},
        {"right": "ar", "narrow": "network", "naive": "reference"},
        actual=rng.normal(size=(200, 2)),
    )
    true = np.broadcast_to([-1.2815515655446004, 0.0, 1.2815515655446004], (200, 2, 3))
    return replace(made, levels=LEVELS, quantiles={"right": true.copy(), "narrow": true / 2})


ALL = np.ones(200, dtype=bool)


def test_by_hand(planted):
    """Two origins, one step: quantiles 0, 1, 2 and actual values 1.5 and 3."""
    made = planted({"m": np.zeros((2, 1))}, {"m": "ar"}, actual=[[1.5], [3.0]])
    made = replace(made, levels=LEVELS, quantiles={"m": np.broadcast_to([0.0, 1.0, 2.0], (2, 1, 3)).copy()})
    found = score_quantiles(made, np.array([True, True]))["m"]
    assert found.pinball[0] == pytest.approx([(0.15 + 0.3) / 2, (0.25 + 1.0) / 2, (0.05 + 0.9) / 2])
    assert found.crps[0] == pytest.approx(2 * found.pinball[0].mean())
    assert found.wql[0] == pytest.approx(found.crps[0] / 2.25)
    assert found.below[0].tolist() == [0.0, 0.0, 0.5]
    band = found.intervals[0]
    assert (band.share, band.coverage[0], band.width[0]) == (0.8, 0.5, 2.0)
    assert band.score[0] == pytest.approx((2.0 + 2.0 + 10 * 1.0) / 2)
    assert np.isnan(band.limits).all()
    assert np.isnan(found.uniformity)


def test_true_quantiles_are_reliable_and_narrow_ones_are_not(forecasts):
    found = score_quantiles(forecasts, ALL)
    right, narrow = found["right"], found["narrow"]
    assert list(found) == ["right", "narrow"]
    assert right.uniformity > 0.01 > 1e-6 > narrow.uniformity
    assert (right.crps < narrow.crps).all()
    assert (right.intervals[0].score < narrow.intervals[0].score).all()
    for h in range(2):
        assert right.intervals[0].limits[h, 0] <= 0.8 <= right.intervals[0].limits[h, 1]
        assert narrow.intervals[0].limits[h, 1] < 0.8


def test_models_are_scored_at_the_same_origins(forecasts):
    """What one model lacks at an h is left out there for all; a level of the other alone stays its own."""
    forecasts.quantiles["narrow"][:50, 1] = np.nan
    forecasts.quantiles["narrow"][:, :, 1] = np.nan
    found = score_quantiles(forecasts, ALL)
    assert found["right"].origins.tolist() == found["narrow"].origins.tolist() == [200, 150]
    assert (found["right"].levels, found["narrow"].levels) == (LEVELS, (0.1, 0.9))
    alone = replace(forecasts, quantiles={"right": forecasts.quantiles["right"]})
    later = np.arange(200) >= 50
    assert found["right"].pinball[1] == pytest.approx(score_quantiles(alone, later)["right"].pinball[1])


def test_the_long_table_holds_them(forecasts):
    table = score(forecasts, 1.0).to_frame()
    wide = table[table.model == "right"].set_index(["loss", "h"])
    assert (
        wide.loc[("coverage 80 %", 1), "value"]
        == score_quantiles(forecasts, ALL)["right"].intervals[0].coverage[0]
    )
    assert {"pinball 0.5", "wql", "crps", "below 0.9", "width 80 %", "interval score 80 %", "mse"} <= set(
        table.loss
    )
    assert (table.n_origins == 200).all()


def test_nothing_to_score(forecasts):
    assert score_quantiles(replace(forecasts, quantiles={}), ALL) == {}
    assert score_quantiles(forecasts, ~ALL) == {}


def test_a_model_that_left_the_comparison_has_none_and_costs_the_others_no_origin(forecasts):
    """It failed from the middle on: its quantiles end there, those of the others do not."""
    mean, bands = forecasts.mean.copy(), forecasts.quantiles["narrow"].copy()
    mean[1, 100:], bands[100:] = np.nan, np.nan
    failed = replace(forecasts, mean=mean, quantiles={**forecasts.quantiles, "narrow": bands})
    found = score(failed, 1.0)
    assert found.dropped == ("narrow",)
    assert list(found.quantiles) == ["right"]
    assert found.quantiles["right"].origins.tolist() == [200, 200]
