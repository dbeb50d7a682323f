"""Transforms of the target: what the models see, and the way back to what is scored.

A transform is undone before anything is scored. Log returns are the exception that finance asks for: the
models see one-step log returns, their path is cumulated, and scores are taken on the cumulative log return
from the origin to each horizon (a price move, comparable over decades).

Names are joined by +, from the series to the models: "log+difference", "box-cox+standardise+difference".
What has parameters (lambda, mean and spread) is fitted once, on the data before the first origin. Taken back,
the mean of what the models see becomes the median of the series; "log+unbiased" gives its mean instead.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from forecastkit.arrays import Vector
from forecastkit.errors import DataError, PlanError, nearest
from forecastkit.series.fitted_scales import BOX_COX, STANDARDISE, Fitting, Parameters, Scale

UNBIASED = "unbiased"


@dataclass(frozen=True, slots=True)
class Transform:
    """One way to show a series to the models.

    Args:
        name: how a user asks for it.
        changes: the models see changes from one value to the next, so they see one value less.
        seasonal: the models see changes from one season to the next, so they see one season less.
        relative: scores are taken on the move since the origin instead of on the value itself.
        scale: from the values (T,) to the scale on which changes add up, elementwise.
        unscale: the inverse of `scale`.
        positive: whether every value must be above zero.
        fitting: where `scale` and `unscale` have parameters that are not known yet.
        unbiased: means are taken back as means, not as medians.
        lag: season length of a seasonal difference, known once fitted.
        parameters: of `scale` and `unscale`, known once fitted.
    """

    name: str
    changes: bool
    relative: bool
    scale: Scale
    unscale: Scale
    positive: bool
    fitting: Fitting | None = None
    seasonal: bool = False
    unbiased: bool = False
    lag: int = 0
    parameters: Parameters = ()

    @property
    def places_quantiles(self) -> bool:
        """Whether quantiles of single steps can be taken back: sums of seasonal changes are not known."""
        return not self.seasonal

    def fit(self, values: Vector, period: int = 1) -> Transform:
        """Fix the parameters on the data before the first origin; without parameters, nothing changes.

        Args:
            values: the data before the first origin, NaN where missing.
            period: season length.

        Raises:
            PlanError: a seasonal difference of a series that has no season.
        """
        if self.seasonal and period < 2:
            raise PlanError(
                f"Transform {self.name!r} was asked for a series without a season. Give its period "
                "(--period), or use difference."
            )
        parameters = () if self.fitting is None else self.fitting.estimate(values[np.isfinite(values)])
        return self.with_parameters(parameters, period)

    def with_parameters(self, parameters: Parameters, period: int = 1) -> Transform:
        """Take parameters that were estimated before; period as in `fit`."""
        lag = period if self.seasonal else 0
        if self.fitting is None:
            return replace(self, lag=lag) if self.seasonal else self
        scale, unscale = self.fitting.scales(parameters)
        return replace(self, scale=scale, unscale=unscale, fitting=None, lag=lag, parameters=parameters)

    def forward(self, values: Vector) -> Vector:
        """Turn values (T,) into what the models see: (T,); changes are fewer by 1, seasonal by a season."""
        scaled = self.scale(values)
        if self.lag:
            return np.asarray(scaled[self.lag :] - scaled[: -self.lag])
        if not self.changes:
            return scaled
        moves: Vector = np.diff(scaled)
        return moves

    def backward(self, path: Vector, past: Vector | float) -> Vector:
        """Turn a path in the models' scale (..., H) into the scored scale.

        Args:
            path: forecasts of what `forward` makes; for changes, of the next, the one after, ...
            past: what was observed before the path, in the unit of the series; the last value is enough, but
                for seasonal changes.
        """
        if self.lag:
            return self.unscale(self._added_to_seasons(path, past))
        return self.place(np.cumsum(path, axis=-1) if self.changes else path, past)

    def place(self, level: Vector, past: Vector | float) -> Vector:
        """Turn moves since the origin (for changes) or scaled values into the scored scale."""
        if self.relative:
            return level
        return self.unscale(self._placed(level, past))

    def expected(self, path: Vector, spread: Vector, past: Vector | float) -> Vector:
        """Take a path back to means: the average of a Gaussian with this spread, taken back (16 nodes).

        For a logarithm that is exp(m + s^2 / 2).

        Args:
            path: as in `backward`, shape (H,).
            spread: standard deviation of each step; for changes, of their sum; shape (H,).
            past: as in `backward`.
        """
        if self.relative:
            return self.backward(path, past)
        nodes, weights = np.polynomial.hermite_e.hermegauss(16)
        level = self._placed(np.cumsum(path) if self.changes else path, past)
        return np.asarray(self.unscale(level[:, None] + spread[:, None] * nodes) @ (weights / weights.sum()))

    def _placed(self, level: Vector, past: Vector | float) -> Vector:
        return level + self.scale(np.ravel(past)[-1:])[0] if self.changes else level

    def _added_to_seasons(self, path: Vector, past: Vector | float) -> Vector:
        """Add each change to the value one season before it, known or forecast."""
        season = np.ravel(past)[-self.lag :]
        if len(season) < self.lag:
            raise PlanError(
                f"{len(season)} values are known; a season of {self.lag} is needed before a path."
            )
        horizon = path.shape[-1]
        known = np.broadcast_to(self.scale(season), (*path.shape[:-1], self.lag))
        level = np.concatenate([known, path], axis=-1)
        for h in range(horizon):
            level[..., self.lag + h] += level[..., h]
        return np.asarray(level[..., self.lag :])

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
        if self.positive and np.nanmin(values) <= 0:
            where = int(np.argmax(values <= 0))
            raise DataError(
                f"Series {name!r} has {values[where]:g} at position {where}; transform {self.name!r} takes "
                "logarithms and needs every value above zero. Use transform 'difference' or 'none'."
            )


def _same(values: Vector) -> Vector:
    return values


def _unfitted(values: Vector) -> Vector:
    raise PlanError("A transform with parameters was used before it was fitted. Call `fit` first.")


TRANSFORMS = {
    transform.name: transform
    for transform in (
        Transform("none", changes=False, relative=False, scale=_same, unscale=_same, positive=False),
        Transform("log", changes=False, relative=False, scale=np.log, unscale=np.exp, positive=True),
        Transform("log-return", changes=True, relative=True, scale=np.log, unscale=np.exp, positive=True),
        Transform("difference", changes=True, relative=False, scale=_same, unscale=_same, positive=False),
        Transform("seasonal-difference", False, False, _same, _same, positive=False, seasonal=True),
        Transform("box-cox", False, False, _unfitted, _unfitted, positive=True, fitting=BOX_COX),
        Transform("standardise", False, False, _unfitted, _unfitted, False, fitting=STANDARDISE),
    )
}


def find_transform(name: str) -> Transform:
    """Look a transform up by name, or join several by +.

    Raises:
        PlanError: no transform has this name (the message lists the nearest), or these cannot be joined so.
    """
    parts = [part.strip() for part in name.split("+")]
    if UNBIASED in parts[1:]:
        plain = find_transform("+".join(part for part in parts if part != UNBIASED))
        if not plain.places_quantiles or plain.relative:
            raise PlanError(
                f"Transform {name!r}: means after {plain.name} need no correction or have none known."
            )
        return replace(plain, name=name, unbiased=True)
    for part in parts:
        if part not in TRANSFORMS:
            raise PlanError(f"There is no transform {part!r}. {nearest(part, TRANSFORMS)}")
    return TRANSFORMS[name] if len(parts) == 1 else _joined(name, [TRANSFORMS[part] for part in parts])


def _joined(name: str, steps: Sequence[Transform]) -> Transform:
    """Chain scales; changes come last, and positive values are needed where the series itself is taken."""
    if any(step.changes or step.seasonal for step in steps[:-1]) or any(
        step.relative or step.name == "none" for step in steps
    ):
        raise PlanError(
            f"Transform {name!r} was given; a difference comes last, none and log-return stand alone. "
            "Write log+difference, for example."
        )
    if any(step.positive for step in steps[1:]):
        raise PlanError(
            f"Transform {name!r} takes a logarithm or a power of what may be negative. Begin with it."
        )

    def estimate(values: Vector) -> Parameters:
        parameters: Parameters = ()
        for step in steps:
            fitted = step if step.seasonal else step.fit(values)
            parameters += fitted.parameters
            values = fitted.scale(values)
        return parameters

    def scales(parameters: Parameters) -> tuple[Scale, Scale]:
        left, fitted = parameters, []
        for step, count in zip(steps, counts, strict=True):
            fitted.append(step.with_parameters(left[:count]) if count else step)
            left = left[count:]
        return _chained([s.scale for s in fitted]), _chained([s.unscale for s in reversed(fitted)])

    counts = [0 if step.fitting is None else step.fitting.count for step in steps]

    return Transform(
        name,
        steps[-1].changes,
        False,
        _unfitted,
        _unfitted,
        positive=steps[0].positive,
        fitting=Fitting(sum(counts), estimate, scales),
        seasonal=steps[-1].seasonal,
    )


def _chained(scales: Sequence[Scale]) -> Scale:
    def through(values: Vector) -> Vector:
        for scale in scales:
            values = scale(values)
        return values

    return through
