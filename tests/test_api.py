"""What people call: what is taken, what is refused, and that a run folder gives the same result back."""

import numpy as np
import pandas as pd
import pytest

import forecastkit as fk
from forecastkit.archive import Asked, export_run, read_run
from forecastkit.errors import DataError, DatasetNotFoundError, PlanError, ReportError, UnknownModelError
from forecastkit.models.autoregressive import Autoregression

Y = 20 + np.cumsum(np.random.default_rng(3).normal(size=80)).round(2)
PLAN = fk.BacktestPlan(horizon=3, origins=12)


def same_level(values, horizon):
    return np.full(horizon, values[-1])


@pytest.mark.parametrize(
    "index",
    [
        pd.RangeIndex(80),
        pd.Index(np.arange(80) * 0.5),
        pd.Index(np.arange(1900, 1980)),
        pd.period_range("2001-03", periods=80, freq="M"),
        pd.date_range("2024-01-31", periods=80, freq="ME"),
        pd.date_range("2024-03-30", periods=80, freq="h", tz="Europe/Berlin"),
        pd.DatetimeIndex(pd.date_range("2024-01-01", periods=120, freq="D")[np.r_[0:50, 60:90]]),
    ],
    ids=["numbers", "floats", "years", "periods", "month ends", "clock change", "trading days"],
)
@pytest.mark.parametrize("folder", [True, False], ids=["folder", "store"])
def test_a_run_gives_the_same_result_back(tmp_path, index: pd.Index, folder: bool) -> None:
    series = fk.Series.from_pandas(pd.Series(Y, index=index, name="walk"))
    result = fk.compare(series, ["ar"], plan=PLAN)
    export_run(result.forecasts.run_id, tmp_path / "run")
    again = read_run(tmp_path / "run" if folder else result.forecasts.run_id)
    assert again.series.fingerprint == series.fingerprint
    assert again.series.index.equals(series.index)
    assert again.forecasts.mean.tobytes() == result.forecasts.mean.tobytes()
    assert repr(again).splitlines()[0] == repr(result).splitlines()[0]


def test_a_series_brings_its_transform_and_says_where_it_comes_from() -> None:
    index = pd.RangeIndex(80)
    prices = fk.Series(Y, index, default_transform="log-return", source={"kind": "made", "id": "x1"})
    result = fk.compare(prices, ["ar"], plan=PLAN)
    assert result.settings["transform"] == "log-return"
    kept = read_run(result.forecasts.run_id).series
    assert kept.default_transform == "log-return"
    assert kept.source == {"kind": "made", "id": "x1"}
    asked = fk.compare(fk.Series(Y, index), ["ar"], plan=PLAN, transform="log-return")
    assert result.forecasts.mean.tobytes() == asked.forecasts.mean.tobytes()
    assert fk.compare(prices, ["ar"], plan=PLAN, transform="none").settings["transform"] == "none"


def test_arrays_lists_and_pandas_are_taken() -> None:
    results = [fk.compare(given, ["ar"], plan=PLAN) for given in (Y, Y.tolist(), pd.Series(Y))]
    assert len({result.forecasts.mean.tobytes() for result in results}) == 1


@pytest.mark.parametrize("given", ["sunspots", 3.0, None, {"y": Y}])
def test_other_things_are_refused(given: object) -> None:
    with pytest.raises(DataError, match="a pandas Series, a one-dimensional array"):
        fk.compare(given, ["ar"], plan=PLAN)


def test_models_by_name_function_recipe_and_mapping() -> None:
    models = {"mine": same_level, "ar": "ar", "short": Autoregression(max_lag=2)}
    result = fk.compare(Y, models, plan=PLAN)
    assert result.forecasts.models == ("naive", "climatology", "mine", "ar", "short")
    assert result.forecasts.of("mine").tolist() == result.forecasts.of("naive").tolist()
    assert fk.backtest(Y, [same_level, "ar"], plan=PLAN).models[2:] == ("same_level", "ar")


def test_references_run_once_even_when_named() -> None:
    assert fk.backtest(Y, ["naive", "ar"], plan=PLAN).models == ("naive", "climatology", "ar")
    assert fk.compare(Y, ["naive"], plan=PLAN).verdict is None


@pytest.mark.parametrize(
    ("models", "error", "message"),
    [
        ([], PlanError, "No model was given"),
        (["ar", "ar"], PlanError, "Two models are called 'ar'"),
        ({"naive": same_level}, PlanError, "'naive' is the name of a reference"),
        ([Autoregression], PlanError, r"is the class Autoregression. Give an instance: Autoregression\(\)"),
        ([3], PlanError, "is a int"),
        (["arima"], UnknownModelError, "There is no model 'arima'"),
    ],
)
def test_models_that_cannot_be(models, error, message) -> None:
    with pytest.raises(error, match=message):
        fk.compare(Y, models, plan=PLAN)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"seeds": 0}, "seeds=0"),
        ({"seed": -1}, "seed=-1"),
        ({"loss": "mse"}, "There is no loss 'mse'"),
        ({"transform": "sqrt"}, "There is no transform 'sqrt'"),
        ({"plan": fk.BacktestPlan(horizon=3, refit_every={"lstm": 2})}, "refit_every names 'lstm'"),
        ({"device": "tpu"}, "device='tpu' was given. Choose one of auto, cpu, gpu"),
        ({"plan": PLAN, "horizon": 5}, "horizon=5 and a plan with horizon 3"),
    ],
)
def test_options_that_cannot_be(options, message) -> None:
    with pytest.raises(PlanError, match=message):
        fk.compare(Y, ["ar"], **{"plan": PLAN, **options})


def test_seeds_loss_and_device_reach_the_network() -> None:
    from forecastkit.api import _recipes

    series = fk.Series.from_array([1.0, 2.0])
    asked = Asked(["lstm"], PLAN, "none", seeds=2, seed=0, loss="absolute", device="cpu")
    recipe = _recipes(asked, series)["lstm"]
    assert (recipe.seeds, recipe.loss, recipe.device) == (2, "absolute", "cpu")


def test_the_loss_switches_skill_tests_and_verdict() -> None:
    squared, absolute = (fk.compare(Y, ["ar"], plan=PLAN, loss=loss) for loss in ("squared", "absolute"))
    assert squared.skill["ar"][0] == pytest.approx(1 - _ratio(squared, "mse"))
    assert absolute.skill["ar"][0] == pytest.approx(1 - _ratio(absolute, "mae"))


def _ratio(result, loss: str) -> float:
    table = result.scores.to_frame()
    first = table[(table.loss == loss) & (table.h == 1)].set_index("model").value
    return first["ar"] / min(first["naive"], first["climatology"])


def test_load_knows_datasets_files_and_processes(tmp_path) -> None:
    (tmp_path / "a.csv").write_text("ds,y\n2024-01-01,1\n2024-01-02,2\n2024-01-03,4\n")
    assert len(fk.load("sunspots")) == 309
    assert fk.load(tmp_path / "a.csv", unit="m").unit == "m"
    renamed = fk.load("synthetic:white-noise?n=30", name="noise", period=5)
    assert (renamed.name, renamed.period, len(renamed)) == ("noise", 5, 30)
    with pytest.raises(DatasetNotFoundError, match=r"no file or dataset .sunspot.\. Did you mean sunspots"):
        fk.load("sunspot")
    with pytest.raises(PlanError, match="no file, so column cannot"):
        fk.load("sunspots", column="y")


def test_numpy_numbers_in_a_plan_can_be_kept() -> None:
    plan = fk.BacktestPlan(horizon=np.int64(3), origins=np.int64(4))
    made = fk.backtest(Y, ["ar"], plan=plan)
    assert read_run(made.run_id).forecasts.horizon == 3


def test_a_changed_series_file_is_found(tmp_path) -> None:
    export_run(fk.backtest(Y, ["ar"], plan=PLAN).run_id, tmp_path / "run")
    path = tmp_path / "run" / "series.csv"
    path.write_text(path.read_text().replace(f"0,{Y[0].item()!r}", "0,7.5"))
    with pytest.raises(ReportError, match="not the one that the run was made on"):
        read_run(tmp_path / "run")
