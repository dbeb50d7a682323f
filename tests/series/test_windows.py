"""Windows by hand."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from strategies import vectors

from forecastkit.series.windows import input_target_windows, lag_matrix

VALUES = np.array([1.0, 2.0, 3.0, 4.0, 5.0, 6.0])


def test_lags_newest_first():
    assert lag_matrix(VALUES[:5], 2).tolist() == [[2.0, 1.0], [3.0, 2.0], [4.0, 3.0]]


def test_no_lags_have_rows_but_no_columns():
    assert lag_matrix(VALUES, 0).shape == (6, 0)


def test_inputs_and_what_follows_them():
    inputs, targets = input_target_windows(VALUES, 3, 2)
    assert inputs.tolist() == [[1.0, 2.0, 3.0], [2.0, 3.0, 4.0]]
    assert targets.tolist() == [[4.0, 5.0], [5.0, 6.0]]


def test_just_one_window():
    inputs, targets = input_target_windows(VALUES, 4, 2)
    assert (inputs.tolist(), targets.tolist()) == ([[1.0, 2.0, 3.0, 4.0]], [[5.0, 6.0]])


@pytest.mark.parametrize("make", [lambda v: lag_matrix(v, 2), lambda v: input_target_windows(v, 2, 1)[0]])
def test_windows_are_views(make):
    values = VALUES.copy()
    assert np.shares_memory(make(values), values)


@given(vectors(min_size=2), st.data())
def test_row_i_holds_the_past_of_value_i(values, data):
    lags = data.draw(st.integers(1, len(values) - 1))
    matrix = lag_matrix(values, lags)
    expected = [[values[t - k] for k in range(1, lags + 1)] for t in range(lags, len(values))]
    assert matrix.tolist() == expected


@given(vectors(min_size=2), st.data())
def test_targets_start_where_inputs_end(values, data):
    lookback = data.draw(st.integers(1, len(values) - 1))
    horizon = data.draw(st.integers(1, len(values) - lookback))
    inputs, targets = input_target_windows(values, lookback, horizon)
    count = len(values) - lookback - horizon + 1
    assert (inputs.shape, targets.shape) == ((count, lookback), (count, horizon))
    whole = np.hstack([inputs, targets])
    assert whole.tolist() == [values[i : i + lookback + horizon].tolist() for i in range(count)]
