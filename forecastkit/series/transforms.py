"""Transforms of the target: what the models see, and the way back to what is scored.

A transform is undone before anything is scored. Log returns are the exception that finance asks for: the
models see one-step log returns, their path is cumulated, and scores are taken on the cumulative log return
from the origin to each horizon (a price move, comparable over decades).

Names are joined by +, from the series to the models: "log+difference", "box-cox+standardise+difference".
What has parameters (lambda, mean and spread) is fitted once, on the data before the first origin.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import TypeAlias

import numpy as np

from forecastkit.arrays import Vector
from forecastkit.errors import DataError, PlanError, nearest

Scale: TypeAlias = Callable[[Vector], Vector]
SMALLEST_LAMBDA, LARGEST_LAMBDA = -1.0, 2.0


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
        fitting: from the data before the first origin to `scale` and `unscale`, where these have parameters.
    """

    name: str
    changes: bool
    relative: bool
    scale: Scale
    unscale: Scale
    positive: bool
    fitting: Callable[[Vector], tuple[Scale, Scale]] | None = None

    def fit(self, values: Vector) -> Transform:
        """Fix the parameters on the data before the first origin; without parameters, nothing changes."""
        if self.fitting is None:
            return self
        scale, unscale = self.fitting(values)
        return replace(self, scale=scale, unscale=unscale, fitting=None)

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


def _unfitted(values: Vector) -> Vector:
    raise PlanError("A transform with parameters was used before it was fitted. Call `fit` first.")


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


def _fit_box_cox(values: Vector) -> tuple[Scale, Scale]:
    from scipy.special import boxcox, inv_boxcox

    lam = box_cox_lambda(values)
    return (lambda y: np.asarray(boxcox(y, lam))), (lambda z: np.asarray(inv_boxcox(z, lam)))


def _fit_standardise(values: Vector) -> tuple[Scale, Scale]:
    centre, spread = float(values.mean()), float(values.std()) or 1.0
    return (lambda y: (y - centre) / spread), (lambda z: z * spread + centre)


TRANSFORMS = {
    transform.name: transform
    for transform in (
        Transform("none", changes=False, relative=False, scale=_same, unscale=_same, positive=False),
        Transform("log", changes=False, relative=False, scale=np.log, unscale=np.exp, positive=True),
        Transform("log-return", changes=True, relative=True, scale=np.log, unscale=np.exp, positive=True),
        Transform("difference", changes=True, relative=False, scale=_same, unscale=_same, positive=False),
        Transform("box-cox", False, False, _unfitted, _unfitted, positive=True, fitting=_fit_box_cox),
        Transform("standardise", False, False, _unfitted, _unfitted, False, fitting=_fit_standardise),
    )
}


def find_transform(name: str) -> Transform:
    """Look a transform up by name, or join several by +.

    Raises:
        PlanError: no transform has this name (the message lists the nearest), or these cannot be joined so.
    """
    parts = [part.strip() for part in name.split("+")]
    for part in parts:
        if part not in TRANSFORMS:
            raise PlanError(f"There is no transform {part!r}. {nearest(part, TRANSFORMS)}")
    return TRANSFORMS[name] if len(parts) == 1 else _joined(name, [TRANSFORMS[part] for part in parts])


def _joined(name: str, steps: Sequence[Transform]) -> Transform:
    """Chain scales; changes come last, and positive values are needed where the series itself is taken."""
    if any(step.changes for step in steps[:-1]) or any(
        step.relative or step.name == "none" for step in steps
    ):
        raise PlanError(
            f"Transform {name!r} was given; difference comes last, none and log-return stand alone. "
            "Write log+difference, for example."
        )
    if any(step.positive for step in steps[1:]):
        raise PlanError(
            f"Transform {name!r} takes a logarithm or a power of what may be negative. Begin with it."
        )

    def fitting(values: Vector) -> tuple[Scale, Scale]:
        fitted: list[Transform] = []
        for step in steps:
            fitted.append(step.fit(values))
            values = fitted[-1].scale(values)
        return _chained([s.scale for s in fitted]), _chained([s.unscale for s in reversed(fitted)])

    return Transform(
        name, steps[-1].changes, False, _unfitted, _unfitted, positive=steps[0].positive, fitting=fitting
    )


def _chained(scales: Sequence[Scale]) -> Scale:
    def through(values: Vector) -> Vector:
        for scale in scales:
            values = scale(values)
        return values

    return through
