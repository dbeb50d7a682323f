"""Forecast paths of many autoregressions at once, in arithmetic whose shapes never depend on the data."""

from __future__ import annotations

import numpy as np

from forecastkit.arrays import Mask, Matrix, Vector


def iterate(phi: Matrix, base: Matrix, tails: Matrix) -> Matrix:
    """Continue each row: z_h = base_h + sum over i of phi_i z_(h-i).

    Args:
        phi: by lag 1..L, shape (O, L).
        base: what the terms add at h = 1..H, shape (O, H).
        tails: the last L values before the path, oldest first, shape (O, L).

    Returns:
        shape (O, H).
    """
    (count, longest), horizon = phi.shape, base.shape[1]
    path = np.empty((count, longest + horizon))
    path[:, :longest] = tails
    newest_last = np.ascontiguousarray(phi[:, ::-1])
    with np.errstate(over="ignore", invalid="ignore"):  # explosive paths are found by whoever takes them
        for h in range(horizon):
            lagged = np.einsum("ol,ol->o", newest_last, path[:, h : h + longest])
            path[:, longest + h] = base[:, h] + lagged
    return path[:, longest:]


def impulse_responses(phi: Matrix, horizon: int) -> Matrix:
    """psi_0 = 1, psi_j = sum over i of phi_i psi_(j-i): shape (O, horizon)."""
    count, longest = phi.shape
    tails = np.zeros((count, longest))
    tails[:, -1:] = 1.0
    rest = iterate(phi, np.zeros((count, horizon - 1)), tails)
    return np.concatenate([np.ones((count, 1)), rest], axis=1)


def path_deviations(phi: Matrix, sigma2: Vector, horizon: int, *, cumulated: bool) -> Matrix:
    """Standard errors sqrt(sigma2 sum over j < h of psi_j^2), of the cumulated path where asked: (O, H)."""
    psi = impulse_responses(phi, horizon)
    with np.errstate(over="ignore", invalid="ignore"):
        if cumulated:
            psi = np.cumsum(psi, axis=1)
        deviations: Matrix = np.sqrt(sigma2[:, None] * np.cumsum(psi**2, axis=1))
    return deviations


def are_stable(phi: Matrix) -> Mask:
    """Which of the rows are stable: every inverse root of 1 - sum phi_i z^i lies inside the unit circle.

    They are where the partial autocorrelations, found by running the Levinson recursion backwards, all lie
    inside (-1, 1): a test that costs O(L^2), where the roots cost O(L^3).
    """
    stable = np.ones(len(phi), dtype=np.bool_)
    doubtful = np.flatnonzero(np.abs(phi).sum(axis=1) >= 1)
    left, inside = phi[doubtful], stable[doubtful]
    for p in range(phi.shape[1], 0, -1):
        partial = left[:, p - 1]
        inside &= np.abs(partial) < 1
        scale = np.where(inside, 1 - partial**2, 1.0)
        left = (left[:, : p - 1] + partial[:, None] * left[:, : p - 1][:, ::-1]) / scale[:, None]
        left = np.where(inside[:, None], left, 0.0)
    stable[doubtful] = inside
    return stable


def largest_moduli(phi: Matrix) -> Vector:
    """Largest modulus of the inverse roots of 1 - sum phi_i z^i, for those that are not stable; else NaN."""
    moduli = np.full(len(phi), np.nan)
    for f in np.flatnonzero(~are_stable(phi)).tolist():
        moduli[f] = np.abs(np.roots([1.0, *-phi[f]])).max()
    return moduli


def filled(values: Vector, phi: Vector, base: Vector) -> Vector:
    """Put one-step forecasts in the place of missing values, zero where too little stands before them.

    Args:
        values: shape (N,), NaN where missing.
        phi: by lag 1..L.
        base: what the terms give at each value, shape (N,).
    """
    values, longest = values.copy(), len(phi)
    for t in np.flatnonzero(np.isnan(values)).tolist():
        enough = t >= longest
        values[t] = base[t] + np.dot(phi, values[t - longest : t][::-1]) if enough else 0.0
    return values
