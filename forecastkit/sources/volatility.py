"""Processes driven by products of shocks: GARCH, whose mean cannot be forecast, and the bilinear process."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise
from typing import ClassVar

import numpy as np

from forecastkit.arrays import Vector
from forecastkit.sources.process import BURN_IN, Process, require, require_past

REMEMBERED = 500
"""Values from which the shocks of a bilinear process are recovered; older ones are forgotten by then."""


@dataclass(frozen=True)
class Garch(Process):
    """y(t) = s(t) z(t), s(t)^2 = omega + alpha y(t-1)^2 + beta s(t-1)^2, z ~ N(0, 1)."""

    about: ClassVar[str] = "GARCH(1, 1): the mean is always 0, only the variance can be forecast"
    omega: float = 0.1
    alpha: float = 0.1
    beta: float = 0.8

    def __post_init__(self) -> None:
        ok = self.omega > 0 and min(self.alpha, self.beta) >= 0 and self.alpha + self.beta < 1
        given = f"omega {self.omega}, alpha {self.alpha}, beta {self.beta}"
        require(ok, given, "omega > 0, alpha >= 0, beta >= 0 and alpha + beta < 1")

    @property
    def variance(self) -> float:
        """Omega / (1 - alpha - beta)."""
        return self.omega / (1 - self.alpha - self.beta)

    def simulate(self, n: int, rng: np.random.Generator) -> Vector:
        """Run the recursion from the average variance, the first 500 values thrown away."""
        shocks = rng.normal(size=n + BURN_IN)
        values, variance, last = np.empty(n + BURN_IN), self.variance, 0.0
        for t in range(n + BURN_IN):
            if t:
                variance = self.omega + self.alpha * last**2 + self.beta * variance
            last = values[t] = np.sqrt(variance) * shocks[t]
        return values[BURN_IN:]

    def optimal_forecast(self, values: Vector, horizon: int, *, start: int = 0) -> Vector:
        """Zero, whatever came."""
        return np.zeros(horizon)

    def optimal_mse(self, horizon: int) -> Vector:
        """The average variance at every h."""
        return np.full(horizon, self.variance)

    def variance_forecast(self, values: Vector, horizon: int) -> Vector:
        """Forecast the variance: v + (alpha + beta)^(h-1) (s(T+1)^2 - v), v the average variance.

        Args:
            values: the past, shape (T,); the recursion starts from v.
            horizon: steps ahead.
        """
        following = self.variance
        for value in values.tolist():
            following = self.omega + self.alpha * value**2 + self.beta * following
        decay = (self.alpha + self.beta) ** np.arange(horizon)
        return np.asarray(self.variance + decay * (following - self.variance))


@dataclass(frozen=True)
class Bilinear(Process):
    """y(t) = a y(t-1) + b y(t-1) e(t-1) + e(t), e ~ N(0, sigma^2)."""

    about: ClassVar[str] = "bilinear: an AR(1) whose coefficient moves with the last shock"
    a: float = 0.5
    b: float = 0.3
    sigma: float = 1.0

    def __post_init__(self) -> None:
        ok = self.sigma > 0 and self.a**2 + (self.b * self.sigma) ** 2 < 1
        require(ok, f"a {self.a}, b {self.b}, sigma {self.sigma}", "sigma > 0 and a^2 + b^2 sigma^2 < 1")

    @property
    def mean(self) -> float:
        """B sigma^2 / (1 - a)."""
        return self.b * self.sigma**2 / (1 - self.a)

    def simulate(self, n: int, rng: np.random.Generator) -> Vector:
        """Run the recursion, the first 500 values thrown away."""
        noise = rng.normal(0.0, self.sigma, n + BURN_IN)
        values, last, shock = np.empty(n + BURN_IN), 0.0, 0.0
        for t, e in enumerate(noise.tolist()):
            last = (self.a + self.b * shock) * last + e
            values[t], shock = last, e
        return values[BURN_IN:]

    def optimal_forecast(self, values: Vector, horizon: int, *, start: int = 0) -> Vector:
        """m_1 = (a + b e(T)) y(T), m_h = a m_(h-1) + b sigma^2.

        The last shock is recovered from the past by running the recursion backwards from a zero shock.
        """
        require_past(values, 1)
        recent = values[-REMEMBERED:].tolist()
        shock = 0.0
        for before, value in pairwise(recent):
            shock = value - (self.a + self.b * shock) * before
        return self.forecast_from(recent[-1], shock, horizon)

    def forecast_from(self, y: float, e: float, horizon: int) -> Vector:
        """Forecast from the last value and the last shock."""
        first = (self.a + self.b * e) * y
        return np.asarray(self.mean + self.a ** np.arange(horizon) * (first - self.mean))

    def optimal_mse(self, horizon: int) -> Vector:
        """sigma^2 + (1 - a^(2(h-1))) V, V the variance of the one-step forecast m_1.

        V = (4 a b sigma^2 m + a^2 sigma^2 + 3 b^2 sigma^4) / (1 - a^2 - b^2 sigma^2) - m^2, m the mean: the
        stationary solution of E m_1' = a E m_1 + b sigma^2 and
        E m_1'^2 = (a^2 + b^2 sigma^2) E m_1^2 + 4 a b sigma^2 E m_1 + a^2 sigma^2 + 3 b^2 sigma^4.
        """
        a, b, s2 = self.a, self.b, self.sigma**2
        second = (4 * a * b * s2 * self.mean + a**2 * s2 + 3 * b**2 * s2**2) / (1 - a**2 - b**2 * s2)
        return np.asarray(s2 + (1 - a ** (2 * np.arange(horizon))) * (second - self.mean**2))
