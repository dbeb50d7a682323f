"""What a notebook shows of a result: the finding, what it rests on, and its tables."""

from __future__ import annotations

from collections.abc import Sequence

from forecastkit.comparison.comparison import Comparison
from forecastkit.diagnostics.diagnosis import Diagnosis
from forecastkit.reporting.diagnosis_tables import root_table, test_table
from forecastkit.reporting.diagnosis_words import diagnosis_details, diagnosis_sentence
from forecastkit.reporting.environment import page_environment
from forecastkit.reporting.tables import Table, duel_table, error_table, skill_table
from forecastkit.reporting.words import verdict_details, verdict_sentence


def comparison_fragment(comparison: Comparison) -> str:
    """Write the verdict, its details and the tables of scores as HTML without a page around it."""
    made = (make(comparison) for make in (error_table, skill_table, duel_table))
    tables = [table for table in made if table is not None]
    return _fragment(verdict_sentence(comparison), verdict_details(comparison), tables)


def diagnosis_fragment(diagnosis: Diagnosis) -> str:
    """Write the findings and the tests as HTML without a page around it."""
    tables = (root_table(diagnosis), test_table(diagnosis))
    return _fragment(diagnosis_sentence(diagnosis), diagnosis_details(diagnosis), tables)


def _fragment(sentence: str, details: Sequence[str], tables: Sequence[Table]) -> str:
    template = page_environment().get_template("fragment.html.j2")
    return template.render(sentence=sentence, details=details, tables=tables)
