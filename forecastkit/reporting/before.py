"""What tests say about the data before the first origin, for the report of a comparison."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from forecastkit.comparison.comparison import Comparison
from forecastkit.diagnostics.diagnosis import Diagnosis, diagnose_series
from forecastkit.errors import DataError
from forecastkit.models.lags import select_lags
from forecastkit.reporting.diagnosis_page import diagnosis_document
from forecastkit.reporting.diagnosis_tables import root_table, test_table
from forecastkit.reporting.diagnosis_words import diagnosis_details, diagnosis_sentence
from forecastkit.reporting.tables import Table
from forecastkit.reporting.words import timed
from forecastkit.seeds import spawn
from forecastkit.series.missing import longest_stretch
from forecastkit.series.series import Series, label
from forecastkit.series.transforms import find_transform


@dataclass(frozen=True, slots=True)
class Before:
    """A diagnosis of the training data of the first origin, in words and tables.

    Args:
        span: which data were tested.
        sentence: the finding, or why there is none.
        details: what it rests on.
        tables: the tests.
        document: everything, JSON-ready; None where there is no diagnosis.
    """

    span: str
    sentence: str
    details: tuple[str, ...] = ()
    tables: tuple[Table, ...] = ()
    document: dict[str, Any] | None = None


@lru_cache(maxsize=2)
def before_origin(comparison: Comparison) -> Before | None:
    """Test what every model could see at the first origin, and nothing after it.

    Args:
        comparison: the result.

    Returns:
        the findings; None for forecasts that were made elsewhere, whose training data are not known.
    """
    if not timed(comparison):
        return None
    whole, stop = comparison.series, int(comparison.forecasts.origins[0])
    part = longest_stretch(whole.values[:stop])
    first, last = label(whole.index[part.start]), label(whole.index[part.stop - 1])
    gaps = "the longest stretch without a gap, " if part != slice(0, stop) else ""
    span = (
        f"Tests of the {part.stop - part.start} observations from {first} to {last}, {gaps}known at the "
        "first origin; none after it."
    )
    try:
        found = _diagnosis(comparison, part)
    except DataError as error:
        return Before(span, f"Not tested: {error}")
    details = tuple(diagnosis_details(found))
    tables = (root_table(found), test_table(found))
    return Before(span, diagnosis_sentence(found), details, tables, diagnosis_document(found))


def _diagnosis(comparison: Comparison, part: slice) -> Diagnosis:
    whole, settings = comparison.series, comparison.settings
    known = Series(
        values=whole.values[part],
        index=whole.index[part],
        name=whole.name,
        unit=whole.unit,
        period=whole.period,
        spacing=whole.spacing,
    )
    return diagnose_series(
        known,
        find_transform(settings.get("transform", "none")),
        order=lambda values: select_lags(values).p,
        rng=spawn(int(settings.get("seed", 0)), "diagnose"),
    )
