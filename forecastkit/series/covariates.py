"""Covariates: what else is known of every observation, checked where it enters."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import ArrayLike

from forecastkit.arrays import Matrix
from forecastkit.errors import DataError, MissingValuesError


def check_covariates(
    given: ArrayLike, names: Sequence[str], rows: int, what: str, *, ahead: bool
) -> tuple[Matrix, tuple[str, ...]]:
    """Copy covariates into a read-only matrix of finite numbers, and name its columns.

    Args:
        given: shape (rows, K) or, for one covariate, (rows,); with `ahead` there may be more rows.
        names: of the columns; numbered where there are none.
        rows: observations of the series.
        what: the covariates, for messages.
        ahead: whether they are known ahead, beyond the last observation.

    Returns:
        values, shape (rows or more, K), and K names.

    Raises:
        DataError: not numbers, of another shape, infinite, or names twice or in another number.
        MissingValuesError: one is missing; the message names column and position.
    """
    try:
        matrix = np.array(given, dtype=np.float64)
    except (TypeError, ValueError) as error:
        raise DataError(
            f"{what} hold something that is not a number ({error}). Numbers are needed."
        ) from error
    matrix = matrix[:, None] if matrix.ndim == 1 else matrix
    least = "or more " if ahead else ""
    if matrix.ndim != 2 or matrix.shape[1] == 0 or len(matrix) < rows or (len(matrix) > rows and not ahead):
        raise DataError(
            f"{what} have shape {matrix.shape}; {rows} rows {least}are needed, one per observation, and one "
            "column per covariate."
        )
    kind = "known" if ahead else "past"
    named = tuple(map(str, names)) or tuple(f"{kind} {i}" for i in range(1, matrix.shape[1] + 1))
    if len(named) != matrix.shape[1] or len(set(named)) < len(named):
        raise DataError(
            f"{what} have {matrix.shape[1]} columns and the names {', '.join(named)}. Give every column one "
            "name of its own."
        )
    bad = np.argwhere(~np.isfinite(matrix))
    if len(bad):
        row, column = bad[0].tolist()
        kind_of_error = MissingValuesError if np.isnan(matrix[row, column]) else DataError
        raise kind_of_error(
            f"{what} have {len(bad)} missing or infinite values, the first in {named[column]!r} at position "
            f"{row} (counted from 0). Every value is needed: fill or drop them first."
        )
    matrix.flags.writeable = False
    return matrix, named
