"""How far back a fitted model looks: derivatives of its forecasts by the values it has seen, lag by lag."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from forecastkit.arrays import Cube, Matrix, Vector
from forecastkit.models.protocol import Fitted, History, forecast_many

SHARE = 0.9
"""Share of the whole that the memory length covers."""
WINDOWS, PER_CALL = 32, 768
"""Windows that a memory is averaged over, and the most that they may be times the horizon."""
STEP = 1e-2
"""Values are moved by this share of their standard deviation."""
ROUNDING = 1e-6
"""A change of a forecast below this share of that of a value is one of rounding."""
TINY = 1e-9
"""Share of the largest derivative below which one counts as none."""
FARTHEST = 512
"""Lags looked at in models that are differentiated by moving their values."""


@dataclass(frozen=True, slots=True, eq=False)
class Gradients:
    """Derivatives of forecasts by past values, newest value first.

    What is differentiated is the level forecast h steps ahead; where a history holds changes, the move from
    the origin to h. What a model estimates from its past stays as it is.

    Args:
        whole: of the forecast, shape (O, H, lags).
        network: of what a network adds to its base path, before its guard weighs it, of the same shape; None
            where the two cannot be told apart.
    """

    whole: Cube
    network: Cube | None = None


def memory_length(curve: Vector, share: float = SHARE) -> int:
    """Count the newest values that make up this share of a curve's sum (M90); 0 where all of it is zero.

    Args:
        curve: size of the derivative by lag, newest value first, none negative, shape (lags,).
        share: of the sum.

    Example:
        >>> memory_length(0.8 ** np.arange(24.0))
        11
    """
    total = np.cumsum(curve)
    if not len(total) or not total[-1] > 0:
        return 0
    return int(np.argmax(total >= share * total[-1])) + 1


def decay_rate(curve: Vector) -> float | None:
    """Slope of the logarithm of a curve by lag, over the lags that count; None with fewer than two.

    Example:
        >>> round(decay_rate(0.8 ** np.arange(24.0)), 4)
        -0.2231
    """
    lags = np.flatnonzero(curve > TINY * np.max(curve, initial=0.0))
    if len(lags) < 2:
        return None
    centred = lags - lags.mean()
    return float(centred @ np.log(curve[lags]) / (centred @ centred))


def differences(fitted: Fitted, history: History, horizon: int) -> Matrix:
    """Differentiate a model's forecast by moving one value at a time, exactly where it is linear in them.

    (f(y + d) - f(y - d)) / 2d, d a hundredth of the standard deviation of y, as far back as any value counts.

    Returns:
        shape (horizon, lags), lags at least 1 and at most 512.
    """
    values = history.values
    size = STEP * float(np.nanstd(values)) or 1.0
    lags = _reach(fitted, history, horizon, size)
    moved = np.zeros((2 * lags, len(values)))
    each = np.arange(lags)
    moved[each, len(values) - 1 - each] = size
    moved[lags + each, len(values) - 1 - each] = -size
    paths = _moves(fitted, history, horizon, moved)
    slopes = (paths[:lags] - paths[lags:]).T / (2 * size)
    return np.where(np.abs(slopes) > ROUNDING * np.max(np.abs(slopes)), slopes, 0.0)


def memory_of(fitted: Fitted, history: History, horizon: int) -> dict[str, Any]:
    """Tell how many past values a model uses, averaged over windows of the past it was fitted on.

    g_k = mean over windows of |d forecast(h) / d value at lag k|, k = 0 the newest. Beside it the same of the
    loss over all h, sum over h of (error(h) / s(h))^2 / H with s the root mean square of the errors.

    Args:
        fitted: offers `gradients(histories, horizon) -> Gradients`, or is differentiated by `differences`.
        history: what it was fitted on.
        horizon: steps ahead.

    Returns:
        `values`, M90 by h; `loss_values`, that of the loss; `h`, three steps whose curves are kept in
        `curves`, with their rates of decay in `decay`; and `network_values`, `network_curves` of the network
        alone, where it can be told from its base. Curves are shares of their sum, None where all is zero.
    """
    pasts, actual = _windows(history, horizon)
    exact: Callable[[Sequence[History], int], Gradients] | None = getattr(fitted, "gradients", None)
    if exact is None:
        found = Gradients(np.repeat(differences(fitted, history, horizon)[None], len(pasts), axis=0))
    else:
        found = exact(pasts, horizon)
    errors = actual - _scored(forecast_many(fitted, pasts, horizon), history)
    scale = np.sqrt(np.mean(errors**2, axis=0))
    pulled = np.divide(errors, scale**2, out=np.zeros_like(errors), where=scale > 0)
    loss = np.mean(np.abs(np.einsum("nh,nhk->nk", pulled, found.whole)), axis=0)
    steps = sorted({1, -(-horizon // 2), horizon})
    curves = np.mean(np.abs(found.whole), axis=0)
    told: dict[str, Any] = {
        "windows": len(pasts) if exact is not None else 1,
        "h": steps,
        "values": [memory_length(curve) for curve in curves],
        "decay": [decay_rate(curves[h - 1]) for h in steps],
        "curves": [_shares(curves[h - 1]) for h in steps],
        "loss_values": memory_length(loss),
    }
    if found.network is not None:
        alone = np.mean(np.abs(found.network), axis=0)
        told["network_values"] = [memory_length(curve) for curve in alone]
        told["network_curves"] = [_shares(alone[h - 1]) for h in steps]
    return told


def _reach(fitted: Fitted, history: History, horizon: int, size: float) -> int:
    """Give lags beyond which no value counts, in doublings: older values are moved up and down at once."""
    n = len(history.values)
    signs = np.where(np.random.default_rng(0).random(n) < 0.5, -size, size)
    lags = 1
    while lags < min(n, FARTHEST):
        older = np.arange(n) < n - lags
        paths = _moves(fitted, history, horizon, np.stack([0 * signs, np.where(older, signs, 0.0)]))
        if np.max(np.abs(paths[1] - paths[0])) <= ROUNDING * size:
            break
        lags *= 2
    return min(lags, n, FARTHEST)


def _moves(fitted: Fitted, history: History, horizon: int, moved: Matrix) -> Matrix:
    """Forecast, on the scored scale, from histories whose values were moved by the rows of `moved`."""
    histories = [replace(history, values=history.values + row) for row in moved]
    return _scored(forecast_many(fitted, histories, horizon), history)


def _scored(paths: Matrix, history: History) -> Matrix:
    return np.cumsum(paths, axis=1) if history.changes else paths


def _windows(history: History, horizon: int) -> tuple[list[History], Matrix]:
    """Pasts that end in the second half of a past, evenly spread, and what came after each: (N, H)."""
    n = len(history.values)
    last = n - horizon
    count = max(1, min(WINDOWS, PER_CALL // horizon))
    ends = np.unique(np.linspace(min(n // 2, last), last, count).astype(np.int64)).tolist()
    actual = np.array([history.values[end : end + horizon] for end in ends])
    return [until(history, end, horizon) for end in ends], _scored(actual, history)


def until(history: History, end: int, horizon: int) -> History:
    """Give the part of a past that ends before position `end`."""
    return replace(
        history,
        values=history.values[:end],
        index=history.index[:end],
        known=None if history.known is None else history.known[: end + horizon],
        past=None if history.past is None else history.past[:end],
    )


def _shares(curve: Vector) -> list[float] | None:
    """Write a curve as shares of its sum, to four digits, without the zeros at its end."""
    total = float(curve.sum())
    if not total > 0:
        return None
    used = int(np.flatnonzero(curve > TINY * curve.max())[-1]) + 1
    return [float(f"{share:.4g}") for share in curve[:used] / total]
