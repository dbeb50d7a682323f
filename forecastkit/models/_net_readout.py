"""The last, linear layer, solved by ridge regression on what the trained network has learned to see."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from forecastkit.arrays import Cube, Indices, Matrix, Vector
from forecastkit.models._rolling_ols import one_thread

PENALTIES = (1e-9, 1e-7, 1e-5, 1e-4, 1e-3, 1e-2, 1e-1, 1.0, 10.0)
"""Ridge penalties tried, in units of the standardised features' mean square."""
NEAR = 1.01
"""A larger penalty is preferred where its error is no more than this multiple of the least."""
NEIGHBOURS = 1.5
"""Errors are averaged over steps between h / 1.5 and 1.5 h before penalties are compared."""
SWEEPS = 12
"""Reweighted regressions that turn squared into absolute errors."""
SMALL = 0.05
"""Errors below this share of the median one weigh no more than that."""
CONSTANT = 1e-9
"""Features of a smaller spread are left out."""


@dataclass(frozen=True, slots=True, eq=False)
class Readout:
    """correction = constant + coefficients . [hidden state, window], for every step ahead.

    Args:
        coefficients: shape (F, H).
        constant: shape (H,).
        penalties: of the ridge regression by h.
    """

    coefficients: Matrix
    constant: Vector
    penalties: Vector

    def apply(self, features: Matrix) -> Matrix:
        """Answer rows of features: (N, F) -> (N, H)."""
        return by_row(features, self.coefficients) + self.constant


def by_row(features: Matrix, coefficients: Matrix) -> Matrix:
    """Product of (N, F) and (F, H) summed over F in one order: no row's bits depend on what stands beside it.

    A BLAS product would choose its order by N and by the row's place.
    """
    return np.asarray(np.einsum("nf,fh->nh", features, coefficients, optimize=False))


def choose_penalties(
    train: tuple[Matrix, Matrix], stop: tuple[Matrix, Matrix], *, absolute: bool = False
) -> Vector:
    """Choose for every step the largest penalty that, fitted in training, does well on the stopping block.

    Args:
        train, stop: features (N, F) and targets (N, H).
        absolute: whether absolute errors count.

    Returns:
        shape (H,).
    """
    with one_thread():
        z, means, scale, centre = _standardised(*train)
        errors = stop[1] - means - (stop[0] - centre) / scale @ _ridges(z, train[1] - means)
    best = _cautious(np.mean(np.abs(errors) if absolute else errors**2, axis=1))
    return np.asarray(np.array(PENALTIES)[best])


def solve_readout(features: Matrix, targets: Matrix, penalties: Vector, *, absolute: bool = False) -> Readout:
    """Fit every step with its penalty on all windows whose target is known.

    Minimise sum_t (y_t - a - b . z_t)^2 + N lambda |b|^2, z the standardised features; `absolute` replaces
    squared by absolute errors, by reweighted regressions.

    Args:
        features: shape (N, F).
        targets: NaN where unknown, shape (N, H).
        penalties: lambda by step, shape (H,).
        absolute: whether absolute errors count.
    """
    with one_thread():
        whole = np.isfinite(targets).all(axis=1)
        scale, centre = _standardised(features[whole], targets[whole])[2:]
        design = np.hstack([np.ones((len(features), 1)), (features - centre) / scale])
        gram, moment = design[whole].T @ design[whole], design[whole].T @ targets[whole]
        solved = []
        for h, penalty in enumerate(penalties.tolist()):
            known = np.isfinite(targets[:, h])
            if absolute:
                constant, slopes = _reweighted(design[known, 1:], targets[known, h], penalty)
                solved.append(np.append(constant, slopes))
                continue
            late = known & ~whole
            ridge = np.diag([0.0, *np.full(features.shape[1], penalty * known.sum())])
            normal = gram + design[late].T @ design[late] + ridge
            solved.append(np.linalg.solve(normal, moment[:, h] + design[late].T @ targets[late, h]))
    found = np.stack(solved, axis=1)
    coefficients = found[1:] / scale[:, None]
    return Readout(coefficients, found[0] - centre @ coefficients, penalties)


def _standardised(features: Matrix, targets: Matrix) -> tuple[Matrix, Vector, Vector, Vector]:
    """Standardised features, constants zero; means of the targets; spread and mean of the features."""
    centre, spread = features.mean(axis=0), features.std(axis=0)
    scale = np.where(spread > CONSTANT, spread, np.inf)
    return (features - centre) / scale, targets.mean(axis=0), scale, centre


def _cautious(errors: Matrix) -> Indices:
    """Pick the largest penalty whose error (P, H), averaged over neighbouring h, is near the least: (H,)."""
    steps = np.arange(1, errors.shape[1] + 1)
    relative = errors / np.maximum(errors.min(axis=0), 1e-300)
    near = np.maximum(steps[:, None], steps) <= NEIGHBOURS * np.minimum(steps[:, None], steps)
    averaged = relative @ near / near.sum(axis=0)
    good = averaged <= NEAR * averaged.min(axis=0)
    return np.asarray(len(errors) - 1 - good[::-1].argmax(axis=0))


def _ridges(z: Matrix, targets: Matrix) -> Cube:
    """Solve for every penalty from one decomposition: shape (P, F, H)."""
    values, vectors = np.linalg.eigh(z.T @ z)
    projected = vectors.T @ (z.T @ targets)
    floors = np.array(PENALTIES)[:, None, None] * len(z)
    return np.asarray(vectors @ (projected / (np.maximum(values, 0.0)[:, None] + floors)))


def _reweighted(z: Matrix, target: Vector, penalty: float) -> tuple[float, Vector]:
    """Constant and coefficients of least absolute errors, rows weighted by 1 / max(|error|, small)."""
    design = np.hstack([np.ones((len(z), 1)), z])
    ridge = np.diag([0.0, *np.full(z.shape[1], penalty * len(z))])
    weights: Vector = np.ones(len(z))
    found = weights[:0]
    for _ in range(SWEEPS):
        gram = design.T @ (weights[:, None] * design) + ridge
        found = np.asarray(np.linalg.solve(gram, design.T @ (weights * target)), dtype=np.float64)
        errors = np.abs(target - design @ found)
        least = max(SMALL * float(np.median(errors)), 1e-12)
        weights = np.asarray(float(np.median(errors) or 1.0) / np.maximum(errors, least))
    return float(found[0]), found[1:]
