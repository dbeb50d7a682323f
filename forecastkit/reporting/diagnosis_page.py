"""Diagnosis -> one HTML page, one JSON document, and its other files."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import asdict
from typing import Any

import pandas as pd

from forecastkit.diagnostics.diagnosis import Diagnosis
from forecastkit.diagnostics.outcome import HypothesisTest
from forecastkit.diagnostics.stability import Break
from forecastkit.reporting.diagnosis_figures import draw_correlogram, draw_series, draw_shocks
from forecastkit.reporting.diagnosis_tables import (
    correlogram_table,
    other_tests,
    outlier_table,
    root_table,
    test_table,
)
from forecastkit.reporting.diagnosis_words import diagnosis_details, diagnosis_sentence
from forecastkit.reporting.document import series_facts, to_json, to_plain
from forecastkit.reporting.environment import page_environment
from forecastkit.reporting.figure_set import Figured, picture
from forecastkit.reporting.markdown import markdown_files
from forecastkit.reporting.render import USUAL, Files, check_formats
from forecastkit.reporting.tables import Table
from forecastkit.series.series import label

SCHEMA_VERSION = 1


def diagnosis_page(diagnosis: Diagnosis) -> str:
    """Write a diagnosis as one HTML page; equal diagnoses give equal pages."""
    template = page_environment().get_template("diagnosis.html.j2")
    return template.render(
        title=diagnosis.series.name,
        subtitle=diagnosis_subtitle(diagnosis),
        sentence=diagnosis_sentence(diagnosis),
        details=diagnosis_details(diagnosis),
        pictures=[picture(figured) for figured in diagnosis_figures(diagnosis)],
        tables=diagnosis_tables(diagnosis),
    )


def diagnosis_subtitle(diagnosis: Diagnosis) -> str:
    """Say what was tested."""
    series = diagnosis.series
    unit = f" of {series.unit}" if series.unit else ""
    first, last = label(series.index[0]), label(series.index[-1])
    scale = "" if diagnosis.transform == "none" else f" Tested on the scale {diagnosis.transform}."
    season = f" Season: {series.period} observations." if series.period > 1 else ""
    return f"{len(series)} observations{unit}, {first} to {last}.{season}{scale}"


def diagnosis_figures(diagnosis: Diagnosis) -> Iterable[Figured]:
    """The figures with their captions, in reading order."""
    dots = " Dots: shocks that stand out." if diagnosis.outliers else ""
    yield Figured("series", "The series", draw_series, diagnosis, (f"Every observation.{dots}",))
    scale = "first differences" if diagnosis.roots.differ else "the values tested"
    yield Figured(
        "correlogram",
        f"Autocorrelations of {scale}",
        draw_correlogram,
        diagnosis,
        (
            "Shaded: where 95 % lie if there is no autocorrelation at all.",
            "Dashed: Bartlett's band, where 95 % lie if there is none from that lag on.",
        ),
        correlogram_table(diagnosis),
    )
    if not diagnosis.exact:
        change = "; it changes where the variance does" if diagnosis.variance.test.rejected else ""
        caption = f"What one step could not be foretold; shaded: two deviations either side{change}.{dots}"
        yield Figured("shocks", "What an autoregression leaves", draw_shocks, diagnosis, (caption,))


def diagnosis_tables(diagnosis: Diagnosis) -> list[Table]:
    """The tables of the page."""
    made = (root_table(diagnosis), test_table(diagnosis), outlier_table(diagnosis))
    return [table for table in made if table is not None and table.rows]


def diagnosis_document(diagnosis: Diagnosis) -> dict[str, Any]:
    """Everything the page says, JSON-ready.

    `schema_version` rises whenever a key is renamed, removed or changes its meaning.
    """
    series = diagnosis.series
    content = {
        "schema_version": SCHEMA_VERSION,
        "series": series_facts(series),
        "transform": diagnosis.transform,
        "sentence": diagnosis_sentence(diagnosis),
        "details": diagnosis_details(diagnosis),
        "nonlinearity": diagnosis.nonlinearity,
        "advice": diagnosis.roots.advice,
        "differenced": diagnosis.roots.differ,
        "order": diagnosis.fit.p,
        "unit_roots": {name: _test(getattr(diagnosis.roots, name)) for name in diagnosis.roots.__slots__},
        "residuals": [_test(test) for test in diagnosis.residual_tests],
        "linearity": [_test(test) for test in diagnosis.linearity_tests],
        "season": {
            "period": series.period,
            "test": None if diagnosis.season is None else _test(diagnosis.season),
            "strength": diagnosis.strength,
            "cycles": [asdict(cycle) for cycle in diagnosis.cycles],
        },
        "stability": {
            "mean": _break(diagnosis, diagnosis.mean, len(diagnosis.fit.values)),
            "variance": _break(diagnosis, diagnosis.variance, len(diagnosis.fit.residuals)),
        },
        "outliers": [
            {"time": label(series.index[diagnosis.position(o.position)]), "score": o.score}
            for o in diagnosis.outliers
        ],
        "acf": diagnosis.correlogram.acf,
        "pacf": diagnosis.correlogram.pacf,
        "white_noise_band": diagnosis.correlogram.white_noise_band,
        "bartlett_band": diagnosis.correlogram.bartlett_band,
    }
    plain: dict[str, Any] = to_plain(content)
    return plain


def _test(test: HypothesisTest) -> dict[str, Any]:
    return {**asdict(test), "rejected": test.rejected}


def _break(diagnosis: Diagnosis, found: Break, n: int) -> dict[str, Any]:
    series = diagnosis.series
    time = None if found.position is None else label(series.index[found.position + len(series) - n])
    return {"test": _test(found.test), "time": time, "before": found.before, "after": found.after}


def render_diagnosis(diagnosis: Diagnosis, formats: Sequence[str] = USUAL) -> Files:
    """Make the files of a diagnosis: name -> content.

    Args:
        diagnosis: the result.
        formats: "html" (`diagnosis.html`), "json" (`diagnosis.json`), "md" (`diagnosis.md` with
            `figures/*.png`), "csv" (`tests.csv`).

    Raises:
        PlanError: a format is unknown, or none was given.
    """
    check_formats(formats)
    files: Files = {}
    if "html" in formats:
        files["diagnosis.html"] = diagnosis_page(diagnosis)
    if "json" in formats:
        files["diagnosis.json"] = to_json(diagnosis_document(diagnosis))
    if "md" in formats:
        files |= markdown_files(
            "diagnosis.md",
            title=diagnosis.series.name,
            subtitle=diagnosis_subtitle(diagnosis),
            sentence=diagnosis_sentence(diagnosis),
            details=diagnosis_details(diagnosis),
            figures=diagnosis_figures(diagnosis),
            tables=diagnosis_tables(diagnosis),
        )
    if "csv" in formats:
        tests = (*diagnosis.roots.tests, *other_tests(diagnosis))
        table = pd.DataFrame([_test(test) for test in tests])
        files["tests.csv"] = table.to_csv(index=False, lineterminator="\n")
    return files
