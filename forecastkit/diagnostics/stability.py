"""Does the series stay the same? Breaks in mean and variance, and values that stand out."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.special import kolmogorov, ndtri

from forecastkit.arrays import Vector, is_constant
from forecastkit.diagnostics.outcome import LEVEL, HypothesisTest, checked
from forecastkit.diagnostics.stationarity import long_run_variance

SHORTEST = 20
MAD_TO_DEVIATION = 1.4826


@dataclass(frozen=True, slots=True)
class Break:
    """Test of a change, and where it would lie.

    Args:
        test: of no change.
        position: the change lies before the value at this position; None where there was no test.
        before, after: mean or standard deviation on either side.
    """

    test: HypothesisTest
    position: int | None = None
    before: float | None = None
    after: float | None = None


@dataclass(frozen=True, slots=True)
class Outlier:
    """A value that stands out: its position, and its distance from the median in robust deviations."""

    position: int
    score: float


def mean_break(values: Vector, *, memory: float = 1.0) -> Break:
    """Test whether the mean stays the same, against one change at an unknown time.

    max over k of |S_k| / (w sqrt(T)), with S_k the partial sums of deviations from the mean and w^2 the
    long-run variance; compared with the largest value of a Brownian bridge (Kolmogorov's distribution).

    Args:
        values: shape (T,), T >= 20.
        memory: w as a multiple of the standard deviation; for an AR with residual deviation s and
            coefficients phi, w = s / (1 - sum of phi), and memory is that over the deviation of the values.

    Returns:
        the test and the most likely place; no test but the reason for constant values.

    Raises:
        SeriesTooShortError: fewer than 20 values.
    Source: Ploberger & Kraemer (1992), Econometrica 60(2).
    """
    y = checked(values, "The test of a stable mean", SHORTEST)
    name, null = "stable mean", "the mean does not change"
    if is_constant(y):
        return Break(HypothesisTest(name, null, None, None, len(y), reason="the values are constant"))
    u = (y - y.mean()) / y.std()
    statistic, position = _largest_excursion(u, memory)
    test = HypothesisTest(name, null, statistic, float(kolmogorov(statistic)), len(y))
    return Break(test, position, float(y[:position].mean()), float(y[position:].mean()))


def variance_break(residuals: Vector) -> Break:
    """Test whether the variance stays the same, against one change at an unknown time.

    The test of a stable mean on squared residuals, whose long-run variance is estimated with Bartlett weights
    over floor(4 (T / 100)^(2/9)) lags, so that heavy tails and volatility that comes and goes are no change.

    Args:
        residuals: shape (T,), T >= 20; their mean is taken off.

    Returns:
        the test, the most likely place, and the standard deviations on either side.

    Raises:
        SeriesTooShortError: fewer than 20 residuals.
    Source: Sanso, Arago & Carrion (2004), Revista de Economia Financiera 4, statistic kappa_2, after Inclan &
        Tiao (1994), JASA 89.
    """
    e = checked(residuals, "The test of a stable variance", SHORTEST)
    name, null, n = "stable variance", "the variance does not change", len(e)
    e = e - e.mean()
    squares = (e / (e.std() or 1.0)) ** 2
    if is_constant(squares):
        reason = "all residuals are equally large"
        return Break(HypothesisTest(name, null, None, None, n, reason=reason))
    u = (squares - squares.mean()) / squares.std()
    long = long_run_variance(u, int(4 * (n / 100) ** (2 / 9)))
    statistic, position = _largest_excursion(u, float(np.sqrt(long)))
    test = HypothesisTest(name, null, statistic, float(kolmogorov(statistic)), n)
    return Break(test, position, float(e[:position].std()), float(e[position:].std()))


def find_outliers(values: Vector) -> tuple[Outlier, ...]:
    """Find values that one of T normal ones would exceed in 5 % of samples only.

    |y - median| / (1.4826 MAD) above the normal quantile at 1 - .05 / (2 T). On residuals it finds what an
    autoregression did not expect.

    Args:
        values: shape (T,).

    Returns:
        the outliers, furthest first; none where more than half of the values are equal.

    Source: Davies & Gather (1993), JASA 88, with the median absolute deviation (MAD).

    Example:
        >>> find_outliers(np.array([1.0, 2.0, 1.5, 1.2, 1.8, 40.0]))[0].position
        5
    """
    y = checked(values, "The search for outliers", 1)
    distance = y - np.median(y)
    deviation = MAD_TO_DEVIATION * float(np.median(np.abs(distance)))
    if deviation <= 1e-13 * np.max(np.abs(y)):
        return ()
    scores = distance / deviation
    far = np.flatnonzero(np.abs(scores) > ndtri(1 - LEVEL / (2 * len(y))))
    ordered = sorted(far, key=lambda i: -abs(scores[i]))
    return tuple(Outlier(int(i), float(scores[i])) for i in ordered)


def _largest_excursion(u: Vector, memory: float) -> tuple[float, int]:
    """Largest absolute partial sum of standardised values, as a bridge, and the position after it."""
    path = np.abs(np.cumsum(u))[:-1]
    at = int(np.argmax(path))
    return float(path[at] / (memory * np.sqrt(len(u)))), at + 1
