"""Scores: losses averaged over the origins that every model served."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np
import pandas as pd

from forecastkit.arrays import Cube, Mask, Matrix, Vector
from forecastkit.backtesting.forecasts import Forecasts
from forecastkit.scoring.losses import Loss, pointwise_loss
from forecastkit.scoring.quantile_scores import QuantileScores, quantile_frame, score_quantiles

LARGEST_FAILED_SHARE = 0.1
"""A model that failed at more of the origins leaves the comparison; the others keep theirs."""


@dataclass(frozen=True, slots=True, eq=False)
class Scores:
    """Average losses, one row per model and h, all over the same origins.

    Args:
        models: names, shape (M,): those that stayed in the comparison.
        dropped: models that failed at more than 10 % of the origins.
        kept: which origins every model of `models` served, shape (O,).
        mse, mae: shape (M, H), in the unit of the scored scale (squared for mse).
        mase: shape (M, H), MAE divided by the in-sample scale; NaN where that is undefined.
        quantiles: scores of the quantiles, by model that has any.
    """

    models: tuple[str, ...]
    dropped: tuple[str, ...]
    kept: Mask
    mse: Matrix
    mae: Matrix
    mase: Matrix
    quantiles: Mapping[str, QuantileScores] = field(default_factory=dict)

    def __repr__(self) -> str:
        return f"Scores({', '.join(self.models)}; {self.n_origins} origins, horizon {self.mse.shape[1]})"

    @property
    def n_origins(self) -> int:
        """How many origins the averages stand on."""
        return int(self.kept.sum())

    def of(self, model: str, loss: Loss) -> Vector:
        """Average loss of one model by h, shape (H,)."""
        table = self.mse if loss == "squared" else self.mae
        curve: Vector = table[self.models.index(model)]
        return curve

    def _repr_html_(self) -> str:
        return str(self.to_frame()._repr_html_())

    def to_frame(self) -> pd.DataFrame:
        """Long table: model, h, loss, value, n_origins.

        The losses are mse, mae, mase; and for models with quantiles pinball and "below" (the share of actual
        values at or below) by level, wql, crps, coverage, width and interval score by interval.
        """
        m, h = self.mse.shape
        tables = {"mse": self.mse, "mae": self.mae, "mase": self.mase}
        points = pd.DataFrame(
            {
                "model": np.repeat(np.array(self.models * len(tables), dtype=object), h),
                "h": np.tile(np.arange(1, h + 1), m * len(tables)),
                "loss": np.repeat(np.array(list(tables), dtype=object), m * h),
                "value": np.concatenate([table.ravel() for table in tables.values()]),
                "n_origins": self.n_origins,
            }
        )
        return (
            pd.concat([points, quantile_frame(self.quantiles)], ignore_index=True)
            if self.quantiles
            else points
        )


def score(forecasts: Forecasts, scale: float) -> Scores:
    """Average the losses over the origins that every remaining model served.

    A cell that is missing for one model is missing for all; a model that failed at more than 10 % of the
    origins is dropped instead, so that the others keep theirs. Origins without all of their actual values are
    left out.

    Args:
        forecasts: the cubes.
        scale: in-sample mean absolute change before the first origin, for MASE.
    """
    answered = np.asarray(np.isfinite(forecasts.mean).all(axis=2))
    stays = answered.mean(axis=1) >= 1 - LARGEST_FAILED_SHARE
    kept: Mask = answered[stays].all(axis=0) & np.isfinite(forecasts.actual).all(axis=1)
    mean = forecasts.mean[stays][:, kept]
    actual = forecasts.actual[kept]
    mae = _average(actual, mean, "absolute")
    models = tuple(name for name, stay in zip(forecasts.models, stays, strict=True) if stay)
    return Scores(
        models=models,
        dropped=tuple(name for name, stay in zip(forecasts.models, stays, strict=True) if not stay),
        kept=kept,
        mse=_average(actual, mean, "squared"),
        mae=mae,
        mase=mae / scale,
        quantiles=score_quantiles(forecasts, kept, models),
    )


def _average(actual: Matrix, mean: Cube, loss: Loss) -> Matrix:
    if not len(actual):
        return np.full((mean.shape[0], mean.shape[2]), np.nan)
    average: Matrix = pointwise_loss(actual, mean, loss).mean(axis=1)
    return average
