"""What a comparison could have found: the smallest detectable skill, and the origins a wanted one needs."""

from __future__ import annotations

import numpy as np
from scipy.special import nctdtrinc, stdtrit

from forecastkit.backtesting.plan import FEWEST_ORIGINS
from forecastkit.comparison.significance import AccuracyTest, degrees_of_freedom

POWER = 0.8
MOST_ORIGINS = 10_000_000


def detectable_skill(test: AccuracyTest, floor: float, alpha: float, *, power: float = POWER) -> float:
    """Smallest true skill that a one-sided test finds with the given chance.

    delta * s / floor, where delta is the noncentrality at which t with the test's degrees exceeds its
    critical value with chance `power`, and s the standard error of the mean differential.

    Args:
        test: of the model against the reference.
        floor: average loss of that reference.
        alpha: level of the test.
        power: wanted chance.

    Returns:
        a share of the reference's loss; NaN where there is no test, or no loss to improve on.

    Example:
        >>> test = AccuracyTest("EWC", -2.0, 0.03, 14, 200, standard_error=0.1)
        >>> round(detectable_skill(test, 2.0, 0.05), 3)
        0.131
    """
    if test.p_value is None or test.standard_error is None or not floor > 0:
        return float("nan")
    return _noncentrality(test.degrees, alpha, power) * test.standard_error / floor


def origins_needed(
    skill: float, test: AccuracyTest, floor: float, k: int, alpha: float, *, power: float = POWER
) -> int | None:
    """Fewest origins at which a true skill is found with the given chance, by the EWC test.

    Args:
        skill: wanted effect, a share of the reference's loss, above 0.
        test: of the model against the reference, for how much losses vary.
        floor: average loss of that reference.
        k: overlap, ceil(h / step).
        alpha: level of the test.
        power: wanted chance.

    Returns:
        None where there is no test, or more than ten million are needed.
    """
    if test.p_value is None or test.standard_error is None or not floor > 0 or not skill > 0:
        return None

    def enough(n: int) -> bool:
        degrees = degrees_of_freedom(n, k)
        error = test.standard_error * np.sqrt(test.n / n)
        return degrees >= 2 and bool(_noncentrality(degrees, alpha, power) * error <= skill * floor)

    high = max(FEWEST_ORIGINS, 2 * k)
    while not enough(high):
        high *= 2
        if high > MOST_ORIGINS:
            return None
    low = max(FEWEST_ORIGINS, 2 * k, high // 2)
    while low < high:
        middle = (low + high) // 2
        low, high = (low, middle) if enough(middle) else (middle + 1, high)
    return high


def _noncentrality(degrees: int, alpha: float, power: float) -> float:
    """Shift of t at which it exceeds its one-sided critical value with chance `power`."""
    return float(nctdtrinc(degrees, 1 - power, stdtrit(degrees, 1 - alpha)))
