"""The network on tiny shapes: what it sees, what it learns, and that its bits repeat."""

import subprocess
import sys
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from forecastkit.errors import BackendError, SeriesTooShortError
from forecastkit.models.autoregressive import Autoregression
from forecastkit.models.networks import device
from forecastkit.models.protocol import History
from forecastkit.models.recurrent import Recurrent
from forecastkit.models.recursive import RecursiveRecurrent
from forecastkit.models.textbook import TextbookRecurrent
from forecastkit.seeds import spawn

SMALL = Recurrent(units=4, epochs=12, lookback=6, batch=16)


def history(values: np.ndarray, period: int = 1, changes: bool = False) -> History:
    return History(values, pd.RangeIndex(len(values)), period, changes)


def ar1(n: int, seed: int = 0) -> np.ndarray:
    noise, values = np.random.default_rng(seed).normal(size=n), np.zeros(n)
    for t in range(1, n):
        values[t] = 0.5 * values[t - 1] + noise[t]
    return values


def test_where_the_guard_trusts_nothing_the_forecast_is_the_base() -> None:
    values = np.cumsum(np.random.default_rng(1).normal(size=150))
    fitted = SMALL.fit(history(values), horizon=4, rng=spawn(0))
    assert fitted.facts["guard"] == [0, 0, 0, 0]
    assert fitted.forecast(history(values), 4).tolist() == [values[-1]] * 4
    unguarded = replace(SMALL, guarded=False).fit(history(values), horizon=4, rng=spawn(0))
    assert "guard" not in unguarded.facts
    assert not np.allclose(unguarded.forecast(history(values), 4), values[-1])


def test_on_ar_without_trust_is_the_autoregression() -> None:
    values = ar1(200)
    recipe = replace(SMALL, autoregression=Autoregression())
    fitted = replace(recipe.fit(history(values), horizon=4, rng=spawn(0)), guard=np.zeros(4))
    ar = Autoregression().fit(history(values), horizon=4, rng=spawn(0))
    assert fitted.facts["base"] == "ar"
    assert fitted.forecast(history(values), 4).tobytes() == ar.forecast(history(values), 4).tobytes()


def test_facts_say_what_was_learned_from() -> None:
    facts = SMALL.fit(history(ar1(200)), horizon=3, rng=spawn(0)).facts
    assert facts["train_until"] <= facts["validation_from"] < facts["fitted_until"] == 200
    assert (facts["lookback"], facts["steps"], len(facts["guard"])) == (6, 6, 3)
    assert facts["parameters"] == 4 * (2 * 4 + 4 * 4 + 4) + 4 * 3 + 3


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
    recipe = Recurrent(units=4, epochs=5, lookback=6, level_visible=False, guarded=False)
    of_changes = recipe.fit(history(changes, changes=True), horizon=4, rng=spawn(5))
    of_level = recipe.fit(history(level), horizon=4, rng=spawn(5))
    path = of_level.forecast(history(level), 4)
    cumulated = level[-1] + np.cumsum(of_changes.forecast(history(changes, changes=True), 4))
    assert cumulated == pytest.approx(path, rel=1e-12)


def test_a_window_has_the_same_bits_alone_and_among_others() -> None:
    values = ar1(200)
    fitted = SMALL.fit(history(values[:150]), horizon=4, rng=spawn(0))
    fitted = replace(fitted, guard=np.ones(4))
    pasts = [history(values[: 50 + i % 150].copy()) for i in range(250)]
    alone = np.array([fitted.forecast(past, 4) for past in pasts])
    for size in (1, 2, 3, 7, 63, 64, 65, 250):
        places = spawn(size).permutation(len(pasts))[:size]
        assert fitted.forecast_many([pasts[i] for i in places], 4).tobytes() == alone[places].tobytes()


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


def test_the_selection_says_what_it_tried() -> None:
    settled = Recurrent(epochs=3, level_visible=False).prepare(history(ar1(300)), horizon=5, rng=spawn(0))
    assert settled.lookback in (12, 24)
    assert (settled.fold, settled.units, settled.log) == (1, 32, False)
    assert (settled.selection["configurations"], settled.selection["until"]) == (2, 300)
    assert settled.selection["seconds"] > 0
    assert not SMALL.prepare(history(ar1(300)), horizon=5, rng=spawn(0)).selection


def test_too_short_a_series_says_how_long_it_must_be() -> None:
    with pytest.raises(
        SeriesTooShortError,
        match=r"40 observations are too few to train 'lstm' at horizon 12 on windows of 6 .*: 73 are needed",
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
        device.load_loop()


def test_the_absolute_loss_is_minimised_where_asked() -> None:
    values = np.abs(ar1(160, seed=4)) ** 3
    squared = Recurrent(units=4, epochs=9, lookback=6, level_visible=True, guarded=False)
    absolute = replace(squared, loss="absolute")
    paths = [
        m.fit(history(values), horizon=2, rng=spawn(0)).forecast(history(values), 2)
        for m in (squared, absolute)
    ]
    assert not np.allclose(paths[0], paths[1])


@pytest.mark.parametrize("size", [1e-12, 1e12])
def test_the_unit_of_a_series_does_not_matter(size: float) -> None:
    values = 3 + ar1(200)
    recipe = replace(SMALL, guarded=False, level_visible=True)
    plain, scaled = (
        recipe.fit(history(unit * values), horizon=3, rng=spawn(0)).forecast(history(unit * values), 3)
        for unit in (1.0, size)
    )
    assert scaled / size == pytest.approx(plain, rel=1e-3)


def test_one_wild_value_does_not_drown_the_others() -> None:
    values = ar1(400, seed=2)
    wild = values.copy()
    wild[150] = 1e6
    recipe = Recurrent(units=8, epochs=12, lookback=6, level_visible=True, guarded=False)
    fitted = recipe.fit(history(wild[:300]), horizon=3, rng=spawn(1))
    paths = fitted.forecast_many([history(wild[:t]) for t in range(300, 397)], 3)
    actual = np.array([values[t : t + 3] for t in range(300, 397)])
    naive = np.array([[values[t - 1]] * 3 for t in range(300, 397)])
    assert np.mean((actual - paths) ** 2) < 0.9 * np.mean((actual - naive) ** 2)


def test_constant_windows_are_continued() -> None:
    values = np.concatenate([ar1(100), np.full(80, 2.0)])
    for recipe in (SMALL, replace(SMALL, autoregression=Autoregression(), guarded=False)):
        path = recipe.fit(history(values), horizon=3, rng=spawn(0)).forecast(history(values), 3)
        assert np.isfinite(path).all()
    assert SMALL.fit(history(values), horizon=3, rng=spawn(0)).forecast(history(values), 3) == pytest.approx(
        np.full(3, 2.0), abs=0.5
    )


def test_covariates_are_seen() -> None:
    rng = np.random.default_rng(3)
    known = rng.normal(size=(303, 1))
    values = np.zeros(300)
    values[1:] = 2 * known[1:300, 0] + 0.1 * rng.normal(size=299)
    recipe = Recurrent(units=8, epochs=10, lookback=6, level_visible=True)

    def past(stop: int, shown: np.ndarray) -> History:
        return History(values[:stop], pd.RangeIndex(stop), known=shown[: stop + 3])

    fitted = recipe.fit(past(260, known), horizon=3, rng=spawn(0))
    path = fitted.forecast(past(290, known), 3)
    assert path[2] == pytest.approx(2 * known[292, 0], abs=0.6)
    other = known.copy()
    other[292] += 5
    assert fitted.forecast(past(290, other), 3)[2] > path[2] + 5


def test_the_recursive_network_feeds_on_its_own_steps() -> None:
    values = ar1(200)
    recipe = RecursiveRecurrent(units=4, lookback=6, epochs=5)
    fitted = recipe.fit(history(values), horizon=4, rng=spawn(0))
    path = fitted.forecast(history(values), 4)
    longer = np.append(values, path[0])
    assert fitted.forecast(history(longer), 3) == pytest.approx(path[1:], rel=1e-12)


def test_the_textbook_network_knows_no_last_value() -> None:
    values = np.cumsum(ar1(200))
    recipe = TextbookRecurrent(units=4, lookback=6, epochs=3)
    fitted = recipe.fit(history(values), horizon=4, rng=spawn(0))
    assert fitted.facts["epochs"] == 3
    assert fitted.facts["train_until"] == 200
    naive = np.abs(np.diff(values[100:])).mean()
    paths = fitted.forecast_many([history(values[:t]) for t in range(100, 199)], 4)
    assert np.abs(paths[:, 0] - values[100:199]).mean() > 1.5 * naive
    with pytest.raises(SeriesTooShortError, match="20 observations are too few to train 'lstm-textbook'"):
        recipe.fit(history(values[:20]), horizon=4, rng=spawn(0))


def test_a_warm_refit_goes_on_from_the_weights_and_says_so() -> None:
    values = ar1(200)
    first = SMALL.fit(history(values[:150]), horizon=3, rng=spawn(0))
    second = first.refit(history(values), horizon=3, rng=spawn(1))
    again = first.refit(history(values), horizon=3, rng=spawn(1))
    assert (first.facts["refit"], second.facts["refit"]) == ("cold", "warm, 4 epochs")
    assert second.facts["epochs"] <= 4
    assert second.forecast(history(values), 3).tobytes() == again.forecast(history(values), 3).tobytes()


def test_a_cold_refit_is_a_fit() -> None:
    recipe = replace(SMALL, warm_epochs=0)
    values = ar1(200)
    refitted = recipe.fit(history(values[:150]), horizon=3, rng=spawn(0)).refit(
        history(values), horizon=3, rng=spawn(1)
    )
    assert refitted.facts["refit"] == "cold"
    assert len(refitted.facts["validation_loss"]) == refitted.facts["epochs"] + 1


def test_fits_take_longer_with_length_and_width() -> None:
    assert Recurrent().expected_seconds(3000, 24) > Recurrent().expected_seconds(1000, 24) > 0
    assert Recurrent(units=64).expected_seconds(3000, 24) > Recurrent(units=16).expected_seconds(3000, 24)
