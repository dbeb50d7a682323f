"""Missing values: put on the line between their neighbours, or stepped over; what was done is told."""

from __future__ import annotations

import numpy as np
import pandas as pd

from forecastkit.arrays import Mask, Vector
from forecastkit.errors import DataError
from forecastkit.series.series import label


def on_the_line(values: pd.Series, name: str) -> tuple[pd.Series, Mask, tuple[str, ...]]:
    """Leave out missing values at the ends, and interpolate those within the series.

    Linear in time on an index of dates, else linear in position.

    Args:
        values: with NaN.
        name: of the series, for messages.

    Returns:
        the series without NaN, which of its values were filled, and what was done in words.

    Raises:
        DataError: fewer than two values are there.
    """
    known = np.flatnonzero(values.notna().to_numpy())
    if len(known) < 2:
        raise DataError(f"Series {name!r} has {len(known)} values; two are needed to interpolate between.")
    inner = values.iloc[known[0] : known[-1] + 1]
    filled = inner.isna().to_numpy()
    told = []
    cut = len(values) - len(inner)
    if cut:
        told.append(f"{cut} missing values at the ends left out")
    if filled.any():
        first = label(inner.index[int(filled.argmax())])
        told.append(f"{int(filled.sum())} missing values interpolated, the first at {first}")
    by_time = isinstance(inner.index, pd.DatetimeIndex)
    return inner.interpolate("time" if by_time else "linear"), filled, tuple(told)


def on_a_grid(values: pd.Series, frequency: str) -> pd.Series:
    """Give every date of a frequency a row, NaN where there was none; dates off the grid stay."""
    if not isinstance(values.index, pd.DatetimeIndex) or not values.index.is_monotonic_increasing:
        return values
    try:
        grid = pd.date_range(values.index[0], values.index[-1], freq=frequency)
    except ValueError:  # an unknown frequency is refused with its name when the series is made
        return values
    return values.reindex(values.index.union(grid)) if values.index.is_unique else values


def carried(values: Vector, lag: int = 1) -> Vector:
    """Put in the place of what is missing the last value some multiple of `lag` steps before it, if any.

    Example:
        >>> carried(np.array([1.0, 2.0, np.nan, np.nan, np.nan]), lag=2).tolist()
        [1.0, 2.0, 1.0, 2.0, 1.0]
    """
    known = np.isfinite(values)
    if known.all():
        return values
    latest = np.full(-(-len(values) // lag) * lag, -1)
    latest[: len(values)] = np.where(known, np.arange(len(values)), -1)
    latest = np.maximum.accumulate(latest.reshape(-1, lag), axis=0).ravel()[: len(values)]
    return np.asarray(np.where(latest >= 0, values[latest], np.nan))


def longest_stretch(values: Vector) -> slice:
    """Find the longest run of values without a missing one; the latest of equals.

    Example:
        >>> longest_stretch(np.array([1.0, np.nan, 2.0, 3.0]))
        slice(2, 4, None)
    """
    gaps = np.concatenate([[-1], np.flatnonzero(np.isnan(values)), [len(values)]])
    lengths = np.diff(gaps)
    longest = len(lengths) - 1 - int(lengths[::-1].argmax())
    return slice(int(gaps[longest]) + 1, int(gaps[longest + 1]))
