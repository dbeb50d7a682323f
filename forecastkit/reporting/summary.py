"""An evaluation in words: the verdict of one series, or a line for each of several."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd

from forecastkit.backtesting.plan import FEWEST_ORIGINS
from forecastkit.comparison.evaluation import Evaluation
from forecastkit.comparison.verdict import Outcome
from forecastkit.reporting.document import SCHEMA_VERSION, document, to_json, to_plain
from forecastkit.reporting.publish import folder_names
from forecastkit.reporting.render import USUAL, Files, check_formats, render
from forecastkit.reporting.words import verdict_sentence, verdict_text

SHOWN = 12
"""Series that a terminal lists one by one."""
OUTCOMES: Mapping[Outcome, str] = {
    "rnn_worth_it": "the network is worth it",
    "ar_enough": "the AR is enough",
    "depends_on_horizon": "it depends on the horizon",
    "tie": "a tie",
    "neither_beats_naive": "nothing better than the references",
    "skill_found": "skill of the one model asked about",
    "not_enough_data": "too little data",
}
ACROSS_SERIES = (
    "Such a set is judged across series, by a panel Diebold-Mariano test that takes each series as one "
    "observation (Akgun, Pirotte, Urga and Yang, 2024); this version has none yet."
)


def summary_text(evaluation: Evaluation) -> str:
    """Write an evaluation for a terminal."""
    if len(evaluation.origins) == 1 and evaluation.comparisons:
        return "\n".join([verdict_text(evaluation.comparison), "", *accuracy_lines(evaluation)])
    lines = [summary_sentence(evaluation), *(f"- {line}" for line in summary_details(evaluation))]
    told = [f"{name}: {verdict_sentence(found)}" for name, found in evaluation.comparisons.items()]
    more = len(told) - SHOWN
    told = [*told[:SHOWN], f"... and {more} more series"] if more > 0 else told
    return "\n".join([*lines, *([""] if told else []), *told, "", *accuracy_lines(evaluation)])


def summary_sentence(evaluation: Evaluation) -> str:
    """Say in one sentence what was found over all series."""
    series, judged = len(evaluation.origins), len(evaluation.comparisons)
    if not judged:
        if not _too_few(evaluation):
            return next(iter(evaluation.refused.values()))
        counts = sorted({*evaluation.origins.values()})
        each = f"{counts[0]}" if len(counts) == 1 else f"{counts[0]} to {counts[-1]}"
        return (
            f"Not enough origins per series: {_counted(series, 'series')} with {each} "
            f"{'origin' if each == '1' else 'origins'} each, and a test of one series needs "
            f"{FEWEST_ORIGINS}. {ACROSS_SERIES}"
        )
    if judged == 1 and series == 1:
        return verdict_sentence(evaluation.comparison)
    outcomes = Counter(
        "no AR or network to judge" if found.verdict is None else OUTCOMES[found.verdict.outcome]
        for found in evaluation.comparisons.values()
    )
    told = ", ".join(f"{outcome} in {count}" for outcome, count in outcomes.most_common())
    return f"{judged} of {series} series were judged: {told}."


def summary_details(evaluation: Evaluation) -> list[str]:
    """List what a careful reader wants to know beside the sentence."""
    lines = []
    few = _too_few(evaluation)
    if few and evaluation.comparisons:
        lines.append(
            f"Not enough origins per series in {len(few)} of {len(evaluation.origins)} series. "
            f"{ACROSS_SERIES}"
        )
    without = [reason for name, reason in evaluation.refused.items() if name not in few]
    if without and evaluation.comparisons:
        lines.append(f"{len(without)} series without a reference; the first: {without[0]}")
    if not evaluation.comparisons and few:
        lines += [f"The first: {next(iter(evaluation.refused.values()))}"]
    return lines


def accuracy_lines(evaluation: Evaluation) -> list[str]:
    """Accuracy of each model over all its cells, as columns for a terminal; several series are not pooled."""
    table = evaluation.overall()
    if len(evaluation.origins) > 1:
        return []
    width = max(len("as given, over all h"), *(len(model) for model in table["model"]))
    head = "as given, over all h".ljust(width) + f"{'cells':>9}{'MAE':>12}{'RMSE':>12}{'bias':>12}"
    rows = [
        f"{row.model.ljust(width)}{row.cells:>9}{row.mae:>12.6g}{row.rmse:>12.6g}{row.bias:>12.3g}"
        for row in table.itertuples()
    ]
    return [head, *rows]


def summary_frame(evaluation: Evaluation) -> pd.DataFrame:
    """One row per series: origins, outcome, skill horizons, and why there is no comparison."""
    rows = []
    for name, origins in evaluation.origins.items():
        found = evaluation.comparisons.get(name)
        row: dict[str, object] = {"series": name, "origins": origins, "outcome": "", "reason": ""}
        if found is None:
            row["reason"] = evaluation.refused[name]
        else:
            row["origins"] = found.scores.n_origins
            row["outcome"] = "" if found.verdict is None else found.verdict.outcome
            row |= {f"skill horizon {model}": str(h) for model, h in found.skill_horizon.items()}
        rows.append(row)
    return pd.DataFrame(rows).replace(np.nan, "")


def _too_few(evaluation: Evaluation) -> list[str]:
    """Series refused for their few origins, whether or not a reference is missing as well."""
    return [name for name in evaluation.refused if evaluation.origins[name] < FEWEST_ORIGINS]


def _counted(count: int, things: str) -> str:
    return f"{'one' if count == 1 else count} {things}"


def summary_document(evaluation: Evaluation) -> dict[str, Any]:
    """Everything the summary says, JSON-ready; with one series, its whole comparison too."""
    alone = len(evaluation.origins) == 1 and bool(evaluation.comparisons)
    content = {
        "schema_version": SCHEMA_VERSION,
        "sentence": summary_sentence(evaluation),
        "details": summary_details(evaluation),
        "loss": evaluation.loss,
        "settings": evaluation.settings,
        "series": summary_frame(evaluation).to_dict("records"),
        "accuracy": evaluation.overall().to_dict("records"),
        "comparison": document(evaluation.comparison) if alone else None,
    }
    plain: dict[str, Any] = to_plain(content)
    return plain


def render_evaluation(evaluation: Evaluation, formats: Sequence[str] = USUAL) -> Files:
    """Make the files of an evaluation: name -> content.

    With one series the files of its report; with several a summary, and a folder for each series that was
    judged. `accuracy.csv` has the errors by series, model and h as they were given.

    Args:
        evaluation: the result.
        formats: as in `render`.

    Raises:
        PlanError: a format is unknown, or none was given.
    """
    check_formats(formats)
    files: Files = {"accuracy.csv": evaluation.accuracy.to_csv(index=False, lineterminator="\n")}
    if len(evaluation.origins) == 1 and evaluation.comparisons:
        return files | render(evaluation.comparison, formats)
    folders = page_folders(evaluation)
    for name, found in evaluation.comparisons.items():
        made = render(found, formats)
        files |= {f"{folders[name]}/{file}": text for file, text in made.items()}
    files["summary.csv"] = summary_frame(evaluation).to_csv(index=False, lineterminator="\n")
    if "html" in formats:
        files["index.html"] = summary_page(evaluation, folders)
    if "json" in formats:
        files["report.json"] = to_json(summary_document(evaluation))
    return files


def page_folders(evaluation: Evaluation) -> dict[str, str]:
    """Give each series that was judged a folder of its own."""
    return folder_names(evaluation.comparisons)


def summary_page(evaluation: Evaluation, folders: Mapping[str, str]) -> str:
    """Write the summary of several series as one HTML page."""
    table = summary_frame(evaluation)
    horizons = [column for column in table if column.startswith("skill horizon ")]
    rows = [
        {
            "name": row["series"],
            "folder": folders.get(row["series"], ""),
            "cells": [row["origins"], *(row[column] for column in horizons)],
            "finding": row["reason"] or verdict_sentence(evaluation.comparisons[row["series"]]),
        }
        for row in table.to_dict("records")
    ]
    models = ", ".join(dict.fromkeys(evaluation.accuracy["model"]))
    from forecastkit.reporting.environment import page_environment  # with matplotlib behind it

    return (
        page_environment()
        .get_template("summary.html.j2")
        .render(
            title=f"{len(evaluation.origins)} series",
            subtitle=f"Forecasts of {models}, read as {evaluation.settings['layout']}.",
            sentence=summary_sentence(evaluation),
            details=summary_details(evaluation),
            columns=("origins", *horizons),
            rows=rows,
        )
    )
