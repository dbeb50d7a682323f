"""Comparisons of several series on one page: a line for each, and why the others are missing."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from typing import Any

from forecastkit.comparison.comparison import Comparison
from forecastkit.reporting.document import SCHEMA_VERSION, document, to_plain
from forecastkit.reporting.words import reach, verdict_sentence

Results = Mapping[str, Comparison]
Failures = Mapping[str, Exception]


def several_text(results: Results, failures: Failures) -> str:
    """Write what was found for a terminal: a sentence, and a line for each series."""
    lines = [several_sentence(results, failures), ""]
    lines += [f"{name}: {_finding(result)}" for name, result in results.items()]
    return "\n".join([*lines, *(f"{name}: {_failure(error)}" for name, error in failures.items())])


def several_sentence(results: Results, failures: Failures) -> str:
    """Say in one sentence how many series were judged, and with which outcomes."""
    outcomes = Counter(
        "no verdict asked" if result.verdict is None else result.verdict.outcome.replace("_", " ")
        for result in results.values()
    )
    told = ", ".join(f"{outcome} in {count}" for outcome, count in outcomes.most_common())
    return f"{len(results)} of {len(results) + len(failures)} series were compared: {told}."


def several_document(results: Results, failures: Failures) -> dict[str, Any]:
    """Everything the reports say, JSON-ready: a whole document per series, and the failures."""
    plain: dict[str, Any] = to_plain(
        {
            "schema_version": SCHEMA_VERSION,
            "sentence": several_sentence(results, failures),
            "series": {name: document(result) for name, result in results.items()},
            "failures": {
                name: {"error": type(error).__name__, "message": str(error)}
                for name, error in failures.items()
            },
        }
    )
    return plain


def several_page(results: Results, failures: Failures, folders: Mapping[str, str]) -> str:
    """Write the page that leads to the report of each series.

    Args:
        results: by name.
        failures: by name, why there is no result.
        folders: by name, where the report lies, beside the page.
    """
    from forecastkit.reporting.environment import page_environment  # with matplotlib behind it

    models = tuple(dict.fromkeys(model for result in results.values() for model in result.skill))
    rows = [
        {
            "name": name,
            "folder": folders[name],
            "cells": [
                result.scores.n_origins,
                *(reach(result, model) if model in result.skill else "" for model in models),
            ],
            "finding": _finding(result),
        }
        for name, result in results.items()
    ]
    rows += [
        {"name": name, "folder": "", "cells": [""] * (1 + len(models)), "finding": _failure(error)}
        for name, error in failures.items()
    ]
    horizons = sorted({result.forecasts.horizon for result in results.values()})
    return (
        page_environment()
        .get_template("summary.html.j2")
        .render(
            title=f"{len(rows)} series",
            subtitle=f"The same models on each, up to {horizons[-1]} steps ahead.",
            sentence=several_sentence(results, failures),
            details=[f"{name} is missing: {error}" for name, error in failures.items()],
            columns=("origins", *(f"skill of {model}" for model in models)),
            rows=rows,
        )
    )


def _finding(result: Comparison) -> str:
    """The verdict, and what the coded checks warn of."""
    warned = [f"{f.code}: {f.text}" for f in result.honesty if f.level in ("warn", "fail")]
    return " ".join([verdict_sentence(result), *warned])


def _failure(error: Exception) -> str:
    return f"not compared ({type(error).__name__}). {error}"
