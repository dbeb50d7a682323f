"""Comparison -> files of a report, as text."""

from __future__ import annotations

from collections.abc import Sequence

from forecastkit.comparison.comparison import Comparison
from forecastkit.errors import PlanError, nearest
from forecastkit.reporting.document import document, to_json

FORMATS = ("html", "json")


def render(comparison: Comparison, formats: Sequence[str] = FORMATS) -> dict[str, str]:
    """Make the files of a report: name -> content.

    Args:
        comparison: the result.
        formats: "html" (`index.html`), "json" (`report.json`).

    Raises:
        PlanError: a format is unknown, or none was given.
    """
    check_formats(formats)
    files = {}
    if "html" in formats:
        from forecastkit.reporting.page import page

        files["index.html"] = page(comparison)
    if "json" in formats:
        files["report.json"] = to_json(document(comparison))
    return files


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
