"""The report of a comparison as Markdown."""

from __future__ import annotations

from forecastkit.comparison.comparison import Comparison
from forecastkit.reporting.ar_section import ArSection, ar_section
from forecastkit.reporting.audit_words import direction_table, finding_pairs
from forecastkit.reporting.before import before_origin
from forecastkit.reporting.calibration import calibration_figures, calibration_tables
from forecastkit.reporting.changes import Changes
from forecastkit.reporting.markdown import markdown_files
from forecastkit.reporting.market import market_pairs
from forecastkit.reporting.network_section import network_section
from forecastkit.reporting.page import report_figures, report_settings, report_subtitle, report_tables
from forecastkit.reporting.tables import cost_table, failure_table
from forecastkit.reporting.words import timed, verdict_details, verdict_sentence


def report_markdown(comparison: Comparison, changes: Changes | None = None) -> dict[str, str | bytes]:
    """Write the report of a comparison as `report.md` with `figures/*.png`."""
    section, networks = ar_section(comparison), network_section(comparison)
    further = (
        direction_table(comparison),
        cost_table(comparison) if timed(comparison) else None,
        failure_table(comparison),
    )
    return markdown_files(
        "report.md",
        title=comparison.series.name,
        subtitle=report_subtitle(comparison),
        sentence=verdict_sentence(comparison),
        details=[
            *verdict_details(comparison),
            *_changed(changes),
            *_before(comparison),
            *_apart(section),
            *(networks.lines if networks else ()),
        ],
        figures=[
            *report_figures(comparison),
            *calibration_figures(comparison),
            *(section.figures if section else ()),
            *(networks.figures if networks else ()),
        ],
        tables=[
            *report_tables(comparison),
            *calibration_tables(comparison),
            *(table for table in further if table is not None),
            *(section.tables if section else ()),
            *((networks.table,) if networks else ()),
        ],
        findings=finding_pairs(comparison),
        settings=(*market_pairs(comparison), *report_settings(comparison)),
    )


def _changed(changes: Changes | None) -> list[str]:
    """What changed since the last run, one line each; nothing without a memory."""
    return [] if changes is None else [*changes.tripped, changes.headline, *changes.sentences]


def _before(comparison: Comparison) -> list[str]:
    """What tests say about the data before the first origin, as one more line."""
    before = before_origin(comparison)
    return [] if before is None else [f"Before the first origin: {before.sentence}"]


def _apart(section: ArSection | None) -> list[str]:
    """What the last fit of the AR says, and what it was fitted on, one line each."""
    if section is None:
        return []
    return [f"{section.model} taken apart: {line}" for line in (*section.sentences, section.span)]
