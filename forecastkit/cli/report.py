"""`forecastkit report`."""

from __future__ import annotations

from pathlib import Path

import click

from forecastkit.cli.options import FORMAT, STORE_FILE, exit_for, with_options, wrapped


@click.command("report")
@click.argument("run", metavar="RUN")
@with_options((STORE_FILE,), FORMAT)
@click.option("--out", metavar="DIR", help="Folder of the report.  [default: reports/, named after RUN]")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def command(run: str, store: str | None, formats: tuple[str, ...], out: str | None, as_json: bool) -> None:
    """Write the report of a run that was made before, without running a model.

    RUN is its id (see `forecastkit runs list`), the beginning of it, or "last"; or a folder that
    `forecastkit backtest --out` or `forecastkit runs export` wrote.
    """
    from forecastkit.api import report
    from forecastkit.archive import read_run
    from forecastkit.reporting.document import document, to_json
    from forecastkit.reporting.publish import folder_name

    result = read_run(run, store=store or True)
    name = Path(run).resolve().name if Path(run).is_dir() else result.series.name
    folder = report(result, out or Path("reports") / folder_name(name), formats=formats)
    click.echo(to_json(document(result)) if as_json else wrapped(result), nl=not as_json)
    click.echo(f"\nReport: {folder}", err=True)
    exit_for(result.forecasts, result.scores.dropped)
