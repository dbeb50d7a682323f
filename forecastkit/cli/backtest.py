"""`forecastkit backtest`."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from forecastkit.cli.options import (
    MARKET,
    OUTPUT,
    RUN,
    SERIES,
    STORE,
    exit_for,
    load_series,
    make_plan,
    run_settings,
    show_warnings,
    store_settings,
    with_options,
)
from forecastkit.cli.progress import progress_on_stderr


@click.command("backtest")
@with_options(SERIES, MARKET, RUN, STORE, OUTPUT)
@click.option("--out", metavar="DIR", help="Write the finished run into this folder, as plain files.")
@click.option("--overwrite", is_flag=True, help="Replace the other run that the folder holds.")
def command(**options: Any) -> None:
    """Make forecasts from many origins and keep them in the store.

    SOURCE is a bundled series (see `forecastkit datasets`), a CSV file, a synthetic process such as
    "synthetic:ar2?n=2000&seed=1", or market prices such as yahoo:SPY. A repeated or interrupted command
    goes on where it stood. `forecastkit report RUN` makes the report, of the run or of the folder.
    """
    from forecastkit.api import backtest
    from forecastkit.archive import export_record
    from forecastkit.reporting.document import to_json
    from forecastkit.reporting.words import few_horizons, memory_line, seconds
    from forecastkit.runs.folder import check_place
    from forecastkit.runs.store import open_store
    from forecastkit.scoring.scores import score

    show_warnings()
    plan, series = make_plan(options), load_series(options)
    how = store_settings(options)
    if options["out"]:
        check_place(Path(options["out"]))
    with open_store(how.pop("store")) as store:
        with progress_on_stderr(options["quiet"]) as progress:
            forecasts = backtest(
                series, plan=plan, progress=progress, store=store, **run_settings(options), **how
            )
        if options["out"]:
            export_record(store.read("last"), options["out"], overwrite=options["overwrite"])
    scores = score(forecasts, scale=1.0)
    costs = {m: forecasts.fit_seconds[m] + forecasts.forecast_seconds[m] for m in forecasts.models}
    if options["as_json"]:
        told = {
            "run": forecasts.run_id,
            "origins": len(forecasts.origins),
            "horizon": forecasts.horizon,
            "n_origins": scores.n_origins,
            "mse": dict(zip(scores.models, scores.mse, strict=True)),
            "costs": costs,
            "peak_memory": {m: {"peak": f.peak, "before": f.before} for m, f in forecasts.footprints.items()},
            "failures": len(forecasts.failures),
        }
        click.echo(to_json(told), nl=False)
    else:
        horizons = few_horizons(forecasts.horizon)
        width = max(map(len, (*forecasts.models, "mse at h =")))
        click.echo("mse at h =".ljust(width) + "".join(f"{h:>9}" for h in horizons) + "     time")
        for model, mse in zip(scores.models, scores.mse, strict=True):
            cells = "".join(f"{mse[h - 1]:>9.3g}" for h in horizons)
            click.echo(f"{model.ljust(width)}{cells}{seconds(costs[model]):>9}")
        click.echo(f"{scores.n_origins} of {len(forecasts.origins)} origins are common to all models.")
        click.echo(memory_line(forecasts, forecasts.models))
    where = [f"Run: {forecasts.run_id}"] if forecasts.run_id else []
    where += [f"Folder: {options['out']}"] if options["out"] else []
    click.echo("\n" + "\n".join(where), err=True)
    exit_for(forecasts, scores.dropped)
