"""Fractionally integrated noise: dependence that fades so slowly that no finite AR is exact."""

from __future__ import annotations

from dataclasses import dataclass
from math import gamma
from typing import ClassVar

import numpy as np

from forecastkit.arrays import Vector
from forecastkit.sources.process import Process, require, require_past


@dataclass(frozen=True)
class Arfima(Process):
    """ARFIMA(0, d, 0): (1 - B)^d y = e, e ~ N(0, sigma^2).

    Draws are exact (circulant embedding of the autocovariances), so nothing is thrown away; the best
    forecast is exact for a finite past.

    Args:
        d: memory, 0 < d < 1/2.
        sigma: standard deviation of e.
    """

    about: ClassVar[str] = "ARFIMA(0, d, 0): long memory, no finite AR is exact"
    gaussian: ClassVar[bool] = True
    d: float = 0.3
    sigma: float = 1.0

    def __post_init__(self) -> None:
        ok = 0 < self.d < 0.5 and self.sigma > 0
        require(ok, f"d {self.d}, sigma {self.sigma}", "0 < d < 1/2 and sigma > 0")

    @property
    def variance(self) -> float:
        """sigma^2 Gamma(1 - 2d) / Gamma(1 - d)^2."""
        return self.sigma**2 * gamma(1 - 2 * self.d) / gamma(1 - self.d) ** 2

    def autocovariances(self, lags: int) -> Vector:
        """gamma_0 .. gamma_lags, gamma_k = gamma_(k-1) (k - 1 + d) / (k - d)."""
        k = np.arange(1, lags + 1)
        return self.variance * np.cumprod(np.concatenate([[1.0], (k - 1 + self.d) / (k - self.d)]))

    def simulate(self, n: int, rng: np.random.Generator) -> Vector:
        """Draw a Gaussian vector with exactly these autocovariances.

        Source: Davies & Harte (1987), Biometrika 74, 95-101.
        """
        row = self.autocovariances(n)
        eigenvalues = np.fft.fft(np.concatenate([row, row[-2:0:-1]])).real
        noise = rng.normal(size=2 * n) + 1j * rng.normal(size=2 * n)
        drawn = np.fft.fft(np.sqrt(np.maximum(eigenvalues, 0.0) / (2 * n)) * noise)
        return np.asarray(drawn.real[:n])

    def optimal_forecast(self, values: Vector, horizon: int, *, start: int = 0) -> Vector:
        """Project on the whole past, step by step.

        The coefficients of y(k), ..., y(1) for y(k+1) are phi_1 = k d / (k - d) and
        phi_(j+1) = phi_j (k - j) (j - d) / ((j + 1) (k - d - j)).

        Source: Hosking (1981), Biometrika 68, 165-176.
        """
        require_past(values, 1)
        known = len(values)
        path = np.concatenate([values, np.zeros(horizon)])
        for k in range(known, known + horizon):
            j = np.arange(1, k)
            ratios = (k - j) * (j - self.d) / ((j + 1) * (k - self.d - j))
            phi = np.cumprod(np.concatenate([[k * self.d / (k - self.d)], ratios]))
            path[k] = phi @ path[k - 1 :: -1]
        return path[known:]

    def optimal_mse(self, horizon: int) -> Vector:
        """sigma^2 * sum over j < h of psi_j^2, psi_j = psi_(j-1) (j - 1 + d) / j.

        For an infinite past; a finite one of T values adds about sigma^2 d^2 / T.
        """
        j = np.arange(1, horizon)
        psi = np.cumprod(np.concatenate([[1.0], (j - 1 + self.d) / j]))
        return np.asarray(self.sigma**2 * np.cumsum(psi**2))
