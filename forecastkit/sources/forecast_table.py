"""The one form of forecasts made elsewhere: a row per series, origin and target, a column per model."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
import pandas as pd

from forecastkit.arrays import Indices, Vector
from forecastkit.errors import ConflictingActualsError, DuplicateForecastsError


@dataclass(frozen=True, slots=True, eq=False)
class ForecastTable:
    """Forecasts of every model, a row per series, origin and target.

    Args:
        series: names, shape (R,).
        cutoff, target: times, shape (R,); None where the frame has none.
        h: steps ahead, shape (R,), or None.
        actual: shape (R,), NaN where the frame does not tell.
        mean: by model, shape (R,), NaN where there is no forecast.
        quantiles: by model and level, shape (R,).
        layout: how the frame was read.
        errors: whether `mean` holds actual minus forecast (R `tsCV`), to be taken from the actual values.
    """

    series: np.ndarray
    cutoff: pd.Index | None
    target: pd.Index | None
    h: Indices | None
    actual: Vector
    mean: Mapping[str, Vector]
    quantiles: Mapping[str, Mapping[float, Vector]] = field(default_factory=dict)
    layout: str = "long"
    errors: bool = False

    @property
    def models(self) -> tuple[str, ...]:
        """Names in the order of the frame."""
        return tuple(self.mean)

    def __len__(self) -> int:
        return len(self.series)

    def take(self, rows: Indices) -> ForecastTable:
        """Pick rows by their position."""
        return self.replace(
            series=self.series[rows],
            cutoff=None if self.cutoff is None else self.cutoff[rows],
            target=None if self.target is None else self.target[rows],
            h=None if self.h is None else self.h[rows],
            actual=self.actual[rows],
            mean={model: values[rows] for model, values in self.mean.items()},
            quantiles={
                model: {level: values[rows] for level, values in own.items()}
                for model, own in self.quantiles.items()
            },
        )

    def replace(self, **changes: Any) -> ForecastTable:
        """Copy with some columns changed."""
        return replace(self, **changes)


def unique_rows(table: ForecastTable) -> tuple[int, Indices, Indices]:
    """Number the distinct (series, cutoff, target, h): their count, first rows, and each row's number."""
    keys = [pd.factorize(table.series)[0]]
    keys += [pd.factorize(times)[0] for times in (table.cutoff, table.target) if times is not None]
    if table.h is not None and (table.cutoff is None or table.target is None):
        keys.append(table.h)
    combined = keys[0].astype(np.int64)
    for key in keys[1:]:
        combined = combined * (int(key.max()) + 1) + key
    _, first, place = np.unique(combined, return_index=True, return_inverse=True)
    return len(first), first, place


def placed(values: Vector, chosen: np.ndarray, place: Indices, rows: int) -> Vector:
    """Put the chosen values into their rows of a new column, NaN elsewhere."""
    column = np.full(rows, np.nan)
    column[place[chosen]] = values[chosen]
    return column


def check_actuals(
    given: Vector, known: Vector, series: np.ndarray, target: pd.Index | None, cutoff: pd.Index | None
) -> None:
    """Refuse actual values of one target that differ by more than rounding.

    Raises:
        ConflictingActualsError: names the first of them.
    """
    apart = np.abs(given - known) > 1e-9 * np.maximum(np.abs(known), 1e-300)
    if apart.any():
        row = int(np.flatnonzero(apart)[0])
        when = (
            target[row]
            if target is not None
            else f"a target after {cutoff[row] if cutoff is not None else '?'}"
        )
        raise ConflictingActualsError(
            f"Series {series[row]!r} has two actual values for {when}: {known[row]:.15g} and "
            f"{given[row]:.15g} ({int(apart.sum())} such rows). One value per target is needed: correct the "
            "frame, or the history."
        )


def duplicate(table: ForecastTable, row: int, model: str) -> DuplicateForecastsError:
    """Say which cell is forecast twice."""
    told = {"cutoff": table.cutoff, "target": table.target, "h": table.h}
    where = ", ".join(f"{what} {values[row]}" for what, values in told.items() if values is not None)
    return DuplicateForecastsError(
        f"Model {model!r} forecasts series {table.series[row]!r} twice at {where}. One forecast per cell is "
        "needed: drop the duplicates, or tell apart what differs (other cutoffs, other models)."
    )
