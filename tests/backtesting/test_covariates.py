"""Covariates through a backtest: who is handed which, and that nothing after an origin leaks in."""

from __future__ import annotations

from dataclasses import dataclass, field, replace

import numpy as np
import pytest

from forecastkit.api import backtest
from forecastkit.archive import export_run, read_run
from forecastkit.backtesting.plan import BacktestPlan
from forecastkit.backtesting.runner import run_backtest
from forecastkit.models.autoregressive import Autoregression
from forecastkit.series.series import Series
from forecastkit.series.transforms import TRANSFORMS

T, H = 90, 4
RNG = np.random.default_rng(12)
KNOWN, PAST = RNG.normal(size=(T + 7, 2)), RNG.normal(size=(T, 1))
VALUES = np.exp(np.convolve(RNG.normal(size=T), [1.0, 0.5])[:T] / 9 + 0.3 * KNOWN[:T, 0])
SERIES = Series.from_array(VALUES, name="driven")
DRIVEN = replace(SERIES, known=KNOWN, past=PAST, known_names=("promo", "price"), past_names=("rain",))
PLAN = BacktestPlan(horizon=H, origins=6, step=3, gap=2, train_window=40)


@dataclass(frozen=True)
class Spy:
    """Records the histories that it is handed."""

    seen: list = field(default_factory=list)
    name: str = "spy"

    def fit(self, history, *, horizon, rng):
        self.seen.append(history)
        return self

    def forecast(self, history, horizon):
        self.seen.append(history)
        return np.full(horizon, history.values[-1])


@pytest.mark.parametrize("transform", TRANSFORMS)
def test_every_history_holds_its_own_rows_and_those_of_the_steps_ahead(transform) -> None:
    spy = Spy()
    run_backtest(replace(DRIVEN, period=5), {"spy": spy}, PLAN, transform=TRANSFORMS[transform])
    for history in spy.seen:
        begin, n = history.start, len(history.values)
        assert history.index[-1] == begin + n - 1
        assert history.known.tolist() == KNOWN[begin : begin + n + H].tolist()
        assert history.past.tolist() == PAST[begin : begin + n].tolist()
        assert not history.known.flags.writeable
        assert history.known.base is None


def of_ar(series: Series, plan: BacktestPlan = PLAN, transform: str = "none", **settings) -> np.ndarray:
    recipe = Autoregression(max_lag=5, **settings)
    return run_backtest(series, {"ar": recipe}, plan, transform=TRANSFORMS[transform]).mean[0]


@pytest.mark.parametrize("difference", [False, True])
@pytest.mark.parametrize("window", [None, 40])
def test_the_ar_uses_what_is_known_ahead_and_one_call_equals_the_loop(window, difference) -> None:
    plan = replace(PLAN, train_window=window)
    whole = of_ar(DRIVEN, plan, difference=difference)
    assert not np.allclose(whole, of_ar(SERIES, plan, difference=difference))
    for row, origin in enumerate(plan.origin_positions(T).tolist()):
        cut = replace(
            DRIVEN,
            values=VALUES[: origin + H],
            index=SERIES.index[: origin + H],
            known=KNOWN[: origin + H],
            past=PAST[: origin + H],
        )
        settled = Autoregression(max_lag=5, difference=difference, weights=())
        alone = run_backtest(
            cut, {"ar": settled}, replace(plan, origins=1, refit_every=1), transform=TRANSFORMS["none"]
        )
        assert whole[row] == pytest.approx(alone.mean[0, 0], rel=1e-10)


@pytest.mark.filterwarnings("ignore:Model 'ar' is explosive")
@pytest.mark.parametrize("transform", ["none", "difference", "log-return"])
@pytest.mark.parametrize("refit", [1, 2])
def test_poisoned_covariates_of_the_future_change_no_bit(transform, refit) -> None:
    plan = replace(PLAN, refit_every=refit)
    before = of_ar(DRIVEN, plan, transform)
    origins = plan.origin_positions(T)
    for row, origin in enumerate(origins.tolist()):
        known, past = KNOWN.copy(), PAST.copy()
        known[origin + H :], past[origin:] = 1e9, 1e9
        values = np.concatenate([VALUES[:origin], np.full(T - origin, 1e9)])
        after = of_ar(replace(DRIVEN, values=values, known=known, past=past), plan, transform)
        assert after[: row + 1].tobytes() == before[: row + 1].tobytes()
    known[origins[0] + H - 1 :] = 7.0
    changed = of_ar(replace(DRIVEN, known=known), plan, transform)
    assert changed[0, :-1].tolist() == before[0, :-1].tolist()
    assert changed[0, -1] != before[0, -1]


def test_a_run_folder_keeps_covariates_and_who_used_them(tmp_path) -> None:
    made = backtest(DRIVEN, ["ar", "ar-direct"], plan=PLAN)
    export_run(made.run_id, tmp_path / "run")
    assert read_run(made.run_id).series.fingerprint == DRIVEN.fingerprint
    read = read_run(tmp_path / "run")
    assert read.series.fingerprint == DRIVEN.fingerprint
    assert (read.series.known.tolist(), read.series.past_names) == (KNOWN.tolist(), ("rain",))
    assert read.forecasts.mean.tobytes() == made.mean.tobytes()
    used = {model: told["covariates"] for model, told in made.settings["models"].items()}
    assert used == {"naive": [], "climatology": [], "ar": ["known"], "ar-direct": []}
