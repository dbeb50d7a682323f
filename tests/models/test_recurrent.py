"""The network on tiny shapes: what it sees, what it learns, and that its bits repeat."""

import subprocess
import sys

import numpy as np
import pandas as pd
import pytest

from forecastkit.errors import BackendError, SeriesTooShortError
from forecastkit.models import recurrent
from forecastkit.models.networks import device
from forecastkit.models.protocol import History
from forecastkit.models.recurrent import Recurrent, _base_paths, _held_out, _View
from forecastkit.seeds import spawn

SMALL = Recurrent(units=4, epochs=12, lookback=6, batch=16)


def history(values: np.ndarray, period: int = 1, changes: bool = False) -> History:
    return History(values, pd.RangeIndex(len(values)), period, changes)


def ar1(n: int, seed: int = 0) -> np.ndarray:
    noise, values = np.random.default_rng(seed).normal(size=n), np.zeros(n)
    for t in range(1, n):
        values[t] = 0.5 * values[t - 1] + noise[t]
    return values


def test_base_paths_by_hand() -> None:
    windows = np.array([[1.0, 2.0, 3.0, 14.0]])
    assert _base_paths(windows, "naive", 3, 4).tolist() == [[14, 14, 14, 14]]
    assert _base_paths(windows, "last season", 3, 4).tolist() == [[2, 3, 14, 2]]
    assert _base_paths(windows, "last season moved", 3, 4).tolist() == [[15, 16, 27, 15]]


def test_validation_targets_all_follow_the_training_targets() -> None:
    n, horizon, lookback = 100, 5, 6
    level = np.arange(float(n)) ** 1.5
    end = n - _held_out(n, horizon)
    view = _View.fit(level[:end], lookback, horizon, 1, False)
    train, valid = view.pairs(level[:end]), view.pairs(level[end - view.offset :])
    last_train = level[end - 1]
    first_valid = valid[1][0, 0] * view.scale[0] + level[end - 1]
    assert first_valid == pytest.approx(level[end])
    assert train[1][-1, -1] * view.scale[-1] + level[end - horizon - 1] == pytest.approx(last_train)
    assert len(valid[0]) == _held_out(n, horizon) - horizon + 1


def test_the_untrained_network_is_the_base() -> None:
    values = ar1(90)
    fitted = Recurrent(units=4, epochs=1, learning_rate=1e-12, lookback=6).fit(
        history(values), horizon=4, rng=spawn(0)
    )
    assert fitted.forecast(history(values), 4) == pytest.approx(np.full(4, values[-1]), abs=1e-6)


def test_the_level_is_visible_only_where_a_unit_root_is_rejected() -> None:
    stationary = SMALL.prepare(history(ar1(200)), horizon=3, rng=spawn(0))
    walking = SMALL.prepare(history(np.cumsum(ar1(200))), horizon=3, rng=spawn(0))
    assert (stationary.level_visible, walking.level_visible) == (True, False)


def test_it_learns_mean_reversion() -> None:
    values = ar1(400, seed=2)
    recipe = Recurrent(units=8, epochs=30, lookback=6, level_visible=True)
    fitted = recipe.fit(history(values[:300]), horizon=3, rng=spawn(1))
    origins = range(300, 397)
    paths = fitted.forecast_many([history(values[:t]) for t in origins], 3)
    actual = np.array([values[t : t + 3] for t in origins])
    naive = np.array([[values[t - 1]] * 3 for t in origins])
    assert np.mean((actual - paths) ** 2) < 0.75 * np.mean((actual - naive) ** 2)


def test_changes_are_forecast_as_changes_of_the_cumulated_path() -> None:
    changes = ar1(120, seed=3)
    level = np.concatenate([[0.0], np.cumsum(changes)])
    recipe = Recurrent(units=4, epochs=5, lookback=6, level_visible=False)
    of_changes = recipe.fit(history(changes, changes=True), horizon=4, rng=spawn(5))
    of_level = recipe.fit(history(level), horizon=4, rng=spawn(5))
    path = of_level.forecast(history(level), 4)
    cumulated = level[-1] + np.cumsum(of_changes.forecast(history(changes, changes=True), 4))
    assert cumulated == pytest.approx(path, rel=1e-12)


def test_a_window_has_the_same_bits_alone_and_among_others() -> None:
    values = ar1(200)
    fitted = SMALL.fit(history(values[:150]), horizon=4, rng=spawn(0))
    many = fitted.forecast_many([history(values[:t]) for t in range(100, 200)], 4)
    alone = np.array([fitted.forecast(history(values[:t]), 4) for t in range(100, 200)])
    assert many.tobytes() == alone.tobytes()


def test_a_shape_used_before_leaves_no_trace() -> None:
    values = ar1(150)
    first = SMALL.fit(history(values), horizon=3, rng=spawn(0)).forecast(history(values), 3)
    SMALL.fit(history(values[::-1].copy()), horizon=3, rng=spawn(9))
    again = SMALL.fit(history(values), horizon=3, rng=spawn(0)).forecast(history(values), 3)
    assert first.tobytes() == again.tobytes()


def test_bits_repeat_in_another_process() -> None:
    program = (
        "import numpy as np, pandas as pd;"
        "from tests.models.test_recurrent import SMALL, ar1, history; from forecastkit.seeds import spawn;"
        "y = ar1(150); f = SMALL.fit(history(y), horizon=3, rng=spawn(0));"
        "print(f.forecast(history(y), 3).tobytes().hex())"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    values = ar1(150)
    here = SMALL.fit(history(values), horizon=3, rng=spawn(0)).forecast(history(values), 3)
    assert done.stdout.strip() == here.tobytes().hex()
    assert done.stderr == ""


def test_the_lookback_is_chosen_among_those_that_fit() -> None:
    recipe = Recurrent(units=3, epochs=2, level_visible=False)
    assert recipe._lookbacks(history(ar1(400)), 5) == [12, 24]
    assert recipe._lookbacks(history(ar1(900)), 5) == [12, 48]
    assert recipe._lookbacks(history(ar1(400), period=30), 5) == [30]
    assert recipe.prepare(history(ar1(300)), horizon=5, rng=spawn(0)).lookback in (12, 24)


def test_too_short_a_series_says_how_long_it_must_be() -> None:
    with pytest.raises(
        SeriesTooShortError,
        match=r"40 observations are too few to train 'lstm' at horizon 12.*about 52 are needed",
    ):
        SMALL.fit(history(ar1(40)), horizon=12, rng=spawn(0))


def test_a_longer_horizon_than_trained_is_refused() -> None:
    values = ar1(100)
    fitted = SMALL.fit(history(values), horizon=3, rng=spawn(0))
    with pytest.raises(
        SeriesTooShortError, match="6 past values for 3 steps; it was given 100 values and asked for 4"
    ):
        fitted.forecast(history(values), 4)


def test_without_tensorflow_the_message_says_what_to_do(monkeypatch: pytest.MonkeyPatch) -> None:
    def absent(name: str) -> None:
        raise ImportError("No module named 'tensorflow'")

    monkeypatch.delitem(sys.modules, device.LOOP, raising=False)
    monkeypatch.setattr(device.importlib, "import_module", absent)
    with pytest.raises(BackendError, match="pip install tensorflow"):
        recurrent.load_loop()


def test_the_absolute_loss_is_minimised_where_asked() -> None:
    values = np.abs(ar1(160, seed=4)) ** 3
    squared = Recurrent(units=4, epochs=20, lookback=6, level_visible=True)
    absolute = Recurrent(units=4, epochs=20, lookback=6, level_visible=True, loss="absolute")
    paths = [
        m.fit(history(values), horizon=2, rng=spawn(0)).forecast(history(values), 2)
        for m in (squared, absolute)
    ]
    assert not np.allclose(paths[0], paths[1])
