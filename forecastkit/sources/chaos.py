"""Deterministic chaos: logistic map, Mackey-Glass, Lorenz.

Whoever knows the equations and the starting state forecasts without error; observation noise adds its
variance at every h. A model that sees observations only is limited by the growth of its first error, see
`predictability_horizon`.
"""

from __future__ import annotations

from abc import abstractmethod
from dataclasses import dataclass, replace
from functools import lru_cache
from math import log
from typing import ClassVar, Self

import numpy as np

from forecastkit.arrays import Matrix, Vector
from forecastkit.sources.process import Process, require


def predictability_horizon(lyapunov: float, error: float, tolerance: float) -> float:
    """Steps until an error grows to a tolerance: ln(tolerance / error) / lyapunov.

    Example:
        >>> round(predictability_horizon(log(2), 1e-6, 0.1), 1)
        16.6
    """
    return log(tolerance / error) / lyapunov


@dataclass(frozen=True)
class Chaos(Process):
    """A deterministic system seen through noise.

    Args:
        start: state at the beginning; drawn where none is given.
        noise: standard deviation of the observation noise.
        burn_in: observations thrown away, so that the series begins on the attractor.
    """

    start: tuple[float, ...] = ()
    noise: float = 0.0
    burn_in: int = 500

    def __post_init__(self) -> None:
        given = f"noise {self.noise}, burn_in {self.burn_in}, start {self.start}"
        numbers = f"noise and burn_in of at least 0 and a start of {self.states} numbers"
        require(self.noise >= 0 and self.burn_in >= 0 and len(self.start) in (0, self.states), given, numbers)

    states: ClassVar[int] = 1
    """Numbers that a starting state holds."""

    @abstractmethod
    def draw_start(self, rng: np.random.Generator) -> tuple[float, ...]:
        """Draw a starting state."""

    @abstractmethod
    def observe(self, n: int) -> Vector:
        """The first n observations from the start, without noise and burn-in."""

    def begin(self, rng: np.random.Generator) -> Self:
        """Draw the starting state, unless it is given."""
        return self if self.start else replace(self, start=self.draw_start(rng))

    def trajectory(self, n: int) -> Vector:
        """The first n observations after the burn-in, without noise.

        Raises:
            PlanError: the process has no starting state yet.
        """
        require(bool(self.start), "no starting state", "one (call `begin` first)")
        reach = n + self.burn_in
        return _observed(self, 1 << (reach - 1).bit_length())[self.burn_in : reach]

    def simulate(self, n: int, rng: np.random.Generator) -> Vector:
        """Add noise to the trajectory."""
        path = self.begin(rng).trajectory(n)
        return path + rng.normal(0.0, self.noise, n) if self.noise else path.copy()

    def optimal_forecast(self, values: Vector, horizon: int, *, start: int = 0) -> Vector:
        """Follow the trajectory from the starting state; the past says nothing more."""
        origin = start + len(values)
        return self.trajectory(origin + horizon)[origin:].copy()

    def optimal_mse(self, horizon: int) -> Vector:
        """The variance of the noise at every h; 0 without noise."""
        return np.full(horizon, self.noise**2)


@lru_cache(maxsize=4)
def _observed(process: Chaos, n: int) -> Vector:
    path = process.observe(n)
    path.flags.writeable = False
    return path


@dataclass(frozen=True)
class Logistic(Chaos):
    """x(t) = r x(t-1) (1 - x(t-1)); for r = 4 the Lyapunov exponent is ln 2 per step."""

    about: ClassVar[str] = "logistic map, deterministic chaos; observation noise if asked"
    r: float = 4.0

    def draw_start(self, rng: np.random.Generator) -> tuple[float, ...]:
        """Draw from the unit interval."""
        return (float(rng.uniform(0.05, 0.95)),)

    def observe(self, n: int) -> Vector:
        """Iterate the map; the start is the first observation."""
        ok = 0 < self.r <= 4 and 0 < self.start[0] < 1
        require(ok, f"r {self.r}, start {self.start}", "0 < r <= 4 and 0 < start < 1")
        path, x = np.empty(n), self.start[0]
        for t in range(n):
            path[t] = x
            x = self.r * x * (1 - x)
        return path


@dataclass(frozen=True)
class MackeyGlass(Chaos):
    """x' = beta x(t - tau) / (1 + x(t - tau)^power) - gamma x, from a constant past.

    Runge-Kutta of order 4 with step dt, the delayed value constant over the step; one observation per unit.
    """

    about: ClassVar[str] = "Mackey-Glass delay equation, deterministic chaos; observation noise if asked"
    tau: int = 17
    beta: float = 0.2
    gamma: float = 0.1
    power: float = 10.0
    dt: float = 0.1

    def draw_start(self, rng: np.random.Generator) -> tuple[float, ...]:
        """Draw the constant past."""
        return (float(rng.uniform(0.8, 1.3)),)

    def observe(self, n: int) -> Vector:
        """Integrate; the first observation is one unit after the start."""
        each, delay = round(1 / self.dt), round(self.tau / self.dt)
        path = [self.start[0]] * (delay + 1)
        for _ in range(n * each):
            inflow = self.beta * path[-1 - delay] / (1 + path[-1 - delay] ** self.power)
            path.append(self._step(path[-1], inflow))
        return np.array(path[delay + each :: each])

    def _step(self, x: float, inflow: float) -> float:
        dt = self.dt
        k1 = inflow - self.gamma * x
        k2 = inflow - self.gamma * (x + dt / 2 * k1)
        k3 = inflow - self.gamma * (x + dt / 2 * k2)
        k4 = inflow - self.gamma * (x + dt * k3)
        return x + dt / 6 * (k1 + 2 * k2 + 2 * k3 + k4)


@dataclass(frozen=True)
class Lorenz(Chaos):
    """Lorenz's equations (sigma 10, rho 28, beta 8/3) by Runge-Kutta of order 4.

    x is observed, once in `every` steps of dt.
    """

    about: ClassVar[str] = "x of the Lorenz system, deterministic chaos; observation noise if asked"
    states: ClassVar[int] = 3
    dt: float = 0.01
    every: int = 10

    def draw_start(self, rng: np.random.Generator) -> tuple[float, ...]:
        """Draw near (1, 1, 1)."""
        x, y, z = rng.normal(1.0, 0.5, 3).tolist()
        return (x, y, z)

    def observe(self, n: int) -> Vector:
        """X after every `every` steps."""
        return np.array(self.state_path(n * self.every)[self.every - 1 :: self.every, 0])

    def state_path(self, steps: int) -> Matrix:
        """States after 1, 2, ..., steps integration steps: shape (steps, 3)."""
        state = (self.start[0], self.start[1], self.start[2])
        path = np.empty((steps, 3))
        for t in range(steps):
            state = _lorenz_step(state, self.dt)
            path[t] = state
        return path


State = tuple[float, float, float]


def _lorenz_slope(state: State) -> State:
    x, y, z = state
    return 10.0 * (y - x), x * (28.0 - z) - y, x * y - 8.0 / 3.0 * z


def _lorenz_step(state: State, dt: float) -> State:
    def moved(slope: State, by: float) -> State:
        return state[0] + by * slope[0], state[1] + by * slope[1], state[2] + by * slope[2]

    k1 = _lorenz_slope(state)
    k2 = _lorenz_slope(moved(k1, dt / 2))
    k3 = _lorenz_slope(moved(k2, dt / 2))
    k4 = _lorenz_slope(moved(k3, dt))
    x, y, z = (k1[i] + 2 * k2[i] + 2 * k3[i] + k4[i] for i in range(3))
    return moved((x, y, z), dt / 6)
