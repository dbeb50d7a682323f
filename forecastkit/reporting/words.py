"""One true sentence for every outcome."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import numpy as np

from forecastkit.comparison.comparison import ALPHA, Comparison
from forecastkit.comparison.verdict import Verdict


def verdict_text(comparison: Comparison) -> str:
    """Write the verdict for a terminal: the sentence, what it rests on, and skill at a few horizons."""
    lines = [verdict_sentence(comparison), *(f"- {line}" for line in verdict_details(comparison))]
    return "\n".join([*lines, "", *_skill_table(comparison)]).rstrip()


def verdict_sentence(comparison: Comparison) -> str:
    """Say in one plain sentence what was found."""
    verdict = comparison.verdict
    if verdict is None:
        return _without_contenders(comparison)
    names = " and ".join(name for name in (verdict.ar, verdict.network) if name)
    if verdict.outcome == "not_enough_data":
        untested = (comparison.skill_tests[m][0] for m in (verdict.ar, verdict.network) if m)
        reason = next(test.reason for test in untested if test.p_value is None)
        return f"Too little data to say: {names} cannot be tested at the first step ({reason})."
    if verdict.outcome == "neither_beats_naive":
        return _nothing_found(comparison, verdict)
    if verdict.outcome == "ar_enough":
        return _ar_enough(comparison, verdict)
    if verdict.outcome == "rnn_worth_it":
        return _network_worth_it(comparison, verdict)
    return (
        f"{verdict.ar} and {verdict.network} tie: {verdict.ar} beats every reference "
        f"{reach(comparison, verdict.ar)}, {verdict.network} {reach(comparison, verdict.network)}, and no "
        "difference between the two is reliable."
    )


def verdict_details(comparison: Comparison) -> list[str]:
    """List what a careful reader wants to know beside the sentence."""
    return [
        *_skill_lines(comparison),
        *_duel_lines(comparison),
        *_seed_lines(comparison),
        *_cost_lines(comparison),
        *_caveats(comparison),
    ]


def reach(comparison: Comparison, model: str | None) -> str:
    """Say where a model has reliable skill: "up to h = 9", "at h = 12", "at no horizon"."""
    if model is None:
        return "at no horizon"
    found = comparison.skill_horizon[model]
    beyond = [h for h in comparison.skill_set[model] if h > found.h]
    parts = []
    if found.h:
        last = f"up to h = {found.h}" if found.h > 1 else "at h = 1"
        if found.limit == "H":
            last += ", the last step asked for" if found.h > 1 else ", the only step asked for"
        elif found.limit == "data":
            last += " at least, where the origins stop allowing a test"
        parts.append(last)
    if beyond:
        parts.append(f"at {spans(beyond)}")
    return " and ".join(parts) or "at no horizon"


def spans(horizons: Iterable[int]) -> str:
    """Write horizons as ranges.

    Example:
        >>> spans([1, 2, 3, 7])
        'h = 1 to 3 and 7'
    """
    ordered = sorted(horizons)
    runs: list[list[int]] = []
    for h in ordered:
        if runs and h == runs[-1][-1] + 1:
            runs[-1].append(h)
        else:
            runs.append([h])
    texts = [str(run[0]) if len(run) == 1 else f"{run[0]} to {run[-1]}" for run in runs]
    return "h = " + (", ".join(texts[:-1]) + " and " if len(texts) > 1 else "") + texts[-1]


def percent(share: float) -> str:
    """Write a share in per cent, without a minus before zero; what is undefined as a dash."""
    if not np.isfinite(share):
        return "-"
    if share < -9.995:
        return "under -999 %"
    text = f"{100 * share:.0f}"
    return f"{'0' if text == '-0' else text} %"


def seconds(amount: float) -> str:
    """Write a duration with two figures."""
    return f"{amount:.1f} s" if amount >= 1 else f"{1000 * amount:.0f} ms"


def _without_contenders(comparison: Comparison) -> str:
    if not comparison.skill:
        return "Only references were compared: there is no model to judge."
    claims = [f"{model} beats every reference {reach(comparison, model)}" for model in comparison.skill]
    return "; ".join(claims) + ". The run has neither an AR nor a network to judge."


def _nothing_found(comparison: Comparison, verdict: Verdict) -> str:
    asked = [name for name in (verdict.ar, verdict.network) if name]
    tested = [
        h for h, test in enumerate(comparison.skill_tests[asked[0]], start=1) if test.p_value is not None
    ]
    subject = f"neither {asked[0]} nor {asked[1]} is" if len(asked) > 1 else f"{asked[0]} is not"
    where = f"at any horizon that could be tested ({spans(tested)})"
    if len(tested) == comparison.forecasts.horizon:
        where = f"at any horizon up to {comparison.forecasts.horizon}"
    return f"Nothing to predict was found: {subject} reliably better than the simple references {where}."


def _ar_enough(comparison: Comparison, verdict: Verdict) -> str:
    skill = f"{verdict.ar} beats every reference {reach(comparison, verdict.ar)}"
    if verdict.network is None:
        return f"{skill}; no network was compared."
    text = f"{verdict.ar} is enough: it beats every reference {reach(comparison, verdict.ar)}"
    if verdict.ar_better:
        return f"{text} and is reliably better than {verdict.network} at {spans(verdict.ar_better)}."
    return f"{text}; {verdict.network} does so at no horizon."


def _network_worth_it(comparison: Comparison, verdict: Verdict) -> str:
    skill = f"{verdict.network} beats every reference {reach(comparison, verdict.network)}"
    if verdict.ar is None:
        return f"{skill}; no AR was compared."
    if not verdict.network_better:
        return f"{skill}, {verdict.ar} at no horizon; between the two no difference is reliable."
    text = (
        f"{verdict.network} is worth it over {verdict.ar} at {spans(verdict.network_better)}: it is reliably "
        f"better there, and {skill.removeprefix(str(verdict.network) + ' ')}"
    )
    return (
        f"{text}; {verdict.ar} is better at {spans(verdict.ar_better)}." if verdict.ar_better else f"{text}."
    )


def _skill_lines(comparison: Comparison) -> list[str]:
    lines = []
    for model, skill in comparison.skill.items():
        where = reach(comparison, model)
        best = int(np.nanargmax(skill)) if np.isfinite(skill).any() else 0
        points = [f"{percent(skill[i])} at h = {i + 1}" for i in dict.fromkeys((0, len(skill) - 1))]
        if best not in (0, len(skill) - 1) and skill[best] > 0:
            points.append(f"at most {percent(skill[best])} (h = {best + 1})")
        lines.append(f"{model}: reliable skill {where}; skill is {', '.join(points)}.")
    return lines


def _duel_lines(comparison: Comparison) -> list[str]:
    verdict = comparison.verdict
    if verdict is None or not comparison.duel:
        return []
    tested = sum(test.p_value is not None for test in comparison.duel)
    claimed = [*verdict.network_better, *verdict.ar_better]
    difference = (
        f"a reliable difference at {spans(claimed)}"
        if claimed
        else "no reliable difference where one has skill"
    )
    return [
        f"{verdict.network} against {verdict.ar}: {difference} ({tested} horizons tested two-sided, Holm, 5 "
        "%)."
    ]


def _seed_lines(comparison: Comparison) -> list[str]:
    lines = []
    for model, (low, high) in comparison.seed_spread.items():
        ensemble = comparison.scores.of(model, comparison.loss)
        count = len(comparison.forecasts.members[model])
        lines.append(
            f"{model} is the average of {count} seeds. At h = 1 single seeds lie between "
            f"{low[0] / ensemble[0]:.2f} and {high[0] / ensemble[0]:.2f} times its loss."
            if ensemble[0] > 0
            else f"{model} is the average of {count} seeds."
        )
    if comparison.verdict and comparison.verdict.within_seed_noise:
        where = spans(comparison.verdict.within_seed_noise)
        lines.append(
            f"The difference at {where} is within seed noise: smaller than the spread between single seeds."
        )
    return lines


def _cost_lines(comparison: Comparison) -> list[str]:
    verdict = comparison.verdict
    names = [name for name in (verdict.ar, verdict.network) if name] if verdict else list(comparison.skill)
    if not names:
        return []
    return ["Cost: " + ", ".join(f"{name} {seconds(comparison.costs[name])}" for name in names) + "."]


def _caveats(comparison: Comparison) -> list[str]:
    forecasts, scores = comparison.forecasts, comparison.scores
    lines = []
    spans_held = scores.n_origins * forecasts.step / forecasts.horizon
    lines.append(
        f"{scores.n_origins} origins, {forecasts.step} apart: {spans_held:.1f} spans of {forecasts.horizon} "
        f"that do not overlap. Tests are one-sided at {percent(ALPHA)} against every reference."
    )
    if forecasts.settings.get("plan", {}).get("train_window") is None and comparison.skill:
        lines.append(
            "Training windows grow with the origin, so tests against nested references are approximate."
        )
    if comparison.series.spacing == "observations":
        lines.append("Dates follow no fixed frequency: the horizon counts observations.")
    untested = {
        model: [h for h, test in enumerate(tests, start=1) if test.p_value is None]
        for model, tests in comparison.skill_tests.items()
    }
    for model, horizons in untested.items():
        if horizons:
            lines.append(
                f"{model} could not be tested at {spans(horizons)}: "
                f"{_reason(comparison, model, horizons[0])}."
            )
    for model in scores.dropped:
        count = len({failure.origin for failure in forecasts.failures if failure.model == model})
        first = next((f.message for f in forecasts.failures if f.model == model), "")
        lines.append(
            f"{model} failed at {count} of {len(forecasts.origins)} origins and left the comparison: {first}"
        )
    lost = len(forecasts.origins) - scores.n_origins
    if lost:
        lines.append(
            f"{lost} of {len(forecasts.origins)} origins were left out, because some model failed there."
        )
    return lines


def _reason(comparison: Comparison, model: str, h: int) -> str:
    return comparison.skill_tests[model][h - 1].reason


def _skill_table(comparison: Comparison) -> list[str]:
    """Skill by model at a few horizons, for a terminal of 80 columns."""
    if not comparison.skill:
        return []
    horizons = few_horizons(comparison.forecasts.horizon)
    width = max(len("best reference"), *(len(model) for model in comparison.skill))
    head = "skill at h =".ljust(width) + "".join(f"{h:>8}" for h in horizons)
    rows = [
        model.ljust(width) + "".join(f"{percent(skill[h - 1]):>8}" for h in horizons)
        for model, skill in comparison.skill.items()
    ]
    return [head, *rows]


def few_horizons(horizon: int) -> Sequence[int]:
    """Pick up to seven horizons that show a curve: close together at first, then wider.

    Example:
        >>> few_horizons(24)
        [1, 2, 3, 6, 12, 18, 24]
    """
    if horizon <= 7:
        return list(range(1, horizon + 1))
    return sorted({1, 2, 3, round(horizon / 4), round(horizon / 2), round(horizon * 3 / 4), horizon})
