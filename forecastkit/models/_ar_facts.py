"""What autoregressions tell about themselves: orders, residuals, roots, and what to be warned of."""

from __future__ import annotations

import warnings
from typing import Any

import numpy as np

from forecastkit.diagnostics.autocorrelation import ljung_box
from forecastkit.errors import ForecastKitWarning
from forecastkit.models._ar_fits import Fits
from forecastkit.models._ar_paths import largest_moduli
from forecastkit.models._ar_task import Task
from forecastkit.models.protocol import Windows

TESTED = 5
"""Fits of a backtest whose residuals are tested, spread evenly."""
VISIBLE = 10.0
"""Growth over the horizon from which on an explosive root is warned of."""


def facts_of_fits(task: Task, fits: Fits, windows: Windows) -> tuple[dict[str, Any], ...]:
    """What the report says of each fit; residuals are tested at up to 5 of them."""
    moduli = largest_moduli(fits.phi)
    tested = set(np.unique(np.linspace(0, len(fits.p) - 1, TESTED).astype(int)).tolist())
    reach = task.lags.reach[fits.p]
    facts = []
    for f, p in enumerate(fits.p.tolist()):
        fact: dict[str, Any] = {
            "p": p if len(task.lags.counts) > 1 else len(task.lags.lags),
            "max_lag": len(task.lags.counts) - 1 if len(task.lags.counts) > 1 else len(task.lags.lags),
            "modelled": "changes" if task.integrated else "levels",
        }
        if f in tested:
            fact |= _residual_test(task, fits, f, windows, int(reach[f]))
        if np.isfinite(moduli[f]):
            fact["largest_modulus"] = float(moduli[f])
        facts.append(fact)
    return tuple(facts)


def notes_on_fits(task: Task, fits: Fits, facts: tuple[dict[str, Any], ...], name: str) -> tuple[str, ...]:
    """What a user should be warned of: constant windows, orders at their maximum, explosive roots."""
    count, notes = len(fits.p), []
    if fits.constant.any():
        notes.append(
            f"Model {name!r} met {fits.constant.sum()} of {count} training parts that are constant; it has "
            "order 0 there. Use a longer train_window, or check the series."
        )
    top = len(task.lags.counts) - 1
    at_top = int(np.sum(fits.p == top))
    if top >= 1 and at_top > count / 2:
        notes.append(
            f"Model {name!r} chose its highest order {top} at {at_top} of {count} fits. Structure may lie "
            "beyond: raise max_lag, or take the lags of the season with seasons=1."
        )
    grown = [fact["largest_modulus"] for fact in facts if "largest_modulus" in fact]
    grown = [modulus for modulus in grown if modulus**task.horizon > VISIBLE]
    if grown:
        notes.append(
            f"Model {name!r} is explosive at {len(grown)} of {count} fits (largest modulus "
            f"{max(grown):.4g}): its long forecasts run away. Use difference=True, or a longer training part."
        )
    return tuple(notes)


def warn_if_constant(fits: Fits, level: float) -> None:
    """Say that one fit had nothing but a constant to learn from."""
    if fits.constant[0]:
        warnings.warn(
            f"The training part is constant ({level:g}): order 0 is all there is. Check the series.",
            ForecastKitWarning,
            stacklevel=3,
        )


def _residual_test(task: Task, fits: Fits, f: int, windows: Windows, fitted: int) -> dict[str, Any]:
    """Whether residuals still carry autocorrelation; no test where values are missing or too few."""
    residuals = task.residuals(fits, f, windows[f])
    period = task.history.period
    pooled = min(10 if period == 1 else 2 * period, len(residuals) // 5)
    pooled = pooled if pooled > fitted else fitted + 5
    usable = pooled < len(residuals) and bool(np.isfinite(residuals).all())
    return {
        "ljung_box_lags": pooled,
        "ljung_box_p": ljung_box(residuals, pooled, fitted=fitted).p_value if usable else None,
    }
