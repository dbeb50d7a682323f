"""Does a forecast call the direction of what comes, more often than chance?"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from scipy.special import ndtr

from forecastkit.arrays import Vector
from forecastkit.comparison.significance import AccuracyTest, equal_accuracy

if TYPE_CHECKING:
    from forecastkit.comparison.comparison import Comparison


@dataclass(frozen=True, slots=True)
class Direction:
    """How often moves were called right at one h, and what chance alone gives.

    Args:
        share: of calls that were right, None where there was none.
        expected: share that calls as one-sided as these, independent of what came, would get right.
        calls: cells in which the forecast moved and the series did.
        no_calls: cells in which the forecast stood still, which is no call.
        test: of right calls beyond the expected share, one-sided, valid where targets overlap.
        classical: p-value of Pesaran and Timmermann, which takes calls for independent; None where all calls
            or all moves go one way.
    """

    share: float | None
    expected: float | None
    calls: int
    no_calls: int
    test: AccuracyTest
    classical: float | None


def directional_accuracy(forecast: Vector, actual: Vector, h: int = 1, step: int = 1) -> Direction:
    """Test whether a forecast calls the direction of moves (Pesaran & Timmermann, with overlap).

    With f_t and y_t 1 where the forecast and the actual move go up and 0 where down, and P the share of
    f_t = y_t: P - P* = 2 mean((f_t - fbar)(y_t - ybar)), where P* = fbar ybar + (1 - fbar)(1 - ybar) is what
    independence gives. The products are tested for a mean above zero with the variance of the house, which
    allows for targets that overlap; a binomial test does not. A series that rises two days in three makes a
    forecast of "up" right two times in three without any skill: here it gets none.

    Args:
        forecast, actual: moves from the origin to h, shape (N,), in time order; cells without an actual move
            are left out, a forecast of no move is no call.
        h: steps ahead.
        step: observations between two origins.

    Source: Pesaran & Timmermann (1992), JBES 10(4), 461-465; as a covariance: Blaskowitz & Herwartz (2011),
        International Journal of Forecasting 27(4), 1058-1065.

    Example:
        >>> up = np.tile([1.0, 1.0, -1.0], 20)
        >>> directional_accuracy(up, up).share, directional_accuracy(np.ones(60), up).test.p_value
        (1.0, None)
    """
    moved = actual != 0
    called = moved & (forecast != 0)
    f, y = forecast[called] > 0, actual[called] > 0
    n, no_calls = len(f), int(moved.sum() - called.sum())
    if not n:
        test = AccuracyTest("EWC", None, None, 0, 0, "no direction was called")
        return Direction(None, None, 0, no_calls, test, None)
    up, came = f.mean(), y.mean()
    expected = float(up * came + (1 - up) * (1 - came))
    share = float((f == y).mean())
    if min(up, came, 1 - up, 1 - came) == 0:
        test = AccuracyTest("EWC", None, None, 0, n, "all calls, or all moves, go one way")
        return Direction(share, expected, n, no_calls, test, None)
    products = 2 * (f - up) * (y - came)
    test = equal_accuracy(products, h, step, "greater")
    variance = 4 * up * (1 - up) * came * (1 - came) * (n - 1) / n**2
    classical = float(ndtr(-(share - expected) / np.sqrt(variance))) if n > 1 else None
    return Direction(share, expected, n, no_calls, test, classical)


def directions(comparison: Comparison, model: str) -> tuple[Direction, ...]:
    """Judge the direction of one model's forecasts at h = 1..H, on the common origins of a comparison.

    A move is counted from the last value known at the origin; on log returns it is the scored return itself.
    """
    forecasts, kept = comparison.forecasts, comparison.scores.kept
    relative = comparison.transform.relative
    last = 0.0 if relative else comparison.series.values[forecasts.origins[kept] - 1][:, None]
    calls, moves = forecasts.of(model)[kept] - last, forecasts.actual[kept] - last
    return tuple(
        directional_accuracy(calls[:, i], moves[:, i], i + 1, forecasts.step)
        for i in range(forecasts.horizon)
    )
