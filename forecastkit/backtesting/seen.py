"""What a model sees of a series: a copy of a part of it, transformed, with the covariates it may know."""

from __future__ import annotations

import numpy as np

from forecastkit.arrays import Matrix
from forecastkit.errors import FitError
from forecastkit.models.protocol import Forecaster, History, family_of, takes_missing
from forecastkit.series.series import Series
from forecastkit.series.transforms import Transform


def seen_transform(recipe: Forecaster, transform: Transform) -> Transform:
    """Give what a model sees: references and the oracle see levels."""
    levels = family_of(recipe) in ("reference", "oracle")
    return transform.for_references() if levels else transform


def seen_history(
    name: str, recipe: Forecaster, series: Series, transform: Transform, part: slice, horizon: int
) -> History:
    """Copy what a model may see of one part of a series, read-only.

    Args:
        name: of the model, for messages.
        recipe: the model.
        series: the data.
        transform: of the target, fitted.
        part: observations that are known.
        horizon: steps beyond them for which covariates known ahead are shown.

    Raises:
        FitError: a value is missing, and the model takes none that are.
    """
    values = np.array(transform.forward(series.values[part].copy()))
    values.flags.writeable = False
    first = part.stop - len(values)
    missing = int(np.isnan(values).sum())
    if missing and not takes_missing(recipe):
        raise FitError(
            f"Model {name!r} takes no missing values and would be handed {missing} at origin "
            f"{part.stop}. Load the series with missing='interpolate' (--missing interpolate), or leave "
            "the model out.",
            model=name,
            origin=part.stop,
        )
    return History(
        values,
        series.index[first : part.stop],
        series.period,
        transform.changes,
        first,
        known=_own_copy(series.known, slice(first, part.stop + horizon)),
        past=_own_copy(series.past, slice(first, part.stop)),
    )


def _own_copy(covariates: Matrix | None, part: slice) -> Matrix | None:
    """Copy rows of covariates, read-only."""
    if covariates is None:
        return None
    rows = covariates[part].copy()
    rows.flags.writeable = False
    return rows
