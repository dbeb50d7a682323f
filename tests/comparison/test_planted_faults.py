"""Every fault that a comparison can be fooled by, planted, and caught by its own check."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from functools import cache
from typing import Any

import numpy as np
import pytest

import forecastkit as fk
from forecastkit.errors import UnpairedOriginsWarning
from forecastkit.models.protocol import Answers

PLAN = fk.BacktestPlan(horizon=6, origins=120)


def plain(source: str) -> fk.Series:
    """A series whose process is not told, so that no oracle runs."""
    return replace(fk.load(source), source={})


@cache
def stationary() -> fk.Series:
    return plain("synthetic:ar2?n=320&seed=3")


@cache
def seasonal() -> fk.Series:
    return plain("synthetic:seasonal-ar?n=400&seed=1")


@cache
def walk() -> fk.Series:
    return plain("synthetic:random-walk?n=320&seed=5")


def iterated(values: np.ndarray, horizon: int, lags: int = 2) -> np.ndarray:
    """An AR by least squares, with a constant."""
    rows = np.column_stack([values[lags - i - 1 : len(values) - i - 1] for i in range(lags)])
    design = np.column_stack([np.ones(len(rows)), rows])
    phi = np.linalg.lstsq(design, values[lags:], rcond=None)[0]
    path = list(values[-lags:])
    for _ in range(horizon):
        path.append(phi[0] + sum(phi[i + 1] * path[-i - 1] for i in range(lags)))
    return np.array(path[lags:])


def found(result: fk.Comparison, code: str) -> tuple[str, str]:
    finding = result.honesty[code]
    return finding.level, finding.text


def compared(series: fk.Series, **models: Any) -> fk.Comparison:
    return fk.compare(series, {"ar": "ar", **models}, plan=PLAN)


@dataclass(frozen=True)
class Told:
    """A network in name, whose fits tell what they are told to."""

    facts: dict[str, Any] = field(default_factory=dict)
    path: Callable[[np.ndarray, int], np.ndarray] = iterated
    name: str = "net"
    family: str = "network"
    default_refit: int | None = None

    def fit(self, history, *, horizon, rng):
        return self

    def forecast(self, history, horizon):
        return self.path(history.values, horizon)


@dataclass(frozen=True)
class ScaledByAll(Told):
    """Standardises with the mean and spread of all it was ever handed."""

    family: str = "other"

    def forecast_origins(self, history, schedule, *, horizon, rng):
        centre, spread = history.values.mean(), history.values.std()
        paths = [
            iterated((history.values[a:b] - centre) / spread, horizon) * spread + 0.9 * centre
            for a, b in schedule.origins.tolist()
        ]
        return Answers(np.array(paths))


@pytest.mark.filterwarnings("ignore:Model 'net' forecasts otherwise")
def test_a_full_sample_scaler_is_caught() -> None:
    level, text = found(compared(stationary(), net=ScaledByAll()), "H-SCALE")
    assert level == "fail"
    assert "asked whole, a changed future after origin" in text


def test_a_shuffled_validation_is_caught() -> None:
    mixed = Told({"train_until": 190, "validation_from": 40})
    level, text = found(compared(stationary(), net=mixed), "H-SHUFFLE")
    assert (level, text[:40]) == ("fail", "net: training targets reach to 190, vali")
    clean = Told({"train_until": 160, "validation_from": 160})
    assert found(compared(stationary(), net=clean), "H-SHUFFLE")[0] == "pass"


def test_a_model_that_closes_over_the_series_is_caught() -> None:
    whole = stationary().values

    def knows(values, horizon):
        return whole[len(values) : len(values) + horizon]

    result = compared(stationary(), knows=knows)
    level, text = found(result, "H-POISON")
    assert level == "fail"
    assert "correlation with the news of the old future" in text
    assert found(result, "H-PREFIT") == ("fail", "the settings of knows hold the series itself.")
    known = fk.compare(fk.load("synthetic:ar2?n=320&seed=3"), {"knows": knows}, plan=PLAN)
    level, text = found(known, "H-KNOWN")
    assert (level, text[:42]) == ("fail", "knows beats the best forecast there is (p ")


def mimic(values: np.ndarray, horizon: int) -> np.ndarray:
    return np.full(horizon, values[-1]) - 0.01 * (values[-1] - values[-2])


def test_a_price_mimic_is_caught() -> None:
    level, text = found(fk.compare(walk(), {"mimic": mimic}, plan=PLAN), "H-MIMIC")
    assert level == "inform"  # on a random walk nothing better exists
    assert "mimic" in text
    level, text = found(fk.compare(stationary(), {"mimic": mimic}, plan=PLAN), "H-MIMIC")
    assert level == "warn"
    assert found(compared(stationary()), "H-MIMIC")[0] == "pass"


@pytest.mark.parametrize("shift", ["early", "late"])  # too soon, too late an index
def test_an_off_by_one_horizon_is_caught(shift: str) -> None:
    def off(values, horizon):
        if shift == "late":
            return iterated(values, horizon + 1)[1:]
        return np.concatenate([values[-1:], iterated(values, horizon - 1)])

    level, text = found(compared(stationary(), off=off), "H-KNOWN")
    moved = {"early": "late", "late": "early"}[shift]
    assert level == "fail"
    assert text.startswith(f"The paths of off are those of ar one step {moved}")
    assert found(compared(stationary()), "H-KNOWN")[0] == "pass"


@pytest.mark.parametrize("seed", [0, 1])
def test_an_honest_model_that_lost_its_process_is_not_taken_for_wrong_code(seed: int) -> None:
    """After a break to noise the paths of a cyclical AR are helped by a shift."""
    rng = np.random.default_rng(seed)
    values = np.zeros(320)
    for t in range(2, 320):
        values[t] = 1.6 * values[t - 1] - 0.9 * values[t - 2] + rng.normal()
    values[-60:] = values.std() * rng.normal(size=60)
    result = fk.compare(values, ["ar"], plan=fk.BacktestPlan(horizon=3, origins=60))
    assert found(result, "H-KNOWN")[0] == "pass"


def test_a_wrong_sign_warns() -> None:
    def mirrored(values, horizon):
        return 2 * values[-1] - iterated(values, horizon)

    assert found(compared(stationary(), mirrored=mirrored), "H-KNOWN")[0] == "warn"
    assert found(compared(stationary(), copy=iterated), "H-KNOWN")[0] == "pass"


def judged(made: Any, series: fk.Series, **roles: str) -> fk.Comparison:
    return fk.evaluate(made, series, roles=roles).comparison


@pytest.mark.filterwarnings("ignore:.*lack forecasts at some origins")
def test_a_dropped_last_batch_is_caught() -> None:
    made = fk.backtest(stationary(), {"ar": "ar", "net": iterated}, plan=PLAN).to_frame()
    last = sorted(made["origin"].unique())[-8:]
    lost = made[~((made["model"] == "net") & made["origin"].isin(last))]
    level, text = found(judged(lost, stationary()), "H-DROPLAST")
    assert (level, text[:34]) == ("fail", "net lacks the last 8 of 120 origin")
    some = made[~((made["model"] == "net") & made["origin"].isin(last[::2]))]
    assert found(judged(some, stationary()), "H-DROPLAST")[0] == "pass"
    assert found(judged(some, stationary()), "H-SAMEORIGIN")[0] == "inform"
    assert found(judged(made, stationary()), "H-DROPLAST")[0] == "pass"


def test_a_model_that_failed_at_last_has_dropped_no_batch() -> None:
    def fails(values, horizon):
        if len(values) >= len(stationary()) - 50:
            raise MemoryError("no room")
        return iterated(values, horizon)

    with pytest.warns(UnpairedOriginsWarning, match="MemoryError: no room"):
        made = fk.compare(stationary(), {"ar": "ar", "net": fails}, plan=PLAN)
    assert found(made, "H-DROPLAST")[0] == "pass"
    assert found(made, "H-SAMEORIGIN")[0] == "warn"


def test_a_collapsed_network_is_caught() -> None:
    flat = Told(path=lambda values, horizon: np.full(horizon, 0.3))
    assert found(compared(stationary(), net=flat), "H-CONST")[0] == "fail"
    assert found(compared(stationary(), net=Told()), "H-CONST")[0] == "pass"


def test_lags_fed_as_features_are_caught() -> None:
    level, text = found(compared(stationary(), net=Told({"steps": 1})), "H-AXIS")
    assert (level, text) == ("fail", "net sees one time step.")
    assert found(compared(stationary(), net=Told({"steps": 24})), "H-AXIS")[0] == "pass"


def test_a_network_that_ignores_the_order_of_time_is_caught() -> None:
    bag = Told(path=lambda values, horizon: np.full(horizon, 0.5 * values[-20:].mean()))
    assert found(compared(stationary(), net=bag), "H-AXIS")[0] == "pass"  # the window moves its edge
    whole = Told(path=lambda values, horizon: np.full(horizon, 0.5 * np.sort(values).mean()))
    assert found(compared(stationary(), net=whole), "H-AXIS")[0] == "fail"


def test_a_strawman_ar_is_caught() -> None:
    straw = Told(path=lambda values, horizon: iterated(values, horizon, 1), name="straw", family="ar")
    level, text = found(fk.compare(seasonal(), {"straw": straw}, plan=PLAN), "H-ARWEAK")
    assert level == "warn"
    assert "first that stands out is lag" in text
    plain = fk.compare(stationary(), "ar", plan=PLAN)
    assert found(plain, "H-ARWEAK")[0] == "pass"


def test_a_one_episode_winner_is_caught() -> None:
    made = fk.backtest(walk(), {"lucky": mimic}, plan=PLAN).to_frame()
    error = made["actual"] - made["mean"]
    storm = (made["model"] == "lucky") & made["origin"].between(250, 255)
    made.loc[storm, "mean"] += 0.99 * error[storm]  # right in one week, as good as naive else
    level, text = found(judged(made, walk()), "H-REGIME")
    assert level == "warn"
    assert text.endswith("of the gain of lucky over references comes from one episode.")
    assert found(compared(stationary()), "H-REGIME")[0] == "pass"


@pytest.mark.filterwarnings("ignore:.*lack forecasts at some origins")
def test_one_step_forecasts_drawn_as_paths_are_caught() -> None:
    series = stationary()
    made = fk.backtest(series, {"one": iterated}, plan=PLAN).to_frame()
    first = made[(made["model"] == "one") & (made["h"] == 1)].set_index("target_time")["mean"]
    rows = made["model"] == "one"
    made.loc[rows, "mean"] = first.reindex(made.loc[rows, "target_time"]).to_numpy()
    level, text = found(judged(made.dropna(), series), "H-RECUR")
    assert level == "fail"
    assert "one-step forecasts" in text
    assert found(compared(series), "H-RECUR")[0] == "pass"


def test_a_broken_ar_and_a_missing_reference_warn() -> None:
    broken = Told(path=lambda values, horizon: values[-1] + 3 * np.arange(1, horizon + 1), family="ar")
    assert found(fk.compare(stationary(), {"broken": broken}, plan=PLAN), "H-BASE")[0] == "warn"


def test_errors_that_fall_with_h_warn() -> None:
    made = fk.backtest(stationary(), {"net": iterated}, plan=PLAN).to_frame()
    rows = made["model"] == "net"
    error = made["actual"] - made["mean"]
    made.loc[rows, "mean"] = (made["actual"] - error / made["h"] ** 1.5)[rows]
    assert found(judged(made, stationary()), "H-NOISE")[0] == "warn"


def test_few_origins_and_one_seed_warn() -> None:
    few = fk.compare(stationary(), {"net": Told()}, plan=replace(PLAN, origins=14))
    assert found(few, "H-ONESPLIT")[0] == "warn"
    assert found(few, "H-ONESEED") == ("warn", "net was fitted with one seed: its luck is unknown.")


def test_a_model_fitted_on_the_test_part_is_caught() -> None:
    late = Told({"fitted_until": 320})
    assert found(compared(stationary(), net=late), "H-PREFIT") == (
        "fail",
        "net was fitted up to 320, 195 were allowed.",
    )
    early = Told({"fitted_until": 195})
    assert found(compared(stationary(), net=early), "H-PREFIT")[0] == "pass"


@dataclass(frozen=True)
class Fails(Told):
    """Fitted anew every ten origins, which its fits tell; the one from a given past fails."""

    default_refit: int | None = 10
    fails_at: int = 255
    beyond: int = 0

    def fit(self, history, *, horizon, rng):
        known = len(history.values)
        if known == self.fails_at:
            raise ArithmeticError("no fit")
        return replace(self, facts={"fitted_until": known + self.beyond})


@pytest.mark.parametrize(("beyond", "level"), [(0, "pass"), (1, "fail")])
def test_a_fit_that_failed_shifts_the_limits_of_no_other(beyond, level) -> None:
    with pytest.warns(UnpairedOriginsWarning, match="ArithmeticError: no fit"):
        result = compared(stationary(), net=Fails(beyond=beyond))
    assert len(result.forecasts.facts["net"]) == 11
    assert found(result, "H-PREFIT")[0] == level


def test_a_first_fit_that_failed_tells_nothing() -> None:
    with pytest.warns(UnpairedOriginsWarning, match="ArithmeticError: no fit"):
        result = compared(stationary(), net=Fails(fails_at=195))
    assert [fact["fitted_until"] for fact in result.forecasts.facts["net"]] == list(range(205, 315, 10))
    assert result.forecasts.selection["net"]["configurations"] == 1
    assert found(result, "H-PREFIT")[0] == "pass"


def test_failed_forecasts_of_a_fit_that_tells_accuse_nobody() -> None:
    def breaks(values, horizon):
        if 255 <= len(values) < 265:
            raise ArithmeticError("no forecast")
        return iterated(values, horizon)

    with pytest.warns(UnpairedOriginsWarning, match="ArithmeticError: no forecast"):
        result = compared(stationary(), net=Fails(fails_at=0, path=breaks))
    assert len(result.forecasts.facts["net"]) == 12
    assert found(result, "H-PREFIT")[0] == "pass"


def with_selection(result: fk.Comparison, **told: dict[str, Any]) -> fk.Comparison:
    """The same result, whose models tell of a search."""
    return replace(result, forecasts=replace(result.forecasts, selection=told))


def test_a_test_tuned_model_is_caught() -> None:
    result = compared(stationary(), net=Told())
    late = with_selection(result, net={"configurations": 50, "seconds": 9.0, "until": 320})
    assert found(late, "H-TESTTUNE") == (
        "fail",
        "Chosen on the test part: net on 320 observations; the first origin is 195.",
    )
    assert found(late, "H-TUNE")[0] == "warn"  # 50 configurations against one
    fair = with_selection(result, net={"configurations": 2, "seconds": 1.0, "until": 195})
    assert (found(fair, "H-TESTTUNE")[0], found(fair, "H-TUNE")[0]) == ("pass", "pass")


def test_one_step_ahead_is_a_horizon_too() -> None:
    plan = fk.BacktestPlan(horizon=1, origins=40)
    result = fk.compare(stationary(), {"ar": "ar", "net": Told()}, plan=plan)
    assert result.crossover.confidence_set == ()
    assert result.honesty.failed == ()
    assert result.forecasts.of("net").shape == (40, 1)


def test_the_best_of_many_warns() -> None:
    def lucky(k: int) -> Callable[[np.ndarray, int], np.ndarray]:
        return lambda values, horizon: (
            values[-1] + 0.03 * np.random.default_rng([k, len(values)]).normal(size=horizon)
        )

    result = fk.compare(walk(), {f"m{k}": lucky(k) for k in range(4)}, plan=PLAN)
    assert found(result, "H-MULTI")[0] == "pass"  # nothing is claimed
    made = result.forecasts.to_frame()
    rows = made["model"] == "m1"
    made.loc[rows, "mean"] += (0.004 * (made["actual"] - made["mean"]))[rows]
    assert found(judged(made, walk()), "H-MULTI")[0] in ("pass", "warn")


def test_foreign_forecasts_say_which_checks_need_the_model() -> None:
    made = fk.backtest(stationary(), {"ar": "ar", "net": Told()}, plan=PLAN).to_frame()
    audit = fk.audit(made, history=stationary(), roles={"net": "network"})
    untested = {finding.code for finding in audit.of("untested")}
    assert untested == {
        "H-SCALE",
        "H-POISON",
        "H-PREFIT",
        "H-SHUFFLE",
        "H-TESTTUNE",
        "H-TUNE",
        "H-ONESEED",
        "H-AXIS",
        "H-PLACEBO",
        "H-COST",
    }
    asked = fk.audit(made, history=stationary(), roles={"net": "network"}, models={"net": Told(), "ar": "ar"})
    assert asked["H-POISON"].level == "pass"


def test_random_walks_inform_and_never_fail() -> None:
    levels = []
    for seed in range(6):
        series = fk.load(f"synthetic:random-walk?n=260&seed={seed}")
        result = fk.compare(series, ["ar"], plan=fk.BacktestPlan(horizon=4, origins=60))
        levels.append(result.honesty["H-MIMIC"].level)
        assert result.honesty.failed == ()
    assert levels.count("inform") >= 5
