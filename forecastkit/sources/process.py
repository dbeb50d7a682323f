"""What a synthetic process is: a way to draw a series, and the best forecast of what follows."""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import ClassVar, Self

import numpy as np

from forecastkit.arrays import Vector
from forecastkit.errors import PlanError, SeriesTooShortError

BURN_IN = 500
"""Values drawn and thrown away, so that a stationary process forgets where it began."""


@dataclass(frozen=True)
class Process(ABC):
    """A data generating process whose conditional mean is known at every h.

    The best forecast may know every parameter (the date of a break and the starting state of a deterministic
    system are parameters) and the past; it never knows noise that has not come yet.
    """

    about: ClassVar[str]
    """One line for people."""
    gaussian: ClassVar[bool] = False
    """Whether forecast errors from every origin are Gaussian with variance `optimal_mse`."""

    @property
    def period(self) -> int:
        """Season length in observations, 1 for none."""
        return 1

    def begin(self, rng: np.random.Generator) -> Self:
        """Settle what is drawn before the first observation, such as the state a deterministic system has."""
        return self

    @abstractmethod
    def simulate(self, n: int, rng: np.random.Generator) -> Vector:
        """Draw n values."""

    @abstractmethod
    def optimal_forecast(self, values: Vector, horizon: int, *, start: int = 0) -> Vector:
        """Forecast with the true parameters: the conditional mean, which no model beats in squared error.

        Args:
            values: the past, shape (T,).
            horizon: steps ahead.
            start: position of values[0] in the series, for processes that know the time.

        Returns:
            shape (horizon,); a function (values, horizon) like this one is a model that `compare` takes.

        Raises:
            SeriesTooShortError: the past is shorter than what the recursion needs.
        """

    @abstractmethod
    def optimal_mse(self, horizon: int) -> Vector:
        """Mean squared error of the best forecast at h = 1..horizon, shape (horizon,)."""


def require(kept: bool, given: str, needed: str) -> None:
    """Refuse a parameter of a process.

    Raises:
        PlanError: the condition is not kept.
    """
    if not kept:
        raise PlanError(f"A synthetic process was given {given}; {needed} is needed.")


def require_past(values: Vector, needed: int) -> None:
    """Refuse a past that is too short for a recursion.

    Raises:
        SeriesTooShortError: fewer than `needed` values.
    """
    if len(values) < needed:
        raise SeriesTooShortError(
            f"The best forecast needs the last {needed} values; {len(values)} are known. Give a longer past."
        )
