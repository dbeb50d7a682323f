"""A model of one's own: a pattern to copy, which runs as it stands.

1. A function, where nothing is learned: it takes the values so far, shape (T,), and answers the next ones,
   shape (horizon,).

       def last_week(values, horizon):
           return np.resize(values[-7:], horizon)

       fk.compare(series, {"ar": "ar", "week": last_week})

2. A recipe, where something is learned: a frozen dataclass with `name` and `fit`, which returns an object
   with `forecast`. `Shrunk` below is one. What a recipe may also offer stands in `models/protocol.py`.

       fk.check_forecaster(Shrunk())
       fk.compare(series, {"ar": "ar", "shrunk": Shrunk()})

3. A name that every command knows, from a package of one's own: name the class in its `pyproject.toml`,
   install it, and `forecastkit compare sunspots --models ar,shrunk` finds it.

       [project.entry-points."forecastkit.models"]
       shrunk = "my_package.my_module:Shrunk"

Copy this file, and change what the comments in capitals mark.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from forecastkit.arrays import Vector
from forecastkit.models.protocol import Family, History


@dataclass(frozen=True, slots=True)
class Shrunk:  # RENAME
    """The last value, drawn towards the mean a little more at every step.

    f_h = mean + phi^h (y_T - mean), phi the autocorrelation at lag 1.

    Args:
        name: what tables and figures call the model.
        most: the largest phi, below 1.
        default_refit: origins between two fits where the plan does not say; None for one fit.
    """

    name: str = "shrunk"  # RENAME
    most: float = 0.99  # SETTINGS, each with a default
    default_refit: int | None = 1
    family: Family = "other"  # "ar" or "network" puts the model into the question that the verdict answers

    def fit(self, history: History, *, horizon: int, rng: np.random.Generator) -> FittedShrunk:
        """LEARN from `history.values`, shape (T,); draw from `rng` alone; leave the recipe as it is."""
        y = history.values - history.values.mean()
        spread = float(y @ y)
        phi = float(y[1:] @ y[:-1]) / spread if spread > 0 else 0.0
        return FittedShrunk(mean=float(history.values.mean()), phi=min(max(phi, 0.0), self.most))


@dataclass(frozen=True, slots=True)
class FittedShrunk:  # RENAME
    """What `fit` learned; it may serve several origins."""

    mean: float
    phi: float

    def forecast(self, history: History, horizon: int) -> Vector:
        """ANSWER the next `horizon` values from the end of `history`, which may be newer than the fit."""
        steps = np.arange(1, horizon + 1)
        path: Vector = self.mean + (history.values[-1] - self.mean) * self.phi**steps
        return path
