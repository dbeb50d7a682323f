"""What an autoregression regresses on: lags in nested order, trend, season and covariates known ahead."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal, TypeAlias, cast

import numpy as np

from forecastkit.arrays import Cube, Indices, Mask, Matrix, Vector

Trend = Literal["n", "c", "ct"]
Masks: TypeAlias = np.ndarray[tuple[int, int], np.dtype[np.bool_]]


@dataclass(frozen=True, slots=True)
class NestedLags:
    """Lags in the order in which they enter: candidate i uses the first counts[i] of `lags`."""

    lags: tuple[int, ...]
    counts: tuple[int, ...]

    @property
    def plain(self) -> bool:
        """Whether candidate p is the lags 1..p."""
        return self.lags == tuple(range(1, len(self.lags) + 1)) and self.counts[0] == 0

    @property
    def longest(self) -> int:
        """Values before the target that any candidate needs."""
        return max(self.lags, default=0)

    @property
    def reach(self) -> Indices:
        """Values before the target that each candidate needs."""
        return np.array([max(self.lags[:count], default=0) for count in self.counts], dtype=np.int64)


def lags_to(max_lag: int, *, period: int = 1, seasons: int = 0) -> NestedLags:
    """Candidates p = 0..max_lag: the lags 1..p, with seasons those of a multiplicative seasonal model.

    Args:
        max_lag: highest p.
        period: season length m.
        seasons: S; candidate p is {1..p} with {m, 2m .. S m} and {m + 1 .. m + p}.

    Example:
        >>> lags_to(1, period=12, seasons=2)
        NestedLags(lags=(12, 24, 1, 13), counts=(2, 4))
    """
    lags = [period * season for season in range(1, seasons + 1)]
    counts = [len(lags)]
    for p in range(1, max_lag + 1):
        for lag in (p, period + p) if seasons else (p,):
            if lag not in lags:
                lags.append(lag)
        counts.append(len(lags))
    return NestedLags(tuple(lags), tuple(counts))


@dataclass(frozen=True, slots=True, eq=False)
class Terms:
    """Columns that depend on time alone: a constant, a trend, seasonal dummies, covariates known ahead.

    Args:
        trend: "n" none, "c" a constant, "ct" a constant and a line.
        period: season length of the dummies, 1 for none; they sum to zero over a season.
        begin, length: position and number of the observations by which the line is scaled.
        shift, size: by which covariates are centred and scaled, shape (K,).
    """

    trend: Trend = "c"
    period: int = 1
    begin: int = 0
    length: int = 1
    shift: Vector = field(default_factory=lambda: np.zeros(0))
    size: Vector = field(default_factory=lambda: np.ones(0))

    @property
    def count(self) -> int:
        """How many columns there are."""
        return ("n", "c", "ct").index(self.trend) + self.period - 1 + len(self.shift)

    def columns(self, times: Indices, known: Matrix | None = None) -> Matrix:
        """Columns at positions `times` (N,) of the whole series, with covariates (N, K): shape (N, D)."""
        parts = []
        if self.trend != "n":
            parts.append(np.ones((len(times), 1)))
        if self.trend == "ct":
            parts.append(((times - self.begin) / self.length)[:, None])
        if self.period > 1:
            phase = times[:, None] % self.period
            last = (phase == self.period - 1).astype(np.float64)
            parts.append((phase == np.arange(self.period - 1)) - last)
        if len(self.shift) and known is not None:
            parts.append((known - self.shift) / self.size)
        return np.concatenate(parts, axis=1) if parts else np.empty((len(times), 0))


@dataclass(frozen=True, slots=True, eq=False)
class Rows:
    """Rows [terms | lags | target] of a series, one for each value.

    Args:
        table: shape (T, K); a row is zero where a value it needs is missing.
        raw: the same with missing values as NaN; lags before the first value are zero.
        complete: shape (T + 1,), how many of the first rows have all they need.
        lags: which lags the columns after the terms hold.
        terms: how many columns the terms take.
    """

    table: Matrix
    raw: Matrix
    complete: Indices
    lags: NestedLags
    terms: int

    @property
    def sizes(self) -> Indices:
        """Regressors of each candidate."""
        return self.terms + np.array(self.lags.counts, dtype=np.int64)

    def common(self, starts: Indices, stops: Indices) -> Indices:
        """Complete rows that every candidate can use in each window."""
        return self.complete[stops] - self.complete[starts + self.lags.longest]

    def head(self, starts: Indices) -> tuple[Cube, Masks]:
        """Rows of each window's first values, which only candidates of short reach can use.

        Returns:
            rows (F, longest, K), lags before the window and rows with missing values as zero; which rows
            count, (F, longest).
        """
        within = np.arange(self.lags.longest)
        inside = np.ones((len(within), self.raw.shape[1]), dtype=np.bool_)
        inside[:, self.terms : -1] = within[:, None] >= np.array(self.lags.lags, dtype=np.int64)
        rows = np.where(inside, self.raw[starts[:, None] + within], 0.0)
        counts = cast(Masks, np.isfinite(rows).all(axis=2))
        rows[~counts] = 0.0
        return rows, counts


def rows_of(values: Vector, lags: NestedLags, terms: Matrix) -> Rows:
    """Lay out values (T,), NaN where missing, with the columns of their terms (T, D)."""
    n, longest = len(values), lags.longest
    padded = np.concatenate([np.zeros(longest), values])
    raw = np.empty((n, terms.shape[1] + len(lags.lags) + 1))
    raw[:, : terms.shape[1]] = terms
    for column, lag in enumerate((*lags.lags, 0), terms.shape[1]):
        raw[:, column] = padded[longest - lag : longest - lag + n]
    whole = cast(Mask, np.isfinite(raw).all(axis=1))
    table = raw if whole.all() else np.where(whole[:, None], raw, 0.0)
    return Rows(table, raw, np.concatenate([[0], np.cumsum(whole)]), lags, terms.shape[1])
