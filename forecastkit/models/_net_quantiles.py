"""Quantiles around a network's guarded forecast: how far it errs, as told by what the network sees."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from forecastkit.arrays import Cube, Mask, Matrix, Vector
from forecastkit.models._net_lessons import Lessons
from forecastkit.models._net_readout import Readout, by_row
from forecastkit.models._net_view import View
from forecastkit.models._rolling_ols import one_thread

PENALTIES = (1e-4, 1e-3, 1e-2, 1e-1, 1.0, 10.0, 100.0)
"""Ridge penalties tried, in units of the standardised features' mean square; the last is almost infinite."""
CLEARLY = 1.01
"""A larger penalty is preferred where its likelihood ratio per window is no more than this from the best."""
ROUNDS = 5
"""Reweighted regressions of the penalty that was chosen."""
REACH = 3.0
"""What is seen changes the logarithm of the spread by no more than this."""
CONSTANT = 1e-9
"""Features of a smaller spread are left out."""
SPANS = (1, 3, 6, 12, 24, 48)
"""Moves over which the recent size of moves is averaged."""
LEAST, WILDEST = 1e-12, 400.0
"""Limits of a mean error, and of one error over its spread, in the regression."""
STILL = 1e-2
"""Added to that size before its logarithm is taken, in units of the window's own scale."""


@dataclass(frozen=True, slots=True, eq=False)
class SpreadReadout:
    """quantile(h, q) = forecast(h) + spread(h) z(h, q), in units of the base's errors in training.

    log spread(h) = middle(h) + coefficients(h) . (x - means), x the hidden state, the window and the recent
    size of its moves; z(h, q) is the quantile of errors / spread that came. Spreads are positive and z rises
    with q, so that quantiles never cross, whatever the levels.

    Args:
        means: of the features in training, shape (F,).
        coefficients: shape (F, H).
        middle: mean logarithm of the spread, shape (H,).
        errors: errors over spread by h, rising, NaN at the end where a step has fewer: shape (N, H).
    """

    means: Vector
    coefficients: Matrix
    middle: Vector
    errors: Matrix

    def spreads(self, features: Matrix) -> Matrix:
        """Answer rows of features: (N, F) -> (N, H)."""
        moved = np.clip(by_row(features - self.means, self.coefficients), -REACH, REACH)
        return np.asarray(np.exp(self.middle + moved))

    def quantiles(self, features: Matrix, levels: Sequence[float]) -> Cube:
        """Quantiles of the error: order statistics of rank (n + 1) q, at most the extremes: (N, H, Q)."""
        ranked = np.nanquantile(self.errors, np.asarray(levels), axis=0, method="weibull").T
        return np.asarray(self.spreads(features)[:, :, None] * ranked)


def spread_around(lessons: Lessons, seen: Sequence[Matrix], readout: Readout, guard: Vector) -> SpreadReadout:
    """Learn the spread around guarded forecasts.

    Args:
        lessons: the windows that train, and those after them.
        seen: hidden state and window in both, shape (N, units + F).
        readout: of the corrections, solved on the windows that train.
        guard: share of the correction that is taken by h, shape (H,).
    """
    train, later = lessons.train, lessons.later
    rows = [(0, slice(None)), *((1, rows) for rows in lessons.rows)]
    blocks = train, later
    features = [spread_features(seen[b][r], blocks[b].linear[r], lessons.frame.view) for b, r in rows]
    with one_thread():
        corrections = [guard * (seen[b][r] @ readout.coefficients + readout.constant) for b, r in rows]
    errors = [blocks[b].targets[r] - c for (b, r), c in zip(rows, corrections, strict=True)]
    return solve_spread(features, errors, guard > 0)


def solve_spread(features: Sequence[Matrix], errors: Sequence[Matrix], trained: Mask) -> SpreadReadout:
    """Fit the spread in training, choose its penalty on the stopping block, and rank what came.

    E|e(h)| = exp(middle + b . x) is fitted by quasi-likelihood, log s + |e| / s, with a ridge penalty on b:
    the largest that does no worse on the stopping block than 1 % per window, one for all h. Ranked are
    errors of forecasts: those of the last two blocks, and where the network has no share in the forecast
    (`trained` is False), whose errors are then the base's, those of the training block too.

    Args:
        features: of the training, the stopping and the guard's block, each (N, F).
        errors: actual minus guarded forecast in the same blocks, each (N, H).
        trained: whether the network has a share in the forecast, shape (H,).

    Source: Lei et al. (2018), JASA 113, 1094-1111, section 5.2 (errors ranked in units of a fitted spread);
    Glejser (1969), JASA 64, 316-323 (the regression that the first round is).
    """
    sizes = [np.abs(block) for block in errors]
    with one_thread():
        means, coefficients, middle = _regress(features[0], sizes[0], features[1], sizes[1])
    fitted = SpreadReadout(means, coefficients, middle, np.empty((0, len(middle))))
    ranked = np.concatenate([e / fitted.spreads(x) for x, e in zip(features, errors, strict=True)])
    ranked[: len(errors[0]), trained] = np.nan
    ranked = np.sort(ranked, axis=0)
    return SpreadReadout(means, coefficients, middle, ranked[np.isfinite(ranked).any(axis=1)])


def spread_features(seen: Matrix, linear: Matrix, view: View) -> Matrix:
    """Hidden state and window, with logarithms of the mean size of the window's last moves: (N, F + S)."""
    distances = np.hstack([linear[:, : view.lookback - 1], np.zeros((len(linear), 1))])
    moves = np.abs(np.diff(distances, axis=1))
    spans = sorted({min(span, view.lookback - 1) for span in SPANS})
    recent = [np.log(moves[:, -span:].mean(axis=1) + STILL) for span in spans]
    return np.column_stack([seen, *recent])


def _regress(x: Matrix, sizes: Matrix, later: Matrix, came: Matrix) -> tuple[Vector, Matrix, Vector]:
    """Means of features, coefficients and middle of the spread; the penalty does well on what came later."""
    means, deviation = x.mean(axis=0), x.std(axis=0)
    scale = np.where(deviation > CONSTANT, deviation, np.inf)
    z, ahead = (x - means) / scale, (later - means) / scale
    ridge = _ridge(z)
    size = np.maximum(sizes.mean(axis=0), LEAST)
    losses = [_loss(ahead @ ridge(sizes / size, penalty), came) for penalty in PENALTIES]
    penalty = max(
        p for p, loss in zip(PENALTIES, losses, strict=True) if loss <= min(losses) + np.log(CLEARLY)
    )
    middle, moved, coefficients = np.log(size), np.zeros_like(sizes), np.empty((0, 0))
    for _ in range(ROUNDS):
        working = moved + np.minimum(sizes / np.exp(middle + moved), WILDEST) - 1
        middle = middle + working.mean(axis=0)
        coefficients = ridge(working, penalty)
        moved = np.clip(z @ coefficients, -REACH, REACH)
    return means, coefficients / scale[:, None], middle


def _ridge(z: Matrix) -> Callable[[Matrix, float], Matrix]:
    """Ridge regressions on centred features, for any targets (N, H) and penalty, from one decomposition."""
    values, vectors = np.linalg.eigh(z.T @ z)

    def solve(targets: Matrix, penalty: float) -> Matrix:
        projected = vectors.T @ (z.T @ targets)
        return np.asarray(vectors @ (projected / (np.maximum(values, 0.0)[:, None] + penalty * len(z))))

    return solve


def _loss(moved: Matrix, came: Matrix) -> float:
    """Quasi-likelihood of spreads up to a factor by h: mean over h of mean log s + log mean |e| / s."""
    log = np.clip(moved, -REACH, REACH)
    return float(np.mean(log.mean(axis=0) + np.log(np.maximum((came / np.exp(log)).mean(axis=0), LEAST))))
