"""Pointwise losses and the in-sample scale; no averaging over origins or horizons."""

from __future__ import annotations

from typing import Literal, TypeVar, cast

import numpy as np

from forecastkit.arrays import Cube, Matrix, Vector
from forecastkit.errors import PlanError, nearest

Loss = Literal["squared", "absolute"]
Forecast = TypeVar("Forecast", Matrix, Cube)
LOSSES: tuple[Loss, ...] = ("squared", "absolute")


def check_loss(loss: str) -> Loss:
    """Refuse a loss that is not known.

    Raises:
        PlanError: neither "squared" nor "absolute".
    """
    for known in LOSSES:
        if loss == known:
            return known
    raise PlanError(f"There is no loss {loss!r}. {nearest(loss, LOSSES)}")


def pointwise_loss(actual: Matrix, forecast: Forecast, loss: Loss) -> Forecast:
    """Loss of every forecast: (actual - forecast)^2 or |actual - forecast|.

    Args:
        actual: shape (O, H).
        forecast: shape (..., O, H).
        loss: "squared" or "absolute".

    Returns:
        the shape of `forecast`.
    """
    error = actual - forecast
    return cast(Forecast, np.square(error) if loss == "squared" else np.abs(error))


def mase_scale(values: Vector, period: int) -> float:
    """Mean absolute (seasonal) change in the training part: mean |y_i - y_(i - period)|.

    Args:
        values: the observations before the first origin, shape (T,), on the scored scale; changes to or from
            a missing one do not count.
        period: season length; 1 gives the naive scale.

    Returns:
        the scale, NaN where it is zero or T <= period, since MASE is undefined there.
    Source: Hyndman & Koehler (2006), International Journal of Forecasting 22(4), 679-688.

    Example:
        >>> mase_scale(np.array([1.0, 2.0, 4.0]), 1)
        1.5
    """
    if len(values) <= period:
        return float("nan")
    moves = np.abs(values[period:] - values[:-period])
    scale = float(np.mean(moves[np.isfinite(moves)])) if np.isfinite(moves).any() else 0.0
    return scale if scale > 0 else float("nan")
