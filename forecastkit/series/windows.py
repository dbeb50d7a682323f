"""Windows over a vector as views, without copies."""

from __future__ import annotations

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view

from forecastkit.arrays import Matrix, Vector


def lag_matrix(values: Vector, lags: int) -> Matrix:
    """Lay the past of each value in a row.

    Row i holds y(t-1), y(t-2), ..., y(t-lags) for t = lags + i.

    Args:
        values: shape (T,).
        lags: columns, 0 <= lags < T.

    Returns:
        shape (T - lags, lags), a view.

    Example:
        >>> lag_matrix(np.array([1.0, 2.0, 3.0]), 2).tolist()
        [[2.0, 1.0]]
    """
    if lags == 0:
        return np.empty((len(values), 0))
    return sliding_window_view(values, lags)[:-1, ::-1]


def input_target_windows(values: Vector, lookback: int, horizon: int) -> tuple[Matrix, Matrix]:
    """Pair each window of the past with the values that follow it.

    Args:
        values: shape (T,), T >= lookback + horizon.
        lookback: values one input holds.
        horizon: values one target holds.

    Returns:
        inputs (N, lookback) and targets (N, horizon), views, N = T - lookback - horizon + 1; row i of the
        targets starts at position lookback + i.
    """
    inputs = sliding_window_view(values, lookback)[: len(values) - lookback - horizon + 1]
    return inputs, sliding_window_view(values[lookback:], horizon)
