"""Linear Gaussian processes: ARMA with a season, random walk, a fixed season under noise, one break."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from forecastkit.arrays import Vector
from forecastkit.series.recursions import linear_filter, psi_weights
from forecastkit.sources.process import BURN_IN, Process, require, require_past


@dataclass(frozen=True)
class Arma(Process):
    """(1 - phi(B)) (1 - seasonal B^season) (y - mean) = (1 + theta(B)) e, e ~ N(0, sigma^2).

    Args:
        phi, theta: coefficients of lags 1, 2, ...; none is white noise.
        seasonal: coefficient of lag `season`, multiplied in.
        season: season length; 1 for none.
        mean: of y.
        sigma: standard deviation of e.

    Raises:
        PlanError: not stationary, not invertible, or a number out of range.
    """

    about: ClassVar[str] = "ARMA with coefficients phi and theta, times one seasonal coefficient"
    gaussian: ClassVar[bool] = True
    phi: tuple[float, ...] = ()
    theta: tuple[float, ...] = ()
    seasonal: float = 0.0
    season: int = 1
    mean: float = 0.0
    sigma: float = 1.0

    def __post_init__(self) -> None:
        sizes = f"sigma {self.sigma}, season {self.season}"
        require(self.sigma > 0 and self.season >= 1, sizes, "sigma > 0 and season >= 1")
        require(
            _inside(-self.coefficients), f"phi {self.phi}, seasonal {self.seasonal}", "a stationary recursion"
        )
        require(_inside(np.array(self.theta)), f"theta {self.theta}", "an invertible moving average")

    @property
    def period(self) -> int:
        """The season."""
        return self.season

    @property
    def coefficients(self) -> Vector:
        """Autoregressive coefficients with the season multiplied in."""
        season = np.zeros(self.season + 1 if self.seasonal else 1)
        season[-1] = -self.seasonal
        season[0] = 1.0
        return -np.convolve([1.0, *(-a for a in self.phi)], season)[1:]

    def simulate(self, n: int, rng: np.random.Generator) -> Vector:
        """Filter noise, and throw the first 500 values away."""
        noise = rng.normal(0.0, self.sigma, n + BURN_IN)
        return np.asarray(linear_filter(np.array(self.theta), self.coefficients, noise)[BURN_IN:] + self.mean)

    def optimal_forecast(self, values: Vector, horizon: int, *, start: int = 0) -> Vector:
        """Iterate the recursion with future shocks at zero.

        Past shocks of a moving average are recovered by the inverse filter from a zero start, which is
        forgotten at the rate of its largest inverse root per observation.
        """
        phi, theta = self.coefficients, np.array(self.theta)
        p, q = len(phi), len(theta)
        require_past(values, max(p, q))
        known = values - self.mean
        shocks = np.concatenate([self._shocks(known)[len(known) - q :], np.zeros(horizon)])
        path = np.concatenate([known[len(known) - p :], np.zeros(horizon)])
        for i in range(horizon):
            path[p + i] = phi[::-1] @ path[i : p + i] + theta[::-1] @ shocks[i : q + i]
        return np.asarray(path[p:] + self.mean)

    def optimal_mse(self, horizon: int) -> Vector:
        """sigma^2 * sum over j < h of psi_j^2, see `psi_weights`."""
        psi = psi_weights(self.coefficients, horizon, np.array(self.theta))
        return np.asarray(self.sigma**2 * np.cumsum(psi**2))

    def _shocks(self, known: Vector) -> Vector:
        if not self.theta:
            return known
        return linear_filter(-self.coefficients, -np.array(self.theta), known)


@dataclass(frozen=True)
class RandomWalk(Process):
    """y(t) = y(t-1) + drift + e(t), e ~ N(0, sigma^2), from y(0) = 0."""

    about: ClassVar[str] = "random walk, with a drift if asked: nothing beats the last value (and the drift)"
    gaussian: ClassVar[bool] = True
    drift: float = 0.0
    sigma: float = 1.0

    def __post_init__(self) -> None:
        require(self.sigma > 0, f"sigma {self.sigma}", "more than 0")

    def simulate(self, n: int, rng: np.random.Generator) -> Vector:
        """Add up the shocks; the first value is the first of them."""
        return np.asarray(np.cumsum(self.drift + rng.normal(0.0, self.sigma, n)))

    def optimal_forecast(self, values: Vector, horizon: int, *, start: int = 0) -> Vector:
        """Go on from the last value with the drift."""
        require_past(values, 1)
        return np.asarray(values[-1] + self.drift * np.arange(1, horizon + 1))

    def optimal_mse(self, horizon: int) -> Vector:
        """sigma^2 h.

        Example:
            >>> RandomWalk().optimal_mse(3).tolist()
            [1.0, 2.0, 3.0]
        """
        return np.asarray(self.sigma**2 * np.arange(1.0, horizon + 1))

    def estimated_drift_mse(self, horizon: int, n: int) -> Vector:
        """Error where the drift is the mean of n - 1 differences: sigma^2 h (1 + h / (n - 1))."""
        h = np.arange(1.0, horizon + 1)
        return np.asarray(self.sigma**2 * h * (1 + h / (n - 1)))


@dataclass(frozen=True)
class SeasonalNoise(Process):
    """y(t) = level + trend t + amplitude sin(2 pi t / season) + e(t), t = 0, 1, ..., e ~ N(0, sigma^2)."""

    about: ClassVar[str] = "a fixed sine of length season under white noise, with a trend if asked"
    gaussian: ClassVar[bool] = True
    level: float = 10.0
    trend: float = 0.0
    amplitude: float = 2.0
    season: int = 12
    sigma: float = 1.0

    def __post_init__(self) -> None:
        sizes = f"sigma {self.sigma}, season {self.season}"
        require(self.sigma > 0 and self.season >= 2, sizes, "sigma > 0 and season >= 2")

    @property
    def period(self) -> int:
        """The season."""
        return self.season

    def simulate(self, n: int, rng: np.random.Generator) -> Vector:
        """Add noise to the expected path."""
        return self._expected(0, n) + rng.normal(0.0, self.sigma, n)

    def optimal_forecast(self, values: Vector, horizon: int, *, start: int = 0) -> Vector:
        """The expected path: the past says nothing more."""
        return self._expected(start + len(values), horizon)

    def optimal_mse(self, horizon: int) -> Vector:
        """sigma^2 at every h."""
        return np.full(horizon, self.sigma**2)

    def _expected(self, start: int, n: int) -> Vector:
        t = np.arange(start, start + n)
        wave = self.amplitude * np.sin(2 * np.pi * (t % self.season) / self.season)
        return np.asarray(self.level + self.trend * t + wave)


@dataclass(frozen=True)
class Break(Process):
    """y(t) = m + phi (y(t-1) - m) + e(t) with one (m, phi) before position `at` and another from there on.

    Two best forecasts: `optimal_forecast` knows the date, before and after it; `unaware_forecast` keeps the
    parameters from before for ever.
    """

    about: ClassVar[str] = "AR(1) whose mean and coefficient change at one position, which the oracle knows"
    at: int = 500
    mean: float = 0.0
    phi: float = 0.8
    mean_after: float = 3.0
    phi_after: float = 0.4
    sigma: float = 1.0

    def __post_init__(self) -> None:
        require(self.sigma > 0 and self.at >= 1, f"sigma {self.sigma}, at {self.at}", "more than 0")
        largest = max(abs(self.phi), abs(self.phi_after))
        require(largest < 1, f"phi {self.phi} and {self.phi_after}", "less than 1 in size")

    def simulate(self, n: int, rng: np.random.Generator) -> Vector:
        """Run the recursion, the first 500 values thrown away."""
        noise = rng.normal(0.0, self.sigma, n + BURN_IN)
        mean, phi = self._regime(np.arange(n + BURN_IN) - BURN_IN)
        values, last = np.empty(n + BURN_IN), self.mean
        for t in range(n + BURN_IN):
            last = values[t] = mean[t] + phi[t] * (last - mean[t]) + noise[t]
        return values[BURN_IN:]

    def optimal_forecast(self, values: Vector, horizon: int, *, start: int = 0) -> Vector:
        """Iterate, each step with the parameters of its own date."""
        require_past(values, 1)
        mean, phi = self._regime(start + len(values) + np.arange(horizon))
        path, last = np.empty(horizon), values[-1]
        for i in range(horizon):
            last = path[i] = mean[i] + phi[i] * (last - mean[i])
        return path

    def optimal_mse(self, horizon: int, *, origin: int | None = None) -> Vector:
        """sigma^2 * sum over j < h of the squared product of the coefficients since the shock.

        Args:
            horizon: steps ahead.
            origin: observations known; by default so many that all targets lie after the break.
        """
        _, phi = self._regime((self.at if origin is None else origin) + np.arange(horizon))
        mse, last = np.empty(horizon), 0.0
        for i in range(horizon):
            last = mse[i] = self.sigma**2 + phi[i] ** 2 * last
        return mse

    def unaware_forecast(self, values: Vector, horizon: int) -> Vector:
        """Forecast as if the break never came; a model that `compare` takes."""
        require_past(values, 1)
        return np.asarray(self.mean + self.phi ** np.arange(1, horizon + 1) * (values[-1] - self.mean))

    def unaware_mse(self, horizon: int) -> Vector:
        """Mean squared error of `unaware_forecast` long after the break.

        (1 - phi^h)^2 (mean_after - mean)^2 + (phi_after^h - phi^h)^2 variance_after + optimal_mse(h).
        """
        h = np.arange(1, horizon + 1)
        variance = self.sigma**2 / (1 - self.phi_after**2)
        bias = (1 - self.phi**h) * (self.mean_after - self.mean)
        return np.asarray(
            bias**2 + (self.phi_after**h - self.phi**h) ** 2 * variance + self.optimal_mse(horizon)
        )

    def _regime(self, positions: np.ndarray[tuple[int], np.dtype[np.int64]]) -> tuple[Vector, Vector]:
        after = positions >= self.at
        return np.where(after, self.mean_after, self.mean), np.where(after, self.phi_after, self.phi)


def _inside(coefficients: Vector) -> bool:
    """Whether every inverse root of 1 + a_1 z + ... lies inside the unit circle."""
    return bool(np.all(np.abs(np.roots([1.0, *coefficients])) < 1))
