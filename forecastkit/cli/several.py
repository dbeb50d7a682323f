"""`forecastkit compare` of several symbols: one report each, and a page that leads to them."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from forecastkit.cli.options import (
    earlier_report,
    exit_for,
    exit_where_failed,
    load_series,
    make_plan,
    run_settings,
    store_settings,
    wrapped,
)
from forecastkit.cli.progress import progress_on_stderr

if TYPE_CHECKING:
    from forecastkit.comparison.comparison import Comparison
    from forecastkit.series.series import Series


def compare_several(sources: list[str], options: Mapping[str, Any]) -> None:
    """Compare models on every source that can be loaded; what fails is named, and the rest goes on.

    All data is loaded before the first model runs.

    Raises:
        DataError: nothing could be compared; the first reason.
        PlanError: what was asked cannot be run on any series.
    """
    from forecastkit.api import report
    from forecastkit.errors import DataError, PlanError
    from forecastkit.reporting.document import to_json
    from forecastkit.reporting.publish import folder_name, folder_names, publish
    from forecastkit.reporting.several import several_document, several_page, several_text

    if options["name"]:
        raise PlanError(f"One name was given for {len(sources)} series. Leave --name out.")
    loaded: dict[str, Series] = {}
    results: dict[str, Comparison] = {}
    failures: dict[str, Exception] = {}
    for source in sources:
        try:
            loaded[source] = load_series({**options, "source": source})
        except DataError as error:
            failures[source] = error
    names = [source.partition(":")[2] for source in sources]
    out = Path(options["out"] or f"reports/{folder_name('-'.join(names))}")
    folders = folder_names(loaded)
    for source, series in loaded.items():
        try:
            results[source] = _compare(series, out / folders[source], options)
        except DataError as error:
            failures[source] = error
            continue
        report(results[source], out / folders[source], formats=options["formats"])
    if not results:
        raise next(iter(failures.values()))
    for source, why in failures.items():
        click.echo(f"Warning: {source} was not compared: {why}", err=True)
    told = to_json(several_document(results, failures))
    files = {"report.json": told}
    if "html" in options["formats"]:
        files["index.html"] = several_page(results, failures, folders)
    publish(files, out)
    as_json = options["as_json"]
    click.echo(told if as_json else wrapped(several_text(results, failures)), nl=not as_json)
    click.echo(f"\nReport: {out}", err=True)
    for result in results.values():
        exit_for(result.forecasts, result.scores.dropped)
    exit_where_failed((result.honesty for result in results.values()), options["strict"])


def _compare(series: Series, folder: Path, options: Mapping[str, Any]) -> Comparison:
    from forecastkit.api import compare

    with progress_on_stderr(options["quiet"]) as progress:
        return compare(
            series,
            plan=make_plan(options),
            progress=progress,
            intervals=options["intervals"],
            placebo=options["placebo"],
            previous=earlier_report(folder),
            **run_settings(options),
            **store_settings(options),
        )
