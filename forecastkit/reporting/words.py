"""One true sentence for every outcome."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import numpy as np

from forecastkit.backtesting.forecasts import Forecasts
from forecastkit.comparison.comparison import Comparison
from forecastkit.comparison.skill import ALPHA
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
    if verdict.outcome == "not_enough_data":
        return _no_test(comparison, verdict)
    if verdict.outcome == "neither_beats_naive":
        return _nothing_found(comparison, verdict)
    if verdict.outcome == "skill_found":
        return _one_alone(comparison, verdict)
    if verdict.outcome == "ar_enough":
        return _ar_enough(comparison, verdict)
    if verdict.outcome == "tie":
        return _tie(comparison, verdict)
    return _network_better(comparison, verdict)


def verdict_details(comparison: Comparison) -> list[str]:
    """List what a careful reader wants to know beside the sentence; the first is the paragraph behind it."""
    from forecastkit.reporting.audit_words import audit_lines
    from forecastkit.reporting.conclusion import verdict_paragraph  # both take their words from here

    paragraph = verdict_paragraph(comparison)
    return [
        *([paragraph] if paragraph else []),
        *_skill_lines(comparison),
        *_duel_lines(comparison),
        *_seed_lines(comparison),
        *_cost_lines(comparison),
        *_caveats(comparison),
        *audit_lines(comparison.honesty),
    ]


def reach(comparison: Comparison, model: str | None) -> str:
    """Say where a model has reliable skill: "up to h = 9", "at h = 12", "at no horizon"."""
    if model is None:
        return "at no horizon"
    found = comparison.skill_horizon[model]
    beyond = [h for h in comparison.claimed[model] if h > found.h]
    parts = []
    if found.h:
        last = f"up to h = {found.h}" if found.h > 1 else "at h = 1"
        if found.limit == "H" and found.h > 1:
            last = f"at every h to {found.h}"
        elif found.limit == "data":
            last += " at least, where tests end"
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


def counted(count: int, things: str) -> str:
    """Write a number of things, in the singular where there is one."""
    return f"{count} {things.removesuffix('s') if count == 1 else things}"


def percent(share: float) -> str:
    """Write a share in per cent, without a minus before zero; what is undefined as a dash."""
    if not np.isfinite(share):
        return "-"
    if share < -9.995:
        return "< -999 %"
    text = f"{100 * share:.0f}"
    return f"{'0' if text == '-0' else text} %"


def seconds(amount: float) -> str:
    """Write a duration with two figures."""
    return f"{amount:.1f} s" if amount >= 1 else f"{1000 * amount:.0f} ms"


def _without_contenders(comparison: Comparison) -> str:
    lost = comparison.scores.dropped
    if lost and not comparison.skill:
        return f"No verdict: {' and '.join(lost)} failed and left the comparison."
    if not comparison.skill:
        return "Only references were compared: there is no model to judge."
    return (
        "; ".join(_claims(comparison, comparison.skill))
        + ". The run has neither an AR nor a network to judge."
    )


def _no_test(comparison: Comparison, verdict: Verdict) -> str:
    asked = [model for model in (verdict.ar, verdict.network) if model]
    reason = next(t.reason for t in (comparison.skill_tests[m][0] for m in asked) if t.p_value is None)
    start = "Too little data to say" if reason.startswith("not enough") else "No verdict"
    return f"{start}: {' and '.join(asked)} cannot be tested at the first step ({reason})."


def _nothing_found(comparison: Comparison, verdict: Verdict) -> str:
    asked = [name for name in (verdict.ar, verdict.network) if name]
    tested = [
        h for h, test in enumerate(comparison.skill_tests[asked[0]], start=1) if test.p_value is not None
    ]
    subject = f"neither {asked[0]} nor {asked[1]} is" if len(asked) > 1 else f"{asked[0]} is not"
    where = f"at any horizon that could be tested ({spans(tested)})"
    if len(tested) == comparison.forecasts.horizon:
        where = f"at any horizon up to {comparison.forecasts.horizon}" if len(tested) > 1 else "at h = 1"
    text = f"{subject} reliably better than the simple references {where}"
    others = [model for model in comparison.skill if model not in asked and comparison.claimed[model]]
    if others:
        return f"{text[0].upper()}{text[1:]}; {'; '.join(_claims(comparison, others))}."
    return f"Nothing to predict was found: {text}."


def _one_alone(comparison: Comparison, verdict: Verdict) -> str:
    model = verdict.ar or verdict.network
    kind, what = ("network", "no network") if verdict.ar else ("ar", "no AR")
    lost = [m for m in comparison.scores.dropped if comparison.forecasts.families[m] == kind]
    rest = f"{lost[0]} failed and left the comparison" if lost else f"{what} was compared"
    return f"{model} beats every reference {reach(comparison, model)}; {rest}."


def _ar_enough(comparison: Comparison, verdict: Verdict) -> str:
    text = f"{verdict.ar} is enough: it beats every reference {reach(comparison, verdict.ar)}"
    if verdict.ar_better:
        return f"{text} and is reliably better than {verdict.network} at {spans(verdict.ar_better)}."
    return f"{text}; {verdict.network} does so at no horizon."


def _tie(comparison: Comparison, verdict: Verdict) -> str:
    return (
        f"{verdict.ar} and {verdict.network} tie: {verdict.ar} beats every reference "
        f"{reach(comparison, verdict.ar)}, {verdict.network} {reach(comparison, verdict.network)}, and no "
        "difference between the two is reliable where one has skill."
    )


def _network_better(comparison: Comparison, verdict: Verdict) -> str:
    skill = f"it beats every reference {reach(comparison, verdict.network)}"
    better = f"reliably better than {verdict.ar} at {spans(verdict.network_better)}"
    if verdict.ar_better:
        return (
            f"It depends on the horizon: {verdict.network} is {better}, {verdict.ar} is reliably better at "
            f"{spans(verdict.ar_better)}; {verdict.network} beats every reference "
            f"{reach(comparison, verdict.network)}, {verdict.ar} {reach(comparison, verdict.ar)}."
        )
    return f"{verdict.network} is worth it: {skill} and is {better}."


def _claims(comparison: Comparison, models: Iterable[str]) -> list[str]:
    return [f"{model} beats every reference {reach(comparison, model)}" for model in models]


def _skill_lines(comparison: Comparison) -> list[str]:
    lines = []
    for model, skill in comparison.skill.items():
        where = reach(comparison, model)
        best = int(np.nanargmax(skill)) if np.isfinite(skill).any() else 0
        points = [f"{percent(skill[i])} at h = {i + 1}" for i in dict.fromkeys((0, len(skill) - 1))]
        ends = {percent(skill[0]), percent(skill[-1])}
        if skill[best] > 0 and percent(skill[best]) not in ends:
            points.append(f"at most {percent(skill[best])} (h = {best + 1})")
        lines.append(f"{model}: reliable skill {where}; skill is {', '.join(points)}.")
    return lines


def _duel_lines(comparison: Comparison) -> list[str]:
    verdict = comparison.verdict
    if verdict is None or verdict.ar is None or verdict.network is None:
        return []
    network, ar = (comparison.scores.of(m, comparison.loss) for m in (verdict.network, verdict.ar))
    smaller = f"{verdict.network} has the smaller loss at {int((network < ar).sum())} of {len(ar)} horizons"
    tested = sum(test.p_value is not None for test in comparison.duel)
    claimed = [*verdict.network_better, *verdict.ar_better]
    either = comparison.claimed[verdict.ar] or comparison.claimed[verdict.network]
    finding = "none differs reliably" + (" where one has skill" if either else "")
    if claimed:
        finding = f"a reliable difference at {spans(claimed)}"
    between = f"{verdict.network} against {verdict.ar}"
    return [f"{between}: {smaller}; {finding} ({tested} tested two-sided, Holm, 5 %)."]


def _seed_lines(comparison: Comparison) -> list[str]:
    lines = []
    for model, (low, high) in comparison.seed_spread.items():
        ensemble = comparison.scores.of(model, comparison.loss)
        text = f"{model} is the average of {len(comparison.forecasts.members[model])} seeds"
        if ensemble[0] > 0:
            least, most = low[0] / ensemble[0], high[0] / ensemble[0]
            text += f"; at h = 1 single seeds have {least:.2f} to {most:.2f} times its loss"
        lines.append(f"{text}.")
    network = comparison.verdict.network if comparison.verdict else None
    if network and network not in comparison.seed_spread and timed(comparison):
        lines.append(
            f"{network} was fitted with one seed: how much of its result is luck of the seed is not known."
        )
    if comparison.verdict and comparison.verdict.within_seed_noise:
        where = spans(comparison.verdict.within_seed_noise)
        lines.append(
            f"The difference at {where} is within seed noise: smaller than the spread between seeds."
        )
    return lines


def timed(comparison: Comparison) -> bool:
    """Whether computing times are known: of forecasts made elsewhere they are not."""
    return bool(np.isfinite(list(comparison.costs.values())).any())


def _cost_lines(comparison: Comparison) -> list[str]:
    verdict = comparison.verdict
    names = [name for name in (verdict.ar, verdict.network) if name] if verdict else list(comparison.skill)
    if not names or not timed(comparison):
        return []
    lines = [
        "Cost, preparation and imports included: "
        + ", ".join(f"{name} {seconds(comparison.costs[name])}" for name in names)
        + ".",
        memory_line(comparison.forecasts, names),
    ]
    return [*lines, *_choice_lines(comparison, names)]


def memory_line(forecasts: Forecasts, names: Sequence[str]) -> str:
    """Say how much memory the process of each model had at most, and how much of it before the model."""
    found = forecasts.footprints
    if not any(name in found for name in names):
        return "Peak memory was not measured."
    told = ", ".join(f"{name} {found.get(name, 'not measured')}" for name in names)
    return f"Peak memory of the process: {told}."


def _choice_lines(comparison: Comparison, names: Sequence[str]) -> list[str]:
    """What was chosen before the first origin: the pair that the verdict speaks of, and settings."""
    chosen, families = comparison.forecasts.selection, comparison.forecasts.families
    if comparison.verdict is None or not all(name in chosen for name in names):
        return []
    lines = []
    for name in names:
        side = [model for model in chosen if families[model] == families[name]]
        if len(side) > 1:
            errors = (chosen[model].get("error") for model in side)
            told = ", ".join(
                f"{model} {'not known' if error is None else percent(error)}"
                for model, error in zip(side, errors, strict=True)
            )
            lines.append(
                f"{name} stands for its side: the smallest error before the first origin (squared, in shares "
                f"of that of the last value: {told})."
            )
    tried = (
        f"{name} {chosen[name]['configurations']} ({seconds(chosen[name]['seconds'])})" for name in names
    )
    return [*lines, f"Configurations tried before the first origin: {', '.join(tried)}."]


def _caveats(comparison: Comparison) -> list[str]:
    forecasts, scores = comparison.forecasts, comparison.scores
    lines = []
    held = scores.n_origins * min(1.0, forecasts.step / forecasts.horizon)
    level = percent(ALPHA)
    lines.append(
        f"{scores.n_origins} origins, {forecasts.step} apart: {held:.1f} spans of {forecasts.horizon} "
        f"that do not overlap. Tests are one-sided against every reference, step by step from h = 1 "
        f"at {level} and over all h with Holm's adjustment at {level}."
    )
    plan = forecasts.settings.get("plan")
    if plan is not None and plan.get("train_window") is None and comparison.skill:
        lines.append(
            "Training windows grow with the origin, so tests against nested references are approximate."
        )
    lines += forecasts.settings.get("notes", ())
    lines += _device_lines(forecasts)
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
        first = next((f"{f.error}: {f.message}" for f in forecasts.failures if f.model == model), "")
        lines.append(
            f"{model} failed at {count} of {len(forecasts.origins)} origins and left the comparison: {first}"
        )
    unseen = int((~np.isfinite(forecasts.actual).all(axis=1)).sum())
    if unseen:
        lines.append(
            f"{unseen} of {len(forecasts.origins)} origins were left out, because one of their targets is "
            "missing or was filled."
        )
    lost = len(forecasts.origins) - unseen - scores.n_origins
    if lost:
        lines.append(
            f"{lost} of {len(forecasts.origins)} origins were left out, because some model failed there."
        )
    return lines


def _device_lines(forecasts: Forecasts) -> list[str]:
    """Say which networks were asked for on a GPU and ran elsewhere."""
    models = forecasts.settings.get("models", {})
    asked = [m for m in forecasts.models if models.get(m, {}).get("settings", {}).get("device") == "gpu"]
    missed = [m for m in asked if any(fact.get("device") == "CPU" for fact in forecasts.facts.get(m, ()))]
    return [f"A GPU was asked for, and there was none: {', '.join(missed)} ran on the CPU."] if missed else []


def _reason(comparison: Comparison, model: str, h: int) -> str:
    return comparison.skill_tests[model][h - 1].reason


def _skill_table(comparison: Comparison) -> list[str]:
    """Skill by model at a few horizons, for a terminal of 80 columns."""
    if not comparison.skill:
        return []
    horizons = few_horizons(comparison.forecasts.horizon)
    width = max(len("best reference"), *(len(model) for model in comparison.skill))
    head = "skill at h =".ljust(width) + "".join(f"{h:>9}" for h in horizons)
    rows = [
        model.ljust(width) + "".join(f"{percent(skill[h - 1]):>9}" for h in horizons)
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
