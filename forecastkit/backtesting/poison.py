"""Futures that a model must not notice, and the trace that a model leaves which follows the true one."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from forecastkit.arrays import Matrix, Vector
from forecastkit.errors import PlanError
from forecastkit.series.series import Series
from forecastkit.series.windows import lag_matrix

POISONS = ("noise", "nan", "scale")
SPREAD, MILLION = 10.0, 1e6


def poisoned(name: str, series: Series, origin: int, rng: np.random.Generator) -> Series:
    """Replace the values from an origin on: "noise" N(0, (10 sd)^2), "nan", or "scale", times a million.

    Covariates observed with the values become noise there; those known ahead stay, for they are known.

    Raises:
        PlanError: there is no such poison.
    """
    values: Vector = series.values.copy()
    size = SPREAD * float(values[:origin].std() or 1.0)
    if name not in POISONS:
        raise PlanError(f"There is no poison {name!r}. Known: {', '.join(POISONS)}.")
    if name == "scale":
        values[origin:] *= MILLION
    else:
        values[origin:] = np.nan if name == "nan" else rng.normal(0.0, size, len(values) - origin)
    past = None if series.past is None else series.past.copy()
    if past is not None:
        past[origin:] = rng.normal(0.0, size, past[origin:].shape)
    return replace(series, values=values, past=past, missing="keep")


def regenerated(series: Series, origin: int, horizon: int, rng: np.random.Generator) -> Series:
    """Give a series that shares its beginning and continues to an origin with an earlier piece of itself.

    Covariates are those of the piece, so that they tell nothing of the old future either.

    Args:
        series: the data.
        origin: where the past ends.
        horizon: the piece is twice as long at least, 64 values at most where a third of the past is longer.
        rng: for where the piece is taken from.
    """
    length = min(max(2 * horizon, min(64, origin // 3)), origin // 2)
    begin, start = int(rng.integers(0, origin - 2 * length + 1)), origin - length
    values = series.values.copy()
    values[start:origin] = series.values[begin : begin + length]
    return replace(
        series,
        values=values,
        past=_repeated(series.past, start, begin, length),
        known=_repeated(series.known, start, begin, length + horizon),
    )


def _repeated(rows: Matrix | None, start: int, begin: int, length: int) -> Matrix | None:
    """Put the rows of a piece where another one stood."""
    if rows is None:
        return None
    changed = rows.copy()
    changed[start : start + length] = rows[begin : begin + length]
    return changed


def autoregression(values: Vector, lags: int) -> Vector:
    """Fit a constant and `lags` lags by least squares: shape (lags + 1,)."""
    design = np.column_stack([np.ones(len(values) - lags), lag_matrix(values, lags)])
    return np.asarray(np.linalg.lstsq(design, values[lags:], rcond=None)[0])


def news(values: Vector, coefficients: Vector) -> Vector:
    """What an autoregression does not expect of each value after the first `lags`: shape (T - lags,)."""
    lags = len(coefficients) - 1
    expected = coefficients[0] + lag_matrix(values, lags) @ coefficients[1:]
    return np.asarray(values[lags:] - expected)


def follows(told: Vector, came: Vector) -> float:
    """Z of the correlation between what forecasts add to the past and the news; 0 where they add nothing."""
    scale = max(float(np.abs(came).max()), 1e-300)
    if not (np.isfinite(told).all() and told.std() > 1e-9 * scale and came.std() > 0):
        return 0.0
    r = float(np.corrcoef(told, came)[0, 1])
    return float(np.arctanh(np.clip(r, -1 + 1e-12, 1 - 1e-12)) * np.sqrt(max(len(came) - 3, 1)))
