"""What a network may see of a past: its level, its windows, and which of them train, stop and guard it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view

from forecastkit.arrays import Cube, Indices, Matrix, Vector
from forecastkit.errors import SeriesTooShortError
from forecastkit.models.protocol import History

FEWEST_TRAINING = 16
"""Windows without which nothing is trained."""
FEWEST_HELD_OUT, MANY = 8, 400
"""Windows of the stopping block, and of the guard's block, at least, and enough of them."""
STOP_SHARE, GUARD_SHARE = 9, 6
"""One value in so many goes into each block,"""
STOP_SPANS, GUARD_SPANS = 24, 48
"""but no more windows than so many horizons, or MANY: what came last is worth training on."""


def level_of(history: History) -> Vector:
    """Give the quantity whose path is scored: for changes their running sum, from 0."""
    if history.changes:
        return np.concatenate([[0.0], np.cumsum(history.values)])
    return history.values


@dataclass(frozen=True, slots=True, eq=False)
class Split:
    """Origins of windows by what they serve, as lengths of the level known; three blocks in order of time.

    The first target of each block follows the last target of the block before.

    Args:
        train: of windows that train the network.
        stop: of windows that end the training and choose settings.
        guard: of windows that say how far the network is trusted.
    """

    train: Indices
    stop: Indices
    guard: Indices

    @classmethod
    def of(cls, n: int, offset: int, horizon: int) -> Split:
        """Split n levels whose windows need `offset` past values and `horizon` targets."""
        guard_from = n - _held_out(n, horizon, GUARD_SHARE, GUARD_SPANS)
        stop_from = guard_from - _held_out(n, horizon, STOP_SHARE, STOP_SPANS)
        return cls(
            train=np.arange(offset, stop_from - horizon + 1),
            stop=np.arange(stop_from, guard_from - horizon + 1),
            guard=np.arange(guard_from, n - horizon + 1),
        )


def longest_past(n: int, horizon: int) -> int:
    """Longest past per window that leaves enough windows to train on."""
    held_out = _held_out(n, horizon, GUARD_SHARE, GUARD_SPANS), _held_out(n, horizon, STOP_SHARE, STOP_SPANS)
    return n - sum(held_out) - horizon - FEWEST_TRAINING + 1


def check_room(name: str, n: int, offset: int, horizon: int) -> None:
    """Refuse a past that leaves too few windows.

    Raises:
        SeriesTooShortError: with the length that is needed.
    """
    if offset <= longest_past(n, horizon):
        return
    needed = n + 1
    while offset > longest_past(needed, horizon):
        needed += 1
    raise SeriesTooShortError(
        f"{n} observations are too few to train {name!r} at horizon {horizon} on windows of {offset} past "
        f"values: {needed} are needed for windows to train, to stop and to guard it. Use a shorter horizon, "
        "fewer origins, a shorter lookback, or a longer series."
    )


@dataclass(frozen=True, slots=True, eq=False)
class Seen:
    """Windows as they are, before any scaling.

    Args:
        levels: the last values, oldest first, shape (N, L).
        times: where in its series each newest value stands, shape (N,).
        covariates: at these values and H steps later, shape (N, L, C).
    """

    levels: Matrix
    times: Indices
    covariates: Cube

    @classmethod
    def inside(cls, history: History, origins: Indices, length: int, horizon: int) -> Seen:
        """Windows that end at each of these origins of one past."""
        level = level_of(history)
        rows = origins[:, None] + np.arange(-length, 0)
        return cls(
            levels=level[rows],
            times=history.start - int(history.changes) + origins - 1,
            covariates=_covariates(history, rows - int(history.changes), horizon),
        )

    @classmethod
    def at_ends(cls, histories: Sequence[History], length: int, horizon: int) -> Seen:
        """One window at the end of every history."""
        last = np.arange(-length, 0)
        return cls(
            levels=np.array([level_of(history)[-length:] for history in histories]),
            times=np.array([history.start + len(history.values) - 1 for history in histories]),
            covariates=np.concatenate(
                [_covariates(history, len(history.values) + last[None], horizon) for history in histories]
            ),
        )


def targets_of(level: Vector, origins: Indices, horizon: int) -> Matrix:
    """The levels that follow each origin, NaN beyond the last one: shape (N, H)."""
    ended = np.append(level, np.full(horizon, np.nan))
    return np.asarray(sliding_window_view(ended, horizon)[origins])


def _covariates(history: History, rows: Indices, horizon: int) -> Cube:
    """Covariates at positions `rows` (N, L) of the values; those known ahead H steps later too."""
    parts = []
    if history.past is not None:
        parts.append(history.past[np.clip(rows, 0, len(history.past) - 1)])
    if history.known is not None:
        last = len(history.known) - 1
        parts += [history.known[np.clip(rows + shift, 0, last)] for shift in (0, horizon)]
    return np.concatenate(parts, axis=2) if parts else np.empty((*rows.shape, 0))


def _held_out(n: int, horizon: int, share: int, spans: int) -> int:
    """Values of a block: `horizon - 1` more than it has windows."""
    most = max(MANY, spans * horizon)
    return horizon - 1 + min(max(FEWEST_HELD_OUT, (n - horizon) // share), most)
