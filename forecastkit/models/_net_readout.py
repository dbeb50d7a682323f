"""The last, linear layer, solved by ridge regression on what the trained network has learned to see."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from forecastkit.arrays import Cube, Matrix, Vector
from forecastkit.models._rolling_ols import one_thread

PENALTIES = (1e-9, 1e-7, 1e-5, 1e-4, 1e-3, 1e-2, 1e-1, 1.0, 10.0)
"""Ridge penalties tried, in units of the standardised features' mean square."""
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
        """Answer every row by itself, so that its bits do not depend on its neighbours: (N, F) -> (N, H)."""
        rows = [np.sum(self.coefficients * row[:, None], axis=0) for row in features]
        return np.array(rows).reshape(len(features), -1) + self.constant


def solve_readout(
    train: tuple[Matrix, Matrix], stop: tuple[Matrix, Matrix], *, absolute: bool = False
) -> Readout:
    """Fit every step ahead on the training windows, with the penalty that does best on the stopping block.

    Minimise sum_t (y_t - a - b . z_t)^2 + N lambda |b|^2, z the standardised features; `absolute` replaces
    squared by absolute errors, by reweighted regressions.

    Args:
        train, stop: features (N, F) and targets (N, H).
        absolute: whether absolute errors count.
    """
    centre, spread = train[0].mean(axis=0), train[0].std(axis=0)
    scale = np.where(spread > CONSTANT, spread, np.inf)
    z, held_out = ((part - centre) / scale for part in (train[0], stop[0]))
    means = train[1].mean(axis=0)
    with one_thread():
        candidates = _ridges(z, train[1] - means)
        errors = stop[1] - means - held_out @ candidates
        best = np.mean(np.abs(errors) if absolute else errors**2, axis=1).argmin(axis=0)
        chosen = np.stack([candidates[p, :, h] for h, p in enumerate(best)], axis=1)
        if absolute:
            solved = [_reweighted(z, train[1][:, h], PENALTIES[p]) for h, p in enumerate(best)]
            means, chosen = np.array([a for a, _ in solved]), np.stack([b for _, b in solved], axis=1)
    coefficients = chosen / scale[:, None]
    return Readout(coefficients, means - centre @ coefficients, np.array(PENALTIES)[best])


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
