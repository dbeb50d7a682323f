"""Regressors of an autoregression: candidates in nested order, columns of time, rows with gaps."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from forecastkit.models._ar_design import NestedLags, Terms, lags_to, rows_of


@given(st.integers(0, 12), st.integers(2, 8), st.integers(0, 3))
def test_candidates_nest_and_hold_their_seasonal_lags(max_lag, period, seasons) -> None:
    lags = lags_to(max_lag, period=period, seasons=seasons)
    assert len(lags.counts) == max_lag + 1
    assert len(set(lags.lags)) == len(lags.lags)
    for p, count in enumerate(lags.counts):
        wanted = set(range(1, p + 1)) | {period * s for s in range(1, seasons + 1)}
        wanted |= {period + i for i in range(1, p + 1)} if seasons else set()
        assert set(lags.lags[:count]) == wanted
        assert lags.reach[p] == max(wanted, default=0)
    assert lags.plain == (not seasons)
    assert lags.longest == max(lags.lags, default=0)


def test_columns_of_time_by_hand() -> None:
    terms = Terms("ct", period=3, begin=2, length=4, shift=np.array([10.0]), size=np.array([2.0]))
    columns = terms.columns(np.array([2, 3, 4]), np.array([[10.0], [12.0], [8.0]]))
    assert terms.count == 5
    assert columns.tolist() == [
        [1, 0.00, -1, -1, 0],
        [1, 0.25, 1, 0, 1],
        [1, 0.50, 0, 1, -1],
    ]
    assert Terms("n").columns(np.arange(4)).shape == (4, 0)


def test_dummies_sum_to_zero_over_a_season() -> None:
    columns = Terms("n", period=7).columns(np.arange(100, 107))
    assert columns.sum(axis=0).tolist() == [0.0] * 6


def test_rows_by_hand() -> None:
    values = np.array([1.0, 2, 3, np.nan, 5, 6, 7])
    rows = rows_of(values, NestedLags((1, 2), (0, 1, 2)), np.ones((7, 1)))
    assert rows.sizes.tolist() == [1, 2, 3]
    assert rows.table[2].tolist() == [1, 2, 1, 3]
    assert [not row.any() for row in rows.table] == [False, False, False, True, True, True, False]
    assert rows.table[6].tolist() == [1, 6, 5, 7]
    assert rows.common(np.array([0, 1]), np.array([7, 7])).tolist() == [2, 1]
    head, counts = rows.head(np.array([0, 4]))
    assert head[0].tolist() == [[1, 0, 0, 1], [1, 1, 0, 2]]
    assert head[1].tolist() == [[1, 0, 0, 5], [1, 5, 0, 6]]
    assert counts.tolist() == [[True, True], [True, True]]
    assert rows.head(np.array([3]))[1].tolist() == [[False, False]]


@given(st.data())
def test_a_row_counts_where_all_it_needs_is_there(data) -> None:
    n = data.draw(st.integers(8, 30))
    values = np.arange(1.0, n + 1)
    values[data.draw(st.lists(st.integers(0, n - 1), max_size=6))] = np.nan
    lags = NestedLags(tuple(data.draw(st.sets(st.integers(1, 5), min_size=1))), (0, 1))
    rows = rows_of(values, lags, np.ones((n, 1)))
    for t in range(lags.longest, n):
        needed = [values[t], *(values[t - lag] for lag in lags.lags)]
        whole = bool(np.isfinite(needed).all())
        assert rows.table[t].any() == whole
        assert rows.complete[t + 1] - rows.complete[t] == whole
        if whole:
            assert rows.table[t].tolist() == [1, *needed[1:], needed[0]]
