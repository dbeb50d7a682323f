"""Checks that read the forecasts alone, so that they serve anyone's: what do the numbers give away?"""

from __future__ import annotations

from typing import Any

import numpy as np

from forecastkit.arrays import Matrix, Vector
from forecastkit.comparison.audited import Audited
from forecastkit.comparison.finding import Finding, Level, percent

MOST_SHIFTED = 0.8
LITTLE_MOVED = 0.05
HIGH_R2 = 0.9
COLLAPSED = 0.01


def mimic(case: Audited) -> Finding | None:
    """H-MIMIC: the forecast is yesterday's value.

    A network trained on prices draws a curve that follows the actual one closely, one day late. Its R2 is
    .99, and it knows nothing: shifted back by h it is the last known value. Example: the forecast for Tuesday
    is Monday's close, give or take a cent.

    Rule: the shift k at which mean (f(t,h) - y(t+h-k))^2 is smallest is h at h = 1 and at 80 % of all h, the
    forecast moves less than 5 % as much as the series (variances of f - y(t) and of y(t+h) - y(t)), and it is
    not reliably better than the references at h = 1. It warns; where a unit root is not rejected it informs,
    for there the last value may be the best forecast there is. It never fails.
    """
    if not case.models or case.n < 2:
        return None
    numbers = {model: _mimicry(case, model) for model in case.models}
    mimics = [model for model, (at, share, moved, better) in numbers.items() if _is_mimic(*numbers[model])]
    facts = {
        model: {"best_shift_is_h": share, "moved": moved} for model, (_, share, moved, _) in numbers.items()
    }
    if not mimics:
        moves = ", ".join(f"{model} {percent(told[2])}" for model, told in numbers.items())
        text = f"No model repeats the last value (variance of its moves against that of the series: {moves})."
        return Finding("H-MIMIC", "pass", text, facts=facts)
    moved = ", ".join(f"{model} {percent(numbers[model][2])}" for model in mimics)
    text = f"These forecasts are the last value over again: {moved} of the variance of actual moves."
    if case.wanders:
        text += " A unit root is not rejected, so nothing better may exist."
        return Finding("H-MIMIC", "inform", text, "Call it the naive forecast, which costs nothing.", facts)
    return Finding(
        "H-MIMIC",
        "warn",
        text + " The series returns to its mean, so something better exists.",
        "Train it on changes, and judge it by skill over naive, not by a plot.",
        facts,
    )


def _mimicry(case: Audited, model: str) -> tuple[bool, float, float, bool]:
    """Whether the best shift is h at h = 1, at which share of h, how much it moves, whether it is better."""
    paths, last = case.level_paths(model), case.last
    shifted = []
    for h in range(1, case.horizon + 1):
        errors = [np.mean((paths[:, h - 1] - case.ahead(h - k)) ** 2) for k in range(h + 4)]
        shifted.append(int(np.argmin(errors)) == h)
    moves = sum(float(np.var(path - last)) for path in paths.T)
    actual = sum(float(np.var(case.ahead(h) - last)) for h in range(1, case.horizon + 1))
    band = case.comparison.bands.skill.get(model)
    better = 1 in case.comparison.claimed[model] if band is None else bool(band.lower[0] > 0)
    return shifted[0], float(np.mean(shifted)), moves / actual if actual > 0 else 0.0, better


def _is_mimic(at_one: bool, share: float, moved: float, better: bool) -> bool:
    return at_one and share >= MOST_SHIFTED and moved < LITTLE_MOVED and not better


def level_scores(case: Audited) -> Finding | None:
    """H-LEVEL: a high R2 on a level that wanders.

    The variance of a price over ten years is so large that any forecast near the last price has an R2 of .99
    and a MAPE of 1 %. Both say that the price wanders, nothing about the model. Example: naive on the
    exchange rate, R2 = .998.

    Rule: prices are scored on log returns. Where the scored scale is a level whose unit root is not rejected
    and R2 at h = 1 is above .9, this informs of R2 with the skill over the best reference beside it; it warns
    where prices are scored as levels, or forecasts made elsewhere have no skill.
    """
    if not case.models or case.n < 2:
        return None
    if case.comparison.transform.relative:
        return Finding(
            "H-LEVEL", "pass", "Scored on log returns since the origin, not on the level of prices."
        )
    variance = float(np.var(case.actual[:, 0]))
    mse = {m: float(case.comparison.scores.of(m, "squared")[0]) for m in case.models}
    best = min(mse, key=lambda model: mse[model])
    r2 = 1 - mse[best] / variance if variance > 0 else np.nan
    facts: dict[str, Any] = {"r2": r2, "model": best, "unit_root_p": case.unit_root_p}
    if not (case.wanders and r2 > HIGH_R2):
        why = "returns to its mean" if not case.wanders else f"has an R2 of {r2:.2f} at h = 1"
        return Finding("H-LEVEL", "pass", f"The level {why}: errors on it mean what they say.", facts=facts)
    skill = float(case.comparison.skill[best][0])
    facts["skill"] = skill
    text = (
        f"The level wanders (a unit root is not rejected): {best} has an R2 of {r2:.3f} at h = 1 and a skill "
        f"of {percent(skill)} over the best reference. Only the second says something."
    )
    prices = case.series.default_transform == "log-return"
    skilful = any(case.comparison.claimed[model] for model in case.models)
    if prices or not (case.made_here or skilful):
        remedy = "Score returns (--transform log-return for prices), and never quote R2 or MAPE of the level."
        return Finding("H-LEVEL", "warn", text, remedy, facts)
    return Finding("H-LEVEL", "inform", text, "Quote skill, never R2 or MAPE of the level.", facts)


def recursion(case: Audited) -> Finding | None:
    """H-RECUR: one-step forecasts drawn as a path.

    Code that feeds the actual value of yesterday into every step draws 24 one-step forecasts and calls them a
    24-step path. Example: the "path" for h = 2 moves with the value of h = 1, which nobody knew.

    Rule: it fails where the forecast of a target is the same from every origin (to 1e-9) and yet follows what
    came after its own origin: its part that the past does not explain is correlated with the news at h = 1
    (z above 5). A seasonal naive forecast is the same from every origin too, and follows no news. It needs
    origins one observation apart. `prove_no_leak` asks the model itself.
    """
    if not case.models or case.horizon < 2:
        return None
    if not case.consecutive or case.n < 30:
        text = "Whether paths use what came after their origin shows at 30 origins or more, one step apart."
        return Finding("H-RECUR", "untested", text, "Use step=1, or prove_no_leak with the model.")
    told = {model: _one_step(case, model) for model in case.models}
    guilty = [model for model, (same, z) in told.items() if same > 0.99 and z > 5]
    facts = {model: {"same_from_every_origin": same, "news_z": z} for model, (same, z) in told.items()}
    if guilty:
        text = (
            f"{' and '.join(guilty)}: the forecast of a target is the same from every origin and follows "
            "what came after it: these are one-step forecasts, not paths."
        )
        remedy = "Forecast every path from what was known at its origin; feed back forecasts, never actuals."
        return Finding("H-RECUR", "fail", text, remedy, facts)
    top = max(z for _, z in told.values())
    text = f"Paths do not follow what came after their origin (largest z {top:.1f}, 5 would fail)."
    return Finding("H-RECUR", "pass", text, facts=facts)


def _one_step(case: Audited, model: str) -> tuple[float, float]:
    """Share of targets forecast alike from neighbouring origins, and z of the path following the news."""
    paths = case.level_paths(model)
    scale = float(np.std(case.ahead(1))) or 1.0
    same = float(np.mean(np.abs(paths[1:, :-1] - paths[:-1, 1:]) <= 1e-9 * scale))
    lags = min(max(8, case.series.period + 1), case.n // 4, int(case.origins[0]))
    past = np.column_stack([np.ones(case.n), paths[:, 0], *(case.ahead(-j) for j in range(lags))])
    left = [_residual(past, column) for column in (paths[:, 1], case.ahead(1) - paths[:, 0])]
    if min(float(np.std(part)) for part in left) <= 1e-9 * scale:
        return same, 0.0
    r = float(np.corrcoef(left[0], left[1])[0, 1])
    return same, float(np.arctanh(np.clip(r, -1 + 1e-12, 1 - 1e-12)) * np.sqrt(max(case.n - lags - 4, 1)))


def _residual(design: Matrix, target: Vector) -> Vector:
    size = np.maximum(np.abs(design).max(axis=0), 1e-300)
    return np.asarray(target - design @ (np.linalg.lstsq(design / size, target, rcond=None)[0] / size))


def constant_forecasts(case: Audited) -> Finding | None:
    """H-CONST: a network that collapsed to a constant.

    A rate too high, dead units or a saturated layer: the network answers the same path from every origin.
    Averaged errors still look fair, for the mean is a fair forecast. Example: an LSTM(64) with ReLU that
    forecasts 47.3 for every year.

    Rule: the standard deviation over origins of f(h) is below 1 % of that of what came, at every h, or the
    loss is equal at all h to 1e-9. A network fails where another model has skill, so that there was something
    to learn, and warns elsewhere. Other models inform: an autoregression of order 0 is a constant, and says
    that nothing was found.
    """
    if not case.models or case.n < 2:
        return None
    spread = np.maximum(case.actual.std(axis=0), 1e-300)
    moved = {model: float((case.paths(model).std(axis=0) / spread).max()) for model in case.models}
    flat = [m for m in case.models if case.horizon > 1 and _equal(case.comparison.scores.of(m, "squared"))]
    still = [model for model, share in moved.items() if share < COLLAPSED or model in flat]
    if not still:
        low = min(moved, key=lambda model: moved[model])
        text = f"Every model answers to its origin (least: {low}, {percent(moved[low])} of the spread)."
        return Finding("H-CONST", "pass", text, facts={"moved": moved})
    networks = [model for model in still if model in case.networks]
    learnable = any(case.comparison.claimed[model] for model in case.models if model not in still)
    level: Level = "inform" if not networks else "fail" if learnable else "warn"
    if case.comparison.transform.relative and level == "fail":
        level = "warn"
    told = ", ".join(f"{model} {percent(moved[model])}" for model in networks or still)
    text = f"The same forecast from every origin, or the same error at every h ({told} of the spread)."
    remedy = (
        "Train again: lower the rate, use tanh units, give it a base to correct, look at the training curve."
        if networks
        else ""
    )
    return Finding("H-CONST", level, text, remedy, {"moved": moved})


def _equal(curve: Vector) -> bool:
    return bool(0 < np.mean(curve) and np.ptp(curve) <= 1e-9 * np.mean(curve))


def percentage_errors(case: Audited) -> Finding | None:
    """H-METRIC: percentage errors near zero.

    MAPE divides by the value: one observation of .001 makes the whole average, and low forecasts are rewarded
    everywhere. Example: rainfall, with a MAPE of 4,000 %.

    Rule: no score here is a percentage of the value, so this passes; it tells how near to zero the values
    come, and whether MAPE could be quoted at all.
    """
    size = np.abs(case.level[np.isfinite(case.level)])
    mean = float(size.mean())
    nearest = float(size.min()) / mean if mean > 0 else 0.0
    signs = bool((case.level > 0).any() and (case.level < 0).any())
    facts = {"smallest_share_of_mean": nearest, "changes_sign": signs}
    if case.comparison.transform.relative or signs or nearest < 0.05:
        why = (
            "are returns"
            if case.comparison.transform.relative
            else "change their sign"
            if signs
            else "come near zero"
        )
        text = f"No percentage error is used. The values {why}, so that a MAPE of them would mean nothing."
        return Finding("H-METRIC", "pass", text, facts=facts)
    text = f"No percentage error is used; the smallest value is {percent(nearest)} of the mean one."
    return Finding("H-METRIC", "pass", text, facts=facts)
