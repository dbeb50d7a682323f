"""Yule-Walker and Burg: estimates of every order by one recursion, always stationary."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import numpy as np

from forecastkit.arrays import Matrix, Vector

Recursion = Callable[[Vector, int], tuple[Matrix, Vector]]


def yule_walker(values: Vector, m: int) -> tuple[Matrix, Vector]:
    """Solve the Yule-Walker equations of orders 0..m, autocovariances divided by T (Levinson-Durbin).

    phi_(p,p) = (r_p - sum over i of phi_(p-1,i) r_(p-i)) / v_(p-1), v_p = v_(p-1) (1 - phi_(p,p)^2).

    Args:
        values: shape (T,), centred, T > m.
        m: highest order.

    Returns:
        coefficients, one order per row, shape (m + 1, m); innovation variances, shape (m + 1,).
    Source: Brockwell & Davis, Time Series: Theory and Methods, section 8.2. Agrees with R `ar(method =
        "yule-walker")`, whose variance is this one times T / (T - p - 1).
    """
    n = len(values)
    r = np.array([np.dot(values[k:], values[: n - k]) for k in range(m + 1)]) / n
    phi, variance = np.zeros((m + 1, m)), np.full(m + 1, r[0])
    for p in range(1, m + 1):
        before = phi[p - 1, : p - 1]
        left = variance[p - 1]
        partial = (r[p] - np.dot(before, r[p - 1 : 0 : -1])) / left if left > 0 else 0.0
        _step(phi, variance, p, float(partial))
    return phi, variance


def burg(values: Vector, m: int) -> tuple[Matrix, Vector]:
    """Minimise the sum of squared forward and backward errors, order by order up to m.

    With errors f and b of order p - 1: phi_(p,p) = 2 sum f_t b_(t-1) / sum (f_t^2 + b_(t-1)^2).

    Args:
        values: shape (T,), centred, T > m.
        m: highest order.

    Returns:
        as `yule_walker`.
    Source: Burg (1968); Brockwell & Davis, section 8.2. Coefficients agree with R `ar(method = "burg")`.
    """
    phi, variance = np.zeros((m + 1, m)), np.full(m + 1, np.mean(values**2))
    forward, backward = values[1:], values[:-1]
    for p in range(1, m + 1):
        power = np.dot(forward, forward) + np.dot(backward, backward)
        partial = float(2 * np.dot(forward, backward) / power) if power > 0 else 0.0
        _step(phi, variance, p, partial)
        forward, backward = (forward - partial * backward)[1:], (backward - partial * forward)[:-1]
    return phi, variance


def _step(phi: Matrix, variance: Vector, p: int, partial: float) -> None:
    """Fill in order p from order p - 1 and the partial autocorrelation at lag p."""
    phi[p, : p - 1] = phi[p - 1, : p - 1] - partial * phi[p - 1, : p - 1][::-1]
    phi[p, p - 1] = partial
    variance[p] = variance[p - 1] * (1 - partial**2)


RECURSIONS: Mapping[str, Recursion] = {"yule-walker": yule_walker, "burg": burg}
