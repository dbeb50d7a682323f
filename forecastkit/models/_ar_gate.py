"""Levels or differences: the gate that keeps a random walk from being modelled in levels by chance."""

from __future__ import annotations

import numpy as np

from forecastkit.arrays import Vector
from forecastkit.diagnostics.stationarity import adf, kpss

CLEARLY = 0.01
"""Level of the test that keeps a random walk from being modelled in levels by chance."""


def is_stationary(values: Vector) -> bool:
    """Whether a unit root is rejected at 5 % (ADF), and stationarity is not at 1 % (KPSS).

    One random walk in twenty passes the first test; few of those pass the second too. What is missing is left
    out.
    """
    observed = values[np.isfinite(values)]
    if not adf(observed).rejected:
        return False
    against = kpss(observed).p_value
    return against is None or against > CLEARLY
