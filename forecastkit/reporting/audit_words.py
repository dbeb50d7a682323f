"""The honesty audit in words, for a terminal and for every kind of report."""

from __future__ import annotations

import textwrap
from collections.abc import Iterable, Mapping, Sequence

from forecastkit.comparison.comparison import Comparison
from forecastkit.comparison.direction import Direction
from forecastkit.comparison.finding import WORST_FIRST, Level
from forecastkit.comparison.honesty import CHECKS, Audit, explain
from forecastkit.reporting.tables import DASH, Cell, Table, p_text
from forecastkit.reporting.words import few_horizons, percent

LEVELS: Mapping[str, str] = {
    "fail": "failed",
    "warn": "warning",
    "inform": "to know",
    "pass": "passed",
    "untested": "not tested",
}
GRAVE: tuple[Level, ...] = ("fail", "warn", "inform")
"""Levels that a page shows openly; the others are folded."""
WIDTH = 80


def audit_text(audit: Audit) -> str:
    """Write every finding for a terminal: what failed first, what was not tested last."""
    lines = [audit_sentence(audit)]
    for level in WORST_FIRST:
        for finding in audit.of(level):
            lines += ["", f"{finding.code} ({LEVELS[level]}): {finding.text}"]
            lines += [f"  {finding.do}"] if finding.do and level != "pass" else []
    return "\n".join(lines)


def audit_sentence(audit: Audit) -> str:
    """Say in one sentence whether the result stands.

    Example:
        >>> audit_sentence(Audit("y", ()))
        'No check of honesty applies.'
    """
    counts = audit.counts
    told = [
        f"{count} {_counted(level, count)}" for level, count in counts.items() if count and level != "fail"
    ]
    rest = ", ".join(told)
    if counts["fail"]:
        codes = ", ".join(finding.code for finding in audit.failed)
        return f"Do not rely on this result: {codes} failed" + (f" ({rest})." if rest else ".")
    return f"No check of honesty failed: {rest}." if rest else "No check of honesty applies."


def audit_lines(audit: Audit) -> list[str]:
    """What stands below a verdict: the sentence, what failed and what warns."""
    grave = audit.of("fail", "warn")
    return [
        audit_sentence(audit),
        *(f"{finding.code} ({LEVELS[finding.level]}): {finding.text}" for finding in grave),
    ]


def check_title(code: str) -> str:
    """Name the failure that a check looks for.

    Example:
        >>> check_title("H-CONST")
        'a network that collapsed to a constant'
    """
    title = explain(code).splitlines()[0].partition(": ")[2].rstrip(".")
    return title.partition(" (needs")[0]


def explanation(code: str, *, width: int = WIDTH) -> str:
    """Write what a check looks for, with its example and its rule, as paragraphs for a terminal."""
    paragraphs = explain(code).split("\n\n")
    return "\n\n".join(textwrap.fill(" ".join(text.split()), width) for text in paragraphs)


def explanations() -> str:
    """List every code with the failure that it looks for."""
    width = max(map(len, CHECKS)) + 2
    return "\n".join(f"{code.ljust(width)}{check_title(code)}" for code in CHECKS)


def finding_pairs(comparison: Comparison) -> tuple[tuple[str, str], ...]:
    """Code and level of each finding with its text, the gravest first, for a plain list."""
    audit = comparison.honesty
    return tuple(
        (
            f"{found.code} ({LEVELS[level]})",
            f"{found.text} {found.do}".strip() if level != "pass" else found.text,
        )
        for level in WORST_FIRST
        for found in audit.of(level)
    )


def direction_table(comparison: Comparison) -> Table | None:
    """Share of moves called right at a few h, beside what chance gives; None where nobody calls one."""
    models = [model for model in comparison.skill if comparison.forecasts.families[model] != "oracle"]
    found = {model: comparison.direction(model) for model in models}
    if not any(one.calls for told in found.values() for one in told):
        return None
    horizons = few_horizons(comparison.forecasts.horizon)
    rows = [(Cell(str(h)), *_direction_cells(found.values(), h)) for h in horizons]
    return Table(
        caption="Direction of the move from the origin to h",
        columns=("h", *(("right", "chance", "p") * len(models))),
        rows=tuple(rows),
        groups=(("", 1), *((model, 3) for model in models)),
        notes=(
            "Right: share of calls that were right; chance: what calls as one-sided as these get right "
            "without knowing what comes. p: Pesaran-Timmermann, one-sided, valid where targets overlap.",
        ),
    )


def audit_view(comparison: Comparison) -> dict[str, object]:
    """What the section of a page shows."""
    audit = comparison.honesty
    return {
        "findings": audit.findings,
        "sentence": audit_sentence(audit),
        "open": [found for level in GRAVE for found in audit.of(level)],
        "quiet": audit.of("pass", "untested"),
        "levels": LEVELS,
        "titles": {code: check_title(code) for code in CHECKS},
        "direction": direction_table(comparison),
    }


def _direction_cells(found: Iterable[Sequence[Direction]], h: int) -> Iterable[Cell]:
    for told in found:
        one = told[h - 1]
        yield Cell(DASH if one.share is None else percent(one.share))
        yield Cell(DASH if one.expected is None else percent(one.expected))
        p = one.test.p_value
        yield Cell(DASH if p is None else p_text(p), one.test.reason, p is not None and p < 0.05)


def _counted(level: Level, count: int) -> str:
    return f"{LEVELS[level]}s" if level == "warn" and count > 1 else LEVELS[level]
