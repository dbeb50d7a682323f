"""How well quantile forecasts say what they do not know: by model and h."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from scipy.special import chdtrc

from forecastkit.arrays import Cube, Indices, Mask, Matrix, Vector
from forecastkit.backtesting.forecasts import Forecasts
from forecastkit.scoring.probabilistic import coverage_interval, interval_score, pinball


@dataclass(frozen=True, slots=True, eq=False)
class IntervalScores:
    """One central interval of one model by h.

    Args:
        share: that it promises to hold, such as 0.8.
        coverage: share that it held, shape (H,).
        limits: 95 % interval for the true coverage that allows for overlap, shape (H, 2).
        width: mean width, shape (H,).
        score: mean interval score (Winkler), shape (H,).
    """

    share: float
    coverage: Vector
    limits: Matrix
    width: Vector
    score: Vector


@dataclass(frozen=True, slots=True, eq=False)
class QuantileScores:
    """Scores of the quantiles of one model.

    All models with quantiles are scored at the same origins: at each h those where each of them has its own.

    Args:
        levels: tau, shape (Q,): those of this model.
        origins: how many origins by h, shape (H,).
        pinball: mean loss, shape (H, Q).
        wql: mean over levels of 2 sum pinball / sum |y|, shape (H,); NaN where all y are 0.
        crps: 2 times the mean pinball loss over the levels, shape (H,): comparable between models with the
            same levels.
        below: share of actual values at or below each quantile, shape (H, Q): tau where that is reliable.
        uniformity: at h = 1, p-value of the hypothesis that values fall between the quantiles as often as
            promised (chi-square); NaN where fewer than 5 are expected somewhere.
        intervals: central intervals, the narrowest promise first.
    """

    levels: tuple[float, ...]
    origins: Indices
    pinball: Matrix
    wql: Vector
    crps: Vector
    below: Matrix
    uniformity: float
    intervals: tuple[IntervalScores, ...]

    def rows(self) -> dict[str, Vector]:
        """Every score by h, under the name it has in a long table."""
        named = {f"pinball {level:g}": self.pinball[:, i] for i, level in enumerate(self.levels)}
        named |= {"wql": self.wql, "crps": self.crps}
        named |= {f"below {level:g}": self.below[:, i] for i, level in enumerate(self.levels)}
        for band in self.intervals:
            name = f"{100 * band.share:g} %"
            named |= {f"coverage {name}": band.coverage, f"width {name}": band.width}
            named |= {f"interval score {name}": band.score}
        return named


def score_quantiles(
    forecasts: Forecasts, kept: Mask, models: Sequence[str] | None = None
) -> dict[str, QuantileScores]:
    """Score every model that has quantiles, at the origins of the comparison.

    Args:
        forecasts: the cubes.
        kept: origins that count, shape (O,).
        models: those that stayed in the comparison, None for all.

    Returns:
        by model, in the order of the forecasts; empty where none has quantiles.
    """
    actual = forecasts.actual[kept]
    judged = forecasts.models if models is None else models
    given = {m: forecasts.quantiles[m][kept] for m in judged if m in forecasts.quantiles}
    own = {m: np.isfinite(bands).any(axis=(0, 1)) for m, bands in given.items()}
    ready = {m: np.isfinite(bands[:, :, own[m]]).all(axis=2) for m, bands in given.items() if own[m].any()}
    if not ready or not len(actual):
        return {}
    cells = np.logical_and.reduce([there | ~there.any(axis=0) for there in ready.values()])
    levels = np.array(forecasts.levels)
    return {
        m: _score(
            actual, given[m][:, :, own[m]], tuple(levels[own[m]].tolist()), cells & there, forecasts.step
        )
        for m, there in ready.items()
    }


def quantile_frame(scores: Mapping[str, QuantileScores]) -> pd.DataFrame:
    """Long table: model, h, loss (the name of the score), value, n_origins."""
    parts = [
        pd.DataFrame(
            {
                "model": model,
                "h": np.arange(1, len(values) + 1),
                "loss": name,
                "value": values,
                "n_origins": found.origins,
            }
        )
        for model, found in scores.items()
        for name, values in found.rows().items()
    ]
    columns = ["model", "h", "loss", "value", "n_origins"]
    return pd.concat(parts, ignore_index=True) if parts else pd.DataFrame(columns=columns)


def _score(
    actual: Matrix, quantiles: Cube, levels: tuple[float, ...], cells: Mask, step: int
) -> QuantileScores:
    counts = cells.sum(axis=0)
    losses = _mean(pinball(actual, quantiles, levels), cells)
    size = _mean(np.abs(actual), cells)
    below = _mean((actual[:, :, None] <= quantiles).astype(np.float64), cells)
    crps = 2 * losses.mean(axis=1)
    pairs = [(i, j) for i, j in _central(levels) if counts.any()]
    return QuantileScores(
        levels=levels,
        origins=counts,
        pinball=losses,
        wql=np.where(size > 0, crps / np.where(size > 0, size, 1.0), np.nan),
        crps=crps,
        below=below,
        uniformity=_uniformity(below[0], levels, int(counts[0])) if counts[0] else np.nan,
        intervals=tuple(
            _interval(actual, quantiles[:, :, i], quantiles[:, :, j], levels[j] - levels[i], cells, step)
            for i, j in pairs
        ),
    )


def _central(levels: tuple[float, ...]) -> list[tuple[int, int]]:
    """Pairs of levels tau and 1 - tau, the innermost first."""
    found = []
    for i, low in enumerate(levels):
        match = [j for j, high in enumerate(levels) if low < 0.5 and abs(low + high - 1) < 1e-9]
        found += [(i, j) for j in match]
    return found[::-1]


def _interval(
    actual: Matrix, lower: Matrix, upper: Matrix, share: float, cells: Mask, step: int
) -> IntervalScores:
    hits = ((lower <= actual) & (actual <= upper)).astype(np.float64)
    limits = [
        coverage_interval(hits[cells[:, i], i : i + 1], [-(-(i + 1) // step)])[0]
        for i in range(actual.shape[1])
    ]
    share = round(share, 10)
    return IntervalScores(
        share=share,
        coverage=_mean(hits, cells),
        limits=np.array(limits),
        width=_mean(upper - lower, cells),
        score=_mean(interval_score(actual, lower, upper, 1 - share), cells),
    )


def _mean(values: np.ndarray, cells: Mask) -> np.ndarray:
    """Average over the origins that count at each h; NaN where none does."""
    where = cells.reshape(*cells.shape, *[1] * (values.ndim - 2))
    counts = cells.sum(axis=0).reshape(-1, *[1] * (values.ndim - 2))
    total = np.where(where, values, 0.0).sum(axis=0)
    return np.where(counts > 0, total / np.maximum(counts, 1), np.nan)


def _uniformity(below: Vector, levels: tuple[float, ...], n: int) -> float:
    """Chi-square test of how often the actual values fall between neighbouring quantiles."""
    promised = np.diff(np.concatenate([[0.0], levels, [1.0]]))
    if n * promised.min() < 5:
        return float("nan")
    found = np.diff(np.concatenate([[0.0], below, [1.0]]))
    return float(chdtrc(len(levels), n * np.sum((found - promised) ** 2 / promised)))
