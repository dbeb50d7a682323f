"""What a linear recursion implies for its forecasts."""

from __future__ import annotations

import numpy as np

from forecastkit.arrays import Vector


def psi_weights(phi: Vector, horizon: int, theta: Vector | None = None) -> Vector:
    """Weights of past shocks in y(t) = sum of phi_i y(t-i) + e(t) + sum of theta_j e(t-j).

    psi_0 = 1, psi_j = theta_j + sum over i <= min(p, j) of phi_i psi_(j-i), theta_j = 0 beyond q.

    Args:
        phi: autoregressive coefficients, shape (p,).
        horizon: how many weights.
        theta: moving-average coefficients, shape (q,); none by default.

    Returns:
        psi_0 .. psi_(horizon-1), shape (horizon,); the variance at h is sigma^2 * sum over j < h of psi_j^2.
    Source: Box & Jenkins, Time Series Analysis, section 5.1.
    """
    psi = np.zeros(horizon)
    psi[0] = 1.0
    if theta is not None:
        known = min(len(theta), horizon - 1)
        psi[1 : 1 + known] = theta[:known]
    for j in range(1, horizon):
        reach = min(len(phi), j)
        psi[j] += float(np.dot(phi[:reach], psi[j - reach : j][::-1]))
    return psi


def linear_filter(theta: Vector, phi: Vector, noise: Vector) -> Vector:
    """Solve y(t) = sum of phi_i y(t-i) + e(t) + sum of theta_j e(t-j) from zeros before the first value.

    Args:
        theta: moving-average coefficients, shape (q,).
        phi: autoregressive coefficients, shape (p,).
        noise: e, shape (T,).

    Returns:
        y, shape (T,). With `linear_filter(-phi, -theta, y)` the noise comes back.
    """
    from scipy.linalg.lapack import dtbtrs

    driven = np.convolve(np.concatenate([[1.0], theta]), noise)[: len(noise)]
    bands = np.repeat(np.concatenate([[1.0], -np.asarray(phi)])[:, None], len(noise), axis=1)
    values, _ = dtbtrs(bands, driven, uplo="L", diag="U")
    return np.asarray(values)
