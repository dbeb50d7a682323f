"""Quantiles of networks: they never cross, and surround the guarded forecast as widely as it errs."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from forecastkit.backtesting.forecasts import assemble
from forecastkit.backtesting.plan import BacktestPlan
from forecastkit.backtesting.runner import run_backtest
from forecastkit.models._net_quantiles import SpreadReadout, solve_spread
from forecastkit.models.networks.device import network_loop
from forecastkit.models.protocol import QUANTILES, History
from forecastkit.models.recurrent import Recurrent
from forecastkit.runs.blocks import Block
from forecastkit.seeds import spawn
from forecastkit.series.series import Series
from forecastkit.series.transforms import TRANSFORMS

SMALL = Recurrent(units=3, epochs=3, lookback=6, batch=32, level_visible=True)
LEVELS = (0.1, 0.5, 0.9)


def walk(n: int = 220) -> np.ndarray:
    return np.cumsum(np.random.default_rng(5).normal(size=n))


def history(values: np.ndarray, changes: bool = False) -> History:
    return History(values, pd.RangeIndex(len(values)), 1, changes)


@pytest.fixture(scope="module")
def fitted():
    return SMALL.fit(history(walk()), horizon=4, rng=spawn(0))


def test_quantiles_by_hand() -> None:
    spread = SpreadReadout(
        means=np.array([1.0]),
        coefficients=np.array([[np.log(2.0), 0.0]]),
        middle=np.array([0.0, np.log(3.0)]),
        errors=np.array([[-1.0, -2.0], [0.0, 1.0], [4.0, np.nan]]),
    )
    found = spread.quantiles(np.array([[2.0], [0.0]]), [0.25, 0.5, 0.75])
    # h = 1: three errors, ranks 1, 2 and 3, spreads 2 and 1/2; h = 2: two errors, rank 3 q, spread 3
    assert found[0] == pytest.approx(np.array([[-2.0, 0.0, 8.0], [-6.0, -1.5, 3.0]]))
    assert found[1] == pytest.approx(np.array([[-0.5, 0.0, 2.0], [-6.0, -1.5, 3.0]]))


def test_what_is_seen_moves_a_spread_by_a_bounded_factor() -> None:
    spread = SpreadReadout(np.zeros(1), np.ones((1, 1)), np.zeros(1), np.array([[-1.0], [1.0]]))
    assert spread.spreads(np.array([[-1e9], [1e9]])).ravel() == pytest.approx(np.exp([-3.0, 3.0]))


@given(
    errors=st.lists(st.floats(-1e6, 1e6), min_size=1, max_size=30),
    levels=st.lists(st.floats(0.001, 0.999), min_size=2, max_size=9),
    x=st.floats(-1e6, 1e6),
)
def test_quantiles_never_cross(errors: list[float], levels: list[float], x: float) -> None:
    spread = SpreadReadout(np.zeros(1), np.ones((1, 1)), np.zeros(1), np.sort(errors)[:, None])
    rising = spread.quantiles(np.array([[x]]), sorted(levels))[0, 0]
    assert (np.diff(rising) >= 0).all()


def test_a_spread_that_can_be_seen_is_found(rng: np.random.Generator) -> None:
    x = rng.normal(size=(3, 600, 2))
    errors = [np.exp(0.7 * block[:, :1]) * rng.normal(size=(600, 1)) for block in x]
    spread = solve_spread(list(x), errors, np.array([True]))
    assert len(spread.errors) == 1200
    assert spread.coefficients.ravel() == pytest.approx([0.7, 0.0], abs=0.08)
    assert spread.quantiles(np.zeros((1, 2)), [0.025, 0.975]).ravel() == pytest.approx(
        [-1.96, 1.96], abs=0.25
    )


def test_where_there_is_nothing_to_see_the_spread_is_constant(rng: np.random.Generator) -> None:
    x = [rng.normal(size=(n, 8)) for n in (300, 60, 60)]
    spread = solve_spread(x, [rng.normal(size=(len(block), 3)) for block in x], np.zeros(3, dtype=bool))
    assert len(spread.errors) == 420
    assert np.std(np.log(spread.spreads(x[2])), axis=0).max() < 0.05


def test_where_the_network_has_no_share_they_surround_the_base(fitted) -> None:
    assert not fitted.guard.any()
    found = fitted.forecast_quantiles(history(walk()), 4, LEVELS)
    assert (found[:, 0] < walk()[-1]).all()
    assert (found[:, 2] > walk()[-1]).all()
    assert (np.diff(found[:, 2] - found[:, 0]) > 0).all()  # a random walk spreads
    assert len(fitted.spread.errors) > 150  # training errors are errors of forecasts too


def test_they_move_with_the_forecast(fitted) -> None:
    open_ = replace(fitted, guard=np.ones(4))
    past = history(walk())
    moved = open_.forecast_quantiles(past, 4, LEVELS) - fitted.forecast_quantiles(past, 4, LEVELS)
    step = open_.forecast(past, 4) - fitted.forecast(past, 4)
    assert moved == pytest.approx(np.repeat(step[:, None], 3, axis=1))


def test_alone_and_among_others_the_bits_are_the_same(fitted) -> None:
    pasts = [history(walk()[:t]) for t in range(150, 220)]
    many = fitted.forecast_quantiles_many(pasts, 4, LEVELS)
    assert (
        many.tobytes() == np.array([fitted.forecast_quantiles(past, 4, LEVELS) for past in pasts]).tobytes()
    )
    assert many[:, :2].tobytes() == fitted.forecast_quantiles_many(pasts, 2, LEVELS).tobytes()


def test_asking_for_quantiles_changes_no_bit_of_a_forecast(fitted) -> None:
    past = history(walk())
    before = fitted.forecast(past, 4).tobytes()
    states = network_loop(fitted.spec).states(fitted.weights, np.ones((1, 6, 2))).tobytes()
    fitted.forecast_quantiles(past, 4, LEVELS)
    assert fitted.forecast(past, 4).tobytes() == before
    assert network_loop(fitted.spec).states(fitted.weights, np.ones((1, 6, 2))).tobytes() == states


def test_changes_have_the_quantiles_of_their_running_sum() -> None:
    changes = np.diff(walk(140), prepend=0.0)
    level = np.concatenate([[0.0], np.cumsum(changes)])
    recipe = replace(SMALL, level_visible=False)
    of_changes = recipe.fit(history(changes, changes=True), horizon=3, rng=spawn(1))
    of_level = recipe.fit(history(level), horizon=3, rng=spawn(1))
    moved = of_changes.forecast_quantiles(history(changes, changes=True), 3, LEVELS)
    assert moved + level[-1] == pytest.approx(of_level.forecast_quantiles(history(level), 3, LEVELS))


def test_the_unit_of_a_series_does_not_matter() -> None:
    one, other = (
        SMALL.fit(history(size * walk(140)), horizon=3, rng=spawn(2)).forecast_quantiles(
            history(size * walk(140)), 3, LEVELS
        )
        for size in (1.0, 1024.0)
    )
    assert other == pytest.approx(1024 * one)


def test_a_backtest_takes_them_back_and_averages_seeds() -> None:
    values = np.exp(0.1 * walk(160)) + 1
    plan = BacktestPlan(horizon=3, origins=4, step=3)
    series = Series.from_array(values)
    made = run_backtest(series, {"lstm": replace(SMALL, seeds=2)}, plan, transform=TRANSFORMS["log"], seed=1)
    found = made.quantiles["lstm"]
    first = made.origins[0]
    fits = [
        SMALL.fit(history(np.log(values[:first])), horizon=3, rng=spawn(1, "lstm", k, int(first)))
        for k in range(2)
    ]
    each = [np.exp(fit.forecast_quantiles(history(np.log(values[:first])), 3, QUANTILES)) for fit in fits]
    assert found[0] == pytest.approx(np.mean(each, axis=0))
    poisoned = values.copy()
    poisoned[made.origins[1] :] = 1e9
    again = Series.from_array(poisoned)
    after = run_backtest(again, {"lstm": replace(SMALL, seeds=2)}, plan, transform=TRANSFORMS["log"], seed=1)
    assert after.quantiles["lstm"][:2].tobytes() == found[:2].tobytes()


def test_an_origin_that_one_seed_lacks_has_no_quantiles() -> None:
    origins = np.array([5, 6])
    mean, bands = np.zeros((2, 1)), np.array([[[1.0, 2.0]], [[3.0, 4.0]]])
    late = bands + 2
    late[1] = np.nan
    blocks = [Block("m", 0, origins, mean, bands), Block("m", 1, origins, mean, late)]
    index = pd.RangeIndex(9)
    told = {"series": "s", "families": {"m": "network"}, "index": index, "origins": origins, "step": 1}
    made = assemble(blocks, **told, actual=mean, levels=(0.1, 0.9), settings={})
    assert made.quantiles["m"][0].tolist() == [[2.0, 3.0]]
    assert np.isnan(made.quantiles["m"][1]).all()
