"""Array types by dimension, and the checks made where numbers enter."""

from __future__ import annotations

from typing import TypeAlias

import numpy as np
from numpy.typing import ArrayLike

from forecastkit.errors import DataError, MissingValuesError

Vector: TypeAlias = np.ndarray[tuple[int], np.dtype[np.float64]]
Matrix: TypeAlias = np.ndarray[tuple[int, int], np.dtype[np.float64]]
Cube: TypeAlias = np.ndarray[tuple[int, int, int], np.dtype[np.float64]]
Indices: TypeAlias = np.ndarray[tuple[int], np.dtype[np.int64]]
Mask: TypeAlias = np.ndarray[tuple[int], np.dtype[np.bool_]]


def check_vector(values: ArrayLike, name: str, *, keep_missing: bool = False) -> Vector:
    """Copy `values` into a read-only float64 vector of finite numbers.

    Args:
        values: anything one-dimensional that holds numbers.
        name: what to call the values in a message.
        keep_missing: whether NaN may stay, for what is missing.

    Returns:
        shape (T,), not writeable.

    Raises:
        DataError: not numeric, not one-dimensional, empty, or infinite somewhere.
        MissingValuesError: NaN somewhere (everywhere, where it may stay); the message names the first
            position.
    """
    given = np.asarray(values)
    texts = given.dtype.kind in "OSU" and any(isinstance(value, str | bytes) for value in given.flat)
    if given.dtype.kind not in "biufO" or texts:
        what = "text" if texts else given.dtype
        raise DataError(f"{name} holds something that is not a number ({what}). Convert it to numbers first.")
    try:
        array = np.array(given, dtype=np.float64)
    except (TypeError, ValueError) as error:
        raise DataError(
            f"{name} holds something that is not a number ({error}). Pass numbers only."
        ) from error
    if array.ndim != 1 or array.size == 0:
        raise DataError(f"{name} has shape {array.shape}; one dimension with at least one value is needed.")
    missing = np.flatnonzero(np.isnan(array))
    if missing.size and (not keep_missing or missing.size == array.size):
        raise MissingValuesError(
            f"{name} has {missing.size} missing values, the first at position {missing[0]} (counted from 0). "
            "Every value is needed: state --missing interpolate or keep (missing= in Python), or drop rows."
        )
    infinite = np.flatnonzero(np.isinf(array))
    if infinite.size:
        raise DataError(
            f"{name} has {infinite.size} infinite values, the first at position {infinite[0]} (counted from "
            "0). Finite numbers are needed: find the division or logarithm of zero that made them."
        )
    array.flags.writeable = False
    return array


def is_constant(values: Vector) -> bool:
    """Whether the spread of `values` is rounding noise: at most 1e-13 of their size."""
    return bool(np.ptp(values) <= 1e-13 * np.max(np.abs(values)))
