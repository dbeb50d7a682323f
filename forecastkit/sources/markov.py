"""Nonlinear autoregressions of order one: threshold (SETAR) and smooth transition (LSTAR).

y(t) = g(y(t-1)) + sigma e(t), e ~ N(0, 1). Best forecasts follow from the Chapman-Kolmogorov equation
m_h(x) = integral of m_(h-1)(z) density((z - g(x)) / sigma) / sigma dz, solved by Gauss-Legendre panels that
never straddle a jump of g; the error is below 1e-10 of the spread of the process.
"""

from __future__ import annotations

from abc import abstractmethod
from dataclasses import dataclass
from functools import lru_cache
from itertools import pairwise
from typing import ClassVar

import numpy as np

from forecastkit.arrays import Matrix, Vector
from forecastkit.sources.process import BURN_IN, Process, require, require_past

NODES = 24
"""Gauss-Legendre nodes in each panel of two sigma."""
PILOT = 4000
"""Values drawn to see how far the process wanders."""


@dataclass(frozen=True)
class Markov(Process):
    """A nonlinear AR(1) with Gaussian noise."""

    sigma: float = 1.0

    @abstractmethod
    def skeleton(self, x: Vector) -> Vector:
        """Give g, the expected next value, elementwise."""

    @property
    def jumps(self) -> tuple[float, ...]:
        """Where g is not smooth."""
        return ()

    def simulate(self, n: int, rng: np.random.Generator) -> Vector:
        """Run the recursion from 0, the first 500 values thrown away."""
        noise = rng.normal(0.0, self.sigma, n + BURN_IN)
        values, last = np.empty(n + BURN_IN), np.zeros(1)
        for t in range(n + BURN_IN):
            last = self.skeleton(last) + noise[t]
            values[t] = last[0]
        return values[BURN_IN:]

    def optimal_forecast(self, values: Vector, horizon: int, *, start: int = 0) -> Vector:
        """Integrate over every path from the last value."""
        require_past(values, 1)
        grid = _grid(self, horizon)
        return np.asarray(grid.transition(self, values[-1:])[0] @ grid.means)

    def conditional_variance(self, x: float, horizon: int) -> Vector:
        """Variance of y(T+h) given y(T) = x, h = 1..horizon."""
        grid = _grid(self, horizon)
        row = grid.transition(self, np.array([x]))[0]
        return np.asarray(row @ grid.squares - (row @ grid.means) ** 2)

    def optimal_mse(self, horizon: int) -> Vector:
        """Average the conditional variance over the stationary distribution."""
        grid = _grid(self, horizon)
        step = grid.transition(self, grid.nodes)
        spread = step @ grid.squares - (step @ grid.means) ** 2
        return np.asarray(grid.stationary(step) @ spread)

    def stationary_moments(self) -> tuple[float, float]:
        """Mean and variance of the process."""
        grid = _grid(self, 1)
        mass = grid.stationary(grid.transition(self, grid.nodes))
        mean = float(mass @ grid.nodes)
        return mean, float(mass @ (grid.nodes - mean) ** 2)


@dataclass(frozen=True)
class Setar(Markov):
    """SETAR(2; 1, 1): g(x) = c1 + phi1 x up to the threshold, c2 + phi2 x above it."""

    about: ClassVar[str] = "SETAR: one AR(1) below a threshold, another above it"
    c1: float = 1.0
    phi1: float = 0.7
    c2: float = -0.8
    phi2: float = 0.4
    threshold: float = 0.0

    def __post_init__(self) -> None:
        require(self.sigma > 0, f"sigma {self.sigma}", "more than 0")
        stable = self.phi1 < 1 and self.phi2 < 1 and self.phi1 * self.phi2 < 1
        require(stable, f"phi1 {self.phi1}, phi2 {self.phi2}", "phi1 < 1, phi2 < 1 and phi1 phi2 < 1")

    @property
    def jumps(self) -> tuple[float, ...]:
        """The threshold."""
        return (self.threshold,)

    def skeleton(self, x: Vector) -> Vector:
        """Give g."""
        return np.where(x <= self.threshold, self.c1 + self.phi1 * x, self.c2 + self.phi2 * x)


@dataclass(frozen=True)
class Lstar(Markov):
    """LSTAR: g(x) = (c1 + phi1 x) (1 - G) + (c2 + phi2 x) G, G = 1 / (1 + exp(-steepness (x - centre)))."""

    about: ClassVar[str] = "LSTAR: glides from one AR(1) into another"
    sigma: float = 0.5
    c1: float = 0.3
    phi1: float = 0.9
    c2: float = -0.4
    phi2: float = -0.3
    steepness: float = 5.0
    centre: float = 0.5

    def __post_init__(self) -> None:
        require(self.sigma > 0, f"sigma {self.sigma}", "more than 0")
        require(0 < self.steepness <= 20 / self.sigma, f"steepness {self.steepness}", "0 to 20 / sigma")
        largest = max(abs(self.phi1), abs(self.phi2))
        require(largest < 1, f"phi1 {self.phi1}, phi2 {self.phi2}", "less than 1 in size")

    def skeleton(self, x: Vector) -> Vector:
        """Give g."""
        share = 0.5 * (1 + np.tanh(0.5 * self.steepness * (x - self.centre)))
        return np.asarray((self.c1 + self.phi1 * x) * (1 - share) + (self.c2 + self.phi2 * x) * share)


@dataclass(frozen=True, eq=False)
class _Grid:
    """Quadrature nodes, and the moments of y(t+h-1) given y(t) at each of them.

    Args:
        nodes, weights: shape (K,).
        means, squares: first and second moments at h - 1 = 0..H-1, shape (K, H).
    """

    nodes: Vector
    weights: Vector
    means: Matrix
    squares: Matrix

    def transition(self, process: Markov, x: Vector) -> Matrix:
        """Probability that each x moves to each node: shape (len(x), K)."""
        away = (self.nodes[None, :] - process.skeleton(x)[:, None]) / process.sigma
        density = np.exp(-0.5 * away**2) / (np.sqrt(2 * np.pi) * process.sigma)
        return np.asarray(density * self.weights)

    def stationary(self, step: Matrix) -> Vector:
        """Iterate the distribution over the nodes until it stands still."""
        mass: Vector = self.weights / self.weights.sum()
        for _ in range(20_000):
            before, mass = mass, mass @ step
            mass = mass / mass.sum()
            if np.abs(mass - before).sum() < 1e-15:
                break
        return mass


@lru_cache(maxsize=16)
def _grid(process: Markov, horizon: int) -> _Grid:
    pilot = process.simulate(PILOT, np.random.default_rng(0))
    reach = 8 * process.sigma
    ends = sorted({float(pilot.min()) - reach, *process.jumps, float(pilot.max()) + reach})
    edges = np.concatenate(
        [
            np.linspace(low, high, 2 + int((high - low) / (2 * process.sigma)))[:-1]
            for low, high in pairwise(ends)
        ]
        + [np.array(ends[-1:])]
    )
    points, shares = np.polynomial.legendre.leggauss(NODES)
    half = np.diff(edges) / 2
    nodes = (edges[:-1, None] + half[:, None] * (points + 1)).ravel()
    weights = (half[:, None] * shares).ravel()
    empty = np.empty((len(nodes), horizon))
    grid = _Grid(nodes, weights, empty, empty.copy())
    step = grid.transition(process, nodes)
    mean, square = nodes, nodes**2
    for h in range(horizon):
        grid.means[:, h], grid.squares[:, h] = mean, square
        mean, square = step @ mean, step @ square
    return grid
