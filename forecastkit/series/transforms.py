"""Transforms of the target: what the models see, and the way back to what is scored.

A transform is undone before anything is scored. Log returns are the exception that finance asks for: the
models see one-step log returns, their path is cumulated, and scores are taken on the cumulative log return
from the origin to each horizon (a price move, comparable over decades).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from forecastkit.arrays import Vector
from forecastkit.errors import DataError, PlanError, nearest


@dataclass(frozen=True, slots=True)
class Transform:
    """One way to show a series to the models.

    Args:
        name: how a user asks for it.
        changes: the models see changes from one value to the next, so they see one value less.
        relative: scores are taken on the move since the origin instead of on the value itself.
        scale: from the values (T,) to the scale on which changes add up, elementwise.
        unscale: the inverse of `scale`.
        positive: whether every value must be above zero.
    """

    name: str
    changes: bool
    relative: bool
    scale: Callable[[Vector], Vector]
    unscale: Callable[[Vector], Vector]
    positive: bool

    def forward(self, values: Vector) -> Vector:
        """Turn values (T,) into what the models see: (T,), or (T - 1,) for changes."""
        scaled = self.scale(values)
        if not self.changes:
            return scaled
        moves: Vector = np.diff(scaled)
        return moves

    def backward(self, path: Vector, last: float) -> Vector:
        """Turn a path in the models' scale (..., H) into the scored scale.

        Args:
            path: forecasts of what `forward` makes; for changes, of the next, the one after, ...
            last: last observed value before the path, in the unit of the series.
        """
        level = np.cumsum(path, axis=-1) if self.changes else path
        return self.place(level, last)

    def place(self, level: Vector, last: float) -> Vector:
        """Turn moves since the origin (for changes) or scaled values into the scored scale."""
        if self.relative:
            return level
        if self.changes:
            level = level + self.scale(np.array([last]))[0]
        return self.unscale(level)

    def actual(self, future: Vector, last: float) -> Vector:
        """Turn the values that came (H,) into the scored scale."""
        if self.relative:
            moves: Vector = self.scale(future) - self.scale(np.array([last]))[0]
            return moves
        return future

    def scored(self, values: Vector) -> Vector:
        """Put values (T,) on a scale whose differences are the scored moves."""
        return self.scale(values) if self.relative else values

    def for_references(self) -> Transform:
        """Give what reference forecasts see: levels, so that climatology is their mean.

        Moves since the origin have no level; there the references see changes too.
        """
        return self if self.relative else TRANSFORMS["none"]

    def check(self, values: Vector, name: str) -> None:
        """Refuse a series that this transform cannot take.

        Raises:
            DataError: a value is zero or negative where a logarithm is taken.
        """
        if self.positive and np.min(values) <= 0:
            where = int(np.argmin(values > 0))
            raise DataError(
                f"Series {name!r} has {values[where]:g} at position {where}; transform {self.name!r} takes "
                "logarithms and needs every value above zero. Use transform 'difference' or 'none'."
            )


def _same(values: Vector) -> Vector:
    return values


TRANSFORMS = {
    transform.name: transform
    for transform in (
        Transform("none", changes=False, relative=False, scale=_same, unscale=_same, positive=False),
        Transform("log", changes=False, relative=False, scale=np.log, unscale=np.exp, positive=True),
        Transform("log-return", changes=True, relative=True, scale=np.log, unscale=np.exp, positive=True),
        Transform("difference", changes=True, relative=False, scale=_same, unscale=_same, positive=False),
    )
}


def find_transform(name: str) -> Transform:
    """Look a transform up by name.

    Raises:
        PlanError: no transform has this name; the message lists the nearest.
    """
    if name not in TRANSFORMS:
        raise PlanError(f"There is no transform {name!r}. {nearest(name, TRANSFORMS)}")
    return TRANSFORMS[name]
