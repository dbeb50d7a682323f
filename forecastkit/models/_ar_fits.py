"""Autoregressions on many windows of one series: the candidate of each chosen and estimated."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeAlias, cast

import numpy as np

from forecastkit.arrays import Indices, Mask, Matrix, Vector, is_constant
from forecastkit.errors import SeriesTooShortError
from forecastkit.models._ar_design import NestedLags, Rows, Terms, rows_of
from forecastkit.models._ar_recursions import RECURSIONS
from forecastkit.models._rolling_ols import estimate, exact_scale, first_factor, nested_sums, rolling_factors
from forecastkit.models.lags import Criterion, chosen, criterion_table

CONSTANT = 1e-12
"""Share of its size below which the spread of a window is looked at closely."""


@dataclass(frozen=True, slots=True, eq=False)
class Fits:
    """Estimates of F windows: z_t = gamma' terms_t + sum over i of phi_i z_(t-i) + e_t, z = y - centre.

    Args:
        p: candidate of each window, shape (F,).
        phi: by lag 1.., shape (F, L), zero where a lag is not used.
        gamma: of the terms, shape (F, D), in the unit of the values.
        sigma2: SSR / (rows - regressors), shape (F,).
        centre: what is taken off the values, shape (F,).
        constant: which windows hold one value only, shape (F,).
    """

    p: Indices
    phi: Matrix
    gamma: Matrix
    sigma2: Vector
    centre: Vector
    constant: Mask


@dataclass(frozen=True, slots=True, eq=False)
class Sample:
    """One series with the windows to fit.

    Args:
        values: shape (T,), NaN where missing.
        columns: of the terms at each value, shape (T, D).
        starts, stops: of the windows, shape (F,), neither falling.
    """

    values: Vector
    columns: Matrix
    starts: Indices
    stops: Indices

    def part(self, f: int) -> Vector:
        """Values of one window that are not missing."""
        window = self.values[self.starts[f] : self.stops[f]]
        return cast(Vector, window[np.isfinite(window)])


Chooser: TypeAlias = Callable[[Rows, Vector, Sample], Indices]
"""Chooses one candidate per window from the rows and the scaled values, where no criterion does."""


def least_squares(sample: Sample, lags: NestedLags, terms: Terms, choose: Criterion | Chooser) -> Fits:
    """Choose each window's candidate on rows common to all, then estimate it on every row of its own.

    Centring and scaling come from the first window: with a constant in the model they change rounding only.

    Raises:
        SeriesTooShortError: a window has too few complete rows for the largest candidate.
    """
    first = sample.part(0)
    centre = float(first.mean()) if terms.trend != "n" else 0.0
    spread = float(exact_scale(np.sqrt(np.mean((first - centre) ** 2))))
    scaled = (sample.values - centre) / spread
    rows = rows_of(scaled, lags, sample.columns)
    starts, stops, m = sample.starts, sample.stops, lags.longest
    _check_rows(rows.common(starts, stops), rows)
    begin = None
    if lags.plain and terms.count == (terms.trend == "c") and len(first) == stops[0] - starts[0]:
        begin = first_factor(
            scaled[starts[0] : stops[0]],
            m,
            constant=terms.trend == "c",
            rows=lambda: rows.table[starts[0] + m : stops[0]],
        )
    factors = rolling_factors(rows.table, starts + m, stops, begin=begin)
    ssr, n = nested_sums(factors, rows.sizes), rows.common(starts, stops)
    constant = _constant(sample, np.sqrt(ssr[:, 0] / n) * spread, centred=terms.trend != "n")
    if callable(choose):
        best = choose(rows, scaled, sample)
    else:
        best = chosen(criterion_table(ssr / n[:, None], rows.sizes, n[:, None], choose), ssr)
    p = np.where(constant, 0, best)
    grows = starts[0] == starts[-1]
    head, usable = rows.head(starts[:1] if grows else starts)
    skipped = lags.reach[p]
    coefficients, sums = estimate(factors, rows.sizes[p], head, skipped)
    own = n + np.where(np.arange(m) >= skipped[:, None], usable, False).sum(axis=1)
    phi = np.zeros((len(p), m))
    phi[:, np.array(lags.lags, dtype=np.int64) - 1] = coefficients[:, terms.count :]
    degrees = np.maximum(1, own - rows.sizes[p])
    return Fits(
        p=p,
        phi=phi,
        gamma=coefficients[:, : terms.count] * spread,
        sigma2=np.asarray(sums / degrees * spread**2),
        centre=np.full(len(p), centre),
        constant=constant,
    )


def recursive(sample: Sample, max_lag: int, criterion: Criterion, estimator: str, *, centred: bool) -> Fits:
    """Yule-Walker or Burg estimates: each window centred by its own mean, every order from one recursion."""
    count = len(sample.starts)
    p, phi = np.zeros(count, dtype=np.int64), np.zeros((count, max_lag))
    sigma2, centre, constant = np.zeros(count), np.zeros(count), np.zeros(count, dtype=np.bool_)
    k = np.arange(max_lag + 1) + centred
    for f in range(count):
        window = sample.part(f)
        n = len(window)
        centre[f] = window.mean() if centred else 0.0
        constant[f] = is_constant(window) and centred
        by_order, variance = RECURSIONS[estimator](window - centre[f], max_lag)
        table = criterion_table(variance, k, np.array([n]), criterion)
        p[f] = 0 if constant[f] else int(chosen(table, variance))
        phi[f] = by_order[p[f]]
        sigma2[f] = variance[p[f]] * n / (n - p[f] - centred)
    return Fits(p, phi, np.zeros((count, int(centred))), sigma2, centre, constant)


def _constant(sample: Sample, spread: Vector, *, centred: bool) -> Mask:
    """Which windows hold one value only (zero, where there is no constant); most spread visibly."""
    size = np.fmax.accumulate(np.abs(sample.values))[sample.stops - 1]
    found = np.zeros(len(spread), dtype=np.bool_)
    for f in np.flatnonzero(spread <= CONSTANT * size).tolist():
        part = sample.part(f)
        found[f] = is_constant(part) and (centred or not part.any())
    return found


def _check_rows(complete: Indices, rows: Rows) -> None:
    needed = int(rows.sizes[-1]) + 2
    if (complete < needed).any():
        raise SeriesTooShortError(
            f"Missing values, or too few values, leave {complete.min()} complete rows for "
            f"{rows.sizes[-1]} regressors; {needed} are needed. Use a smaller max_lag, or fill the gaps."
        )
