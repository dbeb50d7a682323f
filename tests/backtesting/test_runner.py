"""The runner: what models are handed, what failures become, and that an interrupted run resumes."""

from dataclasses import dataclass, field, replace

import numpy as np
import pandas as pd
import pytest

from forecastkit.api import compare
from forecastkit.backtesting.plan import BacktestPlan
from forecastkit.backtesting.runner import run_backtest, scored_actuals
from forecastkit.errors import (
    BackendError,
    DataError,
    ForecastKitWarning,
    UnpairedOriginsWarning,
)
from forecastkit.models.autoregressive import Autoregression
from forecastkit.models.baselines import NAIVE
from forecastkit.models.protocol import QUANTILES, Answers, FromFunction
from forecastkit.runs.store import Store
from forecastkit.series.series import Series
from forecastkit.series.transforms import TRANSFORMS, find_transform

NONE = TRANSFORMS["none"]
Y = np.cumsum(np.random.default_rng(5).normal(size=60)) + 50
SERIES = Series.from_array(Y, name="walk")


@dataclass(frozen=True)
class Spy:
    """Records what it is handed."""

    fits: list = field(default_factory=list)
    asked: list = field(default_factory=list)
    name: str = "spy"
    default_refit: int | None = 1
    seeds: int = 1

    def fit(self, history, *, horizon, rng):
        self.fits.append((history.values.copy(), horizon, rng.integers(2**31)))
        return self

    def forecast(self, history, horizon):
        self.asked.append(history.values.copy())
        return np.full(horizon, history.values[-1])


def test_naive_by_hand() -> None:
    series = Series.from_array([*range(25), 30.0, 28.0, 35.0])
    result = run_backtest(series, {"naive": NAIVE}, BacktestPlan(horizon=2, origins=2), transform=NONE)
    assert result.origins.tolist() == [25, 26]
    assert result.mean[0].tolist() == [[24, 24], [30, 30]]
    assert result.actual.tolist() == [[30, 28], [28, 35]]


def test_the_gap_and_the_window_are_kept() -> None:
    spy = Spy()
    plan = BacktestPlan(horizon=3, origins=2, step=4, gap=2, train_window=30)
    run_backtest(SERIES, {"spy": spy}, plan, transform=NONE)
    assert [fit[0].tolist() for fit in spy.fits] == [Y[21:51].tolist(), Y[25:55].tolist()]
    assert [asked.tolist() for asked in spy.asked] == [Y[23:53].tolist(), Y[27:57].tolist()]


@pytest.mark.parametrize(("refit", "fits"), [(1, 6), (4, 2), (None, 1), ({"spy": 3}, 2), ({"other": 3}, 6)])
def test_models_are_refitted_as_planned(refit, fits) -> None:
    spy = Spy()
    result = run_backtest(
        SERIES, {"spy": spy}, BacktestPlan(horizon=3, origins=6, refit_every=refit), transform=NONE
    )
    assert len(spy.fits) == fits == result.refits["spy"]
    assert len(spy.asked) == 6


def test_every_seed_is_fitted_from_its_own_stream_and_averaged() -> None:
    spy = Spy(seeds=3)
    result = run_backtest(SERIES, {"spy": spy}, BacktestPlan(horizon=2, origins=2), transform=NONE, seed=1)
    assert len({fit[2] for fit in spy.fits}) == 6
    assert result.members["spy"].shape == (3, 2, 2)
    assert result.mean[0] == pytest.approx(result.members["spy"].mean(axis=0))


def test_log_returns_are_scored_on_the_cumulative_return() -> None:
    constant = FromFunction("up", lambda values, horizon: np.full(horizon, 0.01))
    plan = BacktestPlan(horizon=3, origins=1)
    result = run_backtest(SERIES, {"up": constant, "naive": NAIVE}, plan, transform=TRANSFORMS["log-return"])
    assert result.of("up")[0] == pytest.approx([0.01, 0.02, 0.03])
    assert result.of("naive")[0].tolist() == [0, 0, 0]
    assert result.actual[0] == pytest.approx(np.log(Y[57:60] / Y[56]))


@dataclass(frozen=True)
class FailsAt:
    """Breaks at one origin in one way."""

    how: str
    origin: int
    name: str = "fails"
    default_refit: int | None = None

    def fit(self, history, *, horizon, rng):
        if self.how == "fit":
            raise RuntimeError("no convergence")
        return self

    def forecast(self, history, horizon):
        path = np.full(horizon, history.values[-1])
        if len(history.values) != self.origin:
            return path
        if self.how == "raise":
            raise ZeroDivisionError("division by zero")
        if self.how == "shape":
            return path[:-1]
        return replace_last(path, np.inf)


def replace_last(path, value):
    path[-1] = value
    return path


@pytest.mark.parametrize(
    ("how", "error", "message"),
    [
        ("raise", "ZeroDivisionError", "division by zero"),
        ("shape", "ForecastShapeError", r"answered shape (2,) at origin 56; (3,) is needed"),
        ("inf", "FitError", "not finite, or too large to square, at origin 56, h = 3"),
    ],
)
def test_a_failure_costs_its_origin_only_and_is_recorded(how, error, message) -> None:
    plan = BacktestPlan(horizon=3, origins=4)
    with pytest.warns(UnpairedOriginsWarning, match="'fails' failed at 1 of 4 origins; the first is 56"):
        result = run_backtest(SERIES, {"fails": FailsAt(how, 56)}, plan, transform=NONE)
    assert [(f.model, f.origin, f.error) for f in result.failures] == [("fails", 56, error)]
    assert message in result.failures[0].message
    assert np.isnan(result.mean[0]).all(axis=1).tolist() == [False, False, True, False]


def test_a_failed_fit_costs_the_origins_it_should_have_served() -> None:
    with pytest.warns(UnpairedOriginsWarning, match="RuntimeError: no convergence"):
        result = run_backtest(
            SERIES,
            {"fails": FailsAt("fit", 0), "naive": NAIVE},
            BacktestPlan(horizon=3, origins=4),
            transform=NONE,
        )
    assert [f.origin for f in result.failures] == [54, 55, 56, 57]
    assert np.isfinite(result.of("naive")).all()


def test_a_missing_backend_ends_the_run() -> None:
    @dataclass(frozen=True)
    class NoBackend(Spy):
        def fit(self, history, *, horizon, rng):
            raise BackendError("no tensorflow")

    with pytest.raises(BackendError, match="no tensorflow"):
        run_backtest(SERIES, {"net": NoBackend()}, BacktestPlan(horizon=3, origins=2), transform=NONE)


def test_a_constant_series_is_refused() -> None:
    series = Series.from_array(np.full(60, 7.0), name="flat")
    with pytest.raises(DataError, match=r"Series 'flat' is constant \(7\)"):
        run_backtest(series, {"naive": NAIVE}, BacktestPlan(horizon=3), transform=NONE)


def test_quantiles_of_the_ar_stand_on_the_scored_scale() -> None:
    plan = BacktestPlan(horizon=4, origins=3)
    result = run_backtest(SERIES, {"ar": Autoregression()}, plan, transform=TRANSFORMS["log"])
    quantiles = result.quantiles["ar"]
    assert quantiles.shape == (3, 4, len(QUANTILES))
    assert (np.diff(quantiles, axis=2) > 0).all()
    assert ((quantiles[:, :, 1] < result.of("ar")) & (result.of("ar") < quantiles[:, :, 2])).all()


class Interrupt(KeyboardInterrupt):
    """Ctrl-C, told apart from a real one."""


@pytest.mark.parametrize("one_by_one", [True, False])
@pytest.mark.parametrize("stop_at", [1, 3, 5])
def test_an_interrupted_run_resumes_to_the_same_bits(tmp_path, stop_at: int, one_by_one: bool) -> None:
    plan = BacktestPlan(horizon=3, origins=6)
    recipes = {"naive": NAIVE, "ar": Counting() if one_by_one else Autoregression()}
    whole = run_backtest(SERIES, recipes, plan, transform=NONE)

    def interrupt(model, done, total):
        if model == "ar" and (done == stop_at or not one_by_one):
            raise Interrupt

    with Store.open(tmp_path / "runs.db") as store, pytest.raises(Interrupt):
        run_backtest(SERIES, recipes, plan, transform=NONE, store=store, progress=interrupt)
    fits = []
    if one_by_one:
        recipes["ar"] = Counting(fits=fits)
    with Store.open(tmp_path / "runs.db") as store:
        state = store.states()[0]
        assert (state.finished, state.done) == ("", 1 + (stop_at if one_by_one else 0))
        resumed = run_backtest(SERIES, recipes, plan, transform=NONE, store=store)
        assert store.states()[0].finished
    assert len(fits) == (6 - stop_at if one_by_one else 0)
    assert resumed.mean.tobytes() == whole.mean.tobytes()
    assert resumed.quantiles["ar"].tobytes() == whole.quantiles["ar"].tobytes()
    assert resumed.facts == whole.facts


@dataclass(frozen=True)
class Counting:
    """The AR, counting its fits."""

    fits: list = field(default_factory=list)
    name: str = "ar"
    family: str = "ar"
    recipe: Autoregression = field(default_factory=Autoregression)

    def prepare(self, history, *, horizon, rng):
        return replace(self, recipe=self.recipe.prepare(history, horizon=horizon, rng=rng))

    def fit(self, history, *, horizon, rng):
        self.fits.append(len(history.values))
        return self.recipe.fit(history, horizon=horizon, rng=rng)


def test_white_noise_has_no_skill_under_any_transform() -> None:
    values = np.exp(np.random.default_rng(2).normal(size=300) / 4)
    for name in TRANSFORMS:
        series = Series.from_array(values, period=4 if TRANSFORMS[name].seasonal else 1)
        result = compare(series, ["ar"], plan=BacktestPlan(horizon=4, origins=120), transform=name)
        if name != "log-return":
            climatology = result.forecasts.of("climatology")
            assert climatology[0] == pytest.approx(np.full(4, values[: result.forecasts.origins[0]].mean()))
            assert result.skill_horizon["ar"].h == 0


@pytest.mark.parametrize("transform", TRANSFORMS)
@pytest.mark.parametrize("window", [None, 30])
@pytest.mark.parametrize("refit", [1, 4, None])
def test_one_call_for_all_origins_equals_the_loop(transform, window, refit) -> None:
    plan = BacktestPlan(horizon=3, origins=8, gap=2, train_window=window, refit_every=refit)
    whole, loop = (
        run_backtest(replace(SERIES, period=3), {"ar": model}, plan, transform=TRANSFORMS[transform])
        for model in (Autoregression(), Counting())
    )
    assert whole.mean == pytest.approx(loop.mean, rel=1e-12)
    assert ("ar" in whole.quantiles) == TRANSFORMS[transform].places_quantiles
    if "ar" in whole.quantiles:
        assert whole.quantiles["ar"] == pytest.approx(loop.quantiles["ar"], rel=1e-10)
    assert [fact["p"] for fact in whole.facts["ar"]] == [fact["p"] for fact in loop.facts["ar"]]
    assert whole.refits == loop.refits


@dataclass(frozen=True)
class PeeksOverAll(FromFunction):
    """Answers a whole backtest with what comes after the first origin."""

    def fit(self, history, *, horizon, rng):
        return self

    def forecast_origins(self, history, schedule, *, horizon, rng):
        stops = schedule.origins[:, 1]
        return Answers(np.array([np.resize(history.values[stop - 1 :], horizon) for stop in stops]))


def test_a_whole_call_that_looks_ahead_is_found() -> None:
    peeks = PeeksOverAll("peeks", lambda values, horizon: np.full(horizon, values[-1]))
    plan = BacktestPlan(horizon=3, origins=10)
    with pytest.warns(ForecastKitWarning, match="otherwise from origin 48 alone .* `forecast_origins`"):
        result = run_backtest(SERIES, {"peeks": peeks, "naive": NAIVE}, plan, transform=NONE)
    assert result.of("peeks").tolist() == result.of("naive").tolist()


def test_an_origin_whose_path_runs_away_is_the_only_one_lost() -> None:
    @dataclass(frozen=True)
    class RunsAway(FromFunction):
        def fit(self, history, *, horizon, rng):
            return self

        def forecast_origins(self, history, schedule, *, horizon, rng):
            paths = np.repeat(history.values[schedule.origins[:, 1] - 1][:, None], horizon, axis=1)
            paths[2, 1:] = np.inf
            return Answers(paths, notes=("it ran away",))

    plan = BacktestPlan(horizon=3, origins=4)
    recipes = {"away": RunsAway("away", lambda values, horizon: np.full(horizon, values[-1]))}
    with pytest.warns(UnpairedOriginsWarning), pytest.warns(ForecastKitWarning, match="it ran away"):
        result = run_backtest(SERIES, recipes, plan, transform=NONE)
    assert np.isnan(result.mean[0]).all(axis=1).tolist() == [False, False, True, False]
    assert "at origin 56, h = 2" in result.failures[0].message


@dataclass(frozen=True)
class Peeks(FromFunction):
    """Answers a batch with what later histories hold."""

    def fit(self, history, *, horizon, rng):
        return self

    def forecast_many(self, histories, horizon):
        longest = histories[-1].values
        return np.array([np.resize(longest[len(one.values) - 1 :], horizon) for one in histories])


def test_a_batch_that_looks_ahead_is_found() -> None:
    peeks = Peeks("peeks", lambda values, horizon: np.full(horizon, values[-1]))
    plan = BacktestPlan(horizon=3, origins=10)
    with pytest.warns(ForecastKitWarning, match="otherwise from origin 48 alone than among"):
        result = run_backtest(SERIES, {"peeks": peeks, "naive": NAIVE}, plan, transform=NONE)
    assert result.of("peeks")[0].tolist() == result.of("naive")[0].tolist()


@dataclass(frozen=True)
class OddExtras(FromFunction):
    """Good forecasts with quantiles and facts that cannot be used."""

    facts: object = field(default_factory=lambda: {"coefficients": np.arange(2)})

    def fit(self, history, *, horizon, rng):
        return self

    def forecast_quantiles(self, history, horizon, levels):
        return np.zeros((horizon, 1))


def test_unusable_extras_cost_nothing_else() -> None:
    odd = OddExtras("odd", lambda values, horizon: np.full(horizon, values[-1]))
    with Store.open(None) as store:
        for _ in range(2):  # what is not made again is said again
            with pytest.warns(UserWarning, match="Quantiles of model 'odd' were left out: ValueError: shape"):
                result = run_backtest(
                    SERIES, {"odd": odd}, BacktestPlan(horizon=3, origins=10), transform=NONE, store=store
                )
    assert np.isfinite(result.mean).all()
    assert result.facts["odd"] == ({"coefficients": "[0 1]"},)


def test_filled_values_are_never_scored() -> None:
    values = np.random.default_rng(1).normal(size=80)
    series = Series(values, pd.RangeIndex(80), source={"filled": [60]})
    plan = BacktestPlan(horizon=3, origins=20)
    origins = plan.origin_positions(80)
    actual = scored_actuals(series, origins, 3, find_transform("none"))
    touched = origins[np.isnan(actual).all(axis=1)].tolist()
    assert touched == [58, 59, 60, 61]
    assert np.isfinite(actual[~np.isin(origins, touched)]).all()


def test_means_taken_back_as_means_lie_above_medians() -> None:
    """By half the variance on the log scale, which the quantiles of the AR give."""
    values = np.exp(0.4 * np.random.default_rng(3).normal(size=120))
    plan = BacktestPlan(horizon=2, origins=4)
    median, mean = (
        run_backtest(
            Series.from_array(values),
            {"ar": Autoregression(difference=False)},
            plan,
            transform=find_transform(name),
        )
        for name in ("log", "log+unbiased")
    )
    levels = np.log(median.quantiles["ar"])
    spread = (levels[..., -1] - levels[..., 0]) / (2 * 1.959963985)
    assert mean.mean[0] / median.mean[0] == pytest.approx(np.exp(spread**2 / 2), rel=1e-6)


def test_a_model_without_quantiles_cannot_be_taken_back_as_a_mean() -> None:
    plan = BacktestPlan(horizon=2, origins=4)
    with pytest.warns(UnpairedOriginsWarning, match="tells no quantiles"):
        run_backtest(
            Series.from_array(np.arange(1.0, 80.0)),
            {"line": FromFunction("line", lambda v, h: v[-h:])},
            plan,
            transform=find_transform("log+unbiased"),
        )
