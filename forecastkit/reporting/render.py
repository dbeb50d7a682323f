"""Comparison -> files of a report, as text."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict

import pandas as pd

from forecastkit.comparison.comparison import Comparison
from forecastkit.errors import PlanError, nearest
from forecastkit.reporting.changes import Changes
from forecastkit.reporting.document import document, to_json

FORMATS = ("html", "json", "md", "csv")
USUAL = ("html", "json")
Files = dict[str, str | bytes]


def render(comparison: Comparison, formats: Sequence[str] = USUAL, changes: Changes | None = None) -> Files:
    """Make the files of a report: name -> content.

    Args:
        comparison: the result.
        formats: "html" (`index.html`), "json" (`report.json`), "md" (`report.md` with `figures/*.png`), "csv"
            (`scores.csv`, `skill.csv`, `forecasts.csv`).
        changes: against earlier runs, for the page, the JSON and the Markdown.

    Raises:
        PlanError: a format is unknown, or none was given.
    """
    check_formats(formats)
    files: Files = {}
    if "html" in formats:
        from forecastkit.reporting.page import page

        files["index.html"] = page(comparison, changes)
    if "json" in formats:
        files["report.json"] = to_json(document(comparison, changes))
    if "md" in formats:
        from forecastkit.reporting.report_markdown import report_markdown

        files |= report_markdown(comparison, changes)
    if "csv" in formats:
        frames = {
            "scores": comparison.scores.to_frame(),
            "skill": skill_frame(comparison),
            "forecasts": comparison.forecasts.to_frame(),
        }
        files |= {
            f"{name}.csv": table.to_csv(index=False, lineterminator="\n") for name, table in frames.items()
        }
    return files


def skill_frame(comparison: Comparison) -> pd.DataFrame:
    """Skill and its tests as a long table: model, h, skill, p_value, dm_p_value, against, claimed, reason."""
    rows = [
        {
            "model": model,
            "h": h,
            "skill": skill[h - 1],
            **asdict(test),
            "claimed": h in comparison.claimed[model],
        }
        for model, skill in comparison.skill.items()
        for h, test in enumerate(comparison.skill_tests[model], start=1)
    ]
    return pd.DataFrame(rows)


def check_formats(formats: Sequence[str]) -> None:
    """Refuse a format that is not known, and none at all.

    Raises:
        PlanError: names the nearest.
    """
    unknown = [name for name in formats if name not in FORMATS]
    if unknown or not formats:
        raise PlanError(
            f"There is no report format {(unknown or [''])[0]!r}. {nearest((unknown or [''])[0], FORMATS)}"
        )
