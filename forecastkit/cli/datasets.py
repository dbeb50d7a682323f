"""`forecastkit datasets`."""

from __future__ import annotations

from dataclasses import asdict, fields

import click

from forecastkit.cli.snapshots import fetch, snapshots

STEPS = {"YS": "yearly", "QS": "quarterly", "MS": "monthly", "": "trading days"}


SPARK = 18
"""Blocks of a spark line that leave a row within 80 columns."""


@click.group("datasets", invoke_without_command=True)
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
@click.pass_context
def command(ctx: click.Context, as_json: bool) -> None:
    """List the bundled series and the synthetic processes, or show one."""
    if ctx.invoked_subcommand is not None:
        return
    from forecastkit.reporting.document import to_json
    from forecastkit.reporting.spark import spark
    from forecastkit.reporting.terminal import listed
    from forecastkit.sources.catalog import list_datasets, load_dataset
    from forecastkit.sources.synthetic import PREFIX, PROCESSES

    datasets = list_datasets()
    series = {name: load_dataset(name) for name in datasets}
    if as_json:
        told = {n: {**asdict(d), "observations": len(series[n])} for n, d in datasets.items()}
        processes = {PREFIX + name: process.about for name, process in PROCESSES.items()}
        click.echo(
            to_json({"datasets": told, "synthetic": processes}),
            nl=False,
        )
        return
    width = max(len(PREFIX + name) for name in PROCESSES)
    for name, dataset in datasets.items():
        frequency = STEPS.get(dataset.frequency, dataset.spacing)
        drawn, licence = spark(series[name].values, SPARK), dataset.licence.partition(" as ")[0]
        click.echo(f"{name.ljust(width)} {len(series[name]):>5} {frequency:<12} {licence} {drawn}".rstrip())
    for name, process in PROCESSES.items():
        chosen = {f.name: getattr(process, f.name) for f in fields(process)}
        given = [f"{f.name} {chosen[f.name]}" for f in fields(process) if chosen[f.name] != f.default]
        click.echo(listed(PREFIX + name, "; ".join([process.about, *given]), width + 1))


@command.command("show")
@click.argument("name")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def show(name: str, as_json: bool) -> None:
    """Show where a bundled series comes from, how it may be used, and its first and last values."""
    from forecastkit.reporting.document import to_json
    from forecastkit.series.series import label
    from forecastkit.sources.catalog import find_dataset, load_dataset

    dataset, series = find_dataset(name), load_dataset(name)
    told = {
        **asdict(dataset),
        "observations": len(series),
        "first": f"{label(series.index[0])}: {series.values[0]:g}",
        "last": f"{label(series.index[-1])}: {series.values[-1]:g}",
        "smallest": float(series.values.min()),
        "largest": float(series.values.max()),
    }
    if as_json:
        click.echo(to_json(told), nl=False)
        return
    for key, value in told.items():
        if value not in ("", None):
            click.echo(f"{key:<13}{value:g}" if isinstance(value, float) else f"{key:<13}{value}")


command.add_command(fetch)
command.add_command(snapshots)
