"""Least squares for nested models: every size from one factor."""

from __future__ import annotations

from typing import cast

import numpy as np

from forecastkit.arrays import Matrix, Vector


def nested_ssr(design: Matrix, target: Vector) -> Vector:
    """Sums of squared residuals when only the first 0, 1, ..., K columns are used.

    With w the last column of R in the QR factor of [design | target], the sum for k columns is that of w_i^2
    over i >= k.

    Args:
        design: shape (N, K), N > K, columns in nested order.
        target: shape (N,).

    Returns:
        shape (K + 1,), in the unit of the target squared.
    Source: Golub & Van Loan, Matrix Computations, section 5.3.

    Example:
        >>> nested_ssr(np.ones((2, 1)), np.array([1.0, 3.0])).round(9).tolist()
        [10.0, 2.0]
    """
    last = cast(Matrix, np.linalg.qr(np.column_stack([design, target]), mode="r"))[:, -1]
    sums: Vector = np.cumsum(last[::-1] ** 2)[::-1]
    return sums


def residual_of(target: Vector | Matrix, design: Matrix) -> Vector:
    """What least squares on a design leaves of a target, or of each of its columns.

    Columns of the design are brought to one size first, so that their units do not matter; those that others
    imply do no harm.

    Args:
        target: shape (N,) or (N, M).
        design: shape (N, K).

    Returns:
        as the target.

    Example:
        >>> residual_of(np.array([1.0, 3.0]), np.ones((2, 1))).round(9).tolist()
        [-1.0, 1.0]
    """
    sizes = np.sqrt(np.sum(design**2, axis=0))
    scaled = design / np.where(sizes > 0, sizes, 1.0)
    left: Vector = target - scaled @ np.linalg.lstsq(scaled, target, rcond=None)[0]
    return left
