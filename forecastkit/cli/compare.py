"""`forecastkit compare`."""

from __future__ import annotations

from typing import Any

import click

from forecastkit.cli.options import (
    FORMAT,
    INTERVALS,
    MARKET,
    OUTPUT,
    RUN,
    SERIES,
    STORE,
    STRICT,
    default_out,
    earlier_report,
    exit_for,
    exit_where_failed,
    load_series,
    make_plan,
    run_settings,
    show_warnings,
    store_settings,
    with_options,
    wrapped,
)
from forecastkit.cli.progress import progress_on_stderr


@click.command("compare")
@with_options(SERIES, MARKET, RUN, INTERVALS, STORE, STRICT, FORMAT, OUTPUT)
@click.option(
    "--placebo",
    type=click.IntRange(0),
    default=0,
    metavar="N",
    help="Repeat all on N series of noise: how often is skill found there?",
)
@click.option("--out", metavar="DIR", help="Folder of the report.  [default: reports/NAME]")
def command(**options: Any) -> None:
    """Backtest models on one series, print the verdict, write the report.

    SOURCE is a bundled series (see `forecastkit datasets`), a CSV file, a synthetic process such as
    "synthetic:ar2?n=2000&seed=1", or market prices such as yahoo:SPY. The references (naive, climatology,
    and their seasonal forms) always run. Several symbols, as in yahoo:SPY,QQQ, get a report each and a page
    that leads to them.

    The report goes to index.html and report.json. Every finished fit is kept in the store: the same command,
    interrupted or repeated, goes on from there, and `forecastkit runs` shows what was run.
    """
    from forecastkit.api import compare, report
    from forecastkit.cli.several import compare_several
    from forecastkit.reporting.document import document, to_json
    from forecastkit.sources.fetching import symbols_in

    show_warnings()
    sources = symbols_in(options["source"])
    if len(sources) > 1:
        return compare_several(sources, options)
    plan, series = make_plan(options), load_series(options)
    out = default_out(options, "reports", series.name)
    with progress_on_stderr(options["quiet"]) as progress:
        result = compare(
            series,
            plan=plan,
            progress=progress,
            intervals=options["intervals"],
            placebo=options["placebo"],
            previous=earlier_report(out),
            **run_settings(options),
            **store_settings(options),
        )
    folder = report(result, out, formats=options["formats"])
    click.echo(
        to_json(document(result)) if options["as_json"] else wrapped(result), nl=not options["as_json"]
    )
    if result.forecasts.run_id:
        click.echo(f"\nRun: {result.forecasts.run_id}", err=True, nl=False)
    click.echo(f"\nReport: {folder / 'index.html' if 'html' in options['formats'] else folder}", err=True)
    exit_for(result.forecasts, result.scores.dropped)
    exit_where_failed([result.honesty], options["strict"])
