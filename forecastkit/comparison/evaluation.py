"""Evaluation: what forecasts made elsewhere are worth, series by series."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from forecastkit.arrays import Matrix
from forecastkit.comparison.comparison import Comparison
from forecastkit.errors import DataError
from forecastkit.scoring.losses import Loss


@dataclass(frozen=True, slots=True, eq=False)
class Evaluation:
    """Comparisons of the series that can be judged, and why the others cannot; printing it says both.

    Args:
        comparisons: by series.
        refused: by series, why there is no comparison.
        accuracy: by series, model and h, over every cell that has a forecast and an actual value, before any
            pairing: cells, mae, rmse and bias (mean of actual minus forecast), in the unit of the series.
        origins: by series, from how many origins there are forecasts.
        loss: on which the comparisons stand.
        settings: how the frame was read.
    """

    comparisons: Mapping[str, Comparison]
    refused: Mapping[str, str]
    accuracy: pd.DataFrame
    origins: Mapping[str, int]
    loss: Loss
    settings: Mapping[str, Any]

    def __repr__(self) -> str:
        from forecastkit.reporting.summary import summary_text

        return summary_text(self)

    @property
    def comparison(self) -> Comparison:
        """The one comparison, where there is one series.

        Raises:
            DataError: there are several, or the only series could not be compared.
        """
        if len(self.comparisons) == 1 and not self.refused:
            return next(iter(self.comparisons.values()))
        if not self.comparisons:
            raise DataError(next(iter(self.refused.values())))
        raise DataError(
            f"There are comparisons of {len(self.comparisons)} series. Pick one: comparisons[name], with a "
            f"name such as {next(iter(self.comparisons))!r}."
        )

    def overall(self) -> pd.DataFrame:
        """Accuracy by series and model over all h: cells, mae, rmse, bias."""
        frame = self.accuracy.assign(
            absolute=self.accuracy["mae"] * self.accuracy["cells"],
            squared=self.accuracy["rmse"] ** 2 * self.accuracy["cells"],
            error=self.accuracy["bias"] * self.accuracy["cells"],
        )
        sums = frame.groupby(["series", "model"], sort=False)[["cells", "absolute", "squared", "error"]].sum()
        return pd.DataFrame(
            {
                "cells": sums["cells"],
                "mae": sums["absolute"] / sums["cells"],
                "rmse": np.sqrt(sums["squared"] / sums["cells"]),
                "bias": sums["error"] / sums["cells"],
            }
        ).reset_index()


def accuracy_by_step(series: str, cubes: Mapping[str, Matrix], actual: Matrix) -> pd.DataFrame:
    """Average the errors of each model by h over its own cells.

    Args:
        series: name.
        cubes: forecasts by model, shape (O, H), NaN where there is none.
        actual: shape (O, H).

    Returns:
        series, model, h, cells, mae, rmse, bias; without cells the averages are NaN.
    """
    error = actual - np.stack(list(cubes.values()))
    given = np.isfinite(error)
    cells = given.sum(axis=1)
    error = np.where(given, error, 0.0)
    many = np.where(cells > 0, cells, np.nan)
    m, _, h = error.shape
    return pd.DataFrame(
        {
            "series": series,
            "model": np.repeat(np.array(list(cubes), dtype=object), h),
            "h": np.tile(np.arange(1, h + 1), m),
            "cells": cells.ravel(),
            "mae": (np.abs(error).sum(axis=1) / many).ravel(),
            "rmse": np.sqrt((error**2).sum(axis=1) / many).ravel(),
            "bias": (error.sum(axis=1) / many).ravel(),
        }
    )
