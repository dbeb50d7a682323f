"""Decisions by forecasts from origins inside the past: which order, and how far to trust it."""

from __future__ import annotations

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view

from forecastkit.arrays import Indices, Matrix, Vector
from forecastkit.errors import SeriesTooShortError
from forecastkit.models._ar_design import Rows
from forecastkit.models._ar_fits import Sample
from forecastkit.models._ar_paths import iterate
from forecastkit.models._rolling_ols import estimate, rolling_factors
from forecastkit.models.protocol import Schedule

INSIDE = 200
"""Origins inside a training part from which orders are compared."""
FEWEST = 10
"""Origins inside the past without which nothing is validated."""


def choose_by_validation(
    rows: Rows, scaled: Vector, sample: Sample, horizon: int, *, cumulated: bool
) -> Indices:
    """Choose each window's candidate by its squared error over all steps, from origins inside the window.

    Of a window that ends at b these are b - H, b - H - 1, ..., at most 200, none before its middle; each
    candidate is estimated on what stands before them. Windows that grow share most of them.

    Returns:
        shape (F,).

    Raises:
        SeriesTooShortError: a window has fewer than 10 such origins.
    """
    latest = sample.stops - horizon
    length = sample.stops - sample.starts
    middle = sample.starts + np.maximum(length // 2, rows.lags.longest + rows.sizes[-1] + 2)
    earliest = np.maximum(middle, latest - INSIDE + 1)
    if (latest - earliest + 1 < FEWEST).any():
        raise SeriesTooShortError(
            f"{length.min()} observations leave fewer than {FEWEST} origins inside them for criterion 'cv' "
            f"at horizon {horizon}. Use an information criterion or a shorter horizon."
        )
    best = np.empty(len(latest), dtype=np.int64)
    for start in np.unique(sample.starts).tolist():
        of = np.flatnonzero(sample.starts == start)
        first = int(earliest[of[0]])
        inside = np.arange(first, int(latest[of[-1]]) + 1)
        errors = _candidate_errors(rows, scaled, sample, start, inside, horizon, cumulated)
        for f in of.tolist():
            counted = errors[earliest[f] - first : latest[f] - first + 1]
            best[f] = int(np.nanmean(counted, axis=0).argmin())
    return best


def validation_schedule(n: int, horizon: int) -> Schedule | None:
    """Origins in the second half of n observations, a fit at each; None where they are fewer than 10."""
    inside = np.arange(n // 2, n - horizon + 1)
    if len(inside) < FEWEST:
        return None
    inside = inside[:: -(-len(inside) // INSIDE)]
    windows = np.stack([np.zeros_like(inside), inside], axis=1)
    return Schedule(windows, windows, np.arange(len(inside)))


def squared_errors(values: Vector, origins: Indices, mean: Matrix) -> Matrix:
    """Squared errors of forecasts (O, H) from origins inside the values."""
    actual = sliding_window_view(values, mean.shape[1])[origins]
    errors: Matrix = (actual - mean) ** 2
    return errors


def validated_weights(values: Vector, origins: Indices, mean: Matrix) -> tuple[float, ...]:
    """By h, the share w of a forecast f beside the last value n that forecasts best: w f + (1 - w) n.

    w = sum (y - n)(f - n) / sum (f - n)^2 over the origins, within [0, 1].
    """
    actual = sliding_window_view(values, mean.shape[1])[origins]
    last = values[origins - 1][:, None]
    gain, size = np.nansum((actual - last) * (mean - last), axis=0), np.nansum((mean - last) ** 2, axis=0)
    share = np.divide(gain, size, out=np.zeros_like(gain), where=size > 0)
    return tuple(np.clip(share, 0.0, 1.0).tolist())


def _candidate_errors(
    rows: Rows, scaled: Vector, sample: Sample, start: int, inside: Indices, horizon: int, cumulated: bool
) -> Matrix:
    """Mean squared error over the steps, of every candidate at every origin inside: shape (I, P)."""
    m, terms = rows.lags.longest, rows.terms
    factors = rolling_factors(rows.table, np.full(len(inside), start + m), inside)
    steps = sliding_window_view(sample.columns, horizon, axis=0)[inside]
    actual = sliding_window_view(scaled, horizon)[inside]
    tails = sliding_window_view(scaled, m)[inside - m] if m else np.empty((len(inside), 0))
    errors = np.empty((len(inside), len(rows.sizes)))
    columns = np.array(rows.lags.lags, dtype=np.int64) - 1
    for candidate, size in enumerate(rows.sizes.tolist()):
        found, _ = estimate(factors, np.full(len(inside), size))
        phi = np.zeros((len(inside), m))
        phi[:, columns] = found[:, terms:]
        path = iterate(phi, np.einsum("odh,od->oh", steps, found[:, :terms]), tails)
        missed = actual - path
        with np.errstate(over="ignore", invalid="ignore"):
            missed = np.cumsum(missed, axis=1) if cumulated else missed
            errors[:, candidate] = np.mean(missed**2, axis=1)
    errors[np.isnan(errors)] = np.nan
    return errors
