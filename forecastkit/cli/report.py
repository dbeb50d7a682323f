"""`forecastkit report`."""

from __future__ import annotations

from pathlib import Path

import click

from forecastkit.cli.options import FORMAT, exit_for, with_options, wrapped


@click.command("report")
@click.argument("run", metavar="DIR")
@with_options(FORMAT)
@click.option("--out", metavar="DIR", help="Folder of the report.  [default: reports/, named after DIR]")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def command(run: str, formats: tuple[str, ...], out: str | None, as_json: bool) -> None:
    """Write the report of a run folder, without running a model.

    DIR is a folder that `forecastkit backtest` wrote, or the run/ folder of a report.
    """
    from forecastkit.api import read_run, report
    from forecastkit.reporting.document import document, to_json
    from forecastkit.reporting.publish import folder_name

    result = read_run(run)
    place = Path(run).resolve()
    beside = place.parent if place.name == "run" else Path("reports") / folder_name(place.name)
    folder = report(result, out or beside, formats=formats)
    click.echo(to_json(document(result)) if as_json else wrapped(result), nl=not as_json)
    click.echo(f"\nReport: {folder}", err=True)
    exit_for(result.forecasts, result.scores.dropped)
