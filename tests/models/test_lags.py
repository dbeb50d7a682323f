"""Order selection: R's and statsmodels' tables, and what has no noise."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from statsmodels.tsa.ar_model import AutoReg, ar_select_order
from strategies import autoregressions

from forecastkit.errors import DataError, ForecastKitWarning, MissingValuesError, PlanError
from forecastkit.models.lags import CRITERIA, default_max_lag, select_lags

NAMES = ("lynx_log10", "sunspot_year", "nile", "lh", "airpassengers_log")


@pytest.mark.parametrize(
    ("n", "expected"),
    [
        (0, 0),
        (1, 0),
        (4, 0),
        (5, 1),
        (12, 2),
        (50, 10),
        (99, 19),
        (100, 20),
        (309, 24),
        (1000, 30),
        (8319, 39),
    ],
)
def test_default_highest_order(n, expected):
    """The smaller of floor(10 log10 n) and n // 5."""
    assert default_max_lag(n) == expected


@pytest.mark.parametrize("criterion", CRITERIA)
@pytest.mark.parametrize("name", NAMES)
def test_tables_agree_with_the_reference(name, criterion, reference, series_values):
    known = reference("ar_selection")["results"][name]
    chosen = select_lags(series_values(name), known["maxlag"], criterion=criterion)
    table = [known["table"][str(p)][criterion] for p in range(known["maxlag"] + 1)]
    assert chosen.criterion == pytest.approx(table, rel=1e-8)
    assert chosen.p == known["argmin"][criterion]
    assert chosen.rows == known["common_sample"]


def simulated(seed: int) -> np.ndarray:
    """AR(2) of any length, level and unit; every fourth is a random walk."""
    rng = np.random.default_rng(seed)
    n = int(rng.integers(40, 250))
    a, b = (1.0, 0.0) if seed % 4 == 0 else (rng.uniform(-0.9, 0.9), rng.uniform(-0.6, 0.1))
    values = rng.normal(size=n)
    for t in range(2, n):
        values[t] += a * values[t - 1] + b * values[t - 2]
    return values * 10.0 ** rng.integers(-3, 4) + rng.normal(scale=5)


@pytest.mark.parametrize("criterion", ["aic", "bic", "hqic"])
def test_order_agrees_with_statsmodels_on_many_series(criterion):
    """`ar_select_order` leaves the variance out of its count, which moves its whole table by one constant."""
    orders = []
    for seed in range(40):
        values = simulated(seed)
        top = min(8, default_max_lag(len(values)))
        ours = select_lags(values, top, criterion=criterion)
        theirs = ar_select_order(values, top, ic=criterion, trend="c")
        table = getattr(theirs, criterion)
        curve = np.array([table[tuple(range(1, p + 1)) if p else 0] for p in range(top + 1)])
        assert ours.p == len(theirs.ar_lags or [])
        assert ours.criterion - ours.criterion[0] == pytest.approx(curve - curve[0], abs=1e-8 * abs(curve[0]))
        orders.append(ours.p)
    assert len(set(orders)) >= 3


@pytest.mark.parametrize(("constant", "trend"), [(True, "c"), (False, "n")])
@pytest.mark.parametrize("criterion", ["aic", "bic", "hqic"])
def test_tables_agree_with_fits_on_one_common_sample(criterion, constant, trend):
    """Order 0 without a constant has no regressor, which `AutoReg` does not take: see the next test."""
    for seed in range(32):
        values = simulated(seed)
        top = min(8, default_max_lag(len(values)))
        first = 0 if constant else 1
        orders = range(first, top + 1)
        fits = [AutoReg(values, p, trend=trend, hold_back=top).fit() for p in orders]
        ours = select_lags(values, top, constant=constant, criterion=criterion)
        assert ours.criterion[first:] == pytest.approx([getattr(fit, criterion) for fit in fits], rel=1e-8)


def test_order_zero_without_a_constant_by_hand():
    """Rows 2, -1, 2 after one left out: s2 = 3; BIC = 3 (ln(2 pi 3) + 1) + ln 3, one parameter: s2."""
    values = np.array([1.0, 2.0, -1.0, 2.0])
    chosen = select_lags(values, 1, constant=False)
    assert chosen.criterion[0] == pytest.approx(3 * (np.log(2 * np.pi * 3) + 1) + np.log(3), rel=1e-12)


class TestWithoutNoise:
    def test_constant_series_has_order_zero(self):
        with pytest.warns(ForecastKitWarning, match=r"constant \(7\.7\): order 0"):
            chosen = select_lags(np.full(40, 7.7))
        assert (chosen.p, chosen.rows) == (0, 32)
        assert np.isnan(chosen.criterion).all()

    @pytest.mark.parametrize("criterion", CRITERIA)
    @pytest.mark.parametrize(
        ("values", "constant", "p"),
        [
            (np.arange(60.0), True, 1),
            (np.arange(60.0), False, 2),
            (np.resize([1.0, -1.0], 60), True, 1),
            (np.resize([1.0, -1.0], 60), False, 1),
            (np.resize([1.0, 2.0, 4.0], 60), False, 3),
            (np.full(60, 2.5), False, 1),
        ],
        ids=[
            "line",
            "line, no constant",
            "+1 -1",
            "+1 -1, no constant",
            "season of three",
            "level, no constant",
        ],
    )
    def test_the_smallest_exact_order_is_chosen(self, values, constant, p, criterion):
        assert select_lags(values, 8, constant=constant, criterion=criterion).p == p

    def test_the_cheap_start_of_a_long_series_finds_the_same_table(self, monkeypatch):
        values = np.cumsum(np.random.default_rng(2).normal(size=6000)) / 20
        values += np.random.default_rng(3).normal(size=6000)
        cheap = select_lags(values, 30, criterion="aic")
        monkeypatch.setattr("forecastkit.models._rolling_ols.MANY", 10**9)
        full = select_lags(values, 30, criterion="aic")
        assert cheap.p == full.p
        assert cheap.criterion == pytest.approx(full.criterion, rel=1e-10)

    def test_a_large_offset_does_not_matter(self):
        for seed in range(1, 8):
            values = simulated(seed)
            values /= values.std()
            plain, moved = select_lags(values, 8), select_lags(values + 1e9, 8)
            assert moved.p == plain.p
            assert moved.criterion == pytest.approx(plain.criterion, rel=1e-4)


@given(autoregressions(), st.floats(0.01, 100), st.floats(-1000, 1000))
def test_order_does_not_depend_on_unit_and_level(values, a, b):
    plain, moved = select_lags(values), select_lags(a * values + b)
    gaps = np.sort(plain.criterion)[1] - plain.criterion.min()
    assert gaps < 1e-6 or moved.p == plain.p
    rows = plain.rows
    assert moved.criterion - plain.criterion == pytest.approx(
        np.full_like(plain.criterion, rows * 2 * np.log(a)), abs=1e-5
    )


@given(autoregressions(min_size=40, max_size=60), st.integers(0, 8))
def test_a_longer_table_starts_with_the_order_that_wins(values, top):
    chosen = select_lags(values, top)
    assert chosen.criterion.shape == (top + 1,)
    assert chosen.rows == len(values) - top
    assert chosen.criterion[chosen.p] == chosen.criterion.min()


class TestRefused:
    def test_missing_and_infinite_values_are_named(self):
        with pytest.raises(MissingValuesError, match="first at position 3"):
            select_lags(np.array([1.0, 2.0, 0.5, np.nan, *range(20)]))
        with pytest.raises(DataError, match="infinite values, the first at position 1"):
            select_lags(np.array([1.0, np.inf, 0.5, *range(20)]))

    def test_unknown_criterion(self, rng):
        with pytest.raises(PlanError, match=r"There is no criterion 'bik'\. Did you mean bic"):
            select_lags(rng.normal(size=50), criterion="bik")

    @pytest.mark.parametrize(("max_lag", "rows", "needed"), [(9, 11, 12), (19, 1, 22), (-1, 21, 2)])
    def test_too_many_lags(self, max_lag, rows, needed, rng):
        with pytest.raises(
            PlanError, match=f"20 observations and max_lag={max_lag} leave {rows} rows; {needed} are"
        ):
            select_lags(rng.normal(size=20), max_lag)

    def test_as_many_lags_as_fit(self, rng):
        assert select_lags(rng.normal(size=20), 8).rows == 12


def test_aicc_rules_out_orders_without_room():
    """Eleven rows, order 8 with a constant: q = 10, so N - q - 1 = 0."""
    chosen = select_lags(np.random.default_rng(5).normal(size=19), 8, criterion="aicc")
    assert np.isinf(chosen.criterion).tolist() == [False] * 8 + [True]
    assert chosen.p < 8
