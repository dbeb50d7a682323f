"""Comparison -> one HTML page that needs nothing else: no script and no request, for screens and paper."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from forecastkit.comparison.comparison import Comparison
from forecastkit.reporting.ar_section import ar_section
from forecastkit.reporting.audit_words import audit_view
from forecastkit.reporting.before import before_origin
from forecastkit.reporting.calibration import calibration_figures, calibration_tables
from forecastkit.reporting.changes import Changes
from forecastkit.reporting.conclusion import conclusion_tables
from forecastkit.reporting.duel_figure import draw_duel, relative_difference
from forecastkit.reporting.environment import page_environment
from forecastkit.reporting.figure_set import Figured, picture
from forecastkit.reporting.figures import draw_error, draw_fans, draw_skill
from forecastkit.reporting.market import market_pairs
from forecastkit.reporting.network_facts import told as told_by
from forecastkit.reporting.network_section import network_section
from forecastkit.reporting.quantities import error_name, fan_models, fan_origins, scored_name, step_word
from forecastkit.reporting.tables import (
    Table,
    cost_table,
    duel_table,
    error_table,
    failure_table,
    fan_table,
    skill_table,
)
from forecastkit.reporting.words import counted, percent, spans, timed, verdict_details, verdict_sentence
from forecastkit.series.series import label
from forecastkit.series.transforms import find_transform

SAID_ELSEWHERE = ("name", "family", "default_refit")
Pairs = tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True)
class Inside:
    """What the fits of one autoregression tell about themselves."""

    model: str
    facts: Pairs
    orders: tuple[tuple[int, int, float], ...] = ()


def page(comparison: Comparison, changes: Changes | None = None) -> str:
    """Write the report of a comparison as one HTML page; equal comparisons give equal pages.

    Args:
        comparison: the result.
        changes: against earlier runs, where there is a memory of them.
    """
    series = comparison.series
    return (
        page_environment()
        .get_template("report.html.j2")
        .render(
            title=series.name,
            subtitle=report_subtitle(comparison),
            sentence=verdict_sentence(comparison),
            details=verdict_details(comparison),
            changes=changes,
            pictures=[picture(figured) for figured in report_figures(comparison)],
            calibration=[picture(figured) for figured in calibration_figures(comparison)],
            intervals=calibration_tables(comparison),
            tables=report_tables(comparison),
            conclusions=conclusion_tables(comparison),
            costs=cost_table(comparison) if timed(comparison) else None,
            market=market_pairs(comparison),
            audit=audit_view(comparison),
            before=before_origin(comparison),
            autoregression=ar_section(comparison),
            networks=network_section(comparison),
            settings=tuple(report_settings(comparison)),
            failures=failure_table(comparison),
            provenance=tuple(_provenance(comparison)),
            insides=tuple(_insides(comparison)),
        )
    )


def report_subtitle(comparison: Comparison) -> str:
    """Say what was compared, and how far."""
    series, forecasts = comparison.series, comparison.forecasts
    unit = f" of {series.unit}" if series.unit else ""
    return (
        f"{len(series)} observations{unit}, {label(series.index[0])} to {label(series.index[-1])}. "
        f"Horizon {counted(forecasts.horizon, step_word(series))}, "
        f"{counted(len(forecasts.origins), 'origins')}."
    )


def report_tables(comparison: Comparison) -> list[Table]:
    """The tables of scores and tests."""
    return [table for make in (error_table, duel_table, skill_table) if (table := make(comparison))]


def report_figures(comparison: Comparison) -> Iterable[Figured]:
    """The figures of the report with their captions, in reading order."""
    counts = {1: "one origin", 2: "two origins", 3: "three origins"}
    origins, fans = fan_origins(comparison), fan_table(comparison)
    heading = f"Forecasts from {counts[len(origins)]}" if origins else "Forecasts"
    yield Figured("skill", "Skill by horizon", draw_skill, comparison, tuple(_skill_captions(comparison)))
    if relative_difference(comparison) is not None:
        yield Figured("duel", "AR against network", draw_duel, comparison, tuple(_duel_captions(comparison)))
    yield Figured("error", "How the error grows", draw_error, comparison, tuple(_error_captions(comparison)))
    captions = tuple(_fan_captions(comparison))
    yield Figured("fans", heading, draw_fans, comparison, captions, fans if fans.rows else None)


def _skill_captions(comparison: Comparison) -> Iterable[str]:
    best = comparison.best_reference
    if comparison.scores.n_origins:
        steps = {name: [h for h, b in enumerate(best, start=1) if b == name] for name in dict.fromkeys(best)}
        yield f"Zero is the best reference: {'; '.join(f'{name} at {spans(steps[name])}' for name in steps)}."
    if any(comparison.claimed.values()):
        yield (
            "Dots and bars: reliably better than every reference, step by step from h = 1 or after Holm's "
            "adjustment (5 % each)."
        )
    if any(model in comparison.bands.skill for model in fan_models(comparison)):
        yield "Shaded: the 90 % band at each h by itself."


def _duel_captions(comparison: Comparison) -> Iterable[str]:
    yield (
        "Below zero the network has the smaller loss. The 90 % band holds at every h together; dots where it "
        "leaves zero out. It is scaled by the AR's loss as if that were known."
    )


def _error_captions(comparison: Comparison) -> Iterable[str]:
    origins = counted(comparison.scores.n_origins, "origins")
    yield f"{error_name(comparison)} over {origins}; references are grey."
    for model in comparison.seed_spread:
        yield f"The band around {model} reaches from its best to its worst single seed at each h."


def _fan_captions(comparison: Comparison) -> Iterable[str]:
    forecasts = comparison.forecasts
    if not fan_origins(comparison):
        return
    yield "The line called actual is what was observed; the vertical line marks the origin."
    if find_transform(comparison.settings.get("transform", "none")).relative:
        yield "Shown are values of the series; scored are the log returns since the origin."
    for model in fan_models(comparison):
        if model in forecasts.quantiles and forecasts.families[model] == "ar":
            levels = forecasts.levels
            held = [percent(levels[-1 - i] - levels[i]) for i in reversed(range(len(levels) // 2))]
            yield f"Shaded: the intervals that {model} gives itself, {' and '.join(held)}."
        if model in forecasts.members:
            yield f"Thin lines: the single seeds of {model}."


def report_settings(comparison: Comparison) -> Iterable[tuple[str, str]]:
    """Everything that was asked, by name."""
    series, forecasts, settings = comparison.series, comparison.forecasts, comparison.settings
    plan, models = settings.get("plan", {}), settings.get("models", {})
    first, last = (label(series.index[forecasts.origins[i] - 1]) for i in (0, -1))
    yield "Horizon", counted(forecasts.horizon, step_word(series))
    for done in series.source.get("read", ()):
        yield "Data", done
    if series.spacing == "observations":
        yield "Spacing", "the dates follow no fixed frequency: the horizon counts observations"
    yield from _covariates(comparison)
    between = f"after {first}" if len(forecasts.origins) == 1 else f"after {first} to {last}"
    common = f"{comparison.scores.n_origins} served by every model compared"
    yield "Origins", f"{len(forecasts.origins)}, {between}; {common}"
    yield "Step", f"{counted(forecasts.step, 'observations')} between two origins"
    if "gap" in plan:
        yield "Gap", f"{counted(plan['gap'], 'observations')} between the last one fitted on and the origin"
    if "train_window" in plan:
        window = plan["train_window"]
        yield "Training window", "all of the past" if window is None else f"the last {window} observations"
    judged = {model: told for model, told in models.items() if model not in comparison.references}
    refits = [f"{model} {_refit(told)}" for model, told in judged.items() if "refit_every" in told]
    if refits:
        yield "Fitted", "; ".join(refits)
    if "layout" in settings:
        yield (
            "Forecasts",
            f"made elsewhere, read as {settings['layout']}; references from {settings['references']}",
        )
        yield "Roles", ", ".join(f"{model} {role}" for model, role in settings["roles"].items())
    yield "Transform", _transform(settings.get("transform", "none"), scored_name(comparison))
    yield "Loss", f"{comparison.loss} error, for skill and tests alike"
    yield "Season", f"{series.period} observations" if series.period > 1 else "none"
    yield "References", ", ".join(comparison.references)
    for model, told in judged.items():
        chosen = {
            k: v for k, v in told.get("settings", {}).items() if v is not None and k not in SAID_ELSEWHERE
        }
        if chosen:
            yield model, ", ".join(f"{key} {value}" for key, value in chosen.items())
    if "seed" in settings:
        yield "Seed", str(settings["seed"])


def _covariates(comparison: Comparison) -> Iterable[tuple[str, str]]:
    """Which covariates there were, and which models say that they used them."""
    series, models = comparison.series, comparison.settings.get("models", {})
    for kind, what, names in (
        ("known", "Covariates known ahead", series.known_names),
        ("past", "Covariates observed", series.past_names),
    ):
        users = [model for model, told in models.items() if kind in told.get("covariates", ())]
        if names:
            yield what, f"{_families(names)}; used by {', '.join(users) if users else 'no model'}"


def _families(names: Sequence[str]) -> str:
    """List names, three and more that begin with one word as the first to the last of them."""
    families: dict[str, list[str]] = {}
    for name in names:
        families.setdefault(name.partition(" ")[0], []).append(name)
    shown = (f if len(f) < 3 else [f"{f[0]} to {f[-1].partition(' ')[2]}"] for f in families.values())
    return ", ".join(name for family in shown for name in family)


def _refit(told: Mapping[str, Any]) -> str:
    every = told["refit_every"]
    if every is None:
        return "once"
    return "at every origin" if every == 1 else f"every {every} origins"


def _transform(name: str, scored: str) -> str:
    return "none" if name == "none" else f"{name}; scored: {scored or 'the value itself'}"


def _provenance(comparison: Comparison) -> Iterable[tuple[str, str]]:
    versions = comparison.settings.get("versions", {})
    if versions:
        yield "Versions", ", ".join(f"{name} {version}" for name, version in versions.items())
    if "code" in comparison.settings:
        yield "Code", str(comparison.settings["code"])
    yield "Data (SHA-256)", comparison.series.fingerprint


def _insides(comparison: Comparison) -> Iterable[Inside]:
    forecasts = comparison.forecasts
    for model in forecasts.models:
        facts = forecasts.facts.get(model, ())
        if facts and forecasts.families[model] == "ar":
            yield Inside(model, tuple(_ar_facts(facts)), _orders(facts))


def _orders(facts: Sequence[Mapping[str, Any]]) -> tuple[tuple[int, int, float], ...]:
    """Orders with how often each was chosen, and that as a share of the most frequent one."""
    counts = Counter(fact["p"] for fact in facts if "p" in fact)
    most = max(counts.values(), default=1)
    return tuple((p, counts[p], counts[p] / most) for p in sorted(counts))


def _ar_facts(facts: Sequence[Mapping[str, Any]]) -> Iterable[tuple[str, str]]:
    yield "Fits", str(len(facts))
    modelled = told_by(facts, "modelled")
    if modelled:
        yield "Modelled", modelled
    highest = told_by(facts, "max_lag")
    if highest:
        yield "Highest order tried", highest
    tested = [fact["ljung_box_p"] for fact in facts if fact.get("ljung_box_p") is not None]
    if tested:
        left = sum(p < 0.05 for p in tested)
        yield (
            "Residuals",
            f"{left} of {counted(len(tested), 'fits')} ({percent(left / len(tested))}) leave "
            f"autocorrelation (Ljung-Box over {told_by(facts, 'ljung_box_lags')} lags, p < .05)",
        )
