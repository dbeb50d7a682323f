"""Networks of many series: each as it would be alone, whatever stands beside it."""

import numpy as np
import pandas as pd
import pytest

from forecastkit.errors import DataError, ForecastKitWarning, PlanError, SeriesTooShortError
from forecastkit.models._net_learning import SMALL, STACK, stack_of
from forecastkit.models.networks.spec import NetworkSpec
from forecastkit.models.panel import forecast_panel
from forecastkit.models.protocol import History
from forecastkit.models.recurrent import Recurrent
from forecastkit.seeds import spawn

SMALL_ONE = Recurrent(
    "small", seeds=2, units=4, lookback=6, batch=16, epochs=2, log=False, level_visible=True, guarded=False
)
FLOAT32 = 1e-5
"""Of a series' deviation: sums of a stack are added in another order, and training goes on with them."""


def panel(lengths: list[int]) -> list[np.ndarray]:
    rng = np.random.default_rng(7)
    found = []
    for length in lengths:
        values = rng.normal(size=length)
        for t in range(1, length):
            values[t] += 0.7 * values[t - 1]
        found.append(values)
    return found


@pytest.fixture(scope="module")
def together() -> tuple[list[np.ndarray], np.ndarray]:
    series = panel([90] * 5 + [100])
    return series, forecast_panel(series, horizon=3, origins=2, network=SMALL_ONE, seed=1).mean


def test_every_series_is_what_the_network_makes_of_it_alone(together) -> None:
    series, mean = together
    for s in (0, 5):
        stops = [len(series[s]) - 4, len(series[s]) - 3]
        pasts = [History(series[s][:stop], pd.RangeIndex(stop), 1) for stop in stops]
        fits = [
            SMALL_ONE.fit(pasts[0], horizon=3, rng=spawn(1, "small", member, stops[0])) for member in (0, 1)
        ]
        alone = np.mean([fit.forecast_many(pasts, 3) for fit in fits], axis=0)
        assert mean[s] == pytest.approx(alone, abs=FLOAT32 * series[s].std())


def test_no_bit_depends_on_place_or_neighbours(together) -> None:
    series, mean = together
    other = forecast_panel(series[::-1][:3], horizon=3, origins=2, network=SMALL_ONE, seed=1).mean
    assert other.tobytes() == mean[::-1][:3].tobytes()


def test_a_later_value_changes_no_earlier_bit(together) -> None:
    series, mean = together
    poisoned = [np.append(values[:-3], [1e9, -1e9, 1e9]) for values in series]
    again = forecast_panel(poisoned, horizon=3, origins=2, network=SMALL_ONE, seed=1).mean
    assert again[:, :1].tobytes() == mean[:, :1].tobytes()


def test_shapes_are_chosen_series_by_series() -> None:
    recipe = Recurrent("open", seeds=1, units=4, batch=16, epochs=1, log=False, level_visible=False)
    mean = forecast_panel(panel([110, 110]), horizon=3, network=recipe).mean
    assert mean.shape == (2, 1, 3)
    assert np.isfinite(mean).all()


def test_only_small_networks_share_a_stack_and_the_shape_decides() -> None:
    sizes = {
        units: stack_of(NetworkSpec(8, 1, 2, units, 0.1, "squared", 64, 0.0))
        for units in (SMALL // 64, SMALL // 64 + 1)
    }
    assert list(sizes.values()) == [STACK, 1]


def test_what_cannot_be_learned_costs_no_other_series(together) -> None:
    series, mean = together
    with pytest.warns(ForecastKitWarning, match="1 of 2 series could not be learned; the first is 1: 1"):
        found = forecast_panel([series[0], series[1][:20]], horizon=3, origins=2, network=SMALL_ONE, seed=1)
    assert list(found.failures) == [1]
    assert found.mean[0].tobytes() == mean[0].tobytes()
    assert np.isnan(found.mean[1]).all()
    with pytest.raises(SeriesTooShortError, match="too few to train 'small'"):
        forecast_panel([series[0][:20]], horizon=3, network=SMALL_ONE)


def test_what_cannot_be_asked() -> None:
    series = panel([90])
    with pytest.raises(PlanError, match="max_lag, trend, which only autoregressions have"):
        forecast_panel(series, horizon=3, network="lstm", max_lag=3, trend="n")
    with pytest.raises(PlanError, match="or the name of one, is needed: lstm, lstm-on-ar"):
        forecast_panel(series, horizon=3, network="ar")
    series[0][4] = np.nan
    with pytest.raises(DataError, match="Series 0 of the panel has 1 missing values, the first at pos"):
        forecast_panel(series, horizon=3, network="lstm")
