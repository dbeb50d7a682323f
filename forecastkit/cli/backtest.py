"""`forecastkit backtest`."""

from __future__ import annotations

from typing import Any

import click

from forecastkit.cli.options import (
    MARKET,
    OUTPUT,
    RUN,
    SERIES,
    default_out,
    exit_for,
    load_series,
    make_plan,
    run_settings,
    show_warnings,
    with_options,
)
from forecastkit.cli.progress import progress_on_stderr


@click.command("backtest")
@with_options(SERIES, MARKET, RUN, OUTPUT)
@click.option("--out", metavar="DIR", help="Folder of the run.  [default: runs/NAME]")
@click.option("--overwrite", is_flag=True, help="Lose the other run that the folder holds.")
def command(**options: Any) -> None:
    """Make forecasts from many origins and keep them in a run folder.

    SOURCE is a bundled series (see `forecastkit datasets`), a CSV file, a synthetic process such as
    "synthetic:ar2?n=2000&seed=1", or market prices such as yahoo:SPY. A repeated or interrupted command
    goes on where the folder stands. `forecastkit report DIR` makes the report.
    """
    from forecastkit.api import backtest, read_run
    from forecastkit.reporting.document import to_json
    from forecastkit.reporting.words import few_horizons, seconds

    show_warnings()
    plan, series = make_plan(options), load_series(options)
    out = default_out(options, "runs", series.name)
    with progress_on_stderr(options["quiet"]) as progress:
        forecasts = backtest(
            series,
            plan=plan,
            out=out,
            overwrite=options["overwrite"],
            progress=progress,
            **run_settings(options),
        )
    result = read_run(out)
    scores = result.scores
    if options["as_json"]:
        told = {
            "run": str(out),
            "origins": len(forecasts.origins),
            "horizon": forecasts.horizon,
            "n_origins": scores.n_origins,
            "mse": dict(zip(scores.models, scores.mse, strict=True)),
            "costs": result.costs,
            "failures": len(forecasts.failures),
        }
        click.echo(to_json(told), nl=False)
    else:
        horizons = few_horizons(forecasts.horizon)
        width = max(map(len, (*forecasts.models, "mse at h =")))
        click.echo("mse at h =".ljust(width) + "".join(f"{h:>9}" for h in horizons) + "     time")
        for model, mse in zip(scores.models, scores.mse, strict=True):
            cells = "".join(f"{mse[h - 1]:>9.3g}" for h in horizons)
            click.echo(f"{model.ljust(width)}{cells}{seconds(result.costs[model]):>9}")
        click.echo(f"{scores.n_origins} of {len(forecasts.origins)} origins are common to all models.")
    click.echo(f"\nRun: {out}", err=True)
    exit_for(forecasts, scores.dropped)
