"""Averages over the origins that every model served."""

from __future__ import annotations

import numpy as np
import pytest

from forecastkit.scoring.scores import score

NAN = float("nan")
KINDS = {"naive": "reference", "ar": "ar", "lstm": "network"}


def failing(errors: np.ndarray, origins: list[int]) -> np.ndarray:
    """The same errors, with no answer at some origins (positions)."""
    errors = errors.copy()
    errors[origins] = NAN
    return errors


def test_averages_by_hand(planted):
    forecasts = planted({"naive": [[1.0, -2.0], [3.0, 0.0]], "ar": [[0.0, 1.0], [2.0, -1.0]]}, KINDS)
    scores = score(forecasts, scale=2.0)
    assert (scores.models, scores.dropped, scores.n_origins) == (("naive", "ar"), (), 2)
    assert scores.mse.tolist() == [[5.0, 2.0], [2.0, 1.0]]
    assert scores.mae.tolist() == [[2.0, 1.0], [1.0, 1.0]]
    assert scores.mase.tolist() == [[1.0, 0.5], [0.5, 0.5]]
    assert scores.of("naive", "squared").tolist() == [5.0, 2.0]
    assert scores.of("ar", "absolute").tolist() == [1.0, 1.0]
    assert repr(scores) == "Scores(naive, ar; 2 origins, horizon 2)"


def test_undefined_scale_makes_mase_undefined_only(planted):
    scores = score(planted({"naive": [[1.0], [3.0]]}, KINDS), scale=NAN)
    assert scores.mae.tolist() == [[2.0]]
    assert np.isnan(scores.mase).tolist() == [[True]]


class TestCommonOrigins:
    def test_what_one_model_misses_is_left_out_for_all(self, planted):
        """20 origins with errors 0..19; ar misses origin 19, lstm origin 18: 0..17 are common."""
        errors = np.tile(np.arange(20.0)[:, None], (1, 2))
        forecasts = planted(
            {"naive": errors, "ar": failing(errors, [19]), "lstm": failing(errors, [18])}, KINDS
        )
        scores = score(forecasts, scale=1.0)
        assert scores.dropped == ()
        assert scores.n_origins == 18
        assert scores.kept.tolist() == [True] * 18 + [False] * 2
        assert scores.mae.tolist() == [[8.5, 8.5]] * 3

    def test_one_missing_step_loses_the_origin(self, planted):
        errors = np.ones((20, 3))
        partly = errors.copy()
        partly[4, 2] = NAN
        scores = score(planted({"naive": errors, "ar": partly}, KINDS), scale=1.0)
        assert scores.n_origins == 19
        assert not scores.kept[4]

    @pytest.mark.parametrize(
        ("origins", "failed", "stays"),
        [(10, 1, True), (10, 2, False), (30, 3, True), (30, 4, False), (70, 7, True), (9, 1, False)],
    )
    def test_more_than_a_tenth_leaves_the_comparison(self, origins, failed, stays, planted):
        errors = np.ones((origins, 2))
        forecasts = planted({"naive": errors, "ar": failing(errors, list(range(failed)))}, KINDS)
        scores = score(forecasts, scale=1.0)
        assert scores.models == (("naive", "ar") if stays else ("naive",))
        assert scores.dropped == (() if stays else ("ar",))
        assert scores.n_origins == (origins - failed if stays else origins)

    def test_a_dropped_model_takes_no_origin_from_the_others(self, planted):
        errors = np.tile(np.arange(20.0)[:, None], (1, 2))
        forecasts = planted(
            {"naive": errors, "ar": failing(errors, [19]), "lstm": failing(errors, list(range(10)))}, KINDS
        )
        scores = score(forecasts, scale=1.0)
        assert (scores.models, scores.dropped, scores.n_origins) == (("naive", "ar"), ("lstm",), 19)
        assert scores.of("naive", "absolute").tolist() == [9.0, 9.0]


def test_long_table(planted):
    forecasts = planted({"naive": [[1.0, -2.0], [3.0, 0.0]], "ar": [[0.0, 1.0], [2.0, -1.0]]}, KINDS)
    frame = score(forecasts, scale=2.0).to_frame()
    assert list(frame.columns) == ["model", "h", "loss", "value", "n_origins"]
    assert len(frame) == 2 * 2 * 3
    cell = frame.query("model == 'naive' and h == 2")
    assert dict(zip(cell["loss"], cell["value"], strict=True)) == {"mse": 2.0, "mae": 1.0, "mase": 0.5}
    assert set(frame["n_origins"]) == {2}
