"""Is there a season, how strong is it, and how long?"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.special import ndtr, ndtri

from forecastkit.arrays import Vector, is_constant
from forecastkit.diagnostics.autocorrelation import correlogram
from forecastkit.diagnostics.outcome import LEVEL, HypothesisTest, checked

NEAR_BEST = 0.9
"""Share of the highest peak that a shorter cycle must reach to be preferred."""
FEWEST_CYCLES = 3
HARMONICS = 10
SMALLEST = 0.3
"""Autocorrelation below which a cycle is of no use, however significant it may be in a long series."""


@dataclass(frozen=True, slots=True)
class Cycle:
    """A number of observations after which the series resembles itself, and its autocorrelation there."""

    period: int
    correlation: float


@dataclass(frozen=True, slots=True, eq=False)
class Decomposition:
    """Values as trend + season + remainder.

    Args:
        trend: centred moving average over one season, shape (T,), NaN at the ends that it does not reach.
        season: mean by phase of what the trend leaves, over a season of mean zero, shape (T,).
        remainder: shape (T,), NaN where the trend is.
        period: season length.
    """

    trend: Vector
    season: Vector
    remainder: Vector
    period: int

    @property
    def strength(self) -> float:
        """Share of the detrended variance that the season explains: max(0, 1 - Var R / Var(S + R)).

        Each variance is divided by its degrees of freedom, so that noise has strength 0, not (m - 1) / T.
        Source: Wang, Smith & Hyndman (2006), Data Mining and Knowledge Discovery 13(3); here on phase means.
        """
        known = np.isfinite(self.remainder)
        remainder, both = self.remainder[known], (self.season + self.remainder)[known]
        total = float(both.var()) / (len(both) - 1)
        left = float(remainder.var()) / (len(both) - self.period)
        return max(0.0, 1 - left / total) if total > 0 else 0.0


def decompose(values: Vector, period: int) -> Decomposition:
    """Split a series into trend, season and remainder by moving averages and means by phase.

    Args:
        values: shape (T,), at least three seasons.
        period: season length, 2 or more.

    Raises:
        SeriesTooShortError: fewer than three seasons.
        MissingValuesError: a value is missing.
    Source: the classical decomposition, Hyndman & Athanasopoulos, Forecasting: Principles and Practice,
        section 3.4.

    Example:
        >>> decompose(np.resize([0.0, 2.0], 12), 2).season[:2].tolist()
        [-1.0, 1.0]
    """
    y = checked(values, f"A decomposition with season {period}", FEWEST_CYCLES * period)
    weights = np.ones(period) if period % 2 else np.array([0.5, *np.ones(period - 1), 0.5])
    half = len(weights) // 2
    trend = np.full(len(y), np.nan)
    trend[half : len(y) - half] = np.convolve(y, weights / weights.sum(), mode="valid")
    detrended = y - trend
    phases = np.array([np.nanmean(detrended[phase::period]) for phase in range(period)])
    season = np.resize(phases - phases.mean(), len(y))
    return Decomposition(trend, season, detrended - season, period)


def seasonal_test(values: Vector, period: int) -> HypothesisTest:
    """Test whether values one season apart resemble each other more than the shorter lags explain.

    z = r_m / sqrt((1 + 2 sum over i < m of r_i^2) / T), one-sided; the trend is taken out first by a line.

    Args:
        values: shape (T,), at least three seasons.
        period: m, 2 or more.

    Raises:
        SeriesTooShortError: fewer than three seasons.
    Source: the rule of the M4 competition (Makridakis et al. 2020), which calls z > 1.645 a season.
    """
    y = checked(values, f"A test of season {period}", FEWEST_CYCLES * period)
    name, null = "season", f"values {period} steps apart do not resemble each other"
    u = _without_line(y)
    if is_constant(y) or np.ptp(u) <= 1e-9 * np.ptp(y):
        return HypothesisTest(
            name, null, None, None, len(y), lags=period, reason="nothing is left beside a line"
        )
    found = correlogram(u, period)
    z = float(found.acf[-1] / (found.bartlett_band[-1] / ndtri(1 - LEVEL / 2)))
    return HypothesisTest(name, null, z, float(ndtr(-z)), len(y), lags=period)


def find_cycles(values: Vector, *, most: int = 3) -> tuple[Cycle, ...]:
    """Look for lengths after which a series resembles itself.

    Frequencies at which the periodogram exceeds that of an AR(1), at a level that holds for all of them
    together, and peaks of the autocorrelation of 0.3 or more that belong to one of them or to its multiples.
    First the shortest whose peak reaches 90 % of the highest, then those further ones that are higher than
    it. A series that wanders should be differenced before: its slow decay hides the peaks.

    Args:
        values: shape (T,).
        most: how many to return.

    Returns:
        the cycles, the main one first; none for a series shorter than 12, constant, or without a peak.

    Source: red noise as the background: Torrence & Compo (1998), Bulletin of the AMS 79(1); peaks confirmed
        by autocorrelation: Vlachos, Yu & Castelli (2005), SIAM Data Mining.
    """
    y = checked(values, "A search for cycles", 1)
    n = len(y)
    longest = n // FEWEST_CYCLES
    u = _without_line(y)
    if longest < 4 or is_constant(y) or np.ptp(u) <= 1e-9 * np.ptp(y):
        return ()
    r = correlogram(u, longest + 1).acf
    loud = _loud_frequencies(u, float(r[0]))
    inner = np.arange(1, longest)  # position i holds lag i + 1; lag 1 cannot be a peak
    peaks = inner[(r[inner] > r[inner - 1]) & (r[inner] >= r[inner + 1]) & (r[inner] >= SMALLEST)]
    periods = {lag: float(r[lag - 1]) for i in peaks if (lag := _settled(int(i) + 1, loud, n)) <= longest}
    if not periods:
        return ()
    enough = NEAR_BEST * max(periods.values())
    main = min(lag for lag, height in periods.items() if height >= enough)
    others = sorted((lag for lag in periods if periods[lag] > periods[main]), key=lambda lag: -periods[lag])
    return tuple(Cycle(lag, periods[lag]) for lag in [main, *others][:most])


def _settled(lag: int, loud: Vector, n: int) -> int:
    """The lag of a peak, moved by one where a loud frequency places it better; n where none supports it."""
    for harmonic in range(1, HARMONICS + 1):
        near = (loud >= harmonic * n / (lag + 1) - 1) & (loud <= harmonic * n / (lag - 1) + 1)
        if near.any():
            count = float(loud[near][0])
            better = round(n / count)
            sharp = harmonic == 1 and n / count**2 < 1 and abs(better - lag) <= 1
            return better if sharp else lag
    return n


def _loud_frequencies(u: Vector, first: float) -> Vector:
    """Cycles per series, 1..T/2, whose power an AR(1) with this autocorrelation at lag 1 does not explain."""
    n = len(u)
    count = np.arange(1, (n - 1) // 2 + 1)
    power = np.abs(np.fft.rfft(u)[count]) ** 2 / (n * u.var())
    background = (1 - first**2) / (1 + first**2 - 2 * first * np.cos(2 * np.pi * count / n))
    loud: Vector = count[power > -np.log(LEVEL / len(count)) * background].astype(np.float64)
    return loud


def _without_line(y: Vector) -> Vector:
    time = np.linspace(-1, 1, len(y))
    centred = y - y.mean()
    left: Vector = centred - time * (time @ centred) / (time @ time)
    return left
