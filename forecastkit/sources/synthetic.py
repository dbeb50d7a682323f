"""Synthetic processes whose best forecast, and its error at every horizon, is known.

`synthetic:ar2?n=2000&seed=1` names a series; the part after `?` is optional.
"""

from __future__ import annotations

from dataclasses import dataclass
from urllib.parse import parse_qsl

import numpy as np

from forecastkit.arrays import Vector
from forecastkit.errors import DatasetNotFoundError, PlanError, nearest
from forecastkit.series.series import Series

PREFIX = "synthetic:"
BURN_IN = 500


@dataclass(frozen=True, slots=True)
class Process:
    """A linear Gaussian process y(t) = sum over i of phi_i y(t-i) + e(t), e ~ N(0, sigma^2).

    Args:
        name: how a user asks for it.
        about: one line for people.
        phi: true coefficients; none is white noise, (1,) a random walk.
        sigma: standard deviation of e.
    """

    name: str
    about: str
    phi: tuple[float, ...]
    sigma: float = 1.0

    def simulate(self, n: int, rng: np.random.Generator) -> Vector:
        """Draw n values; a random walk starts at 0, a stationary process after 500 discarded values."""
        burn_in = 0 if sum(self.phi) >= 1 else BURN_IN
        noise = rng.normal(0.0, self.sigma, n + burn_in)
        values = np.zeros(n + burn_in)
        for t in range(n + burn_in):
            past = values[max(0, t - len(self.phi)) : t][::-1]
            values[t] = noise[t] + sum(a * y for a, y in zip(self.phi, past, strict=False))
        return values[burn_in:]

    def optimal_forecast(self, values: Vector, horizon: int) -> Vector:
        """Forecast with the true parameters: the conditional mean, which no model can beat in squared error.

        Args:
            values: the past, shape (T,), T >= number of coefficients.
            horizon: steps ahead.

        Returns:
            shape (horizon,); a function (values, horizon) like this one is a model that `compare` takes.
        """
        path = list(values[len(values) - len(self.phi) :])
        for _ in range(horizon):
            path.append(sum(a * y for a, y in zip(self.phi, reversed(path), strict=False)))
        return np.array(path[len(self.phi) :], dtype=np.float64)

    def optimal_mse(self, horizon: int) -> Vector:
        """Mean squared error of the optimal forecast at h = 1..horizon.

        sigma^2 * sum over j < h of psi_j^2 with psi_0 = 1, psi_j = sum over i <= min(p, j) of phi_i
        psi_(j-i).

        Example:
            >>> PROCESSES["random-walk"].optimal_mse(3).tolist()
            [1.0, 2.0, 3.0]
        """
        return self.sigma**2 * np.cumsum(psi_weights(np.array(self.phi), horizon) ** 2)


def psi_weights(phi: Vector, horizon: int) -> Vector:
    """Weights of past shocks in an autoregression.

    psi_0 = 1, psi_j = sum over i <= min(p, j) of phi_i psi_(j-i).

    Args:
        phi: coefficients, shape (p,).
        horizon: how many weights.

    Returns:
        psi_0 .. psi_(horizon-1), shape (horizon,); the variance at h is sigma^2 * sum over j < h of psi_j^2.
    Source: Box & Jenkins, Time Series Analysis, section 5.1.
    """
    psi = np.zeros(horizon)
    psi[0] = 1.0
    for j in range(1, horizon):
        reach = min(len(phi), j)
        psi[j] = float(np.dot(phi[:reach], psi[j - reach : j][::-1]))
    return psi


PROCESSES = {
    process.name: process
    for process in (
        Process("ar2", "AR(2) with coefficients 1.2 and -0.4", (1.2, -0.4)),
        Process("random-walk", "random walk: nothing beats the last value", (1.0,)),
        Process("white-noise", "white noise: nothing beats the mean", ()),
    )
}


def find_process(name: str) -> Process:
    """Look a process up by name.

    Raises:
        DatasetNotFoundError: no process has this name; the message lists the nearest.
    """
    if name not in PROCESSES:
        raise DatasetNotFoundError(f"There is no synthetic process {name!r}. {nearest(name, PROCESSES)}")
    return PROCESSES[name]


def load_synthetic(source: str) -> Series:
    """Make the series that `synthetic:NAME?n=1000&seed=0` names.

    Raises:
        DatasetNotFoundError: the process is unknown.
        PlanError: a parameter is unknown or not a whole number in its range.
    """
    name, _, query = source.removeprefix(PREFIX).partition("?")
    process = find_process(name)
    given = dict(parse_qsl(query, keep_blank_values=True))
    settings = {"n": 1000, "seed": 0}
    for key, text in given.items():
        if key not in settings:
            raise PlanError(f"{source!r} has no parameter {key!r}. {nearest(key, settings)}")
        if not text.isdecimal() or (key == "n" and int(text) < 2):
            raise PlanError(
                f"{source!r} gives {key}={text!r}; a whole number is needed, n at least 2, seed at least 0."
            )
        settings[key] = int(text)
    values = process.simulate(settings["n"], np.random.default_rng(settings["seed"]))
    return Series.from_array(values, name=f"{name}-n{settings['n']}-seed{settings['seed']}")
