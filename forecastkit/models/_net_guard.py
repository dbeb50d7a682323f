"""How far a network is trusted at each step ahead: from a block that neither trained nor stopped it."""

from __future__ import annotations

import numpy as np

from forecastkit.arrays import Matrix, Vector
from forecastkit.models._net_bases import AutoregressivePath, is_stationary
from forecastkit.models._net_windows import Split, level_of, targets_of
from forecastkit.models.autoregressive import Autoregression
from forecastkit.models.protocol import History

ENOUGH = 8.0
"""Non-overlapping blocks that a step needs; with fewer a gain has to reach two standard errors."""
FEWEST = 3
"""Blocks below which there is no standard error, and no trust."""
PLENTY = 24.0
"""Blocks from which on one standard error is enough."""
NEIGHBOURS = 1.25
"""Weights are averaged over steps between h / 1.25 and 1.25 h."""


BEATS = 0.99
"""Share of naive's squared error that an autoregression has to come below, to have found something."""


def guard_weights(errors: Matrix, corrections: Matrix) -> Vector:
    """Weigh the network's correction c against the base's error e at every h.

    w = sum e c / sum c^2 is the share of the correction that forecast best, s its standard error (Bartlett,
    h lags). The weight is w (1 - (k s / w)^4), at most 1, and 0 where w < k s: k = 2 where fewer than 8
    non-overlapping blocks support h, falling to 1 at 24. With fewer than 3 blocks the weight is 0.

    Args:
        errors: actual minus base, shape (N, H).
        corrections: network minus base, shape (N, H).

    Returns:
        shape (H,), within [0, 1].
    """
    n, horizon = errors.shape
    steps = np.arange(1, horizon + 1)
    size = np.sum(corrections**2, axis=0)
    slope = np.divide(np.sum(errors * corrections, axis=0), size, out=np.zeros(horizon), where=size > 0)
    scores = corrections * (errors - slope * corrections)
    variance = np.array([_long_run_sum(scores[:, h - 1], h) for h in steps.tolist()])
    deviation = np.divide(np.sqrt(variance), size, out=np.full(horizon, np.inf), where=size > 0)
    needed = np.clip(2 - (n / steps - ENOUGH) / (PLENTY - ENOUGH), 1.0, 2.0)
    ratio = np.divide(needed * deviation, slope, out=np.full(horizon, np.inf), where=slope > 0)
    own = np.minimum(slope, 1.0) * (1 - np.minimum(ratio, 1.0) ** 4)
    near = np.maximum(steps[:, None], steps) <= NEIGHBOURS * np.minimum(steps[:, None], steps)
    smooth: Vector = near @ own / near.sum(axis=1)
    return np.where((own > 0) & (n >= FEWEST * steps), smooth, 0.0)


def nothing_is_found(history: History, split: Split, horizon: int) -> bool:
    """Whether levels are not stationary and an autoregression does not forecast better than no change.

    The autoregression, fitted at every origin of the later two blocks on what is known there, has to come
    below 99 % of the mean squared error of the last value, averaged over h.
    """
    level = level_of(history)
    if is_stationary(history):
        return False
    origins = np.concatenate([split.stop, split.guard])
    recipe = Autoregression().prepare(history, horizon=horizon, rng=np.random.default_rng(0))
    path = AutoregressivePath(recipe, train_until=0).inside(history, origins, horizon, training=False)
    actual, last = targets_of(level, origins, horizon), level[origins - 1][:, None]
    errors, moves = np.mean((actual - path) ** 2, axis=0), np.mean((actual - last) ** 2, axis=0)
    return bool(np.mean(errors / np.maximum(moves, 1e-300)) >= BEATS)


def _long_run_sum(scores: Vector, lags: int) -> float:
    """Variance of the sum of scores, allowing for `lags` autocovariances (Newey & West 1987)."""
    total = float(scores @ scores)
    for lag in range(1, min(lags, len(scores) - 1) + 1):
        total += 2 * (1 - lag / (lags + 1)) * float(scores[lag:] @ scores[:-lag])
    return max(total, 0.0)
