"""The engine under the autoregressions: least squares on many windows of one design.

A row is [regressors | target]. Rows are rotated into an upper triangular factor R as they come, so a window
that grows by one row costs O(K^2) and not a new fit. With w the last column of R, the sum of squared
residuals (SSR) of the first k regressors is the sum of w_i^2 over i >= k: every nested model is read off one
factor. All arithmetic after the factors runs over many windows at once, elementwise or in fixed shapes, so
the bits of one window never depend on another.

A row of zeros leaves a factor as it is, which is how rows with missing values are left out.

Source: Gentleman (1973), AS 75; Gill, Golub, Murray & Saunders (1974); Demmel et al. (2012), TSQR; Golub &
    Van Loan, Matrix Computations, chapters 5 and 6.
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager
from typing import Any, TypeAlias, cast

import numpy as np
from scipy.linalg.lapack import dtpqrt
from threadpoolctl import ThreadpoolController

from forecastkit.arrays import Cube, Indices, Mask, Matrix, Vector

Stack: TypeAlias = np.ndarray[tuple[int, ...], np.dtype[np.float64]]
"""Arrays of any number of dimensions whose leading ones count windows or series."""
BLAS = ThreadpoolController()
"""Finding the libraries costs a millisecond, so it is done once; a second thread on small matrices harms."""
MANY = 4096
"""Rows from which on the cheap start is tried."""
CHUNK = 512
"""Rows rotated in one call."""
PANEL = 8
"""Columns that LAPACK treats together."""
TRUSTED = 1e4
"""1-norm condition of a factor up to which the cheap start from sums of products is accurate enough."""
TOGETHER = 128
"""Windows estimated in one call: their factors stand in memory twice."""
SINGULAR = 1e-14
"""Share of a column's length below which what is new in it is rounding."""


def one_thread() -> AbstractContextManager[Any]:
    """Hold BLAS to one thread within a `with` block."""
    limited: AbstractContextManager[Any] = BLAS.limit(limits=1, user_api="blas")
    return limited


def exact_scale(spread: Stack) -> Stack:
    """Powers of two nearest to spreads, by which values are scaled without rounding; 1 for none."""
    with np.errstate(divide="ignore"):
        powers = np.exp2(np.round(np.log2(spread)))
    return np.where(powers > 0, powers, 1.0)


def rolling_factors(rows: Matrix, starts: Indices, stops: Indices, *, begin: Matrix | None = None) -> Cube:
    """Factor rows[start:stop] for every window.

    Windows that all start alike grow: each factor is the one before with the new rows rotated in. Where the
    start moves too, a block of windows shares one row; the rows before it are rotated in from the last window
    backwards, those after it forwards, and each window joins one factor of either kind. So no row is ever
    taken out again, which would be unstable.

    Args:
        rows: shape (N, K), regressors and target, finite.
        starts, stops: shape (F,), neither falling, start < stop.
        begin: factor of the first window where it is known already; for growing windows only.

    Returns:
        shape (F, K, K), upper triangular; the sign of a row of R is arbitrary.
    """
    if starts[0] == starts[-1]:
        first = rotate(_nothing(rows), rows[starts[0] : stops[0]]) if begin is None else begin
        return _grown(first, rows, stops)
    factors = np.empty((len(starts), rows.shape[1], rows.shape[1]))
    done = 0
    while done < len(starts):
        block = slice(done, max(done + 1, int(np.searchsorted(starts, stops[done]))))
        factors[block] = _slid(rows, starts[block], stops[block])
        done = block.stop
    return factors


def rotate(factor: Matrix, rows: Matrix) -> Matrix:
    """Rotate rows (N, K) into a factor (K, K): a new factor of the rows before and these."""
    panel = min(PANEL, len(factor))
    for i in range(0, len(rows), CHUNK):
        factor = dtpqrt(0, panel, factor, rows[i : i + CHUNK])[0]
    return factor


def first_factor(values: Vector, m: int, *, constant: bool, rows: Callable[[], Matrix]) -> Matrix:
    """Factor the rows [1, lags 1..m | y] of one series; where there are many, cheaply if that is accurate.

    Args:
        values: shape (T,), finite, centred where there is a constant, of a size near 1.
        rows: lays them out, shape (T - m, K), where they are needed.
    """
    if len(values) - m >= MANY:
        factors, trusted = gram_factors(values[None, :], m, constant=constant)
        if trusted[0]:
            cheap: Matrix = factors[0]
            return cheap
    laid = rows()
    return rotate(_nothing(laid), laid)


def gram_factors(values: Matrix, m: int, *, constant: bool) -> tuple[Cube, Mask]:
    """Factor the rows [1, lags 1..m | y] of many series from sums of products, at a fraction of the cost.

    The sums of lag i times lag j follow from those of lag i - 1 times lag j - 1 by one row gained and one
    lost, so all cost O(n m). Squaring loses digits: where the factor's condition is above TRUSTED, or there
    is none, the answer must not be used.

    Args:
        values: shape (S, T), centred where there is a constant, of a size near 1.
        m: lags, T > 2 m.
        constant: whether the first column is of ones.

    Returns:
        factors, shape (S, K, K), and whether each may be trusted, shape (S,).
    """
    gram = _lag_products(values, m, constant)
    trusted = np.ones(len(values), dtype=np.bool_)
    try:
        lower = np.linalg.cholesky(gram)
    except np.linalg.LinAlgError:  # one series without a factor stops the whole stack
        lower = np.empty_like(gram)
        for s, one in enumerate(gram):
            try:
                lower[s] = np.linalg.cholesky(one)
            except np.linalg.LinAlgError:
                lower[s], trusted[s] = np.eye(len(one)), False
    factors = np.swapaxes(lower, -1, -2)
    condition = np.linalg.norm(factors, 1, (-2, -1)) * np.linalg.norm(np.linalg.inv(factors), 1, (-2, -1))
    return factors, trusted & (condition < TRUSTED)


def nested_sums(factors: Stack, sizes: Indices) -> Stack:
    """Sums of squared residuals of nested models.

    Args:
        factors: shape (..., K, K).
        sizes: shape (P,), regressors of each model, below K.

    Returns:
        shape (..., P).
    """
    last = factors[..., -1]
    sums: Stack = np.cumsum(last[..., ::-1] ** 2, axis=-1)[..., ::-1]
    return sums[..., sizes]


def estimate(
    factors: Cube, sizes: Indices, extra: Cube | None = None, skipped: Indices | None = None
) -> tuple[Matrix, Vector]:
    """Coefficients and SSR of one nested model per window, some with rows beyond those of the factor.

    Args:
        factors: shape (F, K, K).
        sizes: shape (F,), regressors of the model asked for in each window.
        extra: shape (F, E, K) or (1, E, K), rows to add.
        skipped: shape (F,), the leading extra rows that the model cannot use; alike for equal sizes.

    Returns:
        coefficients (F, K - 1), zero beyond the model's own; SSR (F,).
    """
    coefficients = np.zeros((len(factors), factors.shape[-1] - 1))
    ssr = np.empty(len(factors))
    for size in np.unique(sizes).tolist():
        alike = np.flatnonzero(sizes == size)
        columns = [*range(size), -1]
        for of in (alike[i : i + TOGETHER] for i in range(0, len(alike), TOGETHER)):
            small = _compressed(factors[of], size)
            if extra is not None and skipped is not None and skipped[of[0]] < extra.shape[1]:
                more = (extra if len(extra) == 1 else extra[of])[:, skipped[of[0]] :, columns]
                more = np.broadcast_to(more, (len(of), *more.shape[1:]))
                small = joined(small, more)
            coefficients[of, :size], ssr[of] = _solved(small)
    return coefficients, ssr


def _compressed(factors: Cube, size: int) -> Cube:
    """Factors of the first regressors and the target alone."""
    small = np.zeros((len(factors), size + 1, size + 1))
    small[:, :size, :size] = factors[:, :size, :size]
    small[:, :size, -1] = factors[:, :size, -1]
    small[:, -1, -1] = np.sqrt(nested_sums(factors, np.array([size]))[:, 0])
    return small


def _nothing(rows: Matrix) -> Matrix:
    return np.zeros((rows.shape[1], rows.shape[1]), order="F")


def _grown(factor: Matrix, rows: Matrix, stops: Indices) -> Cube:
    """Factors as rows are added at the end, the first given."""
    factors = np.empty((len(stops), *factor.shape))
    factors[0] = factor
    for i, (before, after) in enumerate(zip(stops[:-1].tolist(), stops[1:].tolist(), strict=True), 1):
        factor = rotate(factor, rows[before:after])
        factors[i] = factor
    return factors


def _slid(rows: Matrix, starts: Indices, stops: Indices) -> Cube:
    """Factors of windows that all hold the last row of the first window."""
    shared = int(stops[0])
    turned = np.concatenate([[-shared], -starts[::-1]])
    backward = _grown(_nothing(rows), rows[::-1], len(rows) + turned)[:0:-1]
    forward = _grown(_nothing(rows), rows, stops)
    return joined(backward, forward)


def joined(one: Cube, other: Cube) -> Cube:
    """Factor the rows of both, window by window."""
    return cast(Cube, np.linalg.qr(np.concatenate([one, other], axis=1), mode="r"))


def _lag_products(values: Matrix, m: int, constant: bool) -> Cube:
    """Sums of products of [1, lags 1..m, y] over the rows that m lags leave: shape (S, K, K)."""
    s, t = values.shape
    rows = t - m
    head, tail = values[:, :m][:, ::-1], values[:, rows:][:, ::-1]
    by_lag = np.empty((s, m + 1, m + 1))
    for lag in range(m + 1):
        by_lag[:, 0, lag] = np.einsum("st,st->s", values[:, m:], values[:, m - lag : t - lag])
    for lag in range(m):
        gained = head[:, lag, None] * head[:, lag:] - tail[:, lag, None] * tail[:, lag:]
        by_lag[:, lag + 1, lag + 1 :] = by_lag[:, lag, lag:-1] + gained
    order = [*range(1, m + 1), 0]
    upper = np.triu(by_lag)
    full = upper + np.swapaxes(np.triu(by_lag, 1), -1, -2)
    gram = np.empty((s, m + 1 + constant, m + 1 + constant))
    gram[:, constant:, constant:] = full[:, order][:, :, order]
    if constant:
        sums = np.cumsum(np.concatenate([values[:, m:].sum(axis=1)[:, None], head - tail], axis=1), axis=1)
        gram[:, 0, 0] = rows
        gram[:, 0, 1:] = gram[:, 1:, 0] = sums[:, order]
    return gram


def _solved(factors: Cube) -> tuple[Matrix, Vector]:
    """Coefficients (F, K - 1) and SSR (F,); of those that fit alike the smallest, where columns depend."""
    upper, right = factors[:, :-1, :-1], factors[:, :-1, -1].copy()
    ssr = factors[:, -1, -1] ** 2
    pivots = np.abs(np.diagonal(upper, axis1=1, axis2=2))
    singular = (pivots <= SINGULAR * np.sqrt(np.sum(upper**2, axis=1))).any(axis=1)
    solution = np.zeros_like(right)
    with np.errstate(divide="ignore", invalid="ignore", over="ignore"):  # singular ones are solved anew below
        for i in reversed(range(right.shape[1])):
            solution[:, i] = right[:, i] / upper[:, i, i]
            right[:, :i] -= upper[:, :i, i] * solution[:, i, None]
    for f in np.flatnonzero(singular).tolist():
        target = factors[f, :-1, -1]
        solution[f] = np.linalg.lstsq(upper[f], target, rcond=SINGULAR)[0]
        ssr[f] += np.sum((target - upper[f] @ solution[f]) ** 2)
    return solution, ssr
