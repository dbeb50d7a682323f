"""Cubes: blocks go to their place, and the long table says what it says."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from forecastkit.backtesting.forecasts import Forecasts, assemble
from forecastkit.runs.blocks import Block, Failure

ORIGINS = np.array([3, 5, 7])
ACTUAL = np.array([[1.0, 2.0], [3.0, 4.0], [5.0, 6.0]])
NAN = float("nan")


def build(blocks: list[Block], **families: str) -> Forecasts:
    return assemble(
        blocks,
        series="toy",
        families=families,
        index=pd.date_range("2024-01-01", periods=9, freq="D"),
        origins=ORIGINS,
        step=2,
        actual=ACTUAL,
        levels=(0.1, 0.9),
        settings={"seed": 7},
    )


def block(model: str, origins: list[int], mean: list[list[float]], seed: int = 0, **more) -> Block:
    return Block(
        model, seed, np.array(origins), np.array(mean), fit_seconds=1.5, forecast_seconds=0.25, **more
    )


NAIVE = block("naive", [3, 5, 7], [[0.0, 0.0], [2.0, 2.0], [4.0, 4.0]])
AR = [
    block("ar", [3], [[1.0, 1.5]], quantiles=np.array([[[0.5, 1.5], [0.0, 3.0]]]), facts={"p": 2}),
    block(
        "ar",
        [5, 7],
        [[3.0, 3.5], [NAN, NAN]],
        failures=(Failure("ar", 0, 7, "FitError", "boom"),),
        facts={"p": 1},
    ),
]
LSTM = [
    block("lstm", [3, 5, 7], [[1.0, 2.0], [3.0, 4.0], [5.0, 6.0]]),
    block("lstm", [3, 5, 7], [[2.0, 4.0], [5.0, 4.0], [7.0, 8.0]], seed=1),
]


@pytest.fixture
def forecasts() -> Forecasts:
    return build([*reversed(LSTM), AR[1], NAIVE, AR[0]], naive="reference", ar="ar", lstm="network")


class TestAssemble:
    def test_models_stand_in_the_order_of_their_families(self, forecasts):
        assert forecasts.models == ("naive", "ar", "lstm")
        assert forecasts.horizon == 2
        assert repr(forecasts) == "Forecasts('toy', models=naive, ar, lstm; 3 origins, horizon 2, 1 failures)"

    def test_blocks_go_to_their_origins(self, forecasts):
        assert forecasts.of("naive").tolist() == [[0.0, 0.0], [2.0, 2.0], [4.0, 4.0]]
        assert forecasts.of("ar")[:2].tolist() == [[1.0, 1.5], [3.0, 3.5]]
        assert np.isnan(forecasts.of("ar")[2]).all()

    def test_seeds_are_averaged_and_kept(self, forecasts):
        assert forecasts.of("lstm").tolist() == [[1.5, 3.0], [4.0, 4.0], [6.0, 7.0]]
        assert list(forecasts.members) == ["lstm"]
        assert forecasts.members["lstm"].shape == (2, 3, 2)
        assert forecasts.members["lstm"][1].tolist() == LSTM[1].mean.tolist()

    def test_one_failed_seed_leaves_no_average(self):
        broken = block("lstm", [3, 5, 7], [[2.0, 4.0], [NAN, NAN], [7.0, 8.0]], seed=1)
        mean = build([LSTM[0], broken], lstm="network").of("lstm")
        assert np.isnan(mean).tolist() == [[False, False], [True, True], [False, False]]

    def test_quantiles_stand_where_they_were_given(self, forecasts):
        assert list(forecasts.quantiles) == ["ar"]
        assert forecasts.quantiles["ar"][0].tolist() == [[0.5, 1.5], [0.0, 3.0]]
        assert np.isnan(forecasts.quantiles["ar"][1:]).all()

    def test_failures_times_facts_and_refits(self, forecasts):
        assert forecasts.failures == (Failure("ar", 0, 7, "FitError", "boom"),)
        assert forecasts.fit_seconds == {"naive": 1.5, "ar": 3.0, "lstm": 3.0}
        assert forecasts.forecast_seconds == {"naive": 0.25, "ar": 0.5, "lstm": 0.5}
        assert forecasts.facts == {"naive": (), "ar": ({"p": 2}, {"p": 1}), "lstm": ()}
        assert forecasts.refits == {"naive": 1, "ar": 2, "lstm": 1}
        assert forecasts.settings == {"seed": 7}


class TestToFrame:
    def test_columns_are_exactly_these(self, forecasts):
        assert list(forecasts.to_frame().columns) == [
            "series",
            "model",
            "origin",
            "cutoff",
            "h",
            "target_time",
            "actual",
            "mean",
            "q0.1",
            "q0.9",
        ]

    def test_rows(self, forecasts):
        frame = forecasts.to_frame()
        assert len(frame) == 3 * 3 * 2
        assert frame.iloc[3].tolist()[:8] == [
            "toy",
            "naive",
            5,
            pd.Timestamp("2024-01-05"),
            2,
            pd.Timestamp("2024-01-07"),
            4.0,
            2.0,
        ]
        assert frame["model"].tolist() == ["naive"] * 6 + ["ar"] * 6 + ["lstm"] * 6

    def test_quantiles_stand_beside_the_mean(self, forecasts):
        """The AR has them at its first origin only; nobody else has any."""
        frame = forecasts.to_frame().set_index(["model", "origin", "h"])
        assert frame.loc[("ar", 3, 1), ["q0.1", "q0.9"]].tolist() == [0.5, 1.5]
        assert frame["q0.9"].notna().sum() == 2
        assert "q0.1" not in replace(forecasts, quantiles={}).to_frame()

    def test_cells_are_those_of_the_cubes(self, forecasts):
        frame = forecasts.to_frame().set_index(["model", "origin", "h"])
        for i, model in enumerate(forecasts.models):
            for j, origin in enumerate(ORIGINS):
                for h in (1, 2):
                    row = frame.loc[(model, origin, h)]
                    assert row["mean"] == pytest.approx(forecasts.mean[i, j, h - 1], nan_ok=True, abs=0)
                    assert row["actual"] == ACTUAL[j, h - 1]
                    assert row["target_time"] - row["cutoff"] == pd.Timedelta(days=h)
