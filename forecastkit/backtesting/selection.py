"""What was chosen before the first origin, at what cost, and how well it forecast there."""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import numpy as np

from forecastkit.arrays import Matrix
from forecastkit.models.protocol import Forecaster, History, family_of, forecast_many, prepare

ORIGINS = 24
"""Origins inside the training part from which an autoregression is validated, at most."""
SHARE = 6
"""Of the training part, the last of so many parts validates."""


def describe_selection(
    recipe: Forecaster, settled: Forecaster, history: History, horizon: int, facts: Mapping[str, Any]
) -> dict[str, Any]:
    """Tell the budget of a model's choices, and its error on data before the first origin.

    A network's error is that of its guard's block, which it tells itself. An autoregression is fitted on
    what precedes the last sixth of the data and forecasts from up to 24 origins in there. Either is the
    squared error over that of the last value, geometric mean over h.

    Args:
        recipe: as it was given.
        settled: after `prepare`.
        history: what is known before the first origin.
        horizon: steps ahead.
        facts: of the first fit.

    Returns:
        `configurations`, `seconds`, `until` (observations used) and `error`, None where it is not known.
    """
    begin = time.perf_counter()
    error = facts.get("guard_error")
    if error is None and family_of(recipe) == "ar":
        error = validation_error(recipe, history, horizon)
    told = {
        "configurations": 1,
        "seconds": time.perf_counter() - begin,
        "until": history.start + len(history.values),
    }
    return {**told, **getattr(settled, "selection", {}), "error": error}


def validation_error(recipe: Forecaster, history: History, horizon: int) -> float | None:
    """Squared error over that of the last value on the end of a past, geometric mean over h.

    None where the past is too short, or the recipe fails on it.
    """
    n = len(history.values)
    first = n - horizon - max(ORIGINS, (n - horizon) // SHARE) + 1
    if first < n // 3:
        return None
    origins = np.unique(np.linspace(first, n - horizon, ORIGINS).astype(np.int64))
    rng = np.random.default_rng(0)
    try:
        past = _until(history, first, horizon)
        fitted = prepare(recipe, past, horizon=horizon, rng=rng).fit(past, horizon=horizon, rng=rng)
        paths = forecast_many(fitted, [_until(history, t, horizon) for t in origins.tolist()], horizon)
    except (
        Exception
    ):  # anyone's code: what it raises here it raises in the backtest too, where it is recorded
        return None
    actual = history.values[origins[:, None] + np.arange(horizon)]
    last = history.values[origins - 1][:, None]
    if history.changes:
        paths, actual, last = np.cumsum(paths, axis=1), np.cumsum(actual, axis=1), np.zeros_like(last)
    ratio = _mean_square(actual - paths) / np.maximum(_mean_square(actual - last), 1e-300)
    error = float(np.exp(np.mean(np.log(np.maximum(ratio, 1e-300)))))
    return error if np.isfinite(error) else None


def _mean_square(errors: Matrix) -> Matrix:
    with np.errstate(over="ignore"):
        return np.asarray(np.nanmean(errors**2, axis=0))


def _until(history: History, stop: int, horizon: int) -> History:
    """The past as it was known after `stop` of its observations."""
    known, past = history.known, history.past
    return replace(
        history,
        values=history.values[:stop],
        index=history.index[:stop],
        known=None if known is None else known[: stop + horizon],
        past=None if past is None else past[:stop],
    )
