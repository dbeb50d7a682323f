"""The verdict in one paragraph, the table it was read from, and how each model degrades."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np

from forecastkit.arrays import Vector
from forecastkit.comparison.comparison import Comparison
from forecastkit.comparison.contenders import DIRECT
from forecastkit.comparison.verdict import CAPS, CONDITIONS, RULES, Rule, Verdict
from forecastkit.reporting.canvas import plain_number
from forecastkit.reporting.tables import DASH, Cell, Table, number
from forecastkit.reporting.words import percent, spans

ROUNDING = 1e-9
"""Share of the largest difference below which one is that of two ways to compute the same."""


def verdict_paragraph(comparison: Comparison) -> str:
    """Say in a few sentences how large the effect is, how sure, at what cost, and what limits it."""
    verdict = comparison.verdict
    if verdict is None or verdict.model is None:
        return ""
    parts = [*_effect(comparison, verdict), *_crossover(comparison), *_seeds(comparison, verdict)]
    if verdict.cost_ratio is not None:
        ratio = _times(verdict.cost_ratio)
        parts.append(f"{verdict.network} takes {ratio} the computing time of {verdict.ar}.")
    if verdict.capped_by:
        parts.append(f"What limits this: {'; '.join(CAPS[cap] for cap in verdict.capped_by)}.")
    return " ".join(parts)


def conclusion_tables(comparison: Comparison) -> list[Table]:
    """How each model degrades, what could have been found, and the decision table, as far as they apply."""
    makers = (degradation_table, detectable_table, difference_table, rule_table)
    return [table for make in makers if (table := make(comparison)) is not None]


def rule_table(comparison: Comparison) -> Table | None:
    """The decision table, the row that decided standing out; None without a verdict."""
    if comparison.verdict is None:
        return None
    rows = []
    for i, rule in enumerate(RULES):
        strong = i == comparison.verdict.row
        texts = (rule.outcome.replace("_", " "), _when(rule), rule.meaning)
        rows.append(tuple(Cell(text, strong=strong) for text in texts))
    return Table(
        caption="Decision table: the first row that fits decides",
        columns=("outcome", "when", "meaning"),
        rows=tuple(rows),
        words=("outcome", "when", "meaning"),
        notes=(
            "Bold: the row of this verdict. Better: two-sided test, Holm over h, 5 %, and beyond seed noise.",
        ),
    )


def detectable_table(comparison: Comparison) -> Table | None:
    """Bands of skill, and the smallest skill a test could find, by h; None where only references ran."""
    if not comparison.skill:
        return None
    rows = []
    for i in range(comparison.forecasts.horizon):
        cells = [Cell(str(i + 1))]
        for model in comparison.skill:
            band, least = comparison.bands.skill.get(model), comparison.skill_tests[model][i].detectable
            ends = (band.lower[i], band.upper[i], band.low[i], band.high[i]) if band else (np.nan,) * 4
            cells += [Cell(_between(*ends[:2])), Cell(_between(*ends[2:])), Cell(_share(least))]
        rows.append(tuple(cells))
    notes = [
        "90 % bands: at this h alone, and at every h together. Detectable: the smallest true skill over the "
        "best reference that the test at this h finds four times in five; a smaller one may go unnoticed."
    ]
    notes += [f"No bands: {comparison.bands.reason}."] if comparison.bands.reason else []
    return Table(
        caption="Bands of skill, and the smallest detectable skill, by horizon",
        columns=("h", *(("band", "joint band", "detectable") * len(comparison.skill))),
        rows=tuple(rows),
        groups=(("", 1), *((model, 3) for model in comparison.skill)),
        notes=tuple(notes),
    )


def difference_table(comparison: Comparison) -> Table | None:
    """Differences of loss with bands, by h: network less AR, iterated less direct AR; None without either."""
    verdict, bands = comparison.verdict, comparison.bands
    ar = verdict.ar if verdict is not None else None
    network = verdict.network if verdict is not None else None
    pairs = ((f"{network} less {ar}", bands.difference), (f"{ar} less {DIRECT}", bands.direct_gap))
    found = [(what, band) for what, band in pairs if band is not None]
    if not found:
        return None
    rows = []
    for i in range(comparison.forecasts.horizon):
        cells = [Cell(str(i + 1))]
        for _, band in found:
            least = ROUNDING * float(np.max(np.abs(band.estimate)))
            cells.append(Cell(_three(band.estimate[i], least)))
            cells.append(Cell(_reach(band.lower[i], band.upper[i], least)))
            sure = bool(band.low[i] > least or band.high[i] < -least)
            cells.append(Cell(_reach(band.low[i], band.high[i], least), strong=sure))
        rows.append(tuple(cells))
    return Table(
        caption=f"Differences of the {comparison.loss} error, by horizon",
        columns=("h", *(("difference", "band", "joint band") * len(found))),
        rows=tuple(rows),
        groups=(("", 1), *((what, 3) for what, _ in found)),
        notes=(
            "Below zero, the first of the two has the smaller loss. 90 % bands: at this h alone, and at "
            "every h together; bold: without zero.",
        ),
    )


def degradation_table(comparison: Comparison) -> Table | None:
    """How the loss of each model grows; None where only references ran."""
    if not comparison.degradation:
        return None
    rows = []
    for model, found in comparison.degradation.items():
        horizon = comparison.skill_horizon[model]
        excess = None if comparison.linear is None else comparison.linear.excess.get(model)
        cells = (
            f"{horizon}{_range(horizon.interval)}",
            DASH if found.half_skill is None else str(found.half_skill),
            DASH if found.plateau is None else str(found.plateau),
            DASH if found.exponent is None else f"{found.exponent:.2f}{_range(found.exponent_interval)}",
            *(_ends(curve) for curve in (excess, found.regret)),
        )
        rows.append((Cell(model), *map(Cell, cells)))
    return Table(
        caption="How each model degrades",
        columns=("model", "skill horizon", "half skill", "plateau", "growth exponent", "excess", "regret"),
        rows=tuple(rows),
        words=("model",),
        notes=tuple(_degradation_notes(comparison)),
    )


def _degradation_notes(comparison: Comparison) -> Iterable[str]:
    yield (
        "In brackets: 90 % of resampled sets of origins. Half skill: first h with at most half of the first "
        "skill. Plateau: from there on the loss stays above 95 % of the climatology's. Exponent: loss grows "
        "as h to this power (1: squared error of a random walk)."
    )
    yield (
        "Excess, at the first and the last h: mean squared error over what the fitted AR expects of itself. "
        "Regret: loss over that of the best possible forecast, where the truth is known."
    )
    if comparison.linear is not None and comparison.linear.limit is not None:
        yield f"The AR expects to be no better than the mean from h = {comparison.linear.limit} on."


def _when(rule: Rule) -> str:
    """Write the answers that lead to a row."""
    answers = (
        f"{question}: {'yes' if rule.answers[condition] else 'no'}"
        for condition, question in CONDITIONS.items()
        if condition in rule.answers
    )
    return "; ".join(answers) or "otherwise"


def _reach(low: float, high: float, least: float) -> str:
    return f"{_three(low, least)} to {_three(high, least)}" if np.isfinite([low, high]).all() else DASH


def _three(value: float, least: float) -> str:
    """Write three digits, and what is below `least` as zero."""
    if not np.isfinite(value):
        return DASH
    return plain_number(float(f"{value:.3g}") if abs(value) > least else 0.0, "g")


def _effect(comparison: Comparison, verdict: Verdict) -> Iterable[str]:
    where = f" at {spans(verdict.horizons)}" if verdict.horizons else ""
    if verdict.skill is not None:
        mean = ", on average," if len(verdict.horizons) > 1 else ""
        yield (
            f"The skill of {verdict.model} over the best reference{where}{mean} is "
            f"{percent(verdict.skill)}{_interval(verdict.skill_interval)}."
        )
    if verdict.lead is not None and verdict.outcome not in ("neither_beats_naive", "not_enough_data"):
        other = verdict.ar if verdict.model == verdict.network else verdict.network
        more = "smaller" if verdict.lead >= 0 else "larger"
        ends = verdict.lead_interval
        if ends is not None and verdict.lead < 0:
            ends = (-ends[1], -ends[0])
        yield f"Its loss there is {percent(abs(verdict.lead))} {more} than that of {other}{_interval(ends)}."
    if verdict.detectable is not None:
        what = "difference between the two" if verdict.outcome == "tie" else "skill"
        low, high = (percent(min(value, 10.0)) for value in verdict.detectable)
        reach = f"{low}" if low == high else f"{low} at the best h, {high} at the worst"
        origins = comparison.scores.n_origins
        yield f"Smallest {what} that these {origins} origins show four times in five: {reach}."


def _crossover(comparison: Comparison) -> Iterable[str]:
    found = comparison.crossover
    if found is None or found.crossing.h is None or not found.confidence_set or comparison.verdict is None:
        return
    before, after = comparison.verdict.network, comparison.verdict.ar
    if found.crossing.direction == "ar_then_rnn":
        before, after = after, before
    where = f"; with 90 % confidence it is one of {spans(found.confidence_set)}"
    yield f"The smaller loss passes from {before} to {after} at h = {found.crossing.first}{where}."


def _seeds(comparison: Comparison, verdict: Verdict) -> Iterable[str]:
    noise = comparison.seed_noise.get(str(verdict.network))
    if noise is None or noise.beats_ar is None or not len(noise.beats_ar):
        return
    ends = dict.fromkeys((1, len(noise.beats_ar)))
    chances = " and ".join(f"{percent(float(noise.beats_ar[h - 1]))} at h = {h}" for h in ends)
    yield (
        f"One more {verdict.network} with a new seed would have a smaller loss than {verdict.ar} with chance "
        f"{chances}; the figures above are of the ensemble of {noise.seeds}."
    )


def _ends(curve: Vector | None) -> str:
    return DASH if curve is None else f"{number(curve[0], 2)} and {number(curve[-1], 2)}"


def _interval(ends: tuple[float, float] | None) -> str:
    return "" if ends is None else f" (90 %: {percent(ends[0])} to {percent(ends[1])})"


def _range(ends: tuple[float, float] | None) -> str:
    if ends is None:
        return ""
    low, high = (str(end) if isinstance(end, int) else f"{end:.2f}" for end in ends)
    return f" ({low} to {high})"


def _between(low: float, high: float) -> str:
    return f"{percent(low)} to {percent(high)}" if np.isfinite([low, high]).all() else DASH


def _share(value: float | None) -> str:
    if value is None or not np.isfinite(value):
        return DASH
    return percent(value) if value <= 1 else "> 100 %"


def _times(ratio: float) -> str:
    return f"{ratio:.0f} times" if ratio >= 2 else f"{ratio:.2g} times"
