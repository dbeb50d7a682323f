"""Forecasts made elsewhere: their places, references without look-ahead, and every fault by name."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from forecastkit.backtesting.foreign import assemble_given, check_roles, sort_quantiles
from forecastkit.errors import (
    ConflictingActualsError,
    CrossedQuantilesWarning,
    ForecastFrameError,
    MisdatedForecastsError,
    PlanError,
    UnknownModelError,
    UnpairedOriginsWarning,
)
from forecastkit.series.series import Series
from forecastkit.sources.forecast_frames import read_forecasts

N, H = 30, 3
DAYS = pd.date_range("2024-01-01", periods=N, freq="D")
Y = np.round(np.random.default_rng(5).normal(size=N), 3)


def frame(origins=range(10, 26), step_error=0.5, **columns) -> pd.DataFrame:
    """Forecasts of one model, off by `step_error` times h."""
    rows = [(DAYS[t - 1], h, DAYS[t + h - 1], Y[t + h - 1]) for t in origins for h in range(1, H + 1)]
    table = pd.DataFrame(rows, columns=["cutoff", "h", "target_time", "actual"])
    return table.assign(model="m", mean=table.actual - step_error * table.h, **columns)


def assembled(table: pd.DataFrame, **options):
    read = read_forecasts(table)
    return assemble_given("y", read, check_roles({}, read.models), **options)


HISTORY = Series.from_pandas(pd.Series(Y, index=DAYS), period=1)


@pytest.mark.parametrize(
    "columns", [["cutoff", "target_time"], ["cutoff", "h", "target_time"], ["h", "target_time"]]
)
@pytest.mark.parametrize("history", [None, HISTORY])
def test_places(columns, history):
    """However the times are told, each forecast goes to its cell."""
    made = assembled(frame()[[*columns, "model", "actual", "mean"]], history=history, period=1).forecasts
    assert made.step == 1
    error = made.actual - made.of("m")
    assert error == pytest.approx(np.tile([0.5, 1.0, 1.5], (len(error), 1)))
    first = made.origins[0]
    assert made.index[first] == DAYS[11 if history is None else 10] - pd.Timedelta(0)
    assert len(made.origins) == (15 if history is None else 16)


def test_cutoff_and_h_need_the_times():
    table = frame().drop(columns="target_time")
    with pytest.raises(
        MisdatedForecastsError, match="Give a column target_time, the history, or the frequency"
    ):
        assembled(table)
    for options in ({"history": HISTORY}, {"frequency": "D"}):
        made = assembled(table, period=1, **options).forecasts
        assert made.actual - made.of("m") == pytest.approx(np.tile([0.5, 1.0, 1.5], (len(made.actual), 1)))


def test_numbered_times():
    table = frame().assign(
        cutoff=lambda f: f.cutoff.dt.day_of_year, target_time=lambda f: f.target_time.dt.day_of_year
    )
    both, alone = assembled(table), assembled(table.drop(columns="target_time"))
    assert both.forecasts.mean.tolist() == alone.forecasts.mean.tolist()


@pytest.mark.parametrize("history", [None, HISTORY])
@given(at=st.integers(11, 24))
def test_references_never_look_ahead(history, at):
    """Replace everything after a cutoff: what the references said until then stays the same, bit for bit."""
    table = frame()
    later = table.target_time > DAYS[at - 1]
    changed = table.assign(actual=table.actual.where(~later, 1e9), mean=0.0)
    values = np.where(np.arange(N) >= at, 1e9, Y)
    other = None if history is None else Series.from_pandas(pd.Series(values, index=DAYS), period=1)
    known = assembled(table, history=history, period=1).forecasts
    poisoned = assembled(changed, history=other, period=1).forecasts
    rows = np.flatnonzero(known.index[known.origins - 1] <= DAYS[at - 1])
    for name in ("naive", "climatology"):
        assert known.of(name)[rows].tobytes() == poisoned.of(name)[rows].tobytes()


def test_references_by_hand():
    made = assembled(frame(), period=1).forecasts
    known = Y[10:]
    first = made.origins[0]
    assert first == 1
    assert made.of("naive")[4].tolist() == [known[4]] * H
    assert made.of("climatology")[4] == pytest.approx(np.full(H, known[:5].mean()))


def test_a_missing_season_leaves_an_origin_out():
    made = assembled(frame(), period=7)
    assert made.forecasts.origins[0] == 7
    assert made.notes[0].startswith("7 origins were left out: the value at the cutoff, or a whole season")


def test_references_of_the_frame_are_taken_as_they_are():
    table = pd.concat([frame(), frame(step_error=2.0).assign(model="naive")])
    made = assembled(table, period=1).forecasts
    assert made.models == ("climatology", "m", "naive")
    assert (made.actual - made.of("naive"))[0] == pytest.approx([2.0, 4.0, 6.0])
    assert made.families == {"climatology": "reference", "m": "other", "naive": "reference"}


def test_skill_is_refused_without_a_value_at_the_cutoff():
    """Windows with a gap between them: the value at the cutoff is never told."""
    made = assembled(frame(origins=range(10, 26, 5)), period=1)
    assert made.forecasts is None
    assert made.refusal.startswith(
        "Skill of the forecasts of 'y' is refused: the value at the cutoff is never"
    )
    assert assembled(frame(origins=range(10, 26, 5)), period=1, history=HISTORY).forecasts is not None


def test_one_origin_has_no_reference():
    made = assembled(frame(origins=[10]), period=1)
    assert "there is one origin, and no actual value before it" in made.refusal
    assert made.cubes["m"].shape == (1, H)


def test_targets_without_actual_values_are_left_out_and_counted():
    table = frame()
    table.loc[table.target_time > DAYS[26], "actual"] = np.nan
    made = assembled(table, period=1)
    assert made.notes[0] == "1 rows of the frame have no actual value and were left out."
    assert made.notes[1] == "One origin was left out, because no model forecast every step from there."


def test_missing_cells_by_model_are_counted():
    table = pd.concat([frame(), frame().assign(model="other").drop(index=[5, 6])])
    with pytest.warns(UnpairedOriginsWarning, match="other lack forecasts at some origins; 13 of 15 origins"):
        made = assembled(table, period=1).forecasts
    assert [(f.model, f.message) for f in made.failures] == [
        ("other", "1 of 3 forecasts are missing, the first at h = 3"),
        ("other", "1 of 3 forecasts are missing, the first at h = 1"),
    ]


def test_a_shorter_horizon():
    assert assembled(frame(), horizon=2, period=1).forecasts.horizon == 2
    assert assembled(frame().drop(columns="h"), horizon=2, period=1).forecasts.horizon == 2


def test_errors_of_r_need_the_series():
    table = read_forecasts(np.ones((5, 2)), layout="tscv")
    with pytest.raises(ForecastFrameError, match="which need the series itself"):
        assemble_given("y", table, {})


@pytest.mark.parametrize(
    ("table", "options", "error", "message"),
    [
        (
            frame()[::3].assign(cutoff=lambda f: f.target_time),
            {},
            MisdatedForecastsError,
            "is not before its target",
        ),
        (
            frame().assign(h=1),
            {},
            MisdatedForecastsError,
            "h is 1 at cutoff 2024-01-10 and target 2024-01-12",
        ),
        (frame().assign(actual=np.nan), {}, ForecastFrameError, "has no actual value"),
        (frame().query("h != 2"), {"history": HISTORY}, MisdatedForecastsError, "none at h = 2"),
        (
            frame().assign(actual=lambda f: f.actual + (f.index == 3)),
            {},
            ConflictingActualsError,
            "two actual values for 2024-01-12",
        ),
        (frame().assign(actual=1.0), {"history": HISTORY}, ConflictingActualsError, "or the history"),
        (frame(), {"history": Series.from_array(Y)}, MisdatedForecastsError, "Give both in the same form"),
        (frame()[:1].assign(cutoff=3), {}, MisdatedForecastsError, "Give both in the same form"),
        (frame(), {"frequency": "MS"}, ForecastFrameError.__bases__[0], "frequency 'MS'"),
    ],
)
def test_faults_have_a_name(table, options, error, message):
    with pytest.raises(error, match=message):
        assembled(table, **options)


class TestRoles:
    def test_names_of_our_own_bring_their_role(self):
        families = check_roles({"DNN": "network"}, ("ar", "naive", "DNN", "x"))
        assert families == {"ar": "ar", "naive": "reference", "DNN": "network", "x": "other"}

    @pytest.mark.parametrize(
        ("roles", "error", "message"),
        [
            (
                {"LAER": "reference"},
                UnknownModelError,
                "given to 'LAER', which forecasts nothing.*Did you mean LEAR",
            ),
            ({"LEAR": "linear"}, PlanError, "There is no role 'linear'"),
            ({"LEAR": "ar", "DNN": "ar"}, PlanError, "LEAR and DNN have the role 'ar'"),
        ],
    )
    def test_what_cannot_be(self, roles, error, message):
        with pytest.raises(error, match=message):
            check_roles(roles, ("LEAR", "DNN"))


def test_crossing_quantiles_are_sorted_and_reported():
    """One of two cells crosses; a level that is not given stays empty."""
    bands = np.array([[[3.0, np.nan, 1.0], [1.0, np.nan, 2.0]]])
    with pytest.warns(CrossedQuantilesWarning, match=r"Quantiles of 'm' cross in 1 cells \(50.0 %\)"):
        ordered = sort_quantiles(bands, "m")
    assert ordered[0, :, [0, 2]].tolist() == [[1.0, 1.0], [3.0, 2.0]]
    assert np.isnan(ordered[..., 1]).all()
