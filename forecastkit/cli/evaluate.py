"""`forecastkit evaluate`."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from forecastkit.cli.options import (
    FORMAT,
    INTERVALS,
    OUTPUT,
    STRICT,
    Pairs,
    default_out,
    exit_where_failed,
    show_warnings,
    with_options,
    wrapped,
)

if TYPE_CHECKING:
    from forecastkit.comparison.evaluation import Evaluation

READING = (
    click.option(
        "--history", metavar="SOURCE", help="The series itself: what `compare` takes, or a CSV of several."
    ),
    click.option(
        "--layout",
        default="auto",
        show_default=True,
        metavar="NAME",
        help="long, nixtla, fable, darts, tscv or auto.",
    ),
    click.option("--columns", type=Pairs(), help="Columns by what they hold: cutoff=origin,target=Month."),
    click.option("--roles", type=Pairs(), help="Models by their role: LEAR=ar,DNN=network,naive1=reference."),
    click.option("--horizon", type=click.IntRange(1), metavar="N", help="Steps ahead to judge (else: all)."),
    click.option("--period", type=click.IntRange(1), metavar="N", help="Season length in observations."),
    click.option("--frequency", metavar="FREQ", help="Frequency of the series: D, MS, h, ..."),
    click.option("--name", metavar="TEXT", help="What the report calls the series, where the file does not."),
    click.option("--loss", default="squared", show_default=True, metavar="NAME", help="squared or absolute."),
)


@click.command("evaluate")
@click.argument("files", metavar="FILE...", nargs=-1, required=True)
@with_options(READING, INTERVALS, STRICT, FORMAT, OUTPUT)
@click.option("--out", metavar="DIR", help="Folder of the report.  [default: reports/NAME]")
def command(files: tuple[str, ...], **options: Any) -> None:
    """Judge forecasts made by anything: skill, tests, horizons of use, verdict and report.

    FILE holds forecasts: a CSV or Parquet table with a row per series, cutoff and target, and the models in a
    column `model` or in a column each, as Nixtla's cross_validation or R's fable write it. Several files hold
    one model each, such as the error matrices of R's tsCV; they are named after the files.
    """
    from forecastkit.api import report
    from forecastkit.reporting.document import to_json
    from forecastkit.reporting.summary import summary_document

    show_warnings()
    result, stem = evaluate_files(files, options), Path(files[0]).name.split(".")[0]
    out = default_out(options, "reports", stem)
    report(result, out, formats=options["formats"])
    as_json = options["as_json"]
    click.echo(to_json(summary_document(result)) if as_json else wrapped(result), nl=not as_json)
    click.echo(f"\nReport: {out / 'index.html'}", err=True)
    exit_where_failed((found.honesty for found in result.comparisons.values()), options["strict"])


def evaluate_files(files: Sequence[str], options: Mapping[str, Any]) -> Evaluation:
    """Read files of forecasts as the options say, and judge them."""
    from forecastkit.evaluation import evaluate
    from forecastkit.sources.forecast_files import read_forecast_files

    given = read_forecast_files([Path(file) for file in files])
    history = None if options["history"] is None else _history(options["history"])
    names = ("layout", "columns", "roles", "horizon", "period", "frequency", "loss", "intervals")
    name = options["name"] or Path(files[0]).name.split(".")[0]
    return evaluate(given, history, name=name, **{key: options[key] for key in names})


def _history(source: str) -> Any:
    """Read a table that names its series as it is, and anything else as one series."""
    from forecastkit.sources.forecast_columns import to_columns
    from forecastkit.sources.forecast_files import read_table
    from forecastkit.sources.forecast_frames import find_column
    from forecastkit.sources.loading import load

    path = Path(source)
    if not path.is_file():
        return load(source)
    table = read_table(path)
    return table if find_column(to_columns(table), "series", {}) else load(source)
