"""Many p-values at once: what may be claimed when every horizon is tested."""

from __future__ import annotations

import numpy as np

from forecastkit.arrays import Vector


def holm(p_values: Vector) -> Vector:
    """Adjust p-values for their number by Holm's step-down.

    The chance of one false claim or more stays at alpha.

    Args:
        p_values: shape (K,); NaN where there was no test, which is not counted.

    Returns:
        adjusted p-values, shape (K,), NaN where they were.
    Source: Holm (1979), Scandinavian Journal of Statistics 6(2), 65-70. Agrees with R `p.adjust`.

    Example:
        >>> holm(np.array([0.01, 0.04, 0.03])).round(3).tolist()
        [0.03, 0.06, 0.06]
    """
    adjusted = np.full_like(p_values, np.nan)
    tested = np.flatnonzero(~np.isnan(p_values))
    order = tested[np.argsort(p_values[tested], kind="stable")]
    steps = (len(order) - np.arange(len(order))) * p_values[order]
    adjusted[order] = np.minimum(1.0, np.maximum.accumulate(steps)) if len(order) else steps
    return adjusted


def false_discovery_rate(p_values: Vector) -> Vector:
    """Adjust p-values by Benjamini and Hochberg, so that a share alpha of the claims is false on average.

    This is weaker than Holm's guarantee, so a result of it has to be called a false discovery rate.

    Args:
        p_values: shape (K,); NaN where there was no test, which is not counted.

    Returns:
        adjusted p-values, shape (K,), NaN where they were.
    Source: Benjamini & Hochberg (1995), JRSS B 57(1), 289-300.

    Example:
        >>> false_discovery_rate(np.array([0.01, 0.04, 0.03])).round(3).tolist()
        [0.03, 0.04, 0.04]
    """
    from scipy.stats import false_discovery_control

    tested = ~np.isnan(p_values)
    adjusted = np.full_like(p_values, np.nan)
    adjusted[tested] = false_discovery_control(p_values[tested]) if tested.any() else ()
    return adjusted
