"""Losses and the scale of MASE: by hand, against R, and under a change of unit."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from strategies import vectors

from forecastkit.errors import PlanError
from forecastkit.scoring.losses import LOSSES, check_loss, mase_scale, pointwise_loss

ACTUAL = np.array([[1.0, 2.0], [3.0, 4.0]])
FORECAST = np.array([[1.0, 4.0], [2.5, 1.0]])


def test_by_hand():
    assert pointwise_loss(ACTUAL, FORECAST, "squared").tolist() == [[0.0, 4.0], [0.25, 9.0]]
    assert pointwise_loss(ACTUAL, FORECAST, "absolute").tolist() == [[0.0, 2.0], [0.5, 3.0]]


@pytest.mark.parametrize("loss", LOSSES)
def test_many_models_at_once(loss):
    cube = np.stack([FORECAST, ACTUAL, FORECAST + 1])
    losses = pointwise_loss(ACTUAL, cube, loss)
    assert losses.shape == (3, 2, 2)
    assert losses[1].tolist() == [[0.0, 0.0], [0.0, 0.0]]
    assert losses[0].tolist() == pointwise_loss(ACTUAL, FORECAST, loss).tolist()


@given(
    vectors(max_size=6, low=-100, high=100), st.floats(-10, 10), st.floats(-100, 100), st.sampled_from(LOSSES)
)
def test_unit_scales_and_level_drops_out(values, a, b, loss):
    actual, forecast = values[None, :], values[None, ::-1]
    power = 2 if loss == "squared" else 1
    moved = pointwise_loss(a * actual + b, a * forecast + b, loss)
    assert moved == pytest.approx(abs(a) ** power * pointwise_loss(actual, forecast, loss), abs=1e-7)


def test_unknown_loss():
    assert [check_loss(loss) for loss in ("squared", "absolute")] == ["squared", "absolute"]
    with pytest.raises(PlanError) as caught:
        check_loss("square")
    assert str(caught.value) == "There is no loss 'square'. Did you mean squared?"


class TestScale:
    def test_by_hand(self):
        """|3 - 1|, |2 - 3|, |6 - 2| average 7 / 3; two apart: |2 - 1| and |6 - 3| average 2."""
        values = np.array([1.0, 3.0, 2.0, 6.0])
        assert mase_scale(values, 1) == pytest.approx(7 / 3, rel=1e-15)
        assert mase_scale(values, 2) == 2.0

    @pytest.mark.parametrize(
        "values", [np.full(30, 2.0), np.resize([1.0, 2.0, 3.0], 30)], ids=["constant", "seasonal"]
    )
    def test_is_undefined_where_nothing_changes(self, values):
        assert np.isnan(mase_scale(values, 3))

    @pytest.mark.parametrize("n", [1, 11, 12])
    def test_is_undefined_without_a_whole_season_and_one_more(self, n, rng):
        assert np.isnan(mase_scale(rng.normal(size=n), 12))
        assert mase_scale(rng.normal(size=13), 12) > 0

    @pytest.mark.parametrize("name", ["lynx_log10", "sunspot_year", "nile", "lh", "airpassengers_log"])
    def test_mase_agrees_with_r(self, name, reference, series_values):
        known = reference("accuracy")["results"][name]
        training, test = np.split(series_values(name), [known["n_train"]])
        scale = mase_scale(training, known["m"])
        assert scale == pytest.approx(known["mase_scale"], rel=1e-8)
        for model in ("naive", "snaive", "drift", "mean", "ar2"):
            forecast = np.array([known[model]["mean"]])
            mae = pointwise_loss(test[None, :], forecast, "absolute").mean()
            mse = pointwise_loss(test[None, :], forecast, "squared").mean()
            assert mae / scale == pytest.approx(known[model]["test"]["MASE"], rel=1e-8)
            assert np.sqrt(mse) == pytest.approx(known[model]["test"]["RMSE"], rel=1e-8)
