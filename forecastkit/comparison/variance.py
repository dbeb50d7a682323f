"""Long-run variances: how much a mean loss differential varies when neighbouring errors share targets.

Every function takes differentials (N, K) in time order, one column per test, and gives V (K,) such that the
variance of a column's mean is V / N. None needs a distribution; the tests choose theirs.
"""

from __future__ import annotations

import numpy as np
from scipy.fft import dct

from forecastkit.arrays import Matrix, Vector


def autocovariances(differentials: Matrix, lags: int) -> Matrix:
    """g_k = sum over t of (d_t - dbar)(d_(t+k) - dbar) / N for k = 0..lags: shape (lags + 1, K)."""
    n = len(differentials)
    centred = differentials - differentials.mean(axis=0)
    return np.array([np.einsum("tk,tk->k", centred[k:], centred[: n - k]) / n for k in range(lags + 1)])


def rectangular(differentials: Matrix, lags: int) -> Vector:
    """g_0 + 2 * sum over k = 1..lags of g_k; unbiased in large samples, and can be negative."""
    return _weighted(differentials, np.ones(lags + 1))


def bartlett(differentials: Matrix, lags: int) -> Vector:
    """g_0 + 2 * sum over k = 1..lags of (1 - k / (lags + 1)) g_k; never negative (Newey & West 1987)."""
    return _weighted(differentials, 1 - np.arange(lags + 1) / (lags + 1))


def quadratic_spectral(differentials: Matrix) -> Vector:
    """g_0 + 2 * sum over k < N of w(k / B) g_k with B = 1.3 N^(1/5); never negative.

    w(x) = 3 / z^2 * (sin(z) / z - cos(z)), z = 6 pi x / 5.
    Source: Andrews (1991); bandwidth as in Quaedvlieg (2021).
    """
    n = len(differentials)
    z = 6 * np.pi * np.arange(1, n) / (1.3 * n**0.2) / 5
    weights = 3 / z**2 * (np.sin(z) / z - np.cos(z))
    return _weighted(differentials, np.concatenate([[1.0], weights]))


def cosine(differentials: Matrix, degrees: int) -> Vector:
    """Mean over j = 1..degrees of (sum over t of c_j(t) d_t)^2; never negative.

    c_j(t) = sqrt(2 / N) cos(pi j (t - 1/2) / N). Divided by this, a mean follows t with `degrees` degrees.
    Source: Lazarus, Lewis, Stock & Watson (2018), JBES 36(4), 541-559.
    """
    return np.asarray(np.mean(cosine_sums(differentials, degrees) ** 2, axis=0))


def cosine_sums(differentials: Matrix, degrees: int) -> Matrix:
    """The sums over t of c_j(t) d_t of `cosine`, j = 1..degrees: shape (degrees, K).

    They are coefficients 1..degrees of the orthonormal discrete cosine transform (type II), O(N log N).
    """
    return np.asarray(dct(differentials, type=2, norm="ortho", axis=0)[1 : degrees + 1])


def periodogram(differentials: Matrix, frequencies: int) -> Vector:
    """Mean of the periodogram at the lowest frequencies 2 pi j / N, j = 1..frequencies; never negative.

    Divided by this, a mean follows t with 2 * frequencies degrees.
    Source: Coroneo & Iacone (2020), Journal of Applied Econometrics 35(4), 391-409.
    """
    n = len(differentials)
    waves = np.exp(2j * np.pi * np.arange(1, frequencies + 1)[:, None] * np.arange(n) / n)
    return np.asarray(np.mean(np.abs(waves @ differentials) ** 2, axis=0) / n)


def _weighted(differentials: Matrix, weights: Vector) -> Vector:
    """Sum of autocovariances at both signs of every lag, each with its weight; weights start at lag 0."""
    covariances = autocovariances(differentials, len(weights) - 1)
    return np.asarray(2 * weights @ covariances - weights[0] * covariances[0])
