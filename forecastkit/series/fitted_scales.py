"""Scales with parameters: how these are estimated, and what they make of a series."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeAlias

import numpy as np

from forecastkit.arrays import Vector

Scale: TypeAlias = Callable[[Vector], Vector]
Parameters: TypeAlias = tuple[float, ...]
SMALLEST_LAMBDA, LARGEST_LAMBDA = -1.0, 2.0


@dataclass(frozen=True, slots=True)
class Fitting:
    """Where a transform gets its parameters, and what they make of it.

    Args:
        count: of the parameters.
        estimate: from the data before the first origin to the parameters.
        scales: from the parameters to `scale` and `unscale`.
    """

    count: int
    estimate: Callable[[Vector], Parameters]
    scales: Callable[[Parameters], tuple[Scale, Scale]]


def box_cox_lambda(values: Vector) -> float:
    """Maximise the Gaussian likelihood of Box-Cox values over lambda in [-1, 2].

    (lambda - 1) sum of log y - T / 2 log variance((y^lambda - 1) / lambda).

    Args:
        values: shape (T,), above zero.

    Source: Box & Cox (1964), JRSS B 26(2), 211-252. Agrees with `scipy.stats.boxcox_normmax(method="mle")`.
    """
    from scipy.optimize import minimize_scalar
    from scipy.special import boxcox

    logs = float(np.log(values).sum())

    def unlikely(lam: float) -> float:
        return float(0.5 * len(values) * np.log(np.var(boxcox(values, lam))) - (lam - 1) * logs)

    bounds = (SMALLEST_LAMBDA, LARGEST_LAMBDA)
    return float(minimize_scalar(unlikely, bounds=bounds, method="bounded", options={"xatol": 1e-9}).x)


def _box_cox(parameters: Parameters) -> tuple[Scale, Scale]:
    from scipy.special import boxcox, inv_boxcox

    (lam,) = parameters
    return (lambda y: np.asarray(boxcox(y, lam))), (lambda z: np.asarray(inv_boxcox(z, lam)))


def _standardise(parameters: Parameters) -> tuple[Scale, Scale]:
    centre, spread = parameters
    return (lambda y: (y - centre) / spread), (lambda z: z * spread + centre)


BOX_COX = Fitting(1, lambda values: (box_cox_lambda(values),), _box_cox)
STANDARDISE = Fitting(2, lambda values: (float(values.mean()), float(values.std()) or 1.0), _standardise)
