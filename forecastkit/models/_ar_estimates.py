"""One autoregression in each of many series, with the covariance of its coefficients."""

from __future__ import annotations

from dataclasses import dataclass
from typing import cast

import numpy as np

from forecastkit.arrays import Cube, Matrix, Vector
from forecastkit.errors import SeriesTooShortError
from forecastkit.models._rolling_ols import estimate as least_squares


@dataclass(frozen=True, slots=True, eq=False)
class Estimates:
    """Least squares of y_t = c + sum of phi_i y_(t-i) + e_t in S series of one length.

    Args:
        constant: shape (S,), zero where none is estimated.
        phi: shape (S, p).
        residuals: shape (S, N), N = T - p.
        sigma2: SSR / (N - regressors), shape (S,).
        means: of y and its lags over the rows, shape (S, 1 + p); zero without a constant.
        factors: triangular, of the rows [1 | lags | y] less `centre`, shape (S, K, K).
        centre: mean of each series, zero without a constant, shape (S, 1).
    """

    constant: Vector
    phi: Matrix
    residuals: Matrix
    sigma2: Vector
    means: Matrix
    factors: Cube
    centre: Matrix

    @property
    def covariance(self) -> Cube:
        """Of constant, if there is one, and phi: sigma2 (X'X)^-1, shape (S, k, k)."""
        root = np.linalg.pinv(self.factors[:, :-1, :-1])
        if root.shape[1] > self.phi.shape[1]:  # from the constant of centred values to that of the values
            root[:, 0] -= self.centre * root[:, 1:].sum(axis=1)
        covariance: Cube = self.sigma2[:, None, None] * (root @ np.swapaxes(root, 1, 2))
        return covariance


def estimate(series: Matrix, p: int, *, constant: bool = True) -> Estimates:
    """Estimate AR(p) in every row of `series` (S, T).

    Raises:
        SeriesTooShortError: T < 2 p + 3.
    """
    s, t = series.shape
    if t < 2 * p + 3:
        raise SeriesTooShortError(
            f"{t} observations cannot estimate AR({p}); {2 * p + 3} are needed. Use a lower order."
        )
    centre = series.mean(axis=1, keepdims=True) if constant else np.zeros((s, 1))
    z = series - centre
    columns = [
        *([np.ones((s, t - p))] if constant else []),
        *(z[:, p - lag : t - lag] for lag in range(1, p + 1)),
    ]
    rows = np.stack([*columns, z[:, p:]], axis=2)
    k = p + constant
    factors = cast(Cube, np.linalg.qr(rows, mode="r"))
    found, ssr = least_squares(factors, np.full(s, k))
    phi = found[:, constant:]
    means = np.concatenate([rows[:, :, -1:], rows[:, :, constant:-1]], axis=2).mean(axis=1) + centre
    means = means if constant else np.zeros((s, p + 1))
    return Estimates(
        constant=means[:, 0] - np.einsum("si,si->s", means[:, 1:], phi),
        phi=phi,
        residuals=rows[:, :, -1] - np.einsum("snj,sj->sn", rows[:, :, :-1], found),
        sigma2=ssr / (t - p - k),
        means=means,
        factors=factors,
        centre=centre,
    )
